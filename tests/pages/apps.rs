//! `/apps…`: a developer's own apps

use testkit::{PASSWORD, Response, TestServer, both_engines};

use super::sign_in::Browser;

async fn signed_in(server: &TestServer, name: &str) -> Browser {
    server.person(name).await;
    let mut browser = Browser::new(server);
    browser.sign_in(&format!("{name}@example.com"), PASSWORD, "").await;
    browser
}

/// Returns the value of a read-only field.
fn field(page: &Response, id: &str) -> String {
    let start = format!("id=\"{id}\" type=\"text\" value=\"");
    let rest = page.body.split_once(&start).unwrap_or_else(|| panic!("no {id} in {}", page.body)).1;
    rest.split('"').next().unwrap().to_owned()
}

const GOOD: [(&str, &str); 6] = [
    ("name", "My <app>"),
    ("description", "What it is for"),
    ("uris", "https://app.example/callback\r\nhttp://localhost:3000/cb\r\n"),
    ("kind", "confidential"),
    ("scope", "user.info"),
    ("scope", "chat"),
];

async fn make(browser: &mut Browser, fields: &[(&str, &str)]) -> Response {
    let csrf = browser.get("/apps/new").await.hidden("csrf");
    let all: Vec<_> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
    browser.post("/apps", &all).await
}

#[both_engines]
async fn an_app_is_made_shown_once_changed_and_deleted(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    assert!(browser.get("/apps").await.body.contains("No apps yet"));
    let shown = make(&mut browser, &GOOD).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let (id, secret) = (field(&shown, "client_id"), field(&shown, "client_secret"));
    assert!(secret.starts_with("lba_cs_"));
    let page = format!("/apps/{id}");
    let detail = browser.get(&page).await;
    let list = browser.get("/apps").await;
    for shown in [&detail, &list] {
        assert!(shown.body.contains("My &#60;app&#62;") && !shown.body.contains(&secret), "{}", shown.body);
    }
    assert!(detail.body.contains("http://localhost:3000/cb") && detail.body.contains("response_type=code"));
    let token = |secret: String| {
        let (id, anyone) = (id.clone(), server.anyone());
        async move {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", id.as_str()),
                ("client_secret", secret.as_str()),
            ];
            anyone.post_form("/oauth/token", &form).await.status
        }
    };
    assert_eq!(token(secret.clone()).await, 200);
    let csrf = detail.hidden("csrf");
    let renewed = browser.post(&format!("{page}/secret"), &[("csrf", &csrf)]).await;
    let next = field(&renewed, "client_secret");
    assert_eq!((token(secret).await, token(next.clone()).await), (401, 200));
    let edit = [
        ("csrf", csrf.as_str()),
        ("name", "Renamed"),
        ("uris", "https://app.example/other"),
        ("scope", "voice"),
    ];
    let saved = browser.post(&page, &edit).await;
    assert_eq!((saved.status, saved.header("location")), (303, format!("{page}?done=saved").as_str()));
    let detail = browser.get(&format!("{page}?done=saved")).await;
    assert!(
        detail.body.contains("Renamed")
            && detail.body.contains("Changes saved.")
            && !detail.body.contains("localhost:3000/cb")
    );
    assert_eq!(token(next.clone()).await, 400, "without a scope to chat there is no token of its own");
    assert_eq!(
        browser.post(&format!("{page}/delete"), &[("csrf", &csrf)]).await.header("location"),
        "/apps?done=deleted"
    );
    assert_eq!((browser.get(&page).await.status, token(next).await), (404, 401));
}

#[both_engines]
async fn an_app_without_a_secret_gets_none(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    let fields = GOOD.map(|(name, value)| (name, if name == "kind" { "public" } else { value }));
    let shown = make(&mut browser, &fields).await;
    assert!(!shown.body.contains("lba_cs_"), "{}", shown.body);
    let page = format!("/apps/{}", field(&shown, "client_id"));
    let detail = browser.get(&page).await;
    assert!(detail.body.contains("code_challenge") && !detail.body.contains("/secret\""));
    let csrf = detail.hidden("csrf");
    assert_eq!(browser.post(&format!("{page}/secret"), &[("csrf", &csrf)]).await.status, 400);
}

#[both_engines("oauth.max_applications = 1")]
async fn what_is_wrong_is_said_and_what_was_typed_is_kept(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    let wrong = [
        ("name", ""),
        ("uris", "http://app.example/cb"),
        ("icon", "x"),
        ("webhook_enabled", "1"),
        ("description", "kept"),
    ];
    let page = make(&mut browser, &wrong).await;
    assert_eq!(page.status, 422, "{}", page.body);
    for id in ["name-problem", "scopes-problem", "icon-problem"] {
        assert!(page.body.contains(id), "{id}");
    }
    assert!(page.body.contains("kept"));
    let fields = GOOD.map(|(name, value)| {
        (name, if name == "uris" { "https://a.example\nhttp://b.example" } else { value })
    });
    let page = make(&mut browser, &fields).await;
    assert!(
        page.status == 400 && page.body.contains("This address cannot be registered: http://b.example"),
        "{}",
        page.body
    );
    assert_eq!(make(&mut browser, &GOOD).await.status, 200);
    let full = make(&mut browser, &GOOD).await;
    assert!(full.status == 400 && full.body.contains("limit of 1 app"), "{}", full.body);
}

