//! Key memory: facts about the person, one sentence each.

mod change;
mod learn;
pub mod model;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;
mod same;
mod supersede;
mod validity;

use search::{Document, Entry, EntryId, Index, Query};
use store::{AccountId, Timestamp, Tx, params};
use web::{
    ApiError, Code,
    paging::{
        Page, Paged,
        cursor::{Cursor, Position},
    },
};

pub(crate) use learn::is_known;
pub(crate) use learn::open_conflict;
pub use learn::{Evidence, LINK_KINDS, Learned, Lesson, Link, LinkKind, SavedLink, learn, restore_link};
pub use model::{Change, Fact, KeyMemory, Version};
pub use supersede::{Conflict, MAX_CONFLICTS, Verdict};
pub use validity::Validity;

use crate::{
    LinkId, Memory, MemoryId,
    cursor::CursorPage,
    meaning::{self, Similarity},
    quota::{self, Adder},
    ranked,
};
use validity::{TimedFacts, When};

/// The kind of key memories in the search index.
pub const KIND: i64 = 1;
/// Maximum number of earlier versions kept of a memory, the latest ones.
pub(crate) const MAX_VERSIONS: usize = 100;

/// A fact ready to be written, with the slow work done.
#[derive(Clone)]
struct Prepared {
    id: MemoryId,
    fact: Fact,
    hash: [u8; 32],
    document: Document,
    validity: Validity,
}

impl Prepared {
    fn new(fact: Fact, validity: Validity) -> Self {
        Self {
            id: MemoryId(0),
            hash: rules::hash(&fact),
            document: Document::new(&rules::indexed(&fact.actor, &fact.object, &fact.content)),
            fact,
            validity,
        }
    }

    /// Returns what the fact adds to the usage of the account.
    fn room(&self) -> quota::Change {
        let Fact { actor, object, content, .. } = &self.fact;
        quota::Change::add(&[actor, object, content])
    }
}

/// Returns a page of memories, the latest first: those that hold at a time, or all.
pub(crate) async fn list(
    tx: &Tx<'_>,
    account: AccountId,
    cursor: Cursor,
    only_public: bool,
    as_of: Option<Timestamp>,
) -> store::Result<Vec<KeyMemory>> {
    let sql = if only_public { queries::PUBLIC } else { queries::ALL };
    let Position(time, id) = cursor.start();
    let values = params![account, cursor.limit, cursor.offset, time, id, cursor.newest(), as_of];
    let mut list: Vec<KeyMemory> = tx.fetch_all(sql, values).await?;
    list.iter_mut().for_each(|row| row.show_to(only_public));
    Ok(list)
}

/// Returns the hits of a query. Facts that do not hold at the time it asks about step back; with `as_of`,
/// they are left out.
pub(crate) async fn find(
    tx: &Tx<'_>,
    account: AccountId,
    query: &Query,
    similar: Option<Similarity>,
    (as_of, now): (Option<Timestamp>, Timestamp),
) -> store::Result<meaning::Found> {
    let found = meaning::find(tx, Index::new(account, KIND), query, similar);
    let (mut found, timed) = futures::try_join!(found, supersede::timed(tx, account))?;
    if timed.is_empty() {
        return Ok(found);
    }
    let facts = TimedFacts::new(&timed);
    let when = as_of.map_or_else(|| When::of(query.tense(), now), When::At);
    facts.arrange(&mut found.hits, when, query.is_question(), query.is_only_public());
    if as_of.is_some() {
        found.hits.retain(|hit| facts.holds(hit.entry, when));
    }
    Ok(found)
}

/// Returns the memories with these ids, in the order of the ids.
pub(crate) async fn of_ids(
    tx: &Tx<'_>,
    account: AccountId,
    ids: &[EntryId],
    only_public: bool,
) -> store::Result<Vec<KeyMemory>> {
    let mut list = ranked::rows(tx, &queries::BY_IDS, account, ids, |row: &KeyMemory| row.id.into()).await?;
    // Semantic hits were found before: a memory may have become private since.
    list.retain(|row| !only_public || rules::is_public(row.visibility));
    list.iter_mut().for_each(|row| row.show_to(only_public));
    Ok(list)
}

