//! The endpoints of models that administrators configure on a page.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use store::SecretText;

use crate::{
    EndpointId,
    provider::{self, Health, JsonSupport, Origin, TokensMember},
};

/// The purpose of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Answers as the assistant. There may be several, which are tried in order.
    Chat,
    /// Makes vectors for semantic search.
    Embedding,
    /// Orders search results.
    Rerank,
}

impl Purpose {
    /// Returns the name in the store and in forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embedding => "embedding",
            Self::Rerank => "rerank",
        }
    }

    /// Parses the name of a purpose.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Chat, Self::Embedding, Self::Rerank].into_iter().find(|purpose| purpose.name() == name)
    }
}

/// The settings of an endpoint, without its API key. Those of searches use only some of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "default.toml describes them in [model] and [embedding]")]
pub struct Options {
    pub base_url: String,
    pub name: String,
    pub names: BTreeMap<String, String>,
    pub images: bool,
    pub tools: bool,
    pub json: JsonSupport,
    pub tokens_member: TokensMember,
    pub stream_options: bool,
    pub strict_turns: bool,
    pub system_role: bool,
    pub omit: Vec<String>,
    pub opens_thinking: bool,
    pub connect_seconds: u64,
    pub first_token_seconds: u64,
    pub idle_seconds: u64,
    pub total_seconds: u64,
    pub query_prefix: String,
    pub passage_prefix: String,
    pub dimensions: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            name: String::new(),
            names: BTreeMap::new(),
            images: false,
            tools: false,
            json: JsonSupport::Auto,
            tokens_member: TokensMember::Auto,
            stream_options: true,
            strict_turns: true,
            system_role: true,
            omit: Vec::new(),
            opens_thinking: false,
            connect_seconds: 5,
            first_token_seconds: 60,
            idle_seconds: 30,
            total_seconds: 300,
            query_prefix: memory::meaning::AUTO.to_owned(),
            passage_prefix: memory::meaning::AUTO.to_owned(),
            dimensions: 0,
        }
    }
}

impl Options {
    /// Returns the settings of a provider.
    pub(super) fn provider(&self, origin: Origin, api_key: SecretText) -> provider::Settings {
        let other = self.clone();
        provider::Settings {
            origin,
            base_url: other.base_url,
            api_key,
            name: other.name,
            names: other.names,
            images: self.images,
            tools: self.tools,
            json: self.json,
            tokens_member: self.tokens_member,
            stream_options: self.stream_options,
            strict_turns: self.strict_turns,
            system_role: self.system_role,
            omit: other.omit,
            opens_thinking: self.opens_thinking,
            connect: Duration::from_secs(self.connect_seconds),
            first_token: Duration::from_secs(self.first_token_seconds),
            idle: Duration::from_secs(self.idle_seconds),
            total: Duration::from_secs(self.total_seconds),
        }
    }

    /// Returns the settings of a configured provider in this form.
    pub(super) fn of(settings: &provider::Settings) -> Self {
        let other = settings.clone();
        Self {
            base_url: other.base_url,
            name: other.name,
            names: other.names,
            images: settings.images,
            tools: settings.tools,
            json: settings.json,
            tokens_member: settings.tokens_member,
            stream_options: settings.stream_options,
            strict_turns: settings.strict_turns,
            system_role: settings.system_role,
            omit: other.omit,
            opens_thinking: settings.opens_thinking,
            connect_seconds: settings.connect.as_secs(),
            first_token_seconds: settings.first_token.as_secs(),
            idle_seconds: settings.idle.as_secs(),
            total_seconds: settings.total.as_secs(),
            ..Self::default()
        }
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
