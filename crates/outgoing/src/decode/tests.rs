//! Bodies with each coding, in any pieces; wrong names; bombs.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

/// Three events, and `[DONE]`.
pub(crate) fn text() -> Vec<u8> {
    let event = "data: {\"choices\":[{\"delta\":{\"content\":\"你好，再见 😀\"}}]}\n\n";
    format!("{}data: [DONE]\n\n", event.repeat(3)).into_bytes()
}

/// The same in Brotli.
const BROTLI: &str = "1bd300c0ac0aec06f76bb0b5fb08a2c14757531046a8f42c07144910f4779d1c30\
    5f4ebf67252d919e0a5d7d450edf223a5b7b61030ed8c301f76844bb2cb0e674482560\
    eeb96997b43ae02444c6e617ba835df78d9f858b1b";
/// 64 MiB of blanks in Brotli.
const BROTLI_BOMB: &str = "cfffff7ff82540e2b14020f7fe9ffffffff04b00c4610180eefd3fffffffe1970088c3\
     2200ddfbfffcffffc72f0110870500baf7ff";

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    pairs.map(|pair| u8::from_str_radix(&pair, 16).unwrap()).collect()
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(text: &[u8]) -> Vec<u8> {
    compress_to_vec(text, CompressionLevel::Fastest)
}

/// gzip with each optional member of the header.
fn gzip_with_names(text: &[u8]) -> Vec<u8> {
    let builder = flate2::GzBuilder::new().extra("extra").filename("name").comment("comment");
    let mut encoder = builder.write(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// The text in each coding, with the name of the case.
pub(crate) fn coded() -> Vec<(&'static str, Coding, Vec<u8>)> {
    let (first, second) = (text()[..50].to_vec(), text()[50..].to_vec());
    vec![
        ("gzip", Coding::Gzip, gzip(&text())),
        ("gzip with names", Coding::Gzip, gzip_with_names(&text())),
        ("two members of gzip", Coding::Gzip, [gzip(&first), gzip(&second)].concat()),
        ("gzip and what is no member", Coding::Gzip, [gzip(&text()), vec![0; 100]].concat()),
        ("gzip without its checksum", Coding::Gzip, {
            let whole = gzip(&text());
            whole[..whole.len() - GZIP_FOOTER].to_vec()
        }),
        ("no gzip", Coding::Gzip, text()),
        ("zlib", Coding::Deflate, zlib(&text())),
        ("bare deflate", Coding::Deflate, deflate(&text())),
        ("Brotli", Coding::Brotli, bytes_of(BROTLI)),
        ("Zstandard", Coding::Zstd, zstd(&text())),
        ("two frames of Zstandard", Coding::Zstd, [zstd(&first), zstd(&second)].concat()),
        ("no Zstandard", Coding::Zstd, text()),
    ]
}

/// Decodes a body that arrives in these pieces, at most `limit` bytes of it.
fn decode(coding: Coding, pieces: &[&[u8]], limit: usize) -> io::Result<Vec<u8>> {
    let (mut decoder, mut decoded) = (Decoder::new(coding), Vec::new());
    let mut take = |decoder: &mut Decoder| {
        while decoded.len() <= limit
            && let Some(bytes) = decoder.next()?
        {
            let most = usize::try_from(MAX_WINDOW).unwrap() + PIECE;
            assert!(!bytes.is_empty() && bytes.len() <= most, "pieces are small");
            decoded.extend_from_slice(&bytes);
        }
        Ok::<(), io::Error>(())
    };
    for piece in pieces {
        decoder.push(piece);
        take(&mut decoder)?;
    }
    decoder.end();
    take(&mut decoder)?;
    Ok(decoded)
}

#[test]
fn each_coding_is_decoded() {
    for (name, coding, body) in coded() {
        assert_eq!(decode(coding, &[&body], usize::MAX).unwrap(), text(), "{name}");
        let single: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(decode(coding, &single, usize::MAX).unwrap(), text(), "{name}, byte by byte");
        assert!(decode(coding, &[], 0).unwrap().is_empty(), "{name}: no body, as with 204");
    }
}

#[test]
fn a_body_that_is_cut_is_an_error() {
    for (name, coding, body) in coded() {
        let is_plain = body == text();
        for cut in [1, 5, 12, body.len() / 2, body.len() - 20] {
            let outcome = decode(coding, &[&body[..cut]], usize::MAX);
            let is_whole = outcome.as_ref().is_ok_and(|decoded| *decoded == text());
            let is_start = outcome.as_ref().is_ok_and(|decoded| text().starts_with(decoded));
            assert!(outcome.is_err() || is_plain || is_whole || (is_start && cut < 4), "{name} at {cut}");
        }
    }
}

#[test]
fn what_was_flushed_is_decoded_at_once() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let mut decoder = Decoder::new(Coding::Gzip);
    for event in ["data: one\n\n", "data: two\n\n", "data: 三\n\n"] {
        encoder.write_all(event.as_bytes()).unwrap();
        encoder.flush().unwrap();
        decoder.push(&std::mem::take(encoder.get_mut()));
        let mut decoded = Vec::new();
        while let Some(bytes) = decoder.next().unwrap() {
            decoded.extend_from_slice(&bytes);
        }
        assert_eq!(decoded, event.as_bytes());
    }
}

#[test]
fn a_bomb_comes_in_small_pieces() {
    let blanks = vec![b' '; 32 << 20];
    for (coding, bomb) in [
        (Coding::Gzip, gzip(&blanks)),
        (Coding::Deflate, deflate(&blanks)),
        (Coding::Brotli, bytes_of(BROTLI_BOMB)),
        (Coding::Zstd, zstd(&blanks)),
    ] {
        assert!(bomb.len() < 200_000, "{coding:?}");
        let decoded = decode(coding, &[&bomb], 1 << 20).unwrap();
        assert!(decoded.iter().all(|byte| *byte == b' '), "{coding:?}");
        assert!((1 << 20..32 << 20).contains(&decoded.len()), "{coding:?}: {}", decoded.len());
    }
    // A header of Zstandard that asks for a window of 2 GiB.
    let window = [ZSTD_MAGIC, &[0, 21 << 3, 1, 0, 0]].concat();
    assert!(decode(Coding::Zstd, &[&window], usize::MAX).is_err());
}

#[test]
fn names_of_codings_are_read() {
    for (value, expected) in [
        ("", Some(vec![])),
        ("identity", Some(vec![])),
        ("utf-8", Some(vec![])),
        ("GZIP", Some(vec![Coding::Gzip])),
        ("x-gzip", Some(vec![Coding::Gzip])),
        ("deflate, gzip", Some(vec![Coding::Deflate, Coding::Gzip])),
        ("br", Some(vec![Coding::Brotli])),
        ("zstd", Some(vec![Coding::Zstd])),
        ("compress", None),
    ] {
        assert_eq!(Coding::all(value), expected, "{value}");
    }
}

proptest! {
    #[test]
    fn any_pieces_give_the_same(cuts in prop::collection::vec(0_usize..400, 0..12)) {
        for (name, coding, body) in coded() {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(body.len())).collect();
            cuts.extend([0, body.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect();
            prop_assert_eq!(decode(coding, &pieces, usize::MAX).unwrap(), text(), "{}", name);
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..300), place in 0_usize..400, coding in 0_usize..4,
    ) {
        let coding = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd][coding];
        let _any = decode(coding, &[&bytes], 1 << 20);
        // A body that is damaged from somewhere on.
        for (_, coding, body) in coded() {
            let start = &body[..place.min(body.len())];
            let _any = decode(coding, &[start, &bytes], 1 << 20);
        }
    }
}
