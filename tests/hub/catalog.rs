//! `/api/apikey/hub/apis/…` and the file with definitions.

use serde_json::{Value, json};
use testkit::{Engine, TestServer, both_engines};

use super::support::{admin, key, refused, result};

fn echo(code: &str) -> Value {
    json!({"code": code, "anonymous": true, "accounts": ["*"], "provider": {"kind": "echo"}})
}

#[both_engines]
async fn an_api_is_there_with_the_next_call_and_gone_with_the_next(server: TestServer) {
    let admin = admin(&server).await;
    let app = key(&server, "a", json!({})).await.app(&server);
    refused(&app.get("/api/my-api/x").await, 404, "API_NOT_FOUND");
    let saved = admin.post("/api/apikey/hub/apis/save", echo("my-api")).await.data();
    assert_eq!(
        (&saved["code"], &saved["source"], &saved["enabled"]),
        (&json!("my-api"), &json!("store"), &json!(true))
    );
    result(&app.get("/api/my-api/x").await);
    result(&app.get("/api/my_api/x").await);
    let mut off = echo("my-api");
    off["enabled"] = json!(false);
    admin.post("/api/apikey/hub/apis/save", off).await.data();
    refused(&app.get("/api/my-api/x").await, 404, "API_NOT_FOUND");
    admin.post("/api/apikey/hub/apis/my-api/delete", json!({})).await.data();
    admin.post("/api/apikey/hub/apis/my-api/delete", json!({})).await.refused(404, "hub.api.not_found");
    admin.get("/api/apikey/hub/apis/my-api").await.refused(404, "hub.api.not_found");
    // A built-in API can be redefined. Deleting the definition restores it.
    let mut other = echo("echo");
    other["enabled"] = json!(false);
    admin.post("/api/apikey/hub/apis/save", other).await.data();
    refused(&app.get("/api/echo/x").await, 404, "API_NOT_FOUND");
    admin.post("/api/apikey/hub/apis/echo/delete", json!({})).await.data();
    result(&app.get("/api/echo/x").await);
    assert_eq!(admin.get("/api/apikey/hub/apis/echo").await.data()["source"], "builtin");
}

#[both_engines]
async fn a_change_elsewhere_is_noticed(server: TestServer) {
    let sibling = server.sibling().await;
    let spec: hub::catalog::ApiSpec = serde_json::from_value(echo("there")).unwrap();
    sibling.hub.save_api(spec).await.unwrap();
    let app = key(&server, "a", json!({"perSecond": 1000})).await.app(&server);
    let start = std::time::Instant::now();
    while app.get("/api/there/x").await.status != 200 {
        assert!(start.elapsed().as_secs() < 10, "not noticed");
        server.clock().advance_ms(10);
    }
    sibling.stop().await.unwrap();
}

#[both_engines]
async fn what_is_wrong_with_a_definition_is_named(server: TestServer) {
    let admin = admin(&server).await;
    let http = |more: Value| {
        let mut provider = json!({"kind": "http", "base_url": "http://127.0.0.1:1"});
        provider.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"code": "x", "provider": provider})
    };
    let mut definitions = vec![
        json!({}),
        json!({"code": "x"}),
        json!({"code": "x", "provider": {"kind": "nonsense"}}),
        json!({"code": "x", "provider": {"kind": "echo"}, "nonsense": 1}),
        http(json!({"base_url": "ftp://x"})),
        http(json!({"base_url": "http://u:p@x"})),
        http(json!({"base_url": "http://x?y"})),
        http(json!({"headers": {"host": "x"}})),
        http(json!({"headers": {"X-Hub-App": "x"}})),
        http(json!({"headers": {"a": "b\r\nc: d"}})),
        http(json!({"secret_headers": {"apihub-token": "x"}})),
        http(json!({"forward_headers": ["Apihub-Token"]})),
        http(json!({"forward_headers": ["cookie"]})),
        http(json!({"forward_headers": ["x-hub-person"]})),
        http(json!({"timeout_ms": 0})),
        http(json!({"retries": 100})),
        json!({"code": "x", "provider": {"kind": "echo"}, "groups": ["no path"]}),
        json!({"code": "x", "provider": {"kind": "echo"}, "accounts": ["nobody"]}),
        json!({"code": "x", "provider": {"kind": "echo"}, "accounts": ["nobody@example.com"]}),
        json!({"code": "x", "provider": {"kind": "echo"}, "accounts": vec!["*"; 501]}),
        json!({"code": "x", "provider": {"kind": "echo"}, "keys": ["*"]}),
        http(json!({"health_path": "../x"})),
    ];
    for action in [
        json!({"path": "/a/{b"}),
        json!({"path": "../x"}),
        json!({"path": "a?b"}),
        json!({"method": "TRACE"}),
        json!({"result": "$x"}),
        json!({"cache_seconds": 86_401}),
    ] {
        let mut definition = http(json!({}));
        definition["actions"] = json!({"a": action});
        definitions.push(definition);
    }
    for code in [
        "",
        "A",
        "a_b",
        "a/b",
        "a b",
        "北京",
        "..",
        "secondme",
        "oauth",
        "auth",
        "certificate",
        "invitation",
        "applications",
        "integrations",
        "cdn",
        "apikey",
    ] {
        definitions.push(echo(code));
    }
    for definition in definitions {
        let body =
            admin.post("/api/apikey/hub/apis/save", definition.clone()).await.refused(422, "invalid.param");
        assert!(body["message"].as_str().unwrap().contains(": "), "{definition}: {body}");
    }
    let codes: Vec<Value> = admin
        .get("/api/apikey/hub/apis/list")
        .await
        .data()
        .as_array()
        .unwrap()
        .iter()
        .map(|api| api["code"].clone())
        .collect();
    assert!(codes.iter().all(|code| code != "x"), "{codes:?}");
}

