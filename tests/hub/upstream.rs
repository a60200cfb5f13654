//! APIs on other servers, and their failures.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use super::support::{admin, another, key, refused, result};

/// An upstream that returns the request it got, or fails as the path says.
struct Upstream {
    address: String,
    calls: Arc<AtomicUsize>,
    /// Number of streams whose reader has left.
    gone: Arc<AtomicUsize>,
    tasks: web::Tasks,
}

#[derive(Clone)]
struct Counters {
    calls: Arc<AtomicUsize>,
    gone: Arc<AtomicUsize>,
}

impl Upstream {
    async fn start() -> Self {
        let counters = Counters { calls: Arc::default(), gone: Arc::default() };
        let (calls, gone) = (Arc::clone(&counters.calls), Arc::clone(&counters.gone));
        let router = Router::new().fallback(answer).with_state(counters);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let tasks = web::Tasks::default();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, calls, gone, tasks }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Increments a counter when dropped.
struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

async fn answer(State(counters): State<Counters>, request: Request) -> Response {
    let number = counters.calls.fetch_add(1, Ordering::SeqCst);
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let path = parts.uri.path().to_owned();
    let never = futures::stream::pending::<Result<Bytes, std::io::Error>>();
    match path.as_str() {
        "/v1/stall" => std::future::pending().await,
        "/v1/stall-in-body" => {
            Body::from_stream(futures::stream::iter([Ok("{\"a\":".into())]).chain(never)).into_response()
        }
        "/v1/cut" => {
            let broken = [Ok(Bytes::from("{\"a\":")), Err(std::io::Error::other("cut"))];
            Body::from_stream(futures::stream::iter(broken)).into_response()
        }
        "/v1/large" => "x".repeat(5000).into_response(),
        "/v1/html" => ([("content-type", "application/json")], "<html>").into_response(),
        "/v1/text" => "plain text".into_response(),
        "/v1/nothing" => http::StatusCode::NO_CONTENT.into_response(),
        "/v1/redirect" => {
            (http::StatusCode::FOUND, [("location", "http://169.254.169.254/")]).into_response()
        }
        "/v1/flaky" if number.is_multiple_of(2) => http::StatusCode::SERVICE_UNAVAILABLE.into_response(),
        "/v1/events" => {
            let guard = Guard(counters.gone);
            let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from("data: 1\n\n"))]);
            let stream = first.chain(never).map(move |chunk| {
                let _open = &guard;
                chunk
            });
            ([("content-type", "text/event-stream"), ("set-cookie", "a=b")], Body::from_stream(stream))
                .into_response()
        }
        _ => match path.strip_prefix("/v1/status/").and_then(|status| status.parse::<u16>().ok()) {
            Some(status) => http::StatusCode::from_u16(status).unwrap().into_response(),
            None => axum::Json(told(&parts, &body)).into_response(),
        },
    }
}

fn told(parts: &http::request::Parts, body: &[u8]) -> Value {
    let headers: serde_json::Map<String, Value> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").into()))
        .collect();
    json!({"method": parts.method.as_str(), "uri": parts.uri.to_string(), "headers": headers,
        "body": serde_json::from_slice(body).unwrap_or(Value::Null),
        "results": [{"code": 9, "at": "2015-09-25T22:45:00+08:00"}]})
}

fn spec(upstream: &Upstream, more: Value) -> Value {
    let mut provider = json!({
        "kind": "http",
        "base_url": format!("{}/v1", upstream.address),
        "open": true,
        "timeout_ms": 400,
        "breaker_failures": 0,
    });
    let mut spec = json!({"code": "up", "anonymous": true, "accounts": ["*"]});
    for (name, value) in more.as_object().unwrap() {
        if name == "actions" {
            spec[name] = value.clone();
        } else {
            provider[name] = value.clone();
        }
    }
    spec["provider"] = provider;
    spec
}

async fn define(admin: &Actor, spec: Value) {
    admin.post("/api/apikey/hub/apis/save", spec).await.data();
}

