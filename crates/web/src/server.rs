//! The listener: accepts connections, bounds their number, and ends them in order.

mod body;
mod connections;
mod listener;
mod socket;
mod tls;

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, response::Response};
use http::{HeaderValue, Request, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_io_timeout::TimeoutWriter;
use tower::Service;

use self::{
    body::Sent,
    connections::{Activity, Connections},
    socket::{Socket, Stream},
};
pub use self::{listener::Listener, tls::Tls};
use crate::{
    address::{self, Peer},
    in_flight::largest_share,
    tasks::Tasks,
};

/// Tells browsers to use the content type instead of guessing one.
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// Tells the client that the connection ends with this response.
const CLOSE: HeaderValue = HeaderValue::from_static("close");
/// Seconds after which a client may try again, if the response does not say so itself.
const SOON: HeaderValue = HeaderValue::from_static("1");
/// Tells browsers to use HTTPS only, for a year.
const ONLY_HTTPS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Interval at which a connection that waits for room searches for another one to evict.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The limits of connections.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// Most open connections. At the limit a new connection has an idle one evicted; it waits while there is
    /// none.
    pub connections: usize,
    /// Most open connections of one address. Loopback and trusted proxies may have seven eighths of
    /// `connections`.
    pub of_address: usize,
    /// See `of_address`.
    pub trusted_proxies: Vec<IpNet>,
    /// Longest time for receiving the head of a request, and for an idle kept-alive connection.
    pub head: Duration,
    /// Longest time for which a client may take no byte of a response.
    pub write: Duration,
    /// Largest head of a request in bytes, at least 8192. A larger one gets 431.
    pub head_bytes: usize,
    /// Most headers of a request. More of them get 431.
    pub headers: usize,
    /// Longest time for which open requests and streams continue once shutdown has begun.
    pub drain: Duration,
    /// True if responses tell browsers to use HTTPS only.
    pub https: bool,
}

impl ConnectionLimits {
    /// Returns the most connections that an address may have.
    fn most_of(&self, address: std::net::IpAddr) -> usize {
        let most = largest_share(self.connections);
        if address::is_shared(address, &self.trusted_proxies) { most } else { self.of_address.min(most) }
    }
}

/// A flag that says that the server is about to stop. Once it is set, readiness checks fail and each response
/// ends its connection. Requests are still served, so that a load balancer has time to notice.
#[derive(Debug, Clone, Default)]
pub struct Leaving(Arc<AtomicBool>);

impl Leaving {
    /// Sets the flag.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True if the flag is set.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A service that handles requests, such as [`axum::Router`].
pub trait App:
    Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> App for S where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Accepts connections until shutdown begins, then waits for the open ones to finish their requests. Returns
/// false if some had not finished after [`ConnectionLimits::drain`] and were cut off.
pub async fn serve<S>(
    listener: Listener,
    app: S,
    limits: ConnectionLimits,
    leaving: Leaving,
    tasks: Tasks,
) -> bool
where
    S: App,
{
    let connections = Arc::new(Connections::default());
    let permits = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
    let running = Tasks::default();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits, &connections, &limits) => accepted,
            () = tasks.stopping() => break,
        };
        match accepted {
            Ok(Some((stream, peer, permit))) => connections.open(peer.ip(), |activity, registered| {
                let socket = Socket::new(stream, Arc::clone(&activity));
                let served = Served { app: app.clone(), activity, peer, leaving: leaving.clone() };
                let held = (registered, permit);
                match listener.tls.clone() {
                    None => {
                        let connection = connection(socket, served, &limits, running.clone());
                        running.spawn(async move { note_end(connection.await, peer, held) })
                    }
                    Some(tls) => {
                        let (open, limits, tasks) = (running.clone(), limits.clone(), tasks.clone());
                        running.spawn(async move {
                            let shaken = tokio::select! {
                                shaken = tls.handshake(socket, limits.head) => shaken,
                                () = tasks.stopping() => return,
                            };
                            match shaken {
                                Ok(stream) => {
                                    let connection = connection(stream, served, &limits, open);
                                    note_end(connection.await, peer, held);
                                }
                                Err(error) => note_end(Err(error), peer, held),
                            }
                        })
                    }
                }
            }),
            Ok(None) => {}
            Err(error) => pause_after(&error, &connections).await,
        }
    }
    drop(listener);
    running.stop();
    running.drained(limits.drain).await
}

