//! The archive section of the review inbox.

use archive::{ImportLine, ImportSummary, Part, Section, read_lines};
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
    quota,
    review::{
        self, Proposal, ReviewKind,
        model::{NewEntry, against_of, against_text},
    },
};

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
        "review"
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