#[both_engines]
async fn a_call_is_passed_on_as_defined(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    define(
        &admin,
        spec(
            &upstream,
            json!({
            "headers": {"x-client": "hub"}, "secret_headers": {"authorization": "Bearer upstream-secret"},
            "secret_query": {"key": "query-secret"}, "forward_headers": ["accept-language"],
            "actions": {
                "get-city": {
                    "method": "GET",
                    "path": "/cities/{city}",
                    "query": {"unit": "{unit|c}", "at": "{lat}:{lng}", "fixed": "1"},
                },
                "make": {
                    "method": "PUT",
                    "path": "things",
                    "body": {"n": "{n}", "label": "thing {n}", "gone": "{gone}"},
                },
                "mapped": {
                    "method": "GET",
                    "result": {
                        "code": "$text /results/0/code",
                        "at": "$ms /results/0/at",
                        "kind": "fixed",
                        "none": "$/x",
                    },
                },
            }}),
        ),
    )
    .await;
    let key = key(&server, "a", json!({})).await;
    let caller = key
        .person(&server, "用户 7")
        .with("x-hub-person", "root")
        .with("x-hub-roles", "ADMIN")
        .with("cookie", "doppel_session=x")
        .with("accept-language", "en")
        .with("x-forwarded-for", "1.2.3.4");
    let answer = caller.post("/api/up/get_city?lat=1", json!({"city": "北京/1.5", "lng": 2.5})).await;
    let got = result(&answer);
    assert_eq!(got["method"], "GET");
    assert_eq!(
        got["uri"],
        "/v1/cities/%E5%8C%97%E4%BA%AC%2F1%2E5?at=1%3A2.5&fixed=1&unit=c&key=query-secret"
    );
    let headers = &got["headers"];
    assert_eq!(
        (&headers["authorization"], &headers["x-client"], &headers["accept-language"]),
        (&json!("Bearer upstream-secret"), &json!("hub"), &json!("en"))
    );
    assert_eq!(
        (&headers["x-hub-app"], &headers["x-hub-person"], &headers["x-hub-roles"]),
        (&json!(key.ak), &json!("%E7%94%A8%E6%88%B7%207"), &json!("SYS_ADMIN"))
    );
    assert_eq!(headers["x-hub-groups"], "/%E6%8A%80%E6%9C%AF%E9%83%A8/%E8%BF%90%E7%BB%B4%E9%83%A8");
    assert_eq!(headers["x-hub-trace"], answer.json()["trace"]);
    for name in ["apihub-token", "cookie", "x-forwarded-for"] {
        assert!(headers.get(name).is_none(), "{name}");
    }
    let made = result(&caller.post("/api/up/make", json!({"n": 7})).await);
    assert_eq!((&made["method"], &made["body"]), (&json!("PUT"), &json!({"n": 7, "label": "thing 7"})));
    assert_eq!(
        result(&caller.get("/api/up/mapped").await),
        json!({"code": "9", "at": 1_443_192_300_000_i64, "kind": "fixed", "none": null})
    );
    refused(&caller.get("/api/up/get-city").await, 400, "INVALID_PARAMS");
    // An unlisted action has a path of its name. Arguments go into the query of a GET or the body of a
    // POST.
    let open = result(&caller.get("/api/up/other?a=1&a=2").await);
    assert_eq!(open["uri"], "/v1/other?a=1&a=2&key=query-secret");
    let open = result(&caller.post("/api/up/other?a=1", json!({"b": [2]})).await);
    assert_eq!((&open["method"], &open["body"]), (&json!("POST"), &json!({"a": "1", "b": [2]})));
    let app = result(&key.app(&server).get("/api/up/other").await);
    assert!(app["headers"].get("x-hub-person").is_none() && app["headers"]["x-hub-app"] == key.ak.as_str());
    assert_eq!(result(&server.anyone().get("/api/up/other").await)["headers"]["x-hub-app"], "anonymous");
    for action in ["..", "a%2Fb", "a%00", "%2e%2e", "a%20b"] {
        assert_eq!(key.app(&server).get(&format!("/api/up/{action}")).await.status, 404, "{action}");
    }
    upstream.tasks.stop();
}

