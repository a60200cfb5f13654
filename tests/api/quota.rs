//! Quotas: storage of an account, and additions by keys and apps per hour.

use archive::{ImportLine, ImportSummary};
use serde_json::{Value, json};
use store::AccountId;
use testkit::{Actor, Person, TestServer, both_engines};

use super::chat::{CHAT, session, stream};

const NOTE: &str = "/api/secondme/note";
const KEY: &str = "/api/secondme/memory/key";
const AGENT: &str = "/api/secondme/agent_memory";
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rI\
    DATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";

async fn note(actor: &Actor, text: &str) -> testkit::Response {
    actor.post(&format!("{NOTE}/add"), json!({"content": text})).await
}

fn event(n: usize, platform: &str) -> Value {
    json!({
        "channel": {"kind": "thread", "platform": platform}, "action": "post",
        "idempotencyKey": n.to_string(),
        "refs": [{"objectType": "thread", "objectId": n.to_string()}],
    })
}

/// Returns the faults that `doctor` finds in an account's counters.
async fn faults(server: &TestServer, account: AccountId, mend: bool) -> Vec<String> {
    let mut faults = server.running().memory.examine(account, mend).await.unwrap().faults;
    faults.extend(server.running().chat.examine(account, mend).await.unwrap());
    faults
}

async fn import(server: &TestServer, person: &Person, section: &str, lines: &[Value]) -> ImportSummary {
    let lines = (1..).zip(lines).map(|(line, text)| ImportLine::new(line, text.to_string())).collect();
    let running = server.running();
    let sections = running.memory.sections().into_iter().chain(running.chat.sections());
    let found = sections.into_iter().find(|found| found.name() == section).expect("a section");
    found.import(person.account.id, lines).await.unwrap()
}

#[both_engines("[quota]\nnotes = 2\nmemories = 3\nagent_events = 1\nmessages = 4")]
async fn entries_end_at_the_limit_and_a_deletion_makes_room(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let first = note(&actor, "one").await.data()["noteId"].clone();
    note(&actor, "two").await.data();
    let full = note(&actor, "three").await.refused(413, "quota.exceeded");
    assert_eq!(full["message"], "存储空间已达上限: notes: 2/2 entries, 10/1073741824 bytes");
    let english = actor.with("accept-language", "en");
    let full = note(&english, "three").await.refused(413, "quota.exceeded");
    assert!(
        full["message"].as_str().unwrap().starts_with("The account's storage is full: notes: 2/2"),
        "{full}"
    );
    assert_eq!(note(&actor, "one").await.data()["noteId"], first, "what is there already takes no room");
    actor.post(&format!("{NOTE}/{first}/update"), json!({"content": "another one"})).await.data();
    note(&server.person("b").await.with_key("*").await, "another person's").await.data();
    actor.post(&format!("{NOTE}/{first}/delete"), json!({})).await.data();
    note(&actor, "three").await.data();
    // A batch is stored completely or not at all.
    let batch = |n: std::ops::Range<usize>| {
        json!({
            "items": n.map(|i| json!({"content": format!("fact {i}")})).collect::<Vec<_>>(),
        })
    };
    actor.post(&format!("{KEY}/batch"), batch(0..4)).await.refused(413, "quota.exceeded");
    assert_eq!(actor.post(&format!("{KEY}/batch"), batch(0..3)).await.data()["insertedCount"], 3);
    assert_eq!(actor.post(&format!("{KEY}/batch"), batch(0..3)).await.data()["insertedCount"], 0);
    actor.post(KEY, json!({"content": "fact 4"})).await.refused(413, "quota.exceeded");
    // Agent memory.
    let ingest = async |n: usize| actor.post(&format!("{AGENT}/ingest"), event(n, "forum")).await;
    ingest(1).await.data();
    ingest(2).await.refused(413, "quota.exceeded");
    assert_eq!(ingest(1).await.data()["isDuplicate"], true);
    let gone = actor.post(&format!("{AGENT}/delete"), json!({"platform": "forum"})).await.data();
    assert_eq!(gone["deletedCount"], 1);
    ingest(2).await.data();
    // Conversations: every accepted message gets a response.
    let first = stream(&actor, json!({"message": "hi"})).await;
    let id = session(&first);
    stream(&actor, json!({"message": "hi again", "sessionId": id})).await;
    for body in [json!({"message": "more", "sessionId": id}), json!({"message": "a new one"})] {
        stream(&actor, body).await.refused(413, "quota.exceeded");
    }
    actor.post(&format!("{CHAT}/session/{id}/delete"), json!({})).await.data();
    assert_eq!(stream(&actor, json!({"message": "hi"})).await.status, 200);
    assert_eq!(faults(&server, person.account.id, false).await, Vec::<String>::new());
}

