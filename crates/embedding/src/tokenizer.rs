//! Cuts texts into the pieces of the vocabulary, as SentencePiece's unigram model does: of all ways to cut a
//! text, the one with the greatest sum of scores.

use crate::format::Vocabulary;

/// The mark that stands for a space.
const SPACE: char = '\u{2581}';
/// Difference between the score of the least likely piece and that of an unknown character.
const UNKNOWN_PENALTY: f32 = 10.0;
/// Sum of scores of a position that no way of cutting reaches.
const UNREACHED: f32 = -1e30;

pub(crate) struct Tokenizer {
    vocabulary: Vocabulary,
    /// Numbers of pieces, plus one, by hash; 0 is an empty slot. Its length is a power of two.
    table: Vec<u32>,
    unknown_score: f32,
    /// Length of the longest piece in bytes.
    longest: usize,
}

/// The best way to cut the text up to a position.
#[derive(Clone, Copy)]
struct Best {
    score: f32,
    piece: u32,
    from: u32,
}

impl Tokenizer {
    pub(crate) fn new(vocabulary: Vocabulary) -> Self {
        let count = vocabulary.ends.len();
        let mut table = vec![0_u32; (2 * count).next_power_of_two()];
        let mut longest = 1;
        for (piece, text) in pieces(&vocabulary).enumerate().filter(|(_, text)| !text.is_empty()) {
            longest = longest.max(text.len());
            let mut at = slot(hash(FIRST, text), table.len());
            while table.get(at).is_some_and(|taken| *taken != 0) {
                at = (at + 1) & (table.len() - 1);
            }
            if let (Some(slot), Ok(piece)) = (table.get_mut(at), u32::try_from(piece + 1)) {
                *slot = piece;
            }
        }
        let least = vocabulary.scores.iter().copied().fold(f32::INFINITY, f32::min);
        Self { vocabulary, table, unknown_score: least - UNKNOWN_PENALTY, longest }
    }

    pub(crate) const fn begin(&self) -> u32 {
        self.vocabulary.begin
    }

    pub(crate) const fn end(&self) -> u32 {
        self.vocabulary.end
    }

    /// Returns the numbers of a text's pieces, without the marks of beginning and end.
    pub(crate) fn encode(&self, text: &str) -> Vec<u32> {
        let text = self.normalize(text);
        let bytes = text.as_bytes();
        let mut best = vec![Best { score: UNREACHED, piece: 0, from: 0 }; bytes.len() + 1];
        if let Some(first) = best.first_mut() {
            first.score = 0.0;
        }
        for (start, first) in text.char_indices() {
            let score = best.get(start).map_or(UNREACHED, |best| best.score);
            let rest = bytes.get(start..).unwrap_or_default();
            let mut hashed = FIRST;
            let mut length = 0;
            while let Some(byte) = rest.get(length).filter(|_| length < self.longest) {
                hashed = hash_byte(hashed, *byte);
                length += 1;
                let Some(piece) = self.find(hashed, rest.get(..length).unwrap_or_default()) else { continue };
                if piece != self.vocabulary.unknown {
                    let gain = self.vocabulary.scores.get(piece as usize).copied().unwrap_or_default();
                    reach(&mut best, start, start + length, score + gain, piece);
                }
            }
            let unknown = self.vocabulary.unknown;
            reach(&mut best, start, start + first.len_utf8(), score + self.unknown_score, unknown);
        }
        let mut found = Vec::new();
        let mut at = bytes.len();
        while let Some(best) = best.get(at).filter(|_| at > 0) {
            found.push(best.piece);
            at = best.from as usize;
        }
        found.reverse();
        found
    }

    /// Replaces characters by the map, joins spaces, and marks the beginning of each word.
    fn normalize(&self, text: &str) -> String {
        let mut marked = String::with_capacity(text.len() + 8);
        marked.push(SPACE);
        // The mark at the beginning is not part of a run of spaces; a space at the beginning is the mark.
        let mut is_first = true;
        let mut after_space = false;
        let mut push = |c: char| {
            let is_space = c == ' ';
            if !(is_space && (after_space || is_first)) {
                marked.push(if is_space { SPACE } else { c });
            }
            after_space = is_space;
            is_first = false;
        };
        for c in text.chars() {
            match self.vocabulary.replaced.binary_search_by_key(&u32::from(c), |(from, _)| *from) {
                Ok(at) => {
                    self.vocabulary
                        .replaced
                        .get(at)
                        .into_iter()
                        .flat_map(|(_, to)| to)
                        .for_each(|c| push(*c));
                }
                Err(_) => push(c),
            }
        }
        marked
    }

    fn find(&self, hashed: u64, text: &[u8]) -> Option<u32> {
        let mut at = slot(hashed, self.table.len());
        loop {
            let piece = self.table.get(at)?.checked_sub(1)?;
            if self.piece(piece) == text {
                return Some(piece);
            }
            at = (at + 1) & (self.table.len() - 1);
        }
    }

    fn piece(&self, piece: u32) -> &[u8] {
        let piece = piece as usize;
        let start = piece.checked_sub(1).and_then(|before| self.vocabulary.ends.get(before)).copied();
        let end = self.vocabulary.ends.get(piece).copied().unwrap_or_default();
        self.vocabulary.text.get(start.unwrap_or_default() as usize..end as usize).unwrap_or_default()
    }
}

fn pieces(vocabulary: &Vocabulary) -> impl Iterator<Item = &'static [u8]> {
    let mut start = 0;
    let text = vocabulary.text;
    vocabulary.ends.iter().map(move |end| {
        let piece = text.get(start..*end as usize).unwrap_or_default();
        start = *end as usize;
        piece
    })
}

fn reach(best: &mut [Best], from: usize, to: usize, score: f32, piece: u32) {
    if let (Some(best), Ok(from)) = (best.get_mut(to), u32::try_from(from))
        && score > best.score
    {
        *best = Best { score, piece, from };
    }
}

/// FNV-1a.
const FIRST: u64 = 0xcbf2_9ce4_8422_2325;

const fn hash_byte(hashed: u64, byte: u8) -> u64 {
    (hashed ^ byte as u64).wrapping_mul(0x0100_0000_01b3)
}

fn hash(first: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(first, |hashed, byte| hash_byte(hashed, *byte))
}

const fn slot(hashed: u64, slots: usize) -> usize {
    // The high bits of FNV-1a differ more than the low ones.
    #[expect(clippy::cast_possible_truncation, reason = "a slot is a few bits")]
    let folded = (hashed ^ (hashed >> 32)) as usize;
    folded & (slots - 1)
}
