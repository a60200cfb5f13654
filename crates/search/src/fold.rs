//! Normalization of texts, so that texts that readers consider the same are equal.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// Pairs of a traditional and its simplified character, generated from Unicode's transliteration rules.
const PAIRS: &str = include_str!("traditional.txt");

/// The first and the last CJK character in the range of those that have a simplified form.
const FIRST: u32 = 0x3400;
const LAST: u32 = 0x9fff;

/// The simplified form of each character from [`FIRST`] to [`LAST`]; 0 if it has none.
static SIMPLIFIED: LazyLock<Box<[u16]>> = LazyLock::new(|| {
    let mut table = vec![0; (LAST - FIRST + 1) as usize].into_boxed_slice();
    for pair in PAIRS.split_whitespace() {
        let mut chars = pair.chars();
        if let (Some(from), Some(to)) = (chars.next(), chars.next())
            && let Some(place) = place(from).and_then(|at| table.get_mut(at))
        {
            *place = u16::try_from(u32::from(to)).unwrap_or(0);
        }
    }
    table
});

fn place(c: char) -> Option<usize> {
    u32::from(c).checked_sub(FIRST).map(|at| at as usize)
}

fn simplified(c: char) -> char {
    match place(c).and_then(|at| SIMPLIFIED.get(at)) {
        None | Some(0) => c,
        Some(&code) => char::from_u32(code.into()).unwrap_or(c),
    }
}

/// Returns true for invisible characters, which are not searched for: zero-width ones, direction marks,
/// variation selectors.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\0' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Removes differences that do not matter for a search. The result is NFKC (so full-width is half-width),
/// lower case, in simplified Chinese, with straight apostrophes and without invisible characters.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() && !text.contains('\0') {
        return text.to_ascii_lowercase();
    }
    let seen = text.chars().filter(|c| !is_invisible(*c));
    seen.nfkc()
        .flat_map(char::to_lowercase)
        .filter(|c| !is_invisible(*c))
        .map(|c| if c == '\u{2019}' { '\'' } else { simplified(c) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn differences_that_do_not_matter_vanish() {
        for (text, folded) in [
            ("ＡＢＣ　１２３", "abc 123"),
            ("喜歡在週末閱讀科幻小說", "喜欢在周末阅读科幻小说"),
            ("Ça va ﬁne", "ça va fine"),
            ("a\u{200b}b\u{feff}c", "abc"),
            ("it’s", "it's"),
            ("ΌΣΟΣ", "όσοσ"),
            ("Plain\0 TEXT\t1", "plain text\t1"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }

    #[test]
    fn every_pair_of_the_table_is_read() {
        assert_eq!(SIMPLIFIED.iter().filter(|code| **code != 0).count(), PAIRS.split_whitespace().count());
        assert!(PAIRS.split_whitespace().all(|pair| pair.chars().count() == 2));
        let chain =
            PAIRS.split_whitespace().filter_map(|pair| pair.chars().nth(1)).find(|c| simplified(*c) != *c);
        assert_eq!(chain, None, "a simplified form is final");
    }

    proptest! {
        #[test]
        fn folding_never_panics_and_hides_case(text in "\\PC*") {
            let folded = fold(&text);
            prop_assert!(!folded.chars().any(is_invisible));
        }

        #[test]
        fn ascii_is_folded_as_other_text_is(text in "[\\x00-\\x7f]{0,40}") {
            prop_assert_eq!(fold(&text) + "字", fold(&(text + "字")));
        }

        #[test]
        fn folded_han_and_ascii_stay_as_they_are(text in "[a-zA-Z0-9 \u{4e00}-\u{9fff}]*") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }
    }
}
