//! Wire types of the OpenAI-compatible API.

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;

/// Body of `POST /v1/chat/completions`. Members that do not change the answer are ignored.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Request {
    pub(super) model: Option<String>,
    pub(super) messages: Vec<RequestMessage>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) stream: Option<bool>,
    pub(super) stream_options: Option<StreamOptions>,
    pub(super) max_tokens: Option<Value>,
    pub(super) max_completion_tokens: Option<Value>,
    pub(super) response_format: Option<Value>,
    pub(super) tools: Option<Vec<Value>>,
    pub(super) tool_choice: Option<Value>,
    pub(super) parallel_tool_calls: Option<Value>,
    pub(super) temperature: Option<Value>,
    pub(super) top_p: Option<Value>,
    pub(super) frequency_penalty: Option<Value>,
    pub(super) presence_penalty: Option<Value>,
    pub(super) seed: Option<Value>,
    pub(super) stop: Option<Value>,
    pub(super) reasoning_effort: Option<Value>,
    pub(super) verbosity: Option<Value>,
    pub(super) logit_bias: Option<Value>,
    // Members of other servers of this protocol.
    pub(super) top_k: Option<Value>,
    pub(super) min_p: Option<Value>,
    pub(super) repetition_penalty: Option<Value>,
    pub(super) enable_thinking: Option<Value>,
    pub(super) chat_template_kwargs: Option<Value>,
    pub(super) n: Option<Value>,
    pub(super) logprobs: Option<Value>,
    pub(super) top_logprobs: Option<Value>,
    pub(super) modalities: Option<Value>,
    pub(super) audio: Option<Value>,
    pub(super) functions: Option<Value>,
    pub(super) function_call: Option<Value>,
    pub(super) web_search_options: Option<Value>,
}

/// Reads a boolean, which some clients send as a text or a number.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag)),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Value::Number(number) if number.as_f64() == Some(1.0) => Ok(Some(true)),
        Value::Number(number) if number.as_f64() == Some(0.0) => Ok(Some(false)),
        other => Err(D::Error::custom(format!("invalid type: {other}, expected a boolean"))),
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct StreamOptions {
    #[serde(default, deserialize_with = "flag")]
    pub(super) include_usage: Option<bool>,
}

/// A message of the conversation.
#[derive(Debug, Default, Deserialize)]
pub(super) struct RequestMessage {
    pub(super) role: String,
    #[serde(default)]
    pub(super) content: Value,
    pub(super) tool_calls: Option<Vec<EarlierCall>>,
    pub(super) tool_call_id: Option<String>,
}

/// A tool call that the model made earlier.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EarlierCall {
    pub(super) id: String,
    pub(super) function: CalledFunction,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CalledFunction {
    pub(super) name: String,
    pub(super) arguments: Value,
}

/// A complete answer, or a chunk of one.
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
    /// The model's thoughts, under the name that many providers and clients use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_content: Option<&'c str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<Call<'c>>,
}

/// A call of one of the client's tools.
#[derive(Debug, Serialize)]
pub(super) struct Call<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
    pub(super) id: &'c str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) function: CallFunction<'c>,
}

#[derive(Debug, Serialize)]
pub(super) struct CallFunction<'c> {
    pub(super) name: &'c str,
    pub(super) arguments: &'c str,
}

#[derive(Debug, Serialize)]
pub(super) struct Usage {
    pub(super) prompt_tokens: i64,
    pub(super) completion_tokens: i64,
    pub(super) total_tokens: i64,
}

/// Response of `GET /v1/models`.
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
