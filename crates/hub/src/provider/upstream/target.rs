//! Base URLs of one API: its own, and those of single actions.

use outgoing::{Breaker, Redirects, Refused};
use reqwest::Url;
use store::Backoff;
use web::ApiError;

use super::wrong::wrong;
use crate::{
    Services,
    catalog::{ActionSpec, HttpSpec, rules::origin},
};

/// The error detail for a base URL that is refused.
pub(super) const PRIVATE: &str =
    "the action's base URL is in a private network, and its origin is not in trusted_origins";

/// A base URL with its circuit breaker.
pub(super) struct Target {
    pub(super) base: Url,
    pub(super) breaker: Breaker,
    /// True if the origin is the API's own or in `trusted_origins`. Requests to others contain no headers and
    /// secrets of the API and no identity of the caller, and go to public addresses only.
    pub(super) is_trusted: bool,
}

impl Target {
    /// Creates the target of the API's own base URL.
    ///
    /// # Errors
    /// 422 for an invalid URL.
    pub(super) fn own(spec: &HttpSpec) -> Result<Self, ApiError> {
        Self::new(&spec.base_url, spec, "provider.base_url", true)
    }

    fn new(address: &str, spec: &HttpSpec, place: &str, is_trusted: bool) -> Result<Self, ApiError> {
        let mut base = Url::parse(address).map_err(|error| wrong(place, error))?;
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let open_ms = i64::try_from(spec.breaker_open_ms).unwrap_or(i64::MAX);
        let breaker = Breaker::new(spec.breaker_failures, Backoff::steady(open_ms));
        Ok(Self { base, breaker, is_trusted })
    }

    /// Returns true if the host is `localhost` or an address in a private network. Names are not resolved.
    pub(super) fn is_private(&self, services: &Services) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let is_name = host == "localhost" || host.ends_with(".localhost");
        let asked = services.outgoing().request(http::Method::GET, self.base.as_str(), Redirects::Keep);
        is_name || matches!(asked, Err(Refused::Network))
    }
}

/// Returns the index of an action's base URL among the targets, and adds it if it is new.
///
/// # Errors
/// 422 for an invalid URL.
pub(super) fn place(
    targets: &mut Vec<Target>,
    spec: &HttpSpec,
    name: &str,
    action: &ActionSpec,
) -> Result<usize, ApiError> {
    if action.base_url.is_empty() {
        return Ok(0);
    }
    let to = origin(&action.base_url);
    let trusted = std::iter::once(&spec.base_url).chain(&spec.trusted_origins);
    let is_trusted = to.is_some() && trusted.map(|url| origin(url)).any(|origin| origin == to);
    let place = format!("actions.{name}.base_url");
    let target = Target::new(&action.base_url, spec, &place, is_trusted)?;
    if let Some(at) = targets.iter().position(|other| other.base == target.base) {
        return Ok(at);
    }
    targets.push(target);
    Ok(targets.len() - 1)
}
