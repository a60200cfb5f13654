//! The pages that the links of notes lead to: read in the background, and searched with the note.

pub(crate) mod extract;
mod fetch;
#[cfg(test)]
mod fuzz_tests;
pub mod model;
pub(crate) mod queries;
mod worker;

use std::collections::HashMap;

use store::{
    Param, Timestamp, Tx, params,
    search::{Document, Index},
};
use web::{ApiError, Places, Queue, Turns};

pub use model::{Page, PageStatus, Problem};
pub(crate) use worker::start;

use super::{KIND, Note, model::Status, queries as notes, rules};
use crate::{Memory, quota};
use fetch::Fetched;
use model::{Claim, Outcome};

/// Pages that one process reads at once, and of one account.
const PLACES: Places = Places { all: 8, per_account: 2 };
/// How much longer than reading may take a page is left alone by other processes.
const GRACE: std::time::Duration = std::time::Duration::from_secs(60);
/// How long to wait after each failure that may pass; after the last, the page counts as unreadable.
const PATIENCE_SECONDS: [i64; 4] = [60, 600, 3600, 6 * 3600];
/// Longest that a page ever waits, the time of a lease included.
const LONGEST_WAIT_SECONDS: i64 = 86_400;
/// Notes that one statement reads pages of.
const NOTES: usize = 100;

/// What the owner of the server decides about reading pages.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Whether pages are read at all.
    pub enabled: bool,
    /// Largest page in bytes, also when unpacked.
    pub max_bytes: usize,
    /// Longest that reading a page may take, redirects included.
    pub limit: std::time::Duration,
}

impl Memory {
    /// The pages of notes, by note, in the order of the links, with no more than the beginning of their texts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_pages(&self, notes: &[Note]) -> Result<HashMap<i64, Vec<Page>>, ApiError> {
        let mut pages = HashMap::<i64, Vec<Page>>::new();
        let with_links: Vec<i64> =
            notes.iter().filter(|note| !note.urls.is_empty()).map(|note| note.id).collect();
        for some in with_links.chunks(NOTES) {
            let mut values: Vec<Param<'_>> = some.iter().map(|id| Param::from(*id)).collect();
            // No note has the id 0.
            values.resize(NOTES, Param::Int(0));
            let rows: Vec<Page> = self.db().fetch_all(queries::OF_NOTES.as_str(), &values).await?;
            for page in rows {
                pages.entry(page.note).or_default().push(page);
            }
        }
        Ok(pages)
    }

    /// Reads the pages whose time has come, by turns of their accounts, and answers how many there were. Several processes
    /// share them: each is read by one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read_due_pages(&self) -> Result<usize, ApiError> {
        match self.settings().pages.enabled {
            true => Turns::new(DuePages(self.clone()), PLACES).run_due().await,
            false => Ok(0),
        }
    }

    async fn read_page(&self, claim: Claim) -> Result<(), ApiError> {
        let fetched = fetch::fetch(&self.0.outgoing, &claim.url, self.settings().pages).await;
        let outcome = match fetched {
            Ok(Fetched { title, text }) => Outcome::Read { title, text },
            Err(problem) => {
                let wait = usize::try_from(claim.attempts - 1).ok().and_then(|i| PATIENCE_SECONDS.get(i));
                match wait.filter(|_| problem.may_pass()) {
                    Some(seconds) => Outcome::Later { problem, seconds: *seconds },
                    None => Outcome::Failed { problem },
                }
            }
        };
        tracing::debug!(note = claim.note, outcome = outcome.name(), "a note's page");
        self.settle(claim, outcome).await
    }

    /// Writes what came of reading a page, and with it the index and the note's status.
    async fn settle(&self, claim: Claim, outcome: Outcome) -> Result<(), ApiError> {
        let (now, quota) = (self.db().clock().now(), *self.quota());
        let changed = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let found: Option<(i64,)> =
                        tx.fetch_optional(queries::OWNER, params![claim.note]).await?;
                    // Deleted meanwhile.
                    let Some((account,)) = found else { return Ok(None) };
                    let index = Index::new(account, KIND);
                    index.lock(tx).await?;
                    let key = (claim.note, claim.position, claim.attempts);
                    let (outcome, grown) = fitting(tx, &quota, account, &claim, outcome).await?;
                    let changed = match &outcome {
                        Outcome::Later { problem, seconds } => {
                            let due = now.plus_secs(*seconds);
                            let values = params![key.0, key.1, key.2, due, problem.name()];
                            tx.execute(queries::LATER, values).await?;
                            return Ok(None);
                        }
                        Outcome::Failed { problem } => {
                            let values = params![key.0, key.1, key.2, problem.name(), now];
                            tx.execute(queries::FAILED, values).await?
                        }
                        Outcome::Read { title, text } => {
                            let values = params![key.0, key.1, key.2, title, text, now];
                            tx.execute(queries::READ, values).await?
                        }
                    };
                    // Taken over by another process meanwhile, or the note was deleted.
                    let note = tx.fetch_optional(notes::FIND, params![claim.note, account]).await?;
                    let (Some(note), true) = (note, changed > 0) else {
                        let back = quota::Change::of_bytes(-grown);
                        quota::adjust(tx, account, quota::Kind::Note, back).await?;
                        return Ok(None);
                    };
                    refresh(tx, account, &note).await?;
                    Ok::<_, ApiError>(Some(index))
                })
            })
            .await?;
        changed.into_iter().for_each(|index| self.changed(index));
        Ok(())
    }

    /// Wakes the reader of pages: there is something to read.
    pub(super) fn wake_reader(&self) {
        self.0.pages.notify_one();
    }
}

