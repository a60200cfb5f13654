//! Capabilities of a provider's model: first configured, then learned from its refusals. No I/O.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::message::{Ask, Form, Role};

/// The support of `response_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonSupport {
    /// Assumed until it is refused.
    Auto,
    /// None: JSON is requested in the prompt only.
    None,
    /// `json_object`.
    JsonObject,
    /// `json_object` and `json_schema`.
    JsonSchema,
}

/// The request member that limits the tokens of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokensMember {
    /// `max_tokens`, or another one if that is refused.
    Auto,
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
    /// None: no limit is sent.
    None,
}

/// The capabilities of a provider's model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Traits {
    pub(crate) images: bool,
    pub(crate) tools: bool,
    pub(crate) json: JsonSupport,
    pub(crate) tokens: TokensMember,
    /// Maximum number of tokens of an answer.
    pub(crate) most_tokens: Option<u32>,
    pub(crate) stream_options: bool,
    /// True if a prompt must be one leading system message followed by alternating turns.
    pub(crate) strict_turns: bool,
    /// True if the role `system` is accepted. Otherwise its text is added to the first message.
    pub(crate) system_role: bool,
    /// Request members that are never sent.
    pub(crate) omitted: BTreeSet<String>,
    /// True if answers begin inside thoughts.
    pub(crate) opens_thinking: bool,
    /// True if the model thinks before it answers.
    pub(crate) thinks: bool,
}

/// Words in a refusal that mean that a member itself is refused, not its value.
const UNKNOWN: &[&str] = &[
    "unsupported",
    "not support",
    "n't support",
    "unrecognized",
    "unknown",
    "unexpected",
    "extra",
    "not permitted",
    "not allowed",
    "deprecated",
    "unavailable",
    "only the default",
    "不支持",
];
/// Words in a refusal that mean that a number is too large.
const TOO_LARGE: &[&str] =
    &["too large", "at most", "maximum", "less than", "exceed", "range", "between", "up to", "limit"];
/// Words in a refusal that mean that prompt and answer do not fit into the model's context.
const CONTEXT: &[&str] = &["context length", "context_length", "context window", "context size"];
/// Words in a refusal that mean that a message has a role that the model does not know.
const NO_SUCH_ROLE: &[&str] =
    &["input should be", "invalid role", "unknown role", "unknown variant", "must be one of", "not one of"];
/// Least number of tokens that is worth asking for, if a context has no room for more.
const LEAST_ROOM: u32 = 16;
/// Members of an error's JSON that describe the error. Others may repeat the request.
const DESCRIBING: &[&str] = &[
    "error",
    "message",
    "msg",
    "detail",
    "param",
    "loc",
    "code",
    "reason",
    "description",
    "title",
    "errors",
];
/// Maximum size of an error that is read, in bytes.
pub(super) const MAX_ERROR: usize = 64 << 10;

impl Traits {
    /// Returns the change that avoids a refusal, or `None` if the refusal names nothing that can be left
    /// out. The second value is true if the change applies to further requests as well.
    pub(super) fn adapted(&self, ask: &Ask, error: &[u8]) -> Option<(Self, bool)> {
        let said = description(error);
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let mut traits = self.clone();
        // Prompt and answer together are too long. The prompt alone may fit.
        if says(CONTEXT)
            && let Some(room) = room(&said, self.most(ask))
        {
            traits.most_tokens = Some(room);
            return Some((traits, false));
        }
        // The prompt is too long or not allowed; leaving out a member does not help.
        if says(CONTEXT) || says(&["content_policy", "content policy"]) {
            return None;
        }
        let is_unknown = says(UNKNOWN);
        if says(&["stream_options", "include_usage"]) && self.stream_options {
            traits.stream_options = false;
        } else if says(&["max_tokens", "max_completion_tokens"]) && self.limits(&mut traits, ask, &said) {
        } else if says(&[
            "response_format",
            "json_schema",
            "json_object",
            "structured output",
            "json mode",
            "grammar",
        ]) && self.json_used(&ask.form) != JsonSupport::None
        {
            traits.json = match self.json_used(&ask.form) {
                JsonSupport::JsonSchema => JsonSupport::JsonObject,
                _ => JsonSupport::None,
            };
        } else if let Some(name) = ask
            .members
            .iter()
            .map(|(name, _)| *name)
            .find(|name| !self.omitted.contains(*name) && mentions(&said, name))
        {
            traits.omitted.insert(name.to_owned());
            return Some((traits, is_unknown));
        } else if says(&["tool", "function call"]) && self.tools && !ask.tools.is_empty() {
            traits.tools = false;
        } else if says(&["image", "vision", "multimodal", "multi-modal"]) && self.images && ask.has_images() {
            traits.images = false;
        } else if says(&[
            "alternat",
            "consecutive",
            "roles must",
            "at the beginning",
            "must be first",
            "only one system",
        ]) && !self.strict_turns
        {
            traits.strict_turns = true;
        } else if self.system_role
            && (says(&["developer instruction"]) || (says(&["role"]) && says(NO_SUCH_ROLE)))
        {
            traits.system_role = false;
        } else if says(&["system"]) && says(&["role", "message", "prompt", "instruction"]) && self.system_role
        {
            if !self.strict_turns && !is_unknown {
                traits.strict_turns = true;
            } else {
                traits.system_role = false;
            }
        } else {
            return None;
        }
        Some((traits, true))
    }

