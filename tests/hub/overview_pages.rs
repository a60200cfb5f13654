//! The overview of the Hub, calls from a page, what happened to a call, and the editor of APIs.

use serde_json::{Value, json};
use testkit::{Actor, Response, TestServer, both_engines};

use super::support::{admin, another, key, result};

async fn send(who: &Actor, page: &str, path: &str, fields: &[(&str, &str)]) -> Response {
    let csrf = who.get(page).await.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    who.post_form(path, &all).await
}

/// Returns the response that the page of a call shows.
fn shown(page: &Response) -> Value {
    let (_, rest) = page.body.split_once("<code id=\"result\">").unwrap_or_else(|| panic!("{}", page.body));
    let text = rest
        .split("</code>")
        .next()
        .unwrap()
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[both_engines]
async fn the_overview_counts_the_calls_of_its_reader(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let app = key.app(&server);
    for _ in 0..3 {
        result(&app.get("/api/echo/x").await);
    }
    app.get("/api/nothing/x").await;
    let owner = key.owner.in_english();
    let page = owner.get("/hub").await;
    assert!(page.body.contains("<dt>Calls</dt><dd>4</dd>"), "{}", page.body);
    assert!(page.body.contains("<dt>Success rate</dt><dd>75.0%</dd>"), "{}", page.body);
    assert!(page.body.contains("<rect class=\"ok\"") && page.body.contains("<rect class=\"client_error\""));
    assert_eq!(page.body.matches("<g class=\"col\">").count(), 24 + 1, "quiet hours, and one duration");
    for (days, spans) in [("7", 28), ("30", 30)] {
        let page = owner.get(&format!("/hub?days={days}")).await;
        assert_eq!(page.body.matches("<g class=\"col\">").count(), spans + 1, "{days}");
    }
    let other = server.person("b").await.signed_in().await.in_english();
    assert!(other.get("/hub").await.body.contains("<dt>Calls</dt><dd>0</dd>"), "of others nothing");
    assert!(admin(&server).await.in_english().get("/hub").await.body.contains("<dt>Calls</dt><dd>4</dd>"));
}

#[both_engines]
async fn keys_that_expire_need_attention(server: TestServer) {
    let owner = server.person("a").await.signed_in().await.in_english();
    assert!(owner.get("/hub").await.body.contains("No Hub keys yet."));
    let soon = testkit::START.0 + 86_400_000;
    another(&owner, json!({"name": "short-lived", "expiresAt": soon})).await;
    let page = owner.get("/hub").await;
    assert!(
        page.body.contains("short-lived · 2026-01-02") && page.body.contains("Expires soon"),
        "{}",
        page.body
    );
    server.clock().advance_ms(2 * 86_400_000);
    assert!(owner.get("/hub").await.body.contains("Expired"));
}

#[both_engines]
async fn a_page_signs_a_token_and_sends_a_real_call(server: TestServer) {
    let key = key(&server, "a", json!({"domains": ["app.example.com"]})).await;
    let owner = key.owner.in_english();
    let page = "/hub/try?api=echo&action=hello";
    let id = key.id.to_string();
    let form = |who: &'static str, extra: &'static str| {
        vec![("api", "echo"), ("action", "hello"), ("who", who), ("key", id.as_str()), ("extra", extra)]
    };
    let sent = send(&owner, page, "/hub/try", &form("app", r#"{"a": "it's"}"#)).await;
    let answer = shown(&sent);
    assert_eq!(
        (&answer["success"], &answer["result"]["arguments"]["a"]),
        (&json!(true), &json!("it's")),
        "{answer}"
    );
    let trace = answer["trace"].as_str().unwrap();
    assert!(sent.body.contains(&format!("/hub/calls?show={trace}")));
    assert!(sent.body.contains(&key.ak) && !sent.body.contains(&key.sk), "code with the AK, but not the SK");
    // The call is in the log, from the person's own address.
    let call = owner.get(&format!("/api/apikey/hub/calls?trace={trace}")).await.data()["list"][0].clone();
    assert_eq!((&call["typ"], &call["address"]), (&json!("app_token"), &json!("127.0.0.1")), "{call}");
    // The token that is shown is a working one.
    let (_, rest) = sent.body.split_once("id=\"token\" type=\"text\" value=\"").unwrap();
    let token = rest.split('"').next().unwrap();
    result(&server.anyone().with("apihub-token", token).get("/api/echo/x").await);
    // A person's token needs a page on the allowlist.
    let mut fields = form("person", "");
    fields.extend([("sub", "u-7"), ("origin", "https://app.example.com")]);
    assert_eq!(shown(&send(&owner, page, "/hub/try", &fields).await)["success"], true);
    fields.pop();
    fields.push(("origin", "https://evil.example"));
    assert_eq!(shown(&send(&owner, page, "/hub/try", &fields).await)["code"], "DOMAIN_NOT_ALLOWED");
    for (name, value) in [("extra", "[1]"), ("extra", "{"), ("origin", "a\nb")] {
        let fields = [("api", "echo"), ("action", "hello"), ("who", "app"), (name, value)];
        let wrong = send(&owner, page, "/hub/try", &fields).await;
        assert!(wrong.status == 422 && wrong.body.contains("role=\"alert\""), "{value}: {}", wrong.body);
    }
}

/// Nobody signs with the key of another person, and nothing is sent without the page's token.
#[both_engines]
async fn a_page_signs_with_own_keys_only(server: TestServer) {
    let victim = key(&server, "a", json!({})).await;
    let other = server.person("b").await.signed_in().await.in_english();
    let id = victim.id.to_string();
    let fields = [("api", "echo"), ("action", "x"), ("who", "app"), ("key", id.as_str())];
    let sent = send(&other, "/hub/try?api=echo", "/hub/try", &fields).await;
    assert!(!sent.body.contains("id=\"token\"") && !sent.body.contains(&victim.ak), "{}", sent.body);
    let calls = victim.owner.get("/api/apikey/hub/calls").await.data();
    assert_eq!(calls["list"], json!([]));
    assert_eq!(victim.owner.post_form("/hub/try", &fields).await.status, 403);
    let page = other.get("/hub/try?api=%3Cscript%3E&action=%22%3E%3Cscript%3E").await;
    assert!(page.status == 200 && !page.body.contains("<script>"), "{}", page.body);
}

#[both_engines]
async fn a_call_says_where_it_stopped(server: TestServer) {
    let key = key(&server, "a", json!({"ips": ["203.0.113.0/24"]})).await;
    let owner = key.owner.in_english();
    let trace = key.app(&server).get("/api/echo/x").await.json()["trace"].as_str().unwrap().to_owned();
    let page = owner.get(&format!("/hub/calls?show={trace}")).await;
    for text in ["IP_NOT_ALLOWED", "Allowlists checked", "Stopped here", &trace] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(!page.body.contains("Upstream called"), "it came no further");
    let other = server.person("b").await.signed_in().await.in_english();
    assert!(!other.get(&format!("/hub/calls?show={trace}")).await.body.contains("IP_NOT_ALLOWED"));
    assert_eq!(owner.get(&format!("/hub/calls?show={}", "x".repeat(500))).await.status, 200);
}

#[both_engines]
async fn an_api_is_defined_field_by_field(server: TestServer) {
    let admin = admin(&server).await.in_english();
    let fields = [
        ("http", "yes"),
        ("code", "rates"),
        ("name", "Rates"),
        ("enabled", "yes"),
        ("base_url", "https://rates.example.net/v2"),
        ("h.0.name", "accept-language"),
        ("h.0.value", "en"),
        ("s.0.name", "x-api-key"),
        ("s.0.value", "hush"),
        ("timeout_ms", "5000"),
        ("accounts", "*"),
        ("x.0.name", "latest"),
        ("x.0.method", "GET"),
        ("x.0.path", "/latest/{base}"),
        ("x.0.parameters", "base: string! The currency"),
        ("x.0.cache_seconds", "60"),
    ];
    let saved = send(&admin, "/hub/apis/new", "/hub/apis/new", &fields).await;
    assert_eq!(saved.header("location"), "/hub/apis?done=saved", "{}", saved.body);
    let stored = admin.get("/api/apikey/hub/apis/rates").await.data();
    assert_eq!(stored["provider"]["timeout_ms"], 5000, "{stored}");
    assert_eq!(stored["actions"]["latest"]["parameters"]["required"], json!(["base"]));
    let page = admin.get("/hub/apis/rates").await;
    assert!(
        page.body.contains("base: string! The currency") && page.body.contains("rates__latest"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("hush"), "secrets are never shown again");
    // What has no field stays: a part that only JSON can say, and the secret.
    let mut definition = stored.clone();
    for name in ["source", "breaker"] {
        definition.as_object_mut().unwrap().remove(name);
    }
    definition["actions"]["latest"]["result"] = json!("$/rates");
    let text = definition.to_string();
    send(&admin, "/hub/apis/rates?as=json", "/hub/apis", &[("definition", &text)]).await;
    let mut changed = fields.to_vec();
    changed.extend([("was", "rates"), ("x.0.was", "latest"), ("x.0.summary", "Latest rates")]);
    for (name, value) in &mut changed {
        if *name == "s.0.value" {
            *value = "";
        }
    }
    assert_eq!(send(&admin, "/hub/apis/rates", "/hub/apis/new", &changed).await.status, 303);
    let stored = admin.get("/api/apikey/hub/apis/rates").await.data();
    let latest = &stored["actions"]["latest"];
    assert_eq!((&latest["result"], &latest["summary"]), (&json!("$/rates"), &json!("Latest rates")));
    assert_eq!(stored["provider"]["secret_headers"], json!({"x-api-key": ""}));
    // One more action without saving, and problems beside what was typed.
    changed.push(("do", "action"));
    let more = send(&admin, "/hub/apis/rates", "/hub/apis/new", &changed).await;
    assert!(more.status == 200 && more.body.contains("name=\"x.1.name\""), "{}", more.body);
    let wrong = [("http", "yes"), ("code", "Bad Code"), ("base_url", "ftp://x"), ("timeout_ms", "soon")];
    let wrong = send(&admin, "/hub/apis/new", "/hub/apis/new", &wrong).await;
    assert!(wrong.status == 422 && wrong.body.contains("value=\"Bad Code\""), "{}", wrong.body);
    let person = server.person("p").await.signed_in().await;
    let csrf = person.get("/hub/keys/new").await.hidden("csrf");
    assert_eq!(person.post_form("/hub/apis/new", &[("csrf", &csrf), ("code", "x")]).await.status, 403);
}

/// The page that shows a new key has code with both halves in it.
#[both_engines]
async fn a_new_key_comes_with_code(server: TestServer) {
    let owner = server.person("a").await.signed_in().await.in_english();
    let made = send(&owner, "/hub/keys/new", "/hub/keys", &[("name", "x"), ("enabled", "yes")]).await;
    let ak = made.body.split_once("id=\"ak\" type=\"text\" value=\"").unwrap().1.split('"').next().unwrap();
    let sk = made.body.split_once("id=\"sk\" type=\"text\" value=\"").unwrap().1.split('"').next().unwrap();
    for id in ["code-curl", "code-python", "code-javascript", "code-rust"] {
        let code = made.body.split_once(&format!("<code id=\"{id}\">")).unwrap_or_else(|| panic!("{id}")).1;
        let code = code.split("</code>").next().unwrap();
        assert!(code.contains(ak) && code.contains(sk) && code.contains("/api/echo/hello"), "{id}: {code}");
    }
}

/// Failed and slow calls alone, and the same as a table that a spreadsheet opens without running anything.
#[both_engines]
async fn calls_are_filtered_and_downloaded(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    result(&key.person(&server, "=1+1").get("/api/echo/fine").await);
    key.app(&server).get("/api/nothing/broken").await;
    let owner = key.owner.in_english();
    let all = owner.get("/hub/calls").await.body;
    assert!(all.contains("echo/fine") && all.contains("nothing/broken"), "{all}");
    let failed = owner.get("/hub/calls?failed=yes").await.body;
    assert!(!failed.contains("echo/fine") && failed.contains("nothing/broken"), "{failed}");
    assert!(failed.contains("name=\"failed\" value=\"yes\" checked"));
    assert!(owner.get("/hub/calls?slow=60000").await.body.contains("No matching records"));
    assert!(owner.get("/hub/calls?slow=-1").await.body.contains("class=\"notice bad\""));

    let table = owner.get("/hub/calls.csv").await;
    assert_eq!((table.status, table.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert_eq!(table.header("content-disposition"), "attachment; filename=\"calls-2026-01-01.csv\"");
    let lines: Vec<&str> = table.body.trim_start_matches('\u{feff}').trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].starts_with("\"time\",\"trace\"") && lines[1].contains("\"API_NOT_FOUND\""),
        "{lines:?}"
    );
    assert!(lines[2].contains("\"'=1+1\"") && !table.body.contains("\"=1"), "{lines:?}");
    let failed = owner.get("/hub/calls.csv?failed=yes").await.body;
    assert_eq!(failed.trim_end().split("\r\n").count(), 2, "{failed}");
    assert_eq!(owner.get("/hub/calls.csv?slow=-1").await.status, 422);
    let other = server.person("b").await.signed_in().await;
    assert_eq!(other.get("/hub/calls.csv?all=yes").await.body.trim_end().split("\r\n").count(), 1);
    let api = owner.get("/api/apikey/hub/calls?failed=true&minMs=0").await.data();
    assert_eq!(api["list"].as_array().unwrap().len(), 1);
}

/// A table goes over several parts, and ends at its bound.
#[both_engines]
async fn a_table_of_many_calls_has_each_once(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let app = key.app(&server);
    for number in 0..205 {
        server.clock().advance_ms(500);
        result(&app.get(&format!("/api/echo/{number}")).await);
    }
    let table = key.owner.get("/hub/calls.csv").await.body;
    let mut traces: Vec<&str> =
        table.trim_end().split("\r\n").skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len(), 205);
}
