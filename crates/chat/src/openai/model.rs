//! OpenAI's protocol as far as clients of the double speak it.

use serde::{Deserialize, Serialize};

/// Body of `POST /v1/chat/completions`. Everything else that clients send is ignored.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Request {
    pub(super) model: Option<String>,
    pub(super) messages: Vec<Said>,
    pub(super) stream: Option<bool>,
    pub(super) stream_options: Option<StreamOptions>,
    pub(super) max_tokens: Option<i64>,
    pub(super) max_completion_tokens: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct StreamOptions {
    pub(super) include_usage: Option<bool>,
}

/// A message of the conversation.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    pub(super) role: String,
    pub(super) content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
pub(super) struct Part {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) text: Option<String>,
    pub(super) image_url: Option<ImageUrl>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ImageUrl {
    pub(super) url: String,
}

/// An answer or a part of one.
#[derive(Debug, Serialize)]
pub(super) struct Completion<'c> {
    pub(super) id: &'c str,
    pub(super) object: &'static str,
    pub(super) created: i64,
    pub(super) model: &'c str,
    pub(super) choices: Vec<Choice<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Usage>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Choice<'c> {
    pub(super) index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Delta<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<Delta<'c>>,
    pub(super) finish_reason: Option<&'static str>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Delta<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<&'c str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Usage {
    pub(super) prompt_tokens: i64,
    pub(super) completion_tokens: i64,
    pub(super) total_tokens: i64,
}

/// Answer of `GET /v1/models`.
#[derive(Debug, Serialize)]
pub(super) struct Models<'m> {
    pub(super) object: &'static str,
    pub(super) data: Vec<Model<'m>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Model<'m> {
    pub(super) id: &'m str,
    pub(super) object: &'static str,
    pub(super) created: i64,
    pub(super) owned_by: &'static str,
}
