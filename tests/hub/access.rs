//! Access to an API: `accounts` and `keys` of its definition.

use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

use super::support::{admin, another, key, refused, result};

/// Defines an API with roles and groups, and one for anonymous callers.
async fn payroll(admin: &Actor, accounts: Value, keys: Value) {
    let definition = json!({"code": "payroll", "accounts": accounts, "keys": keys, "roles": ["cfo"],
        "groups": ["/finance"],
        "provider": {"kind": "echo"}, "actions": {"list": {}}});
    admin.post("/api/apikey/hub/apis/save", definition).await.data();
    let open =
        json!({"code": "open", "anonymous": true, "provider": {"kind": "echo"}, "actions": {"list": {}}});
    admin.post("/api/apikey/hub/apis/save", open).await.data();
}

async fn tools(agent: &Actor) -> Vec<String> {
    let agent = agent.with("accept", "application/json, text/event-stream");
    let answer =
        agent.post("/mcp/hub", json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await.json();
    let tools = answer["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[both_engines("accounts.recheck_milliseconds = 0")]
async fn an_api_is_for_administrators_until_somebody_is_listed(server: TestServer) {
    let boss = admin(&server).await;
    payroll(&boss, json!([]), json!([])).await;
    let bob = key(&server, "bob", json!({"perPersonSecond": 100})).await;
    let mut claims = bob.person_claims("u");
    (claims["roles"], claims["groups"]) = (json!(["cfo"]), json!(["/finance"]));
    let callers = [bob.app(&server), server.anyone().with("apihub-token", &bob.token(&claims))];
    let denied = async || {
        for caller in &callers {
            for path in ["/api/payroll/list", "/api/payroll/other"] {
                let body = refused(&caller.get(path).await, 403, "PERMISSION_DENIED");
                assert!(body["detail"].as_str().unwrap().contains("not open to the account"), "{body}");
            }
            let call = json!({
                "jsonrpc": "2.0",
                "id": 1,
                "method": "tools/call",
                "params": {"name": "payroll__list", "arguments": {}},
            });
            let answer =
                caller.with("accept", "application/json, text/event-stream").post("/mcp/hub", call).await;
            assert!(answer.body.contains("PERMISSION_DENIED"), "{}", answer.body);
            assert!(!tools(caller).await.iter().any(|tool| tool.starts_with("payroll")));
        }
    };
    denied().await;
    // Without a token, the API's `anonymous` decides. With a token, the lists do.
    result(&server.anyone().get("/api/open/list").await);
    refused(&callers[0].get("/api/open/list").await, 403, "PERMISSION_DENIED");
    // Keys of administrators may use it, but their people still need the roles.
    let own = another(&boss, json!({})).await;
    result(&own.app(&server).get("/api/payroll/list").await);
    refused(&own.person(&server, "u").get("/api/payroll/list").await, 403, "PERMISSION_DENIED");
    // An entry of Bob on either list gives him access from the next call on. Entries of others do not.
    for (accounts, keys) in [
        (json!(["bob@example.com"]), json!([])),
        (json!(["BOB@example.com"]), json!([])),
        (json!(["*"]), json!([])),
        (json!([]), json!([bob.ak])),
    ] {
        payroll(&boss, accounts, keys).await;
        for caller in &callers {
            result(&caller.get("/api/payroll/list").await);
            assert!(tools(caller).await.contains(&"payroll__list".to_owned()));
        }
        // People then also need the roles and groups.
        refused(&bob.person(&server, "u").get("/api/payroll/list").await, 403, "PERMISSION_DENIED");
        payroll(&boss, json!(["admin@example.com"]), json!([own.ak])).await;
        denied().await;
        server.clock().advance_ms(10_000);
    }
    // Only administrators can see the lists.
    let seen = bob.owner.get("/api/apikey/hub/apis/payroll").await;
    assert!(!seen.body.contains("admin@example.com") && !seen.body.contains(&own.ak), "{}", seen.body);
    assert_eq!(
        boss.get("/api/apikey/hub/apis/payroll").await.data()["accounts"],
        json!(["admin@example.com"])
    );
    let page = bob.owner.in_english().get("/hub/apis").await;
    assert!(
        page.body.contains("accounts and keys define which accounts and keys may use an API"),
        "{}",
        page.body
    );
}

#[both_engines]
async fn what_is_built_in_is_for_every_key(server: TestServer) {
    let boss = admin(&server).await;
    let bob = key(&server, "bob", json!({})).await;
    for api in ["echo", "user-center", "user-center-admin"] {
        assert_eq!(
            boss.get(&format!("/api/apikey/hub/apis/{api}")).await.data()["accounts"],
            json!(["*"]),
            "{api}"
        );
    }
    result(&bob.app(&server).get("/api/echo/x").await);
    result(&bob.app(&server).get("/api/user-center-admin/list-users").await);
    // Keys can be denied access to the user center, even if a key is only named in the arguments.
    let mut spec = boss.get("/api/apikey/hub/apis/user-center").await.data();
    for name in ["source", "breaker"] {
        spec.as_object_mut().unwrap().remove(name);
    }
    spec["accounts"] = json!([]);
    boss.post("/api/apikey/hub/apis/save", spec).await.data();
    bob.update(json!({"domains": ["app.example.com"]})).await;
    let page = server.anyone().with("origin", "https://app.example.com");
    refused(
        &page.get(&format!("/api/user-center/gen-auth-session?ak={}", bob.ak)).await,
        403,
        "PERMISSION_DENIED",
    );
}
