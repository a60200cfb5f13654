//! The settings of a model's endpoint, as a page stores them and as the configuration has them.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::traits::{JsonSupport, TokensMember, Traits};

/// The settings of a model's endpoint, without its API key. Those of searches use only some of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// The URL before `/chat/completions`, `/embeddings`, `/rerank` or `/audio/speech`.
    pub base_url: String,
    /// The provider's name of its default model.
    pub name: String,
    /// The provider's names of further models, by the names that clients use.
    pub names: BTreeMap<String, String>,
    /// True if the model accepts pictures.
    pub images: bool,
    /// True if the model supports tools. Others answer without them.
    pub tools: bool,
    /// The way in which the model is asked for JSON.
    pub json: JsonSupport,
    /// The request member that limits the tokens of an answer.
    pub tokens_member: TokensMember,
    /// True if `stream_options` is sent.
    pub stream_options: bool,
    /// True if a prompt must be one leading system message followed by alternating turns.
    pub strict_turns: bool,
    /// True if the role `system` is accepted.
    pub system_role: bool,
    /// Request members that are never sent, such as `temperature`.
    pub omit: Vec<String>,
    /// True if answers begin inside thoughts, which end at a closing tag.
    pub opens_thinking: bool,
    /// Connect timeout.
    pub connect_seconds: u64,
    /// Timeout for the first piece of an answer.
    pub first_token_seconds: u64,
    /// Timeout between two pieces of an answer.
    pub idle_seconds: u64,
    /// Timeout for a whole answer.
    pub total_seconds: u64,
    /// The prefix of queries that are embedded, or [`AUTO`](memory::meaning::AUTO).
    pub query_prefix: String,
    /// The prefix of passages that are embedded, or [`AUTO`](memory::meaning::AUTO).
    pub passage_prefix: String,
    /// The number of dimensions to ask for; 0 for those of the model.
    pub dimensions: u32,
    /// The voice of people who have none of their own.
    pub voice: String,
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
            voice: String::new(),
            dimensions: 0,
        }
    }
}

impl Options {
    /// Returns the connect timeout.
    pub(super) const fn connect(&self) -> Duration {
        Duration::from_secs(self.connect_seconds)
    }

    /// Returns the timeout for the first piece of an answer.
    pub(super) const fn first_token(&self) -> Duration {
        Duration::from_secs(self.first_token_seconds)
    }

    /// Returns the timeout between two pieces of an answer.
    pub(super) const fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }

    /// Returns the timeout for a whole answer.
    pub(super) const fn total(&self) -> Duration {
        Duration::from_secs(self.total_seconds)
    }

    /// Returns true if a name is one of the provider's own names of models.
    pub(super) fn has(&self, model: &str) -> bool {
        self.name == model || self.names.values().any(|name| name == model)
    }

    /// Maps the model that a client asks for to the provider's name; the default model if it is unknown.
    pub(super) fn model(&self, asked: &str) -> &str {
        match self.names.get(asked) {
            Some(name) => name,
            None if self.has(asked) => self.names.values().find(|name| *name == asked).unwrap_or(&self.name),
            None => &self.name,
        }
    }

    /// Returns what is known of a model before it was asked for the first time.
    pub(super) fn traits(&self) -> Traits {
        Traits {
            images: self.images,
            tools: self.tools,
            json: self.json,
            tokens: self.tokens_member,
            most_tokens: None,
            stream_options: self.stream_options,
            strict_turns: self.strict_turns,
            system_role: self.system_role,
            omitted: self.omit.iter().cloned().collect(),
            opens_thinking: self.opens_thinking,
            thinks: false,
        }
    }
}
