//! Hits of a search, marked in a text. No I/O.

use std::fmt;

use askama::filters::HtmlSafe;

/// Maximum number of words of a search that are marked.
const MAX_WORDS: usize = 12;
/// Number of characters before the first hit that a cut text shows.
const BEFORE: usize = 40;

/// The words of a search, as sequences of folded characters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words(Vec<Vec<char>>);

impl Words {
    /// Divides a search into the words to be marked, and the terms that the index finds it by.
    pub(crate) fn of(search: &str) -> Self {
        let mut words: Vec<Vec<char>> = Vec::new();
        for word in
            search.split(|c: char| c.is_whitespace() || "，。？！、；：,?!;:\"“”「」()（）".contains(c))
        {
            let word: Vec<char> = word.chars().map(fold).collect();
            if !word.is_empty() && words.len() < MAX_WORDS && !words.contains(&word) {
                words.push(word);
            }
        }
        // Longer ones first: a word may be the beginning of another.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Self(words)
    }

    /// Returns the pairs of neighboring characters of words in Chinese and similar scripts, by which a text
    /// is found that does not have a whole word.
    fn pairs(&self) -> Vec<Vec<char>> {
        let wide = |c: &char| *c as u32 >= 0x2e80;
        let pairs = self.0.iter().flat_map(|word| word.windows(2));
        pairs.filter(|pair| pair.iter().all(wide)).take(4 * MAX_WORDS).map(<[char]>::to_vec).collect()
    }

    /// Marks the words in at most `most` characters of a text, from shortly before the first hit.
    pub(crate) fn mark(&self, text: &str, most: usize) -> Marked {
        let all: Vec<char> = text.chars().collect();
        let folded: Vec<char> = all.iter().copied().map(fold).collect();
        let mut hits = find(&folded, &self.0);
        if hits.is_empty() {
            hits = find(&folded, &self.pairs());
        }
        let first = hits.first().map_or(0, |hit| hit.0);
        let start = if all.len() > most && first > BEFORE { first - BEFORE } else { 0 };
        let end = all.len().min(start.saturating_add(most));
        let mut marked = Marked::default();
        let mut at = start;
        if start > 0 {
            marked.push("…".to_owned(), false);
        }
        for (from, to) in hits.into_iter().filter(|(from, to)| *from >= start && *to <= end) {
            marked.push(all.get(at..from).unwrap_or_default().iter().collect(), false);
            marked.push(all.get(from..to).unwrap_or_default().iter().collect(), true);
            at = to;
        }
        marked.push(all.get(at..end).unwrap_or_default().iter().collect(), false);
        if end < all.len() {
            marked.push("…".to_owned(), false);
        }
        marked
    }
}

fn fold(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// Returns where words are, without overlaps, in order.
fn find(text: &[char], words: &[Vec<char>]) -> Vec<(usize, usize)> {
    let mut hits = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        match words.iter().find(|word| rest.starts_with(word)) {
            Some(word) => {
                hits.push((at, at + word.len()));
                at += word.len();
            }
            None => at += 1,
        }
    }
    hits
}

/// A text with marked parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marked(Vec<(String, bool)>);

impl Marked {
    fn push(&mut self, text: String, is_hit: bool) {
        if !text.is_empty() {
            self.0.push((text, is_hit));
        }
    }

    /// Returns true if there is no text.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// All text is escaped; the only tag is that of a hit.
impl HtmlSafe for Marked {}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (text, is_hit) in &self.0 {
            if *is_hit {
                f.write_str("<mark>")?;
            }
            for c in text.chars() {
                match c {
                    '<' => f.write_str("&#60;")?,
                    '>' => f.write_str("&#62;")?,
                    '&' => f.write_str("&#38;")?,
                    '"' => f.write_str("&#34;")?,
                    '\'' => f.write_str("&#39;")?,
                    c => write!(f, "{c}")?,
                }
            }
            if *is_hit {
                f.write_str("</mark>")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn html(search: &str, text: &str, most: usize) -> String {
        Words::of(search).mark(text, most).to_string()
    }

    #[test]
    fn hits_are_marked_and_text_stays_text() {
        assert_eq!(html("阅读", "喜欢阅读科幻", 100), "喜欢<mark>阅读</mark>科幻");
        assert_eq!(
            html("TEA", "tea, Tea & <b>", 100),
            "<mark>tea</mark>, <mark>Tea</mark> &#38; &#60;b&#62;"
        );
        assert_eq!(html("<b>", "a <b> c", 100), "a <mark>&#60;b&#62;</mark> c");
        assert_eq!(html("", "a", 100), "a");
        assert_eq!(html("周末阅读", "在周末看书", 100), "在<mark>周末</mark>看书", "a part of a word");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_hit() {
        let text = format!("{}茶{}", "一".repeat(100), "二".repeat(100));
        let cut = html("茶", &text, 60);
        assert!(cut.starts_with('…') && cut.ends_with('…') && cut.contains("<mark>茶</mark>"), "{cut}");
        assert_eq!(html("x", "abcdef", 3), "abc…");
    }

    proptest! {
        #[test]
        fn no_tag_but_mark_comes_out(search in ".{0,20}", text in ".{0,80}", most in 1_usize..60) {
            let html = html(&search, &text, most);
            let rest = html.replace("<mark>", "").replace("</mark>", "");
            prop_assert!(!rest.contains('<') && !rest.contains('>') && !rest.contains('"'), "{html}");
        }
    }
}
