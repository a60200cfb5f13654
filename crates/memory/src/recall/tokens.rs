//! Estimates of the number of tokens of a text.

/// Estimates the number of tokens of a text: one for each CJK character, one for every four other characters.
/// Looks at each character once. Real tokenizers differ by a third either way.
#[must_use]
pub fn tokens(text: &str) -> usize {
    let (mut wide, mut other) = (0_usize, 0_usize);
    for c in text.chars() {
        // Han, kana, hangul, full-width forms and emoji: nearly everything that is not alphabetic begins
        // here.
        if c >= '\u{2e80}' {
            wide += 1;
        } else {
            other += 1;
        }
    }
    wide + other.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_by_script() {
        for (text, expected) in [("", 0), ("a", 1), ("word", 1), ("words", 2), ("阅读", 2), ("读 book", 3)]
        {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }
}
