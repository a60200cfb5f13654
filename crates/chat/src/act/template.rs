//! Parser for informal structures, such as `{"intent": "like"|"dislike"|"neutral", "score"?: number}`.

use serde_json::{Number, Value};

use super::shape::{Field, Shape};

/// Maximum nesting of a structure.
const DEPTH: usize = 16;

/// A parsed structure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    /// The structure.
    pub(super) shape: Shape,
    /// True if it names types or alternatives, so that it cannot be a plain value.
    pub(super) has_types: bool,
    /// The length of its text in bytes.
    pub(super) length: usize,
}

/// Parses a structure at the beginning of a text.
pub(super) fn read(text: &str) -> Option<Template> {
    let mut reader = Reader { rest: text, has_types: false };
    let shape = reader.value(0)?;
    Some(Template { shape, has_types: reader.has_types, length: text.len() - reader.rest.len() })
}

struct Reader<'a> {
    rest: &'a str,
    has_types: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, any_of: &[char]) -> bool {
        self.space();
        match self.rest.strip_prefix(any_of) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Skips white space and comments.
    fn space(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if let Some(comment) = self.rest.strip_prefix("//") {
                self.rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(comment) = self.rest.strip_prefix("/*") {
                self.rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
            } else {
                return;
            }
        }
    }

    /// Parses `{…}` or `[…]`.
    fn value(&mut self, depth: usize) -> Option<Shape> {
        if depth > DEPTH {
            return None;
        }
        if self.take(&['{']) {
            return self.object(depth);
        }
        if self.take(&['[']) {
            return self.array(depth);
        }
        None
    }

    fn object(&mut self, depth: usize) -> Option<Shape> {
        let mut fields = Vec::new();
        while !self.take(&['}']) {
            if self.dots() {
                continue;
            }
            let name = self.name()?;
            let optional = self.take(&['?', '？']);
            if !self.take(&[':', '：']) {
                return None;
            }
            let shape = self.alternatives(depth + 1)?;
            self.has_types |= optional;
            fields.push(Field { name, shape, optional });
            self.take(&[',', '，', ';']);
        }
        Some(Shape::Object(fields))
    }

    fn array(&mut self, depth: usize) -> Option<Shape> {
        let mut items: Vec<Shape> = Vec::new();
        while !self.take(&[']']) {
            if self.dots() {
                continue;
            }
            let item = self.alternatives(depth + 1)?;
            if !items.contains(&item) {
                items.push(item);
            }
            self.take(&[',', '，']);
        }
        let item = if items.len() > 1 { Some(Shape::OneOf(items)) } else { items.pop() };
        Some(Shape::Array(Box::new(item.unwrap_or(Shape::Any))))
    }

    /// Skips `...`, which stands for more of the same.
    fn dots(&mut self) -> bool {
        self.space();
        let rest = self.rest.trim_start_matches(['.', '…']);
        let found = rest.len() < self.rest.len();
        if found {
            self.rest = rest;
            self.take(&[',', '，']);
        }
        found
    }

    fn name(&mut self) -> Option<String> {
        self.space();
        if let Some(text) = self.quoted() {
            return Some(text);
        }
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '$')))?;
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Parses a text in any kind of quotes. A backslash makes the next character literal.
    fn quoted(&mut self) -> Option<String> {
        let close = match self.peek()? {
            '"' => '"',
            '\'' => '\'',
            '“' | '”' => '”',
            '‘' => '’',
            '`' => '`',
            _ => return None,
        };
        let (mut text, mut escaped) = (String::new(), false);
        for (at, c) in self.rest.char_indices().skip(1) {
            if escaped {
                text.push(c);
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == close {
                self.rest = self.rest.get(at + c.len_utf8()..)?;
                return Some(text);
            } else {
                text.push(c);
            }
        }
        None
    }

    fn alternatives(&mut self, depth: usize) -> Option<Shape> {
        let mut shapes = vec![self.one(depth)?];
        loop {
            // Explanations of a type, as in `number (0-1)`, are skipped; they cannot be checked.
            self.space();
            let skipped = self.rest.find(['|', '｜', ',', '，', ';', '}', ']', '\n'])?;
            self.has_types |= !self.rest.get(..skipped)?.trim().is_empty();
            self.rest = self.rest.get(skipped..)?;
            self.space();
            if !self.take(&['|', '｜']) {
                break;
            }
            self.take(&['|']);
            self.has_types = true;
            shapes.push(self.one(depth)?);
        }
        if shapes.len() > 1 {
            return Some(Shape::OneOf(shapes));
        }
        // A single text is an example of a text.
        Some(match shapes.pop()? {
            Shape::Exactly(text) => self.single(&text),
            shape => shape,
        })
    }

    fn single(&mut self, text: &str) -> Shape {
        if let Some(shape) = type_of(text.trim()) {
            self.has_types = true;
            return shape;
        }
        let parts: Vec<&str> =
            text.split(['|', '｜']).map(str::trim).filter(|part| !part.is_empty()).collect();
        if parts.len() > 1 {
            self.has_types = true;
            return Shape::OneOf(parts.into_iter().map(|part| Shape::Exactly(part.to_owned())).collect());
        }
        Shape::Text
    }

    fn one(&mut self, depth: usize) -> Option<Shape> {
        self.space();
        if matches!(self.peek()?, '{' | '[') {
            return self.value(depth).map(|shape| self.repeated(shape));
        }
        if let Some(text) = self.quoted() {
            return Some(Shape::Exactly(text));
        }
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+')))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        match word {
            "" => return None,
            "true" | "false" => return Some(Shape::Boolean),
            "null" | "None" => return Some(Shape::Null),
            _ => {}
        }
        if word.parse::<Number>().is_ok() {
            return Some(Shape::Number);
        }
        self.has_types = true;
        let is_generic = matches!(word.to_ascii_lowercase().as_str(), "array" | "list") && self.take(&['<']);
        if is_generic {
            let item = self.one(depth + 1).filter(|_| depth < DEPTH)?;
            self.take(&['>']);
            return Some(Shape::Array(Box::new(item)));
        }
        // A range such as 0-100, or an unknown word.
        let starts_with_digit = word.starts_with(|c: char| c.is_ascii_digit());
        let shape = type_of(word).unwrap_or(if starts_with_digit { Shape::Number } else { Shape::Any });
        Some(self.repeated(shape))
    }

    /// Parses `[]` after a type, as in `string[]`.
    fn repeated(&mut self, mut shape: Shape) -> Shape {
        while let Some(rest) = self.rest.strip_prefix("[]") {
            (self.rest, self.has_types) = (rest, true);
            shape = Shape::Array(Box::new(shape));
        }
        shape
    }
}

fn type_of(word: &str) -> Option<Shape> {
    Some(match word.to_ascii_lowercase().as_str() {
        "boolean" | "bool" | "布尔" | "布尔值" | "布尔型" => Shape::Boolean,
        "string" | "str" | "text" | "字符串" | "文本" => Shape::Text,
        "number" | "float" | "double" | "decimal" | "数字" | "数值" | "浮点数" | "小数" => {
            Shape::Number
        }
        "integer" | "int" | "整数" | "整型" => Shape::Integer,
        "object" | "dict" | "对象" => Shape::Object(Vec::new()),
        "array" | "list" | "数组" | "列表" => Shape::Array(Box::new(Shape::Any)),
        "any" | "任意" => Shape::Any,
        _ => return None,
    })
}

/// Parses a plain JSON value at the beginning of a text. Returns it with its length in bytes.
pub(super) fn value(text: &str) -> Option<(Value, usize)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    Some((value, values.byte_offset()))
}
