//! `/api/{api_code}/{action}`: the format of calls and responses.

use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

use super::support::{admin, key, refused, result};

async fn post(actor: &Actor, path: &str, body: &str) -> testkit::Response {
    let request = actor.request("POST".parse().unwrap(), path).header("content-type", "application/json");
    actor.send(request.body(body.to_owned())).await
}

#[both_engines]
async fn get_and_post_hyphens_and_underscores(server: TestServer) {
    let admin = admin(&server).await;
    let spec = json!({
        "code": "weather-basic", "anonymous": true, "accounts": ["*"], "provider": {"kind": "weather-sample"},
    });
    admin.post("/api/apikey/hub/apis/save", spec).await.data();
    let key = key(&server, "a", json!({})).await;
    let app = key.app(&server);
    for path in ["/api/weather-basic/now", "/api/weather_basic/now"] {
        for answer in [app.get(path).await, app.post(path, Value::Null).await, post(&app, path, "").await] {
            let weather = result(&answer);
            assert!(weather["location"]["name"].is_string() && weather["location"]["path"].is_string());
            assert!(weather["now"]["text"].is_string() && weather["now"]["code"].is_string());
            assert!(weather["now"]["temperature"].is_string());
            assert!(weather["lastUpdated"].as_i64().unwrap() > 1_000_000_000_000);
            assert_eq!(weather["sample"], true, "what is invented says so");
        }
    }
    let there = result(&app.get("/api/weather-basic/now?lng=116.40&lat=39.93").await);
    assert_eq!(
        there,
        result(&app.post("/api/weather-basic/now", json!({"lng": 116.40, "lat": 39.93})).await)
    );
    refused(&app.get("/api/weather-basic/now?lng=x").await, 400, "INVALID_PARAMS");
    refused(&app.get("/api/weather-basic/later").await, 404, "ACTION_NOT_FOUND");
}

#[both_engines]
async fn body_and_query_are_merged_and_the_query_wins(server: TestServer) {
    let app = key(&server, "a", json!({})).await.app(&server);
    let arguments = |answer: &testkit::Response| result(answer)["arguments"].clone();
    assert_eq!(arguments(&app.get("/api/echo/x").await), json!({}));
    assert_eq!(arguments(&app.get("/api/echo/x?a=1&b=%E4%BA%8C").await), json!({"a": "1", "b": "二"}));
    assert_eq!(
        arguments(&app.post("/api/echo/x", json!({"a": 1, "b": [true]})).await),
        json!({"a": 1, "b": [true]})
    );
    assert_eq!(
        arguments(&app.post("/api/echo/x?a=query", json!({"a": "body", "b": 2})).await),
        json!({"a": "query", "b": 2})
    );
    for body in ["", "null", "  null  ", "{}"] {
        assert_eq!(arguments(&post(&app, "/api/echo/x", body).await), json!({}), "{body}");
    }
    for body in ["[1]", "7", "\"x\"", "{\"a\":", "nonsense", "{\"a\":1}x"] {
        refused(&post(&app, "/api/echo/x", body).await, 400, "INVALID_PARAMS");
    }
    let deep = "[".repeat(10_000);
    refused(&post(&app, "/api/echo/x", &format!("{{\"a\":{deep}")).await, 400, "INVALID_PARAMS");
}

#[both_engines("server.request_seconds = 1")]
async fn a_body_that_does_not_end_is_cut_off(server: TestServer) {
    let app = key(&server, "a", json!({})).await.app(&server);
    let beginning = stream::iter([Ok::<_, std::io::Error>("{")]);
    let body = reqwest::Body::wrap_stream(beginning.chain(stream::pending()));
    let request =
        app.request("POST".parse().unwrap(), "/api/echo/x").header("content-type", "application/json");
    let answer = tokio::time::timeout(Duration::from_secs(10), app.send(request.body(body))).await.unwrap();
    refused(&answer, 408, "REQUEST_TIMEOUT");
}

