//! `[model]` and `[chat]`: the providers of models, and limits of conversations.

use std::collections::BTreeMap;

use chat::provider::{self, JsonSupport, Options, Origin, TokensMember};
use serde::{Deserialize, Serialize};
use store::SecretText;
use web::redact::{self, SecretUrl};

use super::check::limit;

/// A provider of models, and the fallbacks tried after it. Keys that a fallback leaves out have the defaults
/// given here.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Model {
    pub base_url: String,
    pub api_key: SecretText,
    pub name: String,
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
    pub names: BTreeMap<String, String>,
    pub fallback: Vec<Model>,
}

/// The defaults of a fallback, which are those of a model on a page.
impl Default for Model {
    fn default() -> Self {
        let Options {
            base_url,
            name,
            names,
            images,
            tools,
            json,
            tokens_member,
            stream_options,
            strict_turns,
            system_role,
            omit,
            opens_thinking,
            connect_seconds,
            first_token_seconds,
            idle_seconds,
            total_seconds,
            ..
        } = Options::default();
        Self {
            base_url,
            api_key: SecretText::default(),
            name,
            images,
            tools,
            json,
            tokens_member,
            stream_options,
            strict_turns,
            system_role,
            omit,
            opens_thinking,
            connect_seconds,
            first_token_seconds,
            idle_seconds,
            total_seconds,
            names,
            fallback: Vec::new(),
        }
    }
}

/// The settings of conversations.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Chat {
    pub prompt_tokens: u64,
    pub recall_tokens: u64,
    pub max_streams: u64,
    pub daily_tokens: u64,
    pub distill: bool,
    pub distill_after_seconds: u64,
    pub dream: bool,
    pub dream_tokens: u64,
    pub max_body_bytes: u64,
    pub search_url: SecretUrl,
    pub look_for_models: Vec<String>,
}

impl Model {
    /// Returns the configured providers, in order.
    pub fn providers(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.fallback).filter(|provider| !provider.base_url.is_empty())
    }

    /// Returns the settings of the configured providers for the chat crate, in order.
    pub fn settings(&self) -> Vec<provider::Settings> {
        let settings = |(place, provider): (usize, &Self)| provider::Settings {
            origin: Origin::Setting(place),
            api_key: provider.api_key.clone(),
            options: provider.options(),
        };
        self.providers().enumerate().map(settings).collect()
    }

    fn options(&self) -> Options {
        let other = self.clone();
        Options {
            base_url: other.base_url,
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
            connect_seconds: self.connect_seconds,
            first_token_seconds: self.first_token_seconds,
            idle_seconds: self.idle_seconds,
            total_seconds: self.total_seconds,
            ..Options::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.base_url.is_empty() && !self.fallback.is_empty() {
            return Err("model.base_url is empty, but there is a model.fallback".to_owned());
        }
        for (i, provider) in std::iter::once(self).chain(&self.fallback).enumerate() {
            let place = if i == 0 { "model".to_owned() } else { format!("model.fallback.{}", i - 1) };
            let url = &provider.base_url;
            let is_url = url.starts_with("http://") || url.starts_with("https://");
            if (i > 0 || !url.is_empty()) && (!is_url || url.contains(['?', '#', '@', ' '])) {
                let url = redact::url(url);
                return Err(format!(
                    "{place}.base_url = {url:?}: expected an address as http://127.0.0.1:11434/v1"
                ));
            }
            if !url.is_empty() && provider.name.is_empty() {
                return Err(format!("{place}.name is empty: expected the provider's name of a model"));
            }
            if i > 0 && !provider.fallback.is_empty() {
                return Err(format!("{place}.fallback: expected the fallbacks side by side under model"));
            }
            limit(&format!("{place}.connect_seconds"), provider.connect_seconds, 1, 600)?;
            limit(&format!("{place}.first_token_seconds"), provider.first_token_seconds, 1, 3600)?;
            limit(&format!("{place}.idle_seconds"), provider.idle_seconds, 1, 3600)?;
            limit(&format!("{place}.total_seconds"), provider.total_seconds, 1, 3600)?;
        }
        Ok(())
    }
}

impl Chat {
    pub(super) fn check(&self) -> Result<(), String> {
        limit("chat.prompt_tokens", self.prompt_tokens, 500, 1_000_000)?;
        limit("chat.recall_tokens", self.recall_tokens, 0, self.prompt_tokens)?;
        limit("chat.max_streams", self.max_streams, 1, 1_000_000)?;
        limit("chat.daily_tokens", self.daily_tokens, 0, 1 << 50)?;
        limit("chat.distill_after_seconds", self.distill_after_seconds, 0, 86_400)?;
        limit("chat.dream_tokens", self.dream_tokens, 1000, 1_000_000)?;
        limit("chat.max_body_bytes", self.max_body_bytes, 1024, 1 << 30)?;
        let url = &self.search_url;
        if !url.is_empty() && !url.starts_with("http://") && !url.starts_with("https://") {
            let url = redact::url(url);
            return Err(format!(
                "chat.search_url = {url:?}: expected an address as http://127.0.0.1:8888, or nothing"
            ));
        }
        limit("chat.look_for_models", u64::try_from(self.look_for_models.len()).unwrap_or(u64::MAX), 0, 20)?;
        for url in &self.look_for_models {
            let is_url = url.starts_with("http://") || url.starts_with("https://");
            if !is_url || url.contains(['?', '#', '@', ' ']) {
                let url = redact::url(url);
                return Err(format!(
                    "chat.look_for_models has {url:?}: expected addresses as http://127.0.0.1:11434/v1"
                ));
            }
        }
        Ok(())
    }
}
