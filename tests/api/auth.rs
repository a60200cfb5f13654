//! `/api/auth/skills/…`, `/api/auth/cli/…`: programs that a person signs in

use serde_json::{Value, json};
use testkit::{CHALLENGE, Person, TestServer, VERIFIER, both_engines};

const SKILL: &str = "/gate/lab/api/auth/skills/token";
const START: &str = "/api/auth/cli/session";
const INFO: &str = "/api/secondme/user/info";

async fn code(server: &TestServer, person: &Person) -> String {
    let code = server.running().identity.program_code(person.account.id, CHALLENGE).await.unwrap();
    code.expose().to_owned()
}

fn text(data: &Value, name: &str) -> String {
    data[name].as_str().unwrap_or_else(|| panic!("no {name} in {data}")).to_owned()
}

async fn poll(server: &TestServer, session: &str) -> Value {
    server.anyone().get(&format!("{START}/{session}/poll")).await.data()
}

#[both_engines]
async fn a_code_from_the_page_lets_a_program_in(server: TestServer) {
    let person = server.person("a").await;
    let code = code(&server, &person).await;
    let nobody = server.anyone();
    let data = nobody.post(SKILL, json!({"code": code, "codeVerifier": VERIFIER})).await.data();
    assert_eq!((&data["tokenType"], &data["expiresIn"]), (&json!("Bearer"), &json!(604_800)));
    assert!(data.get("refreshToken").is_none());
    let bearer = server.bearer(&text(&data, "accessToken"));
    assert_eq!(bearer.get(INFO).await.data()["userId"], person.account.id.to_string());
    assert_eq!(bearer.get("/api/auth/me").await.data()["appScopedUserId"], Value::Null);
    // The program has all scopes of the person, such as those to change the profile and to register apps.
    bearer.post("/api/secondme/user/profile", json!({"name": "B"})).await.data();
    let request = json!({"appName": "x", "redirectUris": ["https://x.example"], "allowedScopes": ["chat"]});
    bearer.post("/api/applications/external/create", request).await.data();
    server.clock().advance_ms(604_799_000);
    bearer.get(INFO).await.data();
    server.clock().advance_ms(1_000);
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
}

#[both_engines]
async fn what_is_wrong_with_a_code(server: TestServer) {
    let person = server.person("a").await;
    let nobody = server.anyone();
    let good = code(&server, &person).await;
    let refusal = nobody.post(SKILL, json!({})).await.refused(422, "invalid.param");
    assert_eq!(refusal["detail"].as_array().unwrap().len(), 2);
    for (code, verifier) in [("x", VERIFIER), (good.as_str(), "wrong"), (&good, "")] {
        nobody
            .post(SKILL, json!({"code": code, "codeVerifier": verifier}))
            .await
            .refused(400, "oauth2.code.invalid");
    }
    // A code for an app is not accepted from a program, nor the other way round.
    let app = server.person("developer").await.app("chat").await;
    let foreign = person.allow_with_challenge(&app, "chat").await;
    nobody
        .post(SKILL, json!({"code": foreign, "codeVerifier": VERIFIER}))
        .await
        .refused(400, "oauth2.code.invalid");
    nobody.post_form("/api/oauth/token/code", &app.exchange(&good)).await.refused(400, "oauth2.code.invalid");
    server.clock().advance_ms(300_000);
    nobody
        .post(SKILL, json!({"code": good, "codeVerifier": VERIFIER}))
        .await
        .refused(400, "oauth2.code.expired");
    for challenge in ["", "short", VERIFIER] {
        let made = server.running().identity.program_code(person.account.id, challenge).await;
        assert_eq!(made.is_ok(), challenge == VERIFIER, "{challenge}: any 32 bytes are a challenge");
    }
}

