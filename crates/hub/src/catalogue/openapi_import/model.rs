//! Types of imports: domain and wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::catalogue::ApiSpec;

/// A note on a place in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Note {
    /// The place, such as `GET /pets/{id}` or `servers`.
    pub place: String,
    /// The problem, the omission, or the task to do by hand.
    pub text: String,
}

impl Note {
    pub(super) fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }
}

/// The result of an import.
#[derive(Debug, Clone)]
pub struct Import {
    /// The definition.
    pub spec: ApiSpec,
    /// Notes on what was left out, and on what has to be done by hand.
    pub notes: Vec<Note>,
}

/// A document to be imported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportRequest {
    /// The code of the API to define.
    #[schema(example = "pet-store")]
    pub code: String,
    /// The OpenAPI document, as JSON or as its text.
    #[schema(value_type = Object)]
    pub document: Value,
    /// The URL of the API, if it differs from the one in the document.
    pub base_url: Option<String>,
    /// True to save the definition. Without it, the definition is only shown.
    #[serde(default)]
    pub save: bool,
}

/// The result of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportOut {
    /// The definition.
    pub api: ApiSpec,
    /// Notes on what was left out, and on what has to be done by hand.
    pub notes: Vec<Note>,
    /// True if the definition was saved.
    pub saved: bool,
}
