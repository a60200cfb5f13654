//! What is bounded: bodies, time, requests at once.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use testkit::both_engines;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::raw::{address, talk};

both_engines! {
    async fn a_body_over_the_limit_is_refused(server: "server.max_body_bytes = 2048") {
        let actor = server.person("a").await.with_key("*").await;
        let path = "/api/secondme/user/profile";
        let body = actor.post(path, json!({"about_me": "x".repeat(3000)})).await.refused(413, "request.body.too_large");
        assert!(body["message"].as_str().unwrap().contains("2048"));
        // Without a declared length the limit is found while reading.
        let chunks = futures::stream::iter((0..64).map(|_| Ok::<_, std::io::Error>("x".repeat(1024))));
        let request = actor.request(Method::POST, path).header("content-type", "application/json");
        actor.send(request.body(reqwest::Body::wrap_stream(chunks))).await.refused(413, "request.body.too_large");
    }

    async fn a_huge_declared_body_is_refused_unread(server) {
        let (_, key) = server.person("a").await.new_key("*", None).await;
        let head = format!(
            "POST /api/secondme/user/profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{{"
        );
        assert!(talk(&server, head.as_bytes()).await.starts_with("HTTP/1.1 413 "));
    }

    async fn a_slow_body_is_cut_off(server: "server.request_seconds = 1") {
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

    async fn a_slow_head_is_cut_off(server: "server.head_seconds = 1") {
        let start = Instant::now();
        let answer = talk(&server, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    async fn an_idle_connection_is_closed(server: "server.head_seconds = 1") {
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let start = Instant::now();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        assert!(all.starts_with(b"HTTP/1.1 200 "));
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    /// Somebody who asks and never reads holds a connection no longer than that.
    async fn an_unread_answer_is_given_up(
        server: "server.max_connections = 1\nserver.write_seconds = 1\nserver.head_seconds = 1"
    ) {
        let mut deaf = TcpStream::connect(address(&server)).await.unwrap();
        // More than the kernel holds between the two: the last ones are never asked for.
        let asking = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500);
        deaf.write_all(asking.as_bytes()).await.unwrap();
        let (start, mut answer) = (Instant::now(), String::new());
        while answer.is_empty() && start.elapsed() < Duration::from_secs(30) {
            answer = talk(&server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
        }
        assert!(answer.starts_with("HTTP/1.1 200 "), "the only connection is still held: {answer:?}");
        let mut all = Vec::new();
        let _reset = deaf.read_to_end(&mut all).await;
        let answers = all.windows(9).filter(|nine| nine == b"HTTP/1.1 ").count();
        assert!((1..500).contains(&answers), "{answers} answers were written to nobody");
    }

    async fn a_head_over_the_limit_is_refused(server) {
        for head in [
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n", "x".repeat(64 * 1024)),
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: x\r\n".repeat(200)),
            format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(64 * 1024)),
        ] {
            let answer = talk(&server, head.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 431 ") || answer.starts_with("HTTP/1.1 414 "), "{answer}");
        }
    }

    async fn requests_beyond_the_limit_are_told_to_come_back(server: "server.max_in_flight = 1") {
        let (_, key) = server.person("a").await.new_key("*", None).await;
        let mut slow = TcpStream::connect(address(&server)).await.unwrap();
        let head = format!(
            "POST /api/secondme/user/profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{"
        );
        slow.write_all(head.as_bytes()).await.unwrap();
        let start = Instant::now();
        loop {
            let answer = server.anyone().get("/healthz").await;
            if answer.status == 503 {
                answer.refused(503, "connection.error");
                assert_eq!(answer.header("retry-after"), "1");
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(5), "the slow request is not in work");
        }
        slow.write_all(b"}").await.unwrap();
        let mut first = [0; 12];
        slow.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        assert_eq!(server.anyone().get("/healthz").await.status, 200);
    }
}
