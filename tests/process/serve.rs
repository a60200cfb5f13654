//! `doppel serve`: starting, first steps, stopping.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
};

use serde_json::Value;
use testkit::process::Binary;

fn binary(directory: &tempfile::TempDir) -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
}

#[tokio::test]
async fn an_empty_server_says_how_to_begin() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = binary(&directory).serve(&[]);
    let listening = server.log().lines().filter(|line| line.contains("listens on")).count();
    assert_eq!(listening, 1, "{}", server.log());
    let http = testkit::http();
    let link = loop {
        let printed = server.printed();
        if let Some(link) = printed.split_whitespace().find(|word| word.contains("/setup?link=")) {
            break link.to_owned();
        }
    };
    assert_eq!(http.get(&link).send().await.unwrap().status(), 200);
    assert!(!server.log().contains("link="), "the link is printed, not logged");
    server.signal("TERM");
    assert!(server.wait().success());
}

#[tokio::test]
async fn the_demo_works_as_printed_and_as_noted() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    let mut server = doppel.serve(&["--demo"]);
    let note = directory.path().join("demo.json");
    let demo: Value = loop {
        if let Ok(text) = std::fs::read_to_string(&note) {
            break serde_json::from_str(&text).unwrap();
        }
    };
    assert_eq!(std::fs::metadata(&note).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(demo["base_url"], server.base_url.as_str());
    let printed = loop {
        let printed = server.printed();
        if printed.contains("base URL") {
            break printed;
        }
    };
    let commands: Vec<&str> = printed.lines().filter(|line| line.trim_start().starts_with("curl ")).collect();
    assert!(commands.len() >= 2, "{printed}");
    for command in commands {
        let output =
            std::process::Command::new("sh").arg("-c").arg(format!("{command} -s")).output().unwrap();
        let body: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(body["code"] == 0 || body["success"] == true, "{command}: {body}");
    }
    let info = testkit::http().get(format!("{}/gate/lab/api/secondme/user/info", server.base_url));
    let key = demo["api_key"].as_str().unwrap().to_owned();
    let body: Value =
        serde_json::from_str(&info.bearer_auth(&key).send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(
        (&body["data"]["name"], &body["data"]["route"]),
        (&Value::from("用户名"), &Value::from("username"))
    );
    server.signal("INT");
    assert!(server.wait().success());
    // Again on the same data: the same person, the new address.
    let server = doppel.serve(&["--demo"]);
    let noted = loop {
        let noted: Value = serde_json::from_str(&std::fs::read_to_string(&note).unwrap()).unwrap();
        if noted["base_url"] == server.base_url.as_str() {
            break noted;
        }
    };
    for name in ["api_key", "password", "client_id", "client_secret", "redirect_uri", "hub_ak", "hub_sk"] {
        assert_eq!(noted[name], demo[name], "{name}");
    }
    assert_eq!(noted["redirect_uri"], "http://localhost:3000/api/auth/callback");
    // The app works, and its token is a fresh one.
    assert_ne!(noted["access_token"], demo["access_token"]);
    let token = noted["access_token"].as_str().unwrap().to_owned();
    let http = testkit::http();
    for path in
        ["/gate/lab/api/secondme/user/info", "/gate/lab/api/secondme/user/shades", "/gate/lab/api/auth/me"]
    {
        let answer = http.get(format!("{}{path}", server.base_url)).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[test]
fn a_signal_lets_open_requests_finish_and_takes_no_new_ones() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "*"], "");
    let mut server = doppel.serve(&[]);
    let address = server.base_url.strip_prefix("http://").unwrap().to_owned();
    let mut open = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /api/secondme/user/profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{{\"name\":",
        key.trim()
    );
    open.write_all(head.as_bytes()).unwrap();
    // The request is in work once its head was read; an answer on a later connection shows that time passed.
    let mut other = TcpStream::connect(&address).unwrap();
    other.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    other.read_to_end(&mut Vec::new()).unwrap();
    server.signal("TERM");
    while TcpStream::connect(&address).is_ok() {}
    open.write_all(b"\"late\"} ").unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("late"), "{answer}");
    assert!(server.wait().success());
    assert!(server.log().contains("stopped"));
}

#[test]
fn a_second_signal_ends_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "*"], "");
    let mut server = doppel.serve(&[]);
    let mut open = TcpStream::connect(server.base_url.strip_prefix("http://").unwrap()).unwrap();
    let head = format!(
        "POST /api/secondme/user/profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{{",
        key.trim()
    );
    open.write_all(head.as_bytes()).unwrap();
    server.signal("TERM");
    while !server.log().contains("stopping") {}
    let start = std::time::Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(130));
    assert!(start.elapsed().as_secs() < 2);
}

#[test]
fn an_address_in_use_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let server = binary(&directory).serve(&[]);
    let address = server.base_url.strip_prefix("http://").unwrap();
    let other = tempfile::tempdir().unwrap();
    let output = binary(&other).run(&["serve", "--listen", address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(address));
}

#[tokio::test]
async fn metrics_are_counted_on_a_listener_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let server = binary(&directory).with("DOPPEL_METRICS__LISTEN", "127.0.0.1:0").serve(&[]);
    let address = loop {
        let log = server.log();
        if let Some((_, rest)) = log.split_once("metrics on ") {
            break rest.split_whitespace().next().unwrap().to_owned();
        }
    };
    let http = testkit::http();
    for path in ["/healthz", "/nope"] {
        http.get(format!("{}{path}", server.base_url)).send().await.unwrap();
    }
    let text = http.get(&address).send().await.unwrap().text().await.unwrap();
    assert!(
        text.contains("doppel_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1"),
        "{text}"
    );
    assert!(text.contains("route=\"none\",status=\"404\""), "{text}");
    assert!(text.contains("doppel_http_request_seconds_bucket"), "{text}");
    let public = http.get(format!("{}/metrics", server.base_url)).send().await.unwrap();
    assert_eq!(public.status(), 404, "never public by accident");
}

#[tokio::test]
async fn the_binary_runs_on_postgres_and_notices_when_it_is_gone() {
    let cluster = testkit::postgres::Cluster::start();
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory).with("DOPPEL_DATABASE__URL", &cluster.fresh_url());
    let server = doppel.serve(&["--demo"]);
    assert!(server.log().contains("PostgreSQL"), "{}", server.log());
    let note = directory.path().join("demo.json");
    while !note.is_file() {}
    let http = testkit::http();
    let status = async |path: &str| {
        http.get(format!("{}{path}", server.base_url)).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("/readyz").await, 200);
    cluster.stop();
    assert_eq!((status("/readyz").await, status("/healthz").await), (503, 200));
    let demo: Value = serde_json::from_str(&std::fs::read_to_string(note).unwrap()).unwrap();
    let info = || {
        let request = http.get(format!("{}/api/secondme/user/info", server.base_url));
        request.bearer_auth(demo["api_key"].as_str().unwrap()).send()
    };
    let body = info().await.unwrap();
    assert_eq!(body.status(), 503);
    assert!(!body.text().await.unwrap().contains("postgres"), "nothing of the inside is shown");
    cluster.restart();
    let start = std::time::Instant::now();
    while status("/readyz").await != 200 {
        assert!(start.elapsed().as_secs() < 20, "it works again when the store does");
    }
    assert_eq!(info().await.unwrap().status(), 200);
}
