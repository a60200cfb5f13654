//! Separates a model's thoughts from its text while both stream. No I/O.
//!
//! Thoughts are marked by tags (`<think>…</think>`, `[THINK]…[/THINK]`, and others), or by a channel of the
//! harmony format (`<|channel|>analysis<|message|>…<|end|>`). Some chat templates put the opening tag into
//! the prompt, so that only the closing tag arrives: then all text before it is a thought. Tags in code and
//! in quotes are text.

mod marks;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use memchr::memchr3;

use marks::{Found, Mark, mark};

/// Maximum length of a channel's header in bytes.
const MAX_HEADER: usize = 100;

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text of the answer.
    Text(String),
    /// A thought, which is not part of the answer.
    Thought(String),
    /// All text so far was a thought.
    Retract,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// In the text.
    Text,
    /// Possibly in thoughts whose opening tag was in the prompt. Held back until the closing tag or the
    /// end.
    Opening,
    /// In thoughts at the beginning of the answer.
    Thinking,
    /// Possibly in thoughts after some text. Held back, and text if no closing tag comes.
    Aside,
    /// In a channel other than the final one.
    Channel,
    /// Between channels. `named` is true while a channel's name is read.
    Header { named: bool },
}

/// Separates thoughts from text. The result does not depend on how the answer is cut into pieces.
#[derive(Debug)]
pub(super) struct Filter {
    mode: Mode,
    /// Input that cannot be classified yet.
    held: String,
    /// Number of bytes of text returned so far.
    given: usize,
    /// State of Markdown code: backticks in the current line, true if the line is blank so far, and true in
    /// a fenced block.
    ticks: usize,
    is_blank_line: bool,
    in_fence: bool,
    last: char,
    /// True if white space is dropped until the next text.
    trims: bool,
    is_harmony: bool,
    /// True if a closing tag came without an opening one.
    pub(super) closed_alone: bool,
    /// True if there was any thought.
    pub(super) has_thought: bool,
}

impl Filter {
    /// Creates a filter. `opening` is true if the answer may begin inside thoughts.
    pub(super) const fn new(opening: bool) -> Self {
        Self {
            mode: if opening { Mode::Opening } else { Mode::Text },
            held: String::new(),
            given: 0,
            ticks: 0,
            is_blank_line: true,
            in_fence: false,
            last: '\n',
            trims: false,
            is_harmony: false,
            closed_alone: false,
            has_thought: false,
        }
    }

    /// Returns true if any text was returned.
    pub(super) const fn has_text(&self) -> bool {
        self.given > 0
    }

    /// Notes that the provider sends thoughts separately, so that the text does not begin with thoughts.
    pub(super) fn thoughts_are_apart(&mut self) {
        self.has_thought = true;
        if self.mode == Mode::Opening && self.held.is_empty() {
            self.mode = Mode::Text;
        }
    }

    /// Takes the next text, and adds the pieces that can be classified to `out`.
    pub(super) fn push(&mut self, text: String, out: &mut VecDeque<Piece>) {
        let is_plain = self.mode == Mode::Text && self.held.is_empty() && !self.trims && self.given > 0;
        if is_plain && memchr3(b'<', b'[', b'`', text.as_bytes()).is_none() && !text.contains('◁') {
            self.pass(&text);
            self.given += text.len();
            if !text.is_empty() {
                out.push_back(Piece::Text(text));
            }
            return;
        }
        self.held.push_str(&text);
        self.work(false, out);
    }

    /// Handles the end of the answer.
    pub(super) fn finish(&mut self, out: &mut VecDeque<Piece>) {
        self.work(true, out);
        if self.mode == Mode::Opening {
            // No closing tag came, so it was text.
            self.mode = Mode::Text;
            self.work(true, out);
        }
        let rest = std::mem::take(&mut self.held);
        match self.mode {
            Mode::Thinking | Mode::Channel => self.think(&rest, out),
            Mode::Header { named: true } if name(&rest) != "final" => self.think(&rest, out),
            Mode::Header { named: true } => self.give(content(&rest), out),
            Mode::Header { named: false } => self.give(&rest, out),
            Mode::Text | Mode::Opening | Mode::Aside => self.give(&rest, out),
        }
    }

    fn work(&mut self, is_end: bool, out: &mut VecDeque<Piece>) {
        loop {
            let held = std::mem::take(&mut self.held);
            let rest = match self.mode {
                Mode::Text => self.text(&held, is_end, out),
                Mode::Opening | Mode::Thinking | Mode::Aside => self.thoughts(&held, is_end, out),
                Mode::Channel => self.channel(&held, is_end, out),
                Mode::Header { named } => self.header(&held, named, out),
            };
            match rest {
                Rest::Again(rest) => held.get(rest..).unwrap_or_default().clone_into(&mut self.held),
                Rest::Wait(rest) => {
                    held.get(rest..).unwrap_or_default().clone_into(&mut self.held);
                    return;
                }
            }
        }
    }

