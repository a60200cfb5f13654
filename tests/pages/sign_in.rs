//! `/sign-in`, `/sign-out`, `/account`

use testkit::{Actor, PASSWORD, Response, TestServer, both_engines};

/// A simulated browser, which keeps cookies.
pub struct Browser {
    actor: Actor,
    cookies: Vec<(String, String)>,
}

impl Browser {
    pub fn new(server: &TestServer) -> Self {
        Self {
            actor: server.anyone().with("accept", "text/html").with("accept-language", "en"),
            cookies: Vec::new(),
        }
    }

    /// Creates a browser with this address behind a trusted proxy.
    pub fn at(server: &TestServer, address: &str) -> Self {
        let browser = Self::new(server);
        Self { actor: browser.actor.with("x-forwarded-for", address), ..browser }
    }

    pub fn actor(&self) -> Actor {
        let line: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if line.is_empty() { self.actor.clone() } else { self.actor.with("cookie", &line.join("; ")) }
    }

    pub fn session(&self) -> Option<&str> {
        self.cookies.iter().find(|(name, _)| name == "doppel_session").map(|(_, value)| value.as_str())
    }

    pub fn plant(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(other, _)| other != name);
        if !value.is_empty() {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    fn keep(&mut self, answer: &Response) {
        for name in ["doppel_session", "doppel_visitor", "doppel_language"] {
            if let Some(value) = answer.cookie(name) {
                self.plant(name, &value);
            }
        }
    }

    pub async fn get(&mut self, path: &str) -> Response {
        let answer = self.actor().get(path).await;
        self.keep(&answer);
        answer
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let answer = self.actor().post_form(path, fields).await;
        self.keep(&answer);
        answer
    }

    /// Sends the sign-in form of a page.
    pub async fn sign_in_at(&mut self, page: &Response, email: &str, password: &str, next: &str) -> Response {
        let csrf = page.hidden("csrf");
        self.post("/sign-in", &[("csrf", &csrf), ("email", email), ("password", password), ("next", next)])
            .await
    }

    pub async fn sign_in(&mut self, email: &str, password: &str, next: &str) -> Response {
        let page = self.get("/sign-in").await;
        let csrf = if page.status == 200 { page.hidden("csrf") } else { String::new() };
        self.post("/sign-in", &[("csrf", &csrf), ("email", email), ("password", password), ("next", next)])
            .await
    }
}

#[both_engines]
async fn the_right_password_opens_the_door(server: TestServer) {
    server.person("a").await;
    let mut browser = Browser::new(&server);
    let answer = browser.sign_in(" A@Example.com ", PASSWORD, "/keys").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/keys"));
    let line = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .find_map(|line| line.to_str().ok().filter(|line| line.starts_with("doppel_session=")));
    let line = line.unwrap();
    assert!(line.contains("HttpOnly") && line.contains("SameSite=Lax") && line.contains("Path=/"), "{line}");
    assert!(!line.contains("Secure"));
    assert_eq!(browser.get("/keys").await.status, 200);
}

#[both_engines("server.public_url = \"https://doppel.example\"")]
async fn over_https_cookies_are_for_this_host_alone(server: TestServer) {
    server.person("a").await;
    let page = server.anyone().get("/sign-in").await;
    let visitor = page.cookie("__Host-doppel_visitor").expect("a visitor cookie");
    let actor = server.anyone().with("cookie", &format!("__Host-doppel_visitor={visitor}"));
    let csrf = page.hidden("csrf");
    let fields = [("csrf", csrf.as_str()), ("email", "a@example.com"), ("password", PASSWORD), ("next", "")];
    let answer = actor.post_form("/sign-in", &fields).await;
    let session = answer.cookie("__Host-doppel_session").expect("a session cookie");
    let all =
        answer.headers.get_all("set-cookie").iter().all(|line| line.to_str().unwrap().contains("; Secure"));
    assert!(all, "{:?}", answer.headers);
    let plain = server.anyone().with("cookie", &format!("doppel_session={session}"));
    plain.get("/api/secondme/user/info").await.refused(401, "apikey.auth.missing");
}

#[both_engines]
async fn wrong_unknown_and_disabled_look_alike(server: TestServer) {
    server.person("a").await;
    let off = server.person("off").await;
    server.running().identity.set_disabled(off.account.id, true).await.unwrap();
    let mut seen = Vec::new();
    for (email, password) in
        [("a@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("off@example.com", PASSWORD)]
    {
        let mut browser = Browser::new(&server);
        let answer = browser.sign_in(email, password, "").await;
        assert_eq!(answer.status, 401);
        assert!(browser.session().is_none());
        assert!(!answer.body.contains(password), "a password is not sent back");
        let csrf = answer.hidden("csrf");
        seen.push(answer.body.replace(email, "EMAIL").replace(&csrf, "CSRF"));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[both_engines]
async fn guessing_is_slowed_whether_the_account_exists_or_not(server: TestServer) {
    server.person("a").await;
    for email in ["a@example.com", "nobody@example.com"] {
        let mut browser = Browser::new(&server);
        let mut statuses = Vec::new();
        for _ in 0..8 {
            statuses.push(browser.sign_in(email, "wrong", "").await.status);
        }
        assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 429, 429], "{email}");
        let slowed = browser.sign_in(email, PASSWORD, "").await;
        assert_eq!(
            (slowed.status, slowed.header("retry-after")),
            (429, "2"),
            "{email}: also the right one must wait"
        );
    }
    server.clock().advance_ms(1_001);
    assert_eq!(Browser::new(&server).sign_in("a@example.com", PASSWORD, "").await.status, 303);
    assert_eq!(
        Browser::new(&server).sign_in("a@example.com", "wrong", "").await.status,
        401,
        "and then it begins anew"
    );
}

#[both_engines]
async fn attempts_at_once_gain_nothing(server: TestServer) {
    server.person("a").await;
    let mut browser = Browser::new(&server);
    let csrf = browser.get("/sign-in").await.hidden("csrf");
    let actor = browser.actor();
    let fields = [("csrf", csrf.as_str()), ("email", "a@example.com"), ("password", "wrong"), ("next", "")];
    let answers = futures::future::join_all((0..20).map(|_| actor.post_form("/sign-in", &fields))).await;
    let checked = answers.iter().filter(|answer| answer.status == 401).count();
    assert!(checked <= 6, "{checked} passwords were checked");
}

#[both_engines]
async fn a_session_brought_along_is_never_adopted(server: TestServer) {
    server.person("a").await;
    server.person("mallory").await;
    let mut browser = Browser::new(&server);
    let planted = "lba_ss_".to_owned() + &"0".repeat(56);
    browser.plant("doppel_session", &planted);
    browser.sign_in("a@example.com", PASSWORD, "").await;
    assert_ne!(browser.session(), Some(planted.as_str()));
    // A valid session is not adopted either: the sign-in starts a new one and ends the old one.
    let mut browser = Browser::new(&server);
    browser.sign_in("mallory@example.com", PASSWORD, "").await;
    let old = browser.session().unwrap().to_owned();
    let csrf = browser.get("/account").await.hidden("csrf");
    let fields = [("csrf", csrf.as_str()), ("email", "a@example.com"), ("password", PASSWORD), ("next", "")];
    assert_eq!(browser.post("/sign-in", &fields).await.status, 303);
    assert_ne!(browser.session(), Some(old.as_str()));
    browser.plant("doppel_session", &old);
    assert_eq!(browser.get("/account").await.status, 303);
}

#[both_engines]
async fn only_addresses_of_this_server_are_followed(server: TestServer) {
    server.person("a").await;
    for (next, location) in [
        ("/keys?x=1", "/keys?x=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("keys", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
    ] {
        let answer = Browser::new(&server).sign_in("a@example.com", PASSWORD, next).await;
        assert_eq!((answer.status, answer.header("location")), (303, location), "{next:?}");
        assert!(answer.cookie("x").is_none());
    }
}

#[both_engines]
async fn a_form_needs_its_token(server: TestServer) {
    server.person("a").await;
    let mut browser = Browser::new(&server);
    let csrf = browser.get("/sign-in").await.hidden("csrf");
    let mut other = Browser::new(&server);
    let foreign = other.get("/sign-in").await.hidden("csrf");
    assert_ne!(csrf, foreign);
    for token in ["", "x", foreign.as_str()] {
        let fields = [("csrf", token), ("email", "a@example.com"), ("password", PASSWORD), ("next", "")];
        let answer = browser.post("/sign-in", &fields).await;
        assert_eq!(answer.status, 403, "{token}");
        assert!(answer.header("content-type").starts_with("text/html"));
    }
    assert!(browser.session().is_none());
    browser.sign_in("a@example.com", PASSWORD, "").await;
    for path in [
        "/sign-out",
        "/keys",
        "/account/password",
        "/account/sessions/end-others",
        "/keys/1/delete",
        "/keys/1/rotate",
    ] {
        assert_eq!(
            browser.post(path, &[("csrf", "x"), ("name", "x"), ("scope", "*")]).await.status,
            403,
            "{path}"
        );
        assert_eq!(browser.post(path, &[]).await.status, 403, "{path}");
    }
    assert_eq!(browser.get("/keys").await.status, 200, "still signed in");
}

#[both_engines]
async fn signing_out_ends_the_session(server: TestServer) {
    server.person("a").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "").await;
    let session = browser.session().unwrap().to_owned();
    let csrf = browser.get("/account").await.hidden("csrf");
    assert_eq!(browser.post("/sign-out", &[("csrf", &csrf)]).await.status, 303);
    assert!(browser.session().is_none());
    browser.plant("doppel_session", &session);
    assert_eq!(browser.get("/account").await.status, 303, "the cookie is worth nothing any more");
}

#[both_engines("accounts.session_days = 2")]
async fn a_session_ends_with_its_days(server: TestServer) {
    server.person("a").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "").await;
    server.clock().advance_ms(2 * 86_400_000 - 1);
    assert_eq!(browser.get("/account").await.status, 200);
    server.clock().advance_ms(1);
    assert_eq!(browser.get("/account").await.status, 303);
    assert!(!server.running().identity.remove_expired().await.unwrap());
}

#[both_engines]
async fn sessions_are_listed_and_ended(server: TestServer) {
    server.person("a").await;
    let (mut here, mut there) = (Browser::new(&server), Browser::new(&server));
    here.sign_in("a@example.com", PASSWORD, "").await;
    there.sign_in("a@example.com", PASSWORD, "").await;
    let page = here.get("/account").await;
    let path = page
        .body
        .split("action=\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|path| path.starts_with("/account/sessions/") && path.ends_with("/end"))
        .expect("another session")
        .to_owned();
    assert_eq!(here.post(&path, &[("csrf", &page.hidden("csrf"))]).await.status, 303);
    assert_eq!(there.get("/account").await.status, 303);
    assert_eq!(here.get("/account").await.status, 200);
}

#[both_engines]
async fn an_app_is_listed_and_its_access_taken_back(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let program = person.with_token(&app, "user.info").await;
    program.get("/api/secondme/user/info").await.data();
    let mut mallory = Browser::new(&server);
    mallory.sign_in("developer@example.com", PASSWORD, "").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "").await;
    let page = browser.get("/account").await;
    let mut actions = page.body.split("action=\"").filter_map(|rest| rest.split('"').next());
    let path = actions.find(|path| path.starts_with("/account/apps/")).expect("the app").to_owned();
    let csrf = mallory.get("/keys/new").await.hidden("csrf");
    assert_eq!(mallory.post(&path, &[("csrf", &csrf)]).await.status, 404, "only the person may");
    assert_eq!(browser.post(&path, &[("csrf", "x")]).await.status, 403);
    program.get("/api/secondme/user/info").await.data();
    assert_eq!(browser.post(&path, &[("csrf", &page.hidden("csrf"))]).await.status, 303);
    program.get("/api/secondme/user/info").await.refused(401, "auth.token.invalid");
    assert!(!browser.get("/account").await.body.contains("/account/apps/"));
}

#[both_engines]
async fn other_peoples_sessions_cannot_be_ended(server: TestServer) {
    let alice = server.person("alice").await;
    server.person("mallory").await;
    let alice_browser = alice.signed_in().await;
    let id = server.running().identity.sessions(alice.account.id).await.unwrap()[0].id;
    let mut mallory = Browser::new(&server);
    mallory.sign_in("mallory@example.com", PASSWORD, "").await;
    let csrf = mallory.get("/account").await.hidden("csrf");
    assert_eq!(mallory.post(&format!("/account/sessions/{id}/end"), &[("csrf", &csrf)]).await.status, 404);
    alice_browser.get("/api/apikey/list").await.data();
}

#[both_engines]
async fn a_new_password_ends_every_other_session(server: TestServer) {
    server.person("a").await;
    let (mut here, mut there) = (Browser::new(&server), Browser::new(&server));
    here.sign_in("a@example.com", PASSWORD, "").await;
    there.sign_in("a@example.com", PASSWORD, "").await;
    let csrf = here.get("/account").await.hidden("csrf");
    let wrong = [("csrf", csrf.as_str()), ("old", "wrong"), ("password", "another good one")];
    assert!(matches!(here.post("/account/password", &wrong).await.status, 401 | 403 | 422));
    assert_eq!(there.get("/account").await.status, 200);
    let right = [("csrf", csrf.as_str()), ("old", PASSWORD), ("password", "another good one")];
    let changed = here.post("/account/password", &right).await;
    assert!(matches!(changed.status, 200 | 303), "{}", changed.body);
    assert_eq!(here.get("/account").await.status, 200);
    assert_eq!(there.get("/account").await.status, 303);
    assert_eq!(Browser::new(&server).sign_in("a@example.com", PASSWORD, "").await.status, 401);
    assert_eq!(Browser::new(&server).sign_in("a@example.com", "another good one", "").await.status, 303);
}

/// A new password also ends programs, including sign-ins in progress. Apps and keys end only on request.
#[both_engines]
async fn what_ends_with_an_old_password(server: TestServer) {
    use serde_json::json;
    const INFO: &str = "/api/secondme/user/info";
    let (person, other) = (server.person("a").await, server.person("b").await);
    let app = server.person("developer").await.app("user.info").await;
    let nobody = server.anyone();
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "").await;
    let mut old = PASSWORD.to_owned();
    for (new, ticked) in [
        ("another good one", &[][..]),
        ("and another one", &["apps"]),
        ("the fourth of them", &["apps", "keys"]),
    ] {
        let program = server.bearer(&person.program_token().await);
        let (token, key) = (person.with_token(&app, "user.info").await, person.with_key("*").await);
        let strangers = [
            server.bearer(&other.program_token().await),
            other.with_token(&app, "user.info").await,
            other.with_key("*").await,
        ];
        let code =
            server.running().identity.program_code(person.account.id, testkit::CHALLENGE).await.unwrap();
        let device = nobody.post("/api/auth/cli/session", json!({})).await.data();
        let session = device["sessionId"].as_str().unwrap();
        browser.actor().post(&format!("/api/auth/cli/session/{session}/authorize"), json!({})).await.data();
        for actor in [&program, &token, &key] {
            actor.get(INFO).await.data();
        }
        let csrf = browser.get("/account").await.hidden("csrf");
        let mut form = vec![("csrf", csrf.as_str()), ("old", old.as_str()), ("password", new)];
        form.extend(ticked.iter().map(|what| ("end", *what)));
        assert_eq!(
            browser.post("/account/password", &form).await.header("location"),
            "/account?done=password"
        );
        old = new.to_owned();
        program.get(INFO).await.refused(401, "auth.token.invalid");
        let body = json!({"code": code.expose(), "codeVerifier": testkit::VERIFIER});
        nobody.post("/api/auth/skills/token", body).await.refused(400, "oauth2.code.invalid");
        let polled = nobody.get(&format!("/api/auth/cli/session/{session}/poll")).await.data();
        assert_eq!(polled, json!({"status": "expired"}));
        assert_eq!(token.get(INFO).await.status, if ticked.contains(&"apps") { 401 } else { 200 });
        assert_eq!(key.get(INFO).await.status, if ticked.contains(&"keys") { 401 } else { 200 });
        for stranger in strangers {
            stranger.get(INFO).await.data();
        }
    }
    // Ended keys no longer count.
    assert_eq!(browser.actor().get("/api/apikey/list").await.data()["total"], 0);
}

#[both_engines]
async fn a_clock_that_was_ahead_shuts_nobody_out(server: TestServer) {
    server.person("a").await;
    for hours in [6, 24 * 30] {
        server.clock().advance_ms(hours * 3_600_000);
        let mut browser = Browser::new(&server);
        while browser.sign_in("a@example.com", "wrong", "").await.status == 401 {
            server.clock().advance_ms(1);
        }
        server.clock().advance_ms(-hours * 3_600_000);
        assert_eq!(browser.sign_in("a@example.com", PASSWORD, "").await.status, 303);
    }
}

#[both_engines]
async fn pages_let_nothing_in_and_nothing_out(server: TestServer) {
    let page = server.anyone().get("/sign-in").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("cache-control"), "no-store");
}

