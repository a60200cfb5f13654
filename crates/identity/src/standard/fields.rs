//! The fields of a form. Every field but `resource` occurs at most once (RFC 6749 §3.2, RFC 8707 §2). No I/O.

use serde::Deserialize;
use web::{ApiError, Code};

/// The fields of a form in their order.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Returns a field that may be missing. An empty field counts as missing (RFC 6749 §3.1).
    ///
    /// # Errors
    /// [`Code::InvalidParam`] if it occurs twice.
    pub(super) fn optional(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(ApiError::new(Code::InvalidParam).with(name));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// Returns a field.
    ///
    /// # Errors
    /// [`Code::InvalidParam`] if it is missing or occurs twice.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name)?.ok_or_else(|| ApiError::new(Code::InvalidParam).with(name))
    }

    /// Returns all values of a field.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    #[cfg(test)]
    pub(super) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_resources_repeat() {
        let fields =
            Fields::of(&[("code", "a"), ("code", "b"), ("resource", "x"), ("resource", "y"), ("scope", "")]);
        assert_eq!(fields.optional("code").unwrap_err().code(), Code::InvalidParam);
        assert_eq!(fields.all("resource").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(fields.optional("scope").unwrap(), None);
        assert_eq!(fields.required("grant_type").unwrap_err().code(), Code::InvalidParam);
    }
}
