//! Ranking a few texts that are in memory anyway.

use std::collections::HashMap;

use super::{
    fold::fold,
    postings::Posting,
    rank::{self, Franchise, Size},
    tokens::{self, Document},
};

/// What each of a few texts has to do with a query: 0 for nothing but function words, else by the rules of an
/// [`Index`](super::Index) that holds these texts and no others.
#[must_use]
pub fn scores(query: &str, texts: &[&str]) -> Vec<f64> {
    let documents: Vec<Document> = texts.iter().map(|text| Document::new(text)).collect();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let size = Size {
        entries: count(documents.len()),
        length: documents.iter().map(|document| document.length).sum(),
    };
    let mut entries = HashMap::<String, i64>::new();
    for (term, _) in documents.iter().flat_map(|document| &document.terms) {
        *entries.entry(term.clone()).or_default() += 1;
    }
    let voters = rank::voters(tokens::query(fold(query).trim()), &entries, size, Franchise::Content);
    let score = |document: &Document| {
        let votes = voters.iter().filter_map(|voter| {
            let at = document.terms.binary_search_by(|(term, _)| term.cmp(&voter.term.text)).ok()?;
            let (_, occurrences) = document.terms.get(at)?;
            let (occurrences, length) = (*occurrences, document.length);
            let posting = Posting { entry: 0, occurrences, length, public: true };
            Some(rank::score(voter, posting, size))
        });
        votes.sum()
    };
    documents.iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_ranked_as_entries_are() {
        let scores = scores(
            "Where did she buy the green tea?",
            &["green tea leaves", "the garden is green", "喝茶", ""],
        );
        assert!(scores[0] > scores[1] && scores[1] > 0.0, "{scores:?}");
        assert_eq!(scores[2..], [0.0, 0.0]);
        assert_eq!(super::scores("x", &[]), Vec::<f64>::new());
    }
}
