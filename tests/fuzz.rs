//! Fuzz targets that need a complete server: heads of requests, messages of agents, forms of OAuth.
//!
//! The inputs of each target are sent to one server, several at a time.

use futures::{StreamExt, stream};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use reqwest::Method;
use serde_json::json;
use testkit::{Engine, TestServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Inputs of a target, each sent as one request.
const CASES: usize = 10_000;
/// Concurrent requests.
const AT_ONCE: usize = 16;

/// Generates inputs, the same in each run.
fn inputs<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Writes bytes to a connection, and returns the status of each response.
async fn statuses(address: std::net::SocketAddr, bytes: &[u8]) -> Vec<u16> {
    let mut connection = TcpStream::connect(address).await.unwrap();
    // The server may close the connection early.
    let _gone = connection.write_all(bytes).await;
    let _gone = connection.shutdown().await;
    let mut answer = Vec::new();
    let _reset = connection.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer);
    let lines = text.split("HTTP/1.1 ").skip(1);
    lines.filter_map(|rest| rest.get(..3)?.parse().ok()).collect()
}

const HEADS: &[&[u8]] = &[
    b"GET /healthz HTTP/1.1\r\nHost: doppel.example\r\nX-Request-Id: abc\r\n\
        X-Forwarded-For: 1.2.3.4, [::1]:5\r\nAccept-Language: en;q=0.5\r\n\r\n",
    b"POST /api/secondme/note/add HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer lba_ak_x\r\n\
        Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /api/oauth/token/code HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
        Content-Type: application/x-www-form-urlencoded\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
    b"GET /api/echo/x?a=1 HTTP/1.1\r\nHost: a\r\nApihub-Token: a.b.c\r\nOrigin: https://a.example\r\n\r\n",
    b"GET http://other.example/sign-in HTTP/1.1\r\nHost: a\r\n\
        Cookie: doppel_session=x; doppel_language=zh\r\nAccept: text/html\r\n\r\n",
];

/// For any bytes on a connection, the server returns no 5xx and keeps running.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_bytes_on_a_connection() {
    let server = TestServer::start(Engine::Sqlite).await;
    let address = server.running().address.expect("a TCP listener");
    let all = stream::iter(inputs(::fuzz::bytes(HEADS))).map(|bytes| async move {
        let statuses = statuses(address, &bytes).await;
        (bytes, statuses)
    });
    let mut answered = 0;
    let mut all = Box::pin(all.buffer_unordered(AT_ONCE));
    while let Some((bytes, statuses)) = all.next().await {
        answered += statuses.len();
        let good = statuses.iter().all(|status| *status < 500 || matches!(status, 501 | 505));
        assert!(good, "{statuses:?}: {}", String::from_utf8_lossy(&bytes));
    }
    assert!(answered > CASES / 2, "{answered}");
    assert_eq!(server.anyone().get("/readyz").await.status, 200);
}

const MESSAGES: &[&[u8]] = &[
    br#"{"jsonrpc":"2.0","id":1,"method":"initialize",
        "params":{"protocolVersion":"2025-06-18","capabilities":{},
        "clientInfo":{"name":"x","version":"1"}}}"#,
    br#"{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{"cursor":"echo__ANY"}}"#,
    br#"{"jsonrpc":"2.0","id":2,"method":"tools/call",
        "params":{"name":"echo__ANY","arguments":{"action":"x","arguments":{"a":[1]}}}}"#,
    br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
];

const TOOLS: &[&[u8]] = &[
    br#"{"jsonrpc":"2.0","id":1,"method":"tools/call",
        "params":{"name":"search","arguments":{"query":"coffee"}}}"#,
    br#"{"jsonrpc":"2.0","id":1,"method":"tools/call",
        "params":{"name":"fetch","arguments":{"id":"note:5#2"}}}"#,
    br#"{"jsonrpc":"2.0","id":1,"method":"tools/call",
        "params":{"name":"list_memories","arguments":{"page":1}}}"#,
    br#"{"jsonrpc":"2.0","id":1,"method":"tools/call",
        "params":{"name":"add_memory","arguments":{"content":"x"}}}"#,
    br#"{"jsonrpc":"2.0","id":1,"method":"resources/read",
        "params":{"uri":"doppel://memory/5"}}"#,
    br#"{"jsonrpc":"2.0","id":1,"method":"prompts/get",
        "params":{"name":"context_about_me","arguments":{"task":"x"}}}"#,
];

