//! The connection between the pages and the import of files.

use std::path::{Path, PathBuf};

use archive::{Archive, ImportLine};
use console::import::{Importer, Report, Step, Work};
use imports::Source;
use memory::Memory;
use serde_json::{Map, Value};
use store::AccountId;

use super::{Choice, Import, Listener};

/// Imports files that people upload on the pages.
pub(crate) struct PageImporter {
    archive: Archive,
    memory: Memory,
    /// Maximum size of a file in an archive, in bytes.
    max_file: u64,
    /// Maximum size of an import, in bytes.
    max_bytes: u64,
}

impl PageImporter {
    pub(crate) const fn new(archive: Archive, memory: Memory, (max_file, max_bytes): (u64, u64)) -> Self {
        Self { archive, memory, max_file, max_bytes }
    }
}

impl Importer for PageImporter {
    fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    fn run(&self, account: AccountId, from: PathBuf, step: Step) -> Work<'_, Result<Report, String>> {
        let (archive, memory, max_file) = (self.archive.clone(), self.memory.clone(), self.max_file);
        let runtime = tokio::runtime::Handle::current();
        Box::pin(async move {
            // Files are read without waiting for the runtime, so the work has a thread of its own.
            let work = move || runtime.block_on(run(&archive, &memory, max_file, (account, &from, &step)));
            tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
                tracing::error!(%error, "an import of the pages");
                Err(String::new())
            })
        })
    }
}

async fn run(
    archive: &Archive,
    memory: &Memory,
    max_file: u64,
    (account, from, step): (AccountId, &Path, &Step),
) -> Result<Report, String> {
    let zone = memory.zone(account).await.map_err(|_error| String::new())?.unwrap_or_default();
    let folder = from.parent().unwrap_or(Path::new("")).to_owned();
    let mut told = ImportListener { report: Report::default(), step, folder };
    let choice = Choice {
        sections: step.left().sections.iter().cloned().collect(),
        groups: step.left().groups.iter().cloned().collect(),
    };
    let source = step.is_pasted().then_some(Source::Pasted);
    let import = Import::new(archive, account, max_file, &mut told)
        .in_zone(zone)
        .private()
        .of(source)
        .without(choice)
        .recorded(memory.runs(), step.name().to_owned());
    let import = if step.is_trial() { import.trial() } else { import };
    let outcome = Box::pin(import.run(from)).await;
    let ImportListener { mut report, folder, .. } = told;
    match outcome {
        Ok(outcome) => {
            (report.added, report.known, report.refused) = (outcome.added, outcome.known, outcome.refused);
            (report.changed, report.left) = (outcome.changed, outcome.left);
            report.kept = outcome.kept + outcome.removed;
            report.run = outcome.run.map(|run| run.0);
            Ok(report)
        }
        // The name of the folder is the server's own.
        Err(error) => Err(without(&folder, &format!("{error:#}"))),
    }
}

/// Collects what an import reports.
struct ImportListener<'s> {
    report: Report,
    step: &'s Step,
    folder: PathBuf,
}

impl Listener for ImportListener<'_> {
    fn progress(&mut self, entries: u64) {
        self.step.progress(entries);
    }

    fn refused(&mut self, place: &str, line: u64, why: &str) {
        self.report.problem(without(&self.folder, place), line, why, true);
    }

    fn doubted(&mut self, place: &str, line: u64, what: &str) {
        self.report.problem(without(&self.folder, place), line, what, false);
    }

    fn seen(&mut self, section: &str, group: &str, entry: &str) {
        self.report.entry(section, group, entry);
    }
}

/// Removes the folder of a file from a text.
fn without(folder: &Path, text: &str) -> String {
    let folder = folder.display().to_string();
    if folder.is_empty() {
        text.to_owned()
    } else {
        text.replace(&format!("{folder}/"), "").replace(&folder, "")
    }
}

/// Makes facts private that do not say who may see them.
pub(super) fn private(given: Vec<ImportLine>) -> Vec<ImportLine> {
    let private = |mut entry: ImportLine| {
        if let Ok(mut members) = serde_json::from_str::<Map<String, Value>>(&entry.text)
            && members.get("visibility").is_none_or(Value::is_null)
        {
            members.insert("visibility".to_owned(), Value::from(0));
            entry.text = Value::Object(members).to_string();
        }
        entry
    };
    given.into_iter().map(private).collect()
}
