//! HTTP/1.1 over connections that the waiting task drives itself.
//!
//! A client that spawns a task per connection wakes another task, often on another thread, for each request
//! and for each piece of a response. Here the future of a call polls its connection: nothing else is woken.
//! Between calls nobody polls a connection, so that it is checked when it is taken from the pool. Only `http`
//! URLs.

use std::{
    collections::HashMap,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{self, Connection, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use reqwest::{Body, ResponseBuilderExt, Url};
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout},
};
use url::Position;

use crate::{guard::Guard, refused::Refused};

/// The `User-Agent` of all requests.
pub(crate) const AGENT: &str = concat!("Doppel/", env!("CARGO_PKG_VERSION"));
/// Time after which an idle connection is closed, and the interval at which idle ones are checked.
const IDLE: Duration = Duration::from_secs(60);
const CHECK_EVERY: Duration = Duration::from_secs(15);
/// Maximum number of idle connections to one server.
const MAX_IDLE: usize = 256;

/// The reason why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectError {
    /// No connection could be made.
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    /// The guard refuses all addresses of the host.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The connection broke, or the response is not HTTP.
    #[error("no response")]
    Http(#[source] hyper::Error),
    /// The request cannot be sent.
    #[error("not a valid request")]
    Request(#[from] http::Error),
}

type TcpConnection = Connection<TokioIo<TcpStream>, Body>;

/// A connection with its sender.
struct Link {
    sender: SendRequest<Body>,
    /// `None` after the connection ended. In a box, because it is large, and moved often.
    connection: Option<Pin<Box<TcpConnection>>>,
}

impl Link {
    /// Reads and writes as far as possible without waiting.
    fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            && connection.as_mut().poll(context).is_ready()
        {
            self.connection = None;
        }
    }

    /// Returns true if another request can be sent. Nobody is woken when the server closes the connection.
    fn is_idle(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Sends a request and returns the head of the response. An error returns the request if no part of it
    /// was sent.
    async fn exchange(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        let mut response = pin!(self.sender.try_send_request(request));
        std::future::poll_fn(|context| {
            if let Poll::Ready(result) = response.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            self.drive(context);
            response.as_mut().poll(context)
        })
        .await
    }
}

/// A connection between two calls.
struct Idle {
    link: Link,
    since: Instant,
}

/// Connections to servers that can be called again, the latest last.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Servers>);

#[derive(Default)]
struct Servers {
    /// By host and port.
    idle: HashMap<String, Vec<Idle>>,
    /// True while a task checks them.
    is_checked: bool,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pool").field(&self.0.lock().idle.len()).finish()
    }
}

impl Pool {
    fn take(&self, server: &str) -> Option<Link> {
        loop {
            let Idle { mut link, since } = self.0.lock().idle.get_mut(server)?.pop()?;
            if since.elapsed() < IDLE && link.is_idle() {
                return Some(link);
            }
        }
    }

    fn put(self: &Arc<Self>, server: String, mut link: Link) {
        if !link.is_idle() {
            return;
        }
        let mut servers = self.0.lock();
        let idle = servers.idle.entry(server).or_default();
        if idle.len() < MAX_IDLE {
            idle.push(Idle { link, since: Instant::now() });
        }
        let is_checked = std::mem::replace(&mut servers.is_checked, true);
        drop(servers);
        if !is_checked {
            self.check_later();
        }
    }

    /// Spawns the task that closes connections that were idle for long, or that the server closed. It ends
    /// when there are none.
    fn check_later(self: &Arc<Self>) {
        let pool = Arc::downgrade(self);
        let checks = async move {
            let mut interval = tokio::time::interval_at(Instant::now() + CHECK_EVERY, CHECK_EVERY);
            loop {
                interval.tick().await;
                let Some(pool) = pool.upgrade() else { return };
                if pool.check() {
                    return;
                }
            }
        };
        #[expect(clippy::disallowed_methods, reason = "it holds nothing that a shutdown has to wait for")]
        drop(tokio::spawn(checks));
    }

    /// Closes connections. Returns true if none are left.
    fn check(&self) -> bool {
        let mut servers = self.0.lock();
        for idle in servers.idle.values_mut() {
            idle.retain_mut(|idle| idle.since.elapsed() < IDLE && idle.link.is_idle());
        }
        servers.idle.retain(|_, idle| !idle.is_empty());
        servers.is_checked = !servers.idle.is_empty();
        servers.idle.is_empty()
    }

