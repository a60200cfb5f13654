//! The tokenizer: cuts folded texts into terms.

use std::collections::{BTreeMap, HashSet};

use snowball_stemmers_rs::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

use super::bare::{bare, numbers};
use super::{fold::fold, stop, verbs};

/// Maximum length of a term in characters. Longer words are cut off.
const MAX_TERM: usize = 64;
/// Maximum number of terms of a query. Further ones are ignored.
pub(super) const MAX_QUERY_TERMS: usize = 64;
/// Number of consecutive CJK characters from which a query counts as a sentence rather than a word.
const SENTENCE: usize = 5;
/// The weight of a single character of a sentence. A word or a pair has 1.
const SINGLE_WEIGHT: f64 = 0.3;

/// A text ready to be indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub(super) folded: String,
    /// Each term once, sorted, with its number of occurrences.
    pub(super) terms: Vec<(String, i64)>,
    /// The number of terms, including repetitions.
    pub(super) length: i64,
}

impl Document {
    /// Cuts a text into terms. The time is proportional to its length, so do it before the transaction
    /// begins.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::of_folded(fold(text))
    }

    /// Cuts a text that is folded already.
    pub(super) fn of_folded(folded: String) -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let mut counts = BTreeMap::<String, i64>::new();
        let mut length = 0;
        each(&folded, |part| {
            let term = match part {
                Part::Word(word) => stem(&stemmer, word),
                Part::Term(term) => term.to_owned(),
            };
            *counts.entry(term).or_default() += 1;
            length += 1;
        });
        Self { folded, terms: counts.into_iter().collect(), length }
    }
}

/// One term of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QueryTerm {
    pub(super) text: String,
    /// The weight: 1, or less for a mere hint.
    pub(super) weight: f64,
    /// True if it is a function word.
    pub(super) function: bool,
}

/// Returns the terms of a folded query, each once, at most [`MAX_QUERY_TERMS`]. Every document that holds the
/// query between word boundaries has all of them.
pub(super) fn query(folded: &str) -> Vec<QueryTerm> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut all = Vec::new();
    let mut hints = Vec::new();
    for piece in pieces(folded) {
        match piece {
            Piece::Word(word) => all.push((stem(&stemmer, &bare(word)), stop::is_word(word))),
            Piece::Symbol(symbol) => all.push((symbol.to_string(), false)),
            Piece::Other(text) => numbers(text, |number| all.push((number.to_owned(), false))),
            Piece::Cjk(run) => {
                let run = &*bare(run);
                let mut chars = run.chars();
                if let (Some(c), None) = (chars.next(), chars.next()) {
                    all.push((c.to_string(), stop::is_character(c)));
                }
                all.extend(pairs(run).map(|pair| (pair.to_owned(), stop::is_pair(pair))));
                if run.chars().nth(SENTENCE - 1).is_some() {
                    hints.extend(run.chars().filter(|c| !stop::is_character(*c)).map(|c| c.to_string()));
                }
            }
        }
    }
    let mut seen = HashSet::new();
    let terms = all.into_iter().map(|(text, function)| QueryTerm { text, weight: 1.0, function });
    let hints = hints.into_iter().map(|text| QueryTerm { text, weight: SINGLE_WEIGHT, function: false });
    terms.chain(hints).filter(|term| seen.insert(term.text.clone())).take(MAX_QUERY_TERMS).collect()
}

/// Returns terms that every document has that holds a folded query anywhere, even inside words: those of
/// words with spaces on both sides, and CJK characters and pairs.
pub(super) fn sure(folded: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    let chunks: Vec<&str> = folded.split_whitespace().collect();
    let mut all = Vec::new();
    for (place, chunk) in chunks.iter().enumerate() {
        let is_whole = place > 0 && place + 1 < chunks.len();
        for piece in pieces(chunk) {
            match piece {
                Piece::Cjk(run) if run.chars().nth(1).is_some() => {
                    all.extend(pairs(&bare(run)).map(str::to_owned));
                }
                Piece::Cjk(run) => all.push(bare(run).into_owned()),
                Piece::Word(word) if is_whole => all.push(stem(&stemmer, &bare(word))),
                Piece::Symbol(symbol) if is_whole => all.push(symbol.to_string()),
                // A number may continue in the text around it.
                Piece::Word(_) | Piece::Symbol(_) | Piece::Other(_) => {}
            }
        }
    }
    // A combining mark at the start of a word belongs to the space before it.
    let whole = Document::of_folded(folded.to_owned());
    all.retain(|term| whole.terms.binary_search_by(|(known, _)| known.cmp(term)).is_ok());
    all
}

