//! One answer of one provider, read piece by piece.

use std::{collections::VecDeque, future::Future, sync::Arc, time::Duration};

use http::{StatusCode, header};
use reqwest::Response;
use tokio::time::Instant;

use super::{
    Failure, Provider, Usage,
    sse::Splitter,
    wire::{self, Ask, CallPart, Chunk, ToolCall},
};

/// Longest event of a provider in bytes.
const MAX_EVENT: usize = 1 << 20;
/// Longest answer that is read in bytes; more is cut.
const MAX_ANSWER: usize = 1 << 20;
/// Longest to wait for what comes after the end of the text: usage, `[DONE]`.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Most calls of tools in an answer that are listened to.
const MAX_CALLS: usize = 16;
/// Longest `Retry-After` worth reading, in seconds.
const MAX_RETRY_AFTER: u32 = 86_400;

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It was complete.
    Stop,
    /// It reached the most tokens allowed.
    Length,
    /// The provider's filter cut it.
    Filtered,
}

/// An answer that has begun. Dropping it hangs up.
pub(crate) struct Reply {
    provider: Arc<Provider>,
    /// The model by the provider's name.
    model: String,
    response: Option<Response>,
    splitter: Splitter,
    ready: VecDeque<String>,
    length: usize,
    /// Tools that the model wants used, by the answer's own numbers.
    calls: Vec<ToolCall>,
    /// Whether any were offered; others are not listened to.
    may_call: bool,
    finish: Option<Finish>,
    failure: Option<Failure>,
    usage: Option<Usage>,
    deadline: Instant,
}

impl Reply {
    /// Asks, and waits until the answer begins.
    pub(super) async fn open(provider: &Arc<Provider>, ask: &Ask) -> Result<Self, Failure> {
        let settings = &provider.settings;
        let start = Instant::now();
        let deadline = start + settings.total;
        let first = deadline.min(start + settings.first_token);
        let model = settings.names.get(&ask.model).unwrap_or(&settings.name).clone();
        let body = wire::body(ask, &model, settings.support());
        let mut request = provider
            .client
            .post(provider.url.clone())
            .header(header::ACCEPT, "text/event-stream")
            .json(&body);
        if !settings.api_key.is_empty() {
            request = request.bearer_auth(&settings.api_key);
        }
        let response = within(first, "begin", request.send())
            .await?
            .map_err(|error| Failure::Unreachable(error.without_url().to_string()))?;
        let mut reply = Self {
            provider: Arc::clone(provider),
            model,
            response: None,
            splitter: Splitter::new(MAX_EVENT),
            ready: VecDeque::new(),
            length: 0,
            calls: Vec::new(),
            may_call: settings.tools && !ask.tools.is_empty(),
            finish: None,
            failure: None,
            usage: None,
            deadline,
        };
        reply.begin(response, first).await?;
        Ok(reply)
    }

    async fn begin(&mut self, response: Response, first: Instant) -> Result<(), Failure> {
        if response.status() != StatusCode::OK {
            return Err(Failure::Status(response.status().as_u16(), retry_after(&response)));
        }
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("text/event-stream") {
            self.response = Some(response);
            while self.ready.is_empty() && self.response.is_some() {
                within(first, "begin", self.read()).await??;
            }
        } else if kind.starts_with("application/json") {
            // This one does not stream.
            let read = web::outgoing::read(response, MAX_ANSWER);
            let whole = within(first, "begin", read).await?.map_err(|_other| Failure::BrokenOff)?;
            self.event(&whole)?;
            self.finish.get_or_insert(Finish::Stop);
        } else {
            return Err(Failure::Garbled("neither events nor JSON"));
        }
        match (self.ready.is_empty() && self.calls.is_empty(), self.failure.take()) {
            (true, Some(failure)) => Err(failure),
            (true, None) => Err(Failure::Empty),
            (false, failure) => {
                self.failure = failure;
                Ok(())
            }
        }
    }

    /// The next piece of the text; `None` at its end.
    ///
    /// # Errors
    /// When the answer breaks off or does not go on in time.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, Failure> {
        loop {
            if let Some(text) = self.ready.pop_front() {
                return Ok(Some(text));
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            if self.response.is_none() {
                return Ok(None);
            }
            let patience = if self.finish.is_some() { LAST_WORDS } else { self.provider.settings.idle };
            let until = self.deadline.min(Instant::now() + patience);
            match within(until, "go on", self.read()).await {
                Ok(read) => read?,
                Err(_slow) if self.finish.is_some() => self.end(true),
                Err(slow) => return Err(slow),
            }
        }
    }

