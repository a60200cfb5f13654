//! Runs: every import is one, with its file, its counts and its problems, and can be undone.
//!
//! A run is begun before the first entry is written. Sections write the entries of a batch and their origins
//! in one transaction, so an import that is interrupted left whole batches. The same file imported again goes
//! on with the same run.

mod model;
mod queries;
mod section;

use sha2::{Digest, Sha256};
use store::{AccountId, Database, Timestamp, Tx, params};
use web::{ApiError, Code};

pub use model::{Act, Counts, ImportedId, Made, Mark, Native, Origin, Problem, Run, RunId, RunState, Undone};
pub(crate) use section::sections;

use crate::{Archive, LineOutcome};

/// Maximum number of problems that are kept of a run.
pub const MAX_PROBLEMS: i64 = 1000;
/// Maximum number of runs of an account; older ones go when nothing is left of them.
const MAX_RUNS: i64 = 1000;
/// Number of entries that are undone in one transaction.
const UNDONE_AT_ONCE: i64 = 100;

/// The runs of all accounts. Cheap to clone.
#[derive(Clone)]
pub struct Runs(Database);

impl Runs {
    /// Creates the access to runs in a database.
    pub const fn new(db: Database) -> Self {
        Self(db)
    }

    /// Begins a run over a file, or goes on with one over the same file that was interrupted. Returns true
    /// for the latter.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn begin(
        &self,
        account: AccountId,
        (source, name, hash): (&str, &str, &str),
    ) -> Result<(RunId, bool), ApiError> {
        let (id, now) = (RunId(self.0.ids().next()), self.0.clock().now());
        let (source, name, hash) = (model::short(source), model::short(name), hash.to_owned());
        let begun = self.0.write(move |tx| {
            Box::pin(async move {
                let known = tx.fetch_optional(queries::UNFINISHED, params![account, &hash, &source]).await?;
                if let Some((known,)) = known {
                    tx.execute(queries::RESUME, params![known, now]).await?;
                    tx.execute(queries::FORGET_PROBLEMS, params![known]).await?;
                    return Ok::<(RunId, bool), ApiError>((known, true));
                }
                tx.execute(queries::FORGET_RUNS, params![account, MAX_RUNS]).await?;
                tx.execute(queries::BEGIN, params![id, account, &source, &name, &hash, now]).await?;
                Ok((id, false))
            })
        });
        begun.await
    }

    /// Adds to the counts and the problems of a run.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn report(&self, run: RunId, counts: Counts, problems: Vec<Problem>) -> Result<(), ApiError> {
        if counts == Counts::default() && problems.is_empty() {
            return Ok(());
        }
        let now = self.0.clock().now();
        let told = self.0.write(move |tx| {
            Box::pin(async move {
                let Counts { added, changed, known, kept, removed, left, refused } = counts;
                let values = params![run, added, changed, known, kept, removed, left, refused, now];
                tx.execute(queries::COUNT, values).await?;
                let (mut last,): (i64,) = tx.fetch_one(queries::LAST_PROBLEM, params![run]).await?;
                for problem in problems {
                    last += 1;
                    if last > MAX_PROBLEMS {
                        break;
                    }
                    let (place, reason) = (model::short(&problem.place), model::short(&problem.reason));
                    let (line, refused) = (problem.line, i64::from(problem.is_refused));
                    let values = params![run, last, &place, line, &reason, refused];
                    tx.execute(queries::ADD_PROBLEM, values).await?;
                }
                Ok::<_, ApiError>(())
            })
        });
        told.await
    }

    /// Ends a run.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn end(&self, run: RunId, state: RunState) -> Result<(), ApiError> {
        self.0.execute(queries::SET_STATE, params![run, state.name(), self.0.clock().now()]).await?;
        Ok(())
    }

    /// Returns runs of an account with ids less than one, the newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, account: AccountId, before: RunId, limit: i64) -> Result<Vec<Run>, ApiError> {
        Ok(self.0.fetch_all(queries::LIST, params![account, before, limit]).await?)
    }

    /// Returns a run.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the id is unknown or another person's.
    pub async fn run(&self, account: AccountId, id: RunId) -> Result<Run, ApiError> {
        let found = self.0.fetch_optional(queries::ONE, params![account, id]).await?;
        Ok(found.ok_or(Code::NotFound)?)
    }

    /// Returns the first problems of a run.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn problems(&self, account: AccountId, id: RunId) -> Result<Vec<Problem>, ApiError> {
        Ok(self.0.fetch_all(queries::PROBLEMS, params![account, id, MAX_PROBLEMS]).await?)
    }

    /// Returns the number of entries that a run made, for each section and act.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the id is unknown or another person's.
    pub async fn made(&self, account: AccountId, id: RunId) -> Result<Vec<Made>, ApiError> {
        self.run(account, id).await?;
        Ok(self.0.fetch_all(queries::COUNT_MADE, params![id]).await?)
    }

    /// Undoes a run: removes what it added and nobody has changed since, and brings back what it changed.
    /// Entries that were changed since stay. After an interruption it goes on.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the id is unknown or another person's.
    pub async fn undo(&self, archive: &Archive, account: AccountId, id: RunId) -> Result<Undone, ApiError> {
        let run = self.run(account, id).await?;
        if run.state != RunState::Undone.name() {
            self.end(id, RunState::Undoing).await?;
        }
        let mut all = Undone::default();
        for section in archive.0.iter().rev() {
            loop {
                let undone = section.undo(account, id).await?;
                if undone == Undone::default() {
                    break;
                }
                all.removed += undone.removed;
                all.stayed += undone.stayed;
            }
        }
        self.0.execute(queries::FORGET_ORIGINS, params![id]).await?;
        self.end(id, RunState::Undone).await?;
        Ok(all)
    }
}

