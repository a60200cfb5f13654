//! The streamed answer of one provider.

use std::{future::Future, sync::Arc, time::Duration};

use http::{Method, header};
use outgoing::Body;
use reqwest::Response;
use tokio::time::Instant;

use super::{
    Failure, Piece, Provider, Usage,
    learned::Learned,
    message::{Ask, Heard, ToolCall},
    reader::{Finish, Reader},
    traits::{MAX_ERROR, Traits},
    wire,
};

/// Timeout for what follows the end of the text: usage and `[DONE]`.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The same if the finish reason came together with text: some providers send one in every event.
const DOUBTFUL_WORDS: Duration = Duration::from_secs(5);
/// Maximum number of requests that are repeated because the error came inside a successful response.
const MAX_REPORTED: usize = 3;
/// Upper bound of a provider's `Retry-After`, in seconds.
const MAX_RETRY_AFTER: u32 = 86_400;
/// Maximum number of requests for one answer. Each retry leaves out what the refusal before it named.
const MAX_REQUESTS: usize = 6;

/// An answer that has begun. Dropping it closes the connection.
pub(crate) struct Reply {
    provider: Arc<Provider>,
    /// The provider's name of the model.
    model: String,
    learned: Arc<Learned>,
    /// `None` once the answer has ended.
    body: Option<Body>,
    reader: Reader,
    /// True if the end was reported.
    is_told: bool,
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
                Failure::Reported if left > 0 => {
                    adapted(provider, &learned, &sent, ask, &reply.reader.reported)
                }
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
        let body = Body::of_text(response).map_err(|_unknown| Failure::Garbled("an unknown compression"))?;
        let offered = ask.tools.iter().filter(|_| traits.tools).map(|tool| tool.name.clone());
        let reply = Self {
            provider: Arc::clone(provider),
            model,
            learned: Arc::clone(learned),
            body: Some(body),
            reader: Reader::new(offered.collect(), traits.opens_thinking, ask.thoughts),
            is_told: false,
            heard: ask.heard.clone(),
            deadline,
        };
        Ok((reply, traits))
    }

    async fn begin(&mut self, start: Instant) -> Result<(), Failure> {
        let first = self.deadline.min(start + self.provider.settings.options.first_token());
        while self.reader.ready.is_empty() && self.body.is_some() {
            // A provider that shows signs of life has begun, even without text.
            let until = if self.reader.is_alive() { self.idle() } else { first };
            match within(until, "begin", self.read()).await {
                Ok(()) => {}
                Err(_slow) if self.reader.finish().is_some() => self.reader.end(true),
                Err(slow) => return Err(slow),
            }
            self.close_at_end();
        }
        if self.reader.ready.is_empty() && self.reader.has_no_calls() {
            return Err(self.reader.take_failure().unwrap_or_else(|| self.reader.empty()));
        }
        Ok(())
    }

    fn idle(&self) -> Instant {
        let idle = self.provider.settings.options.idle();
        let patience = match (self.reader.is_over(), self.reader.ends_with_text()) {
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
            if let Some(piece) = self.reader.ready.pop_front() {
                return Ok(Some(piece));
            }
            if let Some(failure) = self.reader.take_failure() {
                return Err(failure);
            }
            if self.body.is_none() {
                let is_empty = self.reader.is_empty() && !self.is_told;
                self.is_told = true;
                return if is_empty { Err(self.reader.empty()) } else { Ok(None) };
            }
            match within(self.idle(), "go on", self.read()).await {
                Ok(()) => {}
                Err(_slow) if self.reader.is_over() => self.reader.end(true),
                Err(slow) => return Err(slow),
            }
            self.close_at_end();
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
        self.reader.calls()
    }

    /// Returns the finish reason, once the answer has ended.
    pub(crate) fn finish(&self) -> Finish {
        self.reader.finish().unwrap_or(Finish::Stop)
    }

    /// Returns the tokens that the provider counted, if any, once the answer has ended.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.reader.usage()
    }

    /// Returns the provider's name of the model.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Returns the URL of the provider.
    pub(crate) fn provider(&self) -> &str {
        &self.provider.settings.options.base_url
    }

    /// Reads more of the body.
    async fn read(&mut self) {
        let Some(body) = &mut self.body else { return };
        match body.chunk().await {
            Ok(Some(bytes)) => {
                if let Some(heard) = &self.heard {
                    heard.add(&bytes);
                }
                self.reader.take(&bytes);
            }
            Ok(None) => self.reader.close(),
            Err(_broken) => self.reader.end(self.reader.is_over()),
        }
    }

    /// Closes the connection once the answer has ended.
    fn close_at_end(&mut self) {
        if self.reader.has_ended() && self.body.take().is_some() && self.reader.is_whole() {
            self.learned.saw(self.reader.filter());
        }
    }
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
            .request(Method::POST, provider.url.clone())
            .header(header::ACCEPT, "text/event-stream")
            // Without this header a server may compress, and collect pieces of the answer for that.
            .header(header::ACCEPT_ENCODING, "identity")
            .json(&body);
        let api_key = provider.settings.api_key.expose();
        if !api_key.is_empty() {
            request = request.bearer_auth(api_key);
        }
        let response = within(first, "begin", provider.client.send(request, "model"))
            .await?
            .map_err(|error| Failure::Unreachable(error.reason()))?;
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
