//! The archive section of key memories, with their earlier versions. Facts from other programs are imported
//! through it, too.

use std::collections::HashMap;

use archive::{
    ImportId, LineOutcome,
    runs::{ImportedId, Mark},
};
use search::{Document, Index};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, FromRow, Timestamp, Tx, from_row, params};
use web::ApiError;

use super::entries::{Entries, Lines, hashed};
use crate::{
    Memory, MemoryId, ReviewId,
    browse::Origin,
    key::{self, Fact, KIND, KeyMemory, MAX_VERSIONS, Validity, model::NewMemory, queries, rules},
    quota,
    review::{self, Proposal, model::NewEntry},
};

pub(crate) enum KeyMemories {}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    id: Option<MemoryId>,
    #[serde(alias = "actor")]
    fact_actor: Option<String>,
    #[serde(alias = "object", alias = "category")]
    fact_object: Option<String>,
    #[serde(alias = "content", alias = "fact")]
    fact_content: Option<String>,
    visibility: Option<i64>,
    create_time: Option<i64>,
    update_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_from: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<i64>,
    /// The origin; absent in files of other programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Origin>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source_name: String,
    #[serde(default)]
    history: Vec<Earlier>,
}

/// A memory with its origin.
struct Saved {
    memory: KeyMemory,
    source: String,
    source_name: String,
}

impl FromRow for Saved {
    fn from_row(row: &store::Row<'_>) -> store::Result<Self> {
        Ok(Self { memory: KeyMemory::from_row(row)?, source: row.get(10)?, source_name: row.get(11)? })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Earlier {
    fact_content: String,
    visibility: i64,
    written_time: i64,
    replaced_time: i64,
}

struct Row {
    memory: MemoryId,
    content: String,
    visibility: i64,
    written: i64,
    replaced: i64,
}

from_row!(Row { memory, content, visibility, written, replaced });

/// A valid entry, ready to be written.
pub(crate) struct Ready {
    fact: Fact,
    validity: Validity,
    hash: [u8; 32],
    document: Document,
    id: ImportId<MemoryId>,
    created: Timestamp,
    updated: Timestamp,
    origin: (Origin, String),
    /// The earlier versions, the oldest first, with ids generated for them.
    history: Vec<(i64, Earlier)>,
}

impl Entries for KeyMemories {
    const NAME: &'static str = "key-memories";
    const PART: i64 = 500;
    const INDEX: Option<i64> = Some(KIND);
    type Entry = Entry;
    type Ready = Ready;

    fn ready(memory: &Memory, _account: AccountId, entry: Entry) -> Result<Ready, ApiError> {
        ready(memory, entry)
    }

    fn same(entry: &Ready) -> Option<(&'static str, &[u8; 32])> {
        Some((queries::SAME, &entry.hash))
    }

    fn lines<'t>(
        tx: &'t Tx<'_>,
        account: AccountId,
        after: i64,
        limit: i64,
    ) -> BoxFuture<'t, Result<Lines, ApiError>> {
        Box::pin(lines(tx, account, after, limit))
    }

    fn insert<'t>(
        tx: &'t mut Tx<'_>,
        quota: &'t quota::Settings,
        account: AccountId,
        entry: &'t Ready,
        _now: Timestamp,
    ) -> BoxFuture<'t, Result<Option<(ImportedId, bool)>, ApiError>> {
        Box::pin(insert(tx, quota, account, entry))
    }

    fn mark<'t>(
        tx: &'t Tx<'_>,
        account: AccountId,
        id: ImportedId,
    ) -> BoxFuture<'t, store::Result<Option<Mark>>> {
        Box::pin(hashed(tx, queries::MARK, account, id))
    }

    fn remove<'t>(
        tx: &'t mut Tx<'_>,
        account: AccountId,
        id: ImportedId,
    ) -> BoxFuture<'t, Result<(), ApiError>> {
        Box::pin(key::delete(tx, account, MemoryId(id.0)))
    }

    fn renew<'t>(
        tx: &'t mut Tx<'_>,
        _quota: &'t quota::Settings,
        account: AccountId,
        (id, entry): (ImportedId, &'t Ready),
        (new, now): (i64, Timestamp),
    ) -> BoxFuture<'t, Result<LineOutcome, ApiError>> {
        Box::pin(async move {
            // The person decides about another text.
            let proposal = Proposal::Change(MemoryId(id.0), entry.fact.content.clone());
            let (_origin, name) = &entry.origin;
            let new_entry = NewEntry::new(proposal, review::IMPORT.to_owned(), name.clone());
            review::restore(tx, account, &new_entry, (ReviewId(new), now)).await?;
            Ok(LineOutcome::Kept)
        })
    }
}

