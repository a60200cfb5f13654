//! The public names of comments, and of their sources. No I/O.

use web::{ApiError, Code};

use crate::CommentId;

/// The source of comments that a person wrote.
pub(super) const HUMAN: &str = "user";

/// Returns true if the source is the person, false if it is their assistant.
pub fn is_human(source: &str) -> bool {
    source == HUMAN
}

/// Returns the public name of a comment.
pub fn name(id: CommentId) -> String {
    format!("comment_{:x}", id.0)
}

/// Returns the id of a comment from its public name.
///
/// # Errors
/// [`Code::NotFound`] if the text is no such name.
pub fn parse(name: &str) -> Result<CommentId, ApiError> {
    let digits = name.strip_prefix("comment_").filter(|digits| digits.len() <= 15);
    let id = digits.and_then(|digits| i64::from_str_radix(digits, 16).ok());
    id.filter(|id| *id > 0).map(CommentId).ok_or_else(|| Code::NotFound.into())
}
