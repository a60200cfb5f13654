//! Notes, in code and on the wire.

use serde::{Deserialize, Serialize};
use store::{Row, Timestamp, from_row};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;
use web::paging::cursor::Position;

use super::{
    page::{Page, model::PageResponse},
    snippet::snippet,
};
use crate::NoteId;

/// The type of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = NoteKind)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// A text.
    Text,
    /// Links, perhaps with a text.
    Link,
}

impl Kind {
    /// Returns the name in the store and as `memoryType`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Returns the name among the `dataTypes` of the original API.
    pub const fn data_type(self) -> &'static str {
        match self {
            Self::Text => "Memo",
            Self::Link => "Link",
        }
    }
}

/// The state of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// All of it is there.
    Ready,
    /// The linked pages are still to be read.
    Pending,
    /// None of the linked pages could be read.
    Failed,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the status of a note with these numbers of pages that are still to be read, and that were
    /// read.
    pub(super) const fn of_pages(pending: i64, ready: i64) -> Self {
        match (pending, ready) {
            (0, 0) => Self::Failed,
            (0, _) => Self::Ready,
            _ => Self::Pending,
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// A note.
#[derive(Debug, Clone)]
pub struct Note {
    /// The id.
    pub id: NoteId,
    /// The type.
    pub kind: Kind,
    /// One line, or empty.
    pub title: String,
    /// The text. It may be empty in a link note.
    pub content: String,
    /// The links.
    pub urls: Vec<String>,
    /// The state of the linked pages.
    pub status: Status,
    /// The time at which it was added.
    pub created_at: Timestamp,
    /// The time of the last change.
    pub updated_at: Timestamp,
}

impl Note {
    /// Returns its position in lists.
    pub(super) const fn position(&self) -> Position {
        Position(self.created_at.as_millis(), self.id.0)
    }
}

impl store::FromRow for Note {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let damaged = |what: String| store::Error::Other(format!("note: {what}"));
        let (kind, urls, status): (String, String, String) = (row.get(1)?, row.get(4)?, row.get(5)?);
        Ok(Self {
            id: row.get(0)?,
            kind: Kind::of(&kind).ok_or_else(|| damaged("unknown type".to_owned()))?,
            title: row.get(2)?,
            content: row.get(3)?,
            urls: serde_json::from_str(&urls).map_err(|error| damaged(error.to_string()))?,
            status: Status::of(&status).ok_or_else(|| damaged("unknown status".to_owned()))?,
            created_at: row.get(6)?,
            updated_at: row.get(7)?,
        })
    }
}

/// A note to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNote {
    /// The type.
    pub kind: Kind,
    /// One line of at most 200 characters, or empty.
    pub title: String,
    /// At most 50 000 characters.
    pub content: String,
    /// At most 10 http(s) URLs.
    pub urls: Vec<String>,
}

/// A change of a note. `None` leaves a member as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// One line of at most 200 characters, or empty.
    pub title: Option<String>,
    /// At most 50 000 characters.
    pub content: Option<String>,
}

/// Body of `POST /api/secondme/note/add`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoteRequest {
    /// The text, at most 50 000 characters. Required of a text note.
    #[schema(max_length = 50_000)]
    pub content: Option<String>,
    /// One line, at most 200 characters.
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// 1 to 10 http(s) URLs. Required of a link note.
    #[schema(max_items = 10)]
    pub urls: Option<Vec<String>>,
    /// `TEXT`, the default, or `LINK`.
    #[schema(default = "TEXT", example = "TEXT")]
    pub memory_type: Option<String>,
}

/// Response of `POST /api/secondme/note/add`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// The note's id.
    #[schema(value_type = i64, example = 12345)]
    pub(crate) note_id: NoteId,
    /// The same, for clients that read this name.
    #[schema(value_type = i64, example = 12345)]
    pub(crate) id: NoteId,
}

/// Body of `POST /api/secondme/note/{id}/update`. Absent members stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NoteChange {
    /// At most 50 000 characters; of a text note not empty.
    #[schema(max_length = 50_000)]
    pub content: Option<String>,
    /// One line, at most 200 characters.
    #[schema(max_length = 200)]
    pub title: Option<String>,
}