/// The part of a text that a term is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// A word. Its [`stem`] is the term.
    Word(&'t str),
    /// The term itself.
    Term(&'t str),
}

/// Calls `visit` with the part of each term of a folded text, including repetitions.
pub(super) fn each(folded: &str, mut visit: impl FnMut(Part<'_>)) {
    for piece in pieces(folded) {
        match piece {
            Piece::Word(word) => visit(Part::Word(&bare(word))),
            Piece::Other(text) => numbers(text, |number| visit(Part::Term(number))),
            Piece::Symbol(symbol) => visit(Part::Term(symbol.encode_utf8(&mut [0; 4]))),
            Piece::Cjk(run) => {
                let run = &*bare(run);
                run.chars().for_each(|c| visit(Part::Term(c.encode_utf8(&mut [0; 4]))));
                pairs(run).for_each(|pair| visit(Part::Term(pair)));
            }
        }
    }
}

enum Piece<'t> {
    /// Characters of a script written without spaces.
    Cjk(&'t str),
    /// Letters and digits of any other script.
    Word(&'t str),
    /// An emoji or another sign that is not punctuation.
    Symbol(char),
    /// The whole text between characters of scripts without spaces.
    Other(&'t str),
}

fn pieces(folded: &str) -> impl Iterator<Item = Piece<'_>> {
    runs(folded).flat_map(|(is_cjk, run)| {
        let cjk = is_cjk.then_some(Piece::Cjk(run));
        let other = if is_cjk { "" } else { run };
        let words = other.unicode_words().flat_map(|word| word.split(['.', ',', ':', ';', '_', '·']));
        let words = words.map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty());
        let symbols = other.chars().filter(|c| is_symbol(*c));
        let all = (!other.is_empty()).then_some(Piece::Other(other));
        cjk.into_iter().chain(words.map(Piece::Word)).chain(symbols.map(Piece::Symbol)).chain(all)
    })
}

/// Cuts a text into runs of CJK and of other characters.
fn runs(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = is_cjk(rest.chars().next()?);
        let end = rest.find(|c| is_cjk(c) != first).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some((first, run))
    })
}

fn pairs(run: &str) -> impl Iterator<Item = &str> {
    let starts = run.char_indices().map(|(at, _)| at);
    let ends = run.char_indices().skip(2).map(|(at, _)| at).chain(std::iter::once(run.len()));
    // A run of one character has no pair: the only end is then that of the character itself.
    let count = run.chars().count().saturating_sub(1);
    starts.zip(ends).take(count).filter_map(|(from, to)| run.get(from..to))
}

/// Returns the term of a word.
pub(super) fn stem(stemmer: &Stemmer, word: &str) -> String {
    let short = match word.char_indices().nth(MAX_TERM) {
        Some((end, _)) => word.get(..end).unwrap_or(word),
        None => word,
    };
    if short.bytes().all(|byte| byte.is_ascii_lowercase()) {
        stemmer.stem(verbs::base(short)).into_owned()
    } else {
        short.to_owned()
    }
}

