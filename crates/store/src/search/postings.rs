//! Storage formats of postings (the entries that have a term) and of the terms of a pending entry.

use integer_encoding::VarInt;

use crate::error::{Error, Result};

/// The occurrences of a term in an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Posting {
    pub(super) entry: i64,
    pub(super) occurrences: i64,
    /// The number of the entry's terms, including repetitions.
    pub(super) length: i64,
    pub(super) public: bool,
}

/// Encodes the postings of a term, in the order of their entries. Each is three integers of variable length:
/// the difference of the entry's id to the one before, twice the length (plus one if the entry is public),
/// and the number of occurrences.
pub(super) fn encode(postings: impl Iterator<Item = Posting>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut before = 0_i64;
    for posting in postings {
        let about = posting.length << 1 | i64::from(posting.public);
        for number in [posting.entry.wrapping_sub(before), about, posting.occurrences] {
            let mut room = [0; 10];
            let size = number.cast_unsigned().encode_var(&mut room);
            bytes.extend_from_slice(room.get(..size).unwrap_or_default());
        }
        before = posting.entry;
    }
    bytes
}

/// Decodes postings made by [`encode`].
///
/// # Errors
/// If [`encode`] did not make the bytes.
pub(super) fn decode(mut bytes: &[u8]) -> Result<Vec<Posting>> {
    let mut postings = Vec::new();
    let mut entry = 0_i64;
    while !bytes.is_empty() {
        let numbers = three(&mut bytes);
        let [ahead, about, occurrences] = numbers.ok_or_else(|| Error::other("damaged postings"))?;
        entry = entry.wrapping_add(ahead);
        postings.push(Posting { entry, occurrences, length: about >> 1, public: about & 1 == 1 });
    }
    Ok(postings)
}

fn three(bytes: &mut &[u8]) -> Option<[i64; 3]> {
    let mut numbers = [0; 3];
    for number in &mut numbers {
        let (value, size) = u64::decode_var(bytes)?;
        *number = value.cast_signed();
        *bytes = bytes.get(size..)?;
    }
    Some(numbers)
}

/// Encodes the terms of an entry, one per line: the number of occurrences, a space and the term. A term may
/// contain a space (that a combining mark belongs to), but never a line break.
pub(super) fn lines(terms: &[(String, i64)]) -> String {
    let mut lines = String::with_capacity(terms.len() * 10);
    for (term, occurrences) in terms {
        lines.push_str(&occurrences.to_string());
        lines.push(' ');
        lines.push_str(term);
        lines.push('\n');
    }
    lines
}

/// Parses terms encoded by [`lines`].
pub(super) fn parse(lines: &str) -> impl Iterator<Item = (&str, i64)> {
    lines.split_terminator('\n').filter_map(|line| {
        let (occurrences, term) = line.split_once(' ')?;
        Some((term, occurrences.parse().ok()?))
    })
}

/// Parses sorted terms encoded by [`lines`], and returns those that are in `asked`, which is sorted as well.
pub(super) fn pick<'l>(lines: &'l str, asked: &[&str]) -> impl Iterator<Item = (&'l str, i64)> {
    let mut asked = asked.iter().peekable();
    lines.split_terminator('\n').filter_map(move |line| {
        let (occurrences, term) = line.split_once(' ')?;
        while asked.next_if(|asked| **asked < term).is_some() {}
        asked.next_if(|asked| **asked == term)?;
        Some((term, occurrences.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::search::Document;

    fn postings() -> impl Strategy<Value = Vec<Posting>> {
        let one = (0_i64..i64::MAX, 1_i64..1000, 0_i64..1 << 40, any::<bool>());
        proptest::collection::btree_map(0_i64..i64::MAX, one, 1..50).prop_map(|all| {
            let posting =
                |(entry, (_, occurrences, length, public))| Posting { entry, occurrences, length, public };
            all.into_iter().map(posting).collect()
        })
    }

    #[test]
    fn neighbours_take_little_room() {
        let id = 7_200_000_000_000_000;
        let all: Vec<Posting> = (0..100)
            .map(|n| Posting { entry: id + n * 4096, occurrences: 1, length: 20, public: false })
            .collect();
        let size = encode(all.into_iter()).len();
        assert!(size < 420, "{size}");
    }

    #[test]
    fn a_term_may_begin_with_a_blank() {
        let terms = Document::new("\u{fe70}").terms;
        assert_eq!(terms, [(" \u{64b}".to_owned(), 1)]);
        assert_eq!(parse(&lines(&terms)).collect::<Vec<_>>(), [(" \u{64b}", 1)]);
    }

    proptest! {
        #[test]
        fn postings_are_read_as_they_were_written(all in postings()) {
            prop_assert_eq!(decode(&encode(all.iter().copied())).unwrap(), all);
        }

        #[test]
        fn what_is_picked_is_what_was_asked_for(text in "[a-f ]{0,40}", mut asked in proptest::collection::vec("[a-f]{1,3}", 0..6)) {
            asked.sort_unstable();
            asked.dedup();
            let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
            let lines = lines(&Document::new(&text).terms);
            let all = parse(&lines).filter(|(term, _)| asked.contains(term));
            prop_assert_eq!(pick(&lines, &asked).collect::<Vec<_>>(), all.collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_postings_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(all) = decode(&bytes) {
                prop_assert!(all.len() * 3 <= bytes.len());
            }
        }

        #[test]
        fn terms_are_read_as_they_were_written(text in "\\PC{0,20}[a-c\u{4e00}-\u{4e08} \\n\\r\\t\u{85}\u{a0}\u{2028}\u{301}\u{64b}\u{200d}\u{fe70}]{0,40}") {
            let terms = Document::new(&text).terms;
            let lines = lines(&terms);
            let read: Vec<(String, i64)> = parse(&lines).map(|(term, count)| (term.to_owned(), count)).collect();
            prop_assert_eq!(read, terms);
        }
    }
}
