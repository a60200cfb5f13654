//! SQL text: tokens, and the translation of placeholders.

use std::borrow::Cow;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword, a name or a number.
    Word,
    /// A name in double quotes.
    Quoted,
    /// A string in single quotes.
    Text,
    /// `$` and a number.
    Placeholder,
    /// White space or a comment.
    Blank,
    /// Any other single character.
    Mark,
}

/// A token of SQL text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
}

/// An iterator over the tokens of a text. Joined again, they are the text.
pub(crate) struct Tokens<'a>(&'a str);

pub(crate) const fn tokens(sql: &str) -> Tokens<'_> {
    Tokens(sql)
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = self.0;
        let first = rest.chars().next()?;
        let (kind, length) = match first {
            '\'' => (Kind::Text, quoted(rest, '\'')),
            '"' => (Kind::Quoted, quoted(rest, '"')),
            '-' if rest.starts_with("--") => (Kind::Blank, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (Kind::Blank, block_comment(rest)),
            '$' => match run(rest, 1, |c| c.is_ascii_digit()) {
                1 => (Kind::Mark, 1),
                length => (Kind::Placeholder, length),
            },
            c if is_word(c) => (Kind::Word, run(rest, 0, |c| is_word(c) || c == '$')),
            c if c.is_whitespace() => (Kind::Blank, run(rest, 0, char::is_whitespace)),
            c => (Kind::Mark, c.len_utf8()),
        };
        let (text, rest) = rest.split_at(length);
        self.0 = rest;
        Some(Token { kind, text })
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric() || !c.is_ascii() && !c.is_whitespace()
}

/// Returns the length of the start of the text up to `from`, plus the characters after it that are `wanted`.
fn run(text: &str, from: usize, wanted: impl Fn(char) -> bool) -> usize {
    let (_, rest) = text.split_at(from);
    from + rest.find(|c| !wanted(c)).unwrap_or(rest.len())
}

/// Returns the length of the quoted piece that the text starts with. A doubled quote is an escaped one.
/// Without a closing quote, the piece is the whole text.
fn quoted(text: &str, quote: char) -> usize {
    let mut inside = true;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote {
            inside = !inside;
        } else if !inside {
            return at;
        }
    }
    text.len()
}

fn block_comment(text: &str) -> usize {
    let (_, rest) = text.split_at(2);
    rest.find("*/").map_or(text.len(), |at| at + 4)
}

/// Replaces every `$n` by `?n`. SQLite numbers `$n` by first appearance, so `$2 … $1` would be swapped.
pub(crate) fn numbered(sql: &str) -> Cow<'_, str> {
    if !sql.contains('$') {
        return Cow::Borrowed(sql);
    }
    let mut text = String::with_capacity(sql.len());
    for token in tokens(sql) {
        match (token.kind, token.text.strip_prefix('$')) {
            (Kind::Placeholder, Some(number)) => {
                text.push('?');
                text.push_str(number);
            }
            _ => text.push_str(token.text),
        }
    }
    Cow::Owned(text)
}

/// Formats bytes as lower-case hexadecimal digits, two a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_placeholders_are_translated() {
        for (sql, expected) in [
            ("SELECT $2, $1, $12", "SELECT ?2, ?1, ?12"),
            ("a = '$1' AND b = $1", "a = '$1' AND b = ?1"),
            ("'it''s $1' || $2", "'it''s $1' || ?2"),
            (r#""od""d $1" = $1"#, r#""od""d $1" = ?1"#),
            ("$1 -- $1 '\n, $2", "?1 -- $1 '\n, ?2"),
            ("/* $1 ' */ $1 /* $2", "/* $1 ' */ ?1 /* $2"),
            ("a$1 + $1", "a$1 + ?1"),
            ("$ $x $1", "$ $x ?1"),
            ("$1-$2", "?1-?2"),
            ("'open $1", "'open $1"),
            ("名$1 $1", "名$1 ?1"),
        ] {
            assert_eq!(numbered(sql), expected);
        }
    }

    /// Pieces of SQL in which `$n` is no placeholder, each with its translation, which is the piece itself.
    fn fixed() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z,()=<> \n]{0,8}",
            "'([a-z$0-9 \"-]|''){0,8}'",
            "\"([a-z$0-9 '-]|\"\"){0,8}\"",
            "--[a-z$0-9 '\"]{0,8}\n",
            "/\\*[a-z$0-9 '\"]{0,8}\\*/",
        ]
    }

    proptest! {
        #[test]
        fn tokens_put_together_are_the_text(sql in "\\PC{0,40}|['\"$0-9a-z /*\\-\n]{0,40}") {
            let whole: String = tokens(&sql).map(|token| token.text).collect();
            prop_assert_eq!(whole, sql);
        }

        #[test]
        fn placeholders_between_anything_else(parts in prop::collection::vec((fixed(), 1_u32..99), 0..8)) {
            let join =
                |mark: char| parts.iter().map(|(text, n)| format!("{text} {mark}{n} ")).collect::<String>();
            let sql = join('$');
            prop_assert_eq!(numbered(&sql), join('?'));
        }
    }

    #[test]
    fn hex_digits() {
        assert_eq!(hex(&[0, 0x0f, 0xa0, 0xff]), "000fa0ff");
    }
}
