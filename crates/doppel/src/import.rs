//! Taking in what a person has elsewhere: an archive of Doppel, a folder of Markdown, facts as CSV or JSON Lines.
//!
//! Everything is read as a stream, in batches of one transaction each. No name in an archive becomes a path. What is
//! not valid is refused line by line; what is there already is left as it is.

mod facts;
mod folder;
#[cfg(test)]
mod fuzz_tests;
mod packed;

use std::{io::BufRead, path::Path};

use anyhow::{Context, Result, bail};
use web::{
    Archive,
    archive::{Given, MAX_LINE, Section, Taken},
};

/// Entries of a batch, …
const BATCH: usize = 200;
/// … and about how many bytes these may have together.
const BATCH_BYTES: usize = 1 << 20;

/// Hears how an import goes on.
pub trait Listener {
    /// So many entries more were looked at.
    fn progress(&mut self, entries: u64);
    /// A line was refused.
    fn refused(&mut self, place: &str, line: u64, why: &str);
}

/// What came of an import.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Entries that are new.
    pub added: u64,
    /// Entries that were there already.
    pub known: u64,
    /// Entries that were refused.
    pub refused: u64,
}

/// An import into one account.
pub struct Import<'a> {
    archive: &'a Archive,
    account: i64,
    /// Largest file in bytes.
    max_file: u64,
    listener: &'a mut dyn Listener,
    outcome: Outcome,
}

impl<'a> Import<'a> {
    /// An import into an account.
    pub fn new(archive: &'a Archive, account: i64, max_file: u64, listener: &'a mut dyn Listener) -> Self {
        Self { archive, account, max_file, listener, outcome: Outcome::default() }
    }

    /// Takes in a file or a folder, told by its name and content.
    ///
    /// # Errors
    /// When it cannot be read, or is nothing that can be taken in, or the store fails. What was taken in until then
    /// stays, and taking it in again does no harm.
    pub async fn run(mut self, from: &Path) -> Result<Outcome> {
        let about = std::fs::metadata(from).with_context(|| format!("cannot read {}", from.display()))?;
        if about.is_dir() {
            folder::take(&mut self, from).await?;
            return Ok(self.outcome);
        }
        let ending = from.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "csv" => facts::take_csv(&mut self, from).await?,
            "jsonl" | "ndjson" => facts::take_lines(&mut self, from).await?,
            "md" | "markdown" => folder::take(&mut self, from).await?,
            "tar" | "gz" | "tgz" => packed::take(&mut self, from).await?,
            _ => bail!(
                "{}: expected an archive (.tar, .tar.gz), facts (.csv, .jsonl), Markdown (.md) or a folder of it",
                from.display()
            ),
        }
        Ok(self.outcome)
    }

    fn section(&self, name: &str) -> Result<&'a dyn Section> {
        self.archive.section(name).with_context(|| format!("this version has no section {name}"))
    }

    /// Takes in one batch; `place` says where it comes from.
    async fn batch(&mut self, section: &dyn Section, place: &str, given: Vec<Given>) -> Result<()> {
        let count = u64::try_from(given.len()).unwrap_or(0);
        let taken = section.import(self.account, given).await;
        let taken = taken.map_err(|error| crate::describe(&error))?;
        let Taken { added, known, refused } = taken;
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

    /// Takes in JSON Lines.
    async fn lines(&mut self, section: &dyn Section, place: &str, mut from: impl BufRead) -> Result<()> {
        let (mut given, mut bytes, mut number) = (Vec::new(), 0, 0);
        while let Some(line) = next_line(&mut from)? {
            number += 1;
            match line {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => {
                    bytes += text.len();
                    given.push(Given { line: number, text });
                }
                Err(why) => self.refuse(place, number, why),
            }
            if given.len() >= BATCH || bytes >= BATCH_BYTES {
                self.batch(section, place, std::mem::take(&mut given)).await?;
                bytes = 0;
            }
        }
        if given.is_empty() { Ok(()) } else { self.batch(section, place, given).await }
    }
}

/// The next line, or why it is refused; `None` at the end.
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

/// Reads to the end of a line without keeping it.
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
