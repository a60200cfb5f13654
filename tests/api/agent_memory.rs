//! `/api/secondme/agent_memory/…` and `/api/secondme/activity/day-overview`

use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

const INGEST: &str = "/api/secondme/agent_memory/ingest";
const LIST: &str = "/api/secondme/agent_memory/list";
const OVERVIEW: &str = "/api/secondme/activity/day-overview";

fn event(id: &str, action: &str) -> Value {
    json!({
        "channel": {"kind": "thread", "id": "t1", "platform": "forum"},
        "action": action,
        "refs": [{"objectType": "thread", "objectId": id, "snapshot": {"text": "Hi", "capturedAt": 1}}],
    })
}

async fn ingest(actor: &Actor, event: Value) -> Value {
    actor.post(INGEST, event).await.data()
}

#[both_engines]
async fn an_event_is_noted_once(server: TestServer) {
    let actor = server.person("a").await.with_key("agent_memory").await;
    let first = ingest(&actor, event("1", "post")).await;
    assert!(first["eventId"].as_i64().is_some_and(|id| id > 0) && first["isDuplicate"] == false);
    let duplicate = json!({"eventId": 0, "isDuplicate": true});
    assert_eq!(ingest(&actor, event("1", "post")).await, duplicate, "the key follows from the first object");
    let keyed = |key: &str, platform: &str| {
        let mut event = event("1", "reply");
        event["idempotency_key"] = json!(key);
        event["channel"]["platform"] = json!(platform);
        event
    };
    assert_eq!(ingest(&actor, keyed("k", "forum")).await["isDuplicate"], false);
    assert_eq!(ingest(&actor, keyed("k", "forum")).await, duplicate);
    assert_eq!(
        ingest(&actor, keyed("k", "chat")).await["isDuplicate"],
        false,
        "another platform's key is another one"
    );
    let same = (0..12).map(|_| actor.post(INGEST, keyed("at once", "forum")));
    let answers = futures::future::join_all(same).await;
    assert_eq!(answers.iter().filter(|answer| answer.data()["isDuplicate"] == false).count(), 1);
    let other = server.person("b").await.with_key("agent_memory").await;
    assert_eq!(ingest(&other, keyed("k", "forum")).await["isDuplicate"], false);
    assert_eq!(actor.get(LIST).await.data()["total"], 4);
    assert_eq!(actor.get(&format!("{LIST}?platform=chat")).await.data()["total"], 1);
    assert_eq!(actor.get(&format!("{LIST}?platform=%00")).await.data(), json!({"items": [], "total": 0}));
    assert_eq!(
        actor.get(&format!("{LIST}?pageNo=2&pageSize=3")).await.data()["items"].as_array().unwrap().len(),
        1
    );
}

#[both_engines]
async fn both_spellings_are_read(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let snake = json!({
        "channel": {"kind": "post", "url": "https://x.example/1", "meta": {"a": 1}},
        "action": "post_created", "action_label": "发帖", "display_text": "发了一个帖子", "event_desc": "d",
        "event_time": 1_767_000_000_000_i64, "importance": 0.75, "payload": {"n": [1, null]},
        "signal_type": "s", "semantic_type": "t", "entity_key": "e", "cta_eligible": null, "junk": true,
        "refs": [{
            "object_type": "post",
            "object_id": "9",
            "content_preview": "Hi",
            "snapshot": {"text": "x", "captured_at": 5},
        },
                 {"type": "topic", "value": "rust"}],
    });
    let id = ingest(&actor, snake).await["eventId"].clone();
    let noted = actor.get(LIST).await.data()["items"][0].clone();
    let expected = json!({
        "eventId": id, "userId": person.account.id.to_string(), "platform": "external",
        "channel": {"kind": "post", "url": "https://x.example/1", "meta": {"a": 1}},
        "action": "post_created", "actionLabel": "发帖", "displayText": "发了一个帖子", "eventDesc": "d",
        "eventTime": 1_767_000_000_000_i64, "importance": 0.75, "payload": {"n": [1, null]},
        "signalType": "s", "semanticType": "t", "entityKey": "e",
        "refs": [
            {
                "objectType": "post",
                "objectId": "9",
                "type": "external_action",
                "contentPreview": "Hi",
                "snapshot": {"text": "x", "capturedAt": 5},
            },
            {"objectType": "topic", "objectId": "rust", "type": "topic", "value": "rust"},
        ],
    });
    assert_eq!(noted, expected);
}

