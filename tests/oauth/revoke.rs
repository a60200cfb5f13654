//! `/oauth/revoke` (RFC 7009)

use testkit::{App, TestServer, both_engines};

use super::refused;

const REVOKE: &str = "/oauth/revoke";
const INFO: &str = "/api/secondme/user/info";

async fn revoke(server: &TestServer, app: &App, token: &str) -> testkit::Response {
    let form = [("token", token), ("client_id", &app.id), ("client_secret", &app.secret)];
    server.anyone().post_form(REVOKE, &form).await
}

#[both_engines]
async fn an_access_token_ends_alone(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let tokens = person.tokens(&app, "user.info").await;
    let bearer = server.bearer(tokens.access.expose());
    bearer.get(INFO).await.data();
    let answer = revoke(&server, &app, tokens.access.expose()).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
    let refresh = tokens.refresh.unwrap();
    server.anyone().post_form("/api/oauth/token/refresh", &app.refresh(refresh.expose())).await.data();
}

#[both_engines]
async fn a_refresh_token_takes_its_access_tokens_along(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info chat").await;
    let (tokens, others) = (person.tokens(&app, "user.info").await, person.tokens(&app, "user.info").await);
    let refresh = tokens.refresh.unwrap();
    assert_eq!(revoke(&server, &app, refresh.expose()).await.status, 200);
    server.bearer(tokens.access.expose()).get(INFO).await.refused(401, "auth.token.invalid");
    server
        .anyone()
        .post_form("/api/oauth/token/refresh", &app.refresh(refresh.expose()))
        .await
        .refused(401, "oauth2.refresh_token.revoked");
    // Tokens of another code belong to another device, and stay valid.
    server.bearer(others.access.expose()).get(INFO).await.data();
    let own = app.own_token().await;
    assert_eq!(revoke(&server, &app, &own).await.status, 200);
    server.bearer(&own).get(INFO).await.refused(401, "auth.token.invalid");
}

#[both_engines]
async fn unknown_and_foreign_tokens_are_left_alone_without_a_word(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let (app, other) = (developer.app("user.info").await, developer.app("user.info").await);
    let tokens = person.tokens(&app, "user.info").await;
    let dead = format!("lba_at_{}", "0".repeat(56));
    for token in ["x", dead.as_str(), tokens.access.expose(), tokens.refresh.as_ref().unwrap().expose()] {
        let answer = revoke(&server, &other, token).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{token}");
    }
    server.bearer(tokens.access.expose()).get(INFO).await.data();
}

#[both_engines]
async fn only_a_client_may_revoke(server: TestServer) {
    let app = server.person("developer").await.app("user.info").await;
    let nobody = server.anyone();
    refused(&nobody.post_form(REVOKE, &[("token", "x")]).await, 401, "invalid_client");
    refused(
        &nobody.post_form(REVOKE, &[("token", "x"), ("client_id", &app.id), ("client_secret", "y")]).await,
        401,
        "invalid_client",
    );
    refused(
        &nobody.post_form(REVOKE, &[("client_id", &app.id), ("client_secret", &app.secret)]).await,
        400,
        "invalid_request",
    );
    refused(
        &nobody
            .post_form(REVOKE, &[("token", ""), ("client_id", &app.id), ("client_secret", &app.secret)])
            .await,
        400,
        "invalid_request",
    );
}
