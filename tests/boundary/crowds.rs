//! One address opens as many connections as it can; others are still served quickly.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use testkit::{Engine, TestServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::raw::address;

/// Number of requests whose bodies do not end.
const SLOW_BODIES: usize = 1040;
/// Number of requests whose heads do not end.
const HALF_HEADS: usize = 4096;
/// Number of measured requests from another address.
const MEASURED: usize = 300;
/// Upper limit of the 99th percentile of their response times.
const LONGEST: Duration = Duration::from_millis(50);
/// Number of rounds. The best counts, because other load on the machine may disturb one.
const ROUNDS: usize = 5;

/// Opens a connection from a local address.
async fn connect(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(from)), 0)).unwrap();
    let stream = socket.connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends a request on an open connection, and returns the response time.
async fn ask(stream: &mut TcpStream, request: &[u8]) -> Duration {
    let start = Instant::now();
    stream.write_all(request).await.unwrap();
    let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
    while !answer.ends_with(b"}") {
        let read = stream.read(&mut chunk).await.unwrap();
        assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&chunk[..read]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
    start.elapsed()
}

/// Opens slow requests and half-sent heads from one address, and returns all connections, including those
/// that the server has closed.
async fn crowd(server: &TestServer) -> Vec<TcpStream> {
    let to = address(server);
    let mut open = Vec::new();
    for at in 0..SLOW_BODIES + HALF_HEADS {
        let mut stream = connect([127, 0, 0, 1], to).await;
        let path = ["/api/oauth/token/code", "/api/echo/x", "/sign-in"][at % 3];
        let kind = ["multipart/x", "application/json", "application/x-www-form-urlencoded"][at / 3 % 3];
        let request = if at < SLOW_BODIES {
            format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n\r\na"
            )
        } else {
            "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ".into()
        };
        let _closed = stream.write_all(request.as_bytes()).await;
        open.push(stream);
    }
    open
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_slow_clients_leaves_others_served() {
    let server = TestServer::configured(Engine::Sqlite, "").await;
    let (_, key) = server.person("a").await.new_key("*", None).await;
    let request =
        format!("GET /api/secondme/user/info HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n");
    let to = address(&server);
    let mut kept = connect([127, 0, 0, 2], to).await;
    ask(&mut kept, request.as_bytes()).await;
    let crowd = crowd(&server).await;
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let mut took = Vec::new();
        for at in 0..MEASURED {
            // On an existing connection, and sometimes on a new one.
            took.push(ask(&mut kept, request.as_bytes()).await);
            if at % 10 == 0 {
                let start = Instant::now();
                ask(&mut connect([127, 0, 0, 2], to).await, request.as_bytes()).await;
                took.push(start.elapsed());
            }
        }
        took.sort_unstable();
        best = best.min(took[took.len() * 99 / 100]);
        if best < LONGEST {
            break;
        }
    }
    println!("p99 beside the crowd: {best:?}");
    assert!(best < LONGEST, "{best:?}");
    // The address of the crowd is served as well. Its connections without a complete request make room.
    ask(&mut connect([127, 0, 0, 1], to).await, request.as_bytes()).await;
    assert_eq!(crowd.len(), SLOW_BODIES + HALF_HEADS);
}

/// If all connections are in use, an idle one is closed, but never one with a request in work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_makes_room() {
    let server = TestServer::configured(Engine::Sqlite, "server.max_connections = 8").await;
    let (_, key) = server.person("a").await.new_key("*", None).await;
    let request =
        format!("GET /api/secondme/user/info HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n");
    let to = address(&server);
    // One address may have seven connections: one in use, and six half-sent heads.
    let mut kept = connect([127, 0, 0, 1], to).await;
    ask(&mut kept, request.as_bytes()).await;
    let mut half = Vec::new();
    for _ in 0..20 {
        let mut stream = connect([127, 0, 0, 1], to).await;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
        half.push(stream);
    }
    ask(&mut kept, request.as_bytes()).await;
    let mut other = connect([127, 0, 0, 2], to).await;
    ask(&mut other, request.as_bytes()).await;
    // The server has closed the oldest half-sent heads, but not the newest.
    let mut rest = Vec::new();
    for stream in &mut half[..13] {
        let _reset = stream.read_to_end(&mut rest).await;
    }
    let newest = &mut half[19];
    newest.write_all(b"x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    newest.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    ask(&mut kept, request.as_bytes()).await;
    ask(&mut other, request.as_bytes()).await;
}
