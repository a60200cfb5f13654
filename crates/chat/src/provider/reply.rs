//! The streamed answer of one provider.

use std::{collections::VecDeque, future::Future, sync::Arc, time::Duration};

use http::header;
use reqwest::Response;
use tokio::time::Instant;

use super::{
    Failure, Piece, Provider, Usage,
    calls::Calls,
    chunk::{self, Damage, News, Parts},
    learned::Learned,
    message::{Ask, Heard, ToolCall},
    sse::Splitter,
    thoughts::Filter,
    traits::{MAX_ERROR, Traits},
    wire,
};

/// Maximum length of an event in bytes.
const MAX_EVENT: usize = 1 << 20;
/// Maximum length of an answer in bytes, thoughts included. The rest is cut off.
const MAX_ANSWER: usize = 1 << 20;
/// Timeout for what follows the end of the text: usage and `[DONE]`.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The same if the finish reason came together with text: some providers send one in every event.
const DOUBTFUL_WORDS: Duration = Duration::from_secs(5);
/// Number of characters of a first piece from which on its repetition at the end is a summary, not news.
const SUMMARY: usize = 3;
/// Maximum number of requests that are repeated because the error came inside a successful response.
const MAX_REPORTED: usize = 3;
/// Upper bound of a provider's `Retry-After`, in seconds.
const MAX_RETRY_AFTER: u32 = 86_400;
/// Maximum number of requests for one answer. Each retry leaves out what the refusal before it named.
const MAX_REQUESTS: usize = 6;

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
    /// Not known before the first byte.
    Unknown,
    /// Server-sent events.
    Events(Splitter),
    /// JSON; the bytes so far.
    Json(Vec<u8>),
}

/// An answer that has begun. Dropping it closes the connection.
pub(crate) struct Reply {
    provider: Arc<Provider>,
    /// The provider's name of the model.
    model: String,
    learned: Arc<Learned>,
    response: Option<Response>,
    format: Format,
    filter: Filter,
    ready: VecDeque<Piece>,
    /// True if thoughts are returned.
    with_thoughts: bool,
    /// All text of the stream as it came, and the number of pieces.
    said: String,
    pieces: usize,
    length: usize,
    /// The first half of a surrogate pair whose second half is missing.
    half: Option<u32>,
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
    reported: Vec<u8>,
    is_alive: bool,
    /// True if there was an event that is not valid.
    has_noise: bool,
    failure: Option<Failure>,
    /// True if the end was reported.
    is_told: bool,
    usage: Option<Usage>,
    heard: Option<Heard>,
    deadline: Instant,
}

impl Reply {
    /// Sends the request, and waits until the answer begins. An error inside a successful response is handled
    /// like a refusal.
    pub(super) async fn open(provider: &Arc<Provider>, ask: &Ask) -> Result<Self, Failure> {
        let start = Instant::now();
        let learned = provider.learned(provider.settings.options.model(&ask.model));
        let mut traits = learned.traits();
        for left in (0..MAX_REPORTED).rev() {
            let (mut reply, sent) = Self::send(provider, &learned, traits, ask, start).await?;
            let failure = match reply.begin(start).await {
                Ok(()) => return Ok(reply),
                Err(failure) => failure,
            };
            let changed = match failure {
                Failure::Reported if left > 0 => adapted(provider, &learned, &sent, ask, &reply.reported),
                _ => None,
            };
            let Some(next) = changed else { return Err(failure) };
            traits = next;
        }
        Err(Failure::Reported)
    }

    /// Sends the request. Returns the answer before its first byte, and the traits it was asked for with.
    async fn send(
        provider: &Arc<Provider>,
        learned: &Arc<Learned>,
        traits: Arc<Traits>,
        ask: &Ask,
        start: Instant,
    ) -> Result<(Self, Arc<Traits>), Failure> {
        let settings = &provider.settings;
        let deadline = start + settings.options.total();
        let model = settings.options.model(&ask.model).to_owned();
        let (response, traits) = request(
            provider,
            learned,
            traits,
            ask,
            &model,
            deadline.min(start + settings.options.first_token()),
        )
        .await?;
        let offered = ask.tools.iter().filter(|_| traits.tools).map(|tool| tool.name.clone());
        let reply = Self {
            provider: Arc::clone(provider),
            model,
            learned: Arc::clone(learned),
            response: Some(response),
            format: Format::Unknown,
            filter: Filter::new(traits.opens_thinking),
            ready: VecDeque::new(),
            with_thoughts: ask.thoughts,
            said: String::new(),
            pieces: 0,
            length: 0,
            half: None,
            calls: Calls::of(offered.collect()),
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
            failure: None,
            is_told: false,
            usage: None,
            heard: ask.heard.clone(),
            deadline,
        };
        Ok((reply, traits))
    }