#[both_engines]
async fn secrets_are_sealed_and_never_shown_again(mut server: TestServer) {
    let admin = admin(&server).await;
    let definition = |secret: &str| {
        json!({"code": "x", "provider": {"kind": "http", "base_url": "http://127.0.0.1:1/internal",
        "headers": {"x-plain": "seen"}, "secret_headers": {"authorization": secret},
        "secret_query": {"key": secret}}})
    };
    let saved = admin.post("/api/apikey/hub/apis/save", definition("planted-upstream-secret")).await;
    assert!(!saved.body.contains("planted"), "{}", saved.body);
    assert_eq!(saved.data()["provider"]["secret_headers"], json!({"authorization": ""}));
    // Saving the definition as shown, with an empty secret, keeps the secret.
    admin.post("/api/apikey/hub/apis/save", definition("")).await.data();
    server.restart().await;
    let shown = admin_again(&server).await.get("/api/apikey/hub/apis/x").await;
    assert!(!shown.body.contains("planted"), "{}", shown.body);
    let other = server.person("b").await.signed_in().await.get("/api/apikey/hub/apis/list").await;
    assert!(
        !other.body.contains("internal") && !other.body.contains("x-plain"),
        "what stands behind an API is not for everybody: {}",
        other.body
    );
    for entry in std::fs::read_dir(server.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(7).any(|part| part == b"planted"), "{}", path.display());
        }
    }
}

/// Signs the administrator in again after a restart.
async fn admin_again(server: &TestServer) -> testkit::Actor {
    server.clock().advance_ms(1_000);
    let identity = &server.running().identity;
    let account = identity.account_by_email("admin@example.com").await.unwrap().unwrap();
    let client = identity::session::Client { address: [127, 0, 0, 1].into(), user_agent: "test".into() };
    let secret = identity.start_session(account.id, &client).await.unwrap();
    server.anyone().with("cookie", &format!("doppel_session={}", secret.expose()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_defines_apis_and_is_read_again_when_it_changes() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("apis.toml");
    let write = |code: &str| {
        let good =
            format!("[[api]]\ncode = \"{code}\"\nanonymous = true\nprovider = {{ kind = \"echo\" }}\n");
        let bad = "[[api]]\ncode = \"secondme\"\nprovider = { kind = \"echo\" }\n";
        testkit::write_file(&file, format!("{good}{bad}"));
    };
    write("first");
    let server = TestServer::configured(
        Engine::Sqlite,
        &format!(
            "hub.catalogue_file = {file:?}\nhub.address_burst = 100000\n\
            hub.address_per_second = 100000\nhub.anonymous_per_second = 100000"
        ),
    )
    .await;
    result(&server.anyone().get("/api/first/x").await);
    write("second-one");
    let start = std::time::Instant::now();
    while server.anyone().get("/api/second-one/x").await.status != 200 {
        assert!(start.elapsed().as_secs() < 10, "not read again");
        server.clock().advance_ms(100);
    }
    refused(&server.anyone().get("/api/first/x").await, 404, "API_NOT_FOUND");
    // If the file is invalid or missing, its last valid content stays in force.
    testkit::write_file(&file, "nonsense");
    server.running().hub.load().await;
    result(&server.anyone().get("/api/second-one/x").await);
    std::fs::remove_file(&file).unwrap();
    server.running().hub.load().await;
    result(&server.anyone().get("/api/second-one/x").await);
}
