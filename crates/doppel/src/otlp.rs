//! The export of traces to an OpenTelemetry collector, over OTLP/HTTP.

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::global;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use outgoing::Outgoing;
use tokio::runtime::Handle;

use crate::config::Traces;

/// Time limit of one export, and of the last one.
const EXPORT: Duration = Duration::from_secs(5);
/// Maximum size of a collector's response.
const MAX_RESPONSE: usize = 64 * 1024;

/// The running export. [`Export::stop`] sends what is left.
pub(crate) struct Export(SdkTracerProvider);

/// Starts the export of traces; `None` if it is off.
///
/// # Errors
/// If the URL cannot be used.
pub(crate) fn start(traces: &Traces, outgoing: &Outgoing) -> Result<Option<Export>> {
    if traces.endpoint.is_empty() {
        return Ok(None);
    }
    let client = Client { http: outgoing.trusted()?, runtime: Handle::current() };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{}/v1/traces", traces.endpoint.trim_end_matches('/')))
        .with_timeout(EXPORT)
        .build()
        .context("traces.endpoint")?;
    let service = Resource::builder().with_service_name(traces.service_name.clone()).build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(traces.sample))))
        .with_resource(service)
        .build();
    global::set_tracer_provider(provider.clone());
    global::set_text_map_propagator(TraceContextPropagator::new());
    ::traces::enable();
    Ok(Some(Export(provider)))
}

impl Export {
    /// Sends the spans that wait. Blocks.
    pub(crate) fn stop(self) {
        if let Err(error) = self.0.shutdown_with_timeout(EXPORT) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Sends on the server's runtime, because the exporter has a thread without one.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let call = self.runtime.spawn(async move {
            let mut request = reqwest::Request::try_from(request)?;
            *request.timeout_mut() = Some(EXPORT);
            let response = http.execute(request).await?;
            let status = response.status();
            let body = outgoing::read(response, MAX_RESPONSE).await?;
            Ok::<_, HttpError>(http::Response::builder().status(status).body(body)?)
        });
        call.await?
    }
}
