//! Key memories, in code and on the wire.

use serde::{Deserialize, Serialize};
use store::{Timestamp, from_row};
use utoipa::{IntoParams, ToSchema};
use web::paging::cursor::Position;

use crate::MemoryId;

/// A fact to remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The person or thing that it is about.
    pub actor: String,
    /// The subject: a category, or empty.
    pub object: String,
    /// The fact, 1 to 5000 characters.
    pub content: String,
    /// 1 if everybody may see it, any other number if only the person may.
    pub visibility: i64,
}

/// A change of a key memory. `None` leaves a member as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The fact, 1 to 5000 characters.
    pub content: Option<String>,
    /// 0 to 9.
    pub visibility: Option<i64>,
    /// A category, one line of at most 100 characters, or empty.
    pub object: Option<String>,
}

/// A key memory.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyMemory {
    /// The id, with which it can be changed.
    #[schema(value_type = i64, example = 12345)]
    pub id: MemoryId,
    /// The person or thing that the fact is about.
    #[schema(example = "用户")]
    pub fact_actor: String,
    /// The subject: a category, or empty.
    #[schema(example = "兴趣爱好")]
    pub fact_object: String,
    /// The fact.
    #[schema(example = "喜欢在周末阅读科幻小说")]
    pub fact_content: String,
    /// Milliseconds since 1970-01-01 UTC.
    #[schema(value_type = i64, example = 1_705_315_800_000_i64)]
    pub create_time: Timestamp,
    /// The same, of the last change.
    #[schema(value_type = i64, example = 1_705_315_800_000_i64)]
    pub update_time: Timestamp,
    /// 1: public; any other number: private.
    #[schema(example = 1)]
    pub visibility: i64,
}

impl KeyMemory {
    /// Returns its position in lists.
    pub(super) const fn position(&self) -> Position {
        Position(self.create_time.as_millis(), self.id.0)
    }
}

from_row!(KeyMemory { id, fact_actor, fact_object, fact_content, create_time, update_time, visibility });

/// A public key memory as soft memory shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SoftMemory {
    #[schema(value_type = i64, example = 456)]
    id: MemoryId,
    /// A category, or empty.
    #[schema(example = "兴趣爱好")]
    fact_object: String,
    #[schema(example = "喜欢阅读科幻小说")]
    fact_content: String,
    /// Milliseconds since 1970-01-01 UTC.
    #[schema(value_type = i64, example = 1_705_315_800_000_i64)]
    create_time: Timestamp,
    /// The same, of the last change.
    #[schema(value_type = i64, example = 1_705_315_800_000_i64)]
    update_time: Timestamp,
}

impl From<KeyMemory> for SoftMemory {
    fn from(memory: KeyMemory) -> Self {
        let KeyMemory { id, fact_object, fact_content, create_time, update_time, .. } = memory;
        Self { id, fact_object, fact_content, create_time, update_time }
    }
}

/// An earlier version of a key memory.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The fact.
    pub fact_content: String,
    /// The visibility.
    pub visibility: i64,
    /// The time at which it was written, in milliseconds since 1970-01-01 UTC.
    #[schema(value_type = i64)]
    pub written_time: Timestamp,
    /// The time at which it was replaced, in milliseconds since 1970-01-01 UTC.
    #[schema(value_type = i64)]
    pub replaced_time: Timestamp,
}

from_row!(Version { fact_content, visibility, written_time, replaced_time });

/// A search text.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Keyword {
    /// A keyword, a part of one, or a question, at most 500 characters. Default: all memories, newest
    /// first.
    #[param(max_length = 500, example = "阅读")]
    pub keyword: Option<String>,
}

/// Body of `POST /api/secondme/memory/key`, and an item of a batch.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewMemory {
    /// The fact, 1 to 5000 characters. Required.
    #[schema(max_length = 5000, example = "喜欢在周末阅读科幻小说")]
    pub content: Option<String>,
    /// 1 (the default): public; 0 or another digit: private.
    #[schema(minimum = 0, maximum = 9, default = 1)]
    pub visibility: Option<i64>,
    /// `direct`, the default: the content is kept as it is.
    #[schema(default = "direct")]
    pub mode: Option<String>,
    /// The person or thing that it is about, at most 100 characters. Default 用户. Not part of the original
    /// API.
    #[schema(max_length = 100, example = "用户")]
    pub fact_actor: Option<String>,
    /// The subject, at most 100 characters. Not part of the original API.
    #[schema(max_length = 100, example = "兴趣爱好")]
    pub fact_object: Option<String>,
}

/// Body of `POST /api/secondme/memory/key/{id}/update`. Absent members stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MemoryChange {
    /// The fact, 1 to 5000 characters.
    #[schema(max_length = 5000)]
    pub content: Option<String>,
    /// 1: public; 0 or another digit: private.
    #[schema(minimum = 0, maximum = 9)]
    pub visibility: Option<i64>,
}

/// Body of `POST /api/secondme/memory/key/batch`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Batch {
    /// 1 to 100 memories, together at most 50 000 characters.
    #[schema(min_items = 1, max_items = 100)]
    pub(crate) items: Vec<NewMemory>,
}

/// Response of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Inserted {
    /// The number of new memories. One that exists already, word for word, is not added again.
    pub(crate) inserted_count: i64,
}

/// An empty object: it is done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {}