/// The part of a run that a section works with, inside its transaction.
#[derive(Debug, Clone, Copy)]
pub struct Writing {
    /// The account.
    pub account: AccountId,
    /// The run.
    pub run: RunId,
    /// The name of the section.
    pub section: &'static str,
}

/// Returns a hash in the form of the store.
pub fn digest(text: impl AsRef<[u8]>) -> String {
    use std::fmt::Write;
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _written = write!(hex, "{byte:02x}");
        hex
    })
}

impl Writing {
    /// Returns the entry that something at a source became here, if it was imported before.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn origin(&self, tx: &Tx<'_>, native: &Native) -> store::Result<Option<Origin>> {
        let key = digest(&native.id);
        let found = tx.fetch_optional(queries::ORIGIN, params![self.account, &native.source, &key]).await?;
        Ok(found.filter(|origin: &Origin| origin.section == self.section))
    }

    /// Stores the entry that something at a source became, and the number of its parts.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn set_origin(
        &self,
        tx: &Tx<'_>,
        native: &Native,
        (entry, parts): (ImportedId, i64),
    ) -> store::Result<()> {
        let key = digest(&native.id);
        let (source, said) = (&native.source, &native.said);
        let values = params![self.account, source, &key, self.section, entry, said, parts, self.run];
        tx.execute(queries::SET_ORIGIN, values).await?;
        Ok(())
    }

    /// Stores that the run made an entry.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn made(&self, tx: &Tx<'_>, entry: ImportedId, act: Act, mark: &Mark) -> store::Result<()> {
        let values = params![self.run, self.section, entry, act.name(), &mark.text, mark.at];
        tx.execute(queries::MADE, values).await?;
        Ok(())
    }

    /// Returns the outcome for an entry in this run, if it was interrupted before; else
    /// [`LineOutcome::Known`].
    ///
    /// # Errors
    /// If the store fails.
    pub async fn taken(&self, tx: &Tx<'_>, entry: ImportedId) -> store::Result<LineOutcome> {
        let found: Option<(String,)> =
            tx.fetch_optional(queries::MADE_BY, params![self.run, self.section, entry]).await?;
        Ok(match found {
            None => LineOutcome::Known,
            Some((act,)) if act == Act::Added.name() => LineOutcome::Added,
            Some(_) => LineOutcome::Changed,
        })
    }

    /// Returns the mark that the latest import left of an entry.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn mark(&self, tx: &Tx<'_>, entry: ImportedId) -> store::Result<Option<Mark>> {
        tx.fetch_optional(queries::MARK_OF, params![self.account, self.section, entry]).await
    }

    /// Returns entries of the run that are still to be undone, the newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn to_undo(&self, tx: &Tx<'_>) -> store::Result<Vec<(ImportedId, String, String, Timestamp)>> {
        tx.fetch_all(queries::TO_UNDO, params![self.run, self.section, UNDONE_AT_ONCE]).await
    }

    /// Forgets an entry that was undone, or marks it as one that stays.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn settle(&self, tx: &Tx<'_>, entry: ImportedId, stays: bool) -> store::Result<()> {
        let sql = if stays { queries::STAYED } else { queries::UNMADE };
        tx.execute(sql, params![self.run, self.section, entry]).await?;
        Ok(())
    }
}
