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
    /// The time from which it holds; `Some(None)` if it is not known.
    pub from: Option<Option<Timestamp>>,
    /// The time until which it holds; `Some(None)` if it is not known.
    pub until: Option<Option<Timestamp>>,
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
    /// The time from which it holds, if that is known, in milliseconds since 1970-01-01 UTC. Not part of the
    /// original API.
    #[schema(value_type = Option<i64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// The time until which it holds or held, if that is known. Not part of the original API.
    #[schema(value_type = Option<i64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// The id of the newer memory that took its place, if there is one. Not part of the original API.
    #[schema(value_type = Option<i64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<MemoryId>,
}

impl KeyMemory {
    /// Leaves out the id of the newer memory, which may be private, if only public ones may be read.
    pub(super) fn show_to(&mut self, only_public: bool) {
        if only_public {
            self.superseded_by = None;
        }
    }

    /// Returns true if it does not hold at a time.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.superseded_by.is_some() || self.valid_until.is_some_and(|until| until <= at)
    }

    /// Returns its position in lists.
    pub(super) const fn position(&self) -> Position {
        Position(self.create_time.as_millis(), self.id.0)
    }
}

from_row!(KeyMemory {
    id,
    fact_actor,
    fact_object,
    fact_content,
    create_time,
    update_time,
    visibility,
    valid_from,
    valid_until,
    superseded_by
});

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
    /// The time from which it holds, if that is known. Not part of the original API.
    #[schema(value_type = Option<i64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<Timestamp>,
    /// The time until which it holds or held, if that is known. Not part of the original API.
    #[schema(value_type = Option<i64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
}

impl From<KeyMemory> for SoftMemory {
    fn from(memory: KeyMemory) -> Self {
        Self {
            id: memory.id,
            fact_object: memory.fact_object,
            fact_content: memory.fact_content,
            create_time: memory.create_time,
            update_time: memory.update_time,
            valid_from: memory.valid_from,
            valid_until: memory.valid_until,
        }
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

/// The time of a search among memories.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct AsOf {
    /// Only memories that hold at this time: a date such as `2024-05-31` (the end of that day in the person's
    /// time zone), or milliseconds since 1970-01-01 UTC. Default: all; those that no longer hold come last.
    /// Not part of the original API.
    #[param(max_length = 20, example = "2024-05-31")]
    pub as_of: Option<String>,
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
    /// The time from which it holds, if that is known, in milliseconds since 1970-01-01 UTC. Not part of the
    /// original API.
    #[schema(value_type = Option<i64>)]
    pub valid_from: Option<i64>,
    /// The time until which it holds, if that is known. Not part of the original API.
    #[schema(value_type = Option<i64>)]
    pub valid_until: Option<i64>,
    /// The id of an older memory whose place it takes. The older one stays, as one that held until then. Not
    /// part of the original API.
    #[schema(value_type = Option<i64>)]
    pub supersedes: Option<MemoryId>,
}

/// Body of `POST /api/secondme/memory/key/{id}/supersede`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SupersedeRequest {
    /// The id of the newer memory. Absent: the memory holds again.
    #[schema(value_type = Option<i64>)]
    pub by: Option<MemoryId>,
    /// The time since which the newer one holds, in milliseconds since 1970-01-01 UTC. Default: the time from
    /// which it holds, or at which it was noted.
    #[schema(value_type = Option<i64>)]
    pub since: Option<i64>,
}

/// Body of `POST /api/secondme/memory/key/{id}/update`. Absent members stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryChange {
    /// The fact, 1 to 5000 characters.
    #[schema(max_length = 5000)]
    pub content: Option<String>,
    /// 1: public; 0 or another digit: private.
    #[schema(minimum = 0, maximum = 9)]
    pub visibility: Option<i64>,
    /// The time from which it holds, in milliseconds since 1970-01-01 UTC; `null`: not known. Not part of the
    /// original API.
    #[schema(value_type = Option<i64>)]
    #[serde(default, deserialize_with = "present")]
    pub valid_from: Option<Option<i64>>,
    /// The time until which it holds; `null`: not known. Not part of the original API.
    #[schema(value_type = Option<i64>)]
    #[serde(default, deserialize_with = "present")]
    pub valid_until: Option<Option<i64>>,
}

/// Reads a member that may be `null`, and tells it from an absent one.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(from).map(Some)
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
