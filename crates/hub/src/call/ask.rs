//! Authorization without a call, for code that lists actions before they are called.

use std::net::{IpAddr, Ipv4Addr};

use axum::{body::Body, response::Response};
use http::{Extensions, HeaderMap};
use web::{ClientAddress, Language};

use super::{Gateway, Seen, authorize, code::HubError, cors, envelope};
use crate::{Hub, catalog::Api, token::Checked};

/// Returns true if a caller may call an action. Rate limits are not considered.
pub(crate) fn may_call(hub: &Hub, api: &Api, action: &str, caller: Option<&Checked>) -> bool {
    let action = authorize::Action::of(api, action);
    let is_served = caller.is_some() || hub.settings().anonymous || action.finds_key();
    is_served && authorize::action(api, &action, caller).is_ok()
}

/// Returns true if an API has an action, written with hyphens or underscores.
pub(crate) fn has(api: &Api, action: &str) -> bool {
    authorize::Action::of(api, action).exists()
}

/// Returns the client's address, which the boundary stores in the extensions; unspecified if it is missing.
pub(crate) fn address(extensions: &Extensions) -> IpAddr {
    extensions.get::<ClientAddress>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.0)
}

impl Gateway {
    /// Returns the Hub that the gateway serves.
    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Identifies the caller of a request. The token and its key's allowlists are checked as in a call.
    pub(crate) async fn caller(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<Option<Checked>, HubError> {
        let mut seen = Seen::new();
        let now = self.hub.db().clock().now();
        authorize::identify(&self.hub, headers, address, cors::origin(headers), now, false, &mut seen).await
    }

    /// Renders an error as a call would.
    pub(crate) fn refusal(&self, error: &HubError, headers: &HeaderMap) -> Response<Body> {
        let trace = self.boundary.new_id();
        super::log_error(error, &trace);
        let mut response = envelope::refusal(&trace, error, Language::of(headers), false);
        envelope::common(&mut response, trace);
        response
    }
}
