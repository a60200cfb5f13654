//! Hostile inputs for parsers of external bytes: arbitrary bytes mixed with mutations of valid inputs.
//!
//! A fuzz target is a property test with [`config`] and one of the strategies here:
//!
//! ```text
//! proptest! {
//!     #![proptest_config(fuzz::config())]
//!     #[test]
//!     fn any_bytes(input in fuzz::bytes(&[b"key=value"])) { … }
//! }
//! ```
//!
//! Every target asserts that nothing panics, that the output is bounded, and an invariant of its parser.
//! `docs/testing.md` lists the targets.

use std::time::{Duration, Instant};

use proptest::{
    prelude::{Just, ProptestConfig, Strategy, any, prop},
    prop_oneof,
};

/// Number of cases of a target, unless `PROPTEST_CASES` is set.
const CASES: u32 = 10_000;

/// Maximum duration of one case. A parser with quadratic cost exceeds it for all but small inputs. A linear
/// one never does, even on a busy machine.
const MAX_CASE: Duration = Duration::from_secs(10);

/// Maximum length of arbitrary inputs, in bytes.
const MAX_BYTES: usize = 512;

/// Maximum number of mutations of one valid input.
const MAX_MUTATIONS: usize = 6;

/// Pieces that parsers of text formats treat specially.
const TOKENS: &[&[u8]] = &[
    b"\0",
    b"\r\n",
    b"\n\n",
    b"\r",
    b"\t",
    b" ",
    b"\"",
    b"'",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"/",
    b"..",
    b"../",
    b"%2e%2e",
    b"%00",
    b"%",
    b"%zz",
    b"+",
    b"&",
    b"=",
    b";",
    b",",
    b":",
    b"::1",
    b"@",
    b"#",
    b"?",
    b"*",
    b"$",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":{\"a\":",
    b"<",
    b">",
    b"<!--",
    b"]]>",
    b"--",
    b"null",
    b"true",
    b"-1",
    b"-0",
    b"1e400",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551616",
    b"0.1",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    "你好".as_bytes(),
    "İ".as_bytes(),
    b"data: ",
    b"[DONE]",
    b"```",
];

/// Returns the configuration of a fuzz target: 10 000 cases, no files beside the sources, bounded shrinking.
#[must_use]
pub fn config() -> ProptestConfig {
    config_with(CASES)
}

/// Returns the configuration with another number of cases, for parsers that need long for each case.
#[must_use]
pub fn config_with(cases: u32) -> ProptestConfig {
    let cases = match std::env::var("PROPTEST_CASES") {
        Ok(_) => ProptestConfig::default().cases,
        Err(_unset) => cases,
    };
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_time: 20_000,
        max_global_rejects: cases,
        ..ProptestConfig::default()
    }
}

/// Runs one case, and fails if it takes longer than any parser of bounded input may.
///
/// # Panics
/// If the case took longer than 10 seconds.
pub fn timed<T>(case: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = case();
    assert!(start.elapsed() < MAX_CASE, "one input took {:?}", start.elapsed());
    result
}

