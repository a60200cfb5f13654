//! Parser for the body of an answer: bytes in, pieces of the answer out, however the bytes are split. No I/O.

use std::collections::VecDeque;

use super::{
    Failure, Piece, Usage,
    calls::Calls,
    chunk::{self, Damage, Joiner, News, Parts},
    message::ToolCall,
    sse::Splitter,
    thoughts::Filter,
};

/// Maximum length of an event in bytes.
const MAX_EVENT: usize = 1 << 20;
/// Maximum length of an answer in bytes, thoughts included. The rest is cut off.
const MAX_ANSWER: usize = 1 << 20;
/// Number of characters of a first piece from which on its repetition at the end is a summary, not news.
const SUMMARY: usize = 3;
/// The mark before some texts in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The reason why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It was complete.
    Stop,
    /// It reached the maximum number of tokens.
    Length,
    /// The provider's content filter cut it off.
    Filtered,
}

/// The format of the response body.
#[derive(Debug)]
enum Format {
    /// Not known before the first character; the bytes so far.
    Unknown(Vec<u8>),
    /// Server-sent events.
    Events(Splitter),
    /// JSON; the bytes so far.
    Json(Vec<u8>),
}

/// An answer as far as it has been read.
pub(super) struct Reader {
    format: Format,
    filter: Filter,
    pub(super) ready: VecDeque<Piece>,
    /// True if thoughts are returned.
    with_thoughts: bool,
    /// All text of the stream as it came, and the number of pieces.
    said: String,
    pieces: usize,
    length: usize,
    /// Parts of characters whose other parts are missing: of the text, and of thoughts.
    of_text: Joiner,
    of_thoughts: Joiner,
    calls: Calls,
    finish: Option<Finish>,
    /// True if nothing but usage can follow `finish`.
    is_over: bool,
    /// True if the finish reason came together with text.
    ends_with_text: bool,
    /// True if text came after a finish reason. Then finish reasons are not trusted.
    doubts_end: bool,
    /// True if the text comes in deltas.
    by_delta: bool,
    /// True if each piece repeats the text before it.
    is_cumulative: bool,
    /// The events of an alternative answer, and its number. They are used if no other comes.
    alternative: Option<(u64, Vec<News>)>,
    /// The error that the provider reported inside the stream.
    pub(super) reported: Vec<u8>,
    is_alive: bool,
    /// True if there was an event that is not valid.
    has_noise: bool,
    has_ended: bool,
    is_whole: bool,
    failure: Option<Failure>,
    usage: Option<Usage>,
}

impl Reader {
    /// Creates a reader of an answer that may call the tools of these names.
    pub(super) fn new(offered: Vec<String>, opens_thinking: bool, with_thoughts: bool) -> Self {
        Self {
            format: Format::Unknown(Vec::new()),
            filter: Filter::new(opens_thinking),
            ready: VecDeque::new(),
            with_thoughts,
            said: String::new(),
            pieces: 0,
            length: 0,
            of_text: Joiner::default(),
            of_thoughts: Joiner::default(),
            calls: Calls::of(offered),
            finish: None,
            is_over: false,
            ends_with_text: false,
            doubts_end: false,
            by_delta: false,
            is_cumulative: false,
            alternative: None,
            reported: Vec::new(),
            is_alive: false,
            has_noise: false,
            has_ended: false,
            is_whole: false,
            failure: None,
            usage: None,
        }
    }

    /// Returns true if anything arrived, even if it is no text.
    pub(super) fn is_alive(&self) -> bool {
        self.is_alive
    }

    /// Returns true if no more bytes are needed.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns true if the answer has ended, and is complete.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Returns true if there was neither text nor a tool call.
    pub(super) fn is_empty(&self) -> bool {
        !self.filter.has_text() && self.calls.is_empty()
    }

    /// Returns true if nothing but usage can follow.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns true if the finish reason came together with text.
    pub(super) fn ends_with_text(&self) -> bool {
        self.ends_with_text
    }

    /// Returns the finish reason, if one came.
    pub(super) fn finish(&self) -> Option<Finish> {
        self.finish
    }

    /// Returns the tokens that the provider counted, if any.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Takes the failure that ended the answer, if any. The pieces before it are still ready.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// Returns the thoughts that were found in the text.
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Returns true if there are no tool calls.
    pub(super) fn has_no_calls(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes the model's tool calls, once the answer has ended.
    pub(super) fn calls(&mut self) -> Vec<ToolCall> {
        self.calls.take()
    }

    /// Returns the failure of an answer without content.
    pub(super) fn empty(&self) -> Failure {
        match self.finish {
            Some(Finish::Length) => Failure::Spent,
            _ if self.has_noise => Failure::Garbled("no event of the protocol"),
            _ => Failure::Empty,
        }
    }

    /// Takes the next bytes of the body. No bytes are a sign of life nevertheless.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.is_alive = true;
        if self.has_ended || bytes.is_empty() {
            return;
        }
        match std::mem::replace(&mut self.format, Format::Unknown(Vec::new())) {
            Format::Unknown(mut start) => {
                start.extend_from_slice(bytes);
                match format_of(&start) {
                    Some(format) => {
                        self.format = format;
                        self.take(&start);
                    }
                    None if text_of(&start).starts_with(b"<") => {
                        self.fail(Failure::Garbled("neither events nor JSON"));
                    }
                    None if BYTE_ORDER_MARK.starts_with(&start) => self.format = Format::Unknown(start),
                    None => {}
                }
            }
            Format::Events(mut splitter) => {
                self.split(&mut splitter, bytes);
                self.format = Format::Events(splitter);
            }
            Format::Json(whole) if whole.len() + bytes.len() > MAX_ANSWER => {
                self.fail(Failure::Garbled("an endless answer"));
            }
            Format::Json(mut whole) => {
                whole.extend_from_slice(bytes);
                self.format = Format::Json(whole);
            }
        }
    }

