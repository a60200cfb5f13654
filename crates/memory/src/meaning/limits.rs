//! Limits of an endpoint.

use std::time::Duration;

/// Limits of the embedding model, whichever it is.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Number of texts in one call.
    pub batch: usize,
    /// Time limit of a call in the background.
    pub limit: Duration,
    /// Time limit of the call for a question's vector.
    pub patience: Duration,
    /// Maximum number of bytes of vectors that are cached.
    pub cache_bytes: u64,
}
