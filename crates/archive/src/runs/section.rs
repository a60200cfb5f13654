//! The archive sections of runs and origins, so that a second self keeps them when it moves.

use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, Database, Timestamp, from_row, params};
use web::{ApiError, Code};

use super::{Counts, Run, RunId, model::short, queries};
use crate::{ImportLine, ImportSummary, Part, Section, given_id, given_time, line, read_lines};

/// Number of runs in a part, of which the origins of each are in one part, too.
const PART: i64 = 500;
const ORIGINS: i64 = 1;

/// Returns the sections.
pub(crate) fn sections(db: &Database) -> Vec<Box<dyn Section>> {
    vec![Box::new(SavedRuns(db.clone())), Box::new(SavedOrigins(db.clone()))]
}

struct SavedRuns(Database);
struct SavedOrigins(Database);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunEntry {
    id: Option<RunId>,
    source: String,
    file_name: String,
    file_hash: String,
    state: String,
    #[serde(default)]
    added: i64,
    #[serde(default)]
    changed: i64,
    #[serde(default)]
    known: i64,
    #[serde(default)]
    kept: i64,
    #[serde(default)]
    removed: i64,
    #[serde(default)]
    left_out: i64,
    #[serde(default)]
    refused: i64,
    create_time: Option<i64>,
    update_time: Option<i64>,
}

impl From<Run> for RunEntry {
    fn from(run: Run) -> Self {
        let Counts { added, changed, known, kept, removed, left, refused } = run.counts;
        Self {
            id: Some(run.id),
            source: run.source,
            file_name: run.file_name,
            file_hash: run.file_hash,
            state: run.state,
            added,
            changed,
            known,
            kept,
            removed,
            left_out: left,
            refused,
            create_time: Some(run.created_at.as_millis()),
            update_time: Some(run.updated_at.as_millis()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OriginEntry {
    source: String,
    /// SHA-256 of the id at the source.
    native: String,
    section: String,
    entry_id: i64,
    said: String,
    #[serde(default)]
    parts: i64,
    run_id: RunId,
}

from_row!(OriginEntry { source, native, section, entry_id, said, parts, run_id });

impl Section for SavedRuns {
    fn name(&self) -> &'static str {
        "imports"
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let runs: Vec<Run> = self.0.fetch_all(queries::AFTER, params![account, after, PART]).await?;
            let next = runs.last().map(|run| run.id.0);
            let lines = runs.into_iter().map(|run| line(&RunEntry::from(run))).collect::<Result<_, _>>()?;
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
            let ready = read_lines(&given, &mut taken, |entry: RunEntry| {
                let id = given_id(entry.id, self.0.ids()).ok_or(Code::Unprocessable)?;
                Ok((id, entry))
            });
            let now = self.0.clock().now();
            let written = self.0.write(move |tx| {
                Box::pin(async move {
                    let mut lines = Vec::new();
                    for (number, (id, entry)) in ready {
                        let owner: Option<(AccountId,)> =
                            tx.fetch_optional(queries::OWNER, params![id]).await?;
                        if owner.is_some() {
                            lines.push((number, Some(false)));
                            continue;
                        }
                        let time = |given: Option<i64>| given_time(given).unwrap_or(now);
                        let (created, updated): (Timestamp, Timestamp) =
                            (time(entry.create_time), time(entry.update_time));
                        // What it made is not known here, so it cannot be undone or go on here.
                        let state = if entry.state == "undone" { "undone" } else { "done" };
                        let (source, hash) = (short(&entry.source), short(&entry.file_hash));
                        let name = short(&entry.file_name);
                        let values = params![
                            id,
                            account,
                            &source,
                            &name,
                            &hash,
                            state,
                            entry.added,
                            entry.changed,
                            entry.known,
                            entry.kept,
                            entry.removed,
                            entry.left_out,
                            entry.refused,
                            created,
                            updated
                        ];
                        tx.execute(queries::RESTORE, values).await?;
                        lines.push((number, Some(true)));
                    }
                    Ok::<_, ApiError>(lines)
                })
            });
            taken.count(written.await?, "");
            Ok(taken)
        })
    }
}

impl Section for SavedOrigins {
    fn name(&self) -> &'static str {
        "import-origins"
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let runs: Vec<(RunId,)> =
                self.0.fetch_all(queries::NEXT_RUNS, params![account, after, ORIGINS]).await?;
            let Some((last,)) = runs.last().copied() else { return Ok(Part::default()) };
            let range = store::owned_params![account, after, last];
            let found: Vec<OriginEntry> = self.0.fetch_all_heavy(queries::ORIGINS_AFTER, range).await?;
            let lines = found.iter().map(line).collect::<Result<_, _>>()?;
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
            let ready = read_lines(&given, &mut taken, |entry: OriginEntry| Ok(entry));
            let written = self.0.write(move |tx| {
                Box::pin(async move {
                    let mut lines = Vec::new();
                    for (number, entry) in ready {
                        let owner: Option<(AccountId,)> =
                            tx.fetch_optional(queries::OWNER, params![entry.run_id]).await?;
                        let known: Option<super::Origin> = tx
                            .fetch_optional(queries::ORIGIN, params![account, &entry.source, &entry.native])
                            .await?;
                        if owner.is_none_or(|(owner,)| owner != account) {
                            lines.push((number, None));
                            continue;
                        }
                        if known.is_some() {
                            lines.push((number, Some(false)));
                            continue;
                        }
                        let (source, native) = (short(&entry.source), short(&entry.native));
                        let (section, said) = (short(&entry.section), short(&entry.said));
                        let values = params![
                            account,
                            &source,
                            &native,
                            &section,
                            entry.entry_id,
                            &said,
                            entry.parts,
                            entry.run_id
                        ];
                        tx.execute(queries::SET_ORIGIN, values).await?;
                        lines.push((number, Some(true)));
                    }
                    Ok::<_, ApiError>(lines)
                })
            });
            taken.count(written.await?, "there is no such import");
            Ok(taken)
        })
    }
}
