//! One error of an input.

use serde::Serialize;
use serde_json::Value;

/// One error in an input, in the format of FastAPI's validation errors, which the SecondMe API returns.
#[derive(Debug, Clone, Serialize)]
pub struct Issue {
    /// The kind of the error, such as `missing` or `string_too_long`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The place of the error: `body`, `query`, or `path`, then the names of the field and of the members
    /// inside it.
    pub loc: Vec<String>,
    /// The expected input, in words for people.
    pub msg: String,
    /// The input that was found; `null` if it is absent or too long to repeat.
    pub input: Value,
}