#[both_engines]
async fn each_fault_has_its_code(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    let statuses = [304, 400, 401, 403, 404, 408, 409, 410, 413, 415, 422, 429, 500, 503];
    let actions: serde_json::Map<String, Value> = statuses
        .iter()
        .map(|status| (format!("status-{status}"), json!({"path": format!("status/{status}")})))
        .collect();
    define(
        &admin,
        spec(
            &upstream,
            json!({"retries": 0, "max_response_bytes": 4000, "max_request_bytes": 1000, "actions": actions}),
        ),
    )
    .await;
    let app = key(&server, "a", json!({})).await.app(&server);
    for (action, status, code) in [
        ("stall", 504, "UPSTREAM_TIMEOUT"),
        ("stall-in-body", 504, "UPSTREAM_TIMEOUT"),
        ("cut", 502, "UPSTREAM_ERROR"),
        ("large", 502, "UPSTREAM_ERROR"),
        ("html", 502, "UPSTREAM_ERROR"),
        ("redirect", 502, "UPSTREAM_ERROR"),
        ("status-400", 400, "INVALID_PARAMS"),
        ("status-422", 400, "INVALID_PARAMS"),
        ("status-401", 502, "UPSTREAM_REFUSED"),
        ("status-403", 502, "UPSTREAM_REFUSED"),
        ("status-404", 404, "NOT_FOUND"),
        ("status-410", 404, "NOT_FOUND"),
        ("status-408", 504, "UPSTREAM_TIMEOUT"),
        ("status-409", 409, "CONFLICT"),
        ("status-413", 413, "BODY_TOO_LARGE"),
        ("status-415", 400, "INVALID_PARAMS"),
        ("status-304", 502, "UPSTREAM_ERROR"),
        ("status-429", 429, "RATE_LIMITED"),
        ("status-500", 502, "UPSTREAM_ERROR"),
        ("status-503", 502, "UPSTREAM_ERROR"),
    ] {
        let body = refused(&app.get(&format!("/api/up/{action}")).await, status, code);
        assert!(!body.to_string().contains(&upstream.address), "{action}: {body}");
    }
    assert_eq!(result(&app.get("/api/up/text").await), "plain text");
    assert_eq!(result(&app.get("/api/up/nothing").await), Value::Null);
    refused(&app.post("/api/up/x", json!({"a": "x".repeat(1000)})).await, 413, "BODY_TOO_LARGE");
    // No listener, a server that does not speak HTTP, and one that closes the connection.
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (what, bytes) in [("nobody", None), ("garbage", Some("garbage\r\n\r\n")), ("hangs up", Some(""))] {
        let address = match bytes {
            None => nobody,
            Some(bytes) => raw(&upstream.tasks, bytes).await,
        };
        let mut broken = spec(&upstream, json!({}));
        broken["provider"]["base_url"] = json!(format!("http://{address}"));
        define(&admin, broken).await;
        let body = refused(&app.get("/api/up/x").await, 502, "UPSTREAM_ERROR");
        assert!(!body.to_string().contains("127.0.0.1"), "{what}: {body}");
    }
    upstream.tasks.stop();
}

#[both_engines]
async fn what_does_no_harm_is_tried_again(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    define(
        &admin,
        spec(
            &upstream,
            json!({
                "retries": 1,
                "actions": {
                    "post-flaky": {"path": "flaky", "idempotent": true}, "status-502": {"path": "status/502"},
                },
            }),
        ),
    )
    .await;
    let app = key(&server, "a", json!({})).await.app(&server);
    result(&app.get("/api/up/flaky").await);
    assert_eq!(upstream.calls(), 2);
    refused(&app.post("/api/up/flaky", json!({})).await, 502, "UPSTREAM_ERROR");
    assert_eq!(upstream.calls(), 3, "a POST may have done something");
    result(&app.post("/api/up/x", json!({})).await);
    result(&app.post("/api/up/post-flaky", json!({})).await);
    assert_eq!(upstream.calls(), 6, "unless it is said to be harmless");
    refused(&app.get("/api/up/status-502").await, 502, "UPSTREAM_ERROR");
    assert_eq!(upstream.calls(), 8);
    upstream.tasks.stop();
}

