//! Spans of OpenTelemetry for requests that are received and sent.
//!
//! Until [`enable`] is called nothing is recorded, and each function only reads a flag.

use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, Method};
use opentelemetry::{
    Context, KeyValue,
    context::FutureExt as _,
    global,
    trace::{SpanKind, Status, TraceContextExt as _, Tracer as _},
};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};

/// The name of the tracer.
const TRACER: &str = "doppel";

static IS_ENABLED: AtomicBool = AtomicBool::new(false);

/// Starts to record spans. The global tracer provider and propagator were set before.
pub fn enable() {
    IS_ENABLED.store(true, Ordering::Release);
}

/// Returns true if spans are recorded.
pub fn is_enabled() -> bool {
    IS_ENABLED.load(Ordering::Acquire)
}

/// The span of a request that was received, or of one that is sent.
#[derive(Debug)]
pub struct Span(Option<Context>);

impl Span {
    /// Begins the span of a request that was received. Its parent is the one that the request names in
    /// `traceparent`. `route` is the pattern of the path, which contains nothing of the request.
    #[must_use]
    pub fn received(method: &Method, route: &str, headers: &HeaderMap) -> Self {
        if !is_enabled() {
            return Self(None);
        }
        let parent =
            global::get_text_map_propagator(|propagator| propagator.extract(&HeaderExtractor(headers)));
        let tracer = global::tracer(TRACER);
        let span = tracer
            .span_builder(format!("{method} {route}"))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", method.to_string()),
                KeyValue::new("http.route", route.to_owned()),
            ])
            .start_with_context(&tracer, &parent);
        Self(Some(parent.with_span(span)))
    }

    /// Begins the span of a request that is sent, within the current span, and adds `traceparent` to its
    /// headers. `name` says what the request is for, such as "model".
    #[must_use]
    pub fn sent(name: &'static str, method: &Method, host: &str, headers: &mut HeaderMap) -> Self {
        if !is_enabled() {
            return Self(None);
        }
        let tracer = global::tracer(TRACER);
        let span = tracer
            .span_builder(name)
            .with_kind(SpanKind::Client)
            .with_attributes([
                KeyValue::new("http.request.method", method.to_string()),
                KeyValue::new("server.address", host.to_owned()),
            ])
            .start(&tracer);
        let context = Context::current_with_span(span);
        global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&context, &mut HeaderInjector(headers));
        });
        Self(Some(context))
    }

    /// Runs a future within the span.
    pub async fn run<F: Future>(&self, work: F) -> F::Output {
        match &self.0 {
            None => work.await,
            Some(context) => work.with_context(context.clone()).await,
        }
    }

    /// Ends the span with the status of the response; `None` if there is none.
    pub fn end(self, status: Option<u16>) {
        let Some(context) = self.0 else { return };
        let span = context.span();
        match status {
            None => span.set_status(Status::error("no response")),
            Some(status) => {
                span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
                if status >= 500 {
                    span.set_status(Status::error(status.to_string()));
                }
            }
        }
        span.end();
    }
}

/// Runs a future in another task within the span that is current now.
pub fn in_current_span<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let context = is_enabled().then(Context::current);
    async move {
        match context {
            None => work.await,
            Some(context) => work.with_context(context).await,
        }
    }
}