    fn text(&mut self, held: &str, is_end: bool, out: &mut VecDeque<Piece>) -> Rest {
        if self.given == 0 && !is_end && held.trim_start().is_empty() {
            return Rest::Wait(0);
        }
        let mut done = 0;
        for (at, c) in held.char_indices() {
            let rest = held.get(at..).unwrap_or_default();
            let found = if matches!(c, '<' | '[' | '◁') { mark(rest) } else { Found::Nothing };
            match found {
                Found::Unknown if !is_end => {
                    let before = held.get(done..at).unwrap_or_default();
                    if self.given == 0 && before.trim().is_empty() {
                        return Rest::Wait(0);
                    }
                    self.give(before, out);
                    return Rest::Wait(at);
                }
                Found::Mark(mark, length) if self.counts(mark) => {
                    let before = held.get(done..at).unwrap_or_default();
                    match mark {
                        Mark::Open if self.given == 0 && before.trim().is_empty() => {
                            self.mode = Mode::Thinking;
                        }
                        Mark::Open => {
                            // The tag is kept, because it is text if no closing tag comes.
                            self.give(before, out);
                            self.mode = Mode::Aside;
                            return Rest::Again(at);
                        }
                        Mark::Close => {
                            self.give(before, out);
                            self.retract(out);
                            self.closed_alone = true;
                        }
                        Mark::Dropped => {
                            self.give(before, out);
                            self.trims = self.given == 0;
                        }
                        Mark::Channel | Mark::Start | Mark::Message | Mark::End => {
                            self.give(before, out);
                            self.is_harmony = true;
                            self.mode = Mode::Header { named: mark == Mark::Channel };
                        }
                    }
                    return Rest::Again(at + length);
                }
                Found::Unknown | Found::Mark(..) | Found::Nothing => {}
            }
            if self.trims {
                if c.is_whitespace() {
                    done = at + c.len_utf8();
                    continue;
                }
                self.trims = false;
            }
            self.step(c);
        }
        self.give(held.get(done..).unwrap_or_default(), out);
        Rest::Wait(held.len())
    }

    /// Returns true if a mark at this place is one, and not quoted in the text.
    fn counts(&self, mark: Mark) -> bool {
        let is_quoted = self.in_fence
            || self.ticks % 2 == 1
            || matches!(self.last, '`' | '"' | '\'' | '“' | '‘' | '「' | '『');
        match mark {
            Mark::Message | Mark::End => self.is_harmony,
            _ => !is_quoted,
        }
    }

    fn thoughts(&mut self, held: &str, is_end: bool, out: &mut VecDeque<Piece>) -> Rest {
        let is_opening = self.mode == Mode::Opening;
        let lead = held.trim_start();
        if is_opening && !lead.is_empty() {
            // The opening tag is there after all, or the harmony format.
            match mark(lead) {
                Found::Mark(Mark::Open | Mark::Channel | Mark::Start, _) => {
                    self.mode = Mode::Text;
                    return Rest::Again(0);
                }
                Found::Unknown if !is_end => return Rest::Wait(0),
                _ => {}
            }
        }
        let opening_tag = match (self.mode, mark(held)) {
            (Mode::Aside, Found::Mark(Mark::Open, length)) => length,
            _ => 0,
        };
        match close(held.get(opening_tag..).unwrap_or_default(), is_end) {
            Close::At(at, length) => {
                self.think(held.get(opening_tag..opening_tag + at).unwrap_or_default(), out);
                self.closed_alone |= is_opening;
                self.trims = self.given == 0 || self.last.is_whitespace();
                self.mode = Mode::Text;
                Rest::Again(opening_tag + at + length)
            }
            Close::Perhaps(at) if self.mode == Mode::Thinking => {
                self.think(held.get(..at).unwrap_or_default(), out);
                Rest::Wait(at)
            }
            Close::Perhaps(_) => Rest::Wait(0),
        }
    }

    fn channel(&mut self, held: &str, is_end: bool, out: &mut VecDeque<Piece>) -> Rest {
        for (at, _) in held.match_indices('<') {
            let before = held.get(..at).unwrap_or_default();
            match mark(held.get(at..).unwrap_or_default()) {
                Found::Mark(mark @ (Mark::Channel | Mark::Start | Mark::Message | Mark::End), length) => {
                    self.think(before, out);
                    self.mode = Mode::Header { named: mark == Mark::Channel };
                    return Rest::Again(at + length);
                }
                Found::Unknown if !is_end => {
                    self.think(before, out);
                    return Rest::Wait(at);
                }
                _ => {}
            }
        }
        self.think(held, out);
        Rest::Wait(held.len())
    }