    async fn begin(&mut self, start: Instant) -> Result<(), Failure> {
        let first = self.deadline.min(start + self.provider.settings.options.first_token());
        while self.ready.is_empty() && self.response.is_some() {
            // A provider that shows signs of life has begun, even without text.
            let until = if self.is_alive { self.idle() } else { first };
            match within(until, "begin", self.read()).await {
                Ok(read) => read?,
                Err(_slow) if self.finish.is_some() => self.end(true),
                Err(slow) => return Err(slow),
            }
        }
        match (self.ready.is_empty() && self.calls.is_empty(), self.failure.take()) {
            (true, Some(failure)) => Err(failure),
            (true, None) => Err(self.empty()),
            (false, failure) => {
                self.failure = failure;
                Ok(())
            }
        }
    }

    /// Returns the failure of an answer without content.
    fn empty(&self) -> Failure {
        match self.finish {
            Some(Finish::Length) => Failure::Spent,
            _ if self.has_noise => Failure::Garbled("no event of the protocol"),
            _ => Failure::Empty,
        }
    }

    fn idle(&self) -> Instant {
        let idle = self.provider.settings.options.idle();
        let patience = match (self.is_over, self.ends_with_text) {
            (false, _) => idle,
            (true, false) => LAST_WORDS,
            (true, true) => DOUBTFUL_WORDS.min(idle),
        };
        self.deadline.min(Instant::now() + patience)
    }