#[both_engines("[quota]\nbytes = 1000\n[notes]\nread_links = false")]
async fn bytes_end_at_the_limit(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let id = note(&actor, &"x".repeat(700)).await.data()["noteId"].clone();
    note(&actor, &"y".repeat(400)).await.refused(413, "quota.exceeded");
    // The earlier version is stored as well.
    let update =
        async |text: &str| actor.post(&format!("{NOTE}/{id}/update"), json!({"content": text})).await;
    update(&"z".repeat(400)).await.refused(413, "quota.exceeded");
    update(&"z".repeat(200)).await.data();
    actor.post(&format!("{NOTE}/{id}/delete"), json!({})).await.data();
    note(&actor, &"y".repeat(900)).await.data();
    assert_eq!(faults(&server, person.account.id, false).await, Vec::<String>::new());
}

#[both_engines("[quota]\nadditions_per_hour = 3")]
async fn keys_and_apps_add_so_much_in_an_hour(server: TestServer) {
    let person = server.person("a").await;
    let (one, other) = (person.with_key("*").await, person.with_key("*").await);
    let app = person.app("userinfo note.write agent_memory").await;
    let app = person.with_token(&app, "userinfo note.write agent_memory").await;
    let mut n = 0;
    let mut text = || {
        n += 1;
        format!("note {n}")
    };
    for actor in [&one, &other, &app] {
        for _ in 0..3 {
            note(actor, &text()).await.data();
        }
        let slowed = note(actor, &text()).await;
        slowed.refused(429, "rate.limited");
        assert_eq!(slowed.header("retry-after"), "3600");
    }
    // All kinds of additions count together. Those of the person themself do not count.
    one.post(KEY, json!({"content": "x"})).await.refused(429, "rate.limited");
    app.post(&format!("{AGENT}/ingest"), event(1, "x")).await.refused(429, "rate.limited");
    assert_eq!(note(&one, "note 1").await.status, 200, "what is there already");
    let myself = person.signed_in().await;
    for _ in 0..5 {
        note(&myself, &text()).await.data();
    }
    server.clock().advance_ms(3_599_000);
    note(&one, &text()).await.refused(429, "rate.limited");
    server.clock().advance_ms(2_000);
    note(&one, &text()).await.data();
    let batch = json!({"items": [{"content": "a"}, {"content": "b"}, {"content": "c"}]});
    one.post(&format!("{KEY}/batch"), batch).await.refused(429, "rate.limited");
    assert_eq!(one.get(&format!("{KEY}/search")).await.data()["total"], 0);
    // A window that begins in the future, because the clock was set back, is over.
    server
        .running()
        .db
        .execute("UPDATE account_rate SET window_start = window_start + 1000000000, used = 3", &[])
        .await
        .unwrap();
    note(&one, &text()).await.data();
    assert_eq!(faults(&server, person.account.id, false).await, Vec::<String>::new());
}