#[both_engines]
async fn what_is_wrong_with_an_event_is_named(server: TestServer) {
    let actor = server.person("a").await.with_key("agent_memory").await;
    for (path, value, place) in [
        ("/channel", Value::Null, json!(["body", "channel"])),
        ("/channel/kind", json!(" "), json!(["body", "channel", "kind"])),
        ("/action", json!(""), json!(["body", "action"])),
        ("/action", json!("a\nb"), json!(["body", "action"])),
        ("/refs", json!([]), json!(["body", "refs"])),
        ("/refs", json!([{}]), json!(["body", "refs", "0", "objectType"])),
        ("/refs/0/objectId", json!("x".repeat(201)), json!(["body", "refs", "0", "objectId"])),
        ("/channel/platform", json!("p".repeat(101)), json!(["body", "channel", "platform"])),
    ] {
        let mut event = event("1", "post");
        *event.pointer_mut(path).unwrap() = value;
        let answer = actor.post(INGEST, event).await.refused(422, "invalid.param");
        assert_eq!(answer["detail"][0]["loc"], place, "{path}");
    }
    for (member, value) in [
        ("importance", json!(1.1)),
        ("importance", json!(-0.1)),
        ("eventTime", json!(-1)),
        ("payload", json!({"x": "y".repeat(70_000)})),
        ("idempotencyKey", json!("k".repeat(201))),
        ("importance", json!("high")),
    ] {
        let mut event = event("1", "post");
        event[member] = value;
        actor.post(INGEST, event).await.refused(422, "invalid.param");
    }
    for missing in ["channel", "action", "refs"] {
        let mut event = event("1", "post");
        event.as_object_mut().unwrap().remove(missing);
        let answer = actor.post(INGEST, event).await.refused(422, "invalid.param");
        assert_eq!(answer["message"], format!("{missing}: Field required"));
    }
    actor.get(&format!("{OVERVIEW}?date=2026-02-30")).await.refused(422, "invalid.param");
    assert_eq!(actor.get(LIST).await.data()["total"], 0);
}

/// 2026-01-01T00:00:00Z is still 2025 in New York.
#[both_engines]
async fn a_day_is_one_of_the_persons_time_zone(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let now = server.clock().now().as_millis();
    for (id, hours) in [("1", -20), ("2", -6), ("3", -4), ("4", 4), ("5", 6)] {
        let mut event = event(id, "post");
        event["eventTime"] = json!(now + hours * 3_600_000);
        ingest(&actor, event).await;
    }
    let total =
        async |query: &str| actor.get(&format!("{OVERVIEW}{query}")).await.data()["totalCount"].clone();
    assert_eq!((total("").await, total("?date=2025-12-31").await), (json!(2), json!(3)));
    let zone = json!({"time_zone": "America/New_York"});
    actor.post("/api/secondme/user/profile", zone).await.data();
    assert_eq!(
        (total("").await, total("?date=2025-12-31").await),
        (json!(3), json!(3)),
        "it is the 31st there"
    );
    assert_eq!((total("?date=2026-01-01").await, total("?date=2025-12-30").await), (json!(1), json!(1)));
}

#[both_engines]
async fn an_app_reads_what_it_reported_itself(server: TestServer) {
    let person = server.person("a").await;
    let (one, other) =
        (person.app("user.info agent_memory").await, person.app("user.info agent_memory").await);
    let scopes = "user.info agent_memory";
    let (first, second) = (person.with_token(&one, scopes).await, person.with_token(&other, scopes).await);
    let key = person.with_key("agent_memory").await;
    for who in [&first, &second, &key] {
        ingest(who, event("1", "post")).await;
    }
    let all = key.get(LIST).await.data();
    assert_eq!(all["total"], 3, "the person's own key reads everything");
    for (who, id) in [(&first, &one.id), (&second, &other.id)] {
        for query in [String::new(), format!("?platform={id}")] {
            let listed = who.get(&format!("{LIST}{query}")).await.data();
            assert_eq!((&listed["total"], &listed["items"][0]["platform"]), (&json!(1), &json!(id)));
        }
        let day = who.get("/api/secondme/activity/day-overview").await.data();
        assert_eq!((&day["totalCount"], &day["apps"].as_array().unwrap().len()), (&json!(1), &1), "{day}");
    }
    for platform in [other.id.as_str(), "forum"] {
        assert_eq!(
            first.get(&format!("{LIST}?platform={platform}")).await.data(),
            json!({"items": [], "total": 0})
        );
    }
    first
        .post("/api/secondme/agent_memory/delete", json!({"platform": other.id}))
        .await
        .refused(403, "apikey.permission.denied");
    key.post("/api/secondme/agent_memory/delete", json!({"platform": "forum"}))
        .await
        .refused(403, "apikey.permission.denied");
    let owner = person.signed_in().await;
    owner.post("/api/secondme/agent_memory/delete", json!({})).await.refused(422, "invalid.param");
    let gone = owner.post("/api/secondme/agent_memory/delete", json!({"platform": one.id})).await.data();
    assert_eq!((&gone["deletedCount"], &key.get(LIST).await.data()["total"]), (&json!(1), &json!(2)));
}

