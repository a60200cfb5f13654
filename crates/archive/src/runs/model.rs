//! Runs of imports, as they are stored. No I/O.

use store::{Timestamp, from_row};
use strum::{EnumString, IntoStaticStr};

/// Maximum number of characters of a name, a place or a reason.
const MAX_TEXT: usize = 300;

store::id! {
    /// The id of a run of an import.
    RunId;
    /// The id of an imported entry in its section.
    ImportedId;
}

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum RunState {
    /// It goes on, or was interrupted.
    Running,
    /// It came to its end.
    Done,
    /// It stopped before its end. What was imported until then stays.
    Failed,
    /// It is being undone.
    Undoing,
    /// It was undone.
    Undone,
}

impl RunState {
    /// Returns the name in the store.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The way in which a run touched an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Act {
    /// It added the entry.
    Added,
    /// It changed an entry of an earlier run.
    Changed,
    /// It appended messages to a conversation of an earlier run.
    Appended,
    /// It was undone, and the entry stayed because somebody had changed it since.
    Stayed,
}

impl Act {
    /// Returns the name in the store.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The counts of a run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// New entries.
    pub added: i64,
    /// Entries that were brought up to date.
    pub changed: i64,
    /// Entries that existed already.
    pub known: i64,
    /// Entries that changed at the source and here, and stay as they are here.
    pub kept: i64,
    /// Entries that were deleted here and are not brought back.
    pub removed: i64,
    /// Entries that were left out by choice.
    pub left: i64,
    /// Entries that cannot be imported.
    pub refused: i64,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The id.
    pub id: RunId,
    /// The kind of the source, such as `chatgpt`.
    pub source: String,
    /// The name of the file.
    pub file_name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub file_hash: String,
    /// The name of a [`RunState`].
    pub state: String,
    /// The counts.
    pub counts: Counts,
    /// The time of the beginning.
    pub created_at: Timestamp,
    /// The time of the last sign of life, or of the end.
    pub updated_at: Timestamp,
}

impl store::FromRow for Run {
    fn from_row(row: &store::Row<'_>) -> store::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            source: row.get(1)?,
            file_name: row.get(2)?,
            file_hash: row.get(3)?,
            state: row.get(4)?,
            counts: Counts {
                added: row.get(5)?,
                changed: row.get(6)?,
                known: row.get(7)?,
                kept: row.get(8)?,
                removed: row.get(9)?,
                left: row.get(10)?,
                refused: row.get(11)?,
            },
            created_at: row.get(12)?,
            updated_at: row.get(13)?,
        })
    }
}

/// A line that was refused, or imported only in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The entry of the archive, or the file.
    pub place: String,
    /// The number of the line or item; 0 for the whole.
    pub line: i64,
    /// The reason.
    pub reason: String,
    /// True if it was refused.
    pub is_refused: bool,
}

impl store::FromRow for Problem {
    fn from_row(row: &store::Row<'_>) -> store::Result<Self> {
        let refused: i64 = row.get(3)?;
        Ok(Self { place: row.get(0)?, line: row.get(1)?, reason: row.get(2)?, is_refused: refused != 0 })
    }
}

/// A number of entries that a run made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The name of the section.
    pub section: String,
    /// The name of an [`Act`].
    pub act: String,
    /// The number.
    pub count: i64,
}

from_row!(Made { section, act, count });

/// An entry at its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    /// The kind of the source.
    pub source: String,
    /// The id there.
    pub id: String,
    /// A [`digest`](super::digest) of what the source says. Of a conversation, of all its messages.
    pub said: String,
}

/// The entry here that something at a source became.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The section.
    pub section: String,
    /// The id here.
    pub entry: ImportedId,
    /// A [`digest`](super::digest) of what the source said.
    pub said: String,
    /// The number of its messages, of a conversation.
    pub parts: i64,
    /// The run that imported it last.
    pub run: RunId,
}

from_row!(Origin { section, entry, said, parts, run });

/// The looks of an entry, by which a change is noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// A hash of the text, or a count.
    pub text: String,
    /// The time of the last change.
    pub at: Timestamp,
}

from_row!(Mark { text, at });

/// The result of undoing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Undone {
    /// Entries that were removed or brought back to what they were.
    pub removed: u64,
    /// Entries that were changed since, and stay.
    pub stayed: u64,
}

/// Returns the beginning of a text, without control characters.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}
