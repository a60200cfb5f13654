//! Listening on a Unix socket, HTTPS with a certificate from files or of an ACME authority, and the
//! configuration that SIGHUP reloads.

use std::{
    io::{Read, Write},
    net::TcpListener,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use testkit::{
    process::{Binary, Serving},
    write_file,
};

const LONGEST: Duration = Duration::from_secs(60);

fn binary(directory: &tempfile::TempDir) -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
}

/// Asks again until the answer is there.
#[track_caller]
fn until<T>(what: &str, server: &Serving, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < LONGEST, "{what}: {}", server.log());
        std::thread::yield_now();
    }
}

fn get_over_socket(path: &Path, target: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(path)?;
    let request = format!("GET {target} HTTP/1.1\r\nHost: me.example\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

#[test]
fn unix_socket_serves_and_is_replaced_after_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("doppel.sock");
    let listen = format!("unix:{}", path.display());
    let doppel = binary(&directory).with("DOPPEL_SERVER__LISTEN", &listen);
    let mut server = doppel.serve(&["--listen", &listen]);
    until("a response", &server, || {
        get_over_socket(&path, "/healthz").ok().filter(|text| text.ends_with("ok\n"))
    });
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    assert!(doppel.ok(&["health"], "").contains("ready"));

    let second = tempfile::tempdir().unwrap();
    let output = binary(&second).run(&["serve", "--listen", &listen]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("another process listens there"), "{said}");

    server.kill();
    assert!(path.exists(), "a killed process leaves its socket");
    assert!(!doppel.run(&["health"]).status.success());
    let mut server = doppel.serve(&["--listen", &listen]);
    until("a response", &server, || {
        get_over_socket(&path, "/readyz").ok().filter(|text| text.contains(" 200 "))
    });
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(!path.exists());

    write_file(&path, "not a socket");
    assert!(!doppel.run(&["serve", "--listen", &listen]).status.success());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "not a socket", "other files are left alone");
}

/// A self-signed certificate for `localhost` and its key, in files.
struct Certificate {
    pem: String,
    key: String,
}

impl Certificate {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self { pem: made.cert.pem(), key: made.key_pair.serialize_pem() }
    }

    fn write(&self, directory: &Path) -> (String, String) {
        let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
        let (cert, key) = (path("cert.pem"), path("key.pem"));
        write_file(Path::new(&cert), &self.pem);
        write_file(Path::new(&key), &self.key);
        (cert, key)
    }
}

/// A client that trusts only one certificate.
fn trusting(pem: &str) -> reqwest::Client {
    outgoing::prepare_tls();
    let root = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let builder = reqwest::Client::builder().tls_certs_only([root]).pool_max_idle_per_host(0);
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// Returns a port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn https_with_a_certificate_that_is_replaced_on_sighup() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (Certificate::new(), Certificate::new());
    let (cert, key) = first.write(directory.path());
    let (port, plain) = (free_port(), free_port());
    let doppel = binary(&directory)
        .with("DOPPEL_SERVER__LISTEN", &format!("127.0.0.1:{port}"))
        .with("DOPPEL_SERVER__PUBLIC_URL", &format!("https://localhost:{port}"))
        .with("DOPPEL_TLS__REDIRECT_LISTEN", &format!("127.0.0.1:{plain}"))
        .with("DOPPEL_TLS__CERT_FILE", &cert)
        .with("DOPPEL_TLS__KEY_FILE", &key);
    let listen = format!("127.0.0.1:{port}");
    let mut server = doppel.serve(&["--listen", &listen]);
    let health = format!("https://localhost:{port}/healthz");
    let response = trusting(&first.pem).get(&health).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("strict-transport-security"));
    assert!(trusting(&second.pem).get(&health).send().await.is_err());
    assert!(doppel.ok(&["health"], "").contains("ready"));

    // HTTP at the port of HTTPS gets no page; HTTP at the other one is sent over.
    assert!(testkit::http().get(format!("http://localhost:{port}/healthz")).send().await.is_err());
    let moved =
        trusting(&first.pem).get(format!("http://127.0.0.1:{plain}/keys?a=b%20c")).send().await.unwrap();
    assert_eq!(moved.status(), 308);
    assert_eq!(moved.headers()["location"], format!("https://localhost:{port}/keys?a=b%20c"));

    // A client that says nothing does not keep others from their handshakes.
    let silent: Vec<_> = (0..50).map(|_| std::net::TcpStream::connect(&listen).unwrap()).collect();
    assert_eq!(trusting(&first.pem).get(&health).send().await.unwrap().status(), 200);
    drop(silent);

    second.write(directory.path());
    server.signal("HUP");
    until("a reload", &server, || server.log().contains("the configuration was reloaded").then_some(()));
    assert_eq!(trusting(&second.pem).get(&health).send().await.unwrap().status(), 200);
    assert!(trusting(&first.pem).get(&health).send().await.is_err());

    // A file that cannot be used changes nothing.
    write_file(Path::new(&key), &first.key);
    server.signal("HUP");
    until("a refusal", &server, || server.log().contains("was not reloaded: tls.cert_file").then_some(()));
    assert_eq!(trusting(&second.pem).get(&health).send().await.unwrap().status(), 200);
    server.signal("TERM");
    assert!(server.wait().success());
    let output = doppel.run(&["serve"]);
    assert!(!output.status.success(), "nor does a server start with it");
}

