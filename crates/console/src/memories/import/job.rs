//! Uploads between their preview and their report, in memory.

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use store::{AccountId, Timestamp};
use web::Tasks;

use super::upload::Upload;

/// Maximum number of uploads that a process keeps.
const MAX_JOBS: usize = 16;
/// Time for which an upload or a report is kept, in milliseconds.
const KEPT_MS: i64 = 3_600_000;
/// Maximum number of problems in a report.
const MAX_PROBLEMS: usize = 200;
/// Maximum number of entries that a preview shows, and of characters of each.
const MAX_SAMPLES: usize = 6;
const SAMPLE: usize = 200;
/// Maximum number of chats and folders that can be chosen one by one.
const MAX_GROUPS: usize = 300;

/// A future that a trait object returns.
pub type Work<'w, T> = Pin<Box<dyn Future<Output = T> + Send + 'w>>;

/// Imports files.
pub trait Importer: Send + Sync {
    /// Returns the maximum size of the files of an import together, in bytes.
    fn max_bytes(&self) -> u64;

    /// Imports a file or folder into an account, or only examines it. Returns the reason if it cannot be
    /// read at all.
    fn run(&self, account: AccountId, from: PathBuf, step: Step) -> Work<'_, Result<Report, String>>;
}

/// The parts that a person leaves out of an import.
#[derive(Debug, Clone, Default)]
pub struct Left {
    /// Names of sections.
    pub sections: Vec<String>,
    /// Chats, folders, notebooks.
    pub groups: Vec<String>,
}

/// One run over an upload: its kind and its progress.
#[derive(Debug, Clone)]
pub struct Step {
    is_trial: bool,
    done: Arc<AtomicU64>,
    name: String,
    is_pasted: bool,
    left: Left,
}

impl Step {
    /// True if entries are only examined.
    pub const fn is_trial(&self) -> bool {
        self.is_trial
    }

    /// Returns the name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True for a text that was pasted into the page.
    pub const fn is_pasted(&self) -> bool {
        self.is_pasted
    }

    /// Returns what is left out.
    pub const fn left(&self) -> &Left {
        &self.left
    }

    /// Counts further entries.
    pub fn progress(&self, entries: u64) {
        self.done.fetch_add(entries, Ordering::Relaxed);
    }
}

/// The result of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The number of entries of each section.
    pub(crate) sections: BTreeMap<String, u64>,
    /// The number of new entries.
    pub added: u64,
    /// The number of entries that were brought up to date.
    pub changed: u64,
    /// The number of entries that the person has already.
    pub known: u64,
    /// The number of entries that were changed or deleted here, and stay so.
    pub kept: u64,
    /// The number of entries that are left out.
    pub left: u64,
    /// The number of refused entries.
    pub refused: u64,
    /// The number of the run.
    pub run: Option<i64>,
    /// The number of entries of each chat or folder.
    pub(crate) groups: BTreeMap<String, u64>,
    /// The first and the last time of an entry.
    pub(crate) times: Option<(i64, i64)>,
    /// The beginnings of the first entries.
    pub(crate) samples: Vec<String>,
    pub(crate) problems: Vec<Problem>,
    /// The number of problems beyond those listed.
    pub(crate) unlisted: u64,
}

/// A line that was not read, or only in part.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) place: String,
    pub(crate) line: u64,
    pub(crate) why: String,
    pub(crate) is_refused: bool,
}

impl Report {
    /// Adds a line that was not read, or only in part.
    pub fn problem(&mut self, place: String, line: u64, why: &str, is_refused: bool) {
        if self.problems.len() < MAX_PROBLEMS {
            let cut = |text: &str| text.chars().take(SAMPLE).collect::<String>();
            self.problems.push(Problem { place: cut(&place), line, why: cut(why), is_refused });
        } else {
            self.unlisted += 1;
        }
    }

    /// Counts an entry of a section and of a chat or folder. The first ones are shown.
    pub fn entry(&mut self, section: &str, group: &str, text: &str) {
        *self.sections.entry(section.to_owned()).or_default() += 1;
        if !group.is_empty() && (self.groups.len() < MAX_GROUPS || self.groups.contains_key(group)) {
            *self.groups.entry(group.to_owned()).or_default() += 1;
        }
        let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else { return };
        if let Some(time) = value.get("createTime").and_then(serde_json::Value::as_i64) {
            let (first, last) = self.times.unwrap_or((time, time));
            self.times = Some((first.min(time), last.max(time)));
        }
        if self.samples.len() < MAX_SAMPLES
            && let Some(sample) = sample(&value)
        {
            self.samples.push(sample);
        }
    }
}

/// Returns the beginning of the text of an entry.
fn sample(value: &serde_json::Value) -> Option<String> {
    let texts =
        ["factContent", "content", "fact", "title"].iter().filter_map(|name| value.get(name)?.as_str());
    let text = texts.map(str::trim).find(|text| !text.is_empty())?;
    Some(text.chars().take(SAMPLE).collect())
}

enum State {
    Examining(Step),
    Examined(Report),
    Importing(Step),
    Imported(Report),
    Failed(String),
}

struct Job {
    number: u64,
    upload: Arc<Upload>,
    state: State,
    since: Timestamp,
}

