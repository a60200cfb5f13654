//! The client for servers that the owner or an administrator configured: models and upstreams of the Hub.

use std::{error::Error, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use http::Method;
use reqwest::{Client, RequestBuilder, Response, Url};
use traces::Span;

use crate::{
    Refused,
    direct::{DirectError, Pool},
    guard::Guard,
};

/// A client with a pool of connections. It follows no redirects. Cheap to clone.
#[derive(Debug, Clone)]
pub struct UpstreamClient {
    /// For `https`, and for requests with a timeout of their own.
    pub(crate) client: Client,
    pub(crate) direct: Arc<Pool>,
    /// Connect timeout.
    pub(crate) connect: Duration,
    /// Checks resolved addresses; `None` if all may be called.
    pub(crate) guard: Option<Guard>,
}

/// The reason why a request got no response.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CallError(#[from] Kind);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    #[error(transparent)]
    Direct(#[from] DirectError),
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        Self(Kind::Client(error.without_url()))
    }
}

impl UpstreamClient {
    /// Begins a request.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a request. If traces are exported, it is a span, and the server is told its id. `name` says what
    /// the request is for. Dropping the future, or the response, closes the connection.
    ///
    /// Errors: [`CallError`].
    // In a box, because it is large, and callers keep it beside much else.
    pub fn send(
        &self,
        request: RequestBuilder,
        name: &'static str,
    ) -> BoxFuture<'_, Result<Response, CallError>> {
        Box::pin(async move {
            let mut request = request.build()?;
            if !traces::is_enabled() {
                return self.execute(request).await;
            }
            let host = request.url().host_str().unwrap_or_default().to_owned();
            let method = request.method().clone();
            let span = Span::sent(name, &method, &host, request.headers_mut());
            let response = span.run(Box::pin(self.execute(request))).await;
            span.end(response.as_ref().ok().map(|response| response.status().as_u16()));
            response
        })
    }

    async fn execute(&self, request: reqwest::Request) -> Result<Response, CallError> {
        if request.url().scheme() != "http" || request.timeout().is_some() {
            return Ok(self.client.execute(request).await?);
        }
        let response = self.direct.call(request, self.connect, self.guard.as_ref()).await;
        Ok(response.map_err(Kind::Direct)?)
    }
}

impl CallError {
    /// True if the guard refused the address.
    pub fn is_refused(&self) -> bool {
        match &self.0 {
            Kind::Client(error) => crate::is_refused(error),
            Kind::Direct(error) => matches!(error, DirectError::Refused(Refused::Network)),
        }
    }

    /// True if no connection was made in time.
    pub fn is_timeout(&self) -> bool {
        match &self.0 {
            Kind::Client(error) => error.is_timeout(),
            Kind::Direct(DirectError::Connect(error)) => error.kind() == std::io::ErrorKind::TimedOut,
            Kind::Direct(_) => false,
        }
    }

    /// True if no connection was made.
    pub fn is_connect(&self) -> bool {
        match &self.0 {
            Kind::Client(error) => error.is_connect(),
            Kind::Direct(error) => matches!(error, DirectError::Connect(_)),
        }
    }

    /// Returns the innermost cause, such as "Connection refused (os error 111)". It has no part of the URL.
    pub fn reason(&self) -> String {
        let mut cause: &dyn Error = self;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        cause.to_string()
    }
}