#[both_engines(
    "[quota]\nnotes = 1\nmemories = 1\nagent_events = 1\nmessages = 1\n[notes]\nread_links = false"
)]
async fn imports_take_what_there_is_room_for(server: TestServer) {
    let person = server.person("a").await;
    let history = json!([{"title": "t", "content": "old", "writtenTime": 1, "replacedTime": 2}]);
    let page =
        json!([{"status": "ready", "title": "Page", "content": "text", "problem": null, "readTime": 1}]);
    let notes = [
        json!({
            "memoryType": "LINK",
            "urls": ["https://example.com/"],
            "title": "a",
            "history": history,
            "pages": page,
        }),
        json!({"content": "b"}),
    ];
    let facts = [
        json!({
            "factContent": "a",
            "history": [{"factContent": "o", "visibility": 0, "writtenTime": 1, "replacedTime": 2}],
        }),
        json!({"factContent": "b"}),
    ];
    let events = [json!({"event": event(1, "x")}), json!({"event": event(2, "x")})];
    let sessions = [json!({
        "sessionId": "s",
        "client": "",
        "appId": "general",
        "title": "t",
        "lastMessage": "m",
        "createTime": 1,
        "updateTime": 1,
        "summary": "",
        "summaryTo": null,
    })];
    let sent = json!({
        "model": "m",
        "provider": "p",
        "prompt": "[]",
        "memories": "[{\"kind\":\"profile\",\"id\":1}]",
        "tokensIn": 1,
        "tokensOut": 1,
        "createTime": 1,
    });
    let message = |text: &str| {
        json!({
            "sessionId": "s",
            "client": "",
            "role": "assistant",
            "content": text,
            "state": "complete",
            "createTime": 1,
            "sent": sent,
        })
    };
    import(&server, &person, "chat-sessions", &sessions).await;
    for (section, lines) in [
        ("notes", &notes),
        ("key-memories", &facts),
        ("agent-memory", &events),
        ("chat-messages", &[message("a"), message("b")]),
    ] {
        let taken = import(&server, &person, section, lines).await;
        assert_eq!((taken.added, taken.known), (1, 0), "{section}: {taken:?}");
        assert_eq!(taken.refused, [(2, "the account has no room for it".to_owned())], "{section}");
        let again = import(&server, &person, section, &lines[..1]).await;
        assert_eq!((again.added, again.known), (0, 1), "{section}: {again:?}");
    }
    assert_eq!(faults(&server, person.account.id, false).await, Vec::<String>::new());
}

#[both_engines("[quota]\napp_upload_bytes = 150\nuploads_per_hour = 4")]
async fn an_app_uploads_within_its_share(server: TestServer) {
    let person = server.person("a").await;
    let (greedy, modest) = (person.app("user.info").await, person.app("user.info").await);
    let (greedy, modest) =
        (person.with_token(&greedy, "user.info").await, person.with_token(&modest, "user.info").await);
    let owner = person.signed_in().await;
    let upload = async |actor: &Actor| actor.upload("/api/cdn/upload", "a.png", PNG.to_vec()).await;
    assert!(PNG.len() * 2 <= 150 && PNG.len() * 3 > 150);
    let key = upload(&greedy).await.data()["key"].as_str().unwrap().to_owned();
    upload(&greedy).await.data();
    let full = upload(&greedy).await.refused(413, "quota.exceeded");
    assert!(full["message"].as_str().unwrap().contains("/150 bytes"), "{full}");
    upload(&modest).await.data();
    for _ in 0..5 {
        upload(&owner).await.data();
    }
    owner.post(&format!("/api/cdn/{key}/delete"), json!({})).await.data();
    for _ in 0..2 {
        let key = upload(&greedy).await.data()["key"].as_str().unwrap().to_owned();
        owner.post(&format!("/api/cdn/{key}/delete"), json!({})).await.data();
    }
    upload(&greedy).await.refused(429, "rate.limited");
    assert_eq!(faults(&server, person.account.id, false).await, Vec::<String>::new());
    server.running().db.execute("UPDATE file_share SET used = used + 1", &[]).await.unwrap();
    assert_eq!(faults(&server, person.account.id, true).await.len(), 2);
    assert_eq!(faults(&server, person.account.id, false).await, Vec::<String>::new());
}