#[both_engines]
async fn the_echo_shows_what_an_upstream_would_see(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let forged = key
        .person(&server, "user-7")
        .with("x-hub-app", "evil")
        .with("x-hub-person", "root")
        .with("x-hub-roles", "ADMIN");
    let answer = forged.post("/api/echo/do-it?x=1", Value::Null).await;
    let trace = answer.json()["trace"].clone();
    assert_eq!(
        result(&answer),
        json!({
            "method": "POST", "action": "do-it", "arguments": {"x": "1"},
            "identity": {
                "app": key.ak,
                "person": "user-7",
                "roles": ["SYS_ADMIN"],
                "groups": ["/技术部/运维部"],
                "trace": trace,
            },
        })
    );
    let app = result(&key.app(&server).get("/api/echo").await);
    assert_eq!(
        (&app["action"], &app["identity"]["app"], &app["identity"]["person"]),
        (&json!(""), &json!(key.ak), &json!(null))
    );
    let anonymous = result(&server.anyone().get("/api/echo/").await);
    assert_eq!(
        (&anonymous["identity"]["app"], &anonymous["identity"]["roles"]),
        (&json!("anonymous"), &json!([]))
    );
}

#[both_engines("server.max_body_bytes = 2000")]
async fn every_failure_below_the_path_has_the_hubs_own_shape(server: TestServer) {
    let app = key(&server, "a", json!({})).await.app(&server);
    refused(&app.get("/api/nowhere/now").await, 404, "API_NOT_FOUND");
    refused(&app.get("/api/nowhere").await, 404, "API_NOT_FOUND");
    refused(&app.get("/api/%65cho/x").await, 404, "API_NOT_FOUND");
    refused(&app.get("/api/echo/a/b").await, 404, "ACTION_NOT_FOUND");
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = app.send(app.request(method.parse().unwrap(), "/api/echo/x")).await;
        refused(&answer, 405, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), "GET, POST, OPTIONS");
    }
    let head = app.send(app.request("HEAD".parse().unwrap(), "/api/echo/x")).await;
    assert_eq!(head.status, 405);
    refused(&app.post("/api/echo/x", json!({"a": "x".repeat(3000)})).await, 413, "BODY_TOO_LARGE");
    refused(&post(&app, "/api/echo/x", "{").await, 400, "INVALID_PARAMS");
    result(&app.get("/api/echo/x").await);
    // A client that accepts HTML gets JSON as well.
    refused(&app.with("accept", "text/html").get("/api/nowhere/now").await, 404, "API_NOT_FOUND");
}

/// Paths of the Lab API never reach the Hub, even if no route exists there.
#[both_engines]
async fn the_labs_paths_stay_the_labs(server: TestServer) {
    for first in hub::catalog::rules::RESERVED {
        server
            .anyone()
            .get(&format!("/api/{first}/nowhere-at-all/x"))
            .await
            .refused(404, "resource.fetch.not_found");
        // This endpoint of the Lab has no second segment.
        if *first != "certificate" {
            server.anyone().get(&format!("/api/{first}")).await.refused(404, "resource.fetch.not_found");
        }
    }
    server.anyone().get("/api/certificate").await.refused(401, "apikey.auth.missing");
    server.anyone().get("/api/").await.refused(404, "resource.fetch.not_found");
    server.anyone().get("/gate/lab/api/echo/x").await.refused(404, "resource.fetch.not_found");
    server.anyone().get("/api/apikey/list").await.refused(401, "apikey.auth.missing");
}

#[both_engines]
async fn messages_are_english_where_asked_for(server: TestServer) {
    let body = refused(&server.anyone().get("/api/nowhere/now").await, 404, "API_NOT_FOUND");
    assert_eq!(body["msg"], "API 不存在");
    let body = refused(&server.anyone().in_english().get("/api/nowhere/now").await, 404, "API_NOT_FOUND");
    assert_eq!(body["msg"], "No such API");
}

#[both_engines]
async fn a_trace_is_never_the_callers(server: TestServer) {
    let actor = server.anyone().with("x-request-id", "0123456789abcdef0123456789abcdef");
    let mut traces = Vec::new();
    for _ in 0..3 {
        traces.push(actor.get("/api/echo/x").await.json()["trace"].as_str().unwrap().to_owned());
    }
    traces.dedup();
    assert_eq!(traces.len(), 3);
    assert!(!traces.contains(&"0123456789abcdef0123456789abcdef".to_owned()));
}

