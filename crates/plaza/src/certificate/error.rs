//! The reasons why no certificate is issued.

use web::ApiError;

/// The reason why no certificate was issued.
pub(crate) enum NotIssued {
    /// The account already has one.
    Already,
    /// Another error.
    Failed(ApiError),
}

impl<E: Into<ApiError>> From<E> for NotIssued {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
