//! A connection to PostgreSQL over a long distance: what the server sends arrives later.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_postgres::config::Host;

/// A TCP proxy in front of a server. It delays everything that the server sends by the same time, and keeps
/// the order, so requests that are sent together take one delay together. Ends when dropped.
#[derive(Debug)]
pub struct LongLink {
    address: SocketAddr,
    delay_ms: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

impl LongLink {
    /// Starts a proxy in front of the PostgreSQL of a URL, without a delay at first. Returns the URL to use
    /// instead, too.
    ///
    /// # Panics
    /// When no local port is free, or the URL names no host and port.
    pub async fn to_database(url: &str) -> (Self, String) {
        let config: tokio_postgres::Config = url.parse().expect("a URL of PostgreSQL");
        let (Some(Host::Tcp(host)), Some(port)) = (config.get_hosts().first(), config.get_ports().first())
        else {
            panic!("the URL names no host and port");
        };
        let server = format!("{host}:{port}");
        let link = Self::start(server.clone()).await;
        let url = url.replacen(&server, &link.address.to_string(), 1);
        (link, url)
    }

    async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let delay_ms = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, server, Arc::clone(&delay_ms)));
        Self { address, delay_ms, _tasks: tasks }
    }

    /// Sets the time by which everything that the server sends from now on is late.
    pub fn delay(&self, delay: Duration) {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.delay_ms.store(delay_ms, Ordering::Release);
    }
}

async fn accept(listener: TcpListener, server: String, delay_ms: Arc<AtomicU64>) {
    let mut links = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (server, delay_ms) = (server.clone(), Arc::clone(&delay_ms));
        links.spawn(async move {
            let Ok(server) = TcpStream::connect(server).await else { return };
            let _quicker = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let up = forward(from_client, to_server, Arc::default());
            let down = forward(from_server, to_client, delay_ms);
            tokio::join!(up, down);
        });
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay_ms: Arc<AtomicU64>) {
    let (sender, mut due) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut buffer = vec![0; 65_536];
        while let Ok(count) = from.read(&mut buffer).await
            && let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty())
        {
            let at = Instant::now() + Duration::from_millis(delay_ms.load(Ordering::Acquire));
            if sender.send((at, bytes.to_vec())).is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((at, bytes)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}