/// Returns the last added memory that belongs to the pages of a list, and the number of listed ones that were
/// added since.
async fn since(
    tx: &mut Tx<'_>,
    account: AccountId,
    cursor: Cursor,
    only_public: bool,
) -> store::Result<(i64, i64)> {
    let Some(newest) = cursor.newest else {
        let (newest,) = tx.fetch_one(queries::NEWEST, params![account]).await?;
        return Ok((newest, 0));
    };
    let (all, public): (i64, i64) = tx.fetch_one(queries::NEWER, params![account, newest]).await?;
    Ok((newest, if only_public { public } else { all }))
}

impl Memory {
    /// Returns a page of a person's key memories: those that a keyword finds, best first, or without one all,
    /// newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn key_memories(
        &self,
        account: AccountId,
        keyword: &str,
        cursor: impl Into<Cursor>,
        only_public: bool,
    ) -> Result<CursorPage<KeyMemory>, ApiError> {
        self.key_memories_at(account, keyword, cursor, only_public, None).await
    }

    /// As [`key_memories`](Self::key_memories), of those that hold at a time.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn key_memories_at(
        &self,
        account: AccountId,
        keyword: &str,
        cursor: impl Into<Cursor>,
        only_public: bool,
        as_of: Option<Timestamp>,
    ) -> Result<CursorPage<KeyMemory>, ApiError> {
        let cursor = cursor.into();
        let index = Index::new(account, KIND);
        if keyword.trim().is_empty() {
            let list = self.db().read(move |tx| {
                Box::pin(async move {
                    let (newest, newer) = since(tx, account, cursor, only_public).await?;
                    let list = list(tx, account, cursor, only_public, as_of).await?;
                    let mut total = index.count(tx, only_public).await? - newer;
                    if let Some(as_of) = as_of {
                        let timed = supersede::timed(tx, account).await?;
                        let others = timed.iter().filter(|timed| {
                            timed.id.0 <= newest
                                && (timed.is_public || !only_public)
                                && !timed.holds(When::At(as_of))
                        });
                        total -= i64::try_from(others.count()).unwrap_or(i64::MAX);
                    }
                    Ok(CursorPage::new(cursor, list, total.max(0), newest, KeyMemory::position))
                })
            });
            return list.await;
        }
        let now = self.db().clock().now();
        let query = Query::of(keyword, only_public, now);
        let query = self.with_zone(account, query).await?;
        let similar = self.similar(index, &query).await;
        let search = self.db().read_heavy(move |tx| {
            Box::pin(async move {
                let (newest, _) = since(tx, account, cursor, only_public).await?;
                let mut found = find(tx, account, &query, similar, (as_of, now)).await?.hits;
                found.retain(|hit| hit.entry.0 <= newest);
                let list = of_ids(tx, account, &ranked::page(&found, cursor.page()), only_public).await?;
                let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
                Ok(CursorPage::new(cursor, list, total, newest, KeyMemory::position))
            })
        });
        search.await
    }

    /// Adds facts, all or none of them, and returns the number of new ones. A fact that the person has
    /// already, word for word, is left as it is.
    ///
    /// # Errors
    /// [`Code::QuotaExceeded`] if the account has no room, [`Code::RateLimited`] if the key or app adds too
    /// much. The facts have to be checked by [`rules`] before.
    pub async fn add_key_memories(&self, adder: impl Into<Adder>, facts: Vec<Fact>) -> Result<i64, ApiError> {
        let facts = facts.into_iter().map(|fact| (fact, Validity::default())).collect();
        self.add_valid_key_memories(adder, facts).await
    }

    /// As [`add_key_memories`](Self::add_key_memories), with what is known about the times that they hold.
    ///
    /// # Errors
    /// Those of `add_key_memories`, and [`Code::MemoryNotFound`] if the person does not have a fact that is
    /// to be superseded.
    pub async fn add_valid_key_memories(
        &self,
        adder: impl Into<Adder>,
        facts: Vec<(Fact, Validity)>,
    ) -> Result<i64, ApiError> {
        Ok(self.add_facts(adder.into(), facts).await?.0)
    }

    /// Adds a fact. Returns its id, and false if the person has the same fact already.
    ///
    /// # Errors
    /// Those of [`Memory::add_key_memories`].
    pub async fn add_key_memory(
        &self,
        adder: impl Into<Adder>,
        fact: Fact,
    ) -> Result<(MemoryId, bool), ApiError> {
        self.add_valid_key_memory(adder, fact, Validity::default()).await
    }

    /// Adds a fact with what is known about the time that it holds. Returns its id, and false if the person
    /// has the same fact already.
    ///
    /// # Errors
    /// Those of [`Memory::add_valid_key_memories`].
    pub async fn add_valid_key_memory(
        &self,
        adder: impl Into<Adder>,
        fact: Fact,
        validity: Validity,
    ) -> Result<(MemoryId, bool), ApiError> {
        let (new, ids) = self.add_facts(adder.into(), vec![(fact, validity)]).await?;
        let id = ids.first().ok_or_else(|| ApiError::internal("a fact without an id"))?;
        Ok((*id, new > 0))
    }

    /// Adds facts. Returns the number of new ones, and the ids of all.
    async fn add_facts(
        &self,
        adder: Adder,
        facts: Vec<(Fact, Validity)>,
    ) -> Result<(i64, Vec<MemoryId>), ApiError> {
        let (account, quota) = (adder.account, *self.quota());
        let mut prepared: Vec<Prepared> =
            facts.into_iter().map(|(fact, validity)| Prepared::new(fact, validity)).collect();
        let (ids, clock) = (self.db().ids().clone(), self.db().clock().clone());
        let inserted = self
            .db()
            .write_new(move |tx| {
                Box::pin(async move {
                    let index = Index::new(account, KIND);
                    index.lock(tx).await?;
                    let mut change = quota::Change::default();
                    for new in &mut prepared {
                        new.id = MemoryId(ids.next());
                        match insert(tx, account, new, adder.origin(), clock.now()).await? {
                            None => change = change.and(new.room()),
                            Some(known) => new.id = known,
                        }
                        if !new.validity.is_unknown() {
                            let link = (LinkId(ids.next()), clock.now());
                            supersede::set(tx, account, new.id, &new.validity, link).await?;
                        }
                    }
                    if change.entries > 0 {
                        quota.add(tx, &adder, quota::Kind::Memory, change, clock.now()).await?;
                    }
                    Ok::<_, ApiError>((change.entries, prepared.iter().map(|new| new.id).collect()))
                })
            })
            .await?;
        self.changed(Index::new(account, KIND));
        Ok(inserted)
    }

    /// Changes a key memory, and keeps the previous version. Absent members stay as they are.
    ///
    /// # Errors
    /// [`Code::MemoryNotFound`] if the id is unknown or another person's, [`Code::QuotaExceeded`] if the
    /// account has no room.
    pub async fn update_key_memory(
        &self,
        account: AccountId,
        id: MemoryId,
        change: Change,
    ) -> Result<(), ApiError> {
        let found = self.db().fetch_optional(queries::FACT, params![id, account]).await?;
        // The text is tokenized before the transaction. What the change leaves out, and another changes
        // meanwhile, is overwritten.
        let (actor, object, content, ..): FactRow = found.ok_or(Code::MemoryNotFound)?;
        let content = change.content.unwrap_or(content);
        let object = change.object.unwrap_or(object);
        let document = Document::new(&rules::indexed(&actor, &object, &content));
        let fact = Fact { actor, object, content, visibility: 0 };
        let hash = rules::hash(&fact);
        let Fact { object, content, .. } = fact;
        let (version, clock) = (self.db().ids().next(), self.db().clock().clone());
        let quota = *self.quota();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let index = Index::new(account, KIND);
                    index.lock(tx).await?;
                    let found = tx.fetch_optional(queries::FACT, params![id, account]).await?;
                    let (_, subject, before, visible, noted, written): FactRow =
                        found.ok_or(Code::MemoryNotFound)?;
                    supersede::replace_times(tx, account, id, (change.from, change.until)).await?;
                    let visibility = change.visibility.unwrap_or(visible);
                    if before == content && visible == visibility && subject == object {
                        return Ok(());
                    }
                    let now = clock.now();
                    let old = params![version, id, &before, visible, written, now];
                    tx.execute(queries::KEEP_VERSION, old).await?;
                    let kept = i64::try_from(MAX_VERSIONS).unwrap_or(i64::MAX);
                    let dropped: Vec<(i64,)> =
                        tx.fetch_all(queries::DROP_VERSIONS, params![id, kept]).await?;
                    tx.execute(queries::UPDATE, params![id, &content, visibility, &hash, now, &object])
                        .await?;
                    let entry = Entry { id: id.into(), public: rules::is_public(visibility), noted };
                    index.replace(tx, entry, &document).await?;
                    // The previous content still counts, as a version.
                    let dropped: i64 = dropped.into_iter().map(|(bytes,)| bytes).sum();
                    let more = quota::size(&[&content, &object]) - quota::size(&[&subject]);
                    let grown = quota::Change::of_bytes(more - dropped);
                    quota.take(tx, account, quota::Kind::Memory, grown).await
                })
            })
            .await?;
        self.changed(Index::new(account, KIND));
        Ok(())
    }

    /// Deletes a key memory with all its versions.
    ///
    /// # Errors
    /// [`Code::MemoryNotFound`] if the id is unknown or another person's.
    pub async fn delete_key_memory(&self, account: AccountId, id: MemoryId) -> Result<(), ApiError> {
        self.db().write(move |tx| Box::pin(delete(tx, account, id))).await
    }

    /// Returns a key memory.
    ///
    /// # Errors
    /// [`Code::MemoryNotFound`] if the id is unknown or another person's.
    pub async fn key_memory(&self, account: AccountId, id: MemoryId) -> Result<KeyMemory, ApiError> {
        let found = self.db().fetch_optional(queries::ONE, params![id, account]).await?;
        Ok(found.ok_or(Code::MemoryNotFound)?)
    }

    /// Returns a page of the earlier versions of a key memory, the latest first.
    ///
    /// # Errors
    /// [`Code::MemoryNotFound`] if the id is unknown or another person's.
    pub async fn key_memory_versions(
        &self,
        account: AccountId,
        id: MemoryId,
        page: Page,
    ) -> Result<Paged<Version>, ApiError> {
        let count = self.db().fetch_optional(queries::COUNT_VERSIONS, params![id, account]).await?;
        let (total,): (i64,) = count.ok_or(Code::MemoryNotFound)?;
        let list = self.db().fetch_all(queries::VERSIONS, params![id, page.limit, page.offset]).await?;
        Ok(Paged { list, total })
    }
}

