//! Interests, on the wire and in the store.

use serde::{Deserialize, Serialize};
use store::Row;
use utoipa::ToSchema;
use web::ApiError;

use crate::ShadeId;

/// The confidence in an interest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Confidence {
    VeryHigh,
    High,
    #[default]
    Medium,
    Low,
    VeryLow,
}

/// An interest as its owner writes it. Absent members are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ShadeBody {
    /// Name, 1 to 100 characters.
    #[schema(example = "科技爱好者", max_length = 100)]
    pub shade_name: String,
    /// URL of an icon, or empty.
    #[schema(example = "https://cdn.example.com/icon.png")]
    pub shade_icon: String,
    /// `VERY_HIGH`, `HIGH`, `MEDIUM` (default), `LOW` or `VERY_LOW`.
    pub confidence_level: Confidence,
    /// The description, in the person's view; at most 2000 characters.
    #[schema(example = "热爱科技", max_length = 2000)]
    pub shade_description: String,
    /// The same in the third person.
    #[schema(example = "他/她热爱科技", max_length = 2000)]
    pub shade_description_third_view: String,
    /// The content; at most 2000 characters.
    #[schema(example = "喜欢编程和数码产品", max_length = 2000)]
    pub shade_content: String,
    /// The same in the third person.
    #[schema(example = "他/她喜欢编程和数码产品", max_length = 2000)]
    pub shade_content_third_view: String,
    /// Topics it was drawn from; at most 50 of at most 100 characters.
    #[schema(example = json!(["编程", "AI"]), max_items = 50)]
    pub source_topics: Vec<String>,
    /// The public side's name.
    #[schema(example = "科技达人", max_length = 100)]
    pub shade_name_public: String,
    /// The public side's icon.
    #[schema(example = "https://cdn.example.com/public-icon.png")]
    pub shade_icon_public: String,
    /// The confidence in the public side.
    pub confidence_level_public: Confidence,
    /// The public side's description.
    #[schema(example = "科技爱好者", max_length = 2000)]
    pub shade_description_public: String,
    /// The same in the third person.
    #[schema(example = "一位科技爱好者", max_length = 2000)]
    pub shade_description_third_view_public: String,
    /// The public side's content.
    #[schema(example = "热爱科技", max_length = 2000)]
    pub shade_content_public: String,
    /// The same in the third person.
    #[schema(example = "他/她热爱科技", max_length = 2000)]
    pub shade_content_third_view_public: String,
    /// The public side's topics.
    #[schema(example = json!(["科技"]), max_items = 50)]
    pub source_topics_public: Vec<String>,
}

impl ShadeBody {
    pub(crate) fn to_json(&self) -> Result<String, ApiError> {
        serde_json::to_string(self).map_err(ApiError::internal)
    }
}

/// An interest as the API returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shade {
    /// The id, with which it can be edited.
    #[schema(value_type = i64, example = 123)]
    pub id: ShadeId,
    /// The interest itself.
    #[serde(flatten)]
    pub body: ShadeBody,
    /// True if the public side has any text. Apps see only such interests.
    pub has_public_content: bool,
}

impl Shade {
    pub(crate) fn new(id: ShadeId, body: ShadeBody) -> Self {
        let has_public_content = super::rules::has_public_content(&body);
        Self { id, body, has_public_content }
    }
}

impl store::FromRow for Shade {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let body: String = row.get(1)?;
        let body =
            serde_json::from_str(&body).map_err(|error| store::Error::Other(format!("shade: {error}")))?;
        Ok(Self::new(row.get(0)?, body))
    }
}

/// Response of `GET /api/secondme/user/shades`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Shades {
    /// The interests in the order of their creation; at most 200.
    pub(super) shades: Vec<Shade>,
}
