//! `/auth/skills`, `/auth/cli`: a person signs in a program

use serde_json::json;
use testkit::{CHALLENGE, PASSWORD, TestServer, VERIFIER, both_engines};

use super::sign_in::Browser;

const INFO: &str = "/api/secondme/user/info";

/// The person signs in, the page shows a code, and the program exchanges it for a token.
#[both_engines]
async fn a_code_is_carried_to_a_program(server: TestServer) {
    server.person("a").await;
    let mut browser = Browser::new(&server);
    let start = format!("/auth/skills?challenge={CHALLENGE}");
    let door = browser.get(&start).await;
    assert!(door.status == 303 && door.header("location").starts_with("/sign-in?next=%2Fauth%2Fskills"));
    browser.sign_in("a@example.com", PASSWORD, &start).await;
    let page = browser.get(&start).await;
    assert!(!page.body.contains("lba_ac_"), "a code is made by a click, not by a link");
    let form = [("csrf", page.hidden("csrf")), ("challenge", page.hidden("challenge"))];
    let fields: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let shown = browser.post("/auth/skills", &fields).await;
    let code: String = shown.body[shown.body.find("lba_ac_").expect("a code")..].chars().take(63).collect();
    let body = json!({"code": code, "codeVerifier": VERIFIER});
    let token =
        server.anyone().with("user-agent", "my-agent/1").post("/api/auth/skills/token", body).await.data();
    let bearer = server.bearer(token["accessToken"].as_str().unwrap());
    bearer.get(INFO).await.data();
    // The account page lists the program and can sign it out.
    let account = browser.get("/account").await;
    assert!(account.body.contains("my-agent/1"), "{}", account.body);
    let path = account
        .body
        .split_once("action=\"/account/programs/")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let csrf = account.hidden("csrf");
    let mut mallory = Browser::new(&server);
    server.person("mallory").await;
    mallory.sign_in("mallory@example.com", PASSWORD, "").await;
    let foreign = mallory.get("/account").await.hidden("csrf");
    assert_eq!(mallory.post(&format!("/account/programs/{path}"), &[("csrf", &foreign)]).await.status, 404);
    bearer.get(INFO).await.data();
    assert_eq!(
        browser.post(&format!("/account/programs/{path}"), &[("csrf", &csrf)]).await.header("location"),
        "/account?done=program"
    );
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
    for bad in ["/auth/skills", "/auth/skills?challenge=x"] {
        assert_eq!(browser.get(bad).await.status, 400);
    }
    assert_eq!(browser.post("/auth/skills", &[("csrf", "x"), ("challenge", CHALLENGE)]).await.status, 403);
}

#[both_engines]
async fn a_program_that_waits_is_let_in(server: TestServer) {
    server.person("a").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "").await;
    let start = || async { server.anyone().post("/api/auth/cli/session", json!({})).await.data() };
    for by_typing in [false, true] {
        let device = start().await;
        let (session, code) = (device["sessionId"].as_str().unwrap(), device["userCode"].as_str().unwrap());
        let page = if by_typing {
            browser.get("/auth/cli").await
        } else {
            let page = browser.get(&format!("/auth/cli?session={session}")).await;
            assert!(page.body.contains(code) && page.hidden("code") == code);
            page
        };
        let csrf = page.hidden("csrf");
        let wrong = browser.post("/auth/cli", &[("csrf", csrf.as_str()), ("code", "ABCD-0000")]).await;
        assert_eq!(wrong.status, 400);
        let typed = code.to_lowercase();
        let done = browser.post("/auth/cli", &[("csrf", csrf.as_str()), ("code", typed.as_str())]).await;
        assert_eq!(done.status, 200, "{}", done.body);
        let polled = server.anyone().get(&format!("/api/auth/cli/session/{session}/poll")).await.data();
        server.bearer(polled["token"].as_str().unwrap()).get(INFO).await.data();
        assert_eq!(
            browser.get(&format!("/auth/cli?session={session}")).await.status,
            400,
            "it waits no more"
        );
    }
    assert_eq!(browser.post("/auth/cli", &[("csrf", "x"), ("code", "x")]).await.status, 403);
}
