//! Results of tools. No I/O.

use http::StatusCode;
use rmcp::model::{CallToolResult, ContentBlock, Implementation, MetaObject};
use serde_json::{Value, json};
use web::{ApiError, Code, Language};

use crate::text::NOTICE;

/// Maximum number of characters of a result's JSON.
pub(crate) const MAX_RESULT: usize = 40_000;

/// The member of `_meta` with the code of an error.
const ERROR: &str = "doppel/error";

/// The failure of a tool, for the model to act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    /// One sentence that says what to do.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self { code: "invalid_argument", message: message.into() }
    }

    pub(crate) fn too_long(message: impl Into<String>) -> Self {
        Self { code: "too_long", message: message.into() }
    }

    /// Unknown ids and those of other people look the same.
    pub(crate) fn not_found() -> Self {
        let message = "There is no such entry: use an id that search or list_memories returned.";
        Self { code: "not_found", message: message.to_owned() }
    }

    pub(crate) fn refused() -> Self {
        let message = "The user did not allow this app to do that: tell them, and do not try again. They \
            can allow it \
                       on the page of connected agents.";
        Self { code: "refused_by_person", message: message.to_owned() }
    }

    pub(crate) fn never_kept() -> Self {
        let message = "Not saved: the user does not want things like this to be kept. Do not try again in \
                       other words; tell them.";
        Self { code: "never_kept", message: message.to_owned() }
    }

    pub(crate) fn later(message: impl Into<String>) -> Self {
        Self { code: "try_later", message: message.into() }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let text = error.message(Language::En);
        match (error.code(), error.code().status()) {
            (
                Code::ChatStreamFailed | Code::ChatTokensSpent | Code::ChatContextFailed | Code::ChatUsedUp,
                _,
            ) => Self { code: "model_unavailable", message: format!("{text}. Answer without it.") },
            (Code::QuotaExceeded, _) => Self::later(format!("{text}. Tell the user to make room.")),
            (_, StatusCode::NOT_FOUND) => Self::not_found(),
            (_, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) => {
                Self::argument(format!("{text}. Correct the argument."))
            }
            (_, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) => Self::refused(),
            (_, status) => {
                if status.is_server_error() {
                    tracing::warn!(error = error.cause().unwrap_or_default(), "tool failed");
                }
                let wait = error.wait().unwrap_or(30);
                Self::later(format!("The server could not do it now. Try again in {wait} seconds."))
            }
        }
    }
}

/// Returns the name of this server as each result carries it.
pub(crate) fn implementation() -> Implementation {
    Implementation::new("doppel", env!("CARGO_PKG_VERSION")).with_title("Doppel")
}

fn meta() -> MetaObject {
    let mut meta = MetaObject::new();
    let info = json!({"name": "doppel", "version": env!("CARGO_PKG_VERSION")});
    meta.insert("io.modelcontextprotocol/serverInfo".to_owned(), info);
    meta
}

fn result(text: String, structured: Value) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(structured);
    result.meta = Some(meta());
    result
}

/// Returns a result without texts of people, or one whose form a client prescribes: the text is the JSON.
pub(crate) fn plain(structured: Value) -> CallToolResult {
    result(structured.to_string(), structured)
}

/// Returns a result with stored texts: a line above the JSON says that they are data.
pub(crate) fn stored(structured: Value) -> CallToolResult {
    result(format!("{NOTICE}\n{structured}"), structured)
}

/// Returns a result that is a text alone.
pub(crate) fn told(text: String) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.meta = Some(meta());
    result
}

/// Returns the result of a failed call. It has no structured content, because clients check that of failed
/// calls against the schema of the tool, too, and would show their own error instead of the sentence.
pub(crate) fn failed(failure: &Failure) -> CallToolResult {
    error(failure.code, &failure.message)
}

/// Returns the result of a call that needs a scope the person was not asked for, for clients that read the
/// challenge there and not in a response with the status 403.
pub(crate) fn challenged(message: &str, challenge: String) -> CallToolResult {
    let mut result = error("insufficient_scope", message);
    let meta = result.meta.get_or_insert_with(MetaObject::new);
    meta.insert("mcp/www_authenticate".to_owned(), json!([challenge]));
    result
}

fn error(code: &str, message: &str) -> CallToolResult {
    let mut result = CallToolResult::error(vec![ContentBlock::text(message)]);
    let mut meta = meta();
    meta.insert(ERROR.to_owned(), json!(code));
    result.meta = Some(meta);
    result
}

/// Returns the number of characters of a value as JSON.
pub(crate) fn length(value: &Value) -> usize {
    value.to_string().chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_a_code_and_tell_nothing_internal() {
        for (error, code) in [
            (ApiError::new(Code::MemoryNotFound), "not_found"),
            (ApiError::new(Code::NoteUpdateNotFound), "not_found"),
            (ApiError::new(Code::MemoryContentRequired), "invalid_argument"),
            (ApiError::new(Code::QuotaExceeded).with("1"), "try_later"),
            (ApiError::new(Code::RateLimited).retry_after(7), "try_later"),
            (ApiError::new(Code::ChatStreamFailed).because("secret"), "model_unavailable"),
            (ApiError::new(Code::ChatUsedUp), "model_unavailable"),
            (ApiError::new(Code::PermissionDenied).with("x"), "refused_by_person"),
            (ApiError::internal("secret"), "try_later"),
        ] {
            let failure = Failure::from(error);
            assert_eq!(failure.code, code);
            assert!(!failure.message.contains("secret"), "{failure:?}");
        }
    }

    #[test]
    fn errors_have_a_sentence_and_a_code() {
        let result = serde_json::to_value(failed(&Failure::not_found())).unwrap();
        assert_eq!((&result["isError"], &result["_meta"][ERROR]), (&json!(true), &json!("not_found")));
        assert!(result.get("structuredContent").is_none());
        let result = serde_json::to_value(challenged("No", "Bearer x".to_owned())).unwrap();
        assert_eq!(result["_meta"]["mcp/www_authenticate"], json!(["Bearer x"]));
    }

    #[test]
    fn text_and_structure_are_equal() {
        let value = json!({"results": []});
        let result = serde_json::to_value(plain(value.clone())).unwrap();
        assert_eq!(result["content"], json!([{"type": "text", "text": value.to_string()}]));
        assert_eq!((&result["structuredContent"], &result["isError"]), (&value, &json!(false)));
        let result = serde_json::to_value(stored(value.clone())).unwrap();
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(text.split_once('\n').unwrap(), (NOTICE, value.to_string().as_str()));
    }
}
