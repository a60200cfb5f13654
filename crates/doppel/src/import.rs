//! Import of data: a Doppel archive, what other programs export, or facts as tables, JSON Lines or JSON.
//!
//! Everything is read as a stream, in batches of one transaction each. No name in an archive becomes a path.
//! Invalid lines are refused one by one. Existing entries are not changed. Entries keep the time that their
//! file says. An import is a run, which is listed, goes on after an interruption, and can be undone.

mod facts;
mod foreign;
#[cfg(test)]
mod fuzz_tests;
mod hash;
mod packed;
pub(crate) mod pages;

use std::{collections::BTreeSet, io::BufRead, path::Path};

use anyhow::{Context, Result, bail};
use archive::{
    Archive, ImportLine, ImportSummary, MAX_LINE, Section,
    runs::{Counts, Problem, RunId, RunState, Runs},
};
use imports::{Reason, Source};
use store::{AccountId, Zone};

/// Maximum number of entries in a batch.
const BATCH: usize = 200;
/// Approximate maximum number of bytes that the entries of a batch have together.
const BATCH_BYTES: usize = 1 << 20;
/// The source of an archive of this program, and that of tables and lists of facts.
const OWN: &str = "doppel";
const TABLE: &str = "table";

/// Receives the progress of an import.
pub trait Listener {
    /// Reports a number of further entries that were examined.
    fn progress(&mut self, entries: u64);
    /// Reports that a line was refused.
    fn refused(&mut self, place: &str, line: u64, why: &str);
    /// Reports a line that was imported only in part.
    fn doubted(&mut self, place: &str, line: u64, what: &str);
    /// Shows an entry of a section before it is imported, as JSON, with the chat or folder that it belongs
    /// to.
    fn seen(&mut self, _section: &str, _group: &str, _entry: &str) {}
}

/// The parts that are left out of an import.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Names of sections.
    pub sections: BTreeSet<String>,
    /// Chats, folders, notebooks.
    pub groups: BTreeSet<String>,
}

/// The result of an import.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The number of new entries.
    pub added: u64,
    /// The number of entries that were brought up to date.
    pub changed: u64,
    /// The number of entries that existed already.
    pub known: u64,
    /// The number of entries that changed at the source and here, and stay as they are here.
    pub kept: u64,
    /// The number of entries that were deleted here and are not brought back.
    pub removed: u64,
    /// The number of entries that are left out by choice or by rule.
    pub left: u64,
    /// The number of refused entries.
    pub refused: u64,
    /// The run, if there is one.
    pub run: Option<RunId>,
    /// True if the run goes on with one that was interrupted.
    pub is_resumed: bool,
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
    /// The store of runs, and the name of the file.
    runs: Option<(Runs, String)>,
    /// The source, if the person named it.
    source: Option<Source>,
    choice: Choice,
    /// Problems, and counts up to which the run has them.
    problems: Vec<Problem>,
    reported: Outcome,
}

impl<'a> Import<'a> {
    /// Creates an import into an account.
    pub fn new(
        archive: &'a Archive,
        account: AccountId,
        max_file: u64,
        listener: &'a mut dyn Listener,
    ) -> Self {
        Self {
            archive,
            account,
            max_file,
            listener,
            zone: Zone::default(),
            outcome: Outcome::default(),
            is_trial: false,
            is_private: false,
            runs: None,
            source: None,
            choice: Choice::default(),
            problems: Vec::new(),
            reported: Outcome::default(),
        }
    }

    /// Makes the import a run. `name` is the name of the file for people.
    #[must_use]
    pub fn recorded(self, runs: Runs, name: String) -> Self {
        Self { runs: Some((runs, name)), ..self }
    }

    /// Sets the source, which else is recognized.
    #[must_use]
    pub fn of(self, source: Option<Source>) -> Self {
        Self { source, ..self }
    }

