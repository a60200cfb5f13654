//! Arguments that may be absent, read with a clear error for each.

use serde_json::{Map, Value};

use crate::call::{Call, HubError};

impl Call<'_> {
    /// A text of at most `max` characters, if it is there.
    pub(super) fn optional_text(&self, name: &str, max: usize) -> Result<Option<&str>, HubError> {
        match self.arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text(name, max).map(Some),
        }
    }

    /// A text that is not empty.
    pub(super) fn some_text(&self, name: &str, max: usize) -> Result<&str, HubError> {
        match self.text(name, max)? {
            "" => Err(HubError::argument(name, "is empty")),
            text => Ok(text),
        }
    }

    /// A text that is a secret, and not empty. It must come in the body: addresses are kept by proxies, histories and logs.
    ///
    /// # Errors
    /// `INVALID_PARAMS` as for any text, and when it is in the query.
    pub(super) fn secret(&self, name: &str, max: usize) -> Result<&str, HubError> {
        if self.is_in_query(name) {
            return Err(HubError::argument(
                name,
                "is a secret, so it belongs in the body of a POST and not in the address",
            ));
        }
        self.some_text(name, max)
    }

    /// A whole number, in the body or as a text of the query.
    pub(super) fn whole(&self, name: &str, otherwise: i64) -> Result<i64, HubError> {
        let number = match self.arguments.get(name) {
            None | Some(Value::Null) => return Ok(otherwise),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        number.ok_or_else(|| HubError::argument(name, "a whole number"))
    }

    /// A truth value, in the body or as a text of the query.
    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, HubError> {
        match self.arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(HubError::argument(name, "true or false")),
        }
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Result<Option<Map<String, Value>>, HubError> {
        match self.arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members.clone())),
            Some(_) => Err(HubError::argument(name, "an object")),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, HubError> {
        let wrong = || HubError::argument(name, "a list of texts");
        match self.arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(list)) => {
                let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(wrong);
                list.iter().map(text).collect::<Result<_, _>>().map(Some)
            }
            // The query has one text for one value.
            Some(Value::String(text)) => Ok(Some(vec![text.clone()])),
            Some(_) => Err(wrong()),
        }
    }
}
