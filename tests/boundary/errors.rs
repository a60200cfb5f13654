//! Errors and headers that do not depend on the endpoint.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

#[both_engines]
async fn an_unknown_route_is_a_404_with_detail(server: TestServer) {
    for path in [
        "/nope",
        "/api/secondme/nope",
        "/gate/lab/api/nope",
        "/gate/lab/api/api/secondme/user/info",
        "/gate",
        "/%ff",
    ] {
        let body = server.anyone().get(path).await.refused(404, "resource.fetch.not_found");
        assert_eq!((&body["message"], &body["detail"]), (&json!("Not Found"), &json!("Not Found")), "{path}");
    }
    let browser = server.anyone().with("accept", "text/html,*/*").get("/nope").await;
    assert_eq!((browser.status, browser.header("content-type")), (404, "text/html; charset=utf-8"));
}

#[both_engines]
async fn a_wrong_method_is_a_405_with_allow(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = actor.send(actor.request(method, "/api/secondme/user/info")).await;
        let body = answer.refused(405, "method.not_allowed");
        assert_eq!(body["detail"], "Method Not Allowed");
        assert_eq!(answer.header("allow"), "GET,HEAD");
    }
}

#[both_engines]
async fn a_body_that_does_not_fit_is_a_422_with_places(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let post = |kind: &'static str, body: &'static [u8]| {
        let request = actor.request(Method::POST, "/api/secondme/user/profile");
        actor.send(request.header("content-type", kind).body(body))
    };
    for (kind, body) in [
        ("application/json", &b"{"[..]),
        ("application/json", b""),
        ("application/json", b"{} x"),
        ("application/json", b"[]"),
        ("application/json", b"\"text\""),
        ("application/json", b"{\"name\": \"\xff\xfe\"}"),
        ("application/json", b"{\"name\": {\"a\": 1}}"),
        ("application/x-www-form-urlencoded", b"name=x"),
        ("text/plain", b"{\"name\":\"x\"}"),
        ("multipart/form-data; boundary=x", b"--x--"),
    ] {
        let body = post(kind, body).await.refused(422, "invalid.param");
        let first = &body["detail"][0];
        assert_eq!(first["loc"][0], "body", "{body}");
        for member in ["type", "loc", "msg", "input"] {
            assert!(first.get(member).is_some(), "{member}: {body}");
        }
    }
    post("application/json; charset=utf-8", b"{\"name\":\"x\"}").await.data();
    post("application/merge-patch+json", b"{\"name\":\"y\"}").await.data();
}

#[both_engines]
async fn a_missing_field_is_named_as_the_original_does(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    let body =
        session.post("/api/apikey/create", json!({"scopes": ["*"]})).await.refused(422, "invalid.param");
    assert_eq!(body["message"], "name: Field required");
    assert_eq!(
        body["detail"],
        json!([{"type": "missing", "loc": ["body", "name"], "msg": "Field required", "input": null}])
    );
}

#[both_engines]
async fn deep_json_does_not_exhaust_the_stack(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let body = format!("{{\"name\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let request =
        actor.request(Method::POST, "/api/secondme/user/profile").header("content-type", "application/json");
    actor.send(request.body(body)).await.refused(422, "invalid.param");
}

#[both_engines]
async fn a_request_id_goes_in_and_out(server: TestServer) {
    let given = server.anyone().with("x-request-id", "abc-1.2_3").get("/healthz").await;
    assert_eq!(given.header("x-request-id"), "abc-1.2_3");
    for bad in ["a b", "\"x\"", &"x".repeat(65)] {
        let answer = server.anyone().with("x-request-id", bad).get("/healthz").await;
        let id = answer.header("x-request-id");
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }
    let (one, two) = (server.anyone().get("/healthz").await, server.anyone().get("/nope").await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
}

#[both_engines]
async fn json_is_compressed_where_asked_for(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    for at in 0..20 {
        let content = format!("fact {at} {}", "x".repeat(200));
        actor.post("/api/secondme/memory/key", json!({"content": content, "visibility": 1})).await.data();
    }
    let gzip = actor.with("accept-encoding", "gzip");
    for (path, is_small) in [("/api/secondme/memory/key/search?pageSize=50", true), ("/openapi.json", false)]
    {
        let plain = actor.get(path).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, ""), "{path}: {}", plain.body);
        let packed = gzip.request(Method::GET, path).send().await.unwrap();
        assert_eq!(packed.headers()["content-encoding"], "gzip", "{path}");
        assert!(packed.bytes().await.unwrap().len() * 3 < plain.body.len(), "{path}");
        assert_eq!(plain.header("etag").is_empty(), is_small, "{path}");
    }
    let page = server
        .anyone()
        .with("accept-encoding", "gzip")
        .request(Method::GET, "/sign-in")
        .send()
        .await
        .unwrap();
    assert!(
        page.headers().get("content-encoding").is_none(),
        "a page has secrets beside what its reader wrote"
    );
}