/// Returns lines of an archive for at most `limit` memories whose ids are greater than `after`, and the
/// last id.
pub(crate) async fn lines(
    tx: &Tx<'_>,
    account: AccountId,
    after: i64,
    limit: i64,
) -> Result<Lines, ApiError> {
    let memories: Vec<Saved> = tx.fetch_all(queries::AFTER, params![account, after, limit]).await?;
    let Some(last) = memories.last().map(|saved| saved.memory.id) else { return Ok((Vec::new(), None)) };
    let rows: Vec<Row> = tx.fetch_all(queries::VERSIONS_BETWEEN, params![account, after, last]).await?;
    let mut versions = HashMap::<MemoryId, Vec<Earlier>>::new();
    for row in rows {
        versions.entry(row.memory).or_default().push(Earlier {
            fact_content: row.content,
            visibility: row.visibility,
            written_time: row.written,
            replaced_time: row.replaced,
        });
    }
    let mut lines = Vec::with_capacity(memories.len());
    for Saved { memory, source, source_name } in memories {
        lines.push(super::line(&Entry {
            history: versions.remove(&memory.id).unwrap_or_default(),
            id: Some(memory.id),
            fact_actor: Some(memory.fact_actor),
            fact_object: Some(memory.fact_object),
            fact_content: Some(memory.fact_content),
            visibility: Some(memory.visibility),
            create_time: Some(memory.create_time.as_millis()),
            update_time: Some(memory.update_time.as_millis()),
            valid_from: memory.valid_from.map(Timestamp::as_millis),
            valid_until: memory.valid_until.map(Timestamp::as_millis),
            source: Some(Origin::of(&source)),
            source_name,
        })?);
    }
    Ok((lines, Some(last.0)))
}

/// Checks an entry.
fn ready(memory: &Memory, entry: Entry) -> Result<Ready, ApiError> {
    let (ids, now) = (memory.db().ids(), memory.db().clock().now());
    let (fact, validity) = rules::check_valid(NewMemory {
        content: entry.fact_content,
        visibility: entry.visibility,
        fact_actor: entry.fact_actor,
        fact_object: entry.fact_object,
        mode: None,
        valid_from: entry.valid_from,
        valid_until: entry.valid_until,
        supersedes: None,
    })?;
    let latest = entry.history.len().saturating_sub(MAX_VERSIONS);
    let mut history = Vec::new();
    for earlier in entry.history.into_iter().skip(latest) {
        let content = Some(earlier.fact_content.clone());
        rules::check(NewMemory { content, visibility: Some(earlier.visibility), ..NewMemory::default() })?;
        history.push((ids.next(), earlier));
    }
    let created = super::time(entry.create_time, now);
    Ok(Ready {
        hash: rules::hash(&fact),
        document: Document::new(&rules::indexed(&fact.actor, &fact.object, &fact.content)),
        fact,
        validity,
        id: ImportId::new(entry.id, ids, MemoryId),
        created,
        updated: super::time(entry.update_time, created),
        origin: super::origin(entry.source, entry.source_name),
        history,
    })
}

/// Writes an entry. Returns its id, and false if it exists already; `None` if the account has no room for
/// it. The index has to be locked.
async fn insert(
    tx: &mut Tx<'_>,
    quota: &quota::Settings,
    account: AccountId,
    entry: &Ready,
) -> Result<Option<(ImportedId, bool)>, ApiError> {
    if let Some((id,)) = tx.fetch_optional(queries::SAME, params![account, &entry.hash]).await? {
        return Ok(Some((id, false)));
    }
    let id = match entry.id.choose(tx, queries::OWNER, account).await? {
        Some(id) => id,
        None => return Ok(entry.id.given().map(|id| (ImportedId(id.into()), false))),
    };
    let Fact { actor, object, content, visibility } = &entry.fact;
    let history: i64 = entry.history.iter().map(|(_, earlier)| quota::size(&[&earlier.fact_content])).sum();
    let change = quota::Change::add(&[actor, object, content]).and(quota::Change::of_bytes(history));
    if !quota.fits(tx, account, quota::Kind::Memory, change).await? {
        return Ok(None);
    }
    let (created, updated, (origin, name)) = (entry.created, entry.updated, &entry.origin);
    let values = params![
        id,
        account,
        actor,
        object,
        content,
        *visibility,
        &entry.hash,
        created,
        updated,
        origin.name(),
        name,
        entry.validity.from,
        entry.validity.until
    ];
    tx.execute(queries::RESTORE, values).await?;
    for (version, earlier) in &entry.history {
        let Earlier { fact_content, visibility, written_time, replaced_time } = earlier;
        let values = params![*version, id, fact_content, *visibility, *written_time, *replaced_time];
        tx.execute(queries::KEEP_VERSION, values).await?;
    }
    let row = search::Entry { id: id.into(), public: rules::is_public(*visibility), noted: entry.created };
    Index::new(account, KIND).add(tx, row, &entry.document).await?;
    Ok(Some((ImportedId(id.into()), true)))
}
