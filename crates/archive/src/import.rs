//! Entries of an import, and what becomes of them.

use crate::runs::Native;

/// An entry in an import.
#[derive(Debug, Clone)]
pub struct ImportLine {
    /// The line number of the entry.
    pub line: u64,
    /// The entry as JSON.
    pub text: String,
    /// The entry at its source, if that names its entries.
    pub native: Option<Native>,
}

impl ImportLine {
    /// Creates a line whose source does not name its entries.
    pub const fn new(line: u64, text: String) -> Self {
        Self { line, text, native: None }
    }
}

/// The result for one entry of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOutcome {
    /// It was added.
    Added,
    /// It was brought up to date.
    Changed,
    /// It existed already.
    Known,
    /// It changed at the source and here, and stays as it is here.
    Kept,
    /// It was deleted here, and is not brought back.
    Removed,
    /// There is no room for it.
    Full,
}

/// The result of an import of entries.
#[derive(Debug, Default)]
pub struct ImportSummary {
    /// Number of entries that were added.
    pub added: u64,
    /// Number of entries that were brought up to date.
    pub changed: u64,
    /// Number of entries that existed already.
    pub known: u64,
    /// Number of entries that changed at the source and here, and stay as they are here.
    pub kept: u64,
    /// Number of entries that were deleted here and are not brought back.
    pub removed: u64,
    /// Line numbers of refused entries, each with the reason.
    pub refused: Vec<(u64, String)>,
}

impl ImportSummary {
    /// Adds the results of lines: `Some(true)` for an added entry, `Some(false)` for an existing one, `None`
    /// for one refused with the reason `why`.
    pub fn count(&mut self, lines: Vec<(u64, Option<bool>)>, why: &str) {
        for (line, is_new) in lines {
            match is_new {
                Some(true) => self.added += 1,
                Some(false) => self.known += 1,
                None => self.refused.push((line, why.to_owned())),
            }
        }
    }

    /// Adds the outcomes of lines. Those that there is no room for are refused with the reason `full`.
    pub fn take(&mut self, lines: Vec<(u64, LineOutcome)>, full: &str) {
        for (line, taken) in lines {
            match taken {
                LineOutcome::Added => self.added += 1,
                LineOutcome::Changed => self.changed += 1,
                LineOutcome::Known => self.known += 1,
                LineOutcome::Kept => self.kept += 1,
                LineOutcome::Removed => self.removed += 1,
                LineOutcome::Full => self.refused.push((line, full.to_owned())),
            }
        }
    }
}
