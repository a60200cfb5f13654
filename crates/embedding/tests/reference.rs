//! The model compared with the package it comes from. `reference/make.py` makes the files.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]
#![cfg(feature = "model")]

use std::io::Read;

use embedding::Model;

static BYTES: &[u8] = include_bytes!("../model/e5-small-zh-en.e5s1");
const LINES: &[u8] = include_bytes!("reference/lines.txt.gz");
const PIECES: &[u8] = include_bytes!("reference/pieces.bin");
const TEXTS: &str = include_str!("reference/texts.txt");
const VECTORS: &[u8] = include_bytes!("reference/vectors.bin");

fn model() -> Model {
    Model::load(BYTES).unwrap()
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().unwrap())
}

/// FNV-1a of the numbers.
fn hash(pieces: &[u32]) -> u32 {
    let bytes = pieces.iter().flat_map(|piece| piece.to_le_bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn pieces_are_those_of_the_reference() {
    let model = model();
    let mut lines = String::new();
    flate2::read::GzDecoder::new(LINES).read_to_string(&mut lines).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!((lines.len(), PIECES.len()), (10_000, 80_000));
    for (line, expected) in lines.iter().zip(PIECES.chunks_exact(8)) {
        let pieces = model.pieces(line);
        let found = (u32::try_from(pieces.len()).unwrap(), hash(&pieces));
        assert_eq!(found, (number(&expected[..4]), number(&expected[4..])), "{line:?}: {pieces:?}");
    }
}

#[test]
fn vectors_are_those_of_the_reference() {
    let model = model();
    let texts: Vec<String> = TEXTS.lines().map(|text| format!("query: {text}")).collect();
    let expected: Vec<Vec<f32>> = VECTORS
        .chunks_exact(4 + 384)
        .map(|bytes| bytes[4..].iter().map(|byte| f32::from(byte.cast_signed())).collect())
        .collect();
    assert_eq!((texts.len(), expected.len()), (200, 200));
    let together = model.embed(&texts);
    for ((text, expected), together) in texts.iter().zip(&expected).zip(together) {
        let alone = model.embed(&[text]).remove(0);
        let likeness = cosine(&alone.vector, expected);
        assert!(likeness >= 0.999, "{text}: {likeness}");
        assert!(
            cosine(&alone.vector, &together.vector) > 0.999_99,
            "{text}: texts do not disturb each other"
        );
    }
}

#[test]
fn any_text_has_a_vector() {
    let model = model();
    for text in ["", " ", "\0", "\u{10ffff}", &"word ".repeat(2000), &"字".repeat(5000)] {
        let embedding = model.embed(&[text]).remove(0);
        let length: f32 = embedding.vector.iter().map(|value| value * value).sum();
        assert!((length - 1.0).abs() < 1e-4, "{length}");
        assert!(embedding.tokens > 2);
    }
    assert!(model.embed::<&str>(&[]).is_empty());
}
