//! The archive section of key memories, with their earlier versions. Facts from other programs are imported
//! through it, too.

use std::collections::HashMap;

use archive::{ImportLine, ImportSummary, Part, Section, read_lines};
use search::{Document, Index};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, Timestamp, Tx, from_row, owned_params, params};
use web::ApiError;

use crate::{
    Memory, MemoryId,
    key::{Fact, KIND, KeyMemory, MAX_VERSIONS, model::NewMemory, queries, rules},
    quota,
};

/// Number of entries in a part.
const PART: i64 = 500;

pub(super) struct KeyMemories(pub(super) Memory);

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
    #[serde(default)]
    history: Vec<Earlier>,
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
    /// The earlier versions, the oldest first, with ids generated for them.
    history: Vec<(i64, Earlier)>,
}

impl Section for KeyMemories {
    fn name(&self) -> &'static str {
        "key-memories"
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let db = self.0.db();
            let page = owned_params![account, after, PART];
            let memories: Vec<KeyMemory> = db.fetch_all_heavy(queries::AFTER, page).await?;
            let Some(last) = memories.last().map(|memory| memory.id) else { return Ok(Part::default()) };
            let range = owned_params![account, after, last];
            let rows: Vec<Row> = db.fetch_all_heavy(queries::VERSIONS_BETWEEN, range).await?;
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
            for memory in memories {
                lines.push(super::line(&Entry {
                    history: versions.remove(&memory.id).unwrap_or_default(),
                    id: Some(memory.id),
                    fact_actor: Some(memory.fact_actor),
                    fact_object: Some(memory.fact_object),
                    fact_content: Some(memory.fact_content),
                    visibility: Some(memory.visibility),
                    create_time: Some(memory.create_time.as_millis()),
                    update_time: Some(memory.update_time.as_millis()),
                })?);
            }
            Ok(Part { lines, next: Some(last.0), ..Part::default() })
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
    let values =
        params![id, account, actor, object, content, *visibility, &entry.hash, entry.created, entry.updated];
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