    /// Sends a request to an `http` URL. A connection is made within `connect`, to addresses that the guard
    /// allows if there is one.
    pub(crate) async fn call(
        self: &Arc<Self>,
        request: reqwest::Request,
        connect: Duration,
        guard: Option<&Guard>,
    ) -> Result<reqwest::Response, DirectError> {
        let url = request.url().clone();
        let server = format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(80));
        let mut request = written(request)?;
        let (link, response) = loop {
            let (mut link, is_reused) = match self.take(&server) {
                Some(link) => (link, true),
                None => (open(&url, connect, guard).await?, false),
            };
            match link.exchange(request).await {
                Ok(response) => break (link, response),
                // The server closed the connection before anything was sent on it.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if is_reused => request = unsent,
                    _ => return Err(DirectError::Http(error.into_error())),
                },
            }
        };
        Ok(with_url(response, url, |incoming| {
            Body::wrap(Content { incoming, link: Mutex::new(Some(link)), server, pool: Arc::clone(self) })
        }))
    }
}

/// Converts a request to what is written to the connection: with the path alone, and the host as a header.
fn written(request: reqwest::Request) -> Result<Request<Body>, DirectError> {
    let url = request.url();
    let uri = Uri::try_from(&url[Position::BeforePath..Position::AfterQuery]).map_err(http::Error::from)?;
    let host = HeaderValue::try_from(&url[Position::BeforeHost..Position::AfterPort]);
    let host = host.map_err(http::Error::from)?;
    let mut request = Request::try_from(request).map_err(|_not_http| Refused::Address)?;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.entry(header::HOST).or_insert(host);
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    Ok(request)
}

/// Converts a response to one of the other client, so that callers read both alike.
fn with_url(
    response: Response<Incoming>,
    url: Url,
    body: impl FnOnce(Incoming) -> Body,
) -> reqwest::Response {
    let (mut parts, incoming) = response.into_parts();
    if let Ok(named) = Response::builder().url(url).body(()) {
        parts.extensions.extend(named.into_parts().0.extensions);
    }
    Response::from_parts(parts, body(incoming)).into()
}

/// Connects to a server. Each of its addresses gets an equal part of the time that is left.
async fn open(url: &Url, within: Duration, guard: Option<&Guard>) -> Result<Link, DirectError> {
    let end = Instant::now() + within;
    let late = || DirectError::Connect(io::ErrorKind::TimedOut.into());
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let resolved = lookup_host((host, url.port().unwrap_or(80)));
    let resolved =
        timeout(within, resolved).await.map_err(|_elapsed| late())?.map_err(DirectError::Connect)?;
    let mut addresses: Vec<_> = resolved.collect();
    addresses.retain(|address| guard.is_none_or(|guard| guard.allows(address.ip())));
    if addresses.is_empty() {
        return Err(Refused::Network.into());
    }
    let mut last = late();
    for (tried, address) in addresses.iter().enumerate() {
        let left = end.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).map_err(DirectError::Connect)?;
                let (sender, connection) =
                    http1::handshake(TokioIo::new(stream)).await.map_err(DirectError::Http)?;
                return Ok(Link { sender, connection: Some(Box::pin(connection)) });
            }
            Ok(Err(error)) => last = DirectError::Connect(error),
            Err(_elapsed) => last = late(),
        }
    }
    Err(last)
}

/// The body of a response. It drives its connection while it is read, and returns it to the pool at its end.
struct Content {
    incoming: Incoming,
    /// In a mutex, which is never locked, because a body has to be [`Sync`].
    link: Mutex<Option<Link>>,
    server: String,
    pool: Arc<Pool>,
}

impl Content {
    fn release(&mut self) {
        if let Some(link) = self.link.get_mut().take() {
            self.pool.put(std::mem::take(&mut self.server), link);
        }
    }
}

impl HttpBody for Content {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let mut frame = Pin::new(&mut this.incoming).poll_frame(context);
        if frame.is_pending()
            && let Some(link) = this.link.get_mut()
        {
            link.drive(context);
            frame = Pin::new(&mut this.incoming).poll_frame(context);
        }
        let frame = ready!(frame);
        if frame.is_none() {
            this.release();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        // A connection in the middle of a response cannot be used again.
        if self.incoming.is_end_stream() {
            self.release();
        }
    }
}

#[cfg(test)]
mod tests;
