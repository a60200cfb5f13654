//! Lets one JSON value out of a model's words and nothing else.

use serde_json::Value;

use super::plan::{Plan, Wanted};

/// Longest value that is held, and most text that is read, in bytes.
const MAX_HELD: usize = 256 << 10;
const MAX_READ: usize = 1 << 20;
/// Deepest nesting of a value.
const MAX_DEPTH: usize = 64;

const THINK: &str = "<think>";
const THOUGHT: &str = "</think>";

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// No JSON value began.
    Nothing,
    /// A value began and is not JSON.
    Broken,
    /// A value began and never ended.
    Truncated,
    /// There is a value, and it does not fit the structure.
    OffStructure,
    /// The value or the text is too long.
    TooLong,
}

impl Problem {
    /// What is wrong, in words for the model that is to do better.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "the answer held no JSON value",
            Self::Broken => "the answer was not valid JSON",
            Self::Truncated => "the JSON value was cut off",
            Self::OffStructure => "the JSON value does not have the stated structure",
            Self::TooLong => "the answer was too long",
        }
    }
}

/// What the gate holds after some text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// More text is needed.
    Nothing,
    /// The value, complete and checked; what follows does not matter.
    Value(String),
    /// More text cannot help.
    Failed(Problem),
}

/// Reads a model's words piece by piece. However they are cut, the outcome is the same.
#[derive(Debug)]
pub struct Gate<'p> {
    plan: &'p Plan,
    state: State,
    /// The value so far.
    held: String,
    /// Open brackets of the value; true for objects.
    open: Vec<bool>,
    /// Where the scalar that is being read began.
    scalar: usize,
    has_member: bool,
    read: usize,
    /// The last characters outside values, to see where thinking begins and ends.
    tail: String,
    worst: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Outside of a value.
    Searching,
    /// Between `<think>` and `</think>`.
    Thinking,
    /// Behind a value that is broken: until its brackets are closed.
    Skipping { depth: usize, quoted: bool, escaped: bool },
    /// A value must come; `]` may instead where it is the first of an array.
    Value { first: bool },
    /// A name must come; `}` may instead where it is the first.
    Name { first: bool },
    /// The colon after a name.
    Colon,
    /// A comma or a closing bracket.
    Next,
    /// In a text, which is a name or a value.
    Text { name: bool, escaped: bool },
    /// In a number, `true`, `false` or `null`.
    Scalar,
    /// The outcome was told.
    Done,
}

