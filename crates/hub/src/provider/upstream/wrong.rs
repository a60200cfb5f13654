//! Errors of definitions.

use web::{ApiError, Code};

/// Creates the error for an invalid definition.
pub(super) fn wrong(place: &str, expected: impl std::fmt::Display) -> ApiError {
    ApiError::new(Code::Unprocessable).with(format!("{place}: {expected}"))
}
