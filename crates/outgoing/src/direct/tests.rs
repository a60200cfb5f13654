use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use http::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

use super::*;
use crate::guard::Reach;

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

/// A server that writes the same pieces after each request head, and counts its connections.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// Receives `true` when a connection was closed by the client.
    closed: tokio::sync::mpsc::UnboundedReceiver<()>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// `requests` is the number of requests after which a connection is closed.
    async fn new(pieces: &'static [&'static str], requests: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, closed) = tokio::sync::mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let count = Arc::clone(&connections);
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let sender = sender.clone();
                open.spawn(async move {
                    let mut seen = Vec::new();
                    let mut served = 0;
                    let mut buffer = [0; 4096];
                    loop {
                        let read = stream.read(&mut buffer).await.unwrap_or(0);
                        if read == 0 {
                            let _test_ended = sender.send(());
                            return;
                        }
                        seen.extend_from_slice(&buffer[..read]);
                        if !seen.windows(4).any(|end| end == b"\r\n\r\n") {
                            continue;
                        }
                        seen.clear();
                        for piece in pieces {
                            if stream.write_all(piece.as_bytes()).await.is_err() {
                                let _test_ended = sender.send(());
                                return;
                            }
                            tokio::task::yield_now().await;
                        }
                        served += 1;
                        if served == requests {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, connections, closed, _tasks: tasks }
    }

    fn request(&self) -> reqwest::Request {
        reqwest::Request::new(Method::GET, format!("http://{}/a?b=c", self.address).parse().unwrap())
    }

    fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn connection_is_used_again_after_a_whole_response() {
    let server = Server::new(&[WHOLE], usize::MAX).await;
    let pool = Arc::new(Pool::default());
    for _ in 0..5 {
        let response = pool.call(server.request(), CONNECT, None).await.unwrap();
        assert_eq!(response.url().query(), Some("b=c"));
        assert_eq!(response.text().await.unwrap(), "hi");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn concurrent_calls_have_connections_of_their_own() {
    let server = Server::new(&[WHOLE], usize::MAX).await;
    let pool = Arc::new(Pool::default());
    let calls = (0..20).map(|_| pool.call(server.request(), CONNECT, None));
    let responses = futures::future::try_join_all(calls).await.unwrap();
    assert_eq!(server.count(), 20);
    for response in responses {
        assert_eq!(response.text().await.unwrap(), "hi");
    }
    pool.call(server.request(), CONNECT, None).await.unwrap();
    assert_eq!(server.count(), 20, "all of them are idle");
}

#[tokio::test]
async fn idle_connection_that_the_server_closed_is_replaced() {
    let server = Server::new(&[WHOLE], 1).await;
    let pool = Arc::new(Pool::default());
    for number in 1..20 {
        let response = pool.call(server.request(), CONNECT, None).await.unwrap();
        assert_eq!(response.text().await.unwrap(), "hi");
        // The runtime learns that the server closed.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        assert_eq!(server.count(), number);
    }
    assert!(pool.check(), "none of them is idle");
}

#[tokio::test]
async fn body_arrives_piece_by_piece() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let server = Server::new(
        // Leaked once per test run, because the server keeps it.
        Box::leak(Box::new([head, "1\r\na\r\n", "2\r\nbc\r\n", "0\r\n", "\r\n"])),
        usize::MAX,
    )
    .await;
    let pool = Arc::new(Pool::default());
    for _ in 0..3 {
        let mut response = pool.call(server.request(), CONNECT, None).await.unwrap();
        let mut text = Vec::new();
        while let Some(piece) = response.chunk().await.unwrap() {
            text.extend_from_slice(&piece);
        }
        assert_eq!(text, b"abc");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn response_that_is_dropped_midway_closes_its_connection() {
    let mut server = Server::new(&["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"], usize::MAX).await;
    let pool = Arc::new(Pool::default());
    let mut response = pool.call(server.request(), CONNECT, None).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "hi");
    drop(response);
    timeout(CONNECT, server.closed.recv()).await.unwrap().unwrap();
    assert!(pool.check(), "none of them is idle");
}

#[tokio::test]
async fn call_that_is_dropped_closes_its_connection() {
    let mut server = Server::new(&[], usize::MAX).await;
    let pool = Arc::new(Pool::default());
    let call = pool.call(server.request(), CONNECT, None);
    assert!(timeout(Duration::from_millis(100), call).await.is_err());
    timeout(CONNECT, server.closed.recv()).await.unwrap().unwrap();
}

#[tokio::test]
async fn broken_responses_are_errors() {
    for pieces in
        [&["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"][..], &["nonsense\r\n\r\n"], &["HTTP/1.1 2"]]
    {
        let server = Server::new(Box::leak(pieces.to_vec().into_boxed_slice()), 1).await;
        let pool = Arc::new(Pool::default());
        let result = pool.call(server.request(), CONNECT, None).await;
        let is_broken = match result {
            Ok(response) => response.bytes().await.is_err(),
            Err(error) => matches!(error, DirectError::Http(_)),
        };
        assert!(is_broken, "{pieces:?}");
        assert!(pool.check(), "{pieces:?}");
    }
}

#[tokio::test]
async fn closed_port_is_a_connect_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let request = reqwest::Request::new(Method::GET, url.parse().unwrap());
    let error = Arc::new(Pool::default()).call(request, CONNECT, None).await.unwrap_err();
    assert!(matches!(error, DirectError::Connect(_)), "{error:?}");
}

#[tokio::test]
async fn addresses_that_the_guard_refuses_are_not_connected_to() {
    let server = Server::new(&[WHOLE], usize::MAX).await;
    let guard = Guard { allowed: Arc::default(), reach: Reach::Public };
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/", server.address.port());
        let request = reqwest::Request::new(Method::GET, url.parse().unwrap());
        let error = Arc::new(Pool::default()).call(request, CONNECT, Some(&guard)).await.unwrap_err();
        assert!(matches!(error, DirectError::Refused(Refused::Network)), "{error:?}");
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn idle_connections_are_closed_after_a_while() {
    let mut server = Server::new(&[WHOLE], usize::MAX).await;
    let pool = Arc::new(Pool::default());
    pool.call(server.request(), CONNECT, None).await.unwrap().text().await.unwrap();
    assert!(!pool.check());
    tokio::time::pause();
    tokio::time::advance(IDLE).await;
    server.closed.recv().await.unwrap();
    assert!(pool.check());
}