#[both_engines]
async fn an_upstream_that_fails_is_left_in_peace(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    let actions = json!({"bad": {"path": "status/500"}});
    define(
        &admin,
        spec(&upstream, json!({"breaker_failures": 3, "breaker_open_ms": 10_000, "actions": actions})),
    )
    .await;
    let app = key(&server, "a", json!({})).await.app(&server);
    for _ in 0..3 {
        refused(&app.get("/api/up/bad").await, 502, "UPSTREAM_ERROR");
    }
    let state = || async { admin.get("/api/apikey/hub/apis/up").await.data()["breaker"].clone() };
    assert_eq!(state().await, "open");
    let answer = app.get("/api/up/good").await;
    refused(&answer, 502, "UPSTREAM_ERROR");
    assert_eq!((answer.header("retry-after"), upstream.calls()), ("10", 3));
    result(&app.get("/api/echo/x").await);
    server.clock().advance_ms(10_000);
    refused(&app.get("/api/up/bad").await, 502, "UPSTREAM_ERROR");
    refused(&app.get("/api/up/good").await, 502, "UPSTREAM_ERROR");
    assert_eq!(upstream.calls(), 4, "one goes through to see");
    server.clock().advance_ms(10_000);
    result(&app.get("/api/up/good").await);
    assert_eq!((state().await, upstream.calls()), (json!("closed"), 5));
    upstream.tasks.stop();
}

/// Arguments that the upstream refuses neither open the circuit breaker nor keep it open.
#[both_engines]
async fn answers_of_an_upstream_that_is_well_do_not_open_the_breaker(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    let statuses = [302, 400, 401, 403, 404, 408, 409, 418, 422, 429];
    let actions: serde_json::Map<String, Value> = statuses
        .iter()
        .map(|status| (format!("s{status}"), json!({"path": format!("status/{status}")})))
        .chain([
            ("odd".to_owned(), json!({"path": "other", "result": "$/nowhere"})),
            ("bad".to_owned(), json!({"path": "status/500"})),
        ])
        .collect();
    define(
        &admin,
        spec(
            &upstream,
            json!({
                "breaker_failures": 2,
                "breaker_open_ms": 10_000,
                "max_response_bytes": 4000,
                "actions": actions,
            }),
        ),
    )
    .await;
    let app = key(&server, "a", json!({"perSecond": 1000})).await.app(&server);
    let state = || async { admin.get("/api/apikey/hub/apis/up").await.data()["breaker"].clone() };
    for action in statuses
        .iter()
        .map(|status| format!("s{status}"))
        .chain(["html", "large", "redirect", "odd"].map(str::to_owned))
    {
        for _ in 0..3 {
            assert_ne!(app.get(&format!("/api/up/{action}")).await.status, 200, "{action}");
        }
        assert_eq!(state().await, "closed", "{action}");
    }
    result(&app.get("/api/up/good").await);
    // After failures, any response of the upstream that is no failure closes it.
    for _ in 0..2 {
        refused(&app.get("/api/up/bad").await, 502, "UPSTREAM_ERROR");
    }
    assert_eq!(state().await, "open");
    server.clock().advance_ms(10_000);
    refused(&app.get("/api/up/s404").await, 404, "NOT_FOUND");
    assert_eq!(state().await, "closed");
    upstream.tasks.stop();
}

/// A caller that disconnects during the trial call does not keep the circuit breaker open.
#[both_engines]
async fn a_trial_that_nobody_waits_for_is_left_to_the_next(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    define(
        &admin,
        spec(
            &upstream,
            json!({
                "breaker_failures": 1,
                "breaker_open_ms": 10_000,
                "timeout_ms": 600_000,
                "actions": {"bad": {"path": "status/500"}},
            }),
        ),
    )
    .await;
    let app = key(&server, "a", json!({"perSecond": 1000})).await.app(&server);
    refused(&app.get("/api/up/bad").await, 502, "UPSTREAM_ERROR");
    server.clock().advance_ms(10_000);
    let calls = upstream.calls();
    let mut trial = Box::pin(app.get("/api/up/stall"));
    while upstream.calls() == calls {
        let _still = futures::poll!(&mut trial);
        tokio::task::yield_now().await;
    }
    refused(&app.get("/api/up/good").await, 502, "UPSTREAM_ERROR");
    drop(trial);
    let start = std::time::Instant::now();
    while app.get("/api/up/good").await.status != 200 {
        assert!(start.elapsed().as_secs() < 10, "still open");
    }
    upstream.tasks.stop();
}

