//! Terms of texts and queries for indexes without a person's statistics, such as the Plaza's.

use super::fold::fold;
use super::tokens::{self, Document};

/// Returns the terms of a text, each once, sorted.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    Document::new(text).terms.into_iter().map(|(term, _)| term).collect()
}

/// Returns the terms that a text must have to be found by a query: the content words or, if there are none,
/// the function words.
#[must_use]
pub fn query_terms(query: &str) -> Vec<String> {
    let mut all = tokens::query(fold(query).trim());
    // Terms with a weight below 1 are mere hints.
    all.retain(|term| term.weight >= 1.0);
    if all.iter().any(|term| !term.function) {
        all.retain(|term| !term.function);
    }
    all.into_iter().map(|term| term.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn function_words_are_asked_for_only_alone() {
        assert_eq!(query_terms("the cats"), ["cat"]);
        assert_eq!(query_terms("the"), ["the"]);
        assert_eq!(query_terms("阅读"), ["阅读"]);
        assert_eq!(query_terms("茶"), ["茶"]);
        assert!(query_terms("，。").is_empty());
    }

    proptest! {
        #[test]
        fn a_text_holds_the_terms_of_every_piece_of_it(
            words in proptest::collection::vec("[a-z]{1,8}", 1..8), at in 0_usize..8,
        ) {
            let all = terms(&words.join(" "));
            let asked = words.get(at % words.len()).cloned().unwrap_or_default();
            prop_assert!(query_terms(&asked).iter().all(|term| all.binary_search(term).is_ok()));
        }

        #[test]
        fn a_chinese_text_holds_the_terms_of_its_substrings(
            text in "[一-龥]{2,12}", from in 0_usize..12, length in 1_usize..12,
        ) {
            let chars: Vec<char> = text.chars().collect();
            let from = from % chars.len();
            let piece: String = chars.iter().skip(from).take(length).collect();
            let all = terms(&text);
            prop_assert!(
                query_terms(&piece).iter().all(|term| all.binary_search(term).is_ok()), "{piece} in {text}",
            );
        }
    }
}
