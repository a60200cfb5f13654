//! Responses with and without a name of their coding.

use futures::stream;

use super::*;
use crate::decode::tests::{coded, gzip, text, zstd};

/// A response that arrives in pieces of this size.
fn response(encodings: &[&str], body: &[u8], size: usize) -> Response {
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        body.chunks(size).map(|piece| Ok(piece.to_vec())).collect();
    let mut builder = http::Response::builder();
    for encoding in encodings {
        builder = builder.header(header::CONTENT_ENCODING, *encoding);
    }
    builder.body(reqwest::Body::wrap_stream(stream::iter(pieces))).unwrap().into()
}

#[tokio::test]
async fn a_response_is_read_however_it_is_compressed() {
    for (name, coding, body) in coded() {
        let encoding = match coding {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        };
        for size in [1, 7, 10_000] {
            let whole = read(response(&[encoding], &body, size), 10_000).await;
            assert_eq!(whole.unwrap(), text(), "{name} in pieces of {size}");
        }
        let limit = text().len() - 1;
        let refused = read(response(&[encoding], &body, 50), limit).await;
        assert_eq!(refused, Err(Refused::TooLarge(limit)), "{name}");
    }
}

#[tokio::test]
async fn codings_may_be_wrong_missing_or_several() {
    let (plain, packed) = (text(), gzip(&text()));
    let twice = gzip(&packed);
    let both = gzip(&zstd(&text()));
    for (encodings, body) in [
        (&["identity"][..], &plain),
        (&["UTF-8"], &plain),
        (&["gzip"], &plain),
        (&["x-gzip"], &packed),
        (&[], &packed),
        (&["gzip, gzip"], &twice),
        (&["gzip", "gzip"], &twice),
        (&["zstd, gzip"], &both),
        (&["gzip, identity"], &packed),
    ] {
        for size in [1, 3, 10_000] {
            let whole = read(response(encodings, body, size), 10_000).await;
            assert_eq!(whole.unwrap(), text(), "{encodings:?} in pieces of {size}");
        }
    }
    for encodings in [&["compress"][..], &["gzip, gzip, gzip, gzip"]] {
        assert_eq!(read(response(encodings, &packed, 100), 10_000).await, Err(Refused::Encoding));
    }
    let cut = &packed[..packed.len() / 2];
    assert_eq!(read(response(&["gzip"], cut, 100), 10_000).await, Err(Refused::Broken));
    assert!(read(response(&["gzip"], b"", 100), 10_000).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_is_gzip_stays_one() {
    let packed = gzip(&text());
    let mut body = Body::new(response(&[], &packed, 10)).unwrap();
    let mut whole = Vec::new();
    while let Some(bytes) = body.chunk().await.unwrap() {
        whole.extend_from_slice(&bytes);
    }
    assert!(whole == packed && !body.is_compressed());
}
