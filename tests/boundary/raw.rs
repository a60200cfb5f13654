//! Raw requests that no client library would send.

use std::time::Duration;

use testkit::{TestServer, both_engines};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub fn address(server: &TestServer) -> std::net::SocketAddr {
    server.running().address.expect("a TCP listener")
}

/// Sends bytes, and reads until the server closes the connection or sends nothing for three seconds.
pub async fn talk(server: &TestServer, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address(server)).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut all = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(Ok(read)) = tokio::time::timeout(Duration::from_secs(3), stream.read(&mut chunk)).await {
        all.extend_from_slice(&chunk[..read]);
        let is_whole = all.windows(4).any(|four| four == b"\r\n\r\n") && all.len() > 12;
        if read == 0 || is_whole {
            break;
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

/// A body with two lengths must not smuggle a second request past a proxy.
#[both_engines]
async fn two_framings_never_make_two_requests(server: TestServer) {
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    for framing in [
        format!(
            "Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}",
            5 + smuggled.len()
        ),
        format!("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("Content-Length: 0\r\nContent-Length: {}\r\n\r\n{smuggled}", smuggled.len()),
        format!("Content-Length: +0\r\n\r\n{smuggled}"),
        format!("Content-Length : 0\r\n\r\n{smuggled}"),
        format!("Transfer-Encoding: xchunked\r\n\r\n{smuggled}"),
    ] {
        let request = format!("POST /sign-out HTTP/1.1\r\nHost: x\r\n{framing}");
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        let reading = stream.read_to_end(&mut all);
        let _closed = tokio::time::timeout(Duration::from_secs(1), reading).await;
        let text = String::from_utf8_lossy(&all);
        assert!(answers(&text) <= 1 || !text.contains("ok\n"), "{framing:?} made: {text}");
    }
}

#[both_engines]
async fn bad_heads_are_refused(server: TestServer) {
    for head in [
        &b"GET / HTTP/1.1\r\nHost: x\r\nX-Bad\x00: 1\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\x01b\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"G\xffT / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http\r\n\r\n",
    ] {
        let answer = talk(&server, head).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{head:?}: {answer}");
    }
    assert_eq!(server.anyone().get("/healthz").await.status, 200);
}

/// RFC 9112 §3.2: a request must have exactly one valid `Host`.
#[both_engines]
async fn a_request_names_one_host(server: TestServer) {
    for (request, expected) in [
        ("GET /healthz HTTP/1.1\r\n\r\n", "400"),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
        ("GET /healthz HTTP/1.1\r\nHost: u@a\r\n\r\n", "400"),
        ("GET /api/echo/x HTTP/1.1\r\n\r\n", "400"),
        ("POST /mcp HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "400"),
        ("GET http://x/healthz HTTP/1.1\r\n\r\n", "400"),
        ("GET /healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET /healthz HTTP/1.0\r\n\r\n", "200"),
        ("GET /healthz HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "200"),
        ("GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
    ] {
        let answer = talk(&server, request.as_bytes()).await;
        assert_eq!(answer.split_whitespace().nth(1), Some(expected), "{request:?}: {answer}");
        if expected == "400" {
            assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
            assert!(answer.contains("x-request-id: "), "{answer}");
        }
    }
}

#[both_engines]
async fn bad_utf8_is_a_refusal_and_no_crash(server: TestServer) {
    let (_, key) = server.person("a").await.new_key("*", None).await;
    for (line, expected) in [
        (&b"GET /api/secondme/user/info?x=%ff%fe HTTP/1.1\r\n"[..], "HTTP/1.1 200"),
        (b"GET /api/apikey/%ff/usage HTTP/1.1\r\n", "HTTP/1.1 4"),
        (b"GET /api/apikey/list?pageNo=%ff HTTP/1.1\r\n", "HTTP/1.1 4"),
    ] {
        let mut request = line.to_vec();
        request.extend_from_slice(format!("Host: x\r\nAuthorization: Bearer {key}\r\n\r\n").as_bytes());
        let answer = talk(&server, &request).await;
        assert!(answer.starts_with(expected), "{answer}");
    }
    let mut request =
        b"GET /api/secondme/user/info HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n".to_vec();
    request.extend_from_slice(
        b"Accept-Language: \xff\r\nX-Request-Id: \xff\r\nCookie: doppel_session=\xff\r\n\r\n",
    );
    assert!(talk(&server, &request).await.starts_with("HTTP/1.1 401 "));
}

#[both_engines]
async fn a_client_cannot_say_where_it_comes_from(server: TestServer) {
    let person = server.person("a").await;
    let (id, key) = person.new_key("*", None).await;
    let liar = server.bearer(&key).with("x-forwarded-for", "6.6.6.6").with("forwarded", "for=6.6.6.6");
    liar.get("/api/secondme/user/info").await.data();
    let usage = format!("/api/apikey/{id}/usage");
    let session = person.signed_in().await;
    session.get(&usage).await.data();
    assert_eq!(session.get("/api/apikey/list").await.data()["list"][0]["lastUsedAddress"], "127.0.0.1");
}

#[both_engines("server.trusted_proxies = [\"127.0.0.0/8\"]")]
async fn a_trusted_proxy_is_believed(server: TestServer) {
    let person = server.person("a").await;
    let (id, key) = person.new_key("*", None).await;
    let proxied = server.bearer(&key).with("x-forwarded-for", "6.6.6.6, 203.0.113.9");
    proxied.get("/api/secondme/user/info").await.data();
    let session = person.signed_in().await;
    session.get(&format!("/api/apikey/{id}/usage")).await.data();
    assert_eq!(session.get("/api/apikey/list").await.data()["list"][0]["lastUsedAddress"], "203.0.113.9");
}