/// Any message of a person's agent gets a response of the protocol or is refused, with a JSON body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_message_to_the_tools() {
    let limits =
        "[mcp]\nrequests_per_minute = 1000000\nwrites_per_minute = 1000000\nasks_per_minute = 1000000\n";
    let server = TestServer::configured(Engine::Sqlite, limits).await;
    let actor = server.person("a").await.with_key("*").await;
    let messages = inputs(::fuzz::bytes(TOOLS)).into_iter().chain(inputs(::fuzz::bytes(MESSAGES)));
    let all = stream::iter(messages).map(|bytes| {
        let request = actor.request(Method::POST, "/mcp").header("content-type", "application/json");
        let actor = actor.clone();
        async move { (bytes.clone(), actor.send(request.body(bytes)).await) }
    });
    let mut all = Box::pin(all.buffer_unordered(AT_ONCE));
    let mut called = 0;
    while let Some((bytes, answer)) = all.next().await {
        let is_good = matches!(answer.status, 200 | 202 | 400 | 404 | 413);
        assert!(is_good, "{} {}: {}", answer.status, String::from_utf8_lossy(&bytes), answer.body);
        let is_json = serde_json::from_str::<serde_json::Value>(&answer.body).is_ok();
        assert!(answer.status == 202 || is_json, "{}", answer.body);
        called += usize::from(answer.status == 200);
    }
    assert!(called > 50, "some messages are understood: {called}");
}

/// Any message of an agent gets a response of the protocol or is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_message_of_an_agent() {
    let server = TestServer::configured(
        Engine::Sqlite,
        "hub.anonymous_per_second = 100000\nhub.address_per_second = 100000\nhub.address_burst = 100000\n",
    )
    .await;
    let actor = server.anyone().with("accept", "application/json, text/event-stream");
    let all = stream::iter(inputs(::fuzz::bytes(MESSAGES))).map(|bytes| {
        let request = actor.request(Method::POST, "/mcp/hub").header("content-type", "application/json");
        let actor = actor.clone();
        async move { (bytes.clone(), actor.send(request.body(bytes)).await) }
    });
    let mut all = Box::pin(all.buffer_unordered(AT_ONCE));
    let mut called = 0;
    while let Some((bytes, answer)) = all.next().await {
        assert!(answer.status < 500, "{}: {}", String::from_utf8_lossy(&bytes), answer.body);
        assert!(answer.body.len() < 1 << 20);
        called += usize::from(answer.status == 200);
    }
    assert!(called > 50, "some messages are understood: {called}");
}

const FORMS: &[&[u8]] = &[
    b"grant_type=authorization_code&code=lba_ac_x&redirect_uri=https%3A%2F%2Fa.example%2F&\
        client_id=00000000-0000-4000-8000-000000000000&client_secret=x&code_verifier=y",
    b"grant_type=refresh_token&refresh_token=lba_rt_x&client_id=a&client_secret=b",
    b"grant_type=client_credentials&scope=chat&client_id=a&client_secret=b",
    b"token=lba_at_x&token_type_hint=refresh_token",
];

/// Any form at the endpoints of OAuth2 is refused with an error of the standard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_form_of_oauth() {
    let server = TestServer::start(Engine::Sqlite).await;
    let actor = server.anyone();
    let paths = [
        "/oauth/token",
        "/oauth/revoke",
        "/oauth/introspect",
        "/api/oauth/token/code",
        "/api/oauth/token/refresh",
    ];
    let all = stream::iter(inputs(::fuzz::bytes(FORMS)).into_iter().enumerate()).map(|(at, bytes)| {
        let path = paths[at % paths.len()];
        let request =
            actor.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        let actor = actor.clone();
        async move { (path, bytes.clone(), actor.send(request.body(bytes)).await) }
    });
    let mut all = Box::pin(all.buffer_unordered(AT_ONCE));
    while let Some((path, bytes, answer)) = all.next().await {
        let what = format!("{path} {}: {}", String::from_utf8_lossy(&bytes), answer.body);
        assert!((400..500).contains(&answer.status), "{what}");
        let body = answer.json();
        let is_standard = body["error"].is_string() || body == json!({"active": false});
        assert!(is_standard || body["subCode"].is_string(), "{what}");
    }
}
