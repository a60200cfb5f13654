//! The state of linked pages.

use serde::{Deserialize, Serialize};
use store::{Row, Timestamp, from_row};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use crate::{NoteId, note::snippet::snippet};

/// The state of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
#[strum(serialize_all = "snake_case")]
pub enum PageStatus {
    Pending,
    Ready,
    Failed,
}

impl PageStatus {
    /// Returns the name in the store and on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }

    fn of(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// The reason why a page was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Problem {
    /// It is in a network that is not called.
    Refused,
    /// There was no response, or it was cut off.
    Unreachable,
    /// It took too long.
    Timeout,
    /// It is too large.
    TooLarge,
    /// It is no text.
    Type,
    /// The server has no such page, or does not show it.
    Missing,
    /// The server could not respond at that time.
    Unavailable,
    /// There is no text on it, or next to none beside its menus.
    Empty,
}

impl Problem {
    /// Returns the name in the store and on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }

    fn of(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Returns true if a retry may succeed.
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::Unreachable | Self::Timeout | Self::Unavailable)
    }
}

/// A page that a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The note's id.
    pub note: NoteId,
    /// The link.
    pub url: String,
    /// The state of reading it.
    pub status: PageStatus,
    /// Its title.
    pub title: String,
    /// Its main text.
    pub content: String,
    /// The reason why it was not read, or not yet.
    pub problem: Option<Problem>,
    /// The time at which it was read or given up.
    pub read_at: Option<Timestamp>,
}

impl store::FromRow for Page {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let (status, problem): (String, String) = (row.get(2)?, row.get(5)?);
        let unknown = || store::Error::Other("note page: unknown status".to_owned());
        Ok(Self {
            note: row.get(0)?,
            url: row.get(1)?,
            status: PageStatus::of(&status).ok_or_else(unknown)?,
            title: row.get(3)?,
            content: row.get(4)?,
            problem: Problem::of(&problem),
            read_at: row.get(6)?,
        })
    }
}

/// A page that this process has claimed for reading.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) note: NoteId,
    pub(super) position: i64,
    pub(super) url: String,
    /// The number of this attempt, which distinguishes it from another process's.
    pub(super) attempts: i64,
}

from_row!(Claim { note, position, url, attempts });

/// The outcome of reading a page.
#[derive(Debug)]
pub(super) enum Outcome {
    Read { title: String, text: String },
    Later { problem: Problem, wait_ms: i64 },
    Failed { problem: Problem },
}

impl Outcome {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Later { problem, .. } | Self::Failed { problem } => problem.name(),
        }
    }
}

/// A page that a note links to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PageOut)]
pub struct PageResponse {
    /// The link.
    url: String,
    /// `pending`, `ready` or `failed`.
    status: PageStatus,
    /// The page's title, once it was read.
    title: String,
    /// The beginning of the page's main text.
    content: String,
    /// The reason why it was not read, or not at the first attempt; null otherwise.
    problem: Option<Problem>,
    /// The time at which it was read or given up, in milliseconds since 1970-01-01 UTC.
    #[schema(value_type = Option<i64>)]
    read_time: Option<Timestamp>,
}

impl From<Page> for PageResponse {
    fn from(page: Page) -> Self {
        Self {
            url: page.url,
            status: page.status,
            title: page.title,
            content: snippet(page.content),
            problem: page.problem,
            read_time: page.read_at,
        }
    }
}
