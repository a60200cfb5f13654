//! Another server over HTTP.
//!
//! Its address comes from an administrator or from the server's own files, never from a caller, so it is trusted: it
//! may be in a private network. Each upstream has its own limits of time, size and calls under way, so one that is
//! slow or dead costs the others nothing.

mod answer;
mod health;
mod path;
mod plan;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use quick_cache::sync::Cache;
use reqwest::{Response, Url};
use sha2::{Digest, Sha256};
use store::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use web::{ApiError, Code, outgoing::Breaker};

pub(crate) use health::start;

use crate::{
    Hub,
    call::{Call, HubCode, HubError, Outcome, TRACE},
    catalogue::{ActionSpec, HttpSpec},
};
use answer::{Failure, Health};
use plan::{Plan, Prepared};

/// Answers remembered by one upstream, and the largest of them in bytes.
const REMEMBERED: usize = 1000;
const LARGEST_REMEMBERED: usize = 64 << 10;

/// Headers that say who calls.
const TOLD: usize = 5;

/// An upstream, ready to be called.
pub(crate) struct Upstream {
    base: Url,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    forwarded: Vec<HeaderName>,
    limits: Limits,
    /// By name, with underscores.
    plans: BTreeMap<String, Plan>,
    is_open: bool,
    breaker: Breaker,
    in_flight: Arc<Semaphore>,
    remembered: Cache<[u8; 32], (Bytes, Timestamp)>,
    health: Option<health::Health>,
}

struct Limits {
    timeout: Duration,
    idle: Duration,
    retries: u32,
    request: usize,
    response: usize,
}

/// A call that the breaker let through. A caller who hangs up before the outcome is known leaves the trial of a breaker
/// that is half open to the next call.
struct Admitted<'b>(&'b Breaker);

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.abandoned();
    }
}

/// The error for a definition that cannot be served.
fn wrong(place: &str, expected: impl std::fmt::Display) -> ApiError {
    ApiError::new(Code::Unprocessable).with(format!("{place}: {expected}"))
}

impl Upstream {
    /// Makes an upstream.
    ///
    /// # Errors
    /// 422 that names what is wrong.
    pub(super) fn new(spec: &HttpSpec, actions: &BTreeMap<String, ActionSpec>) -> Result<Self, ApiError> {
        let mut base = Url::parse(&spec.base_url).map_err(|error| wrong("provider.base_url", error))?;
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let mut headers = HeaderMap::new();
        for (name, value) in spec.headers.iter().chain(&spec.secret_headers) {
            let place = format!("provider.headers.{name}");
            let mut value = HeaderValue::from_str(value).map_err(|error| wrong(&place, error))?;
            value.set_sensitive(spec.secret_headers.contains_key(name));
            headers.insert(HeaderName::try_from(name.as_str()).map_err(|error| wrong(&place, error))?, value);
        }
        let forwarded = spec.forward_headers.iter().map(|name| HeaderName::try_from(name.as_str()));
        let mut plans = BTreeMap::new();
        for (name, action) in actions {
            let plan = Plan::new(name, action).map_err(|error| wrong(&format!("actions.{name}"), error))?;
            plans.insert(name.replace('-', "_"), plan);
        }
        Ok(Self {
            headers,
            query: spec.secret_query.clone().into_iter().collect(),
            forwarded: forwarded
                .collect::<Result<_, _>>()
                .map_err(|error| wrong("provider.forward_headers", error))?,
            limits: Limits {
                timeout: Duration::from_millis(spec.timeout_ms),
                idle: Duration::from_millis(spec.idle_ms),
                retries: spec.retries,
                request: spec.max_request_bytes,
                response: spec.max_response_bytes,
            },
            plans,
            is_open: spec.open,
            breaker: Breaker::new(
                spec.breaker_failures,
                i64::try_from(spec.breaker_open_ms).unwrap_or(i64::MAX),
            ),
            in_flight: Arc::new(Semaphore::new(spec.max_in_flight)),
            remembered: Cache::new(REMEMBERED),
            health: health::Health::new(&base, spec)?,
            base,
        })
    }

    /// Whether calls of an action (written with underscores) are passed on.
    pub(super) fn has(&self, action: &str) -> bool {
        self.plans.contains_key(action) || self.is_open
    }

