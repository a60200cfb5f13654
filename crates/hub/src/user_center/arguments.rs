//! Typed access to optional arguments, with a precise error for each.

use serde_json::{Map, Value};

use crate::call::{Call, HubError};

impl Call<'_> {
    /// Returns a text of at most `max` characters, if it is present.
    pub(super) fn optional_text(&self, name: &str, max: usize) -> Result<Option<&str>, HubError> {
        match self.arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text(name, max).map(Some),
        }
    }

    /// Returns a text that is not empty.
    pub(super) fn some_text(&self, name: &str, max: usize) -> Result<&str, HubError> {
        match self.text(name, max)? {
            "" => Err(HubError::argument(name, "is empty")),
            text => Ok(text),
        }
    }

    /// Returns a secret, which must not be empty. It must be in the body, because proxies, browser
    /// histories, and logs keep URLs.
    ///
    /// # Errors
    /// `INVALID_PARAMS` as for any text, and if the secret is in the query.
    pub(super) fn secret(&self, name: &str, max: usize) -> Result<&str, HubError> {
        if self.is_in_query(name) {
            return Err(HubError::argument(
                name,
                "is a secret, so it belongs in the body of a POST and not in the address",
            ));
        }
        self.some_text(name, max)
    }

    /// Returns an integer, given as a JSON number or as a text, or `otherwise` if it is absent.
    pub(super) fn whole(&self, name: &str, otherwise: i64) -> Result<i64, HubError> {
        let number = match self.arguments.get(name) {
            None | Some(Value::Null) => return Ok(otherwise),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        number.ok_or_else(|| HubError::argument(name, "a whole number"))
    }

    /// Returns a boolean, given as JSON or as a text.
    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, HubError> {
        match self.arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(HubError::argument(name, "true or false")),
        }
    }

    /// Returns an object.
    pub(super) fn object(&self, name: &str) -> Result<Option<Map<String, Value>>, HubError> {
        match self.arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members.clone())),
            Some(_) => Err(HubError::argument(name, "an object")),
        }
    }

    /// Returns a list of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, HubError> {
        let wrong = || HubError::argument(name, "a list of texts");
        match self.arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(list)) => {
                let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(wrong);
                list.iter().map(text).collect::<Result<_, _>>().map(Some)
            }
            // A single value in the query is a text.
            Some(Value::String(text)) => Ok(Some(vec![text.clone()])),
            Some(_) => Err(wrong()),
        }
    }
}
