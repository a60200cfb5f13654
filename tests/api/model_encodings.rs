//! Answers of providers that arrive compressed although nobody asked for it, and with characters split.

use std::io::Write;

use serde_json::json;
use testkit::{
    TestServer, both_engines,
    model::{Model, STREAM, Step, ending, piece, raw},
};

use super::{
    chat::{messages, said, session, stream},
    model_streams::{answers, checked, delta, stop},
};

pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Returns a response whose body is encoded, and arrives in pieces of this size.
fn encoded(status: &str, encoding: &str, body: &[u8], size: usize) -> Vec<Step> {
    let encoding = match encoding {
        "" => String::new(),
        name => format!("content-encoding: {name}\r\n"),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/event-stream\r\n{encoding}content-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let pieces = body.chunks(size).map(|piece| Step::Send(piece.to_vec()));
    std::iter::once(Step::Send(head.into_bytes())).chain(pieces).collect()
}

#[both_engines]
async fn an_answer_is_read_however_it_is_compressed(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let events = [piece("你好，"), piece("再见 😀"), ending("stop")].concat().into_bytes();
    let message = json!({"choices": [{"message": {"content": "你好，再见 😀"}, "finish_reason": "stop"}]});
    let whole = message.to_string().into_bytes();
    for (name, text) in [("a stream", &events), ("no stream", &whole)] {
        for (encoding, body) in [
            ("gzip", gzip(text)),
            ("x-gzip", gzip(text)),
            ("deflate", zlib(text)),
            ("deflate", deflate(text)),
            ("zstd", zstd(text)),
            ("gzip, gzip", gzip(&gzip(text))),
            // What was not applied, and what was not named.
            ("gzip", text.clone()),
            ("", gzip(text)),
        ] {
            for size in [5, 10_000] {
                let name = format!("{name} in {encoding:?} and pieces of {size}");
                answers(&actor, &model, &name, encoded("200 OK", encoding, &body, size), "你好，再见 😀")
                    .await;
            }
        }
    }
    // A stream that breaks off inside the compression is cut.
    let body = gzip(&events);
    model.next(encoded("200 OK", "gzip", &body[..body.len() / 2], 10_000));
    let answer = stream(&actor, json!({"message": "x"})).await;
    assert!(answer.body.contains("event: error"), "{}", answer.body);
}

#[both_engines]
async fn a_compressed_stream_is_passed_on_as_it_comes(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut flushed = |text: String| {
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.flush().unwrap();
        Step::Send(std::mem::take(encoder.get_mut()))
    };
    let head = STREAM.replacen("\r\n\r\n", "\r\ncontent-encoding: gzip\r\n\r\n", 1);
    let first = vec![Step::Send(head.into_bytes()), flushed(piece("你好")), Step::Wait];
    let second = [flushed(piece("再见")), flushed(ending("stop"))];
    model.next([first, second.to_vec()].concat());
    let request = actor.request("POST".parse().unwrap(), "/api/secondme/chat/stream");
    let mut response = request.json(&json!({"message": "x"})).send().await.unwrap();
    let mut body = String::new();
    // The provider waits until the first piece has reached the person.
    while !body.contains("你好") {
        body.push_str(&String::from_utf8_lossy(&response.chunk().await.unwrap().unwrap()));
    }
    assert!(!body.contains("再见"), "{body}");
    model.release();
    while let Some(bytes) = response.chunk().await.unwrap() {
        body.push_str(&String::from_utf8_lossy(&bytes));
    }
    assert!(body.contains("再见") && body.ends_with("data: [DONE]\n\n"), "{body}");
}

#[both_engines]
async fn a_compressed_refusal_is_understood(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
    let refusal = json!({"error": {"message": message}}).to_string();
    model.next(encoded("400 Bad Request", "gzip", &gzip(refusal.as_bytes()), 10_000));
    let answer = stream(&actor, json!({"message": "x"})).await;
    assert!(!answer.body.contains("event: error"), "{}", answer.body);
    assert!(model.asked().last().unwrap().get("max_completion_tokens").is_some());
}

#[both_engines]
async fn a_bomb_is_an_answer_of_bounded_size(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let blanks = vec![b' '; 64 << 20];
    for start in ["data: ", "{\"a\":\""] {
        let body = gzip(&[start.as_bytes(), blanks.as_slice()].concat());
        model.next(encoded("200 OK", "gzip", &body, 10_000));
        let answer = stream(&actor, json!({"message": "x"})).await;
        assert!(answer.body.contains("event: error"), "{}", answer.body);
    }
}

#[both_engines]
async fn characters_may_be_split_anywhere(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let event = |bytes: &[u8]| {
        let event = format!("data: {}\n\n", delta(json!({"content": "?"})));
        let bytes = event.bytes().flat_map(|byte| if byte == b'?' { bytes.to_vec() } else { vec![byte] });
        bytes.collect::<Vec<u8>>()
    };
    let end = format!("data: {}\n\ndata: [DONE]\n\n", stop()).into_bytes();
    let whole = [event("你好😀".as_bytes()), end.clone()].concat();
    let rest = b"\xa0\xe5\xa5\xbd\xf0\x9f\x98\x80";
    for (name, body) in [
        ("bytes over two events", [event(b"\xe4\xbd"), event(rest), end.clone()].concat()),
        (
            "surrogates over two events",
            [event("你好\\ud83d".as_bytes()), event(b"\\ude00"), end.clone()].concat(),
        ),
        ("one event", whole),
    ] {
        for size in [1, 2, 7, 10_000] {
            let pieces: Vec<&[u8]> = std::iter::once(STREAM.as_bytes()).chain(body.chunks(size)).collect();
            model.next(raw(&pieces));
            let answer = stream(&actor, json!({"message": "x"})).await;
            let kept = messages(&actor, &session(&answer)).await;
            checked(&format!("{name}, {size}"), &answer.body, &said(&answer), "你好😀", &kept);
        }
    }
}
