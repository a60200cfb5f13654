//! Search queries.

use store::{Timestamp, Zone};

use super::{fold::fold, rank::TermFilter};

/// Number of characters from which a text in a script without spaces counts as a sentence.
const SENTENCE: usize = 10;
/// Number of words from which a text counts as a sentence.
const WORDS: usize = 6;

/// English words that begin a question, and Chinese ones that make a sentence a question.
const ASKING: &[&str] = &[
    "are", "can", "could", "did", "do", "does", "had", "has", "have", "how", "is", "should", "was", "were",
    "what", "when", "where", "which", "who", "whom", "whose", "why", "will", "would",
];
const ASKING_CHINESE: &[&str] =
    &["什么", "谁", "哪", "怎", "吗", "呢", "多少", "几个", "几岁", "几点", "为何", "是否", "如何", "多久"];

/// A text to search for among the entries of an [`Index`](super::Index).
#[derive(Debug, Clone)]
pub struct Query {
    /// The text, folded and trimmed.
    pub(super) typed: String,
    pub(super) only_public: bool,
    /// The time at which it was asked, if it is a question.
    pub(super) asked: Option<Timestamp>,
    /// The time zone of the person who asks, if known.
    pub(super) zone: Option<Zone>,
    /// True if function words find nothing, even if no other word does.
    pub(super) content_only: bool,
    pub(super) tuning: Tuning,
}

/// Options for the scoring of questions. Only benchmarks change them.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// True if function words, and words of most entries, are scored beside rarer ones.
    pub all_vote: bool,
    /// The part of its score that an entry adds to the ones right before and after it.
    pub lent: f64,
    /// True if named days are taken into account.
    pub dates: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { all_vote: false, lent: 1.0 / 3.0, dates: true }
    }
}

impl Query {
    /// Creates a query for the entries that have a keyword or parts of it, and for no others.
    #[must_use]
    pub fn keyword(text: &str, only_public: bool) -> Self {
        let typed = fold(text).trim().to_owned();
        Self { typed, only_public, asked: None, zone: None, content_only: false, tuning: Tuning::default() }
    }

    /// Creates a query for the entries that may answer a question or belong to a message. It also finds
    /// entries noted right before and after one that has its words, and those of a day that it names. Days
    /// are relative to `now`.
    #[must_use]
    pub fn question(text: &str, only_public: bool, now: Timestamp) -> Self {
        Self { asked: Some(now), ..Self::keyword(text, only_public) }
    }

    /// Creates a question if the text looks like one, else a keyword.
    #[must_use]
    pub fn of(text: &str, only_public: bool, now: Timestamp) -> Self {
        let keyword = Self::keyword(text, only_public);
        if is_question(&keyword.typed) { Self { asked: Some(now), ..keyword } } else { keyword }
    }

    /// Sets the time zone of the days that the query names. Without one, days are those of UTC with half a
    /// day more on both sides.
    #[must_use]
    pub fn in_zone(self, zone: Option<Zone>) -> Self {
        Self { zone, ..self }
    }

    /// Restricts the query to content words: function words find nothing, even if no other word does.
    #[must_use]
    pub fn of_content(self) -> Self {
        Self { content_only: true, ..self }
    }

    /// Returns the filter for the terms that are scored.
    pub(super) const fn filter(&self) -> TermFilter {
        match (self.tuning.all_vote, self.content_only) {
            (true, _) => TermFilter::All,
            (false, false) => TermFilter::BestPresent,
            (false, true) => TermFilter::Content,
        }
    }

    /// Returns true if the text is a question, or is taken for one.
    #[must_use]
    pub const fn is_question(&self) -> bool {
        self.asked.is_some()
    }

    /// Returns the text that is searched for, [folded](crate::fold) and trimmed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.typed
    }

    /// Returns true if only public entries are searched.
    #[must_use]
    pub const fn is_only_public(&self) -> bool {
        self.only_public
    }

    /// Replaces the options for scoring.
    #[doc(hidden)]
    #[must_use]
    pub fn tuned(self, tuning: Tuning) -> Self {
        Self { tuning, ..self }
    }
}

/// Returns true if a folded text looks like a question, or is long enough to be a sentence.
fn is_question(typed: &str) -> bool {
    let mut words = typed.split_whitespace();
    let first = words.next().unwrap_or_default();
    let count = 1 + words.count();
    (count > 2 && ASKING.contains(&first))
        || (count > 1 && typed.ends_with('?'))
        || ASKING_CHINESE.iter().any(|word| typed.contains(word) && typed.chars().count() > 3)
        || count >= WORDS
        || (typed.chars().nth(SENTENCE - 1).is_some_and(|c| !c.is_ascii()) && !typed.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_told_from_keywords() {
        for question in [
            "What does she read?",
            "cat name?",
            "你养的是什么猫",
            "where is my dog",
            "他喜欢在周末阅读科幻小说",
            "the day that we went to the sea",
        ] {
            assert!(is_question(&fold(question)), "{question}");
        }
        for keyword in [
            "阅读",
            "rust",
            "green tea",
            "what",
            "清华大学",
            "谁",
            "don't",
            "c++?",
            "is",
            "user@example.com",
            "",
        ] {
            assert!(!is_question(&fold(keyword)), "{keyword}");
        }
    }
}