    /// Adapts to a refusal of the token limit. Returns false if nothing can be changed.
    fn limits(&self, traits: &mut Self, ask: &Ask, said: &str) -> bool {
        let is_too_large = TOO_LARGE.iter().any(|word| said.contains(word));
        let sent = self.most(ask);
        let most = numbers(said).into_iter().filter(|number| (16..sent).contains(number)).max();
        match (self.tokens, most) {
            (TokensMember::None, _) => return false,
            (_, Some(most)) if is_too_large && !said.contains("instead") => traits.most_tokens = Some(most),
            (TokensMember::Auto | TokensMember::MaxTokens, _)
                if !self.omitted.contains("max_completion_tokens") =>
            {
                traits.tokens = TokensMember::MaxCompletionTokens;
                traits.omitted.insert("max_tokens".to_owned());
            }
            (TokensMember::MaxCompletionTokens, _) if !self.omitted.contains("max_tokens") => {
                traits.tokens = TokensMember::MaxTokens;
                traits.omitted.insert("max_completion_tokens".to_owned());
            }
            _ => traits.tokens = TokensMember::None,
        }
        true
    }

    /// Returns the maximum number of tokens of an answer, with room for thoughts if the model thinks.
    pub(super) fn most(&self, ask: &Ask) -> u32 {
        let room = if self.thinks { ask.thinking_room } else { 0 };
        let most = ask.max_tokens.saturating_add(room);
        self.most_tokens.map_or(most, |limit| most.min(limit))
    }

    /// Returns the `response_format` that is used for a form.
    pub(super) fn json_used(&self, form: &Form) -> JsonSupport {
        let support = match self.json {
            JsonSupport::Auto => JsonSupport::JsonSchema,
            other => other,
        };
        match (form, support) {
            (Form::Text, _) => JsonSupport::None,
            // `json_object` does not allow a list, and many providers refuse a schema whose root is a list.
            (Form::Json(Some(schema)), JsonSupport::JsonObject) if schema["type"] == "array" => {
                JsonSupport::None
            }
            (Form::Json(Some(schema)), _) if schema["type"] == "array" && self.json == JsonSupport::Auto => {
                JsonSupport::None
            }
            (Form::Json(None), JsonSupport::JsonSchema) => JsonSupport::JsonObject,
            (_, support) => support,
        }
    }
}

#[cfg(test)]
impl Traits {
    /// Returns the traits of an unknown provider.
    pub(super) fn sample() -> Self {
        Self {
            images: true,
            tools: true,
            json: JsonSupport::Auto,
            tokens: TokensMember::Auto,
            most_tokens: None,
            stream_options: true,
            strict_turns: false,
            system_role: true,
            omitted: BTreeSet::new(),
            opens_thinking: false,
            thinks: false,
        }
    }
}

impl Ask {
    fn has_images(&self) -> bool {
        self.messages.iter().any(|message| message.role == Role::User && !message.images.is_empty())
    }
}

