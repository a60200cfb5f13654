//! Tools that add, change and delete.

use memory::{MemoryId, key, note, quota::Adder, recall::Access};
use serde_json::json;

use super::{Done, Work, memories_of};
use crate::{entry::Entry, reply::Failure, text};

impl Work<'_> {
    pub(super) async fn add_memory(&self) -> Result<Done, Failure> {
        let fact = key::rules::check(key::model::NewMemory {
            content: Some(self.arguments.text("content").to_owned()),
            visibility: Some(i64::from(self.arguments.flag("public"))),
            fact_object: self.arguments.optional("category").map(str::to_owned),
            ..key::model::NewMemory::default()
        })?;
        let memory = self.agents.memory();
        let (id, created) = memory.add_key_memory(Adder::of(self.caller), fact).await?;
        let entry = Entry::Memory(id);
        if created {
            self.agents.save_author(self.caller, entry, "added").await?;
        }
        Ok(Done::plain(json!({"id": entry.to_string(), "created": created}), vec![entry]))
    }

    pub(super) async fn add_note(&self) -> Result<Done, Failure> {
        let new = note::rules::check(note::model::NoteRequest {
            content: Some(self.arguments.text("content").to_owned()),
            title: self.arguments.optional("title").map(str::to_owned),
            ..note::model::NoteRequest::default()
        })?;
        let first = self.agents.db().ids().next();
        let id = self.agents.memory().add_note(Adder::of(self.caller), new).await?;
        let entry = Entry::Note(id);
        // The same note may have been there before: ids grow.
        if id.0 > first {
            self.agents.save_author(self.caller, entry, "added").await?;
        }
        Ok(Done::plain(json!({"id": entry.to_string()}), vec![entry]))
    }

    pub(super) async fn update_memory(&self) -> Result<Done, Failure> {
        let (id, before) = self.named_memory().await?;
        let change = key::rules::check_change(key::model::MemoryChange {
            content: Some(self.arguments.text("content").to_owned()),
            visibility: None,
        })?;
        self.agents.memory().update_key_memory(self.account(), id, change).await?;
        let entry = Entry::Memory(id);
        self.agents.save_author(self.caller, entry, "changed").await?;
        Ok(Done::stored(json!({"id": entry.to_string(), "before": before}), vec![entry]))
    }

    pub(super) async fn forget(&self) -> Result<Done, Failure> {
        let (id, deleted) = self.named_memory().await?;
        self.agents.memory().delete_key_memory(self.account(), id).await?;
        let entry = Entry::Memory(id);
        self.agents.forget_author(self.account(), entry).await?;
        Ok(Done::stored(json!({"id": entry.to_string(), "deleted": deleted}), vec![entry]))
    }

    /// Returns the memory that the argument `id` names, and its text if the caller may read it.
    async fn named_memory(&self) -> Result<(MemoryId, String), Failure> {
        let id = match Entry::parse(self.arguments.text("id")) {
            Some(Entry::Memory(id)) => id,
            Some(Entry::Note(_)) => {
                let message = "Only memories can be changed here: use an id that begins with memory:.";
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