/// The pages that are due, as a queue.
struct DuePages(Memory);

impl Queue for DuePages {
    type Job = Claim;

    async fn accounts(&self, after: i64, limit: i64) -> Result<Vec<i64>, ApiError> {
        let (db, now) = (self.0.db(), self.0.db().clock().now());
        let values = params![after, now, limit, now.plus_secs(LONGEST_WAIT_SECONDS)];
        let due: Vec<(i64,)> = db.fetch_all(queries::DUE_ACCOUNTS, values).await?;
        Ok(due.into_iter().map(|(account,)| account).collect())
    }

    async fn claim(&self, account: i64) -> Result<Option<Claim>, ApiError> {
        let now = self.0.db().clock().now();
        let lease = (self.0.settings().pages.limit + GRACE).as_secs();
        let lease = now.plus_secs(i64::try_from(lease).unwrap_or(i64::MAX));
        let latest = now.plus_secs(LONGEST_WAIT_SECONDS);
        self.0
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    Ok(tx.fetch_optional(queries::CLAIM, params![account, now, lease, latest]).await?)
                })
            })
            .await
    }

    async fn work(&self, claim: Claim) -> Result<(), ApiError> {
        self.0.read_page(claim).await
    }
}

/// What came of reading a page, as far as the account has room for its text, and the bytes that were counted for it.
async fn fitting(
    tx: &mut Tx<'_>,
    quota: &quota::Settings,
    account: i64,
    claim: &Claim,
    outcome: Outcome,
) -> Result<(Outcome, i64), ApiError> {
    let Outcome::Read { title, text } = &outcome else { return Ok((outcome, 0)) };
    let before: Option<(i64,)> =
        tx.fetch_optional(queries::BYTES, params![claim.note, claim.position]).await?;
    let grown = quota::size(&[title, text]) - before.map_or(0, |(bytes,)| bytes);
    match quota.fits(tx, account, quota::Kind::Note, quota::Change::of_bytes(grown)).await? {
        true => Ok((outcome, grown)),
        false => Ok((Outcome::Failed { problem: Problem::TooLarge }, 0)),
    }
}

/// Makes the pages of a new note known, to be read at once.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    (account, note): (i64, i64),
    urls: &[String],
    now: Timestamp,
) -> Result<(), store::Error> {
    for (position, url) in (0_i64..).zip(urls) {
        tx.execute(queries::INSERT, params![note, position, url, now, account]).await?;
    }
    Ok(())
}

/// Gives the pages that could not be read another chance, from the beginning.
pub(super) async fn retry(tx: &mut Tx<'_>, note: i64, now: Timestamp) -> Result<(), store::Error> {
    if tx.execute(queries::RETRY, params![note, now]).await? > 0 {
        tx.execute(notes::SET_STATUS, params![note, Status::Pending.name()]).await?;
    }
    Ok(())
}

/// What of a note is searched: its own texts and those of its pages.
pub(crate) async fn indexed(tx: &mut Tx<'_>, note: &Note) -> Result<String, store::Error> {
    let mut text = rules::indexed(&note.title, &note.content, &note.urls);
    if !note.urls.is_empty() {
        let pages: Vec<(String, String)> = tx.fetch_all(queries::TEXTS, params![note.id]).await?;
        for (title, content) in pages {
            text.push_str(&format!("\n{title}\n{content}"));
        }
    }
    Ok(text)
}

/// Brings the index and the status of a note in line with its pages. The index is locked.
pub(crate) async fn refresh(tx: &mut Tx<'_>, account: i64, note: &Note) -> Result<(), ApiError> {
    let document = Document::new(&indexed(tx, note).await?);
    Index::new(account, KIND).replace(tx, note.id, false, &document).await?;
    if !note.urls.is_empty() {
        let (pending, ready): (i64, i64) = tx.fetch_one(queries::COUNTS, params![note.id]).await?;
        let status = model::status_of(pending, ready);
        tx.execute(notes::SET_STATUS, params![note.id, status.name()]).await?;
    }
    Ok(())
}
