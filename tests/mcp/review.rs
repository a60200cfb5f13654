//! The review inbox: what agents write waits where the person wants that.

use memory::{ReviewId, review::ReviewEdit};
use serde_json::{Value, json};
use testkit::{Actor, Person, TestServer, both_engines};

use super::support::{ask, call, done, failed};

const SCOPES: &str = "userinfo memory.read memory.write note.write";

/// Switches the inbox on.
async fn review(server: &TestServer, person: &Person) {
    let change = memory::profile::Change { reviews_agents: Some(true), ..memory::profile::Change::default() };
    server.running().memory.update_profile(person.account.id, change).await.unwrap();
}

/// Returns a person with an agent that has the usual scopes.
async fn agent(server: &TestServer, name: &str) -> (Person, Actor, String) {
    let person = server.person(name).await;
    let app = server.person("developer").await.app(SCOPES).await;
    let agent = person.with_mcp_token(&app, SCOPES).await;
    (person, agent, format!("app:{}", app.id))
}

/// Returns the ids that wait, the newest first.
async fn waiting(server: &TestServer, person: &Person) -> Vec<ReviewId> {
    let all = server.running().memory.waiting(person.account.id, ReviewId(i64::MAX), 100).await.unwrap();
    all.iter().map(|entry| entry.id).collect()
}

/// Checks that nothing that an agent can call tells a text.
async fn nowhere(agent: &Actor, word: &str) {
    for (tool, arguments) in [
        ("search", json!({"query": word})),
        ("recall", json!({"text": word})),
        ("list_memories", json!({})),
        ("list_memories", json!({"keyword": word})),
        ("recent_activity", json!({})),
    ] {
        let result = call(agent, tool, arguments).await;
        assert!(!result.to_string().contains(word), "{tool}: {result}");
    }
}

#[both_engines]
async fn nothing_waits_unless_the_person_wants_that(server: TestServer) {
    let (person, agent, _) = agent(&server, "ann").await;
    let added = call(&agent, "add_memory", json!({"content": "Keeps bees"})).await;
    assert!(done(&added)["id"].as_str().unwrap().starts_with("memory:"));
    assert_eq!(done(&added)["state"], Value::Null);
    assert!(waiting(&server, &person).await.is_empty());
}