/// Static files are compressed, have a hash in their address, and are not sent again if unchanged.
#[both_engines]
async fn static_files_are_sent_once(server: TestServer) {
    let anyone = server.anyone();
    let gzip = anyone.with("accept-encoding", "gzip");
    let page = anyone.get("/sign-in").await;
    let mut files: Vec<String> =
        page.body.split('"').filter(|part| part.contains("?v=")).map(str::to_owned).collect();
    files.push("/openapi.json".into());
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let answer = gzip.request(Method::GET, &file).send().await.unwrap();
        let is_named = file.contains("?v=");
        assert_eq!(answer.status(), 200, "{file}");
        assert_eq!(
            answer.headers()["cache-control"].to_str().unwrap().contains("immutable"),
            is_named,
            "{file}"
        );
        let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
        assert!(etag.starts_with('"'), "{file}: {etag}");
        let length = answer.bytes().await.unwrap().len();
        let plain = anyone.request(Method::GET, &file).send().await.unwrap().bytes().await.unwrap().len();
        assert!(length <= plain, "{file}");
        let known = gzip.with("if-none-match", &etag).get(&file).await;
        assert_eq!(
            (known.status, known.body.as_str(), known.header("etag")),
            (304, "", etag.as_str()),
            "{file}"
        );
    }
    // An outdated address gets the current content, which is not cacheable.
    let old = anyone.get("/assets/console.css?v=0").await;
    assert_eq!((old.status, old.header("cache-control")), (200, "no-cache"));
    assert_eq!(anyone.get("/assets/nothing.js").await.status, 404);
}

/// A JSON array is not accepted as an object, at any depth and on any route.
#[both_engines]
async fn an_array_is_no_object(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let refused = async |path: &str, body: Value, place: &[&str]| {
        let answer = actor.in_english().post(path, body).await;
        let body = answer.refused(422, "invalid.param");
        let loc: Vec<&str> =
            body["detail"][0]["loc"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        assert_eq!(loc, place, "{body}");
        assert!(body["message"].as_str().unwrap().contains("expected an object"), "{body}");
    };
    refused("/api/secondme/user/profile", json!(["x", null, null]), &["body"]).await;
    refused("/api/secondme/note/add", json!(["TEXT", "x"]), &["body"]).await;
    refused("/api/secondme/agent_memory/ingest", json!([{"kind": "x"}]), &["body"]).await;
    refused(
        "/api/secondme/plaza/posts/create",
        json!({"content": "x", "type": "public", "linkMeta": [null, null]}),
        &["body", "linkMeta"],
    )
    .await;
}

#[both_engines]
async fn answers_with_personal_data_are_not_stored(server: TestServer) {
    let answer = server.person("a").await.with_key("*").await.get("/api/secondme/user/info").await;
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[both_engines("server.public_url = \"https://doppel.example\"")]
async fn no_answer_is_to_be_guessed_at(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    for path in [
        "/api/secondme/user/info",
        "/api/nope",
        "/api/echo/x",
        "/api/nothing/x",
        "/v1/models",
        "/mcp",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/reference/",
        "/sign-in",
        "/assets/logo.svg",
        "/cdn/x.png",
        "/.well-known/oauth-authorization-server",
    ] {
        let answer = actor.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
    let refused = crate::boundary::raw::talk(&server, b"GET /healthz HTTP/1.1\r\n\r\n").await;
    assert!(refused.contains("x-content-type-options: nosniff"), "{refused}");
}

#[both_engines]
async fn plain_http_promises_no_https(server: TestServer) {
    assert_eq!(server.anyone().get("/healthz").await.header("strict-transport-security"), "");
}

#[both_engines]
async fn without_settings_no_other_origin_may_read(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await.with("origin", "https://app.example");
    assert_eq!(actor.get("/api/secondme/user/info").await.header("access-control-allow-origin"), "");
}

#[both_engines("server.cors_origins = [\"https://app.example\"]")]
async fn configured_origins_may_read(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let allowed = actor.with("origin", "https://app.example").get("/api/secondme/user/info").await;
    assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    let other = actor.with("origin", "https://evil.example").get("/api/secondme/user/info").await;
    assert_eq!(other.header("access-control-allow-origin"), "");
    let preflight = server
        .anyone()
        .with("origin", "https://app.example")
        .with("access-control-request-method", "POST")
        .with("access-control-request-headers", "authorization,content-type");
    let preflight = preflight.send(preflight.request(Method::OPTIONS, "/api/secondme/user/profile")).await;
    assert_eq!(preflight.status, 200);
    assert!(preflight.header("access-control-allow-headers").contains("authorization"));
}

#[both_engines]
async fn head_is_get_without_a_body(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let answer = actor.send(actor.request(Method::HEAD, "/api/secondme/user/info")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}
