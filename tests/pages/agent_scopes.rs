//! `/account/apps/{id}`: the scopes of an agent

use serde_json::json;
use testkit::{TestServer, both_engines};

use crate::oauth::flow::{Agent, Arrival, boxes, decide, signed_in};

use super::consent::destination;

/// Returns an agent that registered itself and got all but one of the scopes that it asked for, and its
/// tokens.
async fn without_writing(
    server: &TestServer,
    browser: &mut super::sign_in::Browser,
) -> (Agent, serde_json::Value) {
    let body = json!({
        "client_name": "An <agent>", "redirect_uris": ["https://agent.example/cb"],
        "token_endpoint_auth_method": "none",
    });
    let (agent, _) = Agent::register(server, &body, "https://agent.example/cb").await;
    let page = browser.get(&agent.address("")).await;
    let back = decide(browser, &page, "allow", &["memory.read", "note.write"]).await;
    let code = Arrival::parse(&destination(&back)).get("code").to_owned();
    let tokens = agent.exchange(server, &code).await.json();
    assert_eq!(tokens["scope"], "userinfo memory.read note.write", "{tokens}");
    (agent, tokens)
}

#[both_engines]
async fn scopes_of_an_agent_can_be_changed_later(server: TestServer) {
    let person = server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let (agent, tokens) = without_writing(&server, &mut browser).await;
    let standing =
        async || server.running().identity.standing(person.account.id, &agent.client_id).await.unwrap();
    let path = format!("/account/apps/{}", standing().await.unwrap().id);
    assert!(browser.get("/account").await.body.contains(&format!("href=\"{path}\"")));
    let page = browser.get(&path).await;
    assert!(page.body.contains("An &#60;agent&#62;") && page.body.contains("Unverified"), "{}", page.body);
    assert_eq!(boxes(&page).1, ["userinfo", "memory.read", "note.write"]);
    let csrf = page.hidden("csrf");
    let form =
        [("csrf", csrf.as_str()), ("scope", "memory.read"), ("scope", "memory.write"), ("scope", "chat")];
    let changed = browser.post(&path, &form).await;
    assert_eq!((changed.status, changed.header("location")), (303, format!("{path}?done=changed").as_str()));
    // A scope that is ticked later is effective for older tokens; one that was never asked for is not added.
    let next = agent.refresh(&server, tokens["refresh_token"].as_str().unwrap()).await.json();
    assert_eq!(next["scope"], "userinfo memory.read memory.write", "{next}");
    assert_eq!(browser.post(&path, &[("csrf", "forged"), ("scope", "memory.read")]).await.status, 403);
    let ended = browser.post(&format!("{path}/revoke"), &[("csrf", &csrf)]).await;
    assert_eq!(ended.status, 303);
    assert!(standing().await.is_none());
    assert_eq!(browser.get(&path).await.status, 404);
    let refused = agent.refresh(&server, next["refresh_token"].as_str().unwrap()).await;
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")));
}

#[both_engines]
async fn other_peoples_agents_cannot_be_changed(server: TestServer) {
    let person = server.person("a").await;
    server.person("b").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let (agent, _) = without_writing(&server, &mut browser).await;
    let standing = async || {
        server.running().identity.standing(person.account.id, &agent.client_id).await.unwrap().unwrap()
    };
    let id = standing().await.id;
    let mut other = signed_in(&server, "b@example.com").await;
    let csrf = other.get("/account").await.hidden("csrf");
    for path in [format!("/account/apps/{id}"), "/account/apps/x".into(), "/account/apps/1".into()] {
        assert_eq!(other.get(&path).await.status, 404, "{path}");
        assert_eq!(
            other.post(&path, &[("csrf", &csrf), ("scope", "memory.write")]).await.status,
            404,
            "{path}"
        );
    }
    assert!(!standing().await.scopes.names().contains(&"memory.write"));
}
