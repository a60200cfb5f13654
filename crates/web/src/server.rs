//! The listener: accepts connections, bounds them, and ends them in order.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_io_timeout::TimeoutWriter;
use tower::Service;

use crate::{address::Peer, tasks::Tasks};

/// Limits of connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Open connections; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Longest a client may take to send a request's head, and a kept-alive connection may idle.
    pub head: Duration,
    /// Longest a client may leave an answer unread without a byte of it being taken.
    pub write: Duration,
    /// Largest head of a request in bytes, at least 8192; more is answered 431.
    pub head_bytes: usize,
    /// Most headers of a request; more are answered 431.
    pub headers: usize,
    /// Longest that open requests and streams may go on once shutdown has begun.
    pub drain: Duration,
}

/// What answers requests, as an [`axum::Router`] does.
pub trait App:
    Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> App for S where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Accepts connections until shutdown begins, then lets the open ones finish what they are at.
/// Returns false when some had not finished after [`ConnectionLimits::drain`] and were cut.
pub async fn serve<S>(listener: TcpListener, app: S, limits: ConnectionLimits, tasks: Tasks) -> bool
where
    S: App,
{
    let permits = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
    let open = GracefulShutdown::new();
    let connections = Tasks::default();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            () = tasks.stopping() => break,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                let connection = open.watch(connection(stream, peer, app.clone(), limits));
                connections.spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, client.address = %peer.ip(), "connection ended early");
                    }
                    drop(permit);
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    tokio::time::timeout(limits.drain, open.shutdown()).await.is_ok()
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, permit))
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: impl App,
    limits: ConnectionLimits,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let answer = app.clone().call(request);
        async move { answer.await.map_err(|never: Infallible| match never {}) }
    });
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(limits.write));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_headers(limits.headers)
        .max_buf_size(limits.head_bytes.max(8192))
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
}

/// Running out of file descriptors must not turn into a busy loop.
async fn pause_after(error: &std::io::Error) {
    tracing::warn!(%error, "cannot accept a connection");
    #[expect(clippy::disallowed_methods, reason = "a pause in the accept loop, not a wait for an event")]
    tokio::time::sleep(Duration::from_millis(100)).await;
}