#[both_engines("hub.always_200 = true")]
async fn always_200_is_a_switch(server: TestServer) {
    let answer = server.anyone().get("/api/nowhere/now").await;
    assert_eq!((answer.status, &answer.json()["code"]), (200, &json!("API_NOT_FOUND")));
    let answer = server.anyone().with("apihub-token", "x").get("/api/echo/x").await;
    assert_eq!((answer.status, &answer.json()["code"]), (200, &json!("TOKEN_INVALID")));
    assert_eq!(answer.json()["success"], false);
    // The call log still has the real status.
    let owner = admin(&server).await;
    let calls = owner.get("/api/apikey/hub/calls?all=true&status=404").await.data();
    assert_eq!(calls["list"][0]["code"], "API_NOT_FOUND");
}

#[both_engines]
async fn pages_from_anywhere_may_ask_and_those_on_the_list_may_read(server: TestServer) {
    let key = key(&server, "a", json!({"domains": ["app.example.com", "*.example.org:8443"]})).await;
    let person = key.person(&server, "u");
    let preflight = |origin: &str| {
        let actor = server
            .anyone()
            .with("origin", origin)
            .with("access-control-request-method", "POST")
            .with("access-control-request-headers", "apihub-token");
        async move { actor.send(actor.request("OPTIONS".parse().unwrap(), "/api/echo/x")).await }
    };
    let asked = preflight("https://app.example.com").await;
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, "https://app.example.com"));
    assert_eq!(asked.header("access-control-allow-headers"), "apihub-token, content-type");
    assert_eq!(asked.header("access-control-allow-methods"), "GET, POST");
    assert_eq!((asked.header("vary"), asked.header("access-control-allow-credentials")), ("origin", ""));
    for (origin, allowed) in [
        ("https://app.example.com", true),
        ("http://app.example.com:3000", true),
        ("https://a.b.example.org:8443", true),
        ("https://a.example.org", false),
        ("https://example.org:8443", false),
        ("https://evil.example", false),
        ("https://app.example.com.evil.example", false),
        ("null", false),
    ] {
        let answer = person.with("origin", origin).post("/api/echo/x", Value::Null).await;
        if allowed {
            result(&answer);
            assert_eq!(answer.header("access-control-allow-origin"), origin);
        } else {
            refused(&answer, 403, "DOMAIN_NOT_ALLOWED");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        }
        assert_eq!(answer.header("vary"), "origin");
    }
    // Without an `Origin` the `Referer` counts. Without either the call is refused.
    result(&person.with("referer", "https://app.example.com/page?x").get("/api/echo/x").await);
    refused(
        &person.with("referer", "https://evil.example/app.example.com").get("/api/echo/x").await,
        403,
        "DOMAIN_NOT_ALLOWED",
    );
    refused(&person.get("/api/echo/x").await, 403, "DOMAIN_NOT_ALLOWED");
    // The list applies to person-tokens. App-tokens have the other one.
    result(&key.app(&server).get("/api/echo/x").await);
    key.update(json!({"bothLists": true})).await;
    refused(&key.app(&server).get("/api/echo/x").await, 403, "DOMAIN_NOT_ALLOWED");
    result(&key.app(&server).with("origin", "https://app.example.com").get("/api/echo/x").await);
}

#[both_engines("server.trusted_proxies = [\"127.0.0.0/8\"]")]
async fn addresses_on_the_list_may_call(server: TestServer) {
    let key = key(&server, "a", json!({"ips": ["203.0.113.7", "10.0.0.0/8", "2001:db8::/32"]})).await;
    let from = |address: &str| key.app(&server).with("x-forwarded-for", address);
    for address in ["203.0.113.7", "10.1.2.3", "2001:db8:1::9", "::ffff:10.1.2.3", "198.51.100.1, 10.9.9.9"] {
        result(&from(address).get("/api/echo/x").await);
    }
    for address in ["203.0.113.8", "11.0.0.1", "2001:db9::1", "10.1.1.1, 203.0.113.8", "nonsense"] {
        refused(&from(address).get("/api/echo/x").await, 403, "IP_NOT_ALLOWED");
    }
    refused(&key.app(&server).get("/api/echo/x").await, 403, "IP_NOT_ALLOWED");
    // The list applies to app-tokens. Person-tokens have the other one.
    result(&key.person(&server, "u").get("/api/echo/x").await);
    key.update(json!({"bothLists": true})).await;
    refused(&key.person(&server, "u").get("/api/echo/x").await, 403, "IP_NOT_ALLOWED");
}

