//! `/keys…`

use testkit::{PASSWORD, Response, TestServer, both_engines};

use super::sign_in::Browser;

const INFO: &str = "/api/secondme/user/info";

async fn signed_in(server: &TestServer, name: &str) -> Browser {
    server.person(name).await;
    let mut browser = Browser::new(server);
    browser.sign_in(&format!("{name}@example.com"), PASSWORD, "").await;
    browser
}

/// Returns the key that a page shows.
fn key(page: &Response) -> String {
    let start = page.body.find("lba_ak_").unwrap_or_else(|| panic!("no key in {}", page.body));
    page.body[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

async fn make(browser: &mut Browser, name: &str, scope: &str) -> Response {
    let csrf = browser.get("/keys/new").await.hidden("csrf");
    let fields =
        [("csrf", csrf.as_str()), ("name", name), ("scope", scope), ("expiry", "never"), ("date", "")];
    browser.post("/keys", &fields).await
}

async fn id(browser: &mut Browser) -> String {
    let list = browser.get("/keys").await.body;
    let id = list
        .split("href=\"/keys/")
        .filter_map(|rest| rest.split('"').next())
        .find(|id| id.parse::<i64>().is_ok());
    id.expect("a key in the list").to_owned()
}

#[both_engines]
async fn a_key_is_made_shown_once_used_and_deleted(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    let shown = make(&mut browser, "My bot", "user.info").await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let key = key(&shown);
    let program = server.bearer(&key);
    program.get(INFO).await.data();
    program.get("/api/secondme/user/shades").await.refused(403, "apikey.permission.denied");
    let list = browser.get("/keys").await;
    assert!(list.body.contains("My bot") && !list.body.contains(&key));
    let id = id(&mut browser).await;
    let detail = browser.get(&format!("/keys/{id}")).await;
    assert!(
        detail.body.contains(INFO) && detail.body.contains("apikey.permission.denied"),
        "{}",
        detail.body
    );
    assert!(!detail.body.contains(&key));
    let csrf = detail.hidden("csrf");
    assert_eq!(browser.post(&format!("/keys/{id}/delete"), &[("csrf", &csrf)]).await.status, 303);
    program.get(INFO).await.refused(401, "apikey.auth.invalid");
}

#[both_engines]
async fn a_rotated_key_is_shown_once_too(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    let old = key(&make(&mut browser, "x", "*").await);
    let id = id(&mut browser).await;
    let csrf = browser.get(&format!("/keys/{id}")).await.hidden("csrf");
    let overlap = overlap_of_an_hour(&browser.get(&format!("/keys/{id}")).await);
    let shown = browser.post(&format!("/keys/{id}/rotate"), &[("csrf", &csrf), ("overlap", &overlap)]).await;
    let new = key(&shown);
    assert_ne!(old, new);
    server.bearer(&old).get(INFO).await.data();
    server.bearer(&new).get(INFO).await.data();
    server.clock().advance_ms(3_600_000);
    server.bearer(&old).get(INFO).await.refused(401, "apikey.auth.invalid");
    server.bearer(&new).get(INFO).await.data();
}

#[both_engines]
async fn names_cannot_become_markup(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    let name = "<script>alert(1)</script>\"'><img src=x>";
    let shown = make(&mut browser, name, "*").await;
    let id = id(&mut browser).await;
    for page in [shown, browser.get("/keys").await, browser.get(&format!("/keys/{id}")).await] {
        assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"), "{}", page.body);
    }
}

#[both_engines]
async fn what_is_wrong_with_a_wish_is_said(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    assert_eq!(make(&mut browser, "", "*").await.status, 422);
    assert!(matches!(make(&mut browser, "x", "everything").await.status, 400 | 422));
    let csrf = browser.get("/keys/new").await.hidden("csrf");
    let none = [("csrf", csrf.as_str()), ("name", "x"), ("expiry", "never"), ("date", "")];
    assert_eq!(browser.post("/keys", &none).await.status, 422);
    let past =
        [("csrf", csrf.as_str()), ("name", "x"), ("scope", "*"), ("expiry", "date"), ("date", "2020-01-01")];
    assert_eq!(browser.post("/keys", &past).await.status, 422);
}

#[both_engines]
async fn other_peoples_keys_have_no_page(server: TestServer) {
    let mut alice = signed_in(&server, "alice").await;
    make(&mut alice, "x", "*").await;
    let id = id(&mut alice).await;
    let mut mallory = signed_in(&server, "mallory").await;
    let csrf = mallory.get("/keys/new").await.hidden("csrf");
    for id in [id.as_str(), "1", "x"] {
        assert_eq!(mallory.get(&format!("/keys/{id}")).await.status, 404);
        assert_eq!(mallory.post(&format!("/keys/{id}/delete"), &[("csrf", &csrf)]).await.status, 404);
        assert_eq!(
            mallory.post(&format!("/keys/{id}/rotate"), &[("csrf", &csrf), ("overlap", "0")]).await.status,
            404
        );
    }
}

#[both_engines("accounts.max_keys = 1")]
async fn a_full_account_is_told_so_and_what_was_typed_is_kept(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    make(&mut browser, "x", "*").await;
    let full = make(&mut browser, "\"kept\"", "*").await;
    assert_eq!(full.status, 400);
    assert!(
        full.body.contains("limit of 1 API key") && full.body.contains("&#34;kept&#34;"),
        "{}",
        full.body
    );
}

#[both_engines]
async fn a_rotation_sent_twice_shows_the_key_once(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    make(&mut browser, "x", "*").await;
    let page = format!("/keys/{}", id(&mut browser).await);
    let csrf = browser.get(&page).await.hidden("csrf");
    let fields = [("csrf", csrf.as_str()), ("overlap", "0")];
    assert_eq!(browser.post(&format!("{page}/rotate"), &fields).await.status, 200);
    let again = browser.post(&format!("{page}/rotate"), &fields).await;
    assert_eq!((again.status, again.header("location")), (303, page.as_str()));
}

#[both_engines]
async fn every_page_has_its_headers_one_heading_and_no_inline_code(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    for (path, status) in [
        ("/", 200),
        ("/keys", 200),
        ("/keys/new", 200),
        ("/keys/x", 404),
        ("/keys/1/rotate", 405),
        ("/account", 200),
        ("/setup?link=x", 303),
        ("/nope", 404),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, status, "{path}");
        if status == 303 {
            continue;
        }
        assert_eq!(page.body.matches("<h1>").count(), 1, "{path}");
        let inline = ["<style", " style=", "<script>", " onclick=", "javascript:"];
        assert!(inline.iter().all(|code| !page.body.contains(code)), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(page.header(name), value, "{path} {name}");
        }
    }
}

#[both_engines]
async fn the_language_can_be_chosen(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    let csrf = browser.get("/keys").await.hidden("csrf");
    let chosen =
        browser.post("/language", &[("csrf", &csrf), ("language", "zh-CN"), ("back", "/keys")]).await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/keys"));
    assert!(browser.get("/keys").await.body.contains("<h1>API Key 管理</h1>"));
    assert!(browser.get("/nope").await.body.contains("lang=\"zh-CN\""), "errors too");
    let away =
        browser.post("/language", &[("csrf", &csrf), ("language", "en"), ("back", "//evil.example")]).await;
    assert_eq!(away.header("location"), "/");
}

#[both_engines]
async fn pages_are_not_for_programs(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    for path in ["/", "/keys", "/keys/new", "/account"] {
        assert_eq!(actor.get(path).await.status, 403, "{path}");
    }
}

fn overlap_of_an_hour(page: &Response) -> String {
    let has = |value: &str| page.body.contains(&format!("value=\"{value}\""));
    ["3600", "1h", "hour"].into_iter().find(|value| has(value)).expect("an overlap of an hour").to_owned()
}