/// A job as the page shows it.
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) is_running: bool,
    /// True once everything is imported, or while it is.
    pub(crate) is_import: bool,
    pub(crate) done: u64,
    pub(crate) report: Option<Report>,
    pub(crate) failure: Option<String>,
}

/// The uploads of all accounts. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Imports(Arc<Inner>);

#[derive(Default)]
struct Inner {
    jobs: Mutex<HashMap<AccountId, Job>>,
    importer: OnceLock<Arc<dyn Importer>>,
    tasks: OnceLock<Tasks>,
    numbers: AtomicU64,
}

impl Imports {
    pub(crate) fn use_importer(&self, importer: Arc<dyn Importer>) {
        let _said_before = self.0.importer.set(importer);
    }

    pub(crate) fn use_tasks(&self, tasks: &Tasks) {
        let _said_before = self.0.tasks.set(tasks.clone());
    }

    /// Returns the maximum size of the files of an import together, in bytes.
    pub(crate) fn max_bytes(&self) -> u64 {
        self.0.importer.get().map_or(0, |importer| importer.max_bytes())
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<AccountId, Job>) -> T) -> T {
        act(&mut self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins to examine an upload, in place of the account's last one. Returns false if there are too many
    /// uploads, or if one of the account is just being imported.
    pub(crate) fn examine(&self, account: AccountId, upload: Upload, now: Timestamp) -> bool {
        let upload = Arc::new(upload);
        let step = Step {
            is_trial: true,
            done: Arc::default(),
            name: upload.name().to_owned(),
            is_pasted: upload.is_pasted(),
            left: Left::default(),
        };
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let is_taken = self.with(|jobs| {
            jobs.retain(|_, job| job.is_running() || now.as_millis() - job.since.as_millis() < KEPT_MS);
            if jobs.get(&account).is_some_and(Job::is_running) {
                return false;
            }
            jobs.remove(&account);
            if jobs.len() >= MAX_JOBS {
                return false;
            }
            let state = State::Examining(step.clone());
            jobs.insert(account, Job { number, upload: Arc::clone(&upload), state, since: now });
            true
        });
        if is_taken {
            self.run(account, number, upload, step);
        }
        is_taken
    }

    /// Begins to import what was examined. Returns false if there is nothing.
    pub(crate) fn import(&self, account: AccountId, left: Left, now: Timestamp) -> bool {
        let begun = self.with(|jobs| {
            let job = jobs.get_mut(&account).filter(|job| matches!(job.state, State::Examined(_)))?;
            let (name, is_pasted) = (job.upload.name().to_owned(), job.upload.is_pasted());
            let step = Step { is_trial: false, done: Arc::default(), name, is_pasted, left };
            (job.state, job.since) = (State::Importing(step.clone()), now);
            Some((job.number, Arc::clone(&job.upload), step))
        });
        let Some((number, upload, step)) = begun else { return false };
        self.run(account, number, upload, step);
        true
    }

    /// Runs work in the background.
    pub(crate) fn background(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = self.0.tasks.get() {
            tasks.spawn(work);
        }
    }

    fn run(&self, account: AccountId, number: u64, upload: Arc<Upload>, step: Step) {
        let (Some(importer), Some(tasks)) = (self.0.importer.get().cloned(), self.0.tasks.get()) else {
            return;
        };
        let imports = self.clone();
        tasks.spawn(async move {
            let is_trial = step.is_trial();
            let result = importer.run(account, upload.path(), step).await;
            let state = match result {
                Ok(report) if is_trial => State::Examined(report),
                Ok(report) => State::Imported(report),
                Err(why) => State::Failed(why),
            };
            imports.with(|jobs| {
                if let Some(job) = jobs.get_mut(&account).filter(|job| job.number == number) {
                    job.state = state;
                }
            });
        });
    }

    /// Forgets the upload of an account, unless it is being imported.
    pub(crate) fn discard(&self, account: AccountId) {
        self.with(|jobs| {
            if !jobs.get(&account).is_some_and(Job::is_running) {
                jobs.remove(&account);
            }
        });
    }

    /// Returns the upload of an account.
    pub(crate) fn shown(&self, account: AccountId, now: Timestamp) -> Option<Shown> {
        self.with(|jobs| {
            jobs.retain(|_, job| job.is_running() || now.as_millis() - job.since.as_millis() < KEPT_MS);
            jobs.get(&account).map(Job::shown)
        })
    }
}

impl Job {
    const fn is_running(&self) -> bool {
        matches!(self.state, State::Examining(_) | State::Importing(_))
    }

    fn shown(&self) -> Shown {
        let (done, report, failure) = match &self.state {
            State::Examining(step) | State::Importing(step) => {
                (step.done.load(Ordering::Relaxed), None, None)
            }
            State::Examined(report) | State::Imported(report) => (0, Some(report.clone()), None),
            State::Failed(why) => (0, None, Some(why.clone())),
        };
        Shown {
            name: self.upload.name().to_owned(),
            is_running: self.is_running(),
            is_import: matches!(self.state, State::Importing(_) | State::Imported(_)),
            done,
            report,
            failure,
        }
    }
}