#[both_engines]
async fn an_untrusted_peer_cannot_say_where_it_is(server: TestServer) {
    let key = key(&server, "a", json!({"ips": ["10.0.0.0/8"]})).await;
    let liar = key
        .app(&server)
        .with("x-forwarded-for", "10.1.2.3")
        .with("x-real-ip", "10.1.2.3")
        .with("forwarded", "for=10.1.2.3");
    refused(&liar.get("/api/echo/x").await, 403, "IP_NOT_ALLOWED");
    key.update(json!({"ips": ["127.0.0.1"]})).await;
    result(&liar.get("/api/echo/x").await);
}

#[both_engines]
async fn roles_groups_and_actions_decide(server: TestServer) {
    let admin = admin(&server).await;
    let spec = json!({"code": "ops", "accounts": ["*"], "provider": {"kind": "echo"}, "groups": ["/技术部"],
        "actions": {
        "restart": {"roles": ["SYS_ADMIN", "ROOT"]}, "other": {"roles": ["NOBODY"]},
        "deep": {"groups": ["/技术部/运维部/一组"]}}});
    admin.post("/api/apikey/hub/apis/save", spec).await.data();
    let key = key(&server, "a", json!({"perPersonSecond": 100})).await;
    let person = key.person(&server, "u");
    result(&person.get("/api/ops/look").await);
    result(&person.get("/api/ops/restart").await);
    refused(&person.get("/api/ops/other").await, 403, "PERMISSION_DENIED");
    refused(&person.get("/api/ops/deep").await, 403, "PERMISSION_DENIED");
    result(&key.app(&server).get("/api/ops/other").await);
    refused(&server.anyone().get("/api/ops/look").await, 401, "TOKEN_MISSING");
    let with = |member: &str, value: Value| {
        let mut claims = key.person_claims("u");
        claims[member] = value;
        server.anyone().with("apihub-token", &key.token(&claims))
    };
    refused(&with("groups", json!([])).get("/api/ops/look").await, 403, "PERMISSION_DENIED");
    refused(&with("groups", json!(["/技术部门"])).get("/api/ops/look").await, 403, "PERMISSION_DENIED");
    result(&with("groups", json!(["/技术部"])).get("/api/ops/look").await);
    refused(&with("roles", json!([])).get("/api/ops/restart").await, 403, "PERMISSION_DENIED");
    for actions in [json!(["ops:look"]), json!(["ops:*"]), json!(["*"])] {
        result(&with("actions", actions).get("/api/ops/look").await);
    }
    for actions in [json!([]), json!(["ops:restart"]), json!(["echo:*"])] {
        refused(&with("actions", actions).get("/api/ops/look").await, 403, "PERMISSION_DENIED");
    }
    key.update(json!({"allow": ["ops/look"]})).await;
    result(&person.get("/api/ops/look").await);
    refused(&person.get("/api/ops/restart").await, 403, "PERMISSION_DENIED");
    refused(&person.get("/api/echo/x").await, 403, "PERMISSION_DENIED");
}

#[both_engines]
async fn anonymous_calls_have_a_switch_for_each_api(server: TestServer) {
    let admin = admin(&server).await;
    let spec = |anonymous: bool, action: Value| {
        json!({
            "code": "mine",
            "anonymous": anonymous,
            "provider": {"kind": "echo"},
            "actions": {"x": {"anonymous": action}},
        })
    };
    for (api, action, x, y) in [
        (true, json!(null), true, true),
        (false, json!(null), false, false),
        (true, json!(false), false, true),
        (false, json!(true), true, false),
    ] {
        admin.post("/api/apikey/hub/apis/save", spec(api, action)).await.data();
        for (path, allowed) in [("/api/mine/x", x), ("/api/mine/y", y)] {
            let answer = server.anyone().get(path).await;
            if allowed {
                result(&answer);
            } else {
                refused(&answer, 401, "TOKEN_MISSING");
            }
            server.clock().advance_ms(2_000);
        }
    }
}

#[both_engines("hub.anonymous = false")]
async fn and_one_for_the_server(server: TestServer) {
    refused(&server.anyone().get("/api/echo/x").await, 401, "TOKEN_MISSING");
    result(&key(&server, "a", json!({})).await.app(&server).get("/api/echo/x").await);
}