    /// Leaves out what the person did not choose.
    #[must_use]
    pub fn without(self, choice: Choice) -> Self {
        Self { choice, ..self }
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

    /// Imports a file or a folder, depending on its content.
    ///
    /// # Errors
    /// If it cannot be read or is of an unknown kind, or if the store fails. What was imported until then
    /// stays; importing it again goes on.
    pub async fn run(mut self, from: &Path) -> Result<Outcome> {
        std::fs::metadata(from).with_context(|| format!("cannot read {}", from.display()))?;
        let done = Box::pin(self.take(from)).await;
        if let (Some((runs, _)), Some(run)) = (self.runs.clone(), self.outcome.run) {
            self.report(true).await?;
            let state = if done.is_ok() { RunState::Done } else { RunState::Failed };
            runs.end(run, state).await.map_err(|error| crate::describe(&error))?;
        }
        done.map(|()| self.outcome)
    }

    async fn take(&mut self, from: &Path) -> Result<()> {
        if self.source.is_none() && packed::is_own(from) {
            self.begin(OWN, from).await?;
            return packed::take(self, from).await;
        }
        let ending =
            from.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let is_packed = ["tar", "gz", "tgz"].contains(&ending.as_str());
        let is_lines = ["jsonl", "ndjson"].contains(&ending.as_str());
        match foreign::open(self, from) {
            // Lines of facts are read one by one, however broken they are.
            Ok((_, Source::Mem0)) if is_lines && self.source.is_none() => {}
            Ok((reader, source)) => return foreign::take(self, from, (reader, source)).await,
            Err(_) if is_packed => return packed::take(self, from).await,
            Err(problem) if problem.reason == Reason::Format && self.source.is_none() => {}
            Err(problem) => bail!("{}: {}", from.display(), problem.message()),
        }
        if ["csv", "tsv", "json", "jsonl", "ndjson"].contains(&ending.as_str()) {
            self.begin(TABLE, from).await?;
        }
        match ending.as_str() {
            "csv" | "tsv" => facts::take_table(self, from).await,
            "json" => facts::take_list(self, from).await,
            "jsonl" | "ndjson" => facts::take_lines(self, from).await,
            _ => bail!(
                "{}: expected an archive (.tar, .tar.gz), facts (.csv, .tsv, .jsonl, .json), Markdown (.md) \
                 or a folder of it, or what another program exports",
                from.display()
            ),
        }
    }

    /// Begins the run, or goes on with one over the same file.
    async fn begin(&mut self, source: &str, from: &Path) -> Result<()> {
        let Some((runs, name)) = self.runs.as_ref().filter(|_| !self.is_trial) else { return Ok(()) };
        let hash = hash::of(from, &self.choice)?;
        let begun = runs.begin(self.account, (source, name, &hash)).await;
        let (run, is_resumed) = begun.map_err(|error| crate::describe(&error))?;
        (self.outcome.run, self.outcome.is_resumed) = (Some(run), is_resumed);
        Ok(())
    }

    /// Adds what happened since the last time to the run.
    async fn report(&mut self, is_last: bool) -> Result<()> {
        let (Some((runs, _)), Some(run)) = (&self.runs, self.outcome.run) else { return Ok(()) };
        let (now, before) = (self.outcome, std::mem::replace(&mut self.reported, self.outcome));
        let more = |now: u64, before: u64| i64::try_from(now - before).unwrap_or(i64::MAX);
        let counts = Counts {
            added: more(now.added, before.added),
            changed: more(now.changed, before.changed),
            known: more(now.known, before.known),
            kept: more(now.kept, before.kept),
            removed: more(now.removed, before.removed),
            left: more(now.left, before.left),
            refused: more(now.refused, before.refused),
        };
        let problems = std::mem::take(&mut self.problems);
        if is_last || counts != Counts::default() {
            runs.report(run, counts, problems).await.map_err(|error| crate::describe(&error))?;
        }
        Ok(())
    }

    fn section(&self, name: &str) -> Result<&'a dyn Section> {
        self.archive.section(name).with_context(|| format!("this version has no section {name}"))
    }

    /// Imports one batch. `place` names its source.
    async fn batch(&mut self, section: &dyn Section, place: &str, given: Vec<ImportLine>) -> Result<()> {
        for entry in &given {
            self.listener.seen(section.name(), "", &entry.text);
        }
        let refused = self.write(section, given).await?;
        for (line, why) in refused {
            self.refuse(place, line, &why);
        }
        Ok(())
    }

    /// Writes one batch, and returns the lines that were refused.
    async fn write(&mut self, section: &dyn Section, given: Vec<ImportLine>) -> Result<Vec<(u64, String)>> {
        if given.is_empty() {
            return Ok(Vec::new());
        }
        let count = u64::try_from(given.len()).unwrap_or(0);
        if self.choice.sections.contains(section.name()) {
            self.outcome.left += count;
            return Ok(Vec::new());
        }
        let given =
            if self.is_private && section.name() == facts::SECTION { pages::private(given) } else { given };
        let taken = match (self.is_trial, self.outcome.run) {
            (true, _) => section.check(self.account, given).await,
            (false, Some(run)) => section.import_in(self.account, run, given).await,
            (false, None) => section.import(self.account, given).await,
        };
        let taken = taken.map_err(|error| crate::describe(&error))?;
        let ImportSummary { added, changed, known, kept, removed, refused } = taken;
        self.outcome.added += added;
        self.outcome.changed += changed;
        self.outcome.known += known;
        self.outcome.kept += kept;
        self.outcome.removed += removed;
        self.listener.progress(count);
        self.report(false).await?;
        Ok(refused)
    }

    fn refuse(&mut self, place: &str, line: u64, why: &str) {
        self.outcome.refused += 1;
        self.problem(place, line, why, true);
        self.listener.refused(place, line, why);
    }

    fn doubt(&mut self, place: &str, line: u64, doubt: Option<String>) {
        if let Some(what) = doubt {
            self.problem(place, line, &what, false);
            self.listener.doubted(place, line, &what);
        }
    }

    /// Keeps a problem for the report of the run. The name of a folder of this machine is left out.
    fn problem(&mut self, place: &str, line: u64, why: &str, is_refused: bool) {
        if self.outcome.run.is_none() {
            return;
        }
        let base = if place.starts_with('/') { place.rsplit('/').next().unwrap_or_default() } else { place };
        self.problems.push(Problem {
            place: base.to_owned(),
            line: i64::try_from(line).unwrap_or(0),
            reason: why.replace(place, base),
            is_refused,
        });
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
                    given.push(ImportLine::new(number, text));
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
