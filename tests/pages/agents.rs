//! The pages about agents.

use identity::Audience;
use serde_json::json;
use testkit::{TestServer, both_engines};

use crate::mcp::support::{call, done, send};

#[both_engines]
async fn people_see_how_to_connect_and_what_agents_did(server: TestServer) {
    let person = server.person("ann").await;
    let browser = person.signed_in().await.in_english();
    let page = browser.get("/agents").await;
    assert_eq!(page.status, 200);
    let url = format!("{}/mcp", server.base_url());
    assert!(page.body.contains(&url) && page.body.contains("Waiting for the first call"));
    assert!(page.body.contains(&format!("claude mcp add --transport http doppel {url}")));

    let all = "userinfo memory.read memory.write note.write";
    let app = server.person("developer").await.app(all).await;
    let token = person.tokens_for(Audience::Mcp, &app, all).await.access;
    let agent = server.anyone().with("authorization", &format!("Bearer {}", token.expose()));
    let added = call(&agent, "add_memory", json!({"content": "Keeps bees"})).await;
    let id = done(&added)["id"].as_str().unwrap().to_owned();
    call(&agent, "search", json!({"query": "bees"})).await;
    let page = browser.get("/agents").await;
    assert!(page.body.contains("Connected, lately Example App"), "{}", page.body);
    let link = format!("/agents/one?client=app%3A{}", app.id);
    assert!(page.body.contains(&link), "{}", page.body);
    let detail = browser.get(&link).await;
    let entry = id.replace("memory:", "/memories/key/");
    for shown in ["Saved a memory", "Searched your memory", "add_memory", entry.as_str(), "Example App"] {
        assert!(detail.body.contains(shown), "{shown}: {}", detail.body);
    }
    assert!(detail.body.contains("The 1 memories and notes that it added"));
    assert!(detail.body.contains("Change what it may do"), "{}", detail.body);
    // The address that agents cite leads to the entry.
    let cited = browser.get(&format!("/agents/item/{id}")).await;
    assert_eq!((cited.status, cited.header("location")), (303, entry.as_str()));
    assert!(browser.get(&entry).await.body.contains("Keeps bees"));
    for wrong in ["/agents/item/x", "/agents/item/note:1%232", "/agents/one?client=app%3Ax"] {
        assert_eq!(browser.get(wrong).await.status, 404, "{wrong}");
    }
    // Others see nothing of it.
    let other = server.person("bob").await.signed_in().await.in_english();
    assert!(!other.get("/agents").await.body.contains("Example App"));
    assert_eq!(other.get(&link).await.status, 404);

    let form = [("csrf", detail.hidden("csrf")), ("client", detail.hidden("client"))];
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let gone = browser.post_form("/agents/forget", &fields).await;
    assert_eq!((gone.status, gone.header("location")), (303, "/agents?done=forgotten"));
    assert_eq!(browser.get(&entry).await.status, 404);
    assert!(browser.get("/agents?done=forgotten").await.body.contains("What it added was deleted."));

    // Ended: the next call is refused, and it is no longer connected.
    let end =
        detail.body.split("action=\"/account/apps/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let ended = browser.post_form(&format!("/account/apps/{end}/revoke"), &fields[..1]).await;
    assert_eq!(ended.status, 303);
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    assert_eq!(send(&agent, message).await.status, 401);
    assert!(!browser.get("/agents").await.body.contains("Example App"));
}

#[both_engines]
async fn a_server_at_home_says_who_can_reach_it(server: TestServer) {
    let person = server.person("ann").await;
    let browser = person.signed_in().await;
    let page = browser.get("/agents").await;
    assert!(page.body.contains("等待第一次调用") && page.body.contains("只有本机或家里的网络能访问"));
    call(&person.with_key("*").await, "whoami", json!({})).await;
    let page = browser.get("/agents").await;
    assert!(
        page.body.contains("API 密钥") && page.body.contains("/agents/one?client=key%3A"),
        "{}",
        page.body
    );
    assert_eq!(server.anyone().get("/agents").await.status, 401);
}
