//! The archive section of key memories, with their earlier versions. Facts from other programs are imported
//! through it, too.

use std::collections::HashMap;

use archive::{ImportLine, ImportSummary, Part, Section, read_lines};
use search::{Document, Index};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, FromRow, Timestamp, Tx, from_row, params};
use web::ApiError;

use crate::{
    Memory, MemoryId,
    browse::Origin,
    key::{Fact, KIND, KeyMemory, MAX_VERSIONS, model::NewMemory, queries, rules},
    quota,
};

/// Number of entries in a part.
const PART: i64 = 500;

pub(crate) struct KeyMemories(pub(crate) Memory);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
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
        Ok(Self { memory: KeyMemory::from_row(row)?, source: row.get(7)?, source_name: row.get(8)? })
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
struct Ready {
    fact: Fact,
    hash: [u8; 32],
    document: Document,
    given_id: Option<MemoryId>,
    new_id: MemoryId,
    created: Timestamp,
    updated: Timestamp,
    origin: (Origin, String),
    /// The earlier versions, the oldest first, with ids generated for them.
    history: Vec<(i64, Earlier)>,
}

impl Section for KeyMemories {
    fn name(&self) -> &'static str {
        "key-memories"
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let read = self.0.db().read_heavy(move |tx| Box::pin(lines(tx, account, after, PART)));
            let (lines, next) = read.await?;
            Ok(Part { lines, next, ..Part::default() })
        })
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let ready = read_lines(&given, &mut taken, |entry: Entry| self.ready(entry));
            let quota = *self.0.quota();
            let written = self.0.db().write(move |tx| {
                Box::pin(async move {
                    Index::new(account, KIND).lock(tx).await?;
                    let mut lines = Vec::with_capacity(ready.len());
                    for (line, entry) in &ready {
                        lines.push((*line, insert(tx, &quota, account, entry).await?));
                    }
                    Ok::<_, ApiError>(lines)
                })
            });
            taken.count(written.await?, quota::FULL);
            self.0.learned(account);
            Ok(taken)
        })
    }

    fn check(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let ready = read_lines(&given, &mut taken, |entry: Entry| self.ready(entry));
            let hashes = ready.iter().map(|(line, entry)| (*line, entry.hash)).collect();
            taken.count(super::known(&self.0, account, queries::SAME, hashes).await?, "");
            Ok(taken)
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
) -> Result<(Vec<String>, Option<i64>), ApiError> {
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
            source: Some(Origin::of(&source)),
            source_name,
        })?);
    }
    Ok((lines, Some(last.0)))
}

impl KeyMemories {
    fn ready(&self, entry: Entry) -> Result<Ready, ApiError> {
        let (ids, now) = (self.0.db().ids(), self.0.db().clock().now());
        let fact = rules::check(NewMemory {
            content: entry.fact_content,
            visibility: entry.visibility,
            fact_actor: entry.fact_actor,
            fact_object: entry.fact_object,
            mode: None,
        })?;
        let latest = entry.history.len().saturating_sub(MAX_VERSIONS);
        let mut history = Vec::new();
        for earlier in entry.history.into_iter().skip(latest) {
            let content = Some(earlier.fact_content.clone());
            rules::check(NewMemory {
                content,
                visibility: Some(earlier.visibility),
                ..NewMemory::default()
            })?;
            history.push((ids.next(), earlier));
        }
        let created = super::time(entry.create_time, now);
        Ok(Ready {
            hash: rules::hash(&fact),
            document: Document::new(&rules::indexed(&fact.actor, &fact.object, &fact.content)),
            fact,
            given_id: super::id(entry.id, ids),
            new_id: MemoryId(ids.next()),
            created,
            updated: super::time(entry.update_time, created),
            origin: super::origin(entry.source, entry.source_name),
            history,
        })
    }
}

/// Writes an entry. Returns false if it exists already, and `None` if the account has no room for it. The
/// index has to be locked.
async fn insert(
    tx: &mut Tx<'_>,
    quota: &quota::Settings,
    account: AccountId,
    entry: &Ready,
) -> store::Result<Option<bool>> {
    if tx.fetch_optional::<(i64,)>(queries::SAME, params![account, &entry.hash]).await?.is_some() {
        return Ok(Some(false));
    }
    let mut id = entry.new_id;
    if let Some(own) = entry.given_id {
        match tx.fetch_optional::<(AccountId,)>(queries::OWNER, params![own]).await? {
            Some((owner,)) if owner == account => return Ok(Some(false)),
            Some(_) => {}
            None => id = own,
        }
    }
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
        name
    ];
    tx.execute(queries::RESTORE, values).await?;
    for (version, earlier) in &entry.history {
        let Earlier { fact_content, visibility, written_time, replaced_time } = earlier;
        let values = params![*version, id, fact_content, *visibility, *written_time, *replaced_time];
        tx.execute(queries::KEEP_VERSION, values).await?;
    }
    let row = search::Entry { id: id.into(), public: rules::is_public(*visibility), noted: entry.created };
    Index::new(account, KIND).add(tx, row, &entry.document).await?;
    Ok(Some(true))
}
