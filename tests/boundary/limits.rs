//! Limits of bodies, heads, time and concurrent requests.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use testkit::{
    Actor, Response, TestServer, both_engines,
    model::{Model, Step, saying},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::raw::{address, talk};

#[both_engines("server.max_body_bytes = 2048")]
async fn a_body_over_the_limit_is_refused(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let path = "/api/secondme/user/profile";
    let body =
        actor.post(path, json!({"about_me": "x".repeat(3000)})).await.refused(413, "request.body.too_large");
    assert!(body["message"].as_str().unwrap().contains("2048"));
    // Without a declared length the limit applies while the body is read.
    let chunks = futures::stream::iter((0..64).map(|_| Ok::<_, std::io::Error>("x".repeat(1024))));
    let request = actor.request(Method::POST, path).header("content-type", "application/json");
    actor.send(request.body(reqwest::Body::wrap_stream(chunks))).await.refused(413, "request.body.too_large");
}

#[both_engines]
async fn a_huge_declared_body_is_refused_unread(server: TestServer) {
    let (_, key) = server.person("a").await.new_key("*", None).await;
    let head = format!(
        "POST /api/secondme/user/profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{{"
    );
    assert!(talk(&server, head.as_bytes()).await.starts_with("HTTP/1.1 413 "));
}

#[both_engines("server.request_seconds = 1")]
async fn a_slow_body_is_cut_off(server: TestServer) {
    let (_, key) = server.person("a").await.new_key("*", None).await;
    let head = format!(
        "POST /api/secondme/user/profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let start = Instant::now();
    let answer = talk(&server, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("request.timeout"));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[both_engines("server.head_seconds = 1")]
async fn a_slow_head_is_cut_off(server: TestServer) {
    let start = Instant::now();
    let answer = talk(&server, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[both_engines("server.head_seconds = 1")]
async fn an_idle_connection_is_closed(server: TestServer) {
    let mut stream = TcpStream::connect(address(&server)).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let start = Instant::now();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.starts_with(b"HTTP/1.1 200 "));
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// A client that never reads the response holds its connection no longer than `server.write_seconds`.
#[both_engines("server.write_seconds = 1")]
async fn an_unread_answer_is_given_up(server: TestServer) {
    let mut deaf = TcpStream::connect(address(&server)).await.unwrap();
    // The responses are larger than the buffers of the kernel, so the server blocks on writing.
    let asking = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500);
    deaf.write_all(asking.as_bytes()).await.unwrap();
    // Writes until the buffers are full, and then until the server has closed the connection.
    let (start, mut rest) = (Instant::now(), asking.as_bytes().iter().cycle());
    let given_up = async {
        loop {
            deaf.writable().await.unwrap();
            let more: Vec<u8> = rest.by_ref().take(8192).copied().collect();
            match deaf.try_write(&more) {
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return error,
                Ok(_) | Err(_) => {}
            }
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(30), given_up).await.expect("it is still held");
    assert!(start.elapsed() > Duration::from_millis(900), "{error}");
}

#[both_engines]
async fn a_head_over_the_limit_is_refused(server: TestServer) {
    for head in [
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n", "x".repeat(64 * 1024)),
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: x\r\n".repeat(200)),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(64 * 1024)),
    ] {
        let answer = talk(&server, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 ") || answer.starts_with("HTTP/1.1 414 "), "{answer}");
    }
}

/// The limit of a head is exactly `server.max_head_bytes`, even if the head comes in pieces.
#[both_engines("server.max_head_bytes = 32768")]
async fn the_limit_of_heads_is_exact(server: TestServer) {
    for (length, expected) in
        [(32_768, "HTTP/1.1 200 "), (32_769, "HTTP/1.1 431 "), (40_000, "HTTP/1.1 431 ")]
    {
        let start = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: ";
        let head = format!("{start}{}\r\n\r\n", "x".repeat(length - start.len() - 4));
        let answer = talk(&server, head.as_bytes()).await;
        assert!(answer.starts_with(expected), "{length}: {answer}");
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        for piece in head.as_bytes().chunks(1000) {
            let _refused = stream.write_all(piece).await;
            tokio::task::yield_now().await;
        }
        let mut first = vec![0; expected.len()];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&first), expected, "{length}");
    }
}

/// A multipart content type does not extend the time limit. Only the route for uploads does.
#[both_engines("server.request_seconds = 1")]
async fn a_content_type_buys_no_time(server: TestServer) {
    for (path, kind) in [
        ("/api/oauth/token/code", "multipart/form-data; boundary=x"),
        ("/api/oauth/token/code", "multipart/x"),
        ("/api/echo/x", "multipart/form-data; boundary=x"),
        ("/sign-in", "multipart/form-data; boundary=x"),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 100\r\n\r\na"
        );
        let start = Instant::now();
        let answer = talk(&server, head.as_bytes()).await;
        assert!(start.elapsed() < Duration::from_secs(3), "{path} {kind}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 4"), "{path} {kind}: {answer}");
    }
    // A caller who may upload has the time limit of uploads. Others are refused at once.
    let (_, key) = server.person("a").await.new_key("*", None).await;
    let upload = |key: &str| {
        format!(
            "POST /api/cdn/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n"
        )
    };
    assert!(talk(&server, upload("nobody").as_bytes()).await.starts_with("HTTP/1.1 401 "));
    assert_eq!(talk(&server, upload(&key).as_bytes()).await, "", "no answer for three seconds");
}

/// A client that is refused before it has sent its body can read the response.
#[both_engines]
async fn an_early_answer_is_read(server: TestServer) {
    let person = server.person("a").await;
    let (_, key) = person.new_key("*", None).await;
    let (_, narrow) = person.new_key("user.info", None).await;
    let large = [("/api/cdn/upload", "lba_ak_bad", 401), ("/api/secondme/user/profile", key.as_str(), 413)];
    let others = [
        ("/api/secondme/user/profile", "lba_ak_bad", 401),
        ("/api/secondme/note/add", narrow.as_str(), 403),
        ("/gate/lab/api/nothing", key.as_str(), 404),
        ("/api/secondme/user/info", key.as_str(), 405),
        ("/api/nothing/x", key.as_str(), 404),
    ];
    for length in [200_000, 1_500_000, 3_000_000] {
        for (path, credential, expected) in large.iter().chain(&others) {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {credential}\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            );
            if *expected == 413 && length < 1 << 20 {
                continue;
            }
            // Some clients read the response only after they have sent everything.
            let mut stream = TcpStream::connect(address(&server)).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..length / 10_000 {
                stream.write_all(&[b'x'; 10_000]).await.expect("it is not cut off while it sends");
            }
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.expect("it is not cut off before it has read");
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{path} {length}: {answer}");
        }
    }
}

