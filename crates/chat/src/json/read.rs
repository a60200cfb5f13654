//! Reads one JSON value and repairs unambiguous mistakes: missing and trailing commas, other, missing, and
//! unescaped quotation marks, full-width punctuation, Python's literals, comments, ellipses, line breaks in
//! texts, concatenated texts, a missing closing bracket.

use serde_json::{Map, Number, Value};

/// Maximum nesting of a value.
const MAX_DEPTH: usize = 64;

/// The reason why a value cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not JSON, and it is ambiguous what was meant.
    Broken,
    /// The text ends before the value does.
    Truncated,
}

/// A value that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unread {
    pub(super) fault: Fault,
    /// The length in bytes up to its closing bracket, or to the end of the text.
    pub(super) length: usize,
    /// True if it began as a value rather than as a bracket in prose.
    pub(super) is_value: bool,
}

/// Reads the value at the beginning of a text. Returns the value, its length in bytes, and true if it is
/// valid JSON without repairs.
pub(super) fn value(text: &str, may_repair: bool) -> Result<(Value, usize, bool), Unread> {
    let mut strict = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    if let Some(Ok(value)) = strict.next() {
        return Ok((value, strict.byte_offset(), true));
    }
    let mut reader = Reader { text, at: 0, has_member: false, may_repair };
    match reader.value(0) {
        Ok(value) => Ok((value, reader.at, false)),
        Err(fault) => {
            let length = closed(text).unwrap_or(text.len());
            Err(Unread { fault, length, is_value: reader.has_member })
        }
    }
}

/// Returns the length in bytes of a value, up to its last closing bracket.
fn closed(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if quoted && escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' | '｛' | '［' => depth += 1,
            '}' | ']' | '｝' | '］' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at + c.len_utf8());
        }
    }
    None
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// True if an object's member or a list's item was read.
    has_member: bool,
    may_repair: bool,
}

