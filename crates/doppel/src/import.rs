//! Import of data: a Doppel archive, a folder of Markdown, or facts as tables, JSON Lines or JSON.
//!
//! Everything is read as a stream, in batches of one transaction each. No name in an archive becomes a path.
//! Invalid lines are refused one by one. Existing entries are not changed. Entries keep the time that their
//! file says.

use store::AccountId;

mod encoding;
mod facts;
mod folder;
#[cfg(test)]
mod fuzz_tests;
mod markdown;
mod packed;
pub(crate) mod pages;
mod table;
mod time;

use std::{io::BufRead, path::Path};

use anyhow::{Context, Result, bail};
use archive::{Archive, ImportLine, ImportSummary, MAX_LINE, Section};
use store::Zone;

/// Maximum number of entries in a batch.
const BATCH: usize = 200;
/// Approximate maximum number of bytes that the entries of a batch have together.
const BATCH_BYTES: usize = 1 << 20;

/// Receives the progress of an import.
pub trait Listener {
    /// Reports a number of further entries that were examined.
    fn progress(&mut self, entries: u64);
    /// Reports that a line was refused.
    fn refused(&mut self, place: &str, line: u64, why: &str);
    /// Reports a line that was imported only in part.
    fn doubted(&mut self, place: &str, line: u64, what: &str);
    /// Shows an entry of a section before it is imported, as JSON.
    fn seen(&mut self, _section: &str, _entry: &str) {}
}

/// The result of an import.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The number of new entries.
    pub added: u64,
    /// The number of entries that existed already.
    pub known: u64,
    /// The number of refused entries.
    pub refused: u64,
}

/// An import into one account.
pub struct Import<'a> {
    archive: &'a Archive,
    account: AccountId,
    /// Maximum size of a file in bytes.
    max_file: u64,
    /// The time zone of times without one.
    zone: Zone,
    listener: &'a mut dyn Listener,
    outcome: Outcome,
    /// True if entries are only examined.
    is_trial: bool,
    /// True if facts without a visibility are private.
    is_private: bool,
}

impl<'a> Import<'a> {
    /// Creates an import into an account.
    pub fn new(
        archive: &'a Archive,
        account: AccountId,
        max_file: u64,
        listener: &'a mut dyn Listener,
    ) -> Self {
        let (zone, outcome) = (Zone::default(), Outcome::default());
        Self { archive, account, max_file, listener, zone, outcome, is_trial: false, is_private: false }
    }

    /// Only examines what an import would do.
    #[must_use]
    pub fn trial(self) -> Self {
        Self { is_trial: true, ..self }
    }

    /// Makes facts private whose file does not say who may see them.
    #[must_use]
    pub fn private(self) -> Self {
        Self { is_private: true, ..self }
    }

    /// Sets the time zone of times without one, which is UTC by default.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// Imports a file or a folder, depending on its name and content.
    ///
    /// # Errors
    /// If it cannot be read or is of an unknown kind, or if the store fails. What was imported until then
    /// stays; importing it again does no harm.
    pub async fn run(mut self, from: &Path) -> Result<Outcome> {
        let about = std::fs::metadata(from).with_context(|| format!("cannot read {}", from.display()))?;
        if about.is_dir() {
            folder::take(&mut self, from).await?;
            return Ok(self.outcome);
        }
        let ending = from.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => facts::take_table(&mut self, from).await?,
            "json" => facts::take_list(&mut self, from).await?,
            "jsonl" | "ndjson" => facts::take_lines(&mut self, from).await?,
            "md" | "markdown" => folder::take(&mut self, from).await?,
            "tar" | "gz" | "tgz" => packed::take(&mut self, from).await?,
            _ => bail!(
                "{}: expected an archive (.tar, .tar.gz), facts (.csv, .tsv, .jsonl, .json), Markdown (.md) \
                 or a \
                 folder of it",
                from.display()
            ),
        }
        Ok(self.outcome)
    }

    fn section(&self, name: &str) -> Result<&'a dyn Section> {
        self.archive.section(name).with_context(|| format!("this version has no section {name}"))
    }

    /// Imports one batch. `place` names its source.
    async fn batch(&mut self, section: &dyn Section, place: &str, given: Vec<ImportLine>) -> Result<()> {
        if given.is_empty() {
            return Ok(());
        }
        let count = u64::try_from(given.len()).unwrap_or(0);
        let given =
            if self.is_private && section.name() == facts::SECTION { pages::private(given) } else { given };
        for entry in &given {
            self.listener.seen(section.name(), &entry.text);
        }
        let taken = match self.is_trial {
            true => section.check(self.account, given).await,
            false => section.import(self.account, given).await,
        };
        let taken = taken.map_err(|error| crate::describe(&error))?;
        let ImportSummary { added, known, refused } = taken;
        self.outcome.added += added;
        self.outcome.known += known;
        for (line, why) in refused {
            self.refuse(place, line, &why);
        }
        self.listener.progress(count);
        Ok(())
    }

    fn refuse(&mut self, place: &str, line: u64, why: &str) {
        self.outcome.refused += 1;
        self.listener.refused(place, line, why);
    }

    fn doubt(&mut self, place: &str, line: u64, doubt: Option<String>) {
        if let Some(what) = doubt {
            self.listener.doubted(place, line, &what);
        }
    }

    /// Imports JSON Lines.
    async fn lines(&mut self, section: &dyn Section, place: &str, from: impl BufRead) -> Result<()> {
        self.lines_as(section, place, from, |line| (line, None)).await
    }

    /// Imports JSON Lines that a function converts first. It also returns a warning, if any.
    async fn lines_as(
        &mut self,
        section: &dyn Section,
        place: &str,
        mut from: impl BufRead,
        understood: impl Fn(String) -> (String, Option<String>),
    ) -> Result<()> {
        let (mut given, mut bytes, mut number) = (Vec::new(), 0, 0);
        while let Some(line) = next_line(&mut from)? {
            number += 1;
            match line {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => {
                    let (text, doubt) = understood(text);
                    self.doubt(place, number, doubt);
                    bytes += text.len();
                    given.push(ImportLine { line: number, text });
                }
                Err(why) => self.refuse(place, number, why),
            }
            if given.len() >= BATCH || bytes >= BATCH_BYTES {
                self.batch(section, place, std::mem::take(&mut given)).await?;
                bytes = 0;
            }
        }
        self.batch(section, place, given).await
    }
}

/// Returns the next line, or the reason why it is refused; `None` at the end.
fn next_line(from: &mut impl BufRead) -> Result<Option<Result<String, &'static str>>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    if std::io::Read::take(&mut *from, most).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    } else if bytes.len() >= MAX_LINE {
        skip_line(from)?;
        return Ok(Some(Err("the line is too long")));
    }
    Ok(Some(String::from_utf8(bytes).map_err(|_other| "the line is not UTF-8")))
}

/// Reads to the end of a line, and discards it.
fn skip_line(from: &mut impl BufRead) -> Result<()> {
    loop {
        let buffer = from.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        from.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}