/// A request whose body is still being sent holds no permit.
#[both_engines("server.max_in_flight = 1")]
async fn slow_bodies_leave_room(server: TestServer) {
    let (_, key) = server.person("a").await.new_key("*", None).await;
    let head = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{"
        )
    };
    let mut slow = Vec::new();
    for path in ["/api/secondme/user/profile", "/api/echo/x", "/mcp", "/api/secondme/user/profile"] {
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        stream.write_all(head(path).as_bytes()).await.unwrap();
        slow.push(stream);
    }
    // Each holds the only permit for a moment when its head arrives, and not afterwards.
    let (actor, start, mut served) = (server.bearer(&key), Instant::now(), 0);
    while served < 20 {
        let is_served = actor.get("/api/secondme/user/info").await.status == 200;
        served = if is_served { served + 1 } else { 0 };
        assert!(start.elapsed() < Duration::from_secs(20), "slow bodies hold what others need");
    }
    for stream in &mut slow {
        stream.write_all(b"}").await.unwrap();
        let mut first = [0; 9];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 ");
    }
}

/// Sends a request that stays in work until the model is released.
async fn long_work(actor: &Actor, model: &Model) -> Response {
    model.next([vec![Step::Wait], saying(&["ok"])].concat());
    actor.post("/v1/chat/completions", json!({"messages": [{"role": "user", "content": "x"}]})).await
}

#[both_engines("server.max_in_flight = 1")]
async fn requests_beyond_the_limit_are_told_to_come_back(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("*").await;
    let others = async {
        model.has_been_asked(1).await;
        let answer = actor.get("/api/secondme/user/info").await;
        answer.refused(503, "connection.error");
        assert_eq!(answer.header("retry-after"), "1");
        let call = actor.get("/api/echo/x").await;
        assert_eq!((call.status, call.header("retry-after")), (503, "1"), "{}", call.body);
        // Health checks must succeed under load.
        for path in ["/healthz", "/readyz"] {
            assert_eq!(actor.get(path).await.status, 200, "{path}");
        }
        model.release();
    };
    let (work, ()) = tokio::join!(long_work(&actor, &model), others);
    assert_eq!(work.status, 200, "{}", work.body);
    actor.get("/api/secondme/user/info").await.data();
}

#[both_engines("server.max_in_flight_per_address = 1\nserver.trusted_proxies = [\"127.0.0.0/8\"]")]
async fn one_address_leaves_room_for_others(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("*").await;
    let busy = actor.with("x-forwarded-for", "203.0.113.9");
    let others = async {
        model.has_been_asked(1).await;
        let answer = busy.get("/api/secondme/user/info").await;
        answer.refused(429, "rate.limited");
        assert_eq!(answer.header("retry-after"), "1");
        let call = busy.get("/api/echo/x").await;
        assert_eq!((call.status, call.header("retry-after")), (429, "1"), "{}", call.body);
        assert_eq!(call.header("ratelimit"), "\"in-flight\";r=0;t=1");
        assert!(call.header("ratelimit-policy").starts_with("\"in-flight\";q="));
        actor.with("x-forwarded-for", "203.0.113.10").get("/api/secondme/user/info").await.data();
        actor.get("/api/secondme/user/info").await.data();
        model.release();
    };
    let (work, ()) = tokio::join!(long_work(&busy, &model), others);
    assert_eq!(work.status, 200, "{}", work.body);
    busy.get("/api/secondme/user/info").await.data();
}