    fn header(&mut self, held: &str, named: bool, out: &mut VecDeque<Piece>) -> Rest {
        for (at, c) in held.char_indices() {
            let rest = held.get(at..).unwrap_or_default();
            let found = if c == '<' { mark(rest) } else { Found::Nothing };
            match found {
                Found::Mark(Mark::Message, length) => {
                    self.enter(named.then(|| name(held)), out);
                    return Rest::Again(at + length);
                }
                Found::Mark(mark @ (Mark::Channel | Mark::Start | Mark::End), length) => {
                    if named {
                        self.think(content(held.get(..at).unwrap_or_default()), out);
                    }
                    self.mode = Mode::Header { named: mark == Mark::Channel };
                    return Rest::Again(at + length);
                }
                // The header has no end: the text follows the name.
                Found::Nothing if !c.is_ascii() || "\n{[".contains(c) || at > MAX_HEADER => {
                    let skipped = if named { held.len() - content(held).len() } else { 0 };
                    self.enter(named.then(|| name(held)), out);
                    return Rest::Again(skipped);
                }
                Found::Unknown | Found::Mark(..) | Found::Nothing => {}
            }
        }
        Rest::Wait(0)
    }

    /// Enters a channel.
    fn enter(&mut self, name: Option<&str>, out: &mut VecDeque<Piece>) {
        match name {
            Some("final") => {
                // Text before it belonged to a channel without a header.
                self.retract(out);
                self.mode = Mode::Text;
            }
            Some(_) => {
                self.has_thought = true;
                self.mode = Mode::Channel;
            }
            None => self.mode = Mode::Text,
        }
        self.trims = self.given == 0;
    }

    fn give(&mut self, text: &str, out: &mut VecDeque<Piece>) {
        if !text.is_empty() {
            self.given += text.len();
            out.push_back(Piece::Text(text.to_owned()));
        }
    }

    fn think(&mut self, text: &str, out: &mut VecDeque<Piece>) {
        if !text.is_empty() {
            self.has_thought = true;
            out.push_back(Piece::Thought(text.to_owned()));
        }
    }

    /// Turns all text so far into thoughts.
    fn retract(&mut self, out: &mut VecDeque<Piece>) {
        let mut waiting = 0;
        for piece in out.iter_mut() {
            if let Piece::Text(text) = piece {
                waiting += text.len();
                *piece = Piece::Thought(std::mem::take(text));
            }
        }
        if waiting < self.given {
            out.push_back(Piece::Retract);
        }
        self.has_thought |= self.given > 0;
        self.given = 0;
        (self.ticks, self.is_blank_line, self.in_fence, self.last) = (0, true, false, '\n');
        self.trims = true;
    }

    fn pass(&mut self, text: &str) {
        match text.rfind('\n') {
            Some(at) => {
                let line = text.get(at + 1..).unwrap_or_default();
                (self.ticks, self.is_blank_line) = (0, line.trim().is_empty());
            }
            None => self.is_blank_line &= text.trim().is_empty(),
        }
        self.last = text.chars().next_back().unwrap_or(self.last);
    }

    fn step(&mut self, c: char) {
        match c {
            '\n' => (self.ticks, self.is_blank_line) = (0, true),
            '`' => {
                self.ticks += 1;
                // A fence is three backticks at the beginning of a line.
                if self.ticks == 3 && self.is_blank_line {
                    self.in_fence = !self.in_fence;
                    (self.ticks, self.is_blank_line) = (0, false);
                }
            }
            c if !c.is_whitespace() => self.is_blank_line = false,
            _ => {}
        }
        self.last = c;
    }
}

/// The byte at which to continue: at once, or when more text has arrived.
enum Rest {
    Again(usize),
    Wait(usize),
}

enum Close {
    At(usize, usize),
    /// Not before this byte.
    Perhaps(usize),
}

/// Finds the end of thoughts.
fn close(text: &str, is_end: bool) -> Close {
    for (at, _) in text.match_indices(['<', '[', '◁']) {
        match mark(text.get(at..).unwrap_or_default()) {
            Found::Mark(Mark::Close, length) => return Close::At(at, length),
            Found::Unknown if !is_end => return Close::Perhaps(at),
            _ => {}
        }
    }
    Close::Perhaps(text.len())
}

/// Returns the name at the beginning of a channel's header.
fn name(header: &str) -> &str {
    let header = header.trim_start();
    let end = header.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(header.len());
    header.get(..end).unwrap_or_default()
}

/// Returns what follows the name in a channel's header.
fn content(header: &str) -> &str {
    let start = header.trim_start();
    start.get(name(start).len()..).unwrap_or_default().trim_start()
}

/// Returns the text of an answer without its thoughts.
#[cfg(test)]
pub(crate) fn spoken<'t>(pieces: impl IntoIterator<Item = &'t str>) -> String {
    let (mut filter, mut out) = (Filter::new(false), VecDeque::new());
    pieces.into_iter().for_each(|piece| filter.push(piece.to_owned(), &mut out));
    filter.finish(&mut out);
    let text =
        out.into_iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text) } else { None });
    text.collect()
}