#[both_engines]
async fn word_of_revocations_is_set_up_and_tried(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    let more = [("webhook_url", "http://localhost:9/hook"), ("webhook_enabled", "1")];
    let shown = make(&mut browser, &[&GOOD[..], &more].concat()).await;
    assert!(field(&shown, "webhook_secret").starts_with("whs_"));
    let page = format!("/apps/{}", field(&shown, "client_id"));
    let csrf = browser.get(&page).await.hidden("csrf");
    let tried = browser.post(&format!("{page}/test"), &[("csrf", &csrf)]).await;
    assert!(
        tried.body.contains("Test notification not delivered: the host is in a private or special network."),
        "{}",
        tried.body
    );
    let detail = browser.get(&page).await;
    assert!(detail.body.contains("evt_test_") && detail.body.contains("Given up"));
}

#[both_engines]
async fn other_peoples_apps_have_no_page(server: TestServer) {
    let app = server.person("developer").await.app("chat").await;
    let mut mallory = signed_in(&server, "mallory").await;
    let csrf = mallory.get("/apps/new").await.hidden("csrf");
    for id in [app.id.as_str(), "6f1c1f5e-0000-4000-8000-000000000000", "x"] {
        assert_eq!(mallory.get(&format!("/apps/{id}")).await.status, 404);
        for verb in ["", "/secret", "/test", "/delete"] {
            let answer = mallory.post(&format!("/apps/{id}{verb}"), &[("csrf", &csrf), ("name", "x")]).await;
            assert_eq!(answer.status, 404, "{id}{verb}");
        }
    }
    assert_eq!(mallory.post("/apps", &[("csrf", "x")]).await.status, 403);
}

#[both_engines]
async fn every_page_has_its_headers_one_heading_and_no_inline_code(server: TestServer) {
    let mut browser = signed_in(&server, "a").await;
    let shown = make(&mut browser, &GOOD).await;
    let detail = format!("/apps/{}", field(&shown, "client_id"));
    let skill = format!("/auth/skills?challenge={}", testkit::CHALLENGE);
    let mut pages = vec![shown];
    for path in ["/apps", "/apps/new", &detail, &skill, "/auth/cli"] {
        pages.push(browser.get(path).await);
    }
    for page in pages {
        assert_eq!((page.status, page.body.matches("<h1>").count()), (200, 1), "{}", page.body);
        let inline = ["<style", " style=", "<script>", " onclick=", "javascript:"];
        assert!(inline.iter().all(|code| !page.body.contains(code)), "{}", page.body);
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(
            (page.header("referrer-policy"), page.header("cache-control")),
            ("no-referrer", "no-store")
        );
    }
}

/// The page of an app shows what it called, refused calls, quiet days and durations; nobody else sees it.
#[both_engines]
async fn usage_of_an_app_is_charted_by_day_and_endpoint(server: TestServer) {
    let owner = server.person("developer").await;
    let app = owner.app("user.info").await;
    let developer = owner.signed_in().await.in_english();
    let page = format!("/apps/{}", app.id);
    let quiet = developer.get(&page).await.body;
    assert!(quiet.contains("class=\"chart wide\"") && !quiet.contains("Average duration"), "{quiet}");

    let id = app.id.clone();
    let app = server.person("person").await.with_token(&app, "user.info").await;
    app.get("/gate/lab/api/secondme/user/info").await.data();
    app.get("/api/secondme/user/info").await.data();
    app.get("/api/secondme/user/shades").await.refused(403, "apikey.permission.denied");

    let used = developer.get(&page).await.body;
    assert!(
        used.contains("<code>/api/secondme/user/info</code>") && used.contains("Average duration"),
        "{used}"
    );
    assert!(used.contains("Success <b>2</b>") && used.contains("Rejected <b>1</b>"), "{used}");
    assert_eq!(used.matches("class=\"hit\"").count(), 31, "thirty days, and the duration of one");
    let week = developer.get(&format!("{page}?days=7")).await.body;
    assert_eq!(week.matches("class=\"hit\"").count(), 8);
    let mut other = signed_in(&server, "other").await;
    assert_eq!(other.get(&page).await.status, 404);

    let identity = &server.running().identity;
    server.clock().advance_ms(401 * 86_400_000);
    identity.remove_expired().await.unwrap();
    assert!(
        identity.app_usage(owner.account.id, &id, 1000).await.unwrap().is_empty(),
        "counts are kept for 400 days"
    );
}
