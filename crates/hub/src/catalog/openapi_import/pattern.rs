//! Recognizes portable regular expressions. No I/O.
//!
//! Patterns in JSON Schema are those of ECMA-262. Clients compile them with the flag `u`, or with Python's
//! `re`, and refuse a whole list of tools if one pattern does not compile. Only the common subset is
//! portable.

use std::{iter::Peekable, str::Chars};

/// Maximum length of a pattern in bytes, and maximum nesting of groups.
const MAX_LENGTH: usize = 1000;
const MAX_DEPTH: usize = 20;
/// Characters that may be escaped.
const SYNTAX: &str = "^$\\.*+?()[]{}|/";

/// The state of reading a pattern.
struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
    /// True if a quantifier may follow.
    can_repeat: bool,
    /// The open groups: true for lookarounds.
    open: Vec<bool>,
}

/// Returns true if a pattern compiles, and matches the same texts, in all common engines.
pub(super) fn is_portable(pattern: &str) -> bool {
    if pattern.len() > MAX_LENGTH {
        return false;
    }
    let mut reader = Reader { rest: pattern.chars().peekable(), can_repeat: false, open: Vec::new() };
    reader.read().is_some() && reader.open.is_empty()
}

impl Reader<'_> {
    fn read(&mut self) -> Option<()> {
        while let Some(c) = self.rest.next() {
            self.can_repeat = match c {
                '^' | '$' | '|' => false,
                '(' => self.group()?,
                ')' => !self.open.pop()?,
                '[' => self.class()?,
                '*' | '+' | '?' | '{' => self.quantifier(c)?,
                ']' | '}' => return None,
                '\\' => self.escape(false)?.is_some_and(|c| c != 'b' && c != 'B'),
                c if c.is_control() => return None,
                _ => true,
            };
        }
        Some(())
    }

    /// Reads the start of a group.
    fn group(&mut self) -> Option<bool> {
        let looks_around = match self.rest.next_if_eq(&'?') {
            None => false,
            Some(_) => match self.rest.next()? {
                ':' => false,
                '=' | '!' => true,
                _ => return None,
            },
        };
        self.open.push(looks_around);
        (self.open.len() <= MAX_DEPTH).then_some(false)
    }

    fn quantifier(&mut self, c: char) -> Option<bool> {
        if !self.can_repeat {
            return None;
        }
        if c == '{' {
            let least = self.number()?;
            let most = match self.rest.next_if_eq(&',') {
                Some(_) => self.number(),
                None => Some(least),
            };
            if self.rest.next()? != '}' || most.is_some_and(|most| most < least) {
                return None;
            }
        }
        self.rest.next_if_eq(&'?');
        Some(false)
    }

    fn number(&mut self) -> Option<u32> {
        let mut digits = String::new();
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        (digits.len() <= 5).then(|| digits.parse().ok())?
    }

    /// Reads an escape sequence. Returns the character, or the letter of a class (`d`) or assertion (`b`).
    fn escape(&mut self, in_class: bool) -> Option<Option<char>> {
        match self.rest.next()? {
            c if SYNTAX.contains(c) => Some(Some(c)),
            '-' if in_class => Some(Some('-')),
            c @ ('d' | 'D' | 'w' | 'W' | 's' | 'S') => Some(Some(c)),
            'n' | 't' | 'r' | 'f' | 'v' => Some(Some('n')),
            c @ ('b' | 'B') if !in_class => Some(Some(c)),
            'u' => {
                let digits: String = self.rest.by_ref().take(4).collect();
                let is_hex = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                let code = u32::from_str_radix(&digits, 16).ok().filter(|_| is_hex)?;
                char::from_u32(code).map(Some)
            }
            _ => None,
        }
    }

    /// Reads a bracket expression to its end.
    fn class(&mut self) -> Option<bool> {
        self.rest.next_if_eq(&'^');
        // The last character, if a range can start with it.
        let (mut last, mut is_empty) = (None, true);
        loop {
            let (c, is_set) = match self.rest.next()? {
                ']' => return (!is_empty).then_some(true),
                '\\' => {
                    let is_set = self.rest.peek().is_some_and(|c| "dDwWsSntrfv".contains(*c));
                    (self.escape(true)??, is_set)
                }
                '[' => return None,
                '-' if !is_empty && self.rest.peek() != Some(&']') => {
                    let end = match self.rest.next()? {
                        '\\' if self.rest.peek().is_some_and(|c| "dDwWsSntrfv".contains(*c)) => return None,
                        '\\' => self.escape(true)??,
                        '[' | ']' => return None,
                        c => c,
                    };
                    if last.is_none_or(|begin: char| begin > end) {
                        return None;
                    }
                    last = None;
                    continue;
                }
                c => (c, false),
            };
            is_empty = false;
            last = (!is_set).then_some(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn expressions_of_one_language_only_are_left_out() {
        for good in [
            "",
            "^[a-z]+$",
            "^\\d{4}-\\d{2}-\\d{2}$",
            "^[A-Za-z0-9_.-]{1,64}$",
            "^(?:a|b)*?$",
            "^[\\w\\-]+\\.[\\w]{2,}$",
            "a{3}",
            "[^\\]]+",
            "^(?!x)y",
            "\\u4e00",
            "[\\u4e00-\\u9fa5]",
            "北京|上海",
            "[-a]",
            "[a-]",
            "\\/v\\d+",
        ] {
            assert!(is_portable(good), "{good}");
        }
        for bad in [
            "(?i)abc",
            "(?<name>a)",
            "(?P<n>a)",
            "\\p{L}",
            "\\-",
            "\\_",
            "a{",
            "a{,3}",
            "a{3,1}",
            "{3}",
            "*a",
            "a**",
            "a++",
            "[a",
            "[]",
            "[z-a]",
            "[\\w-.]",
            "(a",
            "a)",
            "]",
            "}",
            "\\1",
            "\\A",
            "\\z",
            "\\u12",
            "(?=a)*",
            "^*",
            "[[:alpha:]]",
            "\\",
            "a\nb",
            "\\@",
            "(?>a)",
            "[a-\\d]",
            "[\\q]",
        ] {
            assert!(!is_portable(bad), "{bad}");
        }
        assert!(!is_portable(&"a".repeat(1001)) && !is_portable(&"(".repeat(500)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[\\[\\](){}?*+^$|\\\\a-z0-9,:=!<>-]{0,40}") {
            let _ = is_portable(&text);
        }
    }
}