/// No argument leads out of the path of the action, at any endpoint.
#[both_engines]
async fn no_argument_leaves_the_path_of_its_action(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    define(
        &admin,
        spec(
            &upstream,
            json!({"secret_headers": {"authorization": "Bearer upstream-secret"}, "actions": {
        "user": {"method": "GET", "path": "/users/{id}/profile", "query": {}},
        "two": {"method": "GET", "path": "/items/{a}/{b}"},
        "four": {"method": "GET", "path": "/x/{a}/{b}/{c}/{d}"},
        "del": {"method": "DELETE", "path": "/users/{id}/avatar"}}}),
        ),
    )
    .await;
    let app = key(&server, "a", json!({"perSecond": 1000})).await.app(&server);
    for (action, arguments) in [
        ("user", json!({"id": ".."})),
        ("user", json!({"id": "."})),
        ("user", json!({"id": ""})),
        ("user", json!({"id": "%2e%2E"})),
        ("user", json!({"id": "..\\.."})),
        ("user", json!({"id": "a/../../admin"})),
        ("two", json!({"a": "..", "b": "admin"})),
        ("four", json!({"a": "..", "b": "..", "c": "..", "d": "secret"})),
        ("del", json!({"id": ".."})),
    ] {
        let body =
            refused(&app.post(&format!("/api/up/{action}"), arguments.clone()).await, 400, "INVALID_PARAMS");
        assert!(body["detail"].as_str().unwrap().contains("part of the path"), "{body}");
        let agent = app.with("accept", "application/json, text/event-stream");
        let call = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": format!("up__{action}"), "arguments": arguments},
        });
        let answer = agent.post("/mcp/hub", call).await.json();
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert!(
            answer["result"]["content"][0]["text"].as_str().unwrap().contains("INVALID_PARAMS"),
            "{answer}"
        );
    }
    for query in ["id=..", "id=%2e%2e", "id=%252e%252e", "id="] {
        refused(&app.get(&format!("/api/up/user?{query}")).await, 400, "INVALID_PARAMS");
    }
    // Unlisted actions have a path of their name.
    for action in ["..", "%2e%2e", "..%2f..", "a%5c.."] {
        assert_eq!(app.get(&format!("/api/up/{action}")).await.status, 404, "{action}");
    }
    let agent = app.with("accept", "application/json, text/event-stream");
    for action in ["..", ".", "%2e%2e"] {
        let call = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "up__ANY", "arguments": {"action": action}},
        });
        let answer = agent.post("/mcp/hub", call).await.json();
        assert!(answer["error"].is_object() || answer["result"]["isError"] == true, "{answer}");
    }
    assert_eq!(upstream.calls(), 0, "nothing of it was sent");
    assert_eq!(result(&app.get("/api/up/user?id=a.b").await)["uri"], "/v1/users/a%2Eb/profile");
    for (place, more) in [
        ("provider.health_path", json!({"health_path": "/../x"})),
        ("actions.a", json!({"actions": {"a": {"path": "%2e%2e/x"}}})),
    ] {
        let body = admin
            .post("/api/apikey/hub/apis/save", spec(&upstream, more))
            .await
            .refused(422, "invalid.param");
        assert!(body["message"].as_str().unwrap().contains(place), "{body}");
    }
    upstream.tasks.stop();
}