#[both_engines]
async fn additions_wait_and_say_so(server: TestServer) {
    let (person, agent, client) = agent(&server, "ann").await;
    review(&server, &person).await;
    let added = call(&agent, "add_memory", json!({"content": "Keeps bees", "category": "animals"})).await;
    let state = done(&added)["state"].as_str().unwrap();
    assert!(state.contains("waits until the user accepts"), "{state}");
    let id = done(&added)["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("waiting:"), "{id}");
    let note = call(&agent, "add_note", json!({"content": "A plan for the bees", "title": "Plan"})).await;
    assert!(done(&note)["state"].is_string());
    // The result fits the schema that the tool declares.
    let listed = ask(&agent, "tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    for (tool, result) in [("add_memory", &added), ("add_note", &note)] {
        let schema = &tools.iter().find(|listed| listed["name"] == tool).unwrap()["outputSchema"];
        for name in result["structuredContent"].as_object().unwrap().keys() {
            assert!(schema["properties"][name].is_object(), "{tool} {name}");
        }
        assert!(!schema["required"].as_array().unwrap().contains(&json!("state")), "{tool}");
    }
    nowhere(&agent, "bees").await;
    for tool in ["fetch", "forget"] {
        let result = call(&agent, tool, json!({"id": id})).await;
        assert_eq!(result["isError"], true, "{tool}");
    }
    // The same once more waits once.
    let again = call(&agent, "add_memory", json!({"content": "Keeps bees", "category": "animals"})).await;
    assert_eq!(done(&again)["id"], json!(id));
    let ids = waiting(&server, &person).await;
    assert_eq!(ids.len(), 2);
    // The log says that they wait.
    let calls = server
        .running()
        .agents
        .calls(&person.account, Some(&client), agents::log::CallId(i64::MAX), 50)
        .await
        .unwrap();
    let writes = calls.iter().filter(|call| call.is_write && call.outcome == "waits").count();
    assert_eq!(writes, 3);

    let agents = &server.running().agents;
    for id in &ids {
        assert!(agents.accept(&person.account, *id, ReviewEdit::default()).await.unwrap().is_some());
    }
    assert!(waiting(&server, &person).await.is_empty());
    let found = call(&agent, "search", json!({"query": "bees"})).await;
    assert_eq!(done(&found)["results"].as_array().unwrap().len(), 2, "{found}");
    for hit in done(&found)["results"].as_array().unwrap() {
        let read = call(&agent, "fetch", json!({"id": hit["id"]})).await;
        assert_eq!(done(&read)["metadata"]["source"], "Example App");
    }
    // What was accepted can be forgotten together, like everything that the agent wrote.
    assert_eq!(agents.delete_entries_of(&person.account, &client, 100).await.unwrap(), 2);
}

#[both_engines]
async fn changes_and_deletions_wait_too(server: TestServer) {
    let (person, agent, _) = agent(&server, "ann").await;
    let added = call(&agent, "add_memory", json!({"content": "Keeps bees"})).await;
    let id = done(&added)["id"].as_str().unwrap().to_owned();
    review(&server, &person).await;
    let known = call(&agent, "add_memory", json!({"content": "Keeps bees"})).await;
    assert_eq!(
        (&done(&known)["id"], &done(&known)["created"], &done(&known)["state"]),
        (&json!(id), &json!(false), &Value::Null)
    );
    let changed = call(&agent, "update_memory", json!({"id": id, "content": "Keeps wasps"})).await;
    assert_eq!(done(&changed)["before"], "Keeps bees");
    assert!(done(&changed)["state"].is_string());
    let gone = call(&agent, "forget", json!({"id": id})).await;
    assert_eq!(done(&gone)["deleted"], "");
    let text = async || {
        let read = call(&agent, "fetch", json!({"id": id})).await;
        read["structuredContent"]["text"].as_str().map(str::to_owned)
    };
    assert_eq!(text().await.as_deref(), Some("Keeps bees"));
    let [deletion, change] = waiting(&server, &person).await[..] else { panic!("two wait") };
    let running = server.running();
    running.agents.accept(&person.account, change, ReviewEdit::default()).await.unwrap().unwrap();
    assert_eq!(text().await.as_deref(), Some("Keeps wasps"));
    running.agents.accept(&person.account, deletion, ReviewEdit::default()).await.unwrap().unwrap();
    assert_eq!(text().await, None);
    // A deletion that the person accepted is in the trash, and a change of what is gone does nothing.
    assert_eq!(running.memory.trash_count(person.account.id).await.unwrap(), 1);
    failed(&call(&agent, "update_memory", json!({"id": id, "content": "x"})).await, "not_found");
}

#[both_engines]
async fn the_person_edits_and_refuses(server: TestServer) {
    let (person, agent, _) = agent(&server, "ann").await;
    review(&server, &person).await;
    for content in ["Keeps bees", "Keeps wasps"] {
        done(&call(&agent, "add_memory", json!({"content": content, "public": true})).await);
    }
    let [wasps, bees] = waiting(&server, &person).await[..] else { panic!("two wait") };
    let running = server.running();
    let edit = ReviewEdit {
        content: Some("Keeps two hives of bees".to_owned()),
        title: Some("animals".to_owned()),
        is_public: Some(false),
    };
    running.agents.accept(&person.account, bees, edit).await.unwrap().unwrap();
    let listed = call(&agent, "list_memories", json!({})).await;
    let item = &done(&listed)["items"][0];
    assert_eq!(
        (&item["text"], &item["category"], &item["public"]),
        (&json!("Keeps two hives of bees"), &json!("animals"), &json!(false))
    );
    let (batch, refused) = running.memory.refuse(person.account.id, vec![wasps]).await.unwrap();
    assert_eq!(refused, 1);
    nowhere(&agent, "wasps").await;
    // A refusal can be taken back.
    let [kept] = running.memory.trash_batch(person.account.id, batch).await.unwrap()[..] else { panic!() };
    running.memory.restore(person.account.id, kept).await.unwrap();
    let listed = call(&agent, "list_memories", json!({"keyword": "wasps"})).await;
    assert_eq!(done(&listed)["total"], 1);
    // Nothing is accepted or refused twice.
    assert!(running.agents.accept(&person.account, wasps, ReviewEdit::default()).await.is_err());
    assert_eq!(running.memory.refuse(person.account.id, vec![wasps]).await.unwrap().1, 0);
}

#[both_engines("quota.additions_per_hour = 4")]
async fn the_inbox_is_the_persons_and_bounded(server: TestServer) {
    let (ann, agent, client) = agent(&server, "ann").await;
    let bob = server.person("bob").await;
    review(&server, &ann).await;
    for number in 0..4 {
        done(&call(&agent, "add_memory", json!({"content": format!("fact {number}")})).await);
    }
    // The additions of an agent in an hour are limited here as well.
    failed(&call(&agent, "add_memory", json!({"content": "fact 5"})).await, "try_later");
    let ids = waiting(&server, &ann).await;
    assert_eq!(ids.len(), 4);
    let running = server.running();
    assert!(running.agents.accept(&bob.account, ids[0], ReviewEdit::default()).await.is_err());
    assert_eq!(running.memory.refuse(bob.account.id, ids.clone()).await.unwrap().1, 0);
    assert_eq!(waiting(&server, &ann).await.len(), 4);
    // Accepting does not count for the agent again, and what the rules refuse stays.
    let edit = ReviewEdit { content: Some(" ".to_owned()), ..ReviewEdit::default() };
    assert!(running.agents.accept(&ann.account, ids[0], edit).await.is_err());
    running.agents.accept(&ann.account, ids[0], ReviewEdit::default()).await.unwrap().unwrap();
    // Forgetting what an agent wrote includes what waits.
    assert_eq!(running.memory.waiting_of(ann.account.id, &client).await.unwrap(), 3);
    assert_eq!(running.agents.delete_entries_of(&ann.account, &client, 100).await.unwrap(), 4);
    assert!(waiting(&server, &ann).await.is_empty());
}