/// Logs why a connection ended early, and releases what it held.
fn note_end<E: std::fmt::Display, H>(ended: Result<(), E>, peer: SocketAddr, held: H) {
    if let Err(error) = ended {
        tracing::debug!(%error, client.address = %peer.ip(), "connection ended early");
    }
    drop(held);
}

/// Accepts a connection and makes room for it. Returns `None` if its address is at its limit and the server
/// is working on all of its connections.
async fn accept(
    listener: &Listener,
    permits: &Arc<Semaphore>,
    connections: &Connections,
    limits: &ConnectionLimits,
) -> std::io::Result<Option<(Stream, SocketAddr, OwnedSemaphorePermit)>> {
    let (stream, peer) = listener.accept().await?;
    if !connections.make_room(peer.ip(), limits.most_of(peer.ip())) {
        return Ok(None);
    }
    loop {
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Ok(Some((stream, peer, permit)));
        }
        connections.evict_of_busiest();
        let freed = tokio::time::timeout(LOOK_AGAIN, Arc::clone(permits).acquire_owned()).await;
        if let Ok(permit) = freed {
            return Ok(Some((stream, peer, permit.map_err(std::io::Error::other)?)));
        }
    }
}

/// The state that the requests of one connection need.
struct Served<S> {
    app: S,
    activity: Arc<Activity>,
    peer: SocketAddr,
    leaving: Leaving,
}

/// Serves a connection until it ends, or is handed to a WebSocket. Once `tasks` are stopping, the current
/// response is its last one.
fn connection<S: App, T: AsyncRead + AsyncWrite + Send + 'static>(
    stream: T,
    served: Served<S>,
    limits: &ConnectionLimits,
    tasks: Tasks,
) -> impl Future<Output = Result<(), hyper::Error>> + Send + use<S, T> {
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(limits.write));
    let https = limits.https;
    let Served { app, activity, peer, leaving } = served;
    let service = service_fn(move |request: Request<Incoming>| {
        let in_work = activity.begin();
        let mut request = request.map(|incoming| body::received(incoming, &activity));
        request.extensions_mut().insert(Peer(peer));
        let answer = app.clone().call(request);
        let leaving = leaving.clone();
        async move {
            // The connection is being evicted: its task is about to be aborted.
            let Some(in_work) = in_work else { return std::future::pending().await };
            let mut response = answer.await.map_err(|never: Infallible| match never {})?;
            add_headers(&mut response, https);
            if leaving.has_begun() {
                response.headers_mut().insert(header::CONNECTION, CLOSE);
            }
            Ok::<_, Infallible>(response.map(|body| Sent::new(body, in_work)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_headers(limits.headers)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes.max(8192))
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .with_upgrades();
    async move {
        let mut connection = pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = tasks.stopping() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    }
}

/// Adds the headers that every response has.
fn add_headers(response: &mut Response, https: bool) {
    let may_succeed_later =
        matches!(response.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
    let headers = response.headers_mut();
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(NOSNIFF);
    if may_succeed_later {
        headers.entry(header::RETRY_AFTER).or_insert(SOON);
    }
    if https {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(ONLY_HTTPS);
    }
}

/// Pauses after a failed accept, so that running out of file descriptors does not become a busy loop. Evicts
/// a connection in that case, so that new clients get in.
async fn pause_after(error: &std::io::Error, connections: &Connections) {
    /// `ENFILE` and `EMFILE`: no descriptors are left in the system, or in this process.
    const NO_DESCRIPTORS: [i32; 2] = [23, 24];
    tracing::warn!(%error, "cannot accept a connection");
    let is_full = error.raw_os_error().is_some_and(|number| NO_DESCRIPTORS.contains(&number));
    let made_room = is_full && connections.evict_of_busiest();
    let pause = Duration::from_millis(if made_room { 1 } else { 100 });
    #[expect(clippy::disallowed_methods, reason = "a pause in the accept loop, not a wait for an event")]
    tokio::time::sleep(pause).await;
}