#[both_engines("accounts.hashes_at_once = 1\naccounts.hash_queue = 2")]
async fn a_flood_of_passwords_queues_and_then_is_refused(server: TestServer) {
    let mut browser = Browser::new(&server);
    let csrf = browser.get("/sign-in").await.hidden("csrf");
    let actor = browser.actor();
    let floods = (0..24).map(|i| {
        let (actor, csrf) = (actor.clone(), csrf.clone());
        async move {
            let email = format!("p{i}@example.com");
            actor
                .post_form("/sign-in", &[("csrf", &csrf), ("email", &email), ("password", "x"), ("next", "")])
                .await
        }
    });
    let answers = futures::future::join_all(floods).await;
    let refused = answers.iter().filter(|answer| answer.status == 503).count();
    assert!(refused > 0, "none was refused");
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 503)));
    assert_eq!(browser.sign_in("p1@example.com", "x", "").await.status, 401, "and then it works again");
}

#[both_engines]
async fn the_language_follows_the_browser_and_then_the_choice(server: TestServer) {
    let chinese = server.anyone().get("/sign-in").await;
    assert!(chinese.body.contains("lang=\"zh-CN\"") && chinese.body.contains("登录"));
    let mut browser = Browser::new(&server);
    let page = browser.get("/sign-in").await;
    assert!(page.body.contains("lang=\"en\""), "{}", page.body);
}
