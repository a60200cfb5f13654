//! Limits of an answer.

/// Maximum number of tokens.
pub(crate) const MAX_TOKENS: u32 = 16_000;
/// Number of tokens if the request does not say.
pub(crate) const DEFAULT_TOKENS: u32 = 2000;
