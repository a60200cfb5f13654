//! Storage formats of postings (the entries that have a term) and of the terms of a pending entry.

use integer_encoding::VarInt;
use store::{Error, Ids, Result, Timestamp};

use super::id::EntryId;

/// The occurrences of a term in an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Posting {
    pub(super) entry: EntryId,
    pub(super) occurrences: i64,
    /// The number of the entry's terms, including repetitions.
    pub(super) length: i64,
    pub(super) public: bool,
    /// The time the entry was noted.
    pub(super) noted: Timestamp,
}

/// Encodes the postings of a term, in the order of their entries. Each is three integers of variable length:
/// the difference of the entry's id to the one before, twice the length (plus one if the entry is public),
/// and the number of occurrences.
pub(super) fn encode(postings: impl Iterator<Item = Posting>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut before = 0_i64;
    for posting in postings {
        let later = posting.noted.0.wrapping_sub(Ids::time(posting.entry).0);
        let about = posting.length << 2 | i64::from(later != 0) << 1 | i64::from(posting.public);
        for number in [posting.entry.0.wrapping_sub(before), about, posting.occurrences] {
            write(&mut bytes, number.cast_unsigned());
        }
        if later != 0 {
            write(&mut bytes, zigzag(later));
        }
        before = posting.entry.0;
    }
    bytes
}

fn write(bytes: &mut Vec<u8>, number: u64) {
    let mut room = [0; 10];
    let size = number.encode_var(&mut room);
    bytes.extend_from_slice(room.get(..size).unwrap_or_default());
}

/// Encodes a number near zero as a small unsigned one.
const fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// Decodes postings made by [`encode`].
///
/// # Errors
/// If [`encode`] did not make the bytes.
pub(super) fn decode(mut bytes: &[u8]) -> Result<Vec<Posting>> {
    let mut postings = Vec::new();
    let mut entry = 0_i64;
    while !bytes.is_empty() {
        let posting = next(&mut bytes, entry).ok_or_else(|| Error::Other("damaged postings".to_owned()))?;
        entry = posting.entry.0;
        postings.push(posting);
    }
    Ok(postings)
}

fn next(bytes: &mut &[u8], before: i64) -> Option<Posting> {
    let mut number = || {
        let (value, size) = u64::decode_var(bytes)?;
        *bytes = bytes.get(size..)?;
        Some(value)
    };
    let entry = EntryId(before.wrapping_add(number()?.cast_signed()));
    let about = number()?.cast_signed();
    let occurrences = number()?.cast_signed();
    let later = if about & 2 == 2 { unzigzag(number()?) } else { 0 };
    let noted = Timestamp(Ids::time(entry).0.wrapping_add(later));
    Some(Posting { entry, occurrences, length: about >> 2, public: about & 1 == 1, noted })
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
    use crate::Document;

    fn postings() -> impl Strategy<Value = Vec<Posting>> {
        let noted = prop_oneof![Just(None), any::<i64>().prop_map(Some)];
        let one = (noted, 1_i64..1000, 0_i64..1 << 40, any::<bool>());
        proptest::collection::btree_map(0_i64..i64::MAX, one, 1..50).prop_map(|all| {
            let posting =
                |(entry, (noted, occurrences, length, public)): (i64, (Option<i64>, i64, i64, bool))| {
                    let entry = EntryId(entry);
                    let noted = noted.map_or_else(|| Ids::time(entry), Timestamp);
                    Posting { entry, occurrences, length, public, noted }
                };
            all.into_iter().map(posting).collect()
        })
    }

    #[test]
    fn neighbors_take_little_room() {
        let id = 7_200_000_000_000_000;
        let posting = |entry| Posting {
            entry: EntryId(entry),
            occurrences: 1,
            length: 20,
            public: false,
            noted: Ids::time(entry),
        };
        let all: Vec<Posting> = (0..100).map(|n| posting(id + n * 4096)).collect();
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
        fn what_is_picked_is_what_was_asked_for(
            text in "[a-f ]{0,40}", mut asked in proptest::collection::vec("[a-f]{1,3}", 0..6),
        ) {
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
        fn terms_are_read_as_they_were_written(text in "\\PC{0,20}[a-c\u{4e00}-\u{4e08} \\n\
            \\r\\t\u{85}\u{a0}\u{2028}\u{301}\u{64b}\u{200d}\u{fe70}]{0,40}") {
            let terms = Document::new(&text).terms;
            let lines = lines(&terms);
            let read: Vec<(String, i64)> = parse(&lines).map(|(term, count)| (
                term.to_owned(), count,
            )).collect();
            prop_assert_eq!(read, terms);
        }
    }
}