type Read<T> = Result<T, Fault>;

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, any_of: &[char]) -> bool {
        self.space();
        let taken = self.peek().filter(|c| any_of.contains(c));
        self.at += taken.map_or(0, char::len_utf8);
        taken.is_some()
    }

    /// Skips white space, invisible characters, and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(|c: char| {
                c.is_whitespace()
                    || matches!(c, '\u{feff}' | '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}')
            });
            self.at += rest.len() - trimmed.len();
            let comment = match trimmed {
                line if line.starts_with("//") => line.find('\n'),
                block if block.starts_with("/*") => block.find("*/").map(|end| end + 2),
                line if line.starts_with('#') => line.find('\n'),
                _ => return,
            };
            let Some(end) = comment else { return };
            self.at += end;
        }
    }

    fn value(&mut self, depth: usize) -> Read<Value> {
        self.space();
        if depth > MAX_DEPTH || !self.may_repair {
            return Err(Fault::Broken);
        }
        match self.peek().ok_or(Fault::Truncated)? {
            '{' | '｛' => self.object(depth),
            '[' | '［' => self.list(depth),
            c if opens(c).is_some() => self.quoted().map(Value::String),
            _ => self.scalar(),
        }
    }

    fn object(&mut self, depth: usize) -> Read<Value> {
        let mut members = Map::new();
        self.members(depth, &mut members)?;
        Ok(Value::Object(members))
    }

    fn members(&mut self, depth: usize, members: &mut Map<String, Value>) -> Read<()> {
        self.take(&['{', '｛']);
        while !self.take(&['}', '｝']) {
            self.space();
            if self.peek().is_none() {
                return Err(Fault::Truncated);
            }
            if self.ellipsis() {
                continue;
            }
            let name = self.name()?;
            if !self.take(&[':', '：', '=']) {
                return Err(if self.rest().is_empty() { Fault::Truncated } else { Fault::Broken });
            }
            self.take(&['>']);
            self.has_member = true;
            let value = self.value(depth + 1)?;
            if members.get(&name).is_some_and(|before| *before != value) {
                return Err(Fault::Broken);
            }
            members.insert(name, value);
            let had_line = self.rest().starts_with(['\n', '\r', ' ']);
            if self.take(&[',', '，', ';', '；']) {
                continue;
            }
            match self.peek() {
                Some('}' | '｝') => {}
                // The bracket of the enclosing list: the object's own one is missing.
                Some(']' | '］') if depth > 0 => break,
                // The wrong closing bracket.
                Some(']' | '］') => {
                    self.take(&[']', '］']);
                    break;
                }
                // Only the closing bracket is missing.
                None => break,
                Some(_) if self.is_fence() => break,
                // The comma between two lines is missing.
                Some(c) if had_line && opens(c).is_some() => {}
                Some(_) => return Err(Fault::Broken),
            }
        }
        Ok(())
    }

    /// Skips `...` in place of a member, and the comma after it.
    fn ellipsis(&mut self) -> bool {
        let rest = self.rest();
        let after = rest.trim_start_matches(['.', '…']);
        let is_found = rest.starts_with("..") || rest.starts_with('…');
        if is_found {
            self.at += rest.len() - after.len();
            self.take(&[',', '，']);
        }
        is_found
    }

    fn list(&mut self, depth: usize) -> Read<Value> {
        self.take(&['[', '［']);
        let mut items = Vec::new();
        while !self.take(&[']', '］']) {
            self.space();
            if self.peek().is_none() {
                return Err(Fault::Truncated);
            }
            let item = self.value(depth + 1)?;
            let is_object = item.is_object();
            items.push(item);
            self.has_member = true;
            if self.take(&[',', '，', ';', '；']) {
                continue;
            }
            match self.peek() {
                Some(']' | '］') => {}
                Some('}' | '｝') if depth > 0 => break,
                // The comma between two objects is missing.
                Some('{' | '｛') if is_object => {}
                // More items may be missing.
                None => return Err(Fault::Truncated),
                Some(_) if self.is_fence() => return Err(Fault::Truncated),
                Some(_) => return Err(Fault::Broken),
            }
        }
        Ok(Value::Array(items))
    }

    /// Returns true if the fenced block ends here.
    fn is_fence(&self) -> bool {
        self.rest().starts_with("```") || self.rest().starts_with("~~~")
    }

    fn name(&mut self) -> Read<String> {
        self.space();
        if self.peek().is_some_and(|c| opens(c).is_some()) {
            let rest = self.rest();
            return self.one_quoted().map_err(|fault| {
                // Its end is there, but no colon behind it.
                let is_closed = rest.chars().skip(1).any(|c| matches!(c, '"' | '\''));
                if is_closed { Fault::Broken } else { fault }
            });
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '$')));
        let name = rest.get(..end.ok_or(Fault::Truncated)?).unwrap_or_default();
        self.at += name.len();
        if name.is_empty() { Err(Fault::Broken) } else { Ok(name.to_owned()) }
    }

    /// Reads a text in any kind of quotes, or several that are joined by `+`.
    fn quoted(&mut self) -> Read<String> {
        let mut text = self.one_quoted()?;
        loop {
            let before = self.at;
            let has_more = self.take(&['+']) && {
                self.space();
                self.peek().is_some_and(|c| opens(c).is_some())
            };
            if !has_more {
                self.at = before;
                return Ok(text);
            }
            text.push_str(&self.one_quoted()?);
        }
    }

    fn one_quoted(&mut self) -> Read<String> {
        if let Some(text) = self.triple_quoted() {
            return Ok(text);
        }
        let open = self.peek().ok_or(Fault::Truncated)?;
        let close = opens(open).ok_or(Fault::Broken)?;
        self.at += open.len_utf8();
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            match c {
                '\\' => self.escape(&mut text)?,
                c if close.contains(&c) && self.is_closing() => return Ok(text),
                c => text.push(c),
            }
        }
        Err(Fault::Truncated)
    }

    /// Reads a text in Python's triple quotes.
    fn triple_quoted(&mut self) -> Option<String> {
        let quotes = ["\"\"\"", "'''"].into_iter().find(|quotes| self.rest().starts_with(quotes))?;
        let (text, _) = self.rest().get(quotes.len()..)?.split_once(quotes)?;
        self.at += text.len() + 2 * quotes.len();
        Some(text.to_owned())
    }

    /// Returns true if a quotation mark that may also occur inside a text ends it here: what follows is the
    /// rest of an object or list, or the next member, whose comma is missing.
    fn is_closing(&self) -> bool {
        let rest = self.rest().trim_start();
        if rest.is_empty()
            || rest
                .starts_with([':', '：', ',', '，', '}', '｝', ']', '］', ';', '；', '`', '/', '#', '=', '+'])
        {
            return true;
        }
        // Another text in quotes, with a colon behind it.
        let mut chars = rest.chars();
        let Some(close) = chars.next().and_then(opens) else { return false };
        let name = chars.as_str().split_once(|c: char| close.contains(&c) || c == '\n');
        name.is_some_and(|(_, after)| after.trim_start().starts_with([':', '：']))
    }

    fn escape(&mut self, text: &mut String) -> Read<()> {
        let c = self.peek().ok_or(Fault::Truncated)?;
        self.at += c.len_utf8();
        match c {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'u' => match self.unit() {
                Some(first @ 0xD800..=0xDBFF) => {
                    let before = self.at;
                    let second = self.rest().starts_with("\\u").then(|| {
                        self.at += 2;
                        self.unit()
                    });
                    match second.flatten() {
                        Some(second @ 0xDC00..=0xDFFF) => {
                            let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                        }
                        _ => {
                            self.at = before;
                            text.push(char::REPLACEMENT_CHARACTER);
                        }
                    }
                }
                Some(code) => text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
                None => text.push_str("\\u"),
            },
            // Markdown escapes punctuation. A backslash before a letter or digit may belong to a path or an
            // expression, so it stays.
            c if c.is_ascii_alphanumeric() => text.extend(['\\', c]),
            c => text.push(c),
        }
        Ok(())
    }

    fn unit(&mut self) -> Option<u32> {
        let hex = self.rest().get(..4).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(hex, 16).ok()
    }

    fn scalar(&mut self) -> Read<Value> {
        let rest = self.rest();
        let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
        let end = rest.find(|c: char| !is_inside(c)).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        self.at += end;
        let is_at_end = self.rest().is_empty();
        match word {
            "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
            "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
            "null" | "None" | "NULL" | "Null" => return Ok(Value::Null),
            "" => return Err(Fault::Broken),
            // Digits of a number, or letters of a word, may be missing.
            _ if is_at_end => return Err(Fault::Truncated),
            word if word.eq_ignore_ascii_case("true") => return Ok(Value::Bool(true)),
            word if word.eq_ignore_ascii_case("false") => return Ok(Value::Bool(false)),
            // A word without its quotation marks.
            word if is_word(word) => return Ok(Value::String(word.to_owned())),
            _ => {}
        }
        let digits: String =
            word.chars().map(|c| if ('０'..='９').contains(&c) { narrow(c) } else { c }).collect();
        let digits = digits.strip_prefix('+').unwrap_or(&digits);
        let number = match (digits.strip_prefix('.'), digits.strip_suffix('.')) {
            (Some(fraction), _) => format!("0.{fraction}"),
            (_, Some(whole)) => whole.to_owned(),
            _ => digits.to_owned(),
        };
        number.parse::<Number>().map(Value::Number).map_err(|_no_number| Fault::Broken)
    }
}

/// Returns true for a word that can only be a text.
fn is_word(word: &str) -> bool {
    const NO_TEXT: &[&str] = &["nan", "inf", "infinity", "undefined", "nil", "none", "null"];
    let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    word.starts_with(char::is_alphabetic)
        && word.chars().all(is_inside)
        && !NO_TEXT.contains(&word.to_lowercase().as_str())
}

/// Converts a full-width digit to an ASCII digit.
fn narrow(c: char) -> char {
    u32::from(c).checked_sub(0xFEE0).and_then(char::from_u32).unwrap_or(c)
}

/// Returns the quotation marks that can end a text that begins with this one.
fn opens(c: char) -> Option<&'static [char]> {
    Some(match c {
        '"' => &['"'],
        '\'' => &['\''],
        '`' => &['`'],
        '“' | '”' | '＂' => &['”', '“', '＂', '"'],
        '‘' | '’' => &['’', '‘', '\''],
        '„' => &['“', '”', '"'],
        '«' => &['»'],
        '「' => &['」'],
        '『' => &['』'],
        _ => return None,
    })
}
