//! The pages that notes link to. They are read in the background, and searched with the note.

use store::AccountId;

use crate::NoteId;

mod charset;
pub(crate) mod extract;
mod fetch;
#[cfg(test)]
mod fuzz_tests;
mod linked_data;
pub mod model;
pub(crate) mod queries;
mod weight;
mod worker;

use std::collections::HashMap;

use search::{Document, Entry, Index};
use store::{Backoff, Timestamp, Tx, params};
use web::{ApiError, Places, Queue, Turns};

pub use model::{Page, PageStatus, Problem};
pub(crate) use worker::start;

use super::{KIND, Note, model::Status, queries as notes, rules};
use crate::{Memory, quota};
use fetch::Fetched;
use model::{Claim, Outcome};

/// Maximum numbers of pages that one process reads at the same time: in total, and of one account.
const PLACES: Places = Places { all: 8, per_account: 2 };
/// Time that a lease lasts beyond the time limit for reading a page.
const GRACE: std::time::Duration = std::time::Duration::from_secs(60);
/// Waits after each failure that may pass. After the last one, a page that fails again counts as unreadable.
const BACKOFF: Backoff = Backoff::listed(&[60, 600, 3600, 6 * 3600]);
/// Maximum time that a page ever waits, including a lease, in seconds.
const LONGEST_WAIT_SECONDS: i64 = 86_400;

/// Time limit for a preview, which a person waits for.
const PREVIEW_LIMIT: std::time::Duration = std::time::Duration::from_secs(4);
/// Maximum lengths of a preview in characters.
const PREVIEW_TITLE: usize = 200;
const PREVIEW_TEXT: usize = 300;

/// The beginning of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The title; empty if the page has none.
    pub title: String,
    /// The first line of its text.
    pub about: String,
}

/// The operator's settings for reading pages.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// True if pages are read at all.
    pub enabled: bool,
    /// Maximum size of a page in bytes, compressed as well as uncompressed.
    pub max_bytes: usize,
    /// Time limit for reading a page, including redirects.
    pub limit: std::time::Duration,
}

