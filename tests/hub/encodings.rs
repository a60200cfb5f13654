//! Upstreams that compress what nobody asked them to compress.

use serde_json::json;
use testkit::{
    TestServer, both_engines,
    model::{Model, raw},
};

use super::support::{admin, key, refused, result};
use crate::api::model_encodings::gzip;

#[both_engines]
async fn compressed_responses_are_passed_on_as_they_were_meant(server: TestServer, upstream: Model) {
    let provider = json!({"kind": "http", "base_url": upstream.url(), "open": true, "breaker_failures": 0});
    let api = json!({
        "code": "up", "anonymous": true, "accounts": ["*"], "provider": provider,
        "actions": {"file": {"stream": true}},
    });
    admin(&server).await.post("/api/apikey/hub/apis/save", api).await.data();
    let app = key(&server, "a", json!({})).await.app(&server);
    let script = |headers: &str, body: &[u8]| {
        let length = body.len();
        let head =
            format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
        upstream.next(raw(&[head.as_bytes(), body]));
    };
    let json = json!({"text": "你好"}).to_string();
    let packed = gzip(json.as_bytes());
    script("content-type: application/json\r\ncontent-encoding: gzip\r\n", &packed);
    assert_eq!(result(&app.get("/api/up/x").await), json!({"text": "你好"}));
    script("content-type: application/json\r\n", &packed);
    assert_eq!(result(&app.get("/api/up/x").await), json!({"text": "你好"}), "the header is missing");
    script("content-type: application/json\r\ncontent-encoding: compress\r\n", &packed);
    refused(&app.get("/api/up/x").await, 502, "UPSTREAM_ERROR");
    // A bomb is refused by its size.
    script("content-encoding: gzip\r\n", &gzip(&vec![b' '; 64 << 20]));
    refused(&app.get("/api/up/x").await, 502, "UPSTREAM_ERROR");

    // A stream is decompressed; a file that is gzip by itself is not touched.
    let text = "data: 你好\n\n".repeat(20);
    script("content-type: text/event-stream\r\ncontent-encoding: gzip\r\n", &gzip(text.as_bytes()));
    let answer = app.get("/api/up/file").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, text.as_str()));
    assert!(["", &text.len().to_string()].contains(&answer.header("content-length")));
    script("content-type: application/gzip\r\n", &packed);
    let response = app.request("GET".parse().unwrap(), "/api/up/file").send().await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), packed);
}
