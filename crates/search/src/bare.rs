//! Normalization of words for comparison: accents, apostrophes, kana and separators of numbers.

use std::borrow::Cow;

use unicode_normalization::char::decompose_canonical;

/// Number of digits of a telephone number.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Maximum number of groups of such a number.
const MAX_GROUPS: usize = 5;

/// Returns a folded word without accents of Latin and Greek letters and without apostrophes and the "s" of a
/// genitive. Special letters are spelled out (ß as ss) and katakana becomes hiragana. Never empty unless the
/// word is.
pub(super) fn bare(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        if !word.contains('\'') {
            return Cow::Borrowed(word);
        }
        return own(word, without_apostrophes(word));
    }
    let mut bare = String::with_capacity(word.len());
    for c in without_genitive(word).chars().filter(|c| *c != '\'') {
        match c {
            '\u{300}'..='\u{36f}' if bare.chars().next_back().is_some_and(is_accented_script) => {}
            // Katakana, each 96 after its hiragana.
            '\u{30a1}'..='\u{30f6}' => bare.push(char::from_u32(u32::from(c) - 96).unwrap_or(c)),
            _ if is_accented_script(c) => decompose_canonical(c, |part| match plain(part) {
                Some(letters) => bare.push_str(letters),
                None if ('\u{300}'..='\u{36f}').contains(&part) => {}
                None => bare.push(part),
            }),
            'ё' => bare.push('е'),
            _ => bare.push(c),
        }
    }
    own(word, bare)
}

/// Returns the plain spelling of a letter that has no accent to remove.
const fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

fn own(word: &str, bare: String) -> Cow<'_, str> {
    if bare.is_empty() { Cow::Borrowed(word) } else { Cow::Owned(bare) }
}

fn without_genitive(word: &str) -> &str {
    word.strip_suffix("'s").unwrap_or(word)
}

fn without_apostrophes(word: &str) -> String {
    without_genitive(word).chars().filter(|c| *c != '\'').collect()
}

/// Returns `true` for Latin and Greek letters.
const fn is_accented_script(c: char) -> bool {
    matches!(
        c,
        'a'..='z'
            | '\u{c0}'..='\u{24f}'
            | '\u{1e00}'..='\u{1eff}'
            | '\u{370}'..='\u{3ff}'
            | '\u{1f00}'..='\u{1fff}'
    )
}

/// Visits the numbers of a folded text that are written in groups, such as 138-0000-0000 and +86 (010)
/// 6255-1234, without their separators. A number with a country code is also visited without the code.
pub(super) fn numbers(text: &str, mut visit: impl FnMut(&str)) {
    // Most texts have no such number, and counting all digits is faster than stopping at the last one needed.
    let digits: usize = text.bytes().map(|byte| usize::from(byte.is_ascii_digit())).sum();
    if digits < *DIGITS.start() {
        return;
    }
    let mut rest = text;
    let mut before = None;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let seen = rest.get(..at).unwrap_or_default();
        let lead = seen.chars().next_back().or(before);
        let (number, used) = number(rest.get(at..).unwrap_or_default(), lead);
        number.visit(&mut visit);
        rest = rest.get(at + used..).unwrap_or_default();
        before = Some('0');
    }
}

/// Digits in groups.
#[derive(Debug, Default)]
struct Number {
    digits: String,
    groups: usize,
    /// Digits of the first group.
    first: usize,
    is_international: bool,
}

impl Number {
    fn visit(&self, visit: &mut impl FnMut(&str)) {
        let is_number = DIGITS.contains(&self.digits.len()) && self.groups <= MAX_GROUPS;
        if !is_number {
            return;
        }
        if self.groups > 1 {
            visit(&self.digits);
        }
        if self.is_international {
            let code = match (self.groups, self.digits.len()) {
                (2.., _) => self.first,
                (_, 13) if self.digits.starts_with("86") => 2,
                (_, 11) if self.digits.starts_with('1') => 1,
                _ => return,
            };
            let own = self.digits.get(code..).unwrap_or_default();
            if DIGITS.contains(&own.len()) {
                visit(own);
            }
        }
    }
}

