//! The provider that forwards calls to another server over HTTP.
//!
//! The server's address comes from an administrator or from the configuration, never from a caller. So it
//! is trusted and may be in a private network. Each upstream has its own limits of time, size, and
//! concurrent calls, so that a slow or dead one does not affect the others.

mod answer;
mod encode;
mod guard;
mod health;
mod path;
mod plan;
mod target;
mod wrong;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use quick_cache::sync::Cache;
use reqwest::{RequestBuilder, Response};
use sha2::{Digest, Sha256};
use store::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use web::ApiError;

use crate::{
    Services,
    call::{Call, HubCode, HubError, Outcome, TRACE},
    catalog::{ActionSpec, HttpSpec},
};
use answer::{Failure, Health};
use plan::{Plan, Prepared};
use target::Target;
use wrong::wrong;

/// Maximum number of cached responses of one upstream, and maximum size of each in bytes.
const REMEMBERED: usize = 1000;
const LARGEST_REMEMBERED: usize = 64 << 10;

/// An upstream with its limits, its circuit breakers, and its cache.
pub(crate) struct Upstream {
    /// The base URL of the API, followed by those of single actions.
    targets: Vec<Target>,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    forwarded: Vec<HeaderName>,
    limits: Limits,
    /// Plans of the defined actions, by name with underscores.
    plans: BTreeMap<String, Plan>,
    is_open: bool,
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

/// Checks that the calls of an action can be forwarded.
///
/// # Errors
/// A message that names the problem.
pub(super) fn check_action(action: &ActionSpec) -> Result<(), String> {
    Plan::new("action", action, 0).map(|_plan| ())
}

impl Upstream {
    /// Creates an upstream.
    ///
    /// # Errors
    /// 422 that names what is invalid.
    pub(super) fn new(spec: &HttpSpec, actions: &BTreeMap<String, ActionSpec>) -> Result<Self, ApiError> {
        let mut targets = vec![Target::own(spec)?];
        let mut headers = HeaderMap::new();
        for (name, value) in spec.headers.iter().chain(spec.secret_headers.iter()) {
            let place = format!("provider.headers.{name}");
            let mut value = HeaderValue::from_str(value).map_err(|error| wrong(&place, error))?;
            value.set_sensitive(spec.secret_headers.contains_key(name));
            headers.insert(HeaderName::try_from(name.as_str()).map_err(|error| wrong(&place, error))?, value);
        }
        let forwarded = spec.forward_headers.iter().map(|name| HeaderName::try_from(name.as_str()));
        let mut plans = BTreeMap::new();
        for (name, action) in actions {
            let target = target::place(&mut targets, spec, name, action)?;
            let plan =
                Plan::new(name, action, target).map_err(|error| wrong(&format!("actions.{name}"), error))?;
            plans.insert(name.replace('-', "_"), plan);
        }
        Ok(Self {
            headers,
            query: spec.secret_query.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
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
            in_flight: Arc::new(Semaphore::new(spec.max_in_flight)),
            remembered: Cache::new(REMEMBERED),
            health: targets.first().map_or(Ok(None), |own| health::Health::new(&own.base, spec))?,
            targets,
        })
    }

    /// Returns true if calls of an action are forwarded. Its name has underscores.
    pub(super) fn has(&self, action: &str) -> bool {
        self.plans.contains_key(action) || self.is_open
    }

    /// Returns the state of the circuit breaker.
    pub(crate) fn state(&self) -> &'static str {
        self.targets.first().map_or("closed", |own| own.breaker.name())
    }