/// Returns the numbers in a text.
fn numbers(said: &str) -> Vec<u32> {
    said.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

/// Returns the room for an answer in a context, from an error that gives the sizes of the context and of the
/// prompt: `maximum context length is 4096 tokens … (3000 in the messages, 2000 in the completion)`.
fn room(said: &str, sent: u32) -> Option<u32> {
    let after = CONTEXT.iter().filter_map(|word| said.find(word).map(|at| at + word.len())).min()?;
    let context = numbers(said.get(after..)?).into_iter().find(|number| *number > LEAST_ROOM)?;
    let is_prompt =
        |number: &u32| *number != sent && *number < context && number.saturating_add(sent) > context;
    let prompt = numbers(said).into_iter().filter(is_prompt).max()?;
    Some(context - prompt).filter(|room| *room >= LEAST_ROOM && *room < sent)
}

/// Returns true if a text mentions a name as a whole word.
fn mentions(said: &str, name: &str) -> bool {
    said.match_indices(name).any(|(at, _)| {
        let before = said.get(..at).and_then(|text| text.chars().next_back());
        let after = said.get(at + name.len()..).and_then(|text| text.chars().next());
        [before, after].into_iter().flatten().all(|c| !(c.is_alphanumeric() || c == '_'))
    })
}

/// Returns the description of an error in lower case, without repetitions of the request.
fn description(error: &[u8]) -> String {
    fn collect(value: &Value, out: &mut String) {
        match value {
            Value::String(text) => {
                out.push_str(text);
                out.push('\n');
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, out)),
            Value::Object(members) => {
                for (_, value) in members.iter().filter(|(name, _)| DESCRIBING.contains(&name.as_str())) {
                    collect(value, out);
                }
            }
            _ => {}
        }
    }
    let mut said = String::new();
    match serde_json::from_slice::<Value>(error) {
        Ok(value) => collect(&value, &mut said),
        Err(_no_json) => said.push_str(&String::from_utf8_lossy(error)),
    }
    said.to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::message::Message, *};

    fn traits() -> Traits {
        Traits::sample()
    }

    fn ask() -> Ask {
        Ask {
            form: Form::Json(Some(json!({"type": "object"}))),
            members: vec![("temperature", json!(0.5)), ("stop", json!(["x"])), ("seed", json!(1))],
            ..Ask::new("m", vec![Message::new(Role::User, "x")], 2000)
        }
    }

    #[test]
    fn what_a_refusal_names_is_changed() {
        type Change = fn(&mut Traits);
        let rename: Change = |traits| {
            traits.tokens = TokensMember::MaxCompletionTokens;
            traits.omitted.insert("max_tokens".into());
        };
        let cases: Vec<(Value, Change)> = vec![
            (
                json!({"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this \
                    model. Use 'max_completion_tokens' instead.", "param": "max_tokens"}}),
                rename,
            ),
            (
                json!({
                    "detail": [{
                        "type": "extra_forbidden",
                        "loc": ["body", "max_tokens"],
                        "msg": "Extra inputs are not permitted",
                        "input": 2000,
                    }],
                }),
                rename,
            ),
            (
                json!({
                    "error": {"message": "max_tokens is too large: 2000. This model supports at most 1024 \
                     completion tokens"},
                }),
                |traits| traits.most_tokens = Some(1024),
            ),
            (
                json!({
                    "detail": [{
                        "loc": ["body", "stream_options"],
                        "msg": "Extra inputs are not permitted",
                        "input": {"temperature": 1},
                    }],
                }),
                |traits| traits.stream_options = false,
            ),
            (json!({"message": "unknown field \"include_usage\""}), |traits| traits.stream_options = false),
            (json!({"error": {"message": "This response_format type is unavailable now"}}), |traits| {
                traits.json = JsonSupport::JsonObject
            }),
            (json!("Failed to parse grammar"), |traits| traits.json = JsonSupport::JsonObject),
            (
                json!({"error": {"message": "Unsupported value: 'temperature' does not support 0.5 with this \
                    model. Only the default (1) value is supported."}}),
                |traits| {
                    traits.omitted.insert("temperature".into());
                },
            ),
            (json!({"error": "seed is not supported"}), |traits| {
                traits.omitted.insert("seed".into());
            }),
            (json!({"error": "System role not supported"}), |traits| traits.system_role = false),
            (json!({"error": {"message": "System message must be at the beginning."}}), |traits| {
                traits.strict_turns = true
            }),
            (
                json!({"message": "Conversation roles must alternate user/assistant/user/assistant/..."}),
                |traits| traits.strict_turns = true,
            ),
            (
                json!({"error": {"message": "Developer instruction is not enabled for models/gemma-3-27b"}}),
                |traits| traits.system_role = false,
            ),
            (
                json!({"detail": [{
                    "loc": ["body", "messages", 0, "role"],
                    "msg": "Input should be 'user' or 'assistant'",
                }]}),
                |traits| traits.system_role = false,
            ),
            (
                json!({"error": {"message": "This model's maximum context length is 4096 tokens. \
                    However, you requested 5000 tokens (3000 in the messages, 2000 in the completion)."}}),
                |traits| traits.most_tokens = Some(1096),
            ),
            (
                json!({"error": {"message": "'max_tokens' or 'max_completion_tokens' is too large: 2000. \
                    This model's maximum context length is 2048 tokens and your request has 500 input \
                    tokens (2000 > 2048 - 500)."}}),
                |traits| traits.most_tokens = Some(1548),
            ),
        ];
        for (error, change) in cases {
            let mut expected = traits();
            change(&mut expected);
            let (adapted, _) = traits().adapted(&ask(), error.to_string().as_bytes()).expect("a change");
            assert_eq!(adapted, expected, "{error}");
        }
        for error in [
            "",
            "no",
            "{\"error\":{\"message\":\"no\"}}",
            "{\"message\":\"maximum context length is 10, max_tokens\"}",
            "{\"message\":\"bad\",\"input\":{\"temperature\":1}}",
        ] {
            assert_eq!(traits().adapted(&ask(), error.as_bytes()), None, "{error}");
        }
    }

    #[test]
    fn every_change_ends_and_a_value_is_left_out_once_only() {
        let everything = b"max_tokens max_completion_tokens stream_options response_format temperature stop \
            seed tools image system role alternate";
        let mut traits = traits();
        let mut steps = 0;
        while let Some((next, _)) = traits.adapted(&ask(), everything) {
            traits = next;
            steps += 1;
            assert!(steps < 20, "it goes on for ever");
        }
        let (_, is_kept) = self::traits().adapted(&ask(), b"temperature must be positive").unwrap();
        assert!(!is_kept);
    }
}
