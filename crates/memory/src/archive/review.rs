//! The archive section of the review inbox.

use std::collections::HashMap;

use archive::{
    ImportLine, ImportSummary, LineOutcome, Part, Section, read_lines,
    runs::{Act, ImportedId, Mark, Native, RunId, Undone, Writing},
};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, Timestamp};
use web::{ApiError, Code};

use crate::{
    Memory, MemoryId, ReviewId,
    key::{
        self, Evidence,
        model::{MemoryChange, NewMemory},
    },
    note::{self, model::NoteRequest},
    profile::Change,
    quota,
    review::{
        self, Proposal, ReviewKind,
        model::{NewEntry, against_of, against_text},
    },
};

/// The name of the section.
const SECTION: &str = "review";
/// Number of entries in a part.
const PART: i64 = 100;
/// Most characters of a client and its name.
const MAX_CLIENT: usize = 2100;
/// The reason why a change of a memory that is not there is refused.
const NO_MEMORY: &str = "there is no such memory";

pub(super) struct Inbox(pub(super) Memory);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: Option<ReviewId>,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory_id: Option<MemoryId>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    content: String,
    #[serde(default)]
    visibility: i64,
    #[serde(default)]
    client: String,
    #[serde(default)]
    client_name: String,
    create_time: Option<i64>,
    /// The person's words that it comes from, and the memories that it contradicts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    quote: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    against: String,
}

/// A valid entry, ready to be written.
struct Ready {
    new: NewEntry,
    id: ReviewId,
    time: Timestamp,
}

impl Section for Inbox {
    fn name(&self) -> &'static str {
        SECTION
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let waiting = review::saved(&self.0, account, after, PART).await?;
            let next = waiting.last().map(|entry| entry.id.0);
            let mut lines = Vec::with_capacity(waiting.len());
            for entry in waiting {
                lines.push(super::line(&Entry {
                    id: Some(entry.id),
                    kind: entry.kind.name().to_owned(),
                    memory_id: Some(entry.memory).filter(|memory| memory.0 > 0),
                    title: entry.title,
                    content: entry.content,
                    visibility: entry.visibility,
                    client: entry.client,
                    client_name: entry.client_name,
                    create_time: Some(entry.created_at.as_millis()),
                    quote: entry.evidence.quote,
                    against: against_text(&entry.evidence.against),
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
            let ready = read_lines(&given, &mut taken, |entry: Entry| self.ready(entry));
            let written = self.0.db().write(move |tx| {
                Box::pin(async move {
                    let (mut lines, mut strangers) = (Vec::with_capacity(ready.len()), Vec::new());
                    for (line, entry) in &ready {
                        if let Some(memory) = entry.new.of_memory()
                            && !review::has_memory(tx, account, memory).await?
                        {
                            strangers.push((*line, None));
                            continue;
                        }
                        let given = (entry.id, entry.time);
                        lines.push((*line, review::restore(tx, account, &entry.new, given).await?));
                    }
                    Ok::<_, ApiError>((lines, strangers))
                })
            });
            let (lines, strangers) = written.await?;
            taken.count(lines, quota::FULL);
            taken.count(strangers, NO_MEMORY);
            Ok(taken)
        })
    }

    fn import_in(
        &self,
        account: AccountId,
        run: RunId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        // Only what another program said is proposed once; an archive of this one has the inbox as it was.
        if given.iter().all(|line| line.native.is_none()) {
            return self.import(account, given);
        }
        Box::pin(self.propose(Writing { account, run, section: SECTION }, given))
    }

    fn undo(&self, account: AccountId, run: RunId) -> BoxFuture<'_, Result<Undone, ApiError>> {
        let writing = Writing { account, run, section: SECTION };
        Box::pin(async move {
            self.0
                .db()
                .write(move |tx| {
                    Box::pin(async move {
                        let mut undone = Undone::default();
                        for (id, ..) in writing.to_undo(tx).await? {
                            review::withdraw(tx, account, ReviewId(id.0)).await?;
                            writing.settle(tx, id, false).await?;
                            undone.removed += 1;
                        }
                        Ok(undone)
                    })
                })
                .await
        })
    }
}