/// A cached response is only returned to the same caller. A shared one depends on no caller.
#[both_engines]
async fn cached_answers_do_not_cross_callers(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    define(
        &admin,
        spec(
            &upstream,
            json!({"forward_headers": ["x-tenant"], "actions": {
        "mine": {"method": "GET", "cache_seconds": 60},
        "ours": {"method": "GET", "cache_seconds": 60, "cache": "shared"}}}),
        ),
    )
    .await;
    let key_a = key(&server, "a", json!({"perSecond": 1000})).await;
    let key_b = another(&key_a.owner, json!({})).await;
    let (alice, bob) = (key_a.person(&server, "alice"), key_a.person(&server, "bob"));
    let callers = [
        alice.with("x-tenant", "A"),
        alice.with("x-tenant", "B"),
        alice.clone(),
        bob.with("x-tenant", "A"),
        key_a.app(&server),
        key_b.app(&server),
        key_b.person(&server, "alice").with("x-tenant", "A"),
        server.anyone(),
    ];
    for (number, caller) in callers.iter().enumerate() {
        let first = result(&caller.get("/api/up/mine").await);
        assert_eq!(upstream.calls(), number + 1, "nobody else's answer");
        assert_eq!(result(&caller.get("/api/up/mine").await), first);
        assert_eq!(upstream.calls(), number + 1, "one's own is remembered");
    }
    // Another token of the same person shares the cache, unless it has other roles.
    let mut claims = key_a.person_claims("alice");
    claims["roles"] = json!(["OTHER"]);
    result(
        &server
            .anyone()
            .with("apihub-token", &key_a.token(&claims))
            .with("x-tenant", "A")
            .get("/api/up/mine")
            .await,
    );
    assert_eq!(upstream.calls(), callers.len() + 1);
    server.clock().advance_ms(10_000);
    for caller in &callers {
        let shared = result(&caller.get("/api/up/ours").await);
        let headers = shared["headers"].as_object().unwrap();
        let told: Vec<&String> = headers.keys().filter(|name| name.starts_with("x-")).collect();
        assert_eq!(told, ["x-hub-trace"], "the upstream cannot answer by who asks");
    }
    assert_eq!(upstream.calls(), callers.len() + 2);
    upstream.tasks.stop();
}

#[both_engines]
async fn answers_are_remembered_where_asked_for(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    define(&admin, spec(&upstream, json!({"actions": {"now": {"cache_seconds": 60}}}))).await;
    let app = key(&server, "a", json!({})).await.app(&server);
    let first = result(&app.get("/api/up/now?a=1").await);
    assert_eq!(result(&app.get("/api/up/now?a=1").await), first);
    assert_eq!(upstream.calls(), 1);
    result(&app.get("/api/up/now?a=2").await);
    result(&app.post("/api/up/now", json!({"a": "1"})).await);
    assert_eq!(upstream.calls(), 3, "other arguments, another method");
    server.clock().advance_ms(60_000);
    result(&app.get("/api/up/now?a=1").await);
    assert_eq!(upstream.calls(), 4);
    upstream.tasks.stop();
}

#[both_engines]
async fn a_stream_comes_through_as_it_comes(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    define(&admin, spec(&upstream, json!({"max_in_flight": 1, "actions": {"events": {"stream": true}}})))
        .await;
    let app = key(&server, "a", json!({})).await.app(&server);
    let mut response = app.request("GET".parse().unwrap(), "/api/up/events").send().await.unwrap();
    let header = |name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    assert_eq!((header("content-type"), header("x-request-id").len()), ("text/event-stream".into(), 32));
    assert_eq!((header("set-cookie"), header("x-content-type-options")), (String::new(), "nosniff".into()));
    assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(response.chunk().await.unwrap().unwrap(), "data: 1\n\n");
    // It counts as a call in work until its reader leaves. Then the connection to the upstream is closed.
    refused(&app.get("/api/up/x").await, 503, "UNAVAILABLE");
    drop(response);
    while upstream.gone.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    while app.get("/api/up/x").await.status != 200 {
        server.clock().advance_ms(1_000);
    }
    upstream.tasks.stop();
}

/// Calls that wait for a dead upstream do not delay other calls.
#[both_engines]
async fn a_dead_upstream_slows_nobody_else(server: TestServer) {
    let upstream = Upstream::start().await;
    let admin = admin(&server).await;
    define(&admin, spec(&upstream, json!({"max_in_flight": 4, "timeout_ms": 600_000}))).await;
    let app = key(&server, "a", json!({"perSecond": 1000})).await.app(&server);
    let mut stalled: Vec<_> = (0..4).map(|_| Box::pin(app.get("/api/up/stall"))).collect();
    while upstream.calls() < 4 {
        let _still = futures::poll!(futures::future::select_all(&mut stalled));
        tokio::task::yield_now().await;
    }
    refused(&app.get("/api/up/x").await, 503, "UNAVAILABLE");
    for _ in 0..20 {
        result(&app.get("/api/echo/x").await);
    }
    drop(stalled);
    upstream.tasks.stop();
}

/// Starts a server that sends some bytes on every connection and closes it.
async fn raw(tasks: &web::Tasks, bytes: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _gone = stream.write_all(bytes.as_bytes()).await;
        }
    });
    address
}
