//! The archive section of the trash.

use archive::{ImportLine, ImportSummary, Part, Section, line, read_lines};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, Timestamp, Tx, from_row, owned_params, params};
use web::{ApiError, Code};

use crate::{
    Memory, TrashId, key, note, quota,
    trash::{
        limits::{MAX_BYTES, MAX_ENTRIES, SHOWN},
        queries,
    },
};

/// Number of entries in a part. Few, because each may be long.
const PART: i64 = 100;

pub(super) struct Trash(pub(super) Memory);

/// An entry. `body` is the memory or note as a line of its own section, `links` its links as JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// `memory` or `note`.
    kind: String,
    entry_id: i64,
    /// Entries that were deleted together have the same number.
    batch: i64,
    shown: String,
    body: String,
    links: String,
    delete_time: i64,
}

struct Row {
    id: TrashId,
    kind: i64,
    entry: i64,
    batch: i64,
    shown: String,
    body: String,
    links: String,
    deleted_at: Timestamp,
}

from_row!(Row { id, kind, entry, batch, shown, body, links, deleted_at });

impl Section for Trash {
    fn name(&self) -> &'static str {
        "trash"
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let page = owned_params![account, after, PART];
            let rows: Vec<Row> = self.0.db().fetch_all_heavy(queries::AFTER, page).await?;
            let next = rows.last().map(|row| row.id.0);
            let mut lines = Vec::with_capacity(rows.len());
            for row in rows {
                let kind = if row.kind == note::KIND { "note" } else { "memory" };
                lines.push(line(&Entry {
                    kind: kind.to_owned(),
                    entry_id: row.entry,
                    batch: row.batch,
                    shown: row.shown,
                    body: row.body,
                    links: row.links,
                    delete_time: row.deleted_at.as_millis(),
                })?);
            }
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
            let ids = self.0.db().ids().clone();
            let ready = read_lines(&given, &mut taken, |entry: Entry| {
                Ok((TrashId(ids.next()), check(&entry)?, entry))
            });
            let written = self.0.db().write(move |tx| {
                Box::pin(async move {
                    let mut lines = Vec::with_capacity(ready.len());
                    for (line, ready) in &ready {
                        lines.push((*line, Some(insert(tx, account, ready).await?)));
                    }
                    tx.execute(queries::BOUND, params![account, MAX_ENTRIES, MAX_BYTES, 0_i64]).await?;
                    Ok::<_, ApiError>(lines)
                })
            });
            taken.count(written.await?, "");
            Ok(taken)
        })
    }
}

/// Checks an entry, and returns the number of its kind and the time of its deletion.
fn check(entry: &Entry) -> Result<(i64, Timestamp), ApiError> {
    let wrong = |member: &str| ApiError::new(Code::InvalidParam).with(member.to_owned());
    let kind = match entry.kind.as_str() {
        "memory" => key::KIND,
        "note" => note::KIND,
        _ => return Err(wrong("kind")),
    };
    let is_object = serde_json::from_str(&entry.body).is_ok_and(|body: serde_json::Value| body.is_object());
    let is_list = serde_json::from_str(&entry.links).is_ok_and(|links: serde_json::Value| links.is_array());
    let has_nul = [&entry.body, &entry.links, &entry.shown].iter().any(|text| text.contains('\0'));
    if !is_object || !is_list || has_nul {
        return Err(wrong("body, links, shown"));
    }
    let deleted = archive::given_time(Some(entry.delete_time)).ok_or_else(|| wrong("deleteTime"))?;
    if entry.entry_id < 1 || entry.batch < 1 {
        return Err(wrong("entryId, batch"));
    }
    Ok((kind, deleted))
}

/// Writes an entry. Returns false if it exists already.
async fn insert(
    tx: &Tx<'_>,
    account: AccountId,
    (id, (kind, deleted), entry): &(TrashId, (i64, Timestamp), Entry),
) -> store::Result<bool> {
    let Entry { entry_id, batch, body, links, .. } = entry;
    let same = params![account, *kind, *entry_id, *deleted];
    if tx.fetch_optional::<(TrashId,)>(queries::SAME, same).await?.is_some() {
        return Ok(false);
    }
    let shown: String = entry.shown.chars().take(SHOWN).collect();
    let bytes = quota::size(&[body, links]);
    let values = params![*id, account, *kind, *entry_id, *batch, &shown, body, links, bytes, *deleted];
    tx.execute(queries::INSERT, values).await?;
    Ok(true)
}