    fn split(&mut self, splitter: &mut Splitter, bytes: &[u8]) {
        let mut done = false;
        let mut outcome = Ok(());
        let split = splitter.push(bytes, |data, is_error| {
            if done || outcome.is_err() {
                return;
            }
            let data = unnamed(data);
            if is_end_mark(data) {
                done = true;
            } else if !data.is_empty() {
                outcome = self.event(data, is_error);
            }
        });
        let outcome = split.map_err(|_other| Failure::Garbled("an endless event")).and(outcome);
        if let Err(failure) = outcome {
            self.fail(failure);
        } else if done || self.length >= MAX_ANSWER {
            self.end(true);
        }
    }

    /// Handles the end of the body. Without an end mark the answer still counts as complete, unless it was
    /// cut off inside an event.
    pub(super) fn close(&mut self) {
        let (rest, is_error) = match std::mem::replace(&mut self.format, Format::Unknown(Vec::new())) {
            Format::Unknown(_) => (Vec::new(), false),
            Format::Events(mut splitter) => splitter.rest(),
            Format::Json(whole) => {
                self.finish_json(&whole);
                return;
            }
        };
        let rest = unnamed(&rest);
        if rest.is_empty() || is_end_mark(rest) {
            self.end(self.finish.is_some() || (self.has_news() && !self.has_noise));
            return;
        }
        let noise = std::mem::take(&mut self.has_noise);
        let read = self.event(rest, is_error);
        if read == Err(Failure::Reported) {
            self.fail(Failure::Reported);
            return;
        }
        let is_cut = self.has_noise || read.is_err();
        self.has_noise |= noise;
        self.end(self.finish.is_some() || (!is_cut && self.has_news() && !noise));
    }

    fn has_news(&self) -> bool {
        !self.said.is_empty() || !self.calls.is_empty() || self.alternative.is_some()
    }

