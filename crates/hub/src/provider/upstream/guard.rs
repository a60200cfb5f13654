//! Requests to the targets of an API, and which of them may reach private networks.

use outgoing::{Redirects, Refused};
use reqwest::RequestBuilder;

use super::{Upstream, answer::Failure, plan::Prepared, target::PRIVATE};
use crate::{
    Services,
    call::{HubCode, HubError},
};

impl Upstream {
    /// Creates a request to a target. Targets that are not trusted are called through the guard against
    /// private networks, unless the API itself is in one.
    pub(super) fn request(
        &self,
        services: &Services,
        target: usize,
        prepared: &Prepared,
    ) -> Result<RequestBuilder, Failure> {
        let failed = |error: Refused| {
            let error = match error {
                Refused::Network => HubError::new(HubCode::UpstreamError).with(PRIVATE),
                error => HubError::new(HubCode::Unknown).because(error),
            };
            Failure::unknown(error)
        };
        let is_trusted = self.targets.get(target).is_some_and(|target| target.is_trusted);
        let is_among_its_own = || self.targets.first().is_some_and(|own| own.is_private(services));
        if is_trusted || is_among_its_own() {
            let client = services.outgoing().trusted().map_err(failed)?;
            return Ok(client.request(prepared.method.clone(), prepared.url.clone()));
        }
        let outgoing = services.outgoing();
        outgoing.request(prepared.method.clone(), prepared.url.as_str(), Redirects::Keep).map_err(failed)
    }
}