impl<'p> Gate<'p> {
    /// A gate for what a plan asks for.
    pub fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            state: State::Searching,
            held: String::new(),
            open: Vec::new(),
            scalar: 0,
            has_member: false,
            read: 0,
            tail: String::new(),
            worst: Problem::Nothing,
        }
    }

    /// Takes the next piece of text.
    pub fn push(&mut self, text: &str) -> Held {
        if self.state == State::Done {
            return Held::Nothing;
        }
        for c in text.chars() {
            self.read += c.len_utf8();
            if self.read > MAX_READ || self.held.len() > MAX_HELD {
                self.state = State::Done;
                return Held::Failed(Problem::TooLong);
            }
            if let Some(value) = self.step(c) {
                self.state = State::Done;
                return Held::Value(value);
            }
        }
        Held::Nothing
    }

    /// The text has ended: why there is no value.
    pub fn end(self) -> Problem {
        match self.state {
            State::Searching | State::Thinking | State::Done | State::Skipping { .. } => self.worst,
            _ => Problem::Truncated,
        }
    }

    fn step(&mut self, c: char) -> Option<String> {
        match self.state {
            State::Searching => self.search(c),
            State::Thinking => {
                if self.tail_is(c, THOUGHT) {
                    self.state = State::Searching;
                }
            }
            State::Skipping { depth, quoted, escaped } => self.skip(c, depth, quoted, escaped),
            State::Done => {}
            _ => return self.value(c),
        }
        None
    }

    fn tail_is(&mut self, c: char, mark: &str) -> bool {
        self.tail.push(c);
        while self.tail.chars().count() > mark.len() {
            self.tail.remove(0);
        }
        let found = self.tail.ends_with(mark);
        if found {
            self.tail.clear();
        }
        found
    }

    fn search(&mut self, c: char) {
        let is_object = c == '{';
        if is_object || (c == '[' && self.plan.wanted() == Wanted::Array) {
            self.held.clear();
            self.held.push(c);
            self.open.clear();
            self.open.push(is_object);
            self.has_member = false;
            self.tail.clear();
            self.state = if is_object { State::Name { first: true } } else { State::Value { first: true } };
        } else if self.tail_is(c, THINK) {
            self.state = State::Thinking;
        }
    }

    /// One more character of a value that has begun.
    fn value(&mut self, c: char) -> Option<String> {
        if self.state == State::Scalar {
            if c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.') {
                self.held.push(c);
                return None;
            }
            let scalar = self.held.get(self.scalar..).unwrap_or_default();
            if serde_json::from_str::<Value>(scalar).is_err() {
                self.broken(c);
                return None;
            }
            self.state = State::Next;
        }
        let next = match (self.state, c) {
            (State::Text { name, escaped: true }, _) => Some(State::Text { name, escaped: false }),
            (State::Text { name, .. }, '\\') => Some(State::Text { name, escaped: true }),
            (State::Text { name: true, .. }, '"') => Some(State::Colon),
            (State::Text { name: false, .. }, '"') => Some(State::Next),
            (State::Text { .. }, _) => (c >= ' ').then_some(self.state),
            (state, ' ' | '\n' | '\r' | '\t') => Some(state),
            (State::Name { .. }, '"') => Some(State::Text { name: true, escaped: false }),
            (State::Name { first: true }, '}') | (State::Value { first: true }, ']') => return self.close(c),
            (State::Next, '}' | ']') => return self.close(c),
            (State::Colon, ':') => {
                self.has_member = true;
                Some(State::Value { first: false })
            }
            (State::Next, ',') if self.open.last() == Some(&true) => Some(State::Name { first: false }),
            (State::Next, ',') => Some(State::Value { first: false }),
            (State::Value { .. }, '"') => Some(State::Text { name: false, escaped: false }),
            (State::Value { .. }, '{' | '[') if self.open.len() < MAX_DEPTH => {
                self.open.push(c == '{');
                Some(if c == '{' { State::Name { first: true } } else { State::Value { first: true } })
            }
            (State::Value { .. }, '-' | '0'..='9' | 't' | 'f' | 'n') => {
                self.scalar = self.held.len();
                Some(State::Scalar)
            }
            _ => None,
        };
        match next {
            Some(next) => {
                self.held.push(c);
                self.state = next;
            }
            None => self.broken(c),
        }
        None
    }

    fn close(&mut self, c: char) -> Option<String> {
        if self.open.last() != Some(&(c == '}')) {
            self.broken(c);
            return None;
        }
        self.open.pop();
        self.held.push(c);
        self.state = State::Next;
        if !self.open.is_empty() {
            return None;
        }
        self.state = State::Searching;
        let held = std::mem::take(&mut self.held);
        // What the states let pass (escapes, numbers) is decided by the parser that clients' parsers agree with.
        let Ok(value) = serde_json::from_str::<Value>(&held) else {
            self.worst = Problem::Broken;
            return None;
        };
        let accepted = self.plan.accept(&value, held);
        if accepted.is_none() {
            self.worst = Problem::OffStructure;
        }
        accepted
    }

    /// What began is no JSON. A bracket in prose is nothing; of a value that went wrong the inside is no answer.
    fn broken(&mut self, c: char) {
        let depth = self.open.len();
        self.held.clear();
        if self.has_member || depth > 1 || self.state == State::Next {
            self.worst = Problem::Broken;
            let quoted = matches!(self.state, State::Text { .. });
            self.skip(c, depth, quoted, false);
        } else {
            if self.worst == Problem::Nothing && self.open.last() == Some(&true) && !c.is_whitespace() {
                self.worst = Problem::Broken;
            }
            self.state = State::Searching;
            self.search(c);
        }
    }

    fn skip(&mut self, c: char, depth: usize, quoted: bool, escaped: bool) {
        let (mut depth, mut now_quoted, mut now_escaped) = (depth, quoted, false);
        match c {
            _ if quoted && escaped => {}
            '\\' if quoted => now_escaped = true,
            '"' => now_quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        self.state = if depth == 0 {
            State::Searching
        } else {
            State::Skipping { depth, quoted: now_quoted, escaped: now_escaped }
        };
    }
}