    /// Handles a body that is one JSON value, or one JSON value per line.
    fn finish_json(&mut self, whole: &[u8]) {
        let whole = whole.strip_prefix(BYTE_ORDER_MARK).unwrap_or(whole);
        match self.event(whole, false) {
            Ok(()) if self.has_noise => self.fail(Failure::BrokenOff),
            Ok(()) => self.end(true),
            Err(failure) => self.fail(failure),
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.has_ended = true;
        self.failure = Some(failure);
        self.filter.finish(&mut self.ready);
        self.sift();
    }

    /// Ends the answer. If it is not complete, it is a failure.
    pub(super) fn end(&mut self, is_whole: bool) {
        self.has_ended = true;
        self.is_whole = is_whole;
        if let Some((_, events)) = self.alternative.take()
            && self.said.is_empty()
            && self.calls.is_empty()
        {
            events.into_iter().for_each(|news| self.add(News { alternative: None, ..news }));
        }
        let rest = self.of_text.end();
        if !rest.is_empty() {
            self.filter.push(rest, &mut self.ready);
        }
        self.filter.finish(&mut self.ready);
        self.sift();
        if !is_whole {
            self.failure = Some(Failure::BrokenOff);
        }
    }

    /// Removes thoughts if they are not wanted.
    fn sift(&mut self) {
        if !self.with_thoughts && self.filter.has_thought {
            self.ready.retain(|piece| !matches!(piece, Piece::Thought(_)));
        }
    }

    fn event(&mut self, data: &[u8], is_error: bool) -> Result<(), Failure> {
        if let Some(news) = chunk::plain(data) {
            self.add(news);
            return Ok(());
        }
        let (all, damage) = chunk::lenient(data);
        let is_news = |news: &News| !news.said.text.is_empty() || news.message.is_some();
        if is_error && !all.iter().any(is_news) {
            self.reported = data.to_vec();
            return Err(Failure::Reported);
        }
        for news in all {
            if news.is_error && !is_news(&news) {
                self.reported = data.to_vec();
                return Err(Failure::Reported);
            }
            self.add(news);
        }
        match damage {
            Damage::None => {}
            Damage::Noise => self.has_noise = true,
            Damage::Lost => return Err(Failure::Garbled("an event that is no JSON")),
        }
        Ok(())
    }

    fn add(&mut self, mut news: News) {
        if let Some(number) = news.alternative {
            self.add_alternative(number, news);
            return;
        }
        self.join_characters(&mut news);
        let is_last = news.finish.is_some_and(|end| end.is_sure);
        let has_text = !news.said.text.is_empty();
        self.drop_repeated(&mut news);
        if !(has_text && news.said.text.is_empty()) {
            self.by_delta |= !news.said.text.is_empty();
            self.say(news.said);
        }
        if let Some(message) = news.message {
            self.add_message(message, is_last);
        }
        if let Some(end) = news.finish {
            self.finish = Some(end.finish);
            self.is_over = end.is_sure && !self.doubts_end;
            self.ends_with_text = has_text;
        }
        if news.usage.is_some() {
            self.usage = news.usage;
        }
        self.sift();
    }

    /// Joins parts of characters that were split over events.
    fn join_characters(&mut self, news: &mut News) {
        if !news.has_parts && !self.of_text.is_waiting() && !self.of_thoughts.is_waiting() {
            return;
        }
        self.of_text.join(&mut news.said.text);
        self.of_thoughts.join(&mut news.said.thought);
        if let Some(message) = &mut news.message {
            chunk::join_whole(&mut message.text);
            chunk::join_whole(&mut message.thought);
        }
    }

    /// Keeps an event of an alternative answer, in case that it is the only one.
    fn add_alternative(&mut self, number: u64, mut news: News) {
        if self.usage.is_none() {
            self.usage = news.usage.take();
        }
        let message = news.message.as_ref().map_or(0, |message| message.text.len());
        self.length += news.said.text.len() + message;
        let (kept, events) = self.alternative.get_or_insert_with(|| (number, Vec::new()));
        if *kept == number {
            events.push(news);
        }
    }

    /// Removes text that was there before: the whole text in the final event, or in each event.
    fn drop_repeated(&mut self, news: &mut News) {
        let text = &news.said.text;
        if text.is_empty() || self.said.is_empty() {
            return;
        }
        let is_end = news.finish.is_some() || self.finish.is_some();
        let is_long = self.pieces > 1 || self.said.chars().nth(SUMMARY - 1).is_some();
        if *text == self.said && ((is_end && is_long) || self.is_cumulative) {
            news.said.text.clear();
            return;
        }
        let Some(more) = text.strip_prefix(self.said.as_str()) else { return };
        // A first piece of one letter may well begin the second one by chance.
        let is_word = self.said.chars().any(char::is_alphabetic) && self.said.chars().nth(1).is_some();
        if !more.is_empty() && (self.is_cumulative || is_word) {
            self.is_cumulative = true;
            news.said.text = more.to_owned();
        }
    }

    /// Adds a whole message, as far as its text is new.
    fn add_message(&mut self, message: Parts, is_last: bool) {
        let text = match message.text.strip_prefix(self.said.as_str()) {
            _ if self.by_delta => String::new(),
            Some(more) => more.to_owned(),
            None if is_last => String::new(),
            None => message.text,
        };
        let calls = if self.calls.is_empty() { message.calls } else { Vec::new() };
        let thought = if self.said.is_empty() { message.thought } else { String::new() };
        self.say(Parts { text, thought, calls });
    }

    fn say(&mut self, said: Parts) {
        if !said.thought.is_empty() {
            self.length += said.thought.len();
            self.filter.thoughts_are_apart();
            if self.with_thoughts {
                self.ready.push_back(Piece::Thought(said.thought));
            }
        }
        if !said.text.is_empty() {
            self.doubts_end |= self.is_over;
            self.is_over = false;
            self.length += said.text.len();
            self.pieces += 1;
            self.said.push_str(&said.text);
            self.filter.push(said.text, &mut self.ready);
        }
        if !said.calls.is_empty() {
            self.length += self.calls.add(said.calls);
        }
    }
}

/// Returns the format of a body that begins with these bytes; `None` if they do not tell it, or tell that
/// it has none of the formats. Content types are wrong too often to rely on.
fn format_of(start: &[u8]) -> Option<Format> {
    match text_of(start).first()? {
        b'{' | b'[' => Some(Format::Json(Vec::new())),
        b'<' => None,
        _ if BYTE_ORDER_MARK.starts_with(start) => None,
        _ => Some(Format::Events(Splitter::new(MAX_EVENT))),
    }
}

/// Returns the bytes without a byte order mark and white space before the text.
fn text_of(start: &[u8]) -> &[u8] {
    start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start).trim_ascii_start()
}

/// Strips white space and a second `data:`, as behind a gateway that wraps events once more.
fn unnamed(data: &[u8]) -> &[u8] {
    let mut data = data.trim_ascii();
    while let Some(rest) = data.strip_prefix(b"data:") {
        data = rest.trim_ascii_start();
    }
    data
}

/// Returns true for what ends a stream: `[DONE]`, also without brackets or in quotes.
fn is_end_mark(data: &[u8]) -> bool {
    let mark = data.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(data);
    mark.eq_ignore_ascii_case(b"[DONE]") || mark.eq_ignore_ascii_case(b"DONE")
}

#[cfg(test)]
mod tests;
