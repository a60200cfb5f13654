//! JSON as a stream: the items of one array, each of bounded size, and lenient access to members.

use std::io::{BufRead, BufReader, Read};

use serde_json::Value;
use store::Zone;

use crate::{model::Reason, time};

/// Maximum size of an item in bytes.
pub(crate) const MAX_ITEM: usize = 64 << 20;
/// Maximum length of the name of a member that is looked for, in bytes.
const MAX_NAME: usize = 64;

/// The items of a JSON array, of an array in a member of an object, or of lines. A value that is none of
/// these is the only item.
pub(crate) struct Items<R> {
    from: BufReader<R>,
    state: State,
    number: u64,
    /// The member that has the array.
    pub(crate) member: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Inside an array.
    Array,
    /// Values one after the other, as lines.
    Values,
    End,
}

impl<R: Read> Items<R> {
    /// Opens a file. `members` are names of members that may have the array.
    pub(crate) fn open(from: R, members: &[&'static str]) -> Self {
        let mut from = BufReader::with_capacity(64 << 10, from);
        skip_mark(&mut from);
        let mut items = Self { from, state: State::Values, number: 0, member: None };
        match items.peek() {
            Some(b'[') => items.into_array(),
            Some(b'{') if !members.is_empty() => items.find(members, ""),
            _ => items,
        }
    }

    /// Opens an object whose array is in a member of its member `outer`.
    pub(crate) fn open_within(from: R, outer: &'static str, members: &[&'static str]) -> Self {
        let mut items = Self::open(from, &[]);
        match items.peek() {
            Some(b'{') => items.find(members, outer),
            _ => items,
        }
    }

    fn into_array(mut self) -> Self {
        self.from.consume(1);
        self.state = State::Array;
        self
    }

