//! Limits of keys, and matching of their allowlists. No I/O.

mod change;
mod domain;

use std::net::IpAddr;

use ipnet::IpNet;
use web::{ApiError, Code, Issues};

use super::model::{RotateRequest, Rules};

use crate::HubKeyId;
pub(super) use change::KeyChange;
pub use domain::Domain;

/// Maximum length of a name in characters.
pub const MAX_NAME: usize = 100;
/// Maximum entries of each list.
pub const MAX_ENTRIES: usize = 100;
/// Maximum number of actions that self-registered people may call. Their tokens carry the list.
pub const MAX_REGISTERED: usize = 30;
/// Maximum overlap of a rotation in seconds: 30 days.
pub const MAX_OVERLAP: i64 = 30 * 86_400;

/// The server's limits for keys, each as (default, maximum).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Calls per second with a key: default and maximum.
    pub per_second: (u32, u32),
    /// Calls per second of a person: default and maximum.
    pub per_person_second: (u32, u32),
    /// Calls per day with a key: default and maximum.
    pub per_day: (u64, u64),
}

/// Returns true if an address is in one of the networks, or if the list is empty.
pub fn lets_address_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.is_empty() || networks.iter().any(|network| network.contains(&address))
}

/// Returns true if one of the domains covers the origin, or if the list is empty. A missing origin matches
/// only an empty list.
pub fn lets_origin_in(domains: &[Domain], origin: Option<&str>) -> bool {
    domains.is_empty() || origin.is_some_and(|origin| domains.iter().any(|domain| domain.covers(origin)))
}

/// Returns true if a list of permissions (`weather_basic:now`, `weather_basic:*`, `*`) contains an action.
/// `api` and `action` are written with underscores.
pub fn permits(list: &[String], api: &str, action: &str) -> bool {
    list.iter().any(|entry| match entry.split_once(':') {
        Some((of, "*")) => of == api,
        Some((of, which)) => of == api && which == action,
        None => entry == "*" || entry == api,
    })
}

/// Parses rules that were stored as JSON.
///
/// # Errors
/// If the JSON is invalid.
pub(super) fn stored(json: &str) -> store::Result<Rules> {
    serde_json::from_str(json).map_err(|error| store::Error::Other(format!("stored rules of a key: {error}")))
}

/// Formats a network. A single address has no prefix length.
pub(super) fn shown_network(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

/// Returns the overlap of a rotation in seconds.
///
/// # Errors
/// 422 unless it is from 0 to [`MAX_OVERLAP`].
pub(super) fn overlap(request: &RotateRequest) -> Result<i64, ApiError> {
    let mut issues = Issues::body();
    let seconds = issues.range("overlapSeconds", request.overlap_seconds.unwrap_or(0), 0..=MAX_OVERLAP);
    issues.finish()?;
    Ok(seconds)
}

/// Parses the id in a path segment.
///
/// # Errors
/// [`Code::HubKeyNotFound`] if the segment is not a number.
pub(crate) fn id(segment: &str) -> Result<HubKeyId, ApiError> {
    web::id_in(segment, Code::HubKeyNotFound)
}
