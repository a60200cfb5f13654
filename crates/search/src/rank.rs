//! Ranking: the choice of the terms that are scored, and their BM25 scores. No I/O.

use std::collections::HashMap;

use store::Timestamp;

use super::id::EntryId;
use super::postings::Posting;
use super::tokens::QueryTerm;

/// Maximum number of postings read for a query, those of the rarest terms first.
pub(super) const MAX_POSTINGS: i64 = 200_000;
/// Number of entries from which a term counts as common if more than half of them have it.
const MANY: i64 = 16;
/// Score bonus of an entry that holds the query verbatim.
pub(super) const VERBATIM: f64 = 2.0;

/// BM25's constants: `K1` limits the effect of repetition, `B` is the influence of the entry's length.
/// People's notes are short, and a sentence of twenty words says more than one of three. So length matters
/// less here than with the usual `B` of 0.75.
const K1: f64 = 1.2;
const B: f64 = 0.5;

/// The number of a person's entries of a kind, and the number of their terms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) entries: i64,
    pub(super) length: i64,
}

/// An entry that a search found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The id of the entry.
    pub entry: EntryId,
    /// The score. Greater is better. Comparable among the entries of one person.
    pub score: f64,
    /// The time it was noted.
    pub noted: Timestamp,
}

/// Score and time of a found entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    pub(super) score: f64,
    pub(super) noted: Timestamp,
    /// The rarity of the query's terms that it has.
    pub(super) covered: f64,
}

/// Found entries by id.
pub(super) type Scores = HashMap<EntryId, Scored>;

/// Adds to the score of an entry.
pub(super) fn gain(scores: &mut Scores, entry: EntryId, noted: Timestamp, more: f64) {
    scores.entry(entry).or_insert(Scored { score: 0.0, noted, covered: 0.0 }).score += more;
}

/// A term that is scored, and the number of entries that have it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ScoredTerm {
    pub(super) term: QueryTerm,
    pub(super) entries: i64,
}

/// The filter for the terms that are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TermFilter {
    /// All terms.
    All,
    /// Content words that are not common. If the entries have none, common content words; if they have none
    /// either, function words.
    BestPresent,
    /// Content words that are not common, or else common ones. No function words.
    Content,
}

/// Returns the terms that are scored, the rarest first.
pub(super) fn scored_terms(
    terms: Vec<QueryTerm>,
    counts: &HashMap<String, i64>,
    size: Size,
    filter: TermFilter,
) -> Vec<ScoredTerm> {
    let mut present: Vec<ScoredTerm> = terms
        .into_iter()
        .filter_map(|term| {
            let entries = counts.get(&term.text).copied().unwrap_or(0);
            (entries > 0).then_some(ScoredTerm { term, entries })
        })
        .collect();
    if filter == TermFilter::All {
        // All of them stay.
    } else if present.iter().any(|term| !term.term.function && !is_common(term.entries, size)) {
        present.retain(|term| !term.term.function && !is_common(term.entries, size));
    } else if filter == TermFilter::Content || present.iter().any(|term| !term.term.function) {
        present.retain(|term| !term.term.function);
    }
    // Stable: scores are added in this order, and it decides their last bits.
    present.sort_by_key(|term| term.entries);
    let mut left = MAX_POSTINGS;
    let fit = present.iter().take_while(|term| {
        let fits = left > 0;
        left -= term.entries;
        fits
    });
    let count = fit.count();
    present.truncate(count);
    present
}