    /// How it fares.
    pub(crate) fn state(&self) -> &'static str {
        self.breaker.name()
    }

    /// Passes a call on.
    pub(super) async fn call(&self, hub: &Hub, call: &Call<'_>) -> Result<Outcome, HubError> {
        let open;
        let plan = match self.plans.get(&*call.action_name) {
            Some(plan) => plan,
            None => {
                open = Plan::open(call.action).map_err(|_no_name| HubCode::ActionNotFound)?;
                &open
            }
        };
        let prepared = plan.prepare(&self.base, &self.query, call)?;
        if prepared.body.as_ref().is_some_and(|body| body.len() > self.limits.request) {
            return Err(HubError::new(HubCode::BodyTooLarge)
                .with(format!("the limit is {} bytes", self.limits.request)));
        }
        let headers = self.headers(call, plan.is_shared);
        let key = (plan.cache_ms > 0).then(|| prepared.key(&headers));
        if let Some((answer, until)) = key.and_then(|key| self.remembered.get(&key))
            && until > call.now
        {
            return Ok(Outcome::Json(answer.to_vec()));
        }
        let permit = Arc::clone(&self.in_flight).try_acquire_owned().map_err(|_full| {
            HubError::new(HubCode::Unavailable)
                .with("too many calls of this API are under way")
                .retry_after(1)
        })?;
        let resting = |seconds| {
            HubError::new(HubCode::UpstreamError)
                .with("the upstream failed repeatedly and is left in peace for a while")
                .retry_after(seconds)
        };
        self.breaker.admit(call.now).map_err(resting)?;
        let admitted = Admitted(&self.breaker);
        let result = self.answer(hub, plan, prepared, headers, permit).await;
        match result.as_ref().map_err(|failure| failure.health) {
            Ok(_) | Err(Health::Answering) => self.breaker.succeeded(),
            Err(Health::Failing) => self.breaker.failed(hub.db().clock().now(), None),
            Err(Health::Unknown) => {}
        }
        drop(admitted);
        let outcome = result.map_err(|failure| failure.error)?;
        if let (Some(key), Outcome::Json(answer)) = (key, &outcome)
            && answer.len() <= LARGEST_REMEMBERED
        {
            self.remembered.insert(key, (Bytes::copy_from_slice(answer), call.now.plus_ms(plan.cache_ms)));
        }
        Ok(outcome)
    }

    async fn answer(
        &self,
        hub: &Hub,
        plan: &Plan,
        prepared: Prepared,
        headers: HeaderMap,
        permit: OwnedSemaphorePermit,
    ) -> Result<Outcome, Failure> {
        let work = async {
            let response = self.send(hub, plan, prepared, headers).await?;
            if plan.is_stream {
                answer::passed_through(response, permit, self.limits.idle)
            } else {
                answer::read(response, plan.result.as_ref(), self.limits.response).await
            }
        };
        match tokio::time::timeout(self.limits.timeout, work).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(Failure::failing(HubCode::UpstreamTimeout)),
        }
    }

    /// Sends, and sends again where that does no harm.
    async fn send(
        &self,
        hub: &Hub,
        plan: &Plan,
        prepared: Prepared,
        headers: HeaderMap,
    ) -> Result<Response, Failure> {
        let client = hub
            .outgoing()
            .trusted()
            .map_err(|error| Failure::unknown(HubError::new(HubCode::Unknown).because(error)))?;
        let is_repeatable = plan.is_idempotent.unwrap_or(prepared.method == Method::GET);
        let mut left = if is_repeatable { self.limits.retries } else { 0 };
        loop {
            let mut request =
                client.request(prepared.method.clone(), prepared.url.clone()).headers(headers.clone());
            if let Some(body) = &prepared.body {
                request = request.header(http::header::CONTENT_TYPE, "application/json").body(body.clone());
            }
            match request.send().await {
                Ok(response) if matches!(response.status().as_u16(), 502..=504) && left > 0 => left -= 1,
                Ok(response) => return Ok(response),
                Err(_failed) if left > 0 => left -= 1,
                Err(error) => return Err(answer::failed(&error)),
            }
        }
    }

    /// Returns the headers of a request: those of the definition, the forwarded ones, and who calls. Nothing else of the
    /// caller's headers, and never the token. A request whose answer is shared between callers says nothing of any.
    fn headers(&self, call: &Call<'_>, is_shared: bool) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + self.forwarded.len() + TOLD);
        if !is_shared {
            for name in &self.forwarded {
                for value in call.headers.get_all(name) {
                    headers.append(name.clone(), value.clone());
                }
            }
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        if is_shared {
            headers.insert(TRACE, call.trace.clone());
        } else {
            call.caller.told_in(&call.trace, &mut headers);
        }
        headers
    }
}

impl Prepared {
    /// Returns the key that the answer is cached by: a hash of all that is sent, the trace apart.
    fn key(&self, headers: &HeaderMap) -> [u8; 32] {
        let mut hash = Sha256::new();
        // Each part with its length, so that no two requests have the same parts joined differently.
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(self.method.as_str().as_bytes());
        add(self.url.as_str().as_bytes());
        add(self.body.as_deref().unwrap_or_default());
        let sent = headers.iter().filter(|(name, _)| **name != TRACE);
        let mut sent: Vec<(&str, &[u8])> =
            sent.map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        sent.sort_by_key(|(name, _)| *name);
        for (name, value) in sent {
            add(name.as_bytes());
            add(value);
        }
        hash.finalize().into()
    }
}
