//! Requests to the targets of an API, and which of them may reach private networks.

use outgoing::{CallError, Redirects, Refused, UpstreamClient};
use reqwest::{RequestBuilder, Response};

use super::{Upstream, answer::Failure, plan::Prepared, target::PRIVATE};
use crate::{
    Services,
    call::{HubCode, HubError},
};

/// A request that is ready to be sent.
pub(super) enum Outbound {
    /// To a target that is trusted.
    Trusted(UpstreamClient, RequestBuilder),
    /// Through the guard against private networks.
    Guarded(RequestBuilder),
}

impl Outbound {
    /// Changes the request.
    pub(super) fn with(self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        match self {
            Self::Trusted(client, request) => Self::Trusted(client, change(request)),
            Self::Guarded(request) => Self::Guarded(change(request)),
        }
    }

    /// Sends the request.
    pub(super) async fn send(self) -> Result<Response, CallError> {
        const NAME: &str = "hub upstream";
        match self {
            Self::Trusted(client, request) => client.send(request, NAME).await,
            Self::Guarded(request) => outgoing::send(request, NAME).await.map_err(CallError::from),
        }
    }
}

impl Upstream {
    /// Creates a request to a target. Targets that are not trusted are called through the guard against
    /// private networks, unless the API itself is in one.
    pub(super) fn request(
        &self,
        services: &Services,
        target: usize,
        prepared: &Prepared,
    ) -> Result<Outbound, Failure> {
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
            let client = services.outgoing().upstreams().map_err(failed)?;
            let request = client.request(prepared.method.clone(), prepared.url.clone());
            return Ok(Outbound::Trusted(client, request));
        }
        let outgoing = services.outgoing();
        let request = outgoing.request(prepared.method.clone(), prepared.url.as_str(), Redirects::Keep);
        request.map(Outbound::Guarded).map_err(failed)
    }
}