impl Inbox {
    /// Puts facts that a source mentions into the inbox, each once: one that was refused does not come back.
    async fn propose(&self, writing: Writing, given: Vec<ImportLine>) -> Result<ImportSummary, ApiError> {
        let mut taken = ImportSummary::default();
        let natives: HashMap<u64, Native> =
            given.iter().filter_map(|line| Some((line.line, line.native.clone()?))).collect();
        let ready = read_lines(&given, &mut taken, |entry: Entry| self.ready(entry));
        let account = writing.account;
        let written = self.0.db().write(move |tx| {
            Box::pin(async move {
                let mut lines = Vec::with_capacity(ready.len());
                for (line, entry) in &ready {
                    let Some(native) = natives.get(line) else { continue };
                    if let Some(origin) = writing.origin(tx, native).await? {
                        lines.push((*line, writing.taken(tx, origin.entry).await?));
                        continue;
                    }
                    let is_new = !entry.new.is_known(tx, account).await?
                        && match review::restore(tx, account, &entry.new, (entry.id, entry.time)).await? {
                            Some(is_new) => is_new,
                            None => {
                                lines.push((*line, LineOutcome::Full));
                                continue;
                            }
                        };
                    writing.set_origin(tx, native, (ImportedId(entry.id.0), 0)).await?;
                    if is_new {
                        let mark = Mark { text: String::new(), at: entry.time };
                        writing.made(tx, ImportedId(entry.id.0), Act::Added, &mark).await?;
                    }
                    lines.push((*line, if is_new { LineOutcome::Added } else { LineOutcome::Known }));
                }
                Ok::<_, ApiError>(lines)
            })
        });
        taken.take(written.await?, quota::FULL);
        Ok(taken)
    }
}

impl Inbox {
    fn ready(&self, entry: Entry) -> Result<Ready, ApiError> {
        let invalid = |name: &str| ApiError::new(Code::InvalidParam).with(name.to_owned());
        let kind: ReviewKind = entry.kind.parse().map_err(|_unknown| invalid("kind"))?;
        let memory = || entry.memory_id.ok_or_else(|| invalid("memoryId"));
        let proposal = match kind {
            ReviewKind::Memory => Proposal::Memory(key::rules::check(NewMemory {
                content: Some(entry.content),
                visibility: Some(entry.visibility),
                fact_object: Some(entry.title),
                ..NewMemory::default()
            })?),
            ReviewKind::Note => Proposal::Note(note::rules::check(NoteRequest {
                content: Some(entry.content),
                title: Some(entry.title),
                ..NoteRequest::default()
            })?),
            ReviewKind::Change => {
                let change = MemoryChange { content: Some(entry.content.clone()), ..MemoryChange::default() };
                let change = key::rules::check_change(change)?;
                Proposal::Change(memory()?, change.content.unwrap_or_default())
            }
            ReviewKind::Delete => Proposal::Delete(memory()?),
            ReviewKind::About => {
                let change = Change { self_introduction: Some(entry.content.clone()), ..Change::default() };
                crate::profile::rules::check(&change)?;
                Proposal::About(entry.content)
            }
        };
        let (ids, now) = (self.0.db().ids(), self.0.db().clock().now());
        let short =
            |text: String| -> String { text.chars().filter(|c| !c.is_control()).take(MAX_CLIENT).collect() };
        let evidence =
            Evidence { message: None, quote: short(entry.quote), against: against_of(&entry.against) };
        let mut new = NewEntry::new(proposal, short(entry.client), short(entry.client_name));
        new.evidence = evidence;
        Ok(Ready { new, id: ReviewId(ids.next()), time: super::time(entry.create_time, now) })
    }
}