/// Apps may report events without a scope, but need one to read them.
#[both_engines]
async fn app_without_scope_reports_but_does_not_read(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info user.info.shades chat plaza.read").await;
    for scopes in ["user.info chat", "chat", "plaza.read"] {
        let token = person.with_token(&app, scopes).await;
        let mut report = event(scopes, "post");
        report["channel"]["platform"] = json!("somebody else's");
        assert_eq!(ingest(&token, report).await["isDuplicate"], false, "{scopes}");
        for path in [LIST, OVERVIEW] {
            let refused = token.get(path).await.refused(403, "apikey.permission.denied");
            assert_eq!(refused["message"], "缺少必需的权限: agent_memory");
        }
    }
    let listed = person.with_key("agent_memory").await.get(LIST).await.data();
    let platforms: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|item| item["platform"].clone()).collect();
    assert_eq!(platforms, vec![json!(app.id); 3], "the platform is the app, whatever it says");
    // Not a key without the scope, an app's own token, or a token after revocation.
    person
        .with_key("user.info chat")
        .await
        .post(INGEST, event("1", "post"))
        .await
        .refused(403, "apikey.permission.denied");
    let own = server.person("other").await.app("chat.write").await;
    let own = server.bearer(&own.own_token().await);
    own.post(INGEST, event("1", "post")).await.refused(400, "secondme.user.invalid_id");
    let token = person.with_token(&app, "chat").await;
    person.revoke(&app).await;
    token.post(INGEST, event("2", "post")).await.refused(401, "auth.token.invalid");
}

#[both_engines]
async fn a_day_is_counted_by_platform(server: TestServer) {
    let actor = server.person("a").await.with_key("agent_memory").await;
    let today = server.clock().now().as_millis();
    let mut send = Vec::new();
    for (n, (platform, action, importance, time)) in [
        ("forum", "post", 0.9, today),
        ("forum", "post", 0.3, today + 86_399_999),
        ("forum", "reply", 0.7, today + 1),
        ("chat", "reply", 0.1, today + 2),
        ("forum", "post", 1.0, today - 1),
        ("forum", "post", 1.0, today + 86_400_000),
    ]
    .into_iter()
    .enumerate()
    {
        let mut event = event(&n.to_string(), action);
        event["channel"]["platform"] = json!(platform);
        event["importance"] = json!(importance);
        event["eventTime"] = json!(time);
        event["actionLabel"] = json!(if action == "post" { "发帖" } else { "" });
        send.push(ingest(&actor, event).await);
    }
    let data = actor.get(&format!("{OVERVIEW}?date=2026-01-01")).await.data();
    assert_eq!(data, actor.get(OVERVIEW).await.data(), "today is where nothing else is asked");
    assert_eq!((&data["totalCount"], &data["importantCount"]), (&json!(4), &json!(2)));
    let forum = &data["apps"][0];
    assert_eq!((&forum["platform"], &forum["platformLabel"]), (&json!("forum"), &json!("forum")));
    assert_eq!(forum["actionCount"], json!({"post": 2, "reply": 1}));
    assert_eq!(forum["actionLabels"], json!({"post": "发帖", "reply": "reply"}));
    let important: Vec<&Value> =
        forum["importantEvents"].as_array().unwrap().iter().map(|event| &event["eventId"]).collect();
    assert_eq!(important, [&send[2]["eventId"], &send[0]["eventId"]]);
    assert_eq!(
        (&data["apps"][1]["totalCount"], &data["apps"][1]["importantEvents"]),
        (&json!(1), &json!([]))
    );
    let second = actor.get(&format!("{OVERVIEW}?pageNo=2&pageSize=1")).await.data();
    assert_eq!((&second["totalCount"], second["apps"].as_array().unwrap().len()), (&json!(4), 1));
    assert_eq!(second["apps"][0]["platform"], "chat");
    let other = server.person("b").await.with_key("agent_memory").await;
    assert_eq!(other.get(OVERVIEW).await.data(), json!({"totalCount": 0, "importantCount": 0, "apps": []}));
}
