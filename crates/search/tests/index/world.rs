//! A database with an index, and what a search has to find in it.

use std::{collections::BTreeMap, time::Duration};

use search::{Document, Entry, EntryId, Expected, Hit, Index, Query, fold};
use store::{AccountId, Clock, Database, DatabaseConfig, Error, Ids, Random, Timestamp, params};
use tempfile::TempDir;
use testkit::{Engine, Fixture};

/// A database for one test, not yet opened.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) config: DatabaseConfig,
}

impl World {
    /// Opens the database.
    pub(crate) async fn open(&self) -> Database {
        let (clock, random) = (Clock::manual(Timestamp(1_800_000_000_000)), Random::seeded(1));
        Database::open(self.config.clone(), self.dir.path(), clock, random).await.unwrap()
    }
}

impl Fixture for World {
    async fn set_up(engine: Engine, _settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Sqlite => format!("sqlite:{}", dir.path().join("test.db").display()),
            Engine::Postgres => engine.fresh_url(),
        };
        let mut config = DatabaseConfig::parse(&url).unwrap();
        config.wait_timeout = Duration::from_secs(20);
        config.pool_size = 4;
        Self { dir, config }
    }
}

const NEW_ACCOUNT: &str = "INSERT INTO account \
     (id, email, name, route, password_hash, is_admin, key_count, created_at) \
     VALUES ($1, $2, 'x', $2, '', 0, 0, 0)";
pub(crate) const KIND: i64 = 1;

pub(crate) async fn open(world: &World) -> Database {
    let db = world.open().await;
    db.migrate(search::cut_again).await.unwrap();
    for (id, name) in [(1, "a"), (2, "b")] {
        db.execute(NEW_ACCOUNT, params![id, name]).await.unwrap();
    }
    db
}

/// Returns the index of an account.
pub(crate) const fn index(account: i64) -> Index {
    Index::new(AccountId(account), KIND)
}

/// Returns an entry that was noted at the time of its id.
pub(crate) fn row(id: i64, public: bool) -> Entry {
    Entry { id: EntryId(id), public, noted: Ids::time(id) }
}

pub(crate) async fn put(db: &Database, account: i64, entry: i64, public: bool, text: &str) {
    put_row(db, account, row(entry, public), text).await;
}

pub(crate) async fn put_row(db: &Database, account: i64, entry: Entry, text: &str) {
    let document = Document::new(text);
    db.write(move |tx| Box::pin(async move { index(account).replace(tx, entry, &document).await }))
        .await
        .unwrap();
}

pub(crate) async fn remove(db: &Database, account: i64, entry: i64) -> bool {
    let job = db.write(move |tx| Box::pin(async move { index(account).remove(tx, EntryId(entry)).await }));
    job.await.unwrap()
}

/// Returns the entries that a query finds in an index.
pub(crate) async fn hits(db: &Database, index: Index, query: Query) -> Vec<Hit> {
    let found = db.read_heavy(move |tx| Box::pin(async move { index.search(tx, &query).await }));
    found.await.map_err(|error: Error| error).unwrap()
}

pub(crate) async fn search(db: &Database, index: Index, query: Query) -> Vec<i64> {
    hits(db, index, query).await.into_iter().map(|hit| hit.entry.0).collect()
}

pub(crate) async fn find(db: &Database, query: &str) -> Vec<i64> {
    search(db, index(1), Query::keyword(query, false)).await
}

pub(crate) async fn count(db: &Database, only_public: bool) -> i64 {
    let count = db.read(move |tx| Box::pin(index(1).count(tx, only_public)));
    count.await.map_err(|error: Error| error).unwrap()
}

/// Returns the numbers of entries, of pending ones, and of terms in runs.
pub(crate) async fn rows(db: &Database, account: i64) -> [i64; 3] {
    let mut counts = [0; 3];
    let statements = [
        "SELECT COUNT(*) FROM search_entry WHERE account_id = $1",
        "SELECT COUNT(*) FROM search_pending WHERE account_id = $1",
        "SELECT COUNT(*) FROM search_posting WHERE account_id = $1",
    ];
    for (count, statement) in counts.iter_mut().zip(statements) {
        (*count,) = db.fetch_one(statement, params![account]).await.unwrap();
    }
    counts
}

pub(crate) async fn end_pending(db: &Database, account: i64) {
    let job = db.write(move |tx| Box::pin(async move { index(account).end_pending(tx).await }));
    job.await.unwrap();
}

/// Returns the differences between the index of account 1 and its rows.
pub(crate) async fn check(db: &Database, expected: Vec<Expected>, mend: bool) -> Vec<String> {
    let checked: Result<Vec<String>, Error> = db
        .write(move |tx| {
            Box::pin(async move {
                let index = index(1);
                index.lock(tx).await?;
                let mut faults = index.check(tx, (0, i64::MAX), &expected, mend).await?;
                faults.extend(index.check_runs(tx, mend).await?);
                faults.extend(index.check_size(tx, mend).await?);
                Ok(faults)
            })
        })
        .await;
    checked.unwrap()
}

/// Returns what a search has to find, by an examination of every entry.
pub(crate) fn scan(model: &BTreeMap<i64, String>, query: &str) -> Vec<i64> {
    let query = fold(query);
    let has = |text: &str, piece: &str| {
        let is_word = piece.is_ascii();
        if is_word { text.split(' ').any(|word| word == piece) } else { text.contains(piece) }
    };
    let asked: Vec<String> = query
        .split(' ')
        .flat_map(|piece| match piece.chars().count() {
            count if !piece.is_ascii() && count > 2 => {
                let chars: Vec<char> = piece.chars().collect();
                chars.windows(2).map(|pair| pair.iter().collect()).collect()
            }
            _ => vec![piece.to_owned()],
        })
        .collect();
    let all = model.len();
    let count = |piece: &String| model.values().filter(|text| has(text, piece)).count();
    let function = |piece: &String| piece == "the" || piece == "a";
    let common = |piece: &String| all >= 16 && count(piece) * 2 > all;
    let present: Vec<&String> = asked.iter().filter(|piece| count(piece) > 0).collect();
    let rare: Vec<&String> =
        present.iter().copied().filter(|piece| !function(piece) && !common(piece)).collect();
    let telling: Vec<&String> = present.iter().copied().filter(|piece| !function(piece)).collect();
    let voters = if !rare.is_empty() {
        rare
    } else if !telling.is_empty() {
        telling
    } else {
        present
    };
    let found =
        model.iter().filter(|(_, text)| text.contains(&query) || voters.iter().any(|piece| has(text, piece)));
    found.map(|(entry, _)| *entry).collect()
}