/// Returns the weight of a term that some entries have.
fn rarity(term: &QueryTerm, entries: i64, size: Size) -> f64 {
    let (all, with) = (size.entries.max(entries) as f64, entries as f64);
    term.weight * (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
}

/// Returns the rarity of all terms of a query together, including those that no entry has. Function words and
/// common ones do not count.
pub(super) fn total_rarity(terms: &[QueryTerm], counts: &HashMap<String, i64>, size: Size) -> f64 {
    let entries = |term: &QueryTerm| counts.get(&term.text).copied().unwrap_or(0);
    let counted = terms.iter().filter(|term| !term.function && !is_common(entries(term), size));
    counted.map(|term| rarity(term, entries(term), size)).sum()
}

const fn is_common(entries: i64, size: Size) -> bool {
    size.entries >= MANY && entries * 2 > size.entries
}

/// Adds the scores of a term to the entries that have it.
pub(super) fn add_term(scores: &mut Scores, term: &ScoredTerm, postings: &[Posting], size: Size) {
    let rarity = rarity(&term.term, term.entries, size);
    for posting in postings {
        let start = Scored { score: 0.0, noted: posting.noted, covered: 0.0 };
        let scored = scores.entry(posting.entry).or_insert(start);
        scored.score += bm25(rarity, *posting, size);
        scored.covered += rarity;
    }
}

/// Returns the BM25 score of one term in one entry.
pub(super) fn score(term: &ScoredTerm, posting: Posting, size: Size) -> f64 {
    bm25(rarity(&term.term, term.entries, size), posting, size)
}

fn bm25(rarity: f64, posting: Posting, size: Size) -> f64 {
    let average = (size.length.max(1) as f64) / (size.entries.max(1) as f64);
    let often = posting.occurrences as f64;
    let long = 1.0 - B + B * posting.length as f64 / average;
    rarity * often * (K1 + 1.0) / (often + K1 * long)
}

/// Sorts the entries by score, best first. Of equal ones, the one that was noted last is first.
pub(super) fn order(scores: Scores) -> Vec<Hit> {
    let mut ranked: Vec<Hit> = scores.into_iter().map(hit).collect();
    ranked.sort_unstable_by(better);
    ranked
}

const fn hit((entry, Scored { score, noted, .. }): (EntryId, Scored)) -> Hit {
    Hit { entry, score, noted }
}

/// Returns the first `count` entries in the same order.
pub(super) fn best(scores: &Scores, count: usize) -> Vec<Hit> {
    let mut ranked: Vec<Hit> = scores.iter().map(|(entry, scored)| hit((*entry, *scored))).collect();
    if count < ranked.len() {
        ranked.select_nth_unstable_by(count, better);
        ranked.truncate(count);
    }
    ranked.sort_unstable_by(better);
    ranked
}

fn better(a: &Hit, b: &Hit) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(b.noted.cmp(&a.noted)).then(b.entry.cmp(&a.entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str, function: bool) -> QueryTerm {
        QueryTerm { text: text.to_owned(), weight: 1.0, function }
    }

    fn names(terms: &[(&str, bool, i64)], entries: i64) -> Vec<String> {
        let counts = terms.iter().map(|(text, _, count)| ((*text).to_owned(), *count)).collect();
        let terms: Vec<QueryTerm> = terms.iter().map(|(text, function, _)| term(text, *function)).collect();
        let size = Size { entries, length: entries * 10 };
        let of_content = scored_terms(terms.clone(), &counts, size, TermFilter::Content);
        let scored_terms = scored_terms(terms, &counts, size, TermFilter::BestPresent);
        let is_content = scored_terms.iter().any(|term| !term.term.function);
        assert_eq!(of_content, if is_content { &scored_terms[..] } else { &[] });
        scored_terms.into_iter().map(|term| term.term.text).collect()
    }

    #[test]
    fn function_and_common_words_do_not_vote_beside_rarer_ones() {
        assert_eq!(names(&[("the", true, 9), ("cat", false, 3), ("user", false, 60)], 100), ["cat"]);
        assert_eq!(names(&[("the", true, 9), ("user", false, 60), ("dog", false, 0)], 100), ["user"]);
        assert_eq!(names(&[("the", true, 9), ("dog", false, 0)], 100), ["the"]);
        assert_eq!(
            names(&[("cat", false, 2), ("dog", false, 3)], 3),
            ["cat", "dog"],
            "few entries: all vote"
        );
    }

    #[test]
    fn a_query_reads_so_many_postings_and_no_more() {
        let many = [("a", false, 150_000), ("b", false, 150_000), ("c", false, 150_000), ("d", false, 5)];
        assert_eq!(names(&many, 1_000_000), ["d", "a", "b"]);
        assert_eq!(names(&[("a", false, 900_000)], 1_000_000), ["a"]);
    }

    #[test]
    fn rarer_and_shorter_and_more_often_is_better() {
        let size = Size { entries: 100, length: 1000 };
        let rarity = |entries| rarity(&term("x", false), entries, size);
        let posting = |occurrences, length| Posting {
            entry: EntryId(1),
            occurrences,
            length,
            public: true,
            noted: Timestamp(0),
        };
        assert!(bm25(rarity(2), posting(1, 10), size) > bm25(rarity(20), posting(1, 10), size));
        assert!(bm25(rarity(2), posting(1, 5), size) > bm25(rarity(2), posting(1, 50), size));
        assert!(bm25(rarity(2), posting(3, 10), size) > bm25(rarity(2), posting(1, 10), size));
        assert!(bm25(rarity(100), posting(1, 10), size) > 0.0);
        let counts = HashMap::from([("cat".to_owned(), 2), ("user".to_owned(), 60)]);
        let terms = [term("the", true), term("cat", false), term("user", false), term("absent", false)];
        assert!((total_rarity(&terms, &counts, size) - rarity(2) - rarity(0)).abs() < 1e-9);
    }

    #[test]
    fn of_equals_the_newer_comes_first() {
        let scored = |score: f64, noted: i64| Scored { score, noted: Timestamp(noted), covered: 0.0 };
        let all = [(1, scored(1.0, 5)), (3, scored(1.0, 5)), (2, scored(2.0, 5)), (4, scored(1.0, 4))];
        let all = all.map(|(id, scored)| (EntryId(id), scored));
        let ids: Vec<i64> = order(all.into()).iter().map(|hit| hit.entry.0).collect();
        assert_eq!(ids, [2, 3, 1, 4]);
        let scores: Scores = (1..100).map(|id| (EntryId(id), scored((id % 7) as f64, id % 3))).collect();
        for count in [0, 1, 5, 98, 99, 1000] {
            let first: Vec<Hit> = order(scores.clone()).into_iter().take(count).collect();
            assert_eq!(best(&scores, count), first);
        }
    }
}
