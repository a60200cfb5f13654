//! Every operation of the OpenAPI document with every kind of credential.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::{Actor, Response, TestServer, both_engines};

use super::document::{Operation, operations};

/// Returns true if the response says that the credential lacks a permission.
fn denied(answer: &Response) -> bool {
    let codes = [
        "apikey.permission.denied",
        "auth.scope.missing",
        "auth.session.required",
        "secondme.user.invalid_id",
    ];
    answer.status == 401 || codes.iter().any(|code| answer.body.contains(code))
}

/// Creates an avatar, and returns the members that name its key: a request with another one gets 401, too.
async fn members(server: &TestServer) -> Value {
    let owner = server.person("owner").await.signed_in().await;
    let avatar = crate::api::avatars::avatar(&owner, json!({"title": "a"})).await;
    json!({"apiKey": crate::api::avatars::key(&owner, avatar).await.1})
}

async fn call(operation: &Operation, actor: &Actor, what: &str, members: &Value) -> Response {
    let answer = operation.call(actor, &[], members).await;
    // No model is configured, so some operations return 503.
    assert!(answer.status < 500 || answer.status == 503, "{} as {what}: {}", operation.id, answer.body);
    answer
}

/// Returns clients with invalid, expired and revoked credentials.
async fn bad(server: &TestServer) -> Vec<(&'static str, Actor)> {
    let person = server.person("bad").await;
    let app = person.app("user.info chat").await;
    let soon = Some(server.clock().now().plus_secs(60));
    let (_, expiring) = person.new_key("*", soon).await;
    let (revoked, revoked_key) = person.new_key("*", None).await;
    person.signed_in().await.post(&format!("/api/apikey/{revoked}/delete"), json!({})).await.data();
    let taken_back = person.with_token(&app, "user.info").await;
    person.revoke(&app).await;
    let tokens = person.tokens(&app, "user.info chat").await;
    let (expired_token, refresh) =
        (tokens.access.expose().to_owned(), tokens.refresh.map(|token| token.expose().to_owned()));
    let (_, good) = person.new_key("*", None).await;
    let mut typo = good.clone();
    typo.pop();
    typo.push(if good.ends_with('0') { '1' } else { '0' });
    let disabled = server.person("disabled").await;
    let (disabled_key, disabled_session) = (disabled.with_key("*").await, disabled.signed_in().await);
    server.running().identity.set_disabled(disabled.account.id, true).await.unwrap();
    // Access tokens expire.
    server.clock().advance_ms(7_300_000);
    vec![
        ("nobody", server.anyone()),
        ("an expired key", server.bearer(&expiring)),
        ("a revoked key", server.bearer(&revoked_key)),
        ("a mistyped key", server.bearer(&typo)),
        ("a malformed key", server.bearer("lba_ak_")),
        ("a malformed token", server.bearer("lba_at_0123456789")),
        ("a token taken back", taken_back),
        ("an expired token", server.bearer(&expired_token)),
        ("a refresh token", server.bearer(&refresh.unwrap_or_default())),
        ("nonsense", server.bearer("nonsense")),
        ("another scheme", server.anyone().with("authorization", "Basic dXNlcjpwYXNz")),
        ("a made-up session", server.anyone().with("cookie", "doppel_session=lba_se_0123456789")),
        ("a disabled person's key", disabled_key),
        ("a disabled person's session", disabled_session),
    ]
}

#[both_engines]
async fn what_is_not_good_opens_what_is_public_alone(server: TestServer) {
    let bad = bad(&server).await;
    for operation in operations(&server).await {
        for (what, actor) in &bad {
            let answer = call(&operation, actor, what, &json!({})).await;
            if !operation.is_public() {
                assert_eq!(answer.status, 401, "{} as {what}: {}", operation.id, answer.body);
            }
        }
    }
}