/// Returns the number at the beginning of a text after the character `lead`, and its length in bytes. A
/// number that touches a letter has no digits.
fn number(text: &str, lead: Option<char>) -> (Number, usize) {
    let mut number = Number { is_international: lead == Some('+'), ..Number::default() };
    // A country or an area code may be set apart in another way than the rest.
    let has_code = matches!(lead, Some('+' | '('));
    let (mut used, mut separator) = (0, "");
    loop {
        let rest = text.get(used..).unwrap_or_default();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        number.digits.push_str(rest.get(..digits).unwrap_or_default());
        number.groups += 1;
        number.first = if number.groups == 1 { digits } else { number.first };
        used += digits;
        let rest = rest.get(digits..).unwrap_or_default();
        let next = [") ", ")-", " (", ")", "-", ".", " "].iter().find(|next| {
            let after = rest.strip_prefix(**next);
            after.is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()))
        });
        let is_alike = |next: &str| {
            separator == next
                || number.groups == 1
                || (has_code && number.groups == 2)
                || separator.contains(['(', ')'])
        };
        match next.filter(|next| is_alike(next) && number.digits.len() <= *DIGITS.end()) {
            Some(next) => {
                used += next.len();
                separator = next;
            }
            None => {
                let touches = |c: char| c.is_alphanumeric();
                if lead.is_some_and(touches) || rest.starts_with(touches) {
                    number.digits.clear();
                }
                return (number, used);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fold;

    #[test]
    fn what_many_leave_out_is_left_out() {
        for (word, expected) in [
            ("café", "cafe"),
            ("cafe\u{301}", "cafe"),
            ("München", "munchen"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("İstanbul", "istanbul"),
            ("ISTANBUL", "istanbul"),
            ("ısparta", "isparta"),
            ("Łódź", "lodz"),
            ("Ærø", "aero"),
            ("Điện", "dien"),
            ("άνθρωπος", "ανθρωποσ"),
            ("ёлка", "елка"),
            ("O'Reilly", "oreilly"),
            ("O’Reilly’s", "oreilly"),
            ("don't", "dont"),
            ("ガギグ", "がぎぐ"),
            ("ｶﾞｷﾞｸﾞ", "がぎぐ"),
            ("カキク", "かきく"),
            ("コーヒー", "こーひー"),
            ("hello", "hello"),
            ("喜欢", "喜欢"),
            ("한국어", "한국어"),
            ("й", "й"),
        ] {
            assert_eq!(bare(&fold(word)), expected, "{word}");
        }
        assert_ne!(bare("が"), bare("か"), "voiced letters are letters of their own");
        assert!(matches!(bare("hello"), Cow::Borrowed(_)), "most words cost nothing");
    }

    fn found(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        numbers(&fold(text), |number| all.push(number.to_owned()));
        all
    }

    #[test]
    fn telephone_numbers_have_no_separators() {
        for (text, expected) in [
            ("call 138-0000-0000 now", &["13800000000"][..]),
            ("138 0000 0000", &["13800000000"]),
            ("138.0000.0000", &["13800000000"]),
            ("+86 138-0000-0000", &["8613800000000", "13800000000"]),
            ("+86 138 0000 0000", &["8613800000000", "13800000000"]),
            ("+8613800000000", &["13800000000"]),
            ("+1 (555) 010-9999", &["15550109999", "5550109999"]),
            ("(010) 6255-1234", &["01062551234"]),
            ("010-62551234", &["01062551234"]),
            ("138-0000-0000, 139-1111-1111", &["13800000000", "13911111111"]),
            ("138-0000-0000 139-1111-1111", &["13800000000", "13911111111"]),
            ("１３８－００００－００００", &["13800000000"]),
            ("13800000000", &[]),
            ("1 2 3", &[]),
            ("v138-0000-0000x", &[]),
            ("12-34", &[]),
            ("100 200 300 400 500 600 700 800", &[]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_bare_word_is_bare(word in "[a-zA-ZÀ-ɏḀ-ỿͰ-Ͽぁ-ヿ'’\u{300}-\u{36f}а-я一-龥]{1,12}|\\PC{1,8}") {
            let folded = fold(&word);
            let once = bare(&folded).into_owned();
            prop_assert_eq!(once.is_empty(), folded.is_empty());
            let twice = bare(&once).into_owned();
            prop_assert_eq!(twice, once);
        }

        #[test]
        fn numbers_are_digits_of_the_text(text in "([0-9]{1,6}|[-. ()+]|[a-z]|字){0,16}") {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            for number in found(&text) {
                prop_assert!(DIGITS.contains(&number.len()) && digits.contains(&number));
            }
        }

        #[test]
        fn a_number_is_found_however_it_is_cut(number in "1[3-9][0-9]{9}", separator in "[-. ]") {
            let cut = format!("{}{separator}{}{separator}{}", &number[..3], &number[3..7], &number[7..]);
            prop_assert_eq!(found(&cut), [number]);
        }
    }
}
