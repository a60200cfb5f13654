//! Entries of the review inbox. No I/O.

use serde_json::json;
use sha2::{Digest, Sha256};
use store::Timestamp;
use strum::{EnumString, IntoStaticStr};
use web::ApiError;

use crate::{
    MemoryId, ReviewId,
    key::{self, Evidence, Fact, model::NewMemory},
    note::{self, NewNote, model::NoteRequest},
    origin::Origin,
    quota, trash,
};

/// The kind of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ReviewKind {
    /// A new memory.
    Memory,
    /// A new note.
    Note,
    /// Another text of a memory.
    Change,
    /// The deletion of a memory.
    Delete,
    /// Another self-description.
    About,
}

impl ReviewKind {
    /// Returns the name in the store and in archives.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl store::Column for ReviewKind {
    const EXPECTED: &'static str = "the kind of a proposal";

    fn from_value(value: store::Param<'_>) -> Option<Self> {
        match value {
            store::Param::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// A proposal of an agent, checked by the rules of memories and notes.
#[derive(Debug, Clone)]
pub enum Proposal {
    /// A new memory.
    Memory(Fact),
    /// A new note without links.
    Note(NewNote),
    /// Another text of a memory that the person has.
    Change(MemoryId, String),
    /// The deletion of a memory that the person has.
    Delete(MemoryId),
    /// Another self-description of the person.
    About(String),
}

/// The result of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proposed {
    /// The person has the same already.
    Known(trash::Entry),
    /// It waits in the inbox.
    Waiting(ReviewId),
}

/// An entry of the inbox.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The id in the inbox.
    pub id: ReviewId,
    /// The kind.
    pub kind: ReviewKind,
    /// The memory that would be changed or deleted; 0 for a new entry.
    pub memory: MemoryId,
    /// The category of a new memory, or the title of a note.
    pub title: String,
    /// The text; empty for a deletion.
    pub content: String,
    /// 1 if everybody may see the new memory.
    pub visibility: i64,
    /// `app:ID`, `key:ID`, `program:ID`, or [`CONVERSATION`].
    pub client: String,
    /// The name of the agent at that time.
    pub client_name: String,
    /// The time of the proposal.
    pub created_at: Timestamp,
    /// The present text of the memory that would be changed or deleted; empty if it is gone.
    pub before: String,
    /// The evidence for it.
    pub evidence: Evidence,
}

impl store::FromRow for Waiting {
    fn from_row(row: &store::Row<'_>) -> store::Result<Self> {
        let against: String = row.get(12)?;
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            memory: row.get(2)?,
            title: row.get(3)?,
            content: row.get(4)?,
            visibility: row.get(5)?,
            client: row.get(6)?,
            client_name: row.get(7)?,
            created_at: row.get(8)?,
            before: row.get(9)?,
            evidence: Evidence { message: row.get(10)?, quote: row.get(11)?, against: against_of(&against) },
        })
    }
}

/// The client of facts that the assistant learned from conversations.
pub const CONVERSATION: &str = "chat";
/// The client of what an import proposes.
pub const IMPORT: &str = "import";
/// The client of what a nightly look over the facts proposes.
pub const DREAM: &str = "dream";
/// Maximum number of memories that a proposal contradicts.
const MAX_AGAINST: usize = 20;

/// Encodes the memories that a proposal contradicts.
pub(crate) fn against_text(against: &[(MemoryId, bool)]) -> String {
    let one = |(id, supersedes): &(MemoryId, bool)| format!("{}{id}", if *supersedes { "+" } else { "" });
    against.iter().take(MAX_AGAINST).map(one).collect::<Vec<_>>().join(" ")
}

/// Decodes the memories that a proposal contradicts.
pub(crate) fn against_of(text: &str) -> Vec<(MemoryId, bool)> {
    let one = |word: &str| {
        let id = word.strip_prefix('+').unwrap_or(word).parse().ok()?;
        Some((MemoryId(id), word.starts_with('+')))
    };
    text.split_whitespace().filter_map(one).take(MAX_AGAINST).collect()
}

/// The changes of a person to an entry that they accept. `None` leaves a member as it is.
#[derive(Debug, Clone, Default)]
pub struct ReviewEdit {
    /// The text.
    pub content: Option<String>,
    /// The category of a memory, or the title of a note.
    pub title: Option<String>,
    /// True if everybody may see the memory.
    pub is_public: Option<bool>,
}

/// An entry that was accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The memory or note; `None` for a self-description.
    pub entry: Option<trash::Entry>,
    /// True if the person did not have it before.
    pub is_new: bool,
    /// The kind of the proposal.
    pub kind: ReviewKind,
    /// The agent that proposed it: `app:ID`, `key:ID` or `program:ID`.
    pub client: String,
    /// Its name at that time.
    pub client_name: String,
}