    /// Returns the next piece of the answer; `None` at its end.
    ///
    /// # Errors
    /// If the answer breaks off or does not continue in time.
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>, Failure> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            if self.response.is_none() {
                let is_empty = !self.filter.has_text() && self.calls.is_empty() && !self.is_told;
                self.is_told = true;
                return if is_empty { Err(self.empty()) } else { Ok(None) };
            }
            match within(self.idle(), "go on", self.read()).await {
                Ok(read) => read?,
                Err(_slow) if self.is_over => self.end(true),
                Err(slow) => return Err(slow),
            }
        }
    }

    /// Appends the rest of the answer's text to `said`.
    ///
    /// # Errors
    /// If the answer breaks off. `said` contains the text so far.
    pub(crate) async fn read_to_end(&mut self, said: &mut String) -> Result<(), Failure> {
        while let Some(piece) = self.next().await? {
            match piece {
                Piece::Text(text) => said.push_str(&text),
                Piece::Thought(_) => {}
                Piece::Retract => said.clear(),
            }
        }
        Ok(())
    }

    /// Takes the model's tool calls, once the answer has ended.
    pub(crate) fn calls(&mut self) -> Vec<ToolCall> {
        self.calls.take()
    }

    /// Returns the finish reason, once the answer has ended.
    pub(crate) fn finish(&self) -> Finish {
        self.finish.unwrap_or(Finish::Stop)
    }

    /// Returns the tokens that the provider counted, if any, once the answer has ended.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Returns the provider's name of the model.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Returns the URL of the provider.
    pub(crate) fn provider(&self) -> &str {
        &self.provider.settings.options.base_url
    }

    /// Reads more of the body. At its end `response` becomes `None`.
    async fn read(&mut self) -> Result<(), Failure> {
        let Some(response) = &mut self.response else { return Ok(()) };
        match response.chunk().await {
            Ok(Some(bytes)) => self.take(&bytes),
            Ok(None) => self.close(),
            Err(_broken) => self.end(self.is_over),
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.is_alive |= !bytes.is_empty();
        if let Some(heard) = &self.heard {
            heard.add(bytes);
        }
        let mut format = std::mem::replace(&mut self.format, Format::Unknown);
        if matches!(format, Format::Unknown) {
            // Content types are wrong too often to rely on.
            let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
            format = match text.trim_ascii_start().first() {
                None => return,
                Some(b'{' | b'[') => Format::Json(Vec::new()),
                Some(b'<') => {
                    self.fail(Failure::Garbled("neither events nor JSON"));
                    return;
                }
                Some(_) => Format::Events(Splitter::new(MAX_EVENT)),
            };
        }
        match &mut format {
            Format::Unknown => {}
            Format::Events(splitter) => self.split(splitter, bytes),
            Format::Json(whole) if whole.len() + bytes.len() > MAX_ANSWER => {
                self.fail(Failure::Garbled("an endless answer"));
            }
            Format::Json(whole) => whole.extend_from_slice(bytes),
        }
        self.format = format;
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
    fn close(&mut self) {
        let (rest, is_error) = match std::mem::replace(&mut self.format, Format::Unknown) {
            Format::Unknown => (Vec::new(), false),
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
        let whole = whole.strip_prefix("\u{feff}".as_bytes()).unwrap_or(whole);
        match self.event(whole, false) {
            Ok(()) if self.has_noise => self.fail(Failure::BrokenOff),
            Ok(()) => self.end(true),
            Err(failure) => self.fail(failure),
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.response = None;
        self.failure = Some(failure);
        self.filter.finish(&mut self.ready);
        self.sift();
    }

    fn end(&mut self, is_whole: bool) {
        self.response = None;
        if let Some((_, events)) = self.alternative.take()
            && self.said.is_empty()
            && self.calls.is_empty()
        {
            events.into_iter().for_each(|news| self.add(News { alternative: None, ..news }));
        }
        if self.half.take().is_some() {
            self.filter.push(char::REPLACEMENT_CHARACTER.to_string(), &mut self.ready);
        }
        self.filter.finish(&mut self.ready);
        self.sift();
        if is_whole {
            self.learned.saw(&self.filter);
        } else {
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
        if self.half.is_some() || news.has_halves {
            let message = news.message.as_mut().map(|message| &mut message.text);
            for text in
                [Some(&mut news.said.text), message].into_iter().flatten().filter(|text| !text.is_empty())
            {
                *text = chunk::join_halves(text, &mut self.half);
            }
        }
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

/// Returns true if the body of an error with this status may name a member that is refused.
const fn may_name_member(status: u16) -> bool {
    matches!(status, 400 | 403 | 404 | 405 | 406 | 409 | 413 | 415 | 422 | 500 | 501)
}

/// Learns from an error. Returns the traits to ask again with, if it names anything that can be left out.
fn adapted(
    provider: &Provider,
    learned: &Learned,
    traits: &Traits,
    ask: &Ask,
    error: &[u8],
) -> Option<Arc<Traits>> {
    let (next, is_kept) = traits.adapted(ask, error)?;
    tracing::debug!(
        provider = %web::redact::url(&provider.settings.options.base_url),
        "a model refused a member, asking without it",
    );
    if is_kept {
        learned.keep(next.clone());
    }
    Some(Arc::new(next))
}

/// Sends the request, and repeats it without what a refusal names. Returns the response, and the traits it
/// was asked for with.
async fn request(
    provider: &Provider,
    learned: &Learned,
    mut traits: Arc<Traits>,
    ask: &Ask,
    model: &str,
    first: Instant,
) -> Result<(Response, Arc<Traits>), Failure> {
    for left in (0..MAX_REQUESTS).rev() {
        let body = wire::body(ask, model, &traits);
        let mut request = provider
            .client
            .post(provider.url.clone())
            .header(header::ACCEPT, "text/event-stream")
            .json(&body);
        let api_key = provider.settings.api_key.expose();
        if !api_key.is_empty() {
            request = request.bearer_auth(api_key);
        }
        let response = within(first, "begin", request.send())
            .await?
            .map_err(|error| Failure::Unreachable(outgoing::reason(error)))?;
        if let Some(heard) = &ask.heard {
            heard.begin();
        }
        if response.status().is_success() {
            return Ok((response, traits));
        }
        let failure = Failure::Status(response.status().as_u16(), retry_after(&response));
        let is_final = left == 0 || !may_name_member(response.status().as_u16());
        if is_final && ask.heard.is_none() {
            return Err(failure);
        }
        let error = within(first, "begin", outgoing::read(response, MAX_ERROR)).await?;
        if let (Some(heard), Ok(error)) = (&ask.heard, &error) {
            heard.add(error);
        }
        if is_final {
            return Err(failure);
        }
        let next = error.ok().and_then(|error| adapted(provider, learned, &traits, ask, &error));
        let Some(next) = next else { return Err(failure) };
        traits = next;
    }
    Err(Failure::Empty)
}

async fn within<F: Future>(until: Instant, what: &'static str, work: F) -> Result<F::Output, Failure> {
    tokio::time::timeout_at(until, work).await.map_err(|_elapsed| Failure::Slow(what))
}

/// Returns the seconds of `Retry-After`. Dates are not supported.
fn retry_after(response: &Response) -> Option<u32> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse::<u32>().ok().map(|seconds| seconds.min(MAX_RETRY_AFTER))
}

/// The time by which an answer may exceed its total timeout, to be stored and ended.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
