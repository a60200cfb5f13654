//! Ranking of a few texts in memory.

use std::collections::HashMap;

use snowball_stemmers_rs::{Algorithm, Stemmer};
use store::Timestamp;

use super::id::EntryId;
use super::{
    fold::fold,
    postings::Posting,
    rank::{self, Size, TermFilter},
    tokens::{self, Part, QueryTerm},
};

/// Scores texts against a query, a few at a time.
pub struct Scorer {
    terms: Vec<QueryTerm>,
    /// The position of each term in `terms`.
    numbers: HashMap<String, usize>,
    stemmer: Stemmer,
    /// A cache: the position of each known word's term. A person's texts repeat the same words.
    words: HashMap<String, Option<usize>>,
}

/// The counts of a text.
struct Counted {
    /// The number of occurrences of each of the query's terms.
    occurrences: Vec<i64>,
    length: i64,
}

impl Scorer {
    /// Creates a scorer for a query, as it was typed.
    #[must_use]
    pub fn new(query: &str) -> Self {
        let terms = tokens::query(fold(query).trim());
        let numbers = terms.iter().enumerate().map(|(number, term)| (term.text.clone(), number)).collect();
        Self { terms, numbers, stemmer: Stemmer::create(Algorithm::English), words: HashMap::new() }
    }

    /// Returns the score of each text. It is 0 if the text has nothing but function words in common with the
    /// query. Otherwise it is the score in an [`Index`](super::Index) that holds exactly these texts.
    pub fn scores(&mut self, texts: &[&str]) -> Vec<f64> {
        let counted: Vec<Counted> = texts.iter().map(|text| self.count(&fold(text))).collect();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let size =
            Size { entries: count(counted.len()), length: counted.iter().map(|text| text.length).sum() };
        let mut entries = HashMap::<String, i64>::new();
        for (number, term) in self.terms.iter().enumerate() {
            let having = counted.iter().filter(|text| text.of(number) > 0).count();
            entries.insert(term.text.clone(), count(having));
        }
        let scored_terms = rank::scored_terms(self.terms.clone(), &entries, size, TermFilter::Content);
        let score = |text: &Counted| {
            let votes = scored_terms.iter().filter_map(|term| {
                let occurrences = text.of(*self.numbers.get(&term.term.text)?);
                let (length, noted) = (text.length, Timestamp(0));
                let posting = Posting { entry: EntryId(0), occurrences, length, public: true, noted };
                (occurrences > 0).then(|| rank::score(term, posting, size))
            });
            votes.sum()
        };
        counted.iter().map(score).collect()
    }

    fn count(&mut self, folded: &str) -> Counted {
        let Self { terms, numbers, stemmer, words } = self;
        let mut counted = Counted { occurrences: vec![0; terms.len()], length: 0 };
        tokens::each(folded, |part| {
            counted.length += 1;
            let number = match part {
                Part::Term(term) => numbers.get(term).copied(),
                Part::Word(word) => words.get(word).copied().unwrap_or_else(|| {
                    let number = numbers.get(&tokens::stem(stemmer, word)).copied();
                    words.insert(word.to_owned(), number);
                    number
                }),
            };
            if let Some(occurrences) = number.and_then(|number| counted.occurrences.get_mut(number)) {
                *occurrences += 1;
            }
        });
        counted
    }
}

impl Counted {
    fn of(&self, number: usize) -> i64 {
        self.occurrences.get(number).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_ranked_as_entries_are() {
        let mut scorer = Scorer::new("Where did she buy the green tea?");
        let scores = scorer.scores(&["green tea leaves", "the garden is green", "喝茶", ""]);
        assert!(scores[0] > scores[1] && scores[1] > 0.0, "{scores:?}");
        assert_eq!(scores[2..], [0.0, 0.0]);
        assert_eq!(scorer.scores(&["green tea leaves", "the garden is green", "喝茶", ""]), scores);
        assert_eq!(scorer.scores(&[]), Vec::<f64>::new());
        let scores = Scorer::new("喝茶 ❤").scores(&["我喜欢喝茶", "茶杯 ❤", "咖啡"]);
        assert!(scores[0] > 0.0 && scores[1] > 0.0 && scores[2] == 0.0, "{scores:?}");
    }
}
