//! Collects all errors of an input, so that one 422 response reports them together.

use std::ops::RangeInclusive;

use serde_json::Value;

pub use crate::error::Issue;
use crate::{
    error::{ApiError, Code},
    names,
};

/// The errors of one part of a request.
#[derive(Debug)]
pub struct Issues {
    part: &'static str,
    list: Vec<Issue>,
}

impl Issues {
    /// Creates an empty list for the body, JSON or form.
    pub fn body() -> Self {
        Self { part: "body", list: Vec::new() }
    }

    /// Creates an empty list for the query string.
    pub fn query() -> Self {
        Self { part: "query", list: Vec::new() }
    }

    /// Adds an error in a field. Dots separate levels; an empty `field` means the whole part.
    pub fn add(&mut self, kind: &'static str, field: &str, msg: impl Into<String>) {
        self.add_with(kind, field, msg, Value::Null);
    }

    /// Adds an error in a field, with the input that was found.
    pub fn add_with(&mut self, kind: &'static str, field: &str, msg: impl Into<String>, input: Value) {
        let mut loc = vec![self.part.to_owned()];
        loc.extend(field.split('.').filter(|part| !part.is_empty()).map(str::to_owned));
        self.list.push(Issue { kind, loc, msg: msg.into(), input });
    }

    /// Checks that a number is within a range. Returns it.
    pub fn range(&mut self, field: &str, value: i64, range: RangeInclusive<i64>) -> i64 {
        if !range.contains(&value) {
            let (least, most) = (range.start(), range.end());
            self.add("value_error", field, format!("Input should be from {least} to {most}"));
        }
        value
    }

    /// Adds the error of a missing field, `Field required`.
    pub fn missing(&mut self, field: &str) {
        self.add("missing", field, "Field required");
    }

    /// Trims and checks a required text of 1 to `max` characters (Unicode code points). Returns the trimmed
    /// text, which is empty if the value is missing.
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

    /// Checks that a text has at most `max` characters, and no control characters except line breaks and
    /// tabs.
    pub fn text(&mut self, field: &str, value: &str, max: usize) {
        if value.len() > max && value.chars().count() > max {
            self.add("string_too_long", field, format!("String should have at most {max} characters"));
        }
        if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.add("string_control", field, "String should not contain control characters");
        }
    }

    /// Checks a text as [`Issues::text`] does, and that it has no line breaks.
    pub fn line(&mut self, field: &str, value: &str, max: usize) {
        self.text(field, value, max);
        if value.contains(['\n', '\r']) {
            self.add("string_control", field, "String should not contain line breaks");
        }
    }

    /// Trims and checks a required name on one line, with at least one visible and at most `max` characters,
    /// by the rules of [`names`]. Returns the trimmed name, which is empty if the value is missing.
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

    /// Checks a name as [`Issues::name`] does if it is not blank.
    pub fn optional_name(&mut self, field: &str, value: &str, max: usize) {
        if !value.trim().is_empty() {
            self.name(field, Some(value), max);
        }
    }

    /// Checks a text on one line that must not hold invisible characters.
    fn visible(&mut self, field: &str, value: &str, max: usize) {
        let before = self.list.len();
        self.line(field, value, max);
        if self.list.len() == before && names::is_deceptive(value) {
            let expected =
                "String should not contain characters that are invisible or change the direction of text";
            self.add("string_control", field, expected);
        }
    }

    /// True if there are no errors.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns all errors as one 422, or `Ok` if there are none.
    ///
    /// # Errors
    /// [`Code::Unprocessable`] with all errors; its message is `field: expected input` of the first one.
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
