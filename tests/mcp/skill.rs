//! The skill of the server, where agents look for it.

use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};
use testkit::{TestServer, both_engines};

#[both_engines]
async fn agents_find_the_skill(server: TestServer) {
    let base = server.base_url();
    let anyone = server.anyone();
    let index = anyone.get("/.well-known/agent-skills/index.json").await;
    assert_eq!(
        (index.status, index.header("content-type"), index.header("access-control-allow-origin")),
        (200, "application/json", "*")
    );
    let index: Value = index.json();
    assert_eq!(index["$schema"], "https://schemas.agentskills.io/discovery/0.2.0/schema.json");
    let skill = &index["skills"][0];
    assert_eq!((skill["name"].as_str(), skill["type"].as_str()), (Some("doppel-memory"), Some("skill-md")));
    let url = skill["url"].as_str().unwrap();
    let path = url.strip_prefix(base).unwrap();
    assert_eq!(path, "/.well-known/agent-skills/doppel-memory/SKILL.md");
    let file = anyone.get(path).await;
    assert!(file.header("content-type").starts_with("text/markdown"));
    let digest: String = Sha256::digest(&file.body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(skill["digest"], format!("sha256:{digest}"));
    assert!(file.body.contains(&format!("{base}/mcp")));
    let older = anyone.get("/.well-known/skills/index.json").await.json();
    assert_eq!(older["skills"][0]["files"][0], "SKILL.md");
    assert_eq!(older["skills"][0]["description"], skill["description"]);
    assert_eq!(anyone.get("/.well-known/skills/doppel-memory/SKILL.md").await.body, file.body);
    for path in ["/.well-known/skills/doppel-memory/x", "/.well-known/agent-skills/x/SKILL.md"] {
        anyone.get(path).await.refused(404, "resource.fetch.not_found");
    }
    let head = anyone.send(anyone.request(Method::HEAD, "/.well-known/agent-skills/index.json")).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let overview = anyone.get("/llms.txt").await;
    assert!(overview.header("content-type").starts_with("text/plain"));
    assert!(
        overview.body.starts_with("# Doppel\n\n> ") && overview.body.contains(&format!("]({base}/mcp): "))
    );
}