/// An earlier version of a note.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = NoteVersion)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its title.
    pub title: String,
    /// Its text.
    pub content: String,
    /// The time at which it was written, in milliseconds since 1970-01-01 UTC.
    #[schema(value_type = i64)]
    pub written_time: Timestamp,
    /// The time at which it was replaced, in milliseconds since 1970-01-01 UTC.
    #[schema(value_type = i64)]
    pub replaced_time: Timestamp,
}

from_row!(Version { title, content, written_time, replaced_time });

/// A note that a search found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundNote {
    #[schema(value_type = i64)]
    id: NoteId,
    title: String,
    /// The first 500 characters.
    content: String,
    memory_type: Kind,
    urls: Vec<String>,
    status: Status,
    /// The pages that the links lead to; empty without links.
    pages: Vec<PageResponse>,
    /// Milliseconds since 1970-01-01 UTC.
    #[schema(value_type = i64)]
    create_time: Timestamp,
    /// The same, of the last change.
    #[schema(value_type = i64)]
    update_time: Timestamp,
}

impl FoundNote {
    pub(crate) fn new(note: Note, pages: Vec<Page>) -> Self {
        Self {
            pages: pages.into_iter().map(PageResponse::from).collect(),
            id: note.id,
            title: note.title,
            content: snippet(note.content),
            memory_type: note.kind,
            urls: note.urls,
            status: note.status,
            create_time: note.created_at,
            update_time: note.updated_at,
        }
    }
}

/// Body of `POST /api/secondme/note/list`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListRequest {
    /// Notes to skip. Default 0.
    #[schema(minimum = 0, default = 0)]
    pub(crate) from: Option<i64>,
    /// Notes to list. Default 20; more than 100 is taken as 100.
    #[schema(minimum = 1, default = 20)]
    pub(crate) size: Option<i64>,
    /// Some of `Doc`, `Audio`, `Link&Doc`, `Answer`, `Image`, `Memo`, `Link`, `Chat`, `Chat&Answer`;
    /// default: all types. Text notes are `Memo`, link notes `Link`; of the others there are none.
    pub(crate) data_types: Option<Vec<String>>,
    /// The text to search for, at most 200 characters.
    #[schema(max_length = 200)]
    pub(crate) query: Option<String>,
    /// The `snapshot` of the page before, or an empty text for the first page. The list then stays as it was
    /// when the paging began. Not part of the original API.
    #[schema(max_length = 60)]
    pub(crate) snapshot: Option<String>,
}

/// A note in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedNote {
    #[schema(value_type = i64)]
    id: NoteId,
    /// Always `note`.
    #[serde(rename = "type")]
    entry_type: &'static str,
    /// The time of creation, in milliseconds since 1970-01-01 UTC.
    #[schema(value_type = i64)]
    sort_timestamp: Timestamp,
    note: NoteResponse,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NoteBody)]
struct NoteResponse {
    title: String,
    content: String,
    memory_type: Kind,
    attachments: Vec<Attachment>,
    /// The pages that the links lead to; empty without links.
    pages: Vec<PageResponse>,
    status: Status,
    /// The time of the last change, in milliseconds since 1970-01-01 UTC.
    #[schema(value_type = i64)]
    update_time: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    url: String,
    /// Always `Link`.
    data_type: &'static str,
}

impl ListedNote {
    pub(crate) fn new(note: Note, pages: Vec<Page>) -> Self {
        let attach = |url| Attachment { url, data_type: Kind::Link.data_type() };
        Self {
            id: note.id,
            entry_type: "note",
            sort_timestamp: note.created_at,
            note: NoteResponse {
                title: note.title,
                content: note.content,
                memory_type: note.kind,
                attachments: note.urls.into_iter().map(attach).collect(),
                pages: pages.into_iter().map(PageResponse::from).collect(),
                status: note.status,
                update_time: note.updated_at,
            },
        }
    }
}
