//! ChatGPT and Codex as they connect: known by their documents, proving themselves with a key at the token
//! endpoint, and reading challenges in results.

use serde_json::{Value, json};
use testkit::{START, TestServer, both_engines};

use super::{
    client_documents::{jwks, proving, signed},
    flow::{Agent, signed_in},
    host::stay_offline,
    refused,
};
use crate::mcp::support::{done, modern};

const KEYS: &str = "https://chatgpt.com/oauth/jwks.json";

/// Stores the keys of ChatGPT as if they had been fetched a moment ago: no test asks its host.
async fn fetch_keys(server: &TestServer) {
    const STORE: &str = "INSERT INTO client_document (kind, url, media_type, body, fetched_at, fresh_until) \
         VALUES ('keys', $1, 'application/json', $2, $3, $4)";
    let (body, now) = (jwks().to_string().into_bytes(), server.clock().now());
    let values = store::params![KEYS, &body, now, now.plus_ms(3_600_000)];
    server.running().db.execute(STORE, values).await.unwrap();
}

/// Returns the agent with an assertion for the token endpoint, whose id is used once.
fn with_assertion(server: &TestServer, agent: &Agent, id: &str) -> Agent {
    let now = START.as_millis() / 1000;
    let claims = json!({
        "iss": agent.client_id, "sub": agent.client_id, "aud": format!("{}/oauth/token", server.base_url()),
        "jti": id, "exp": now + 300, "iat": now,
    });
    proving(agent, signed(&json!({"alg": "RS256", "kid": "r"}), &claims))
}

async fn connects(server: &TestServer, client_id: &str, callback: &str) {
    let mut browser = signed_in(server, "a@example.com").await;
    let agent = Agent::new(server, client_id, callback);
    let page = browser.get(&agent.address("")).await;
    assert!(page.status == 200 && !page.body.contains("Unverified"), "{client_id}: {}", page.body);
    let code = agent.allow(&mut browser).await;
    // An assertion that is not its own is refused, and does not use the code up.
    let other =
        Agent { client_id: "https://chatgpt.com/oauth/other/client.json".to_owned(), ..agent.clone() };
    let stolen = Agent {
        proof: with_assertion(server, &other, "stolen").proof.into_iter().skip(1).collect(),
        ..agent.clone()
    };
    let answer = stolen.exchange(server, code.get("code")).await;
    assert!(answer.status == 400 || answer.status == 401, "{}", answer.body);
    let proven = with_assertion(server, &agent, &format!("{client_id} 1"));
    let answer = proven.exchange(server, code.get("code")).await;
    assert_eq!(answer.status, 200, "{client_id}: {}", answer.body);
    let tokens = answer.json();
    // The same assertion is not good again.
    refused(&proven.refresh(server, tokens["refresh_token"].as_str().unwrap()).await, 401, "invalid_client");

    let caller = server.bearer(tokens["access_token"].as_str().unwrap());
    let call = async |tool: &str, arguments: Value| {
        let answer = modern(&caller, "tools/call", json!({"name": tool, "arguments": arguments})).await;
        assert_eq!(answer.status, 200, "{client_id} {tool}: {}", answer.body);
        answer.json()["result"].clone()
    };
    let added = call("add_memory", json!({"content": format!("Tea, says {callback}")})).await;
    let id = done(&added)["id"].clone();
    let found = call("search", json!({"query": callback})).await;
    let result = &done(&found)["results"][0];
    assert_eq!(result["id"], id);
    assert_eq!(result.as_object().unwrap().len(), 3, "id, title and url: {result}");
    let read = call("fetch", json!({"id": id})).await;
    for member in ["id", "title", "text", "url", "metadata"] {
        assert!(!done(&read)[member].is_null(), "{member}: {read}");
    }
    // The challenge is in the result of the call, as text for the protocol's error and as a header's value.
    let question = call("ask_double", json!({"question": "Who are you?"})).await;
    assert_eq!(question["isError"], true);
    let challenge = question["_meta"]["mcp/www_authenticate"][0].as_str().unwrap().to_owned();
    let scope = challenge.split("scope=\"").nth(1).unwrap().split('"').next().unwrap();
    let more = agent.asking(scope);
    let code = more.allow(&mut browser).await;
    let proven = with_assertion(server, &more, &format!("{client_id} 2"));
    let tokens = proven.exchange(server, code.get("code")).await.json();
    assert!(tokens["scope"].as_str().unwrap().contains("chat.write"), "{tokens}");
    let caller = server.bearer(tokens["access_token"].as_str().unwrap());
    let params = json!({"name": "ask_double", "arguments": {"question": "Who are you?"}});
    let said = modern(&caller, "tools/call", params).await.json();
    assert!(done(&said["result"])["answer"].is_string());
    // A refresh proves itself, too.
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let proven = with_assertion(server, &agent, &format!("{client_id} 3"));
    let next = proven.refresh(server, refresh).await;
    assert_eq!(next.status, 200, "{}", next.body);
    let revoking = with_assertion(server, &agent, &format!("{client_id} 4"));
    let mut form: Vec<(&str, &str)> =
        revoking.proof.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    form.push(("token", refresh));
    assert_eq!(server.anyone().post_form("/oauth/revoke", &form).await.status, 200);
    let params = json!({"name": "whoami", "arguments": {}});
    assert_eq!(modern(&caller, "tools/call", params).await.status, 401);
}

#[both_engines]
async fn clients_with_a_key_connect(server: TestServer) {
    server.person("a").await;
    stay_offline(&server).await;
    fetch_keys(&server).await;
    for (client_id, callback) in [
        ("https://chatgpt.com/oauth/client.json", "https://chatgpt.com/connector_platform_oauth_redirect"),
        ("https://chatgpt.com/oauth/cb_1/client.json", "https://chatgpt.com/connector/oauth/cb_1"),
        ("https://chatgpt.com/oauth/codex/cb_2/client.json", "http://127.0.0.1:40001/callback/cb_2"),
    ] {
        Box::pin(connects(&server, client_id, callback)).await;
    }
}
