//! `weather-basic` with a mock of a weather service, whose responses are those that Seniverse documents.

use serde_json::{Value, json};
use testkit::{
    Engine, TestServer,
    model::{Model, raw, status},
};

use super::support::{key, refused, result};

/// Returns a response of the service, with its head.
fn answer(body: &Value) -> Vec<testkit::model::Step> {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    raw(&[head.as_bytes(), body.as_bytes()])
}

fn beijing() -> Value {
    json!({"results": [{
        "location": {"id": "WX4FBXXFKE4F", "name": "北京", "country": "CN", "path": "北京,北京,中国",
            "timezone": "Asia/Shanghai", "timezone_offset": "+08:00"},
        "now": {"text": "阴", "code": "9", "temperature": "23"},
        "last_update": "2026-01-01T08:00:00+08:00",
    }]})
}

async fn serving(engine: Engine, service: &Model) -> TestServer {
    let url = service.url();
    let base_url = url.trim_end_matches("/v1");
    let lines = format!("[hub.weather]\nbase_url = {base_url:?}\napi_key = \"planted weather&key\"\n");
    TestServer::configured(engine, &lines).await
}

async fn the_services_answer_becomes_the_hubs(engine: Engine) {
    let service = Model::start().await;
    let server = serving(engine, &service).await;
    let app = key(&server, "a", json!({})).await.app(&server);
    service.next(answer(&beijing()));
    let found = app.get("/api/weather-basic/now?lng=116.40&lat=39.93").await;
    let expected = json!({
        "location": {"name": "北京", "path": "北京,北京,中国"},
        "now": {"text": "阴", "code": "9", "temperature": "23"},
        "lastUpdated": 1_767_225_600_000_i64,
    });
    assert_eq!(result(&found), expected);
    let asked = service.heads().remove(0);
    let line = asked.lines().next().unwrap();
    assert!(line.starts_with("GET /v3/weather/now.json?"), "{line}");
    for part in ["location=39.93%3A116.40", "language=zh-Hans", "unit=c", "key=planted+weather%26key"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!asked.to_lowercase().contains("apihub-token"), "{asked}");
    // Calls about the same place share a cached response, also those without a token.
    assert_eq!(
        result(&server.anyone().post("/api/weather_basic/now?lng=116.40&lat=39.93", Value::Null).await),
        expected
    );
    assert_eq!(service.heads().len(), 1);
    // There is a default place. When the cached response has expired, the service is called again.
    service.next(answer(&beijing()));
    result(&app.get("/api/weather-basic/now").await);
    assert!(service.heads()[1].contains("location=39.93%3A116.4&"), "{}", service.heads()[1]);
    server.clock().advance_ms(300_000);
    service.next(answer(&beijing()));
    result(&app.get("/api/weather-basic/now?lng=116.40&lat=39.93").await);
    assert_eq!(service.heads().len(), 3);
}

async fn what_the_service_refuses_is_no_weather(engine: Engine) {
    let service = Model::start().await;
    let server = serving(engine, &service).await;
    let app = key(&server, "a", json!({})).await.app(&server);
    for (line, code, hub) in [
        ("403 Forbidden", 502, "UPSTREAM_REFUSED"),
        ("404 Not Found", 404, "NOT_FOUND"),
        ("429 Too Many Requests", 429, "RATE_LIMITED"),
    ] {
        service.next(status(line, "retry-after: 7\r\n"));
        let answer = app.get("/api/weather-basic/now").await;
        let body = refused(&answer, code, hub).to_string();
        assert!(!body.contains("planted") && !body.contains("127.0.0.1"), "{body}");
        assert_eq!(answer.header("retry-after"), "7");
    }
    // A response of another structure is an error of the upstream.
    service.next(answer(&json!({"status": "ok"})));
    refused(&app.get("/api/weather-basic/now").await, 502, "UPSTREAM_ERROR");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    Box::pin(the_services_answer_becomes_the_hubs(Engine::Sqlite)).await;
    Box::pin(what_the_service_refuses_is_no_weather(Engine::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    Box::pin(the_services_answer_becomes_the_hubs(Engine::Postgres)).await;
    Box::pin(what_the_service_refuses_is_no_weather(Engine::Postgres)).await;
}
