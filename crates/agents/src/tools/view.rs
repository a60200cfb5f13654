//! Entries as agents see them, and how they are found.

use identity::scope::Ability;
use memory::{
    MemoryId, NoteId,
    key::{KeyMemory, rules::is_public},
    note::Note,
    recall::{Access, Reader, Recalled, Source},
};
use store::Timestamp;
use web::{ApiError, Code, paging::Page};

use super::{Work, may, memories_of};
use crate::{entry::Entry, text};

/// Budget of tokens for the texts among which the hits of a search are.
const SEARCH_BUDGET: usize = 16_000;

impl Work<'_> {
    /// Returns the key memory with an id, if the caller may read it.
    pub(super) async fn memory(&self, id: MemoryId) -> Result<KeyMemory, ApiError> {
        let memory = self.agents.memory().key_memory(self.account(), id).await?;
        match memories_of(self.caller) {
            Access::All => Ok(memory),
            Access::Public if is_public(memory.visibility) => Ok(memory),
            _ => Err(Code::MemoryNotFound.into()),
        }
    }

    /// Returns the note with an id, if the caller may read notes.
    pub(super) async fn note(&self, id: NoteId) -> Result<Note, ApiError> {
        if !may(self.caller, Ability::ReadNotes) {
            return Err(Code::NoteUpdateNotFound.into());
        }
        self.agents.memory().note(self.account(), id).await
    }

    /// Returns entries for a query with their titles, the best first: those that are found as for a question,
    /// and then those that contain the words.
    pub(super) async fn find(&self, query: &str, most: usize) -> Result<Vec<Hit>, ApiError> {
        let reader = Reader { profile: false, shades: Access::Nothing, ..super::reader_of(self.caller) };
        let (memory, account) = (self.agents.memory(), self.account());
        let recalled = memory.recall(account, reader, query, SEARCH_BUDGET).await?;
        let mut found: Vec<Hit> = Vec::new();
        for item in recalled.items.iter().filter(|item| item.score > 0.0) {
            let entry = match item.source {
                Source::KeyMemory(id) => Entry::Memory(id),
                Source::Note(id) => Entry::Note(id),
                Source::Profile(_) | Source::Shade(_) => continue,
            };
            push(&mut found, entry, &item.text, item.until);
        }
        if found.len() < most {
            self.find_words(query, most, reader, &mut found).await?;
        }
        found.truncate(most);
        Ok(found)
    }

    async fn find_words(
        &self,
        query: &str,
        most: usize,
        reader: Reader,
        found: &mut Vec<Hit>,
    ) -> Result<(), ApiError> {
        let (memory, account) = (self.agents.memory(), self.account());
        let page = Page { limit: i64::try_from(most).unwrap_or(10), offset: 0 };
        if reader.memories > Access::Nothing {
            let only_public = reader.memories == Access::Public;
            let now = self.agents.db().clock().now();
            for row in memory.key_memories(account, query, page, only_public).await?.list {
                let until = row.valid_until.filter(|_| row.is_over(now));
                push(found, Entry::Memory(row.id), &row.fact_content, until);
            }
        }
        if reader.notes {
            for row in memory.search_notes(account, query, page).await?.list {
                push(found, Entry::Note(row.id), note_title(&row), None);
            }
        }
        Ok(())
    }
}

/// An entry that a search found.
pub(super) struct Hit {
    pub(super) entry: Entry,
    pub(super) title: String,
    /// The time until which it held, if it no longer does.
    pub(super) until: Option<Timestamp>,
}

fn push(found: &mut Vec<Hit>, entry: Entry, text: &str, until: Option<Timestamp>) {
    if !found.iter().any(|other| other.entry == entry) {
        found.push(Hit { entry, title: text::title(text), until });
    }
}

/// Returns the text from which the title of a note is made.
pub(super) fn note_title(note: &Note) -> &str {
    if note.title.trim().is_empty() { &note.content } else { &note.title }
}

/// Returns the id of a recalled item. Profile and interests have none of their own.
pub(super) fn recalled_id(item: &Recalled) -> (String, &'static str, Option<Entry>) {
    let entry = match item.source {
        Source::Profile(_) => return ("profile".to_owned(), "profile", None),
        Source::Shade(_) => return ("interests".to_owned(), "interest", None),
        Source::KeyMemory(id) => Entry::Memory(id),
        Source::Note(id) => Entry::Note(id),
    };
    (entry.to_string(), entry.kind(), Some(entry))
}
