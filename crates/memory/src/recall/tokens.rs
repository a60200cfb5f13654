//! How many tokens a text has, about.

/// About how many tokens a model makes of a text: one of each CJK character, one of each four other characters.
/// Costs one look at each character; real tokenizers differ by a third either way.
#[must_use]
pub fn tokens(text: &str) -> usize {
    let (mut wide, mut other) = (0_usize, 0_usize);
    for c in text.chars() {
        // Han, kana, hangul, full-width forms, pictures: all that is not of an alphabet begins about here.
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