    /// Serves a call from the cache or forwards it.
    pub(super) async fn call(&self, services: &Services, call: &Call<'_>) -> Result<Outcome, HubError> {
        let open;
        let plan = match self.plans.get(&*call.action_name) {
            Some(plan) => plan,
            None => {
                open = Plan::open(call.action).map_err(|_no_name| HubCode::ActionNotFound)?;
                &open
            }
        };
        let target = self.targets.get(plan.target).ok_or(HubCode::Unknown)?;
        let secrets = if target.is_trusted { self.query.as_slice() } else { &[] };
        let prepared = plan.prepare(&target.base, secrets, call)?;
        if prepared.body.as_ref().is_some_and(|(_, body)| body.len() > self.limits.request) {
            return Err(HubError::new(HubCode::BodyTooLarge)
                .with(format!("the limit is {} bytes", self.limits.request)));
        }
        let mut headers = prepared.headers.clone();
        self.add_headers(&mut headers, call, plan.is_shared, target);
        let key = (plan.cache_ms > 0).then(|| {
            let mut asker = headers.clone();
            if !plan.is_shared {
                // The cache is per caller even if the target does not learn who calls.
                call.caller.told_in(&call.trace, &mut asker);
            }
            prepared.key(&asker)
        });
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
        let admitted = target.breaker.admit(call.now).map_err(resting)?;
        let result = self.answer(services, plan, prepared, headers, permit).await;
        match result.as_ref().map_err(|failure| failure.health) {
            Ok(_) | Err(Health::Answering) => admitted.succeeded(),
            Err(Health::Failing) => admitted.failed(services.db().clock().now(), None),
            Err(Health::Unknown) => drop(admitted),
        }
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
        services: &Services,
        plan: &Plan,
        prepared: Prepared,
        headers: HeaderMap,
        permit: OwnedSemaphorePermit,
    ) -> Result<Outcome, Failure> {
        let work = async {
            let response = self.send(services, plan, prepared, headers).await?;
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

    /// Sends a request. Repeats it after a failure if the plan says that this is harmless.
    async fn send(
        &self,
        services: &Services,
        plan: &Plan,
        prepared: Prepared,
        headers: HeaderMap,
    ) -> Result<Response, Failure> {
        let is_repeatable = plan.is_idempotent.unwrap_or(prepared.method == Method::GET);
        let mut left = if is_repeatable { self.limits.retries } else { 0 };
        loop {
            let request = self.request(services, plan.target, &prepared)?;
            let request = request.with(|request| complete(request, &prepared, headers.clone()));
            match request.send().await {
                Ok(response) if matches!(response.status().as_u16(), 502..=504) && left > 0 => left -= 1,
                Ok(response) => return Ok(response),
                Err(_failed) if left > 0 => left -= 1,
                Err(error) => return Err(answer::failed(&error)),
            }
        }
    }

    /// Adds the defined headers, the forwarded ones, and the identity of the caller. Other headers of the
    /// caller, the token above all, are not sent. A request whose response is shared between callers contains
    /// nothing about any of them. A request to an origin that is not trusted contains only the action's own
    /// headers and the trace.
    fn add_headers(&self, headers: &mut HeaderMap, call: &Call<'_>, is_shared: bool, target: &Target) {
        headers.insert(TRACE, call.trace.clone());
        if !target.is_trusted {
            return;
        }
        if !is_shared {
            for name in &self.forwarded {
                headers.remove(name);
                for value in call.headers.get_all(name) {
                    headers.append(name.clone(), value.clone());
                }
            }
            call.caller.told_in(&call.trace, headers);
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// Adds the headers and the body.
fn complete(mut request: RequestBuilder, prepared: &Prepared, headers: HeaderMap) -> RequestBuilder {
    let has_type = headers.contains_key(header::CONTENT_TYPE);
    request = request.headers(headers);
    match &prepared.body {
        Some((kind, body)) => {
            if !has_type {
                request = request.header(header::CONTENT_TYPE, *kind);
            }
            request.body(body.clone())
        }
        // Some servers require the length of a missing body.
        None if !matches!(prepared.method, Method::GET | Method::DELETE) => {
            request.header(header::CONTENT_LENGTH, 0)
        }
        None => request,
    }
}

impl Prepared {
    /// Returns the cache key of the response: a hash of the request without its trace.
    fn key(&self, headers: &HeaderMap) -> [u8; 32] {
        let mut hash = Sha256::new();
        // The length of each part is hashed, too, so that different requests never yield the same text.
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(self.method.as_str().as_bytes());
        add(self.url.as_str().as_bytes());
        add(self.body.as_ref().map(|(_, body)| body.as_ref()).unwrap_or_default());
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
