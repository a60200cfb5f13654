//! Characters that a provider splits over events: halves of a surrogate pair, or bytes of UTF-8. No I/O.

use std::borrow::Cow;

use memchr::memmem;

/// Private-use characters that represent unpaired surrogates until both halves of a pair have arrived.
const HALVES: u32 = 0xF_0000;
const HALVES_END: u32 = HALVES + 0x7FF;
/// Private-use characters that represent single bytes of UTF-8, from 0x80, until the others have arrived.
const BYTES: u32 = HALVES_END + 1;
const BYTES_END: u32 = BYTES + 0x7F;

/// Replaces parts of characters in JSON, which would make it invalid, by the characters that represent them.
/// The flag is true if there were any.
pub(super) fn kept(data: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let (data, has_bytes) = match std::str::from_utf8(data) {
        Ok(_) => (Cow::Borrowed(data), false),
        Err(_) => (Cow::Owned(bytes_kept(data)), true),
    };
    match memmem::find(&data, br"\u").and_then(|_| halves_kept(&data)) {
        Some(kept) => (Cow::Owned(kept), true),
        None => (data, has_bytes),
    }
}

fn bytes_kept(data: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(data.len() * 2);
    for chunk in data.utf8_chunks() {
        kept.extend_from_slice(chunk.valid().as_bytes());
        for byte in chunk.invalid() {
            // Invalid bytes are never ASCII.
            let code = BYTES + u32::from(*byte).saturating_sub(0x80);
            push(&mut kept, char::from_u32(code));
        }
    }
    kept
}

/// Returns the data without unpaired surrogates, if there are any.
fn halves_kept(data: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let hex = data.get(at..at + 6)?.strip_prefix(br"\u")?;
        u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let (mut kept, mut at, mut found) = (Vec::with_capacity(data.len()), 0, false);
    while let Some(byte) = data.get(at) {
        let length = match (byte, unit(at)) {
            (b'\\', Some(0xD800..=0xDBFF)) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => 12,
            (b'\\', Some(half @ 0xD800..=0xDFFF)) => {
                push(&mut kept, char::from_u32(HALVES + (half - 0xD800)));
                (at, found) = (at + 6, true);
                continue;
            }
            (b'\\', _) => 2,
            _ => 1,
        };
        kept.extend_from_slice(data.get(at..at + length).or_else(|| data.get(at..)).unwrap_or_default());
        at += length;
    }
    found.then_some(kept)
}

fn push(kept: &mut Vec<u8>, stand_in: Option<char>) {
    let stand_in = stand_in.unwrap_or(char::REPLACEMENT_CHARACTER);
    kept.extend_from_slice(stand_in.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Joins the parts of characters in a text that arrives in pieces.
#[derive(Debug, Default)]
pub(in super::super) struct Joiner {
    /// The first half of a surrogate pair whose second half has not arrived yet.
    half: Option<u32>,
    /// The first bytes of a character whose other bytes have not arrived yet.
    bytes: Vec<u8>,
}

impl Joiner {
    /// Returns true if the other part of a character has not arrived yet.
    pub(in super::super) fn is_waiting(&self) -> bool {
        self.half.is_some() || !self.bytes.is_empty()
    }

    /// Replaces parts in the next piece by the characters that they complete.
    pub(in super::super) fn join(&mut self, text: &mut String) {
        if text.is_empty() {
            return;
        }
        let mut joined = String::with_capacity(text.len());
        for c in text.chars() {
            match u32::from(c) {
                code @ HALVES..=HALVES_END => self.add_half(code - HALVES, &mut joined),
                code @ BYTES..=BYTES_END => self.add_byte(code - BYTES, &mut joined),
                _ => {
                    joined.push_str(&self.end());
                    joined.push(c);
                }
            }
        }
        *text = joined;
    }

    /// Returns what stands for the part whose other part never came: nothing, or U+FFFD.
    pub(in super::super) fn end(&mut self) -> String {
        let is_waiting = self.is_waiting();
        (self.half, self.bytes) = (None, Vec::new());
        if is_waiting { char::REPLACEMENT_CHARACTER.to_string() } else { String::new() }
    }

    fn add_half(&mut self, half: u32, joined: &mut String) {
        match self.half {
            Some(first) if half >= 0x400 => {
                let code = 0x1_0000 + (first << 10) + (half - 0x400);
                joined.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                self.half = None;
            }
            _ => {
                joined.push_str(&self.end());
                if half < 0x400 {
                    self.half = Some(half);
                } else {
                    joined.push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
    }

    fn add_byte(&mut self, above: u32, joined: &mut String) {
        if self.half.is_some() {
            joined.push_str(&self.end());
        }
        self.bytes.push(u8::try_from(0x80 + above).unwrap_or(u8::MAX));
        match std::str::from_utf8(&self.bytes) {
            Ok(character) => {
                joined.push_str(character);
                self.bytes.clear();
            }
            // More bytes may complete it.
            Err(error) if error.error_len().is_none() => {}
            Err(_) => {
                // The last byte may begin another character.
                let last = self.bytes.pop();
                joined.push_str(&self.end());
                match last.filter(|last| matches!(last, 0xC2..=0xF4)) {
                    Some(first) => self.bytes.push(first),
                    None => joined.push(char::REPLACEMENT_CHARACTER),
                }
            }
        }
    }
}

/// Replaces the parts in a whole text.
pub(in super::super) fn join_whole(text: &mut String) {
    if text.chars().any(|c| (HALVES..=BYTES_END).contains(&u32::from(c))) {
        let mut joiner = Joiner::default();
        joiner.join(text);
        text.push_str(&joiner.end());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Joins pieces of JSON strings.
    fn joined(pieces: &[&[u8]]) -> String {
        let (mut joiner, mut whole) = (Joiner::default(), String::new());
        for piece in pieces {
            let mut text = String::from_utf8(kept(piece).0.into_owned()).unwrap();
            joiner.join(&mut text);
            whole.push_str(&text);
        }
        whole + &joiner.end()
    }

    #[test]
    fn bytes_that_are_no_character_become_one_replacement() {
        for (pieces, expected) in [
            (&[b"a\xff".as_slice(), b"b"][..], "a\u{fffd}b"),
            (&[b"x\xe9", b" y z"], "x\u{fffd} y z"),
            (&[b"\xe4\xbd", b"x"], "\u{fffd}x"),
            (&[b"\xe4\xbd", b"\xe5\xa5\xbd"], "\u{fffd}好"),
            (&[b"\xe4\xbd", b"\xe5", b"\xa5\xbd"], "\u{fffd}好"),
            (&[b"\xe4\xbd"], "\u{fffd}"),
            (&[b"\xe4", b"", b"\xbd\xa0"], "你"),
        ] {
            assert_eq!(joined(pieces), expected, "{pieces:?}");
        }
        let mut alone = String::from_utf8(kept(br"a\ud83d").0.into_owned()).unwrap();
        join_whole(&mut alone);
        assert_eq!(alone, "a\u{fffd}");
    }

    proptest! {
        #[test]
        fn a_text_is_the_same_wherever_it_is_split(
            text in "[a-z你好é😀ß한]{0,20}", cuts in prop::collection::vec(0_usize..80, 0..10),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(&joined(&pieces), &text);
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(&joined(&single), &text);
        }
    }
}
