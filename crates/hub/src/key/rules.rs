//! What a key may do at most, and whom its lists let in. No I/O.

mod domain;
mod wish;

use std::net::IpAddr;

use ipnet::IpNet;
use web::{ApiError, Code, Issues};

use super::model::{RotateRequest, Rules};
pub use domain::Domain;
pub(super) use wish::Wish;

/// Longest name in characters.
pub const MAX_NAME: usize = 100;
/// Most entries of each list.
pub const MAX_ENTRIES: usize = 100;
/// Most actions that people who registered themselves may call: their tokens carry the list.
pub const MAX_REGISTERED: usize = 30;
/// Longest overlap of a rotation in seconds: 30 days.
pub const MAX_OVERLAP: i64 = 30 * 86_400;

/// What the owner of the server allows at most, and what a key gets that asks for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Calls a second with a key: by default, and at most.
    pub per_second: (u32, u32),
    /// Calls a second of a person: by default, and at most.
    pub per_person_second: (u32, u32),
    /// Calls a day with a key: by default, and at most.
    pub per_day: (u64, u64),
}

/// Whether an address is in a list of networks; an empty list is no restriction.
pub fn lets_address_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.is_empty() || networks.iter().any(|network| network.contains(&address))
}

/// Whether an origin is in a list of domains; an empty list is no restriction, and no origin is in none.
pub fn lets_origin_in(domains: &[Domain], origin: Option<&str>) -> bool {
    domains.is_empty() || origin.is_some_and(|origin| domains.iter().any(|domain| domain.covers(origin)))
}

/// Whether a list of permissions (`weather_basic:now`, `weather_basic:*`, `*`) has an action. `api` and `action`
/// are written with underscores.
pub fn permits(list: &[String], api: &str, action: &str) -> bool {
    list.iter().any(|entry| match entry.split_once(':') {
        Some((of, "*")) => of == api,
        Some((of, which)) => of == api && which == action,
        None => entry == "*" || entry == api,
    })
}

/// Reads rules from the store.
///
/// # Errors
/// When they are no rules.
pub(super) fn stored(json: &str) -> store::Result<Rules> {
    serde_json::from_str(json).map_err(|error| store::Error::Other(format!("stored rules of a key: {error}")))
}

/// A single address is shown without its prefix length.
pub(super) fn shown_network(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

/// The overlap of a rotation in seconds.
///
/// # Errors
/// 422 outside 0 to [`MAX_OVERLAP`].
pub(super) fn overlap(request: &RotateRequest) -> Result<i64, ApiError> {
    let seconds = request.overlap_seconds.unwrap_or(0);
    let mut issues = Issues::body();
    if !(0..=MAX_OVERLAP).contains(&seconds) {
        issues.add("value_error", "overlapSeconds", format!("Input should be from 0 to {MAX_OVERLAP}"));
    }
    issues.finish()?;
    Ok(seconds)
}

/// The id of a path segment. What is no id is no key either.
///
/// # Errors
/// [`Code::HubKeyNotFound`].
pub(crate) fn id(segment: &str) -> Result<i64, ApiError> {
    segment.parse().map_err(|_no_number| Code::HubKeyNotFound.into())
}