/// Deletes a key memory with all its versions.
pub(crate) async fn delete(tx: &mut Tx<'_>, account: AccountId, id: MemoryId) -> Result<(), ApiError> {
    Index::new(account, KIND).remove(tx, id.into()).await?;
    let found: Option<(i64,)> = tx.fetch_optional(queries::BYTES, params![id, account]).await?;
    let (bytes,) = found.ok_or(Code::MemoryNotFound)?;
    supersede::release(tx, account, id).await?;
    tx.execute(queries::DELETE, params![id, account]).await?;
    Ok(quota::adjust(tx, account, quota::Kind::Memory, quota::Change::remove(bytes)).await?)
}

/// The actor, the object, the content, the visibility, and the times of creation and of the last change.
type FactRow = (String, String, String, i64, Timestamp, Timestamp);

/// Inserts a fact unless the person has it; returns the id of the one that they have. The index has to be
/// locked, so that nobody else inserts the same fact meanwhile.
async fn insert(
    tx: &mut Tx<'_>,
    account: AccountId,
    new: &Prepared,
    (source, name): (&str, &str),
    now: Timestamp,
) -> store::Result<Option<MemoryId>> {
    let known: Option<(MemoryId,)> = tx.fetch_optional(queries::SAME, params![account, &new.hash]).await?;
    if let Some((known,)) = known {
        return Ok(Some(known));
    }
    let Fact { actor, object, content, visibility } = &new.fact;
    let values = params![new.id, account, actor, object, content, *visibility, &new.hash, now, source, name];
    tx.send(queries::INSERT, values).await?;
    let entry = Entry { id: new.id.into(), public: rules::is_public(*visibility), noted: now };
    Index::new(account, KIND).add(tx, entry, &new.document).await?;
    Ok(None)
}