/// Returns true for Han, kana, bopomofo and hangul. They have no spaces, or words too long to be typed whole.
const fn is_cjk(c: char) -> bool {
    matches!(
        c,
        '\u{3005}'..='\u{3007}'
            | '\u{3040}'..='\u{30ff}'
            | '\u{3100}'..='\u{312f}'
            | '\u{31a0}'..='\u{31bf}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7af}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

const fn is_symbol(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(text: &str) -> Vec<String> {
        Document::new(text).terms.into_iter().map(|(term, _)| term).collect()
    }

    fn asked(text: &str) -> Vec<String> {
        query(&fold(text)).into_iter().map(|term| term.text).collect()
    }

    #[test]
    fn texts_are_cut_into_characters_pairs_and_stems() {
        assert_eq!(terms("清华大学"), ["华", "华大", "大", "大学", "学", "清", "清华"]);
        assert_eq!(terms("Running Cats, don't!"), ["cat", "dont", "run"]);
        assert_eq!(terms("用Rust写代码"), ["rust", "代", "代码", "写", "写代", "用", "码"]);
        assert_eq!(terms("mail user_1@example.com 3.14"), ["1", "14", "3", "com", "exampl", "mail", "user"]);
        assert_eq!(terms("❤ 🎉!"), ["❤", "🎉"]);
        assert_eq!(terms("…!? \n"), Vec::<String>::new());
    }

    #[test]
    fn words_are_asked_for_by_pairs_and_sentences_by_characters_too() {
        assert_eq!(asked("阅读"), ["阅读"]);
        assert_eq!(asked("猫"), ["猫"]);
        assert_eq!(asked("閱讀 Novels"), ["阅读", "novel"]);
        assert_eq!(asked("你的猫叫什么"), ["你的", "的猫", "猫叫", "叫什", "什么", "猫", "叫"]);
        assert_eq!(asked("the the cat").len(), 2);
        assert_eq!(asked(&"天地玄黄".repeat(1000)).len(), 8);
    }

    #[test]
    fn ten_megabytes_of_anything_are_cut() {
        for piece in
            ["مرحبا 👩\u{200d}👧 \u{200b}\u{202e}שלום a\u{301} ", "\u{200b}", "\u{301}", "字", "👩\u{200d}"]
        {
            let document = Document::new(&piece.repeat((10 << 20) / piece.len()));
            for term in query(fold(piece).trim()) {
                assert!(document.terms.iter().any(|(known, _)| *known == term.text), "{term:?}");
            }
        }
    }

    #[test]
    fn whole_words_and_pairs_are_sure() {
        assert_eq!(sure("at the seas with"), ["the", "sea"]);
        assert_eq!(sure("seas"), Vec::<String>::new());
        assert_eq!(sure("阅读 书"), ["阅读", "书"]);
        assert_eq!(sure("x喜欢y"), ["喜欢"]);
        assert_eq!(sure("! \u{345} '"), Vec::<String>::new());
    }

    #[test]
    fn a_word_of_any_length_is_a_short_term() {
        assert_eq!(terms(&"x1".repeat(5_000_000)), ["x1".repeat(32)]);
        let long: String = ('\u{4e00}'..='\u{9fff}').collect();
        assert_eq!(query(&long).len(), MAX_QUERY_TERMS);
    }

    fn alphabet() -> impl Strategy<Value = String> {
        let any = prop_oneof![
            4 => "[a-c' .]{0,6}", 4 => "[\u{4e00}-\u{4e08}]{0,6}", 1 => "\\PC{0,6}",
            1 => "[\u{200b}-\u{200f}\u{590}-\u{5ff}\u{600}-\u{6ff}😀🎉]{0,4}"
        ];
        proptest::collection::vec(any, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn terms_are_short_and_counted(text in alphabet()) {
            let document = Document::new(&text);
            prop_assert_eq!(document.terms.iter().map(|(_, count)| count).sum::<i64>(), document.length);
            let is_short = |term: &str| !term.is_empty() && term.chars().count() <= MAX_TERM;
            prop_assert!(document.terms.iter().all(|(term, _)| is_short(term)));
            prop_assert!(document.terms.is_sorted());
        }

        #[test]
        fn what_is_asked_for_is_in_the_text_asked(text in alphabet()) {
            let document = Document::new(&text);
            for term in query(&document.folded) {
                prop_assert!(document.terms.iter().any(|(known, _)| *known == term.text), "{term:?}");
            }
        }

        #[test]
        fn what_is_sure_is_in_every_text_around_it(
            before in alphabet(), asked in alphabet(), after in alphabet(),
        ) {
            let asked = fold(&asked);
            let asked = asked.trim();
            let document = Document::of_folded(format!("{}{asked}{}", fold(&before), fold(&after)));
            for term in sure(asked) {
                prop_assert!(document.terms.iter().any(|(known, _)| *known == term), "{term:?}");
            }
        }

        #[test]
        fn a_substring_of_two_cjk_characters_or_more_is_found(
            text in "[\u{4e00}-\u{9fff}]{2,20}", from in 0_usize..18, length in 2_usize..8,
        ) {
            let part: String = text.chars().skip(from).take(length).collect();
            let document = Document::new(&text);
            for term in query(&fold(&part)) {
                prop_assert!(document.terms.iter().any(|(known, _)| *known == term.text), "{term:?}");
            }
        }
    }
}
