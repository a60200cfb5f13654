//! The rules for names that people see: of accounts, apps, keys, circles, and devices. No I/O.
//!
//! A name must not hold characters that are invisible or change the direction of the text beside them. With
//! such characters two names can look alike, or a page can show another text than the stored one.

/// Invisible characters, as inclusive ranges: soft hyphen, joiners and zero-width spaces, direction marks,
/// fillers, invisible operators, variation selectors, and tags.
const INVISIBLE: [(char, char); 23] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{13430}', '\u{1345f}'),
    ('\u{16fe4}', '\u{16fe4}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d159}', '\u{1d159}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e00ff}'),
    ('\u{e0100}', '\u{e01ef}'),
    ('\u{e01f0}', '\u{e0fff}'),
];

/// Symbols that emoji consist of, as inclusive ranges.
const PICTOGRAPHS: [(char, char); 7] = [
    ('\u{a9}', '\u{ae}'),
    ('\u{2190}', '\u{21ff}'),
    ('\u{2300}', '\u{23ff}'),
    ('\u{2600}', '\u{27bf}'),
    ('\u{2900}', '\u{2bff}'),
    ('\u{3030}', '\u{303d}'),
    ('\u{1f000}', '\u{1faff}'),
];

/// Scripts whose spelling needs joiners between letters, as inclusive ranges: Arabic to Myanmar, and Khmer to
/// Mongolian.
const JOINING: [(char, char); 2] = [('\u{620}', '\u{109f}'), ('\u{1780}', '\u{18af}')];

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
const BLACK_FLAG: char = '\u{1f3f4}';

fn is_in(ranges: &[(char, char)], c: char) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// True if a character cannot be seen: a control character, white space, or a character without a shape.
pub fn is_invisible(c: char) -> bool {
    c.is_control() || c.is_whitespace() || is_in(&INVISIBLE, c)
}

/// True if a text has no visible character.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// True if a text holds a character that names must not hold: a control character, a line break, a direction
/// mark, or an invisible character that neither an emoji nor a script needs there. Spaces are allowed.
pub fn is_deceptive(text: &str) -> bool {
    let mut before = ['\0'; 2];
    let mut following = text.chars();
    while let Some(c) = following.next() {
        if !is_permitted(before, c, following.clone().next()) {
            return true;
        }
        before = [before[1], c];
    }
    false
}

/// Removes the characters that [`is_deceptive`] finds, and surrounding white space. For texts that nobody can
/// be asked to correct, such as the name a browser sends.
pub fn cleaned(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut before = ['\0'; 2];
    let mut following = text.chars();
    while let Some(c) = following.next() {
        if is_permitted(before, c, following.clone().next()) {
            clean.push(c);
            before = [before[1], c];
        }
    }
    clean.trim().to_owned()
}

/// True if the character `c` may stand in a name between the two characters `before` and the character
/// `next`.
fn is_permitted(before: [char; 2], c: char, next: Option<char>) -> bool {
    let [_, last] = before;
    let next = next.unwrap_or('\0');
    match c {
        // A joiner belongs between two letters of a script that needs it, or between two parts of an emoji.
        ZERO_WIDTH_NON_JOINER => is_in(&JOINING, last) && is_in(&JOINING, next),
        ZERO_WIDTH_JOINER => {
            (is_in(&JOINING, last) && is_in(&JOINING, next))
                || (is_emoji_part(last) && is_in(&PICTOGRAPHS, next))
        }
        // A variation selector follows the character that it changes.
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => !is_invisible(last) && last != '\0',
        // Tags spell the region of a flag.
        '\u{e0020}'..='\u{e007f}' => last == BLACK_FLAG || ('\u{e0020}'..='\u{e007e}').contains(&last),
        _ => !c.is_control() && !is_in(&INVISIBLE, c),
    }
}

fn is_emoji_part(c: char) -> bool {
    is_in(&PICTOGRAPHS, c) || c == '\u{fe0f}'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_people_have() {
        for good in [
            "Doppel",
            "王小明",
            "O’Brien-Łukasz, José 3rd",
            "a b",
            "我的 应用 2.0",
            "👨‍👩‍👧‍👦 家",
            "🏳️‍🌈",
            "🙂‍↔️",
            "👩🏽‍💻",
            "❤️",
            "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "می‌خواهم",
            "ක්‍ෂ",
            "שלום",
            "葛\u{e0100}城",
            "각",
            "e\u{301}",
            "全角　空格",
        ] {
            assert!(!is_deceptive(good) && !is_blank(good), "{good}");
            assert_eq!(cleaned(good), good);
        }
    }

    #[test]
    fn names_that_deceive() {
        for (bad, clean) in [
            ("Bank\u{202e}knab", "Bankknab"),
            ("a\u{200b}b", "ab"),
            ("a\u{200d}b", "ab"),
            ("a\u{200c}b", "ab"),
            ("\u{feff}a", "a"),
            ("a\u{2066}b\u{2069}", "ab"),
            ("a\u{200e}", "a"),
            ("a\u{61c}b", "ab"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("a\u{3164}b", "ab"),
            ("a\u{2800}b", "ab"),
            ("a\u{ffa0}b", "ab"),
            ("a\u{2060}b", "ab"),
            ("a\u{180e}b", "ab"),
            ("a\u{34f}b", "ab"),
            ("a\u{2028}b", "ab"),
            ("a\nb", "ab"),
            ("a\u{7}b", "ab"),
            ("a\u{85}b", "ab"),
            ("\u{fe0f}a", "a"),
            ("a\u{e0041}", "a"),
            ("👩\u{200d}", "👩"),
            ("👩\u{200d}a", "👩a"),
        ] {
            assert!(is_deceptive(bad), "{bad:?}");
            assert_eq!(cleaned(bad), clean, "{bad:?}");
        }
    }

    #[test]
    fn what_shows_nothing_is_empty() {
        for blank in [
            "",
            " ",
            "\u{3164}",
            "\u{2800}",
            "\u{200b}\u{2060}",
            "\u{180e}",
            "\u{ad}",
            "\u{3000}",
            "\u{200d}",
            "\u{fe0f}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
            assert_eq!(cleaned(blank), "", "{blank:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_cleaned_deceives_nobody(text in "[a王 \u{200b}-\u{200f}\u{202a}-\u{202e}\u{1f469}\u{1f4bb}\
            \u{fe0f}\u{e0061}\u{e007f}\u{1f3f4}\u{645}\u{3164}\n]{0,12}") {
            let clean = cleaned(&text);
            prop_assert!(!is_deceptive(&clean), "{clean:?}");
            if !is_deceptive(&text) {
                prop_assert_eq!(&clean, text.trim());
            }
            prop_assert_eq!(cleaned(&clean), clean);
        }

        #[test]
        fn nothing_panics(text in ".*") {
            let _ = (is_deceptive(&text), is_blank(&text), cleaned(&text));
        }
    }
}
