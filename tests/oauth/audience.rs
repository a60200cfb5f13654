//! Tokens are for one resource (RFC 8707): the whole server, or the tools at `/mcp`.

use identity::Audience;
use serde_json::json;
use testkit::{TestServer, both_engines};

const INFO: &str = "/api/secondme/user/info";

#[both_engines]
async fn a_token_for_the_tools_opens_nothing_else(server: TestServer) {
    let person = server.person("a").await;
    let app = server
        .person("developer")
        .await
        .app("userinfo memory.read memory.write note.write chat.write plaza.read agent_memory")
        .await;
    let agent = person.with_mcp_token(&app, "userinfo memory.read memory.write note.write chat.write").await;
    for base in ["/api", "/gate/lab/api"] {
        for path in [
            "/secondme/user/info",
            "/secondme/user/shades",
            "/secondme/memory/key/search",
            "/secondme/note/list",
            "/secondme/plaza/posts",
            "/secondme/agent_memory/overview",
            "/apikey/list",
            "/applications/external/list",
        ] {
            let answer = agent.get(&format!("{base}{path}")).await;
            assert!(matches!(answer.status, 401 | 404 | 405), "{base}{path}: {}", answer.body);
        }
    }
    agent.get(INFO).await.refused(401, "auth.token.invalid");
    agent.post("/api/secondme/memory/key", json!({"content": "x"})).await.refused(401, "auth.token.invalid");
    assert_eq!(agent.get("/v1/models").await.status, 401);
    // A page sends it to the sign-in, as anybody.
    assert_ne!(agent.get("/memories").await.status, 200);
}

#[both_engines]
async fn a_token_for_the_server_does_not_change_memories(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("userinfo memory.read memory.write").await;
    let actor = person.with_token(&app, "userinfo memory.read memory.write").await;
    actor.get(INFO).await.data();
    actor
        .post("/api/secondme/memory/key", json!({"content": "x"}))
        .await
        .refused(403, "apikey.permission.denied");
}

#[both_engines]
async fn introspection_names_the_resource(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("userinfo").await;
    for (audience, path) in [(Audience::Server, ""), (Audience::Mcp, "/mcp")] {
        let tokens = person.tokens_for(audience, &app, "userinfo").await;
        for token in [&tokens.access, tokens.refresh.as_ref().unwrap()] {
            let form = [
                ("token", token.expose()),
                ("client_id", app.id.as_str()),
                ("client_secret", app.secret.as_str()),
            ];
            let found = server.anyone().post_form("/oauth/introspect", &form).await.json();
            assert_eq!(found["aud"], format!("{}{path}", server.base_url()), "{found}");
        }
    }
}

#[both_engines]
async fn tokens_for_the_tools_last_longer(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("userinfo").await;
    for (audience, seconds) in [(Audience::Server, 7_200), (Audience::Mcp, 86_400)] {
        let tokens = person.tokens_for(audience, &app, "userinfo").await;
        assert_eq!(tokens.expires_in, seconds);
        let form = app.refresh(tokens.refresh.as_ref().unwrap().expose());
        let next = server.anyone().post_form("/oauth/token", &form).await.json();
        assert_eq!((&next["expires_in"], &next["scope"]), (&json!(seconds), &json!("userinfo")), "{next}");
    }
}
