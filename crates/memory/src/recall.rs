//! Recall: what the assistant should know before it responds, ranked and within a budget of tokens.

pub mod model;
mod rules;
mod tokens;
mod visitor;

use identity::Account;
use search::{Hit, Index, Query, Scorer};
use store::{AccountId, Timestamp, Tx};
use web::{ApiError, paging::Page};

pub use model::{Access, Kind, Reader, Recall, Recalled, Source};
pub use tokens::tokens;
pub use visitor::{MAX_CHOSEN, Openness};

use crate::{
    Memory,
    key::{self, KeyMemory},
    meaning::{self, Similarity},
    note::{self, Note},
    profile::Profile,
    ranked,
    shade::{self, Shade},
};

/// Maximum number of characters of a text that are used, from its end. Questions are shorter, and a long
/// message has the question at its end.
const MAX_TEXT: usize = 2000;
/// Maximum numbers of key memories and of notes found for one text.
const FOUND: i64 = 30;
const NOTES_FOUND: i64 = 8;
/// Number of the newest key memories that are included if there is room, whatever was asked.
const NEWEST: i64 = 10;
/// The profile takes at most the budget divided by this number, and so do the interests.
const PART: usize = 4;

impl Memory {
    /// Returns what a person's assistant should know before it responds to a text: the profile, and the
    /// interests, key memories and passages of notes that are relevant to the text. Remaining room is filled
    /// with facts that are worth knowing anyway. All texts together have at most `budget` [tokens].
    ///
    /// Data that the [`Reader`] may not read is neither searched nor included.
    ///
    /// # Errors
    /// If the store fails, or if the account has just been deleted.
    pub async fn recall(
        &self,
        account: AccountId,
        reader: Reader,
        text: &str,
        budget: usize,
    ) -> Result<Recall, ApiError> {
        let (_account, recall) = self.recall_with_account(account, reader, text, budget).await?;
        Ok(recall)
    }

    /// [`recall`](Self::recall), and the account, which it reads anyway.
    ///
    /// # Errors
    /// As of `recall`.
    pub async fn recall_with_account(
        &self,
        account: AccountId,
        reader: Reader,
        text: &str,
        budget: usize,
    ) -> Result<(Account, Recall), ApiError> {
        let now = self.db().clock().now();
        let asked = end_of(text);
        let visit = self.db().read(move |tx| Box::pin(first_visit(tx, account, reader)));
        let ((person, profile), (has_entries, shades)) = futures::try_join!(self.profile(account), visit)?;
        let zone = profile.zone();
        // If there is nothing to score, tokenizing the text would be most of the work.
        let scorer = Scorer::new(if has_entries || !shades.is_empty() { asked } else { "" });
        let question = Question { account, reader, now, scorer, budget };
        let known = PersonFacts { person: person.clone(), profile, shades };
        if !has_entries {
            return Ok((person, question.tell(&known, Vec::new(), Vec::new())));
        }
        let keys = async {
            let access = Some(reader.memories).filter(|access| *access > Access::Nothing)?;
            let query = Query::question(asked, access == Access::Public, now).in_zone(zone.clone());
            Some(self.lookup(Index::new(account, key::KIND), query).await)
        };
        let notes = async {
            let query = reader.notes.then(|| Query::question(asked, false, now))?.in_zone(zone.clone());
            Some(self.lookup(Index::new(account, note::KIND), query).await)
        };
        let (keys, notes) = futures::join!(keys, notes);
        let search = self
            .db()
            .read_heavy(move |tx| Box::pin(async move { question.search(tx, known, keys, notes).await }));
        Ok((person, search.await?))
    }

    async fn lookup(&self, index: Index, query: Query) -> Lookup {
        let similar = self.similar(index, &query).await;
        Lookup { index, query, similar }
    }
}

/// The text, and the account and reader of a recall.
struct Question {
    account: AccountId,
    reader: Reader,
    now: Timestamp,
    scorer: Scorer,
    /// Maximum number of tokens.
    budget: usize,
}

/// The data that is known before anything is searched.
struct PersonFacts {
    person: Account,
    profile: Profile,
    shades: Vec<Shade>,
}

/// A search of one index.
struct Lookup {
    index: Index,
    query: Query,
    /// Entries that are similar in meaning, if a model is configured.
    similar: Option<Similarity>,
}