    /// Returns the next byte that is no blank, without taking it.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let buffer = self.from.fill_buf().ok()?;
            let at = buffer.iter().position(|byte| !byte.is_ascii_whitespace());
            match at {
                Some(at) => {
                    let byte = buffer.get(at).copied();
                    self.from.consume(at);
                    return byte;
                }
                None if buffer.is_empty() => return None,
                None => {
                    let all = buffer.len();
                    self.from.consume(all);
                }
            }
        }
    }

    /// Looks for a member with an array in an object. If there is none, the object was read for nothing.
    fn find(mut self, members: &[&'static str], outer: &str) -> Self {
        self.from.consume(1);
        loop {
            match self.peek() {
                Some(b'"') => {}
                Some(b',') => {
                    self.from.consume(1);
                    continue;
                }
                _ => {
                    self.state = State::End;
                    return self;
                }
            }
            let Ok(name) = self.value(MAX_ITEM) else {
                self.state = State::End;
                return self;
            };
            if self.peek() != Some(b':') {
                self.state = State::End;
                return self;
            }
            self.from.consume(1);
            let name = std::str::from_utf8(&name).unwrap_or_default().trim_matches('"');
            let found = members.iter().find(|member| name.len() < MAX_NAME && **member == name);
            if let Some(member) = found
                && self.peek() == Some(b'[')
            {
                self.member = Some(member);
                return self.into_array();
            }
            if name == outer && !outer.is_empty() && self.peek() == Some(b'{') {
                self.from.consume(1);
                continue;
            }
            if self.peek().is_none() || self.value(MAX_ITEM) == Err(Reason::Damaged) {
                self.state = State::End;
                return self;
            }
        }
    }

    /// Takes one value. Too long ones are passed over.
    fn value(&mut self, most: usize) -> Result<Vec<u8>, Reason> {
        let (mut bytes, mut depth, mut text, mut escaped) = (Vec::new(), 0_usize, false, false);
        let mut is_long = false;
        loop {
            let buffer = self.from.fill_buf().map_err(|_none| Reason::Damaged)?;
            if buffer.is_empty() {
                // A value at the end of a file needs no separator unless it is open.
                let is_whole = depth == 0 && !text && !bytes.is_empty();
                return if is_long {
                    Err(Reason::Long)
                } else {
                    is_whole.then_some(bytes).ok_or(Reason::Damaged)
                };
            }
            let (mut used, mut is_over) = (0, false);
            for byte in buffer {
                let byte = *byte;
                if text {
                    (text, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
                    used += 1;
                    is_over = !text && depth == 0;
                } else {
                    match byte {
                        b'"' => text = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth > 0 => depth -= 1,
                        // What follows a number or a word.
                        b',' | b'}' | b']' | b':' | b'\n' | b'\r' if depth == 0 => {
                            is_over = true;
                            break;
                        }
                        _ => {}
                    }
                    used += 1;
                    is_over = depth == 0 && matches!(byte, b'}' | b']');
                }
                if is_over {
                    break;
                }
            }
            if !is_long {
                bytes.extend_from_slice(buffer.get(..used).unwrap_or_default());
                is_long = bytes.len() > most;
                if is_long {
                    bytes = Vec::new();
                }
            }
            self.from.consume(used);
            if is_over {
                return if is_long { Err(Reason::Long) } else { Ok(bytes) };
            }
        }
    }
}

/// Skips a byte order mark.
fn skip_mark(from: &mut impl BufRead) {
    let marked = from.fill_buf().is_ok_and(|buffer| buffer.starts_with(b"\xef\xbb\xbf"));
    if marked {
        from.consume(3);
    }
}

impl<R: Read> Iterator for Items<R> {
    /// The number of an item, and the item or the reason why it cannot be read.
    type Item = (u64, Result<Value, Reason>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::End {
            return None;
        }
        loop {
            match (self.peek(), self.state) {
                (None, State::Array) => {
                    self.state = State::End;
                    return Some((self.number + 1, Err(Reason::Damaged)));
                }
                (None, _) | (Some(b']'), State::Array) => {
                    self.state = State::End;
                    return None;
                }
                (Some(b',' | b':' | b']' | b'}'), _) => self.from.consume(1),
                (Some(_), _) => break,
            }
        }
        self.number += 1;
        let bytes = match self.value(MAX_ITEM) {
            Ok(bytes) => bytes,
            Err(Reason::Damaged) => {
                self.state = State::End;
                let is_line = self.state == State::Values;
                return Some((self.number, Err(if is_line { Reason::Json } else { Reason::Damaged })));
            }
            Err(reason) => return Some((self.number, Err(reason))),
        };
        Some((self.number, parse(&bytes).ok_or(Reason::Json)))
    }
}

/// Parses a value. A lone surrogate becomes U+FFFD, and bytes that are not UTF-8, too.
pub(crate) fn parse(bytes: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    let text = String::from_utf8_lossy(bytes);
    serde_json::from_str(&without_lone(&text)).ok()
}

/// Replaces escapes of lone surrogates.
fn without_lone(text: &str) -> String {
    let unit = |at: &str| -> Option<u32> {
        let digits = at.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('\\') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let taken = match unit(after) {
            Some(0xD800..=0xDBFF) => match after.get(6..).and_then(unit) {
                Some(0xDC00..=0xDFFF) => after.get(..12),
                _ => None,
            },
            Some(0xDC00..=0xDFFF) => None,
            Some(_) => after.get(..6),
            None => after.char_indices().nth(2).map_or(Some(after), |(end, _)| after.get(..end)),
        };
        let length = taken.map_or(6, str::len);
        out.push_str(taken.unwrap_or("\\ufffd"));
        rest = after.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Returns the text of a member; empty if there is none.
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the first text that is not empty, of several members.
pub(crate) fn first_text<'v>(value: &'v Value, names: &[&str]) -> &'v str {
    names.iter().map(|name| text(value, name)).find(|text| !text.trim().is_empty()).unwrap_or_default()
}

/// Returns the items of a member; none if it is no array.
pub(crate) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Returns an id: a text or a number.
pub(crate) fn id(value: &Value, names: &[&str]) -> String {
    let shown = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    names.iter().find_map(|name| value.get(name).and_then(shown)).unwrap_or_default()
}

/// Returns the first time of several members.
pub(crate) fn moment(value: &Value, names: &[&str], zone: &Zone) -> Option<i64> {
    names.iter().find_map(|name| time::of_value(value.get(name)?, zone)).filter(|moment| *moment >= 0)
}

/// Returns true if a member is there and true.
pub(crate) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn items(text: &str, members: &[&'static str]) -> Vec<Result<Value, Reason>> {
        Items::open(text.as_bytes(), members).map(|(_, item)| item).collect()
    }

    #[test]
    fn arrays_lines_and_members_are_read() {
        let all = vec![Ok(json!(1)), Ok(json!({"a": "]}\\\""})), Ok(json!("x"))];
        assert_eq!(items(r#"[1, {"a": "]}\\\""}, "x"]"#, &[]), all);
        assert_eq!(items("1\n{\"a\": \"]}\\\\\\\"\"}\n\"x\"\n", &[]), all);
        assert_eq!(
            items(r#"{"n": {"list": [0]}, "list": [1, {"a": "]}\\\""}, "x"], "m": 2}"#, &["list"]),
            all
        );
        assert_eq!(items(r#"{"n": 1}"#, &["list"]), vec![]);
        assert_eq!(items(r#"{"n": 1}"#, &[]), vec![Ok(json!({"n": 1}))]);
        assert_eq!(items("\u{feff}[]", &[]), vec![]);
        assert_eq!(items("", &[]), vec![]);
    }

    #[test]
    fn a_bad_item_costs_itself() {
        assert_eq!(items("[{\"a\": tru}, 2]", &[]), vec![Err(Reason::Json), Ok(json!(2))]);
        assert_eq!(items("[1, {\"a\": [", &[]), vec![Ok(json!(1)), Err(Reason::Damaged)]);
        assert_eq!(items("[1", &[]), vec![Ok(json!(1)), Err(Reason::Damaged)]);
        assert_eq!(items(r#"["\ud83d", "\ud83d\ude00"]"#, &[]), vec![Ok(json!("\u{fffd}")), Ok(json!("😀"))]);
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "([\\[\\]{}:,\"\\\\ \n]|[a-z1]|\\PC){0,60}") {
            let found = items(&text, &["a", "b"]);
            prop_assert!(found.len() <= text.len() + 1);
        }
    }
}
