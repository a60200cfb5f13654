//! OpenTelemetry traces, sent to a collector.

use std::{collections::HashMap, sync::Arc};

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value, trace::v1::Span,
};
use parking_lot::Mutex;
use prost::Message as _;
use serde_json::json;
use testkit::{
    model::{Model, saying},
    process::{Binary, Serving},
};

/// The id of a trace and of a span in it, as a client sends them.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "53995c3f42cd8ad8";

type Spans = Arc<Mutex<Vec<(String, Span)>>>;

async fn receive(State(spans): State<Spans>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).expect("a request to export traces");
    for of_service in request.resource_spans {
        let attributes = of_service.resource.unwrap().attributes;
        let name = attributes.iter().find(|pair| pair.key == "service.name").unwrap();
        let Some(any_value::Value::StringValue(name)) = name.value.clone().unwrap().value else { panic!() };
        for scope in of_service.scope_spans {
            spans.lock().extend(scope.spans.into_iter().map(|span| (name.clone(), span)));
        }
    }
}

/// Starts a collector. Returns its URL and what it received.
async fn collector() -> (String, Spans) {
    let spans = Spans::default();
    let router = Router::new().route("/v1/traces", post(receive)).with_state(Arc::clone(&spans));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    web::Tasks::default().spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, spans)
}

fn attributes(span: &Span) -> HashMap<String, String> {
    let shown = |value: Option<any_value::Value>| match value {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    span.attributes
        .iter()
        .map(|pair| (pair.key.clone(), shown(pair.value.clone().and_then(|any| any.value))))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn doppel(directory: &tempfile::TempDir, model: &Model) -> (Binary, String) {
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_MODEL__BASE_URL", &model.url())
        .with("DOPPEL_MODEL__NAME", "m");
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "*"], "");
    (doppel, key.trim().to_owned())
}

/// Sends a message as a client that has a trace, and reads the answer.
async fn chat(server: &Serving, key: &str, flags: &str) {
    let request = testkit::http()
        .post(format!("{}/gate/lab/api/secondme/chat/stream", server.base_url))
        .header("traceparent", format!("00-{TRACE}-{PARENT}-{flags}"))
        .bearer_auth(key);
    let response = request.json(&json!({"message": "a private text"})).send().await.unwrap();
    assert!(response.text().await.unwrap().ends_with("data: [DONE]\n\n"));
}

fn stop(mut server: Serving) {
    server.signal("TERM");
    assert!(server.wait().success(), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_and_its_call_to_a_model_are_one_trace() {
    let ((url, spans), model) = (collector().await, Model::start().await);
    let directory = tempfile::tempdir().unwrap();
    let (doppel, key) = doppel(&directory, &model);
    let doppel =
        doppel.with("DOPPEL_TRACES__ENDPOINT", &url).with("DOPPEL_TRACES__SERVICE_NAME", "my doppel");
    let server = doppel.serve(&[]);
    model.next(saying(&["Hello"]));
    chat(&server, &key, "01").await;
    let echo = testkit::http().get(format!("{}/api/nowhere/x?secret=hidden", server.base_url));
    assert_eq!(echo.send().await.unwrap().status(), 404);
    stop(server);
    let spans = spans.lock();
    assert!(spans.iter().all(|(service, _)| service == "my doppel"));
    let find = |name: &str| &spans.iter().find(|(_, span)| span.name == name).expect(name).1;
    let request = find("POST /gate/lab/api/secondme/chat/stream");
    assert_eq!((hex(&request.trace_id), hex(&request.parent_span_id)), (TRACE.into(), PARENT.into()));
    assert_eq!(attributes(request)["http.response.status_code"], "200");
    let call = find("model");
    assert_eq!(call.trace_id, request.trace_id);
    assert_eq!(call.parent_span_id, request.span_id);
    assert_eq!(attributes(call)["server.address"], "127.0.0.1");
    let head = model.heads().remove(0);
    assert!(head.contains(&format!("traceparent: 00-{TRACE}-{}-01", hex(&call.span_id))), "{head}");
    let hub = find("GET /api/{api_code}/{action}");
    assert_eq!(attributes(hub)["http.response.status_code"], "404");
    // Neither texts nor paths nor queries.
    let all = format!("{spans:?}");
    for private in ["a private text", "hidden", "nowhere"] {
        assert!(!all.contains(private), "{private}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_are_off_by_default_and_follow_the_decision_of_the_client() {
    let ((url, spans), model) = (collector().await, Model::start().await);
    let directory = tempfile::tempdir().unwrap();
    let (doppel, key) = doppel(&directory, &model);
    let server = doppel.serve(&[]);
    model.next(saying(&["Hello"]));
    chat(&server, &key, "01").await;
    stop(server);
    assert!(!model.heads().remove(0).contains("traceparent"));
    let server = doppel.with("DOPPEL_TRACES__ENDPOINT", &url).serve(&[]);
    model.next(saying(&["Hello"]));
    chat(&server, &key, "00").await;
    stop(server);
    assert!(spans.lock().iter().all(|(_, span)| hex(&span.trace_id) != TRACE), "not sampled by the client");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collector_that_is_away_harms_nothing() {
    let model = Model::start().await;
    let directory = tempfile::tempdir().unwrap();
    let (doppel, key) = doppel(&directory, &model);
    let server = doppel.with("DOPPEL_TRACES__ENDPOINT", "http://127.0.0.1:1").serve(&[]);
    model.next(saying(&["Hello"]));
    chat(&server, &key, "01").await;
    stop(server);
}
