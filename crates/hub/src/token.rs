//! Tokens that callers sign with a key's secret. Strictly checked, and cached while they are valid.

mod check;
#[cfg(test)]
mod fuzz_tests;
pub mod rules;

use std::sync::{Arc, OnceLock};

use http::{HeaderName, HeaderValue};
use quick_cache::sync::Cache;
use store::Timestamp;

pub use rules::{Identity, Kind};

use crate::{
    call::code::HubError,
    key::{Ak, LiveKey},
    limits::Bucket,
};

/// Maximum number of cached tokens.
const CAPACITY: usize = 20_000;

/// A checked token, and the version of the key that it was checked against.
pub(crate) struct Verified {
    pub(crate) ak: Ak,
    pub(crate) identity: Identity,
    /// The person's own bucket; `None` for an app-token.
    pub(crate) bucket: Option<Arc<Bucket>>,
    /// The caller's headers for upstreams, created on first use.
    pub(crate) told: OnceLock<Vec<(HeaderName, HeaderValue)>>,
    version: i64,
    /// The end of the token, or of the secret that signed it, whichever is earlier.
    until: Timestamp,
}

/// A cache of checked tokens, by the hash of their text. A token's content never changes; each call
/// compares the key's version to notice changes of the key.
pub(crate) struct Tokens(Cache<[u8; 32], Arc<Verified>>);

impl Tokens {
    pub(crate) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

/// A caller whose token is valid. The key's state and its restrictions are not checked yet.
#[derive(Clone)]
pub(crate) struct Checked {
    pub(crate) key: Arc<LiveKey>,
    pub(crate) token: Arc<Verified>,
}

/// The error for a refused token, and its key if that is known.
pub(crate) struct Refused {
    pub(crate) error: HubError,
    pub(crate) key: Option<Arc<LiveKey>>,
}

impl<E: Into<HubError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self { error: error.into(), key: None }
    }
}
