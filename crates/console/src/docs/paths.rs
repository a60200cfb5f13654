//! The paths of the documentation. They need no caller: people read before they sign in.

/// The quick start. Guides are below it.
pub(crate) const DOCS: &str = "/docs";
/// The error codes.
pub(crate) const ERRORS: &str = "/docs/errors";
/// The search.
pub(crate) const SEARCH: &str = "/docs/search";
/// All operations. Groups are below it.
pub(crate) const API: &str = "/docs/api";
/// A guide.
pub(crate) const GUIDE: &str = "/docs/{slug}";
/// A group of operations.
pub(crate) const GROUP: &str = "/docs/api/{group}";