/// At most one request succeeds. The others are replays, which revoke its token.
#[both_engines]
async fn twenty_at_once_with_one_code(server: TestServer) {
    let person = server.person("a").await;
    let body = json!({"code": code(&server, &person).await, "codeVerifier": VERIFIER});
    let all =
        futures::future::join_all((0..20).map(|_| async { server.anyone().post(SKILL, body.clone()).await }))
            .await;
    let (won, lost): (Vec<_>, Vec<_>) = all.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 19));
    for answer in lost {
        answer.refused(400, "oauth2.code.used");
    }
    server.bearer(&text(&won[0].data(), "accessToken")).get(INFO).await.refused(401, "auth.token.invalid");
}

#[both_engines]
async fn a_program_waits_for_its_person(server: TestServer) {
    let person = server.person("a").await;
    let started = server.anyone().post(START, json!({})).await.data();
    let (session, user_code) = (text(&started, "sessionId"), text(&started, "userCode"));
    assert_eq!((session.len(), user_code.len(), user_code.as_bytes()[4]), (36, 9, b'-'));
    assert_eq!(started["expiresAt"], "2026-01-01T00:10:00Z");
    assert_eq!(poll(&server, &session).await, json!({"status": "pending"}));
    let browser = person.signed_in().await;
    assert_eq!(
        browser.post(&format!("{START}/{session}/authorize"), json!({})).await.data()["status"],
        "authorized"
    );
    let first = poll(&server, &session).await;
    let token = text(&first, "token");
    assert_eq!((&first["status"], poll(&server, &session).await), (&json!("authorized"), first.clone()));
    server.bearer(&token).get(INFO).await.data();
    // Nobody else can confirm the program.
    let other = server.person("b").await.signed_in().await;
    other.post(&format!("{START}/{session}/authorize"), json!({})).await.refused(400, "oauth2.code.invalid");
    other
        .post(&format!("{START}/authorize-by-code"), json!({"userCode": user_code}))
        .await
        .refused(400, "oauth2.code.invalid");
    assert_eq!(server.bearer(&token).get(INFO).await.data()["userId"], person.account.id.to_string());
    server.clock().advance_ms(600_000);
    assert_eq!(poll(&server, &session).await, json!({"status": "expired"}));
    while server.running().identity.remove_expired().await.unwrap() {}
    assert_eq!(poll(&server, &session).await, json!({"status": "expired"}));
    server.bearer(&token).get(INFO).await.data();
}

#[both_engines]
async fn a_person_types_the_code(server: TestServer) {
    let browser = server.person("a").await.signed_in().await;
    let started = server.anyone().post(START, json!({})).await.data();
    let typed = text(&started, "userCode").to_lowercase().replace('-', " ");
    let by_code = format!("{START}/authorize-by-code");
    browser.post(&by_code, json!({})).await.refused(422, "invalid.param");
    for wrong in ["", "ABCD-12", "AAAA-0000"] {
        browser.post(&by_code, json!({"userCode": wrong})).await.refused(400, "oauth2.code.invalid");
    }
    browser.post(&by_code, json!({"userCode": typed})).await.data();
    let all =
        futures::future::join_all((0..10).map(|_| poll(&server, started["sessionId"].as_str().unwrap())))
            .await;
    let tokens: std::collections::HashSet<String> = all.iter().map(|data| text(data, "token")).collect();
    assert_eq!(tokens.len(), 1, "all of them get the same");
    server.bearer(tokens.iter().next().unwrap()).get(INFO).await.data();
    assert_eq!(poll(&server, "6f1c1f5e-0000-4000-8000-000000000000").await, json!({"status": "expired"}));
    server.clock().advance_ms(600_000);
    let late = server.anyone().post(START, json!({})).await.data();
    server.clock().advance_ms(600_000);
    browser.post(&by_code, json!({"userCode": late["userCode"]})).await.refused(400, "oauth2.code.invalid");
}

#[both_engines]
async fn a_switched_off_person_has_no_programs(server: TestServer) {
    let person = server.person("a").await;
    let bearer = server.bearer(&person.program_token().await);
    let waiting = code(&server, &person).await;
    bearer.get(INFO).await.data();
    server.running().identity.set_disabled(person.account.id, true).await.unwrap();
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
    let body = json!({"code": waiting, "codeVerifier": VERIFIER});
    server.anyone().post(SKILL, body).await.refused(400, "oauth2.code.revoked");
}