/// A mutation of an input. Positions are fractions of its length, so that they fit every seed.
#[derive(Debug, Clone)]
enum Mutation {
    /// Replaces a byte.
    Set(u16, u8),
    /// Removes a range.
    Remove(u16, u8),
    /// Repeats a range several times.
    Repeat(u16, u8, u8),
    /// Inserts a token.
    Insert(u16, &'static [u8]),
    /// Replaces a range with a token.
    Replace(u16, u8, &'static [u8]),
    /// Inserts arbitrary bytes.
    Bytes(u16, Vec<u8>),
    /// Cuts the input off.
    Truncate(u16),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let token = prop::sample::select(TOKENS);
    prop_oneof![
        (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (any::<u16>(), any::<u8>()).prop_map(|(at, length)| Mutation::Remove(at, length)),
        (any::<u16>(), any::<u8>(), 1_u8..20)
            .prop_map(|(at, length, times)| Mutation::Repeat(at, length, times)),
        (any::<u16>(), token.clone()).prop_map(|(at, token)| Mutation::Insert(at, token)),
        (any::<u16>(), any::<u8>(), token)
            .prop_map(|(at, length, token)| Mutation::Replace(at, length, token)),
        (any::<u16>(), prop::collection::vec(any::<u8>(), 1..8))
            .prop_map(|(at, bytes)| Mutation::Bytes(at, bytes)),
        any::<u16>().prop_map(Mutation::Truncate),
    ]
}

/// Returns the index at a fraction of the length.
fn index(input: &[u8], at: u16) -> usize {
    usize::from(at) * (input.len() + 1) / (usize::from(u16::MAX) + 1)
}

/// Returns the end of a range that begins at `start`. A range covers at most a fourth of the input.
fn end(input: &[u8], start: usize, length: u8) -> usize {
    let longest = input.len() / 4 + 1;
    (start + 1 + usize::from(length) * longest / 256).min(input.len())
}

fn mutate(mut input: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
    for mutation in mutations {
        match mutation {
            Mutation::Set(at, byte) => {
                let at = index(&input, *at);
                if let Some(place) = input.get_mut(at) {
                    *place = *byte;
                }
            }
            Mutation::Remove(at, length) => {
                let start = index(&input, *at);
                input.drain(start..end(&input, start, *length).max(start));
            }
            Mutation::Repeat(at, length, times) => {
                let start = index(&input, *at);
                let range = start..end(&input, start, *length).max(start);
                let piece = input.get(range).unwrap_or_default().repeat(usize::from(*times));
                input.splice(start..start, piece);
            }
            Mutation::Insert(at, token) => {
                let at = index(&input, *at);
                input.splice(at..at, token.iter().copied());
            }
            Mutation::Replace(at, length, token) => {
                let start = index(&input, *at);
                let range = start..end(&input, start, *length).max(start);
                input.splice(range, token.iter().copied());
            }
            Mutation::Bytes(at, bytes) => {
                let at = index(&input, *at);
                input.splice(at..at, bytes.iter().copied());
            }
            Mutation::Truncate(at) => input.truncate(index(&input, *at)),
        }
        input.truncate(1 << 16);
    }
    input
}

/// Generates bytes that somebody might send: arbitrary ones, tokens in any order, the seeds themselves and
/// mutations of them.
pub fn bytes(seeds: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let arbitrary = prop::collection::vec(any::<u8>(), 0..MAX_BYTES);
    let tokens =
        prop::collection::vec(prop::sample::select(TOKENS), 0..24).prop_map(|tokens| tokens.concat());
    let seed = if seeds.is_empty() {
        Just(Vec::new()).boxed()
    } else {
        prop::sample::select(seeds).prop_map(<[u8]>::to_vec).boxed()
    };
    let mutated = (seed, prop::collection::vec(mutation(), 0..MAX_MUTATIONS))
        .prop_map(|(seed, mutations)| mutate(seed, &mutations));
    prop_oneof![1 => arbitrary, 1 => tokens, 6 => mutated]
}

/// Generates the same as text. Invalid UTF-8 is replaced.
pub fn text(seeds: &'static [&'static [u8]]) -> impl Strategy<Value = String> {
    bytes(seeds).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, proptest};

    proptest! {
        #[test]
        fn inputs_are_bounded(input in bytes(&[b"{\"a\": [1, 2, 3]}", b"x"])) {
            prop_assert!(input.len() <= 1 << 16);
        }
    }

    #[test]
    fn seeds_come_unchanged_and_changed() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let strategy = bytes(&[b"0123456789"]);
        let mut inputs = Vec::new();
        for _ in 0..500 {
            let tree = strategy.new_tree(&mut runner).map_err(|reason| reason.to_string());
            inputs.push(tree.map(|tree| proptest::strategy::ValueTree::current(&tree)));
        }
        let of = |accept: fn(&[u8]) -> bool| {
            inputs.iter().filter(|input| input.as_deref().is_ok_and(&accept)).count()
        };
        assert!(of(|input| input == b"0123456789") > 10);
        assert!(of(|input| input != b"0123456789" && input.starts_with(b"012")) > 50);
        assert!(of(|input| !input.starts_with(b"0")) > 50);
    }
}