impl Memory {
    /// Returns the pages of notes, by note, in the order of the links. Of their texts only the beginning is
    /// included.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn note_pages(&self, notes: &[Note]) -> Result<HashMap<NoteId, Vec<Page>>, ApiError> {
        let mut pages = HashMap::<NoteId, Vec<Page>>::new();
        let with_links: Vec<NoteId> =
            notes.iter().filter(|note| !note.urls.is_empty()).map(|note| note.id).collect();
        for page in self.db().fetch_in::<Page, _>(&queries::OF_NOTES, &[], &with_links).await? {
            pages.entry(page.note).or_default().push(page);
        }
        Ok(pages)
    }

    /// Reads the pages that are due, round-robin by account, and returns their number. Several processes
    /// share them: each page is read by one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn read_due_pages(&self) -> Result<usize, ApiError> {
        match self.settings().pages.enabled {
            true => Turns::new(DuePages(self.clone()), PLACES).run_due().await,
            false => Ok(0),
        }
    }

    /// Reads the page at an address now, and returns its title and the beginning of its text. Returns `None`
    /// if pages are not read on this server, or this one cannot be read soon.
    pub async fn preview(&self, url: &str) -> Option<Preview> {
        let pages = self.settings().pages;
        if !pages.enabled {
            return None;
        }
        let limits = Settings { limit: pages.limit.min(PREVIEW_LIMIT), ..pages };
        let Fetched { title, text } = fetch::fetch(&self.0.outgoing, url, limits).await.ok()?;
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && *line != title);
        let about = line.unwrap_or_default().chars().take(PREVIEW_TEXT).collect();
        Some(Preview { title: title.chars().take(PREVIEW_TITLE).collect(), about })
    }

    async fn read_page(&self, claim: Claim) -> Result<(), ApiError> {
        let fetched = fetch::fetch(&self.0.outgoing, &claim.url, self.settings().pages).await;
        let outcome = match fetched {
            Ok(Fetched { title, text }) => Outcome::Read { title, text },
            Err(problem) => match BACKOFF.after(claim.attempts).filter(|_| problem.may_pass()) {
                Some(wait_ms) => Outcome::Later { problem, wait_ms },
                None => Outcome::Failed { problem },
            },
        };
        tracing::debug!(note = claim.note.0, outcome = outcome.name(), "a note's page");
        self.settle(claim, outcome).await
    }

    /// Stores the outcome of reading a page, and updates the index and the note's status.
    async fn settle(&self, claim: Claim, outcome: Outcome) -> Result<(), ApiError> {
        let (now, quota) = (self.db().clock().now(), *self.quota());
        let changed = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let found: Option<(AccountId,)> =
                        tx.fetch_optional(queries::OWNER, params![claim.note]).await?;
                    // The note was deleted meanwhile.
                    let Some((account,)) = found else { return Ok(None) };
                    let index = Index::new(account, KIND);
                    index.lock(tx).await?;
                    let key = (claim.note, claim.position, claim.attempts);
                    let (outcome, grown) = fitting(tx, &quota, account, &claim, outcome).await?;
                    let changed = match &outcome {
                        Outcome::Later { problem, wait_ms } => {
                            let due = now.plus_ms(*wait_ms);
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
                    // Another process has claimed the page meanwhile, or the note was deleted.
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

    /// Wakes the task that reads pages, because there is something to read.
    pub(super) fn wake_reader(&self) {
        self.0.pages.notify_one();
    }
}

/// The queue of the pages that are due.
struct DuePages(Memory);

impl Queue for DuePages {
    type Job = Claim;

    async fn accounts(&self, after: AccountId, limit: i64) -> Result<Vec<AccountId>, ApiError> {
        let (db, now) = (self.0.db(), self.0.db().clock().now());
        let values = params![after, now, limit, now.plus_secs(LONGEST_WAIT_SECONDS)];
        let due: Vec<(AccountId,)> = db.fetch_all(queries::DUE_ACCOUNTS, values).await?;
        Ok(due.into_iter().map(|(account,)| account).collect())
    }

    async fn claim(&self, account: AccountId) -> Result<Option<Claim>, ApiError> {
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

/// Returns the outcome of reading a page, or a failure if the account has no room for its text. Also returns
/// the number of bytes that were counted for it.
async fn fitting(
    tx: &mut Tx<'_>,
    quota: &quota::Settings,
    account: AccountId,
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

/// Inserts the pages of a new note, due at once.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    (account, note): (AccountId, NoteId),
    urls: &[String],
    now: Timestamp,
) -> Result<(), store::Error> {
    for (position, url) in (0_i64..).zip(urls) {
        tx.execute(queries::INSERT, params![note, position, url, now, account]).await?;
    }
    Ok(())
}

/// Makes the pages that could not be read due again, with all attempts.
pub(super) async fn retry(tx: &mut Tx<'_>, note: NoteId, now: Timestamp) -> Result<(), store::Error> {
    if tx.execute(queries::RETRY, params![note, now]).await? > 0 {
        tx.execute(notes::SET_STATUS, params![note, Status::Pending.name()]).await?;
    }
    Ok(())
}

/// Returns the text of a note that is indexed: its own texts and those of its pages.
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

/// Updates the index and the status of a note from its pages. The index has to be locked.
pub(crate) async fn refresh(tx: &mut Tx<'_>, account: AccountId, note: &Note) -> Result<(), ApiError> {
    let document = Document::new(&indexed(tx, note).await?);
    let entry = Entry { id: note.id.into(), public: false, noted: note.created_at };
    Index::new(account, KIND).replace(tx, entry, &document).await?;
    if !note.urls.is_empty() {
        let (pending, ready): (i64, i64) = tx.fetch_one(queries::COUNTS, params![note.id]).await?;
        let status = Status::of_pages(pending, ready);
        tx.execute(notes::SET_STATUS, params![note.id, status.name()]).await?;
    }
    Ok(())
}
