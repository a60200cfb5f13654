//! A start with a clock that is behind.

use serde_json::json;
use testkit::{TestServer, both_engines};

#[both_engines]
async fn writes_after_start_with_clock_behind_never_collide(mut server: TestServer) {
    let person = server.person("a").await;
    let mut actor = person.with_key("*").await;
    let note = |text: String| json!({"content": text});
    let mut newest = 0;
    for behind_ms in [8_000, 3_600_000, 30 * 86_400_000] {
        for round in 0..3 {
            for n in 0..30 {
                let text = format!("{behind_ms} {round} {n}");
                let id =
                    actor.post("/api/secondme/note/add", note(text)).await.data()["noteId"].as_i64().unwrap();
                assert!(id > newest, "new entries come after old ones");
                newest = id;
            }
            if round == 0 {
                server.clock().advance_ms(-behind_ms);
                server.restart().await;
                actor = server.again(&actor);
            }
        }
    }
}
