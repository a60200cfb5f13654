//! Collecting everything that is wrong with an input, to answer 422 once with all of it (§0.5).

use serde::Serialize;
use serde_json::Value;

use crate::{
    error::{ApiError, Code},
    names,
};

/// One thing wrong with an input, in the shape of the original API's framework.
#[derive(Debug, Clone, Serialize)]
pub struct Issue {
    /// The kind, such as `missing` or `string_too_long`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where: `body`, `query` or `path`, then the field and whatever is inside it.
    pub loc: Vec<String>,
    /// What was expected, for people.
    pub msg: String,
    /// What was found; `null` where it is absent or too long to repeat.
    pub input: Value,
}

/// A list of issues about one part of a request.
#[derive(Debug)]
pub struct Issues {
    part: &'static str,
    list: Vec<Issue>,
}

impl Issues {
    /// Issues of the JSON or form body.
    pub fn body() -> Self {
        Self { part: "body", list: Vec::new() }
    }

    /// Issues of the query string.
    pub fn query() -> Self {
        Self { part: "query", list: Vec::new() }
    }

    /// Adds an issue about a field (dots separate levels; empty means the whole part).
    pub fn add(&mut self, kind: &'static str, field: &str, msg: impl Into<String>) {
        self.add_with(kind, field, msg, Value::Null);
    }

    /// Adds an issue and repeats what was found.
    pub fn add_with(&mut self, kind: &'static str, field: &str, msg: impl Into<String>, input: Value) {
        let mut loc = vec![self.part.to_owned()];
        loc.extend(field.split('.').filter(|part| !part.is_empty()).map(str::to_owned));
        self.list.push(Issue { kind, loc, msg: msg.into(), input });
    }

    /// Adds `Field required`.
    pub fn missing(&mut self, field: &str) {
        self.add("missing", field, "Field required");
    }

    /// A required text of at least one and at most `max` characters (Unicode code points), without
    /// surrounding white space. Answers an empty text where there is an issue.
    pub fn required_text(&mut self, field: &str, value: Option<&str>, max: usize) -> String {
        let Some(value) = value else {
            self.missing(field);
            return String::new();
        };
        let text = value.trim();
        if text.is_empty() {
            self.add("string_too_short", field, "String should have at least 1 character");
        }
        self.text(field, text, max);
        text.to_owned()
    }

    /// Checks that a text has at most `max` characters and no control characters but line breaks and tabs.
    pub fn text(&mut self, field: &str, value: &str, max: usize) {
        if value.len() > max && value.chars().count() > max {
            self.add("string_too_long", field, format!("String should have at most {max} characters"));
        }
        if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.add("string_control", field, "String should not contain control characters");
        }
    }

    /// Checks a text that must stand on one line.
    pub fn line(&mut self, field: &str, value: &str, max: usize) {
        self.text(field, value, max);
        if value.contains(['\n', '\r']) {
            self.add("string_control", field, "String should not contain line breaks");
        }
    }

    /// A required name of at least one visible and at most `max` characters on one line, without surrounding white
    /// space, by the rule of [`names`]. Answers an empty text where it is missing.
    pub fn name(&mut self, field: &str, value: Option<&str>, max: usize) -> String {
        let Some(value) = value else {
            self.missing(field);
            return String::new();
        };
        let name = value.trim();
        if names::is_blank(name) {
            self.add("string_too_short", field, "String should have at least 1 visible character");
        } else {
            self.visible(field, name, max);
        }
        name.to_owned()
    }

    /// Checks an optional name, which may be empty; otherwise as [`Issues::name`].
    pub fn optional_name(&mut self, field: &str, value: &str, max: usize) {
        if !value.trim().is_empty() {
            self.name(field, Some(value), max);
        }
    }

    /// Checks a text on one line without characters that cannot be seen.
    fn visible(&mut self, field: &str, value: &str, max: usize) {
        let before = self.list.len();
        self.line(field, value, max);
        if self.list.len() == before && names::is_deceptive(value) {
            let expected =
                "String should not contain characters that are invisible or change the direction of text";
            self.add("string_control", field, expected);
        }
    }

    /// True while nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The 422 with every issue, or nothing.
    ///
    /// # Errors
    /// [`Code::Unprocessable`] whose message is `field: what was expected` of the first issue.
    pub fn finish(self) -> Result<(), ApiError> {
        let Some(first) = self.list.first() else { return Ok(()) };
        let place = match first.loc.get(1..) {
            Some(rest) if !rest.is_empty() => rest.join("."),
            _ => self.part.to_owned(),
        };
        let message = format!("{place}: {}", first.msg);
        Err(ApiError::new(Code::Unprocessable).with(message).issues(self.list))
    }
}
