//! The form of an endpoint: what was typed, as it was typed.

use chat::{
    EndpointId,
    models::{KeyInput, Options, Purpose},
    provider::{JsonSupport, TokensMember},
};
use web::ApiError;

use super::texts::Texts;
use crate::{form::Fields, problems::Problems};

/// The fields of the form. The key is never shown again.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) id: Option<EndpointId>,
    pub(super) base_url: String,
    pub(super) name: String,
    pub(super) key: String,
    pub(super) removes_key: bool,
    pub(super) images: bool,
    pub(super) tools: bool,
    pub(super) json: String,
    pub(super) tokens_member: String,
    pub(super) omit: String,
    pub(super) names: String,
    pub(super) stream_options: bool,
    pub(super) strict_turns: bool,
    pub(super) system_role: bool,
    pub(super) opens_thinking: bool,
    pub(super) connect_seconds: String,
    pub(super) first_token_seconds: String,
    pub(super) idle_seconds: String,
    pub(super) total_seconds: String,
    pub(super) query_prefix: String,
    pub(super) passage_prefix: String,
    pub(super) dimensions: String,
    pub(super) voice: String,
    /// The button: empty, `test`, `list` or `remove`.
    pub(super) then: String,
    /// The purpose of an endpoint for searches.
    pub(super) purpose: String,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        let text = |name: &str| fields.text(name).trim().to_owned();
        let is_set = |name: &str| fields.text(name) == "yes";
        Self {
            id: text("id").parse().ok(),
            base_url: text("base_url"),
            name: text("name"),
            key: text("api_key"),
            removes_key: is_set("removes_key"),
            images: is_set("images"),
            tools: is_set("tools"),
            json: text("json"),
            tokens_member: text("tokens_member"),
            omit: text("omit"),
            names: fields.text("names"),
            stream_options: is_set("stream_options"),
            strict_turns: is_set("strict_turns"),
            system_role: is_set("system_role"),
            opens_thinking: is_set("opens_thinking"),
            connect_seconds: text("connect_seconds"),
            first_token_seconds: text("first_token_seconds"),
            idle_seconds: text("idle_seconds"),
            total_seconds: text("total_seconds"),
            // Prefixes may end in a space.
            query_prefix: fields.text("query_prefix"),
            passage_prefix: fields.text("passage_prefix"),
            dimensions: text("dimensions"),
            voice: text("voice"),
            then: text("then"),
            purpose: text("purpose"),
        }
    }
}

impl Typed {
    /// Fills the form with settings.
    pub(super) fn of(id: Option<EndpointId>, purpose: Purpose, options: &Options) -> Self {
        let names = options.names.iter().map(|(asked, name)| format!("{asked} = {name}"));
        Self {
            id,
            base_url: options.base_url.clone(),
            name: options.name.clone(),
            images: options.images,
            tools: options.tools,
            json: json_name(options.json).to_owned(),
            tokens_member: tokens_name(options.tokens_member).to_owned(),
            omit: options.omit.join(" "),
            names: names.collect::<Vec<_>>().join("\n"),
            stream_options: options.stream_options,
            strict_turns: options.strict_turns,
            system_role: options.system_role,
            opens_thinking: options.opens_thinking,
            connect_seconds: options.connect_seconds.to_string(),
            first_token_seconds: options.first_token_seconds.to_string(),
            idle_seconds: options.idle_seconds.to_string(),
            total_seconds: options.total_seconds.to_string(),
            query_prefix: options.query_prefix.clone(),
            passage_prefix: options.passage_prefix.clone(),
            dimensions: options.dimensions.to_string(),
            voice: options.voice.clone(),
            purpose: purpose.name().to_owned(),
            ..Self::default()
        }
    }

    /// Returns the settings. A number that is none becomes one that is refused.
    pub(super) fn options(&self) -> Options {
        let seconds = |text: &str| text.parse().unwrap_or(0);
        let pair = |line: &str| {
            let (asked, name) = line.split_once('=').unwrap_or((line, line));
            (asked.trim().to_owned(), name.trim().to_owned())
        };
        let lines = self.names.lines().map(str::trim).filter(|line| !line.is_empty());
        Options {
            base_url: self.base_url.clone(),
            name: self.name.clone(),
            names: lines.map(pair).collect(),
            images: self.images,
            tools: self.tools,
            json: JSON
                .iter()
                .find(|(name, _)| *name == self.json)
                .map_or(JsonSupport::Auto, |(_, json)| *json),
            tokens_member: TOKENS
                .iter()
                .find(|(name, _)| *name == self.tokens_member)
                .map_or(TokensMember::Auto, |(_, member)| *member),
            stream_options: self.stream_options,
            strict_turns: self.strict_turns,
            system_role: self.system_role,
            omit: self.omit.split([' ', ',']).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            opens_thinking: self.opens_thinking,
            connect_seconds: seconds(&self.connect_seconds),
            first_token_seconds: seconds(&self.first_token_seconds),
            idle_seconds: seconds(&self.idle_seconds),
            total_seconds: seconds(&self.total_seconds),
            ..Options::default()
        }
    }

    /// Returns the settings of an endpoint for searches.
    pub(super) fn search_options(&self) -> Options {
        let or_auto =
            |text: &str| if text.is_empty() { Options::default().query_prefix } else { text.to_owned() };
        let dimensions = if self.dimensions.is_empty() { "0" } else { &self.dimensions };
        Options {
            base_url: self.base_url.clone(),
            name: self.name.clone(),
            query_prefix: or_auto(&self.query_prefix),
            passage_prefix: or_auto(&self.passage_prefix),
            dimensions: dimensions.parse().unwrap_or(u32::MAX),
            voice: self.voice.clone(),
            ..Options::default()
        }
    }

    pub(super) fn key_input(&self) -> KeyInput {
        match (self.key.as_str(), self.removes_key) {
            ("", true) => KeyInput::Remove,
            ("", false) => KeyInput::Keep,
            (key, _) => KeyInput::New(key.into()),
        }
    }
}

const JSON: &[(&str, JsonSupport)] = &[
    ("auto", JsonSupport::Auto),
    ("json_schema", JsonSupport::JsonSchema),
    ("json_object", JsonSupport::JsonObject),
    ("none", JsonSupport::None),
];
const TOKENS: &[(&str, TokensMember)] = &[
    ("auto", TokensMember::Auto),
    ("max_tokens", TokensMember::MaxTokens),
    ("max_completion_tokens", TokensMember::MaxCompletionTokens),
    ("none", TokensMember::None),
];

fn json_name(json: JsonSupport) -> &'static str {
    JSON.iter().find(|(_, other)| *other == json).map_or("auto", |(name, _)| name)
}

fn tokens_name(member: TokensMember) -> &'static str {
    TOKENS.iter().find(|(_, other)| *other == member).map_or("auto", |(name, _)| name)
}

/// Returns the problems with the fields of an endpoint.
pub(super) fn problems(error: &ApiError, t: &Texts) -> Problems {
    let mut problems = Problems::default();
    for issue in error.list() {
        let field = issue.loc.get(1).map(String::as_str).unwrap_or_default();
        let text = match issue.kind {
            "missing" | "string_too_short" => t.p_missing,
            "url_parsing" => t.p_url,
            "network" => t.p_network,
            "string_too_long" | "too_long" => t.p_long,
            "number" => t.p_number,
            "key" => t.p_key,
            "key_again" => t.p_key_again,
            "members" => t.p_members,
            _ => t.p_text,
        };
        problems.add(field, text);
    }
    problems
}
