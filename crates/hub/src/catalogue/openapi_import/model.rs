//! What an import is asked for, and what comes of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::catalogue::ApiSpec;

/// A place in a document and what is to be known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Note {
    /// `GET /pets/{id}`, `servers`, …
    pub place: String,
    /// What is wrong, left out or to be done.
    pub text: String,
}

impl Note {
    pub(super) fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }
}

/// What a document says.
#[derive(Debug, Clone)]
pub struct Import {
    /// The definition.
    pub spec: ApiSpec,
    /// What was left out, and what is to be done by hand.
    pub notes: Vec<Note>,
}

/// A document to be imported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportRequest {
    /// The code of the API to define.
    #[schema(example = "pet-store")]
    pub code: String,
    /// The OpenAPI document: JSON, or the text of it.
    #[schema(value_type = Object)]
    pub document: Value,
    /// Where the API is, if not where the document says.
    pub base_url: Option<String>,
    /// Whether to define the API. Without it, what would be defined is only shown.
    #[serde(default)]
    pub save: bool,
}

/// What came of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportOut {
    /// The definition.
    pub api: ApiSpec,
    /// What was left out, and what is to be done by hand.
    pub notes: Vec<Note>,
    /// Whether the API is defined now.
    pub saved: bool,
}
