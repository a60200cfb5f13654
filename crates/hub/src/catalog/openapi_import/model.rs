//! Types of imports: domain and wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Document;
use crate::catalog::ApiSpec;

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

/// Maximum number of notes of an import.
const MAX_NOTES: usize = 2000;

/// The notes of an import, bounded.
#[derive(Debug, Default)]
pub(super) struct Notes {
    list: Vec<Note>,
    /// Number of notes beyond the maximum.
    further: usize,
}

impl Notes {
    pub(super) fn add(&mut self, place: &str, text: impl Into<String>) {
        let note = Note::new(place, text);
        // Several schemas of one operation may cause the same note.
        if self.list.last() == Some(&note) {
            return;
        }
        if self.list.len() < MAX_NOTES {
            self.list.push(note);
        } else {
            self.further += 1;
        }
    }

    pub(super) fn into_list(self) -> Vec<Note> {
        let mut list = self.list;
        if self.further > 0 {
            list.push(Note::new("", format!("and {} more", self.further)));
        }
        list
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
    /// The document: OpenAPI 3.0 to 3.2 or Swagger 2.0, as JSON or as a text in JSON or YAML. At most 16 MiB.
    #[schema(value_type = Object)]
    pub document: Document,
    /// The URL of the API, if it differs from the one in the document.
    pub base_url: Option<String>,
    /// Origins of servers of single operations that the API's headers and secrets are sent to, as
    /// `https://uploads.example.com`.
    #[serde(default)]
    pub trusted_origins: Vec<String>,
    /// True to save the definition. Without it, the definition is only shown.
    #[serde(default)]
    pub save: bool,
}

/// The result of an import.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportOut)]
pub struct ImportResponse {
    /// The definition.
    pub api: ApiSpec,
    /// Notes on what was left out, and on what has to be done by hand.
    pub notes: Vec<Note>,
    /// True if the definition was saved.
    pub saved: bool,
}
