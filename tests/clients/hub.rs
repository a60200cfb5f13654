//! Callers of the Hub as in its documentation: PyJWT, axios and fetch, and pages in a real browser.

use std::process::Command;

use axum::{Router, response::Html, routing::get};
use serde_json::{Value, json};
use testkit::{Engine, TestServer, process::Binary};

use crate::hub::support::{another, result};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documentations_python_and_javascript() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path()).serve(&["--demo"]);
    let demo: Value = super::demo(directory.path());
    let text = |name: &str| demo[name].as_str().unwrap().to_owned();
    let variables =
        [("BASE_URL", server.base_url.as_str()), ("AK", &text("hub_ak")), ("SK", &text("hub_sk"))];
    let token = testkit::clients::run("hub.py", &variables).await;
    let variables = [("BASE_URL", server.base_url.as_str()), ("PERSON_TOKEN", token.trim())];
    assert_eq!(testkit::clients::run("hub.mjs", &variables).await, "done\n");
}

/// Returns the content of a page in a headless browser after its script has run.
fn seen_by_a_browser(url: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-sync",
        ])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"])
        .args(["--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(url)
        .output()
        .expect("chromium starts: install the package chromium");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The same page has two origins. One is on the key's allowlist, the other is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_of_an_allowed_and_of_a_refused_origin() {
    let server = TestServer::configured(Engine::Sqlite, "").await;
    let owner = server.person("owner").await.signed_in().await;
    let spec = json!({"code": "weather-basic", "anonymous": true, "provider": {"kind": "weather-sample"}});
    owner.post("/api/apikey/hub/apis/save", spec).await.data();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let key = another(&owner, json!({"domains": [format!("localhost:{port}")]})).await;
    let page = format!(
        r#"<!doctype html><meta charset="utf-8"><p id="keyed"></p><p id="anonymous"></p><script>
        const show = (id, promise) => promise
            .then((body) => body.success ? "read " + body.result.now.text : "refused " + body.code)
            .catch(() => "not readable")
            .then((text) => {{ document.getElementById(id).textContent = text; }});
        const url = "{}/api/weather_basic/now";
        const keyed = {{method: "POST", headers: {{"apihub-token": "{}"}}}};
        show("keyed", fetch(url, keyed).then((response) => response.json()));
        show("anonymous", fetch(url).then((response) => response.json()));
        </script>"#,
        server.base_url(),
        key.token(&key.person_claims("u")),
    );
    let tasks = web::Tasks::default();
    let router = Router::new().route("/", get(|| async { Html(page) }));
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let browse = |host: &'static str| {
        tokio::task::spawn_blocking(move || seen_by_a_browser(&format!("http://{host}:{port}/")))
    };
    let allowed = browse("localhost").await.unwrap();
    assert!(
        allowed.contains("<p id=\"keyed\">read ") && allowed.contains("<p id=\"anonymous\">read "),
        "{allowed}"
    );
    server.clock().advance_ms(5_000);
    let refused = browse("127.0.0.1").await.unwrap();
    assert!(refused.contains("<p id=\"keyed\">not readable</p>"), "{refused}");
    assert!(refused.contains("<p id=\"anonymous\">read "), "{refused}");
    // The call has reached the server, which refused it.
    let calls = owner.get("/api/apikey/hub/calls").await.data();
    let codes: Vec<&str> =
        calls["list"].as_array().unwrap().iter().map(|call| call["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"DOMAIN_NOT_ALLOWED") && codes.contains(&""), "{codes:?}");
    result(&server.anyone().get("/api/weather-basic/now").await);
    tasks.stop();
}