impl Question {
    async fn search(
        mut self,
        tx: &Tx<'_>,
        known: PersonFacts,
        keys: Option<Lookup>,
        notes: Option<Lookup>,
    ) -> Result<Recall, ApiError> {
        let account = self.account;
        let keys = find_keys(tx, account, keys, self.now);
        let (keys, notes) = futures::try_join!(keys, find_notes(tx, account, notes))?;
        let mut found = Vec::new();
        for row in keys.rows {
            let score = rules::score_of(&keys.hits, row.id);
            found.push(rules::key_memory(row, &mut self.scorer, score, self.now));
        }
        for (row, meant) in &notes.rows {
            let score = rules::score_of(&notes.hits, row.id);
            found.extend(rules::note(row, &mut self.scorer, meant.as_deref(), score));
        }
        rules::by_score(&mut found);
        Ok(self.tell(&known, found, keys.newest))
    }

    /// Selects what fits into the budget, most important first.
    fn tell(mut self, known: &PersonFacts, found: Vec<Recalled>, newest: Vec<KeyMemory>) -> Recall {
        let part = self.budget / PART;
        let zone = known.profile.zone().filter(|_| self.reader.profile);
        let mut told = rules::Budget::new(self.budget, zone);
        if self.reader.profile {
            told.add(rules::profile(&known.person, &known.profile, part, self.now));
        }
        let room_for_others = told.left() - part.min(told.left());
        for shade in rules::shades(&known.shades, &mut self.scorer, self.reader, self.now) {
            if told.left() >= room_for_others + shade.tokens {
                told.add(shade);
            }
        }
        found.into_iter().for_each(|item| told.add(item));
        for memory in newest {
            if !told.has(Source::KeyMemory(memory.id)) {
                told.add(rules::key_memory(memory, &mut self.scorer, 0.0, self.now));
            }
        }
        told.finish()
    }
}

/// Returns true if there are entries to search, and the shades.
async fn first_visit(
    tx: &Tx<'_>,
    account: AccountId,
    reader: Reader,
) -> Result<(bool, Vec<Shade>), ApiError> {
    let entries = async {
        let may_search = reader.memories > Access::Nothing || reader.notes;
        if may_search { Index::entries_of(tx, account).await } else { Ok(0) }
    };
    let shades = async {
        match reader.shades {
            Access::Nothing => Ok(Vec::new()),
            access => shade::list(tx, account, access == Access::Public).await,
        }
    };
    let (entries, shades) = futures::try_join!(entries, shades)?;
    Ok((entries > 0, shades))
}

/// Key memories that were found, and the newest ones.
#[derive(Default)]
struct FoundKeys {
    hits: Vec<Hit>,
    rows: Vec<KeyMemory>,
    newest: Vec<KeyMemory>,
}

async fn find_keys(
    tx: &Tx<'_>,
    account: AccountId,
    lookup: Option<Lookup>,
    now: Timestamp,
) -> Result<FoundKeys, ApiError> {
    let Some(Lookup { query, similar, .. }) = lookup else { return Ok(FoundKeys::default()) };
    let only_public = query.is_only_public();
    let page = Page { limit: NEWEST, offset: 0 };
    // What no longer holds is recalled only if it is found.
    let newest = key::list(tx, account, page.into(), only_public, Some(now));
    let found = Box::pin(key::find(tx, account, &query, similar, (None, now)));
    let (newest, found) = futures::try_join!(newest, found)?;
    let ids = ranked::page(&found.hits, Page { limit: FOUND, offset: 0 });
    let rows = key::of_ids(tx, account, &ids, only_public).await?;
    Ok(FoundKeys { hits: found.hits, rows, newest })
}

/// Notes that were found, each with its passage that means what was asked.
#[derive(Default)]
struct FoundNotes {
    hits: Vec<Hit>,
    rows: Vec<(Note, Option<String>)>,
}

async fn find_notes(tx: &Tx<'_>, account: AccountId, lookup: Option<Lookup>) -> Result<FoundNotes, ApiError> {
    let Some(Lookup { index, query, similar }) = lookup else { return Ok(FoundNotes::default()) };
    let found = meaning::find(tx, index, &query, similar).await?;
    let ids = ranked::page(&found.hits, Page { limit: NOTES_FOUND, offset: 0 });
    let rows = note::of_ids(tx, account, &ids).await?;
    let with_passage = |row: Note| {
        let text = note::rules::indexed(&row.title, &row.content, &row.urls);
        let meant = found.passage(row.id.into(), &text);
        (row, meant)
    };
    let rows = rows.into_iter().map(with_passage).collect();
    Ok(FoundNotes { hits: found.hits, rows })
}

/// Returns the last [`MAX_TEXT`] characters.
fn end_of(text: &str) -> &str {
    let start = text.char_indices().rev().nth(MAX_TEXT - 1).map_or(0, |(at, _)| at);
    text.get(start..).unwrap_or(text)
}
