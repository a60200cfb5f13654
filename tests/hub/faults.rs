//! Faults of an upstream in ordinary responses and in streams, and health checks.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{
    Actor, TestServer, both_engines,
    model::{Model, Step, raw, status},
};

use super::support::{admin, key, refused, result};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
/// A time limit that nothing here reaches, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

fn head(kind: &str, length: usize) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )
    .into_bytes()
}

fn good() -> Vec<Step> {
    raw(&[HEAD.as_bytes(), b"{\"a\":1}"])
}

fn sent(bytes: &[u8]) -> Step {
    Step::Send(bytes.to_vec())
}

/// Defines the API `up` with an upstream.
async fn define(admin: &Actor, upstream: &Model, changes: &Value) {
    let mut spec = json!({"code": "up", "accounts": ["*"], "provider": {"kind": "http",
        "base_url": upstream.url(), "open": true,
        "timeout_ms": 700, "retries": 0, "breaker_failures": 0},
        "actions": {"mapped": {"result": {"a": "$/a"}}, "stream": {"method": "GET", "stream": true}}});
    for (name, value) in changes.as_object().unwrap() {
        spec["provider"][name] = value.clone();
    }
    admin.post("/api/apikey/hub/apis/save", spec).await.data();
}

async fn behind(server: &TestServer, changes: Value) -> (Model, Actor, Actor) {
    let upstream = Model::start().await;
    let admin = admin(server).await;
    define(&admin, &upstream, &changes).await;
    let request = json!({"perSecond": 1000});
    (upstream, key(server, "a", request).await.app(server), admin)
}

/// Reads a stream. Returns the number of bytes, and true if it ended regularly. A stream that breaks off at
/// its beginning may be cut before its head is sent.
async fn read_stream(app: &Actor) -> (usize, bool) {
    let sent = app.request("GET".parse().unwrap(), "/api/up/stream").send().await;
    let Ok(mut response) = sent else { return (0, false) };
    assert_eq!(response.status(), 200);
    let mut bytes = 0;
    loop {
        match tokio::time::timeout(LONG, response.chunk()).await.unwrap() {
            Ok(Some(chunk)) => bytes += chunk.len(),
            Ok(None) => return (bytes, true),
            Err(_cut) => return (bytes, false),
        }
    }
}

/// Waits until the circuit breaker of `up` has a state. Advances the clock, so that health checks become due.
async fn until(server: &TestServer, admin: &Actor, wanted: &str) {
    let start = Instant::now();
    while admin.get("/api/apikey/hub/apis/up").await.data()["breaker"] != wanted {
        assert!(start.elapsed() < LONG, "never {wanted}");
        server.clock().advance_ms(100);
    }
}

