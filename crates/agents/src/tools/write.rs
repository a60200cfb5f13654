//! Tools that add, change and delete. Where the person wants to see it first, it waits in the review inbox.

use memory::{
    MemoryId, ReviewId, key, note,
    quota::Adder,
    recall::Access,
    review::{Proposal, Proposed},
};
use serde_json::json;
use web::ApiError;

use super::{Done, Work, memories_of};
use crate::{entry::Entry, reply::Failure, text};

/// The state in a result of what the person is to see first.
const WAITS: &str = "waits until the user accepts it under Memories, Review: tell them";
/// The beginning of the id of an entry that waits.
const WAITING: &str = "waiting:";

impl Work<'_> {
    pub(super) async fn add_memory(&self) -> Result<Done, Failure> {
        let fact = key::rules::check(key::model::NewMemory {
            content: Some(self.arguments.text("content").to_owned()),
            visibility: Some(i64::from(self.arguments.flag("public"))),
            fact_object: self.arguments.optional("category").map(str::to_owned),
            ..key::model::NewMemory::default()
        })?;
        self.screened(&[&fact.object, &fact.content]).await?;
        let supersedes = self.superseded().await?;
        let added = |id: Entry, created: bool| json!({"id": id.to_string(), "created": created});
        if self.waits().await? {
            let against = supersedes.into_iter().map(|older| (older, true)).collect();
            let evidence = key::Evidence { against, ..key::Evidence::default() };
            return Ok(match self.propose(Proposal::Memory(fact), evidence).await? {
                Proposed::Known(entry) => {
                    let entry = Entry::from(entry);
                    Done::plain(added(entry, false), vec![entry])
                }
                Proposed::Waiting(id) => {
                    Done::waiting(json!({"id": waiting(id), "created": true, "state": WAITS}), Vec::new())
                }
            });
        }
        let validity = key::Validity { supersedes, ..key::Validity::default() };
        let memory = self.agents.memory();
        let (id, created) = memory.add_valid_key_memory(Adder::of(self.caller), fact, validity).await?;
        let entry = Entry::Memory(id);
        if created {
            self.agents.save_author(self.caller, entry, "added").await?;
        }
        Ok(Done::plain(added(entry, created), vec![entry]))
    }

    pub(super) async fn add_note(&self) -> Result<Done, Failure> {
        let new = note::rules::check(note::model::NoteRequest {
            content: Some(self.arguments.text("content").to_owned()),
            title: self.arguments.optional("title").map(str::to_owned),
            ..note::model::NoteRequest::default()
        })?;
        self.screened(&[&new.title, &new.content]).await?;
        let added = |id: Entry| Done::plain(json!({"id": id.to_string()}), vec![id]);
        if self.waits().await? {
            return Ok(match self.propose(Proposal::Note(new), key::Evidence::default()).await? {
                Proposed::Known(entry) => added(entry.into()),
                Proposed::Waiting(id) => {
                    Done::waiting(json!({"id": waiting(id), "state": WAITS}), Vec::new())
                }
            });
        }
        let first = self.agents.db().ids().next();
        let id = self.agents.memory().add_note(Adder::of(self.caller), new).await?;
        let entry = Entry::Note(id);
        // The same note may have been there before: ids grow.
        if id.0 > first {
            self.agents.save_author(self.caller, entry, "added").await?;
        }
        Ok(added(entry))
    }

    pub(super) async fn update_memory(&self) -> Result<Done, Failure> {
        let (id, before) = self.named_memory().await?;
        let change = key::rules::check_change(key::model::MemoryChange {
            content: Some(self.arguments.text("content").to_owned()),
            ..key::model::MemoryChange::default()
        })?;
        self.screened(&[change.content.as_deref().unwrap_or_default()]).await?;
        let entry = Entry::Memory(id);
        if self.waits().await? {
            let content = change.content.unwrap_or_default();
            self.propose(Proposal::Change(id, content), key::Evidence::default()).await?;
            let structured = json!({"id": entry.to_string(), "before": before, "state": WAITS});
            return Ok(Done { is_stored: true, ..Done::waiting(structured, vec![entry]) });
        }
        self.agents.memory().update_key_memory(self.account(), id, change).await?;
        self.agents.save_author(self.caller, entry, "changed").await?;
        Ok(Done::stored(json!({"id": entry.to_string(), "before": before}), vec![entry]))
    }

    pub(super) async fn forget(&self) -> Result<Done, Failure> {
        let (id, deleted) = self.named_memory().await?;
        let entry = Entry::Memory(id);
        if self.waits().await? {
            self.propose(Proposal::Delete(id), key::Evidence::default()).await?;
            let structured = json!({"id": entry.to_string(), "deleted": "", "state": WAITS});
            return Ok(Done::waiting(structured, vec![entry]));
        }
        self.agents.memory().delete_key_memory(self.account(), id).await?;
        self.agents.forget_author(self.account(), entry).await?;
        Ok(Done::stored(json!({"id": entry.to_string(), "deleted": deleted}), vec![entry]))
    }

    /// Returns true if the person wants to see first what agents write.
    async fn waits(&self) -> Result<bool, ApiError> {
        self.agents.memory().reviews_agents(self.account()).await
    }

    async fn propose(&self, proposal: Proposal, evidence: key::Evidence) -> Result<Proposed, ApiError> {
        let (adder, client) = (Adder::of(self.caller), self.caller.client());
        self.agents.memory().propose(adder, client, proposal, evidence).await
    }

    /// Refuses a text that the person never wants to be kept, and counts it.
    async fn screened(&self, parts: &[&str]) -> Result<(), Failure> {
        let (memory, account) = (self.agents.memory(), self.account());
        let Some(reason) = memory.screen(account).await?.reason(parts) else { return Ok(()) };
        memory.count_refused(account, vec![reason]).await?;
        Err(Failure::never_kept())
    }

    /// Returns the memory that a new one takes the place of.
    async fn superseded(&self) -> Result<Option<MemoryId>, Failure> {
        match self.arguments.optional("supersedes") {
            Some(given) => Ok(Some(self.memory_named(given).await?.0)),
            None => Ok(None),
        }
    }

    /// Returns the memory that the argument `id` names, and its text if the caller may read it.
    async fn named_memory(&self) -> Result<(MemoryId, String), Failure> {
        self.memory_named(self.arguments.text("id")).await
    }

    async fn memory_named(&self, given: &str) -> Result<(MemoryId, String), Failure> {
        let id = match Entry::parse(given) {
            Some(Entry::Memory(id)) => id,
            Some(Entry::Note(_)) => {
                let message = "Only memories can be changed here: use an id that begins with memory:.";
                return Err(Failure::argument(message));
            }
            None if given.starts_with(WAITING) => {
                let message = "That one still waits for the user: it cannot be changed or read before.";
                return Err(Failure::argument(message));
            }
            None => return Err(Failure::not_found()),
        };
        let memory = self.agents.memory().key_memory(self.account(), id).await?;
        let may_read = match memories_of(self.caller) {
            Access::All => true,
            Access::Public => key::rules::is_public(memory.visibility),
            Access::Nothing => false,
        };
        let text = if may_read { text::clean(&memory.fact_content) } else { String::new() };
        Ok((id, text))
    }
}

fn waiting(id: ReviewId) -> String {
    format!("{WAITING}{id}")
}
