//! The endpoints of models that administrators configure on a page.

use store::SecretText;
use strum::{EnumString, IntoStaticStr};

use crate::{
    EndpointId,
    provider::{self, Health, Options, Origin},
};

/// The purpose of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// Answers as the assistant. There may be several, which are tried in order.
    Chat,
    /// Makes vectors for semantic search.
    Embedding,
    /// Orders search results.
    Rerank,
    /// Reads texts aloud.
    Speech,
}

impl Purpose {
    /// Returns the name in the store and in forms.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Parses the name of a purpose.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// The API key in a form.
#[derive(Debug, Clone)]
pub enum KeyInput {
    /// The stored key stays, if there is one.
    Keep,
    /// There is no key.
    Remove,
    /// This is the key from now on.
    New(SecretText),
}

/// The stored key of an endpoint.
#[derive(Debug, Clone)]
pub(super) enum StoredKey {
    None,
    Open(SecretText),
    /// It cannot be opened.
    Lost,
}

/// An endpoint in the store.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) id: EndpointId,
    pub(super) purpose: Purpose,
    pub(super) options: Options,
    pub(super) key: StoredKey,
    pub(super) key_end: String,
}

impl Stored {
    pub(super) fn key_view(&self) -> KeyView {
        match &self.key {
            StoredKey::None => KeyView::None,
            StoredKey::Open(_) => KeyView::Ends(self.key_end.clone()),
            StoredKey::Lost => KeyView::Lost,
        }
    }

    /// Returns the settings of a provider.
    pub(super) fn provider(&self) -> provider::Settings {
        let (origin, api_key) = (Origin::Page(self.id), self.api_key());
        provider::Settings { origin, api_key, options: self.options.clone() }
    }

    /// Returns the key; empty if there is none, or if it is lost.
    pub(super) fn api_key(&self) -> SecretText {
        match &self.key {
            StoredKey::Open(key) => key.clone(),
            StoredKey::None | StoredKey::Lost => SecretText::default(),
        }
    }
}

/// A key as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyView {
    /// There is none.
    None,
    /// Its last characters; empty if it is too short to show any.
    Ends(String),
    /// The sealing key of the server is lost, or another one, so the API key has to be entered again.
    Lost,
}

/// A model that answers as the assistant, as pages show it.
#[derive(Debug, Clone)]
pub struct ModelView {
    /// The place where it is configured.
    pub origin: Origin,
    /// Its settings.
    pub options: Options,
    /// Its key.
    pub key: KeyView,
    /// The experience of this process with it.
    pub health: Health,
}

/// An endpoint for searches, as pages show it.
#[derive(Debug, Clone)]
pub struct EndpointView {
    /// Its id.
    pub id: EndpointId,
    /// Its settings.
    pub options: Options,
    /// Its key.
    pub key: KeyView,
}

/// The model that answers first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelState {
    /// The name of the model, or `None` if none is connected.
    pub name: Option<String>,
    /// Number of connected models.
    pub count: usize,
}

impl ModelState {
    /// Returns true if a model is connected, so that the built-in responder does not answer.
    pub const fn is_connected(&self) -> bool {
        self.name.is_some()
    }
}