#[both_engines]
async fn each_fault_has_its_code_and_the_next_call_is_well(server: TestServer) {
    let (upstream, app, _) = behind(&server, json!({"max_response_bytes": 8 << 20})).await;
    let line = "x".repeat(10 << 20);
    let whole = format!("\"{line}\"");
    let faults: Vec<(&str, &str, Vec<Step>, u16, &str)> = vec![
        ("no first byte", "x", vec![Step::Stall], 504, "UPSTREAM_TIMEOUT"),
        ("half a head", "x", vec![sent(b"HTTP/1.1 200 OK\r\ncont"), Step::Stall], 504, "UPSTREAM_TIMEOUT"),
        (
            "silent within the body",
            "x",
            vec![sent(HEAD.as_bytes()), sent(b"{\"a\":"), Step::Stall],
            504,
            "UPSTREAM_TIMEOUT",
        ),
        ("reset before the head", "x", vec![Step::Reset], 502, "UPSTREAM_ERROR"),
        (
            "reset within the body",
            "x",
            vec![sent(&head("application/json", 7)), sent(b"{\"a\":"), Step::Reset],
            502,
            "UPSTREAM_ERROR",
        ),
        ("half-closed before the head", "x", vec![Step::HalfClose, Step::Stall], 502, "UPSTREAM_ERROR"),
        (
            "half-closed within the body",
            "x",
            vec![sent(&head("application/json", 7)), sent(b"{\"a\":"), Step::HalfClose, Step::Stall],
            502,
            "UPSTREAM_ERROR",
        ),
        (
            "ends early, no length",
            "x",
            vec![sent(HEAD.as_bytes()), sent(b"{\"a\":"), Step::HalfClose],
            502,
            "UPSTREAM_ERROR",
        ),
        ("a line of 10 MB", "x", vec![sent(HEAD.as_bytes()), sent(whole.as_bytes())], 502, "UPSTREAM_ERROR"),
        (
            "a header of 10 MB",
            "x",
            vec![sent(b"HTTP/1.1 200 OK\r\nx: "), sent(line.as_bytes()), sent(b"\r\n\r\n{}")],
            502,
            "UPSTREAM_ERROR",
        ),
        (
            "HTML where JSON is mapped",
            "mapped",
            vec![sent(&head("text/html", 6)), sent(b"<html>")],
            502,
            "UPSTREAM_ERROR",
        ),
        (
            "JSON of another shape",
            "mapped",
            vec![sent(&head("application/json", 9)), sent(b"{\"b\": 1} ")],
            502,
            "UPSTREAM_ERROR",
        ),
        ("no JSON", "x", vec![sent(&head("application/json", 6)), sent(b"<html>")], 502, "UPSTREAM_ERROR"),
        ("no HTTP", "x", vec![sent(b"SSH-2.0-OpenSSH\r\n"), Step::HalfClose], 502, "UPSTREAM_ERROR"),
        ("429", "x", status("429 Too Many Requests", "retry-after: 9\r\n"), 429, "RATE_LIMITED"),
        ("500", "x", status("500 Internal Server Error", ""), 502, "UPSTREAM_ERROR"),
        ("503", "x", status("503 Service Unavailable", "retry-after: 9\r\n"), 502, "UPSTREAM_ERROR"),
        (
            "101",
            "x",
            raw(&[b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"]),
            502,
            "UPSTREAM_ERROR",
        ),
    ];
    for (what, action, script, status, code) in faults {
        upstream.next(script);
        let answer = app.get(&format!("/api/up/{action}")).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some(code)),
            "{what}: {}",
            answer.body
        );
        let body = refused(&answer, status, code).to_string();
        assert!(!body.contains("127.0.0.1") && body.len() < 1000, "{what}: {body}");
        let wait = if matches!(what, "429" | "503") { "9" } else { "" };
        assert_eq!(answer.header("retry-after"), wait, "{what}");
        upstream.next(good());
        assert_eq!(result(&app.get("/api/up/x").await), json!({"a": 1}), "after {what}");
    }
}

