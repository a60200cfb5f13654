//! Paths of pages that lead to each other.

/// The page on which visitors create an account.
pub(crate) const SIGN_UP: &str = "/sign-up";
/// The page that creates the first account.
pub(crate) const SETUP: &str = "/setup";
/// The list of memories.
pub(crate) const MEMORIES: &str = "/memories";
/// The list of notes.
pub(crate) const NOTES: &str = "/notes";