    /// The tools that the model wants used, once the answer has ended.
    pub(crate) fn calls(&mut self) -> Vec<ToolCall> {
        let calls = std::mem::take(&mut self.calls);
        let named = calls.into_iter().enumerate().filter(|(_, call)| !call.name.is_empty());
        named
            .map(|(place, mut call)| {
                // Some leave it out, and want it back all the same.
                if call.id.is_empty() {
                    call.id = format!("call_{place}");
                }
                call
            })
            .collect()
    }

    /// Why the answer ended, once it has.
    pub(crate) fn finish(&self) -> Finish {
        self.finish.unwrap_or(Finish::Stop)
    }

    /// Tokens as the provider counted them, if it did, once the answer has ended.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// The model by the provider's name.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Where the answer comes from.
    pub(crate) fn provider(&self) -> &str {
        &self.provider.settings.base_url
    }

    /// Reads on; at the end there is no response any more.
    async fn read(&mut self) -> Result<(), Failure> {
        let Some(response) = &mut self.response else { return Ok(()) };
        let bytes = match response.chunk().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.end(self.finish.is_some());
                return Ok(());
            }
            Err(_broken) => {
                self.end(false);
                return Ok(());
            }
        };
        let mut splitter = std::mem::replace(&mut self.splitter, Splitter::new(MAX_EVENT));
        let mut done = false;
        let mut outcome = Ok(());
        let split = splitter.push(&bytes, |data| {
            if done || outcome.is_err() {
                return;
            }
            if data == b"[DONE]" {
                done = true;
            } else if !data.is_empty() {
                outcome = self.event(data);
            }
        });
        self.splitter = splitter;
        let outcome = split.map_err(|_other| Failure::Garbled("an endless event")).and(outcome);
        if let Err(failure) = outcome {
            self.response = None;
            self.failure = Some(failure);
        } else if done || self.length >= MAX_ANSWER {
            self.end(true);
        }
        Ok(())
    }

    fn end(&mut self, is_whole: bool) {
        self.response = None;
        if !is_whole {
            self.failure = Some(Failure::BrokenOff);
        }
    }

    fn event(&mut self, data: &[u8]) -> Result<(), Failure> {
        let chunk: Chunk<'_> =
            serde_json::from_slice(data).map_err(|_other| Failure::Garbled("an event that is no JSON"))?;
        if chunk.error.is_some() {
            return Err(Failure::Reported);
        }
        if chunk.usage.is_some() {
            self.usage = chunk.usage;
        }
        for choice in chunk.choices.into_iter().take(1) {
            if let Some(mut delta) = choice.delta {
                self.call(delta.tool_calls.take().unwrap_or_default());
                for text in [delta.content, delta.refusal].into_iter().flatten() {
                    if !text.is_empty() {
                        self.length += text.len();
                        self.ready.push_back(text.into_owned());
                    }
                }
            }
            if let Some(reason) = choice.finish_reason.as_deref() {
                self.finish = Some(match reason {
                    "length" => Finish::Length,
                    "content_filter" => Finish::Filtered,
                    _ => Finish::Stop,
                });
            }
        }
        Ok(())
    }
}

impl Reply {
    /// Adds parts of calls to what there is of them.
    fn call(&mut self, parts: Vec<CallPart<'_>>) {
        for (place, part) in parts.into_iter().enumerate() {
            let index = part.index.unwrap_or(place);
            if !self.may_call || index >= MAX_CALLS {
                continue;
            }
            if self.calls.len() <= index {
                self.calls.resize(index + 1, ToolCall::default());
            }
            let Some(call) = self.calls.get_mut(index) else { continue };
            if let Some(id) = part.id.filter(|id| !id.is_empty()) {
                call.id = id.into_owned();
            }
            if let Some(function) = part.function {
                if let Some(name) = function.name {
                    call.name.push_str(&name);
                }
                let arguments = function.arguments.unwrap_or_default();
                self.length += arguments.len();
                call.arguments.push_str(&arguments);
            }
        }
    }
}

async fn within<F: Future>(until: Instant, what: &'static str, work: F) -> Result<F::Output, Failure> {
    tokio::time::timeout_at(until, work).await.map_err(|_elapsed| Failure::Slow(what))
}

/// The seconds of `Retry-After`; a date is not worth the trouble.
fn retry_after(response: &Response) -> Option<u32> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse::<u32>().ok().map(|seconds| seconds.min(MAX_RETRY_AFTER))
}

/// About how long a whole answer may take beyond its own limit: storing it, and saying so.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