#[both_engines]
async fn what_is_odd_and_no_fault(server: TestServer) {
    let (upstream, app, _) = behind(&server, json!({"timeout_ms": 60_000})).await;
    // A slow first byte within the time limit, a body in pieces, JSON declared as HTML, and no content
    // length.
    upstream.next(vec![
        Step::Wait,
        sent(HEAD.as_bytes()),
        sent(b"{\"a\""),
        Step::Wait,
        sent(b":1}"),
        Step::HalfClose,
    ]);
    let slow = app.get("/api/up/x");
    tokio::pin!(slow);
    let answer = loop {
        tokio::select! {
            answer = &mut slow => break answer,
            () = tokio::task::yield_now() => upstream.release(),
        }
    };
    assert_eq!(result(&answer), json!({"a": 1}));
    upstream.next(vec![sent(&head("text/html", 7)), sent(b"{\"a\":1}")]);
    assert_eq!(result(&app.get("/api/up/mapped").await), json!({"a": 1}));
    upstream.next(vec![sent(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"), sent(b"[1]")]);
    assert_eq!(result(&app.get("/api/up/x").await), json!([1]));
}

#[both_engines]
async fn what_breaks_off_before_the_answer_is_tried_again(server: TestServer) {
    let (upstream, app, _) = behind(&server, json!({"retries": 1})).await;
    for fault in
        [vec![Step::Reset], vec![Step::HalfClose, Step::Stall], status("503 Service Unavailable", "")]
    {
        upstream.next(fault);
        upstream.next(good());
        result(&app.get("/api/up/x").await);
    }
    assert_eq!(upstream.heads().len(), 6);
    // A POST is not repeated, because it may have had an effect.
    upstream.next(vec![Step::Reset]);
    refused(&app.post("/api/up/x", json!({})).await, 502, "UPSTREAM_ERROR");
    assert_eq!(upstream.heads().len(), 7);
}

/// A stream is cut if the upstream sends nothing for `idle_ms`, and its permit is released.
#[both_engines]
async fn a_stream_that_falls_silent_is_cut(server: TestServer) {
    let (upstream, app, _) =
        behind(&server, json!({"idle_ms": 400, "timeout_ms": 5000, "max_in_flight": 1})).await;
    let events = head("text/event-stream", 1000);
    upstream.next(vec![sent(&events), sent(b"data: 1\n\n"), Step::Stall]);
    assert_eq!(read_stream(&app).await, (9, false));
    tokio::time::timeout(LONG, upstream.hung_up()).await.expect("the upstream is let go");
    for (fault, bytes) in [(Step::Reset, 9), (Step::HalfClose, 9)] {
        upstream.next(vec![sent(&events), sent(b"data: 1\n\n"), fault, Step::Stall]);
        let (read, is_whole) = read_stream(&app).await;
        assert!(read <= bytes && !is_whole, "{read}");
    }
    // A line of 10 MiB is forwarded, because the limit of responses does not apply to streams.
    let line = vec![b'x'; 10 << 20];
    upstream.next(vec![sent(&head("text/plain", line.len())), Step::Send(line)]);
    assert_eq!(read_stream(&app).await, (10 << 20, true));
    upstream.next(vec![Step::Stall]);
    refused(&app.get("/api/up/stream").await, 504, "UPSTREAM_TIMEOUT");
    upstream.next(status("429 Too Many Requests", ""));
    refused(&app.get("/api/up/stream").await, 429, "RATE_LIMITED");
}

/// Failed health checks open the circuit breaker before a call fails, and a successful one closes it.
#[both_engines]
async fn health_checks_open_and_close_the_breaker(server: TestServer) {
    let (upstream, app, admin) = behind(&server, json!({})).await;
    for _ in 0..2 {
        upstream.next(status("500 Internal Server Error", ""));
    }
    let checked = json!({"breaker_failures": 2, "breaker_open_ms": 3_600_000, "health_path": "/health",
        "health_seconds": 1,
        "secret_headers": {"authorization": "Bearer planted"}});
    define(&admin, &upstream, &checked).await;
    until(&server, &admin, "open").await;
    // Without a successful check, it would stay open for an hour. Requests without a script succeed.
    until(&server, &admin, "closed").await;
    let checks = upstream.heads();
    assert!(checks.len() >= 3 && checks.iter().all(|head| head.starts_with("GET /v1/health ")), "{checks:?}");
    assert!(checks[0].contains("Bearer planted"), "as any call of it");
    upstream.next(good());
    let start = Instant::now();
    // Either a call or a concurrent check gets the script.
    while app.get("/api/up/x").await.status != 200 {
        assert!(start.elapsed() < LONG);
        upstream.next(good());
    }
}

/// While 200 calls wait for an upstream that does not respond, other APIs respond quickly.
#[both_engines("hub.max_per_second = 100000")]
async fn a_dead_upstream_slows_no_other_api(server: TestServer) {
    let (dead, app, admin) = behind(&server, json!({"timeout_ms": 600_000})).await;
    let well = Model::start().await;
    let spec = json!({
        "code": "well", "accounts": ["*"], "provider": {"kind": "http", "base_url": well.url(), "open": true},
    });
    admin.post("/api/apikey/hub/apis/save", spec).await.data();
    const WAITING: usize = 200;
    for _ in 0..WAITING {
        dead.next(vec![Step::Stall]);
    }
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..WAITING {
        let app = app.clone();
        waiting.spawn(async move { app.get("/api/up/x").await.status });
    }
    let start = Instant::now();
    while dead.heads().len() < WAITING {
        assert!(start.elapsed() < LONG, "only {}", dead.heads().len());
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    for _ in 0..20 {
        well.next(good());
        result(&app.get("/api/well/x").await);
        result(&app.get("/api/echo/x").await);
    }
    // If one of these calls had waited for the dead upstream, they would take minutes.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert!(waiting.try_join_next().is_none(), "they all still wait");
    waiting.shutdown().await;
}