#[tokio::test]
async fn sighup_reloads_limits_and_names_what_needs_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doppel.toml");
    write_file(&file, "[server]\ncors_origins = []\n");
    let doppel = binary(&directory).with("DOPPEL_CONFIG", file.to_str().unwrap());
    let server = doppel.serve(&[]);
    let allowed = async || {
        let asked = testkit::http()
            .get(format!("{}/healthz", server.base_url))
            .header("origin", "https://app.example");
        asked.send().await.unwrap().headers().contains_key("access-control-allow-origin")
    };
    assert!(!allowed().await);
    assert!(!server.log().contains("route=\"/healthz\""), "requests are not logged by default");

    let lines = "[server]\ncors_origins = [\"https://app.example\"]\nhead_seconds = 7\n[log]\naccess = true\n\
                 [hub]\nanonymous = false\n";
    write_file(&file, lines);
    let anonymous = async || {
        testkit::http().get(format!("{}/api/echo/x", server.base_url)).send().await.unwrap().status().as_u16()
    };
    assert_eq!(anonymous().await, 200);
    server.signal("HUP");
    until("a reload", &server, || server.log().contains("need a restart: server.head_seconds").then_some(()));
    assert!(allowed().await);
    assert_eq!(anonymous().await, 401);
    until("a line", &server, || server.log().contains("route=\"/healthz\"").then_some(()));

    write_file(&file, "[server]\ncors_origins = 7\n");
    server.signal("HUP");
    until("a refusal", &server, || server.log().contains("the configuration was not reloaded").then_some(()));
    assert!(allowed().await, "what was in force stays");
}

/// Pebble, a small ACME authority for tests, which ends when dropped.
struct Pebble {
    child: Child,
    certificate: Certificate,
    port: u16,
    management: u16,
}

impl Pebble {
    /// Starts it. It asks names at `tls_port`. Returns `None` if it is not installed.
    fn start(directory: &Path, tls_port: u16) -> Option<Self> {
        let certificate = Certificate::new();
        let (cert, key) = certificate.write(directory);
        let (port, management) = (free_port(), free_port());
        let config = serde_json::json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": cert,
            "privateKey": key,
            "httpPort": free_port(),
            "tlsPort": tls_port,
        }});
        let file = directory.join("pebble.json");
        write_file(&file, config.to_string());
        let child = Command::new("pebble")
            .arg("-config")
            .arg(file)
            // It neither waits before it asks, nor refuses good requests to test clients.
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        Some(Self { child, certificate, port, management })
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}

#[tokio::test]
async fn certificate_of_an_acme_authority() {
    let (directory, authority) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let port = free_port();
    let Some(pebble) = Pebble::start(authority.path(), port) else {
        println!("left out: pebble is not installed");
        return;
    };
    let root_url = format!("https://localhost:{}/roots/0", pebble.management);
    let trusts_pebble = trusting(&pebble.certificate.pem);
    let start = Instant::now();
    let root = loop {
        if let Ok(response) = trusts_pebble.get(&root_url).send().await {
            break response.text().await.unwrap();
        }
        assert!(start.elapsed() < LONGEST, "pebble does not respond");
    };
    let listen = format!("127.0.0.1:{port}");
    let doppel = binary(&directory)
        .with("DOPPEL_TLS__ACME_DOMAINS", "[\"localhost\"]")
        .with("DOPPEL_TLS__ACME_EMAIL", "me@example.com")
        .with("DOPPEL_TLS__ACME_DIRECTORY", &format!("https://localhost:{}/dir", pebble.port))
        .with("DOPPEL_OUTGOING__CA_FILE", authority.path().join("cert.pem").to_str().unwrap());
    let health = format!("https://localhost:{port}/healthz");
    let mut server = doppel.serve(&["--listen", &listen]);
    assert_eq!(server.base_url, format!("https://localhost:{port}"));
    let client = trusting(&root);
    let start = Instant::now();
    while client.get(&health).send().await.is_err() {
        assert!(start.elapsed() < LONGEST, "{}", server.log());
    }
    let kept = directory.path().join("acme");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o700);
    // The certificate is in use before it is stored.
    while std::fs::read_dir(&kept).unwrap().count() < 2 {
        assert!(start.elapsed() < LONGEST, "the account and the certificate: {}", server.log());
        std::thread::yield_now();
    }

    // The certificate is kept: a restart serves it although the authority is gone.
    server.signal("TERM");
    assert!(server.wait().success());
    drop(pebble);
    let server = doppel.serve(&["--listen", &listen]);
    let start = Instant::now();
    while client.get(&health).send().await.is_err() {
        assert!(start.elapsed() < LONGEST, "{}", server.log());
    }
}