#[both_engines(
    "[quota]\nbytes = 60000\nnotes = 12\nmemories = 12\nagent_events = 12\nmessages = 24\n[notes]\n\
     read_links = false"
)]
async fn counters_are_the_sums_whatever_happens(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.signed_in().await;
    let (mut notes, mut facts, mut sessions) =
        (Vec::<Value>::new(), Vec::<Value>::new(), Vec::<String>::new());
    // A fixed pseudo-random sequence (a linear congruential generator).
    let mut state = 20_261_129_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for step in 0..220 {
        let text = format!("{step} 字{}", "é".repeat(next(2000)));
        let at = next(100);
        match next(11) {
            0 | 1 => {
                let body = json!({
                    "title": "t",
                    "content": text,
                    "urls": if at % 2 == 0 { json!(["https://a.example/"]) } else { json!([]) },
                });
                let answer = actor.post(&format!("{NOTE}/add"), body).await;
                if answer.status == 200 {
                    notes.push(answer.data()["noteId"].clone());
                }
            }
            2 if !notes.is_empty() => {
                let id = &notes[at % notes.len()];
                let status = actor
                    .post(&format!("{NOTE}/{id}/update"), json!({"content": text, "title": "è"}))
                    .await
                    .status;
                assert!(status == 200 || status == 413, "{status}");
            }
            3 if !notes.is_empty() => {
                let id = notes.swap_remove(at % notes.len());
                actor.post(&format!("{NOTE}/{id}/delete"), json!({})).await.data();
            }
            4 => {
                let status = actor.post(KEY, json!({"content": text})).await.status;
                assert!(status == 200 || status == 413, "{status}");
                facts = actor.get(&format!("{KEY}/search?pageSize=100")).await.data()["list"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|fact| fact["id"].clone())
                    .collect();
            }
            5 if !facts.is_empty() => {
                let id = &facts[at % facts.len()];
                actor.post(&format!("{KEY}/{id}/update"), json!({"content": text, "visibility": 1})).await;
            }
            6 if !facts.is_empty() => {
                let id = facts.swap_remove(at % facts.len());
                actor.post(&format!("{KEY}/{id}/delete"), json!({})).await.data();
            }
            7 => {
                actor.post(&format!("{AGENT}/ingest"), event(at, ["x", "y"][at % 2])).await;
                if step % 7 == 0 {
                    actor.post(&format!("{AGENT}/delete"), json!({"platform": "x"})).await.data();
                }
            }
            8 | 9 => {
                let body =
                    json!({"message": text, "systemPrompt": "Be brief.", "sessionId": sessions.get(at)});
                let answer = stream(&actor, body).await;
                assert!(answer.status == 200 || answer.status == 413, "{}", answer.body);
                if answer.body.starts_with("event: session") {
                    sessions.push(session(&answer));
                }
            }
            _ if !sessions.is_empty() => {
                let id = sessions.swap_remove(at % sessions.len());
                actor.post(&format!("{CHAT}/session/{id}/delete"), json!({})).await.data();
            }
            _ => {}
        }
        if step % 20 == 19 {
            assert_eq!(
                faults(&server, person.account.id, false).await,
                Vec::<String>::new(),
                "after step {step}"
            );
        }
    }
    let db = server.running().db.clone();
    assert_eq!(db.fetch_one::<(i64,)>("SELECT COUNT(*) FROM account_room", &[]).await.unwrap(), (4,));
    db.execute("UPDATE account_room SET entries = entries + 1, bytes = bytes - 1", &[]).await.unwrap();
    assert_eq!(faults(&server, person.account.id, true).await.len(), 4);
    assert_eq!(faults(&server, person.account.id, false).await, Vec::<String>::new());
}
