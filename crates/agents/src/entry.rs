//! The ids of memories and notes for agents: `memory:12`, `note:7`, and `note:7#2` for the second part of a
//! long note. No I/O.

use std::fmt;

use memory::{MemoryId, NoteId};

/// The number of key memories in the database.
const MEMORY: i64 = 1;
/// The number of notes in the database.
const NOTE: i64 = 2;

/// A key memory or a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entry {
    /// A key memory.
    Memory(MemoryId),
    /// A note.
    Note(NoteId),
}

impl Entry {
    /// Returns the name of its kind in ids.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Note(_) => "note",
        }
    }

    /// Returns the numbers of its kind and of itself in the database.
    pub(crate) const fn columns(self) -> (i64, i64) {
        match self {
            Self::Memory(id) => (MEMORY, id.0),
            Self::Note(id) => (NOTE, id.0),
        }
    }

    pub(crate) const fn of_columns((kind, number): (i64, i64)) -> Self {
        if kind == NOTE { Self::Note(NoteId(number)) } else { Self::Memory(MemoryId(number)) }
    }

    /// Parses an id without a part.
    pub fn parse(text: &str) -> Option<Self> {
        match parse(text)? {
            (entry, 1) if !text.contains('#') => Some(entry),
            _ => None,
        }
    }
}

impl From<memory::trash::Entry> for Entry {
    fn from(entry: memory::trash::Entry) -> Self {
        match entry {
            memory::trash::Entry::Memory(id) => Self::Memory(id),
            memory::trash::Entry::Note(id) => Self::Note(id),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, number) = self.columns();
        write!(f, "{}:{number}", self.kind())
    }
}

/// Parses an id. Returns the entry, and the part from 1.
pub(crate) fn parse(text: &str) -> Option<(Entry, usize)> {
    let (name, rest) = text.trim().split_once(':')?;
    let (id, part) = match rest.split_once('#') {
        None => (number(rest)?, 1),
        Some((id, part)) => (number(id)?, usize::try_from(number(part)?).ok()?),
    };
    match name {
        "memory" if part == 1 => Some((Entry::Memory(MemoryId(id)), 1)),
        "note" if part > 0 => Some((Entry::Note(NoteId(id)), part)),
        _ => None,
    }
}

/// Parses decimal digits without a sign.
fn number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        let (memory, note) = (Entry::Memory(MemoryId(12)), Entry::Note(NoteId(7)));
        for (text, expected) in [
            ("memory:12", Some((memory, 1))),
            (" note:7 ", Some((note, 1))),
            ("note:7#3", Some((note, 3))),
            ("memory:12#1", Some((memory, 1))),
            ("memory:12#2", None),
            ("note:7#0", None),
            ("note:-7", None),
            ("note:+7", None),
            ("note:", None),
            ("note", None),
            ("page:7", None),
            ("memory:99999999999999999999", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        for entry in [memory, note] {
            assert_eq!(Entry::parse(&entry.to_string()), Some(entry));
            assert_eq!(Entry::of_columns(entry.columns()), entry);
        }
        assert_eq!(Entry::parse("note:5#2"), None);
    }
}