/// An accepted entry, checked.
pub(super) enum CheckedProposal {
    Memory(Fact),
    Note(NewNote),
    Change(key::Change),
    Delete,
    About(String),
}

impl Waiting {
    /// Checks an entry with the changes of the person.
    ///
    /// # Errors
    /// Those of the rules for memories and notes.
    pub(super) fn checked(&self, edit: ReviewEdit) -> Result<CheckedProposal, ApiError> {
        let text = edit.content.unwrap_or_else(|| self.content.clone());
        let content = Some(text.clone());
        let title = Some(edit.title.unwrap_or_else(|| self.title.clone()));
        Ok(match self.kind {
            ReviewKind::Memory => CheckedProposal::Memory(key::rules::check(NewMemory {
                content,
                visibility: Some(edit.is_public.map_or(self.visibility, i64::from)),
                fact_object: title,
                ..NewMemory::default()
            })?),
            ReviewKind::Note => CheckedProposal::Note(note::rules::check(NoteRequest {
                content,
                title,
                ..NoteRequest::default()
            })?),
            ReviewKind::Change => {
                let change = key::model::MemoryChange { content, ..key::model::MemoryChange::default() };
                CheckedProposal::Change(key::rules::check_change(change)?)
            }
            ReviewKind::Delete => CheckedProposal::Delete,
            ReviewKind::About => CheckedProposal::About(text),
        })
    }
}

impl Waiting {
    /// Returns the kind of a new memory or note in the trash, and its line of an archive.
    pub(super) fn trashed(&self) -> Result<Option<(i64, String)>, ApiError> {
        let source = if self.client == CONVERSATION { Origin::Conversation } else { Origin::App };
        let (name, time) = (&self.client_name, self.created_at.as_millis());
        let (kind, line) = match self.kind {
            ReviewKind::Memory => (
                key::KIND,
                json!({
                    "factObject": self.title, "factContent": self.content, "visibility": self.visibility,
                    "createTime": time, "source": source, "sourceName": name,
                }),
            ),
            ReviewKind::Note => (
                note::KIND,
                json!({
                    "title": self.title, "content": self.content,
                    "createTime": time, "source": source, "sourceName": name,
                }),
            ),
            ReviewKind::Change | ReviewKind::Delete | ReviewKind::About => return Ok(None),
        };
        Ok(Some((kind, archive::line(&line)?)))
    }
}

/// An entry ready to be written.
#[derive(Clone)]
pub(crate) struct NewEntry {
    pub(super) kind: ReviewKind,
    pub(super) memory: MemoryId,
    pub(super) title: String,
    pub(super) content: String,
    pub(super) visibility: i64,
    pub(super) client: String,
    pub(super) client_name: String,
    pub(super) hash: [u8; 32],
    pub(super) bytes: i64,
    /// The hash by which the same memory or note is found.
    pub(super) known_by: Option<[u8; 32]>,
    /// The evidence for it.
    pub(crate) evidence: Evidence,
}

impl NewEntry {
    pub(crate) fn new(proposal: Proposal, client: String, client_name: String) -> Self {
        let none = MemoryId(0);
        let (kind, memory, title, content, visibility, known_by) = match proposal {
            Proposal::Memory(fact) => {
                let hash = key::rules::hash(&fact);
                (ReviewKind::Memory, none, fact.object, fact.content, fact.visibility, Some(hash))
            }
            Proposal::Note(note) => {
                let hash = note::rules::hash(note.kind, &note.title, &note.content, &note.urls);
                (ReviewKind::Note, none, note.title, note.content, 0, Some(hash))
            }
            Proposal::Change(id, content) => (ReviewKind::Change, id, String::new(), content, 0, None),
            Proposal::Delete(id) => (ReviewKind::Delete, id, String::new(), String::new(), 0, None),
            Proposal::About(text) => (ReviewKind::About, none, String::new(), text, 0, None),
        };
        // Titles have no line breaks, so a line break ends them; the content comes last.
        let told = [kind.name(), &memory.to_string(), &title, &content].join("\n");
        Self {
            hash: Sha256::digest(told).into(),
            bytes: quota::size(&[&title, &content]),
            kind,
            memory,
            title,
            content,
            visibility,
            client,
            client_name,
            known_by,
            evidence: Evidence::default(),
        }
    }

    /// Returns the memory that would be changed or deleted.
    pub(crate) fn of_memory(&self) -> Option<MemoryId> {
        matches!(self.kind, ReviewKind::Change | ReviewKind::Delete).then_some(self.memory)
    }
}
