//! The paths of the documentation.

/// The quick start. Guides are below it.
pub(super) const DOCS: &str = "/docs";
/// The error codes.
pub(super) const ERRORS: &str = "/docs/errors";
/// The search.
pub(super) const SEARCH: &str = "/docs/search";
/// All operations. Groups are below it.
pub(super) const API: &str = "/docs/api";
