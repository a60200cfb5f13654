//! An https server of an app's maker, whose certificate is signed by the CA of the tests.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sha2::{Digest, Sha256};
use testkit::{Engine, Fixture, TestServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Returns the path of a file beside the tests.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oauth/fixtures").join(name)
}

/// A response as it is sent, without the length.
#[derive(Clone)]
struct Response {
    head: String,
    body: Vec<u8>,
}

#[derive(Default)]
struct Inner {
    responses: Mutex<HashMap<String, Response>>,
    asked: Mutex<Vec<(String, String)>>,
}

/// The server. It stops when it is dropped.
pub struct ClientHost {
    inner: Arc<Inner>,
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for ClientHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server under test that may ask the host of an app's maker, with an account `a`.
pub struct Hosted {
    pub server: TestServer,
    pub host: ClientHost,
}

impl Fixture for Hosted {
    async fn set_up(engine: Engine, settings: &str) -> Self {
        let ca = fixture("ca.pem");
        let lines = format!(
            "{settings}\noutgoing.allowed_networks = [\"127.0.0.0/8\"]\noutgoing.ca_file = {:?}",
            ca.to_str().unwrap()
        );
        let server = TestServer::configured(engine, &lines).await;
        server.person("a").await;
        Self { server, host: ClientHost::start().await }
    }
}

impl ClientHost {
    pub async fn start() -> Self {
        outgoing::prepare_tls();
        let chain = CertificateDer::from_pem_file(fixture("host.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(fixture("host.key")).unwrap();
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![chain], key).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let inner = Arc::new(Inner::default());
        let shared = Arc::clone(&inner);
        #[expect(clippy::disallowed_methods, reason = "the test ends it")]
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(socket).await else { continue };
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                shared.asked.lock().unwrap().push((path.clone(), head));
                let found = shared.responses.lock().unwrap().get(&path).cloned();
                let response =
                    found.unwrap_or(Response { head: "HTTP/1.1 404 Not Found\r\n".into(), body: Vec::new() });
                let length = format!("content-length: {}\r\nconnection: close\r\n\r\n", response.body.len());
                let _gone = stream
                    .write_all(&[response.head.as_bytes(), length.as_bytes(), &response.body].concat())
                    .await;
                let _gone = stream.shutdown().await;
            }
        });
        Self { inner, port, task }
    }

    /// Returns the URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// Responds to a path with a status line's end, header lines, and a body.
    pub fn set(&self, path: &str, status: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) {
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let response = Response { head: format!("HTTP/1.1 {status}\r\n{lines}"), body: body.into() };
        self.inner.responses.lock().unwrap().insert(path.to_owned(), response);
    }

    /// Responds to a path with JSON.
    pub fn json(&self, path: &str, body: &serde_json::Value) {
        self.set(path, "200 OK", &[("content-type", "application/json")], body.to_string());
    }

    /// Returns how often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.inner.asked.lock().unwrap().iter().filter(|(asked, _)| asked == path).count()
    }

    /// Returns the head of the last request for a path.
    pub fn head(&self, path: &str) -> String {
        let asked = self.inner.asked.lock().unwrap();
        asked.iter().rev().find(|(other, _)| other == path).expect("a request").1.clone()
    }
}

/// Uses up the limit of documents for the next minute, so that a server under test asks no host on the
/// internet.
pub async fn stay_offline(server: &TestServer) {
    const SET: &str = "INSERT INTO rate_limit (subject, free_at) VALUES ($1, $2) \
         ON CONFLICT (subject) DO UPDATE SET free_at = excluded.free_at";
    let subject = Sha256::new().chain_update("all").chain_update("documents").finalize();
    let subject: [u8; 32] = subject.into();
    let free_at = server.clock().now().plus_ms(60_000);
    server.running().db.execute(SET, store::params![&subject, free_at]).await.unwrap();
}