/// A key with one scope may call exactly the operations whose description names this scope.
#[both_engines]
async fn a_scope_opens_what_names_it(server: TestServer) {
    let person = crate::plaza::square::resident(&server, "a").await;
    let (all, members) = (operations(&server).await, members(&server).await);
    let scopes: BTreeSet<&str> = identity::Scope::ALL.iter().map(|scope| scope.name()).chain(["*"]).collect();
    for operation in &all {
        for scope in operation.scopes().into_iter().flatten() {
            assert!(scopes.contains(scope), "{}: no scope: {scope}", operation.id);
        }
    }
    for scope in scopes {
        let actor = person.with_key(scope).await;
        for operation in all.iter().filter(|operation| !operation.is_public()) {
            let expected = match operation.scopes() {
                Some(named) => scope == "*" || named.contains(&scope),
                None => operation.about.contains("Any ") && operation.takes("bearer"),
            };
            let answer = call(operation, &actor, scope, &members).await;
            assert_eq!(!denied(&answer), expected, "{} with {scope}: {}", operation.id, answer.body);
        }
    }
}

#[both_engines]
async fn a_scope_of_an_app_opens_no_more_than_that_of_a_key(server: TestServer) {
    let person = crate::plaza::square::resident(&server, "a").await;
    let (all, members) = (operations(&server).await, members(&server).await);
    let scopes: Vec<&str> = identity::Scope::ALL
        .iter()
        .map(|scope| scope.name())
        .filter(|scope| !matches!(*scope, "*" | "memory.write" | "hub.call"))
        .collect();
    let app = server.person("developer").await.app(&scopes.join(" ")).await;
    for scope in scopes {
        let actor = person.with_token(&app, scope).await;
        for operation in all.iter().filter(|operation| !operation.is_public()) {
            let answer = call(operation, &actor, scope, &members).await;
            let is_for_apps = operation.takes("bearer") && operation.about.contains("app's token may do so");
            let is_for_every_token = operation.about.contains("Every app's token");
            let expected = match operation.scopes() {
                Some(named) => named.contains(&scope) || is_for_every_token,
                None => operation.takes("bearer") && operation.about.contains("Any ") || is_for_apps,
            };
            // Some operations return 404 to apps, so that they do not tell whether a resource exists.
            let is_hidden = answer.status == 404 && operation.about.contains("not for applications");
            assert_eq!(!denied(&answer), expected, "{} with {scope}: {}", operation.id, answer.body);
            assert!(
                !operation.about.contains("not for applications") || denied(&answer) || is_hidden,
                "{}",
                operation.id
            );
        }
    }
    let own = server.bearer(&app.own_token().await);
    for operation in all.iter().filter(|operation| !operation.is_public()) {
        let answer = call(operation, &own, "an app in its own name", &members).await;
        let serves_apps = operation.about.contains("app's own token");
        assert_eq!(denied(&answer), !serves_apps, "{}: {}", operation.id, answer.body);
    }
}

#[both_engines("hub.keys = \"everybody\"")]
async fn a_person_and_their_program_may_do_what_the_document_says(server: TestServer) {
    // The first person of a server is an administrator.
    let person = crate::plaza::square::resident(&server, "a").await;
    let members = members(&server).await;
    let (session, program) = (person.signed_in().await, server.bearer(&person.program_token().await));
    for operation in operations(&server).await.iter().filter(|operation| !operation.is_public()) {
        assert!(operation.takes("session"), "{}: a person may do everything", operation.id);
        let answer = call(operation, &session, "a person", &members).await;
        assert!(!denied(&answer) && answer.status != 403, "{}: {}", operation.id, answer.body);
        let answer = call(operation, &program, "a program", &members).await;
        assert!(operation.takes("bearer") || denied(&answer), "{}: {}", operation.id, answer.body);
    }
    let other = crate::plaza::square::resident(&server, "b").await.signed_in().await;
    for operation in operations(&server).await {
        let answer = call(&operation, &other, "another person", &members).await;
        let is_refused = answer.body.contains("auth.admin.required");
        assert_eq!(
            is_refused,
            operation.about.contains("For administrators"),
            "{}: {}",
            operation.id,
            answer.body
        );
    }
}
