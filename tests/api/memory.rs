//! `/api/secondme/memory/key…` and `/api/secondme/user/softmemory`

use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

const KEY: &str = "/api/secondme/memory/key";

async fn remember(actor: &Actor, content: &str) {
    actor.post(KEY, json!({"content": content})).await.data();
}

async fn find(actor: &Actor, keyword: &str) -> Vec<String> {
    let data = actor.get(&format!("{KEY}/search?pageSize=100&keyword={}", encoded(keyword))).await.data();
    contents(&data)
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn contents(page: &Value) -> Vec<String> {
    let list = page["list"].as_array().expect("a list");
    list.iter().map(|entry| entry["factContent"].as_str().expect("a text").to_owned()).collect()
}

async fn only_id(actor: &Actor) -> i64 {
    let data = actor.get(&format!("{KEY}/search")).await.data();
    assert_eq!(data["total"], 1);
    data["list"][0]["id"].as_i64().expect("an id")
}

#[both_engines]
async fn memories_are_found_by_what_they_say(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    for content in
        ["喜欢在周末阅读科幻小说", "在清华大学学习 Rust", "She reads books about 3D printing", "養了一隻貓"]
    {
        remember(&actor, content).await;
    }
    actor.post(KEY, json!({"content": "爱喝茶", "factActor": "妈妈", "factObject": "饮食"})).await.data();
    for (keyword, content) in [
        ("阅读", "喜欢在周末阅读科幻小说"),
        ("閱讀", "喜欢在周末阅读科幻小说"),
        ("华大", "在清华大学学习 Rust"),
        ("rust", "在清华大学学习 Rust"),
        ("ＲＵＳＴ", "在清华大学学习 Rust"),
        ("reading", "She reads books about 3D printing"),
        ("rintin", "She reads books about 3D printing"),
        ("猫", "養了一隻貓"),
        ("你养的是什么猫", "養了一隻貓"),
        ("What does she read?", "She reads books about 3D printing"),
        ("妈妈", "爱喝茶"),
        ("饮食", "爱喝茶"),
    ] {
        let found = find(&actor, keyword).await;
        assert_eq!(found[0], content, "{keyword}");
        // Entries from about the same time may be found by a question, but never by a keyword.
        assert!(
            found.len() == 1 || keyword.contains("什么") || keyword.ends_with('?'),
            "{keyword}: {found:?}"
        );
    }
    for keyword in ["天空", "用户", "%", "_", "' OR '1'='1", "\\", "\u{0}"] {
        assert_eq!(find(&actor, keyword).await, Vec::<String>::new(), "{keyword}");
    }
    assert_eq!(find(&actor, " \u{3000}").await.len(), 5, "nothing was asked for");
}

#[both_engines]
async fn what_many_leave_out_is_found(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    for (content, keywords) in [
        ("The café at the corner", &["cafe", "CAFÉ", "cafe\u{301}"][..]),
        ("A trip to München", &["Munchen", "munchen", "MÜNCHEN"]),
        ("Lives in Hauptstraße", &["Hauptstrasse", "HAUPTSTRASSE"]),
        ("Flew to İstanbul", &["istanbul", "ISTANBUL", "İSTANBUL"]),
        ("がぎぐを買った", &["ガギグ", "ｶﾞｷﾞｸﾞ", "がぎ"]),
        ("コーヒーが好き", &["こーひー"]),
        ("Reads books of O'Reilly", &["OReilly", "O’Reilly", "oreilly's"]),
        ("电话 138-0000-0000", &["13800000000", "138 0000 0000", "138-0000-0000"]),
        ("Office: +86 (010) 6255-1234", &["01062551234", "8601062551234"]),
    ] {
        remember(&actor, content).await;
        for keyword in keywords {
            assert_eq!(find(&actor, keyword).await, [content], "{keyword}");
        }
    }
    assert_eq!(find(&actor, "カキク").await, Vec::<String>::new(), "voiced letters are other letters");
    remember(&actor, "Die Strasse").await;
    remember(&actor, "Die Straße").await;
    let found = find(&actor, "straße").await;
    assert_eq!(found, ["Die Straße", "Lives in Hauptstraße", "Die Strasse"], "as it was typed first");
}

/// 2026-01-01T00:00:00Z is still 2025 in New York.
#[both_engines]
async fn days_are_those_of_the_persons_time_zone(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let profile =
        async |zone: &str| actor.post("/api/secondme/user/profile", json!({"time_zone": zone})).await;
    server.clock().advance_ms(-10 * 3_600_000);
    remember(&actor, "afternoon of the 31st in London, morning in New York").await;
    server.clock().advance_ms(13 * 3_600_000);
    remember(&actor, "night in London, evening of the 31st in New York").await;
    server.clock().advance_ms(3 * 3_600_000);
    assert_eq!(profile("America/New_York").await.data()["time_zone"], "America/New_York");
    let yesterday = find(&actor, "what happened yesterday").await;
    assert!(yesterday.len() == 2 && yesterday[0].starts_with("night"), "{yesterday:?}");
    assert_eq!(profile("Asia/Shanghai").await.data()["time_zone"], "Asia/Shanghai");
    assert_eq!(
        find(&actor, "我昨天做了什么").await,
        ["afternoon of the 31st in London, morning in New York"]
    );
    assert_eq!(find(&actor, "我今天做了什么").await, ["night in London, evening of the 31st in New York"]);
    for wrong in ["Mars/Base", "../etc", "UTC+8:00", &"x".repeat(70)] {
        profile(wrong).await.refused(422, "invalid.param");
    }
    assert_eq!(profile("").await.data()["time_zone"], "", "taken back");
}

#[both_engines]
async fn pages_are_whole_and_do_not_overlap(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let items: Vec<Value> = (0..45).map(|n| json!({"content": format!("阅读 book {n}")})).collect();
    let done = actor.post(&format!("{KEY}/batch"), json!({"items": items})).await.data();
    assert_eq!(done, json!({"insertedCount": 45}));
    for keyword in ["", "阅读"] {
        for path in [format!("{KEY}/search"), "/api/secondme/user/softmemory".into()] {
            let mut all = Vec::new();
            for (page, count) in [(1, 20), (2, 20), (3, 5), (4, 0)] {
                let data =
                    actor.get(&format!("{path}?pageNo={page}&keyword={}", encoded(keyword))).await.data();
                assert_eq!(data["total"], 45);
                assert_eq!(data["list"].as_array().unwrap().len(), count);
                all.extend(contents(&data));
            }
            let newest: Vec<String> = (0..45).rev().map(|n| format!("阅读 book {n}")).collect();
            assert_eq!(all, newest, "of equals the newest comes first");
        }
    }
    for query in
        ["pageNo=0", "pageSize=0", "pageNo=x", "pageNo=99999999", &format!("keyword={}", "x".repeat(501))]
    {
        actor.get(&format!("{KEY}/search?{query}")).await.refused(422, "invalid.param");
    }
}

#[both_engines]
async fn duplicates_are_recognized(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    remember(&actor, "喜欢茶").await;
    remember(&actor, " 喜欢茶\n").await;
    let batch = json!({
        "items": [{"content": "喜欢茶"}, {"content": "喜欢酒", "visibility": 0}, {"content": "喜欢酒"}],
    });
    assert_eq!(actor.post(&format!("{KEY}/batch"), batch).await.data()["insertedCount"], 1);
    assert_eq!(find(&actor, "喜欢").await, ["喜欢酒", "喜欢茶"]);
    let same = (0..16).map(|_| actor.post(KEY, json!({"content": "同时"})));
    assert!(futures::future::join_all(same).await.iter().all(|answer| answer.status == 200));
    assert_eq!(find(&actor, "同时").await.len(), 1);
    let other = server.person("b").await.with_key("*").await;
    remember(&other, "喜欢茶").await;
    assert_eq!(find(&other, "喜欢茶").await.len(), 1, "another person's memory is another one");
}

#[both_engines]
async fn crossing_batches_at_once_do_not_wait_for_each_other_for_ever(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let path = format!("{KEY}/batch");
    let batches = (0..12).map(|n| {
        let mut items: Vec<Value> = (0..20).map(|i| json!({"content": format!("memory {i}")})).collect();
        if n % 2 == 0 {
            items.reverse();
        }
        actor.post(&path, json!({"items": items}))
    });
    let answers = futures::future::join_all(batches).await;
    let inserted: i64 = answers.iter().map(|answer| answer.data()["insertedCount"].as_i64().unwrap()).sum();
    assert_eq!(inserted, 20);
    assert_eq!(find(&actor, "memory").await.len(), 20);
}

#[both_engines]
async fn private_memories_are_for_their_owner(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    actor.post(KEY, json!({"content": "公开的爱好", "visibility": 1})).await.data();
    actor.post(KEY, json!({"content": "私密的爱好 hidden", "visibility": 0})).await.data();
    let soft = "/api/secondme/user/softmemory";
    for query in ["", "?keyword=爱好", "?keyword=私密", "?keyword=idden"] {
        let answer = person.with_key("user.info.softmemory").await.get(&format!("{soft}{query}")).await;
        assert!(!answer.body.contains("私密"), "{query}: {}", answer.body);
        let all = i64::from(query.is_empty() || query.ends_with("爱好"));
        assert_eq!(answer.data()["total"], all, "{query}: a total tells, too");
    }
    assert_eq!(find(&actor, "爱好").await.len(), 2);
    let id = actor.get(&format!("{KEY}/search?keyword=私密")).await.data()["list"][0]["id"].clone();
    actor.post(&format!("{KEY}/{id}/update"), json!({"visibility": 1})).await.data();
    assert_eq!(actor.get(soft).await.data()["total"], 2);
    actor.post(&format!("{KEY}/{id}/update"), json!({"visibility": 2})).await.data();
    assert_eq!(actor.get(&format!("{soft}?keyword=私密")).await.data()["total"], 0);
}

#[both_engines]
async fn an_edit_keeps_what_was_said_before(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    remember(&actor, "住在北京").await;
    let id = only_id(&actor).await;
    server.clock().advance_ms(5000);
    let path = format!("{KEY}/{id}");
    assert_eq!(
        actor.post(&format!("{path}/update"), json!({"content": "住在上海"})).await.data(),
        Value::Null
    );
    server.clock().advance_ms(5000);
    actor.post(&format!("{path}/update"), json!({"visibility": 0})).await.data();
    actor.post(&format!("{path}/update"), json!({"content": "住在上海", "junk": 1})).await.data();
    actor.post(&format!("{path}/update"), json!({})).await.data();
    assert_eq!((find(&actor, "北京").await.len(), find(&actor, "上海").await.len()), (0, 1));
    let now = actor.get(&format!("{KEY}/search")).await.data()["list"][0].clone();
    assert_eq!(
        (now["updateTime"].as_i64(), now["createTime"].as_i64()),
        (Some(1_767_225_610_000), Some(1_767_225_600_000))
    );
    let history = actor.get(&format!("{path}/history")).await.data();
    assert_eq!(contents(&history), ["住在上海", "住在北京"]);
    assert_eq!(history["total"], 2);
    assert_eq!(history["list"][1]["replacedTime"], 1_767_225_605_000_i64);
    assert_eq!(history["list"][0]["visibility"], 1);
}

#[both_engines]
async fn deletion_leaves_nothing(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    remember(&actor, "abgelegen zuerst 最初的秘密").await;
    let id = only_id(&actor).await;
    actor.post(&format!("{KEY}/{id}/update"), json!({"content": "danach zuletzt 后来的秘密"})).await.data();
    assert_eq!(actor.post(&format!("{KEY}/{id}/delete"), json!({})).await.data(), Value::Null);
    assert_eq!(find(&actor, "秘密").await.len(), 0);
    assert_eq!(actor.get(&format!("{KEY}/search")).await.data(), json!({"list": [], "total": 0}));
    let db = &server.running().db;
    for sql in [
        "SELECT COUNT(*) FROM key_memory",
        "SELECT COUNT(*) FROM key_memory_version",
        "SELECT COUNT(*) FROM search_entry",
        "SELECT COUNT(*) FROM search_posting",
        "SELECT COUNT(*) FROM search_pending",
    ] {
        assert_eq!(db.fetch_one::<(i64,)>(sql, &[]).await.unwrap(), (0,), "{sql}");
    }
    for verb in ["update", "delete"] {
        actor
            .post(&format!("{KEY}/{id}/{verb}"), json!({"content": "x"}))
            .await
            .refused(404, "memory.not_found");
    }
    actor.get(&format!("{KEY}/{id}/history")).await.refused(404, "memory.not_found");
}

/// The text is in no file of the database after the write-ahead log was written back at shutdown.
#[both_engines]
async fn what_was_deleted_is_not_in_the_file(mut server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let secret = format!("hermetic {}", "geheimnisvoll ".repeat(300));
    remember(&actor, secret.trim()).await;
    remember(&actor, "stays").await;
    let id = actor.get(&format!("{KEY}/search?keyword=hermetic")).await.data()["list"][0]["id"].clone();
    actor.post(&format!("{KEY}/{id}/update"), json!({"content": "quecksilber statt dessen"})).await.data();
    actor.post(&format!("{KEY}/{id}/delete"), json!({})).await.data();
    server.restart().await;
    let files = std::fs::read_dir(server.data_dir()).unwrap().flatten().filter(|file| file.path().is_file());
    for file in files {
        let bytes = std::fs::read(file.path()).unwrap();
        for word in ["hermet", "geheimnis", "quecksilb"] {
            let held = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!held, "{word} in {}", file.path().display());
        }
    }
}

#[both_engines]
async fn other_peoples_memories_are_out_of_reach(server: TestServer) {
    let owner = server.person("a").await.with_key("*").await;
    let thief = server.person("b").await.with_key("*").await;
    remember(&owner, "我的秘密").await;
    let id = only_id(&owner).await;
    for id in [id.to_string(), "1".into(), "0".into(), "x".into(), "-1".into(), "99999999999999999999".into()]
    {
        thief
            .post(&format!("{KEY}/{id}/update"), json!({"content": "改"}))
            .await
            .refused(404, "memory.not_found");
        thief.post(&format!("{KEY}/{id}/delete"), json!({})).await.refused(404, "memory.not_found");
        thief.get(&format!("{KEY}/{id}/history")).await.refused(404, "memory.not_found");
    }
    assert_eq!(find(&thief, "秘密").await.len(), 0);
    assert_eq!(find(&owner, "秘密").await, ["我的秘密"]);
}

#[both_engines]
async fn what_is_wrong_with_a_memory_is_named(server: TestServer) {
    let actor = server.person("a").await.with_key("memory.write").await;
    for body in [json!({}), json!({"content": ""}), json!({"content": " \n"}), json!({"content": null})] {
        actor.post(KEY, body).await.refused(400, "memory.content.required");
    }
    actor.post(KEY, json!({"content": "长".repeat(5000)})).await.data();
    for (body, field) in [
        (json!({"content": "长".repeat(5001)}), "content"),
        (json!({"content": 5}), "content"),
        (json!({"content": "a\u{0}b"}), "content"),
        (json!({"content": "x", "visibility": 10}), "visibility"),
        (json!({"content": "x", "visibility": -1}), "visibility"),
        (json!({"content": "x", "visibility": "1"}), "visibility"),
        (json!({"content": "x", "mode": "extract"}), "mode"),
        (json!({"content": "x", "factObject": "o".repeat(101)}), "factObject"),
        (json!({"content": "x", "factActor": "a\nb"}), "factActor"),
    ] {
        let answer = actor.post(KEY, body.clone()).await.refused(422, "invalid.param");
        assert_eq!(answer["detail"][0]["loc"], json!(["body", field]), "{body}");
    }
    let batch = format!("{KEY}/batch");
    for (items, place) in [
        (json!([]), json!(["body", "items"])),
        (json!([{"content": "ok"}, {"content": ""}]), json!(["body", "items", "1", "content"])),
        (json!(vec![json!({"content": "x"}); 101]), json!(["body", "items"])),
        (
            json!(
                (0..11).map(|n| json!({"content": format!("{n}{}", "x".repeat(4900))})).collect::<Vec<_>>()
            ),
            json!(["body", "items"]),
        ),
    ] {
        let answer = actor.post(&batch, json!({"items": items})).await.refused(422, "invalid.param");
        assert_eq!(answer["detail"][0]["loc"], place);
    }
    actor
        .post(&format!("{KEY}/1/update"), json!({"content": " "}))
        .await
        .refused(400, "memory.content.required");
    let reader = server.person("b").await.with_key("memory.read").await;
    assert_eq!(
        reader.get(&format!("{KEY}/search")).await.data()["total"],
        0,
        "nothing of a refused batch is kept"
    );
}

#[both_engines]
async fn memories_go_with_their_person(server: TestServer) {
    let person = server.person("a").await;
    remember(&person.with_key("*").await, "再见").await;
    server.running().identity.delete_account(person.account.id).await.unwrap();
    let left: (i64,) =
        server.running().db.fetch_one("SELECT COUNT(*) FROM search_pending", &[]).await.unwrap();
    assert_eq!(left, (0,));
}

/// Reads a list while entries are added between its pages. Returns the ids seen, and the total of each page.
async fn walk(
    actor: &Actor,
    path: &str,
    list: &str,
    id: &str,
    mut add: impl AsyncFnMut(),
) -> (Vec<Value>, Vec<Value>) {
    let (mut seen, mut totals, mut snapshot) = (Vec::new(), Vec::new(), String::new());
    for page in 1.. {
        let data = actor.get(&format!("{path}pageNo={page}&pageSize=4&snapshot={snapshot}")).await.data();
        let rows = data[list].as_array().unwrap();
        if rows.is_empty() {
            break;
        }
        seen.extend(rows.iter().map(|row| row[id].clone()));
        totals.push(data["total"].clone());
        snapshot = data["snapshot"].as_str().unwrap().to_owned();
        add().await;
    }
    (seen, totals)
}

#[both_engines("notes.read_links = false")]
async fn a_walk_is_not_shifted_by_what_is_added(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let mut count = 0;
    let mut add = async || {
        count += 1;
        actor
            .post(
                "/api/secondme/memory/key",
                json!({"content": format!("tea number {count}"), "visibility": 1}),
            )
            .await
            .data();
        actor.post("/api/secondme/note/add", json!({"content": format!("tea number {count}")})).await.data();
        let event = json!({
            "channel": {"kind": "post", "platform": "forum"},
            "action": "posted",
            "refs": [{"objectType": "post", "objectId": format!("{count}")}],
        });
        actor.post("/api/secondme/agent_memory/ingest", event).await.data();
    };
    for _ in 0..11 {
        add().await;
    }
    for (path, list, id) in [
        ("/api/secondme/memory/key/search?", "list", "id"),
        ("/api/secondme/user/softmemory?", "list", "id"),
        ("/api/secondme/memory/key/search?keyword=tea&", "list", "id"),
        ("/api/secondme/note/search?", "list", "id"),
        ("/api/secondme/agent_memory/list?", "items", "eventId"),
    ] {
        let before = actor.get(&format!("{path}pageSize=100")).await.data();
        let expected: Vec<Value> =
            before[list].as_array().unwrap().iter().map(|row| row[id].clone()).collect();
        let (seen, totals) = walk(&actor, path, list, id, &mut add).await;
        assert!(totals.iter().all(|total| *total == before["total"]), "{path}: {totals:?}");
        if path.contains("keyword") {
            let sorted = |ids: &[Value]| {
                ids.iter().map(|id| id.as_i64().unwrap()).collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!((sorted(&seen), seen.len()), (sorted(&expected), expected.len()), "{path}");
        } else {
            assert_eq!(seen, expected, "{path}");
        }
    }
    // Deletions do not shift later pages either.
    let first = actor.get("/api/secondme/note/search?pageSize=4&snapshot=").await.data();
    let id = &first["list"][0]["id"];
    actor.post(&format!("/api/secondme/note/{id}/delete"), json!({})).await.data();
    let snapshot = first["snapshot"].as_str().unwrap();
    let second =
        actor.get(&format!("/api/secondme/note/search?pageNo=2&pageSize=4&snapshot={snapshot}")).await.data();
    let all = actor.get("/api/secondme/note/search?pageSize=100").await.data();
    assert_eq!(second["list"][0], all["list"][3]);
    let listed = actor
        .post("/api/secondme/note/list", json!({"from": 4, "size": 4, "snapshot": snapshot}))
        .await
        .data();
    assert_eq!(listed["list"][0]["id"], second["list"][0]["id"]);
    actor.get("/api/secondme/note/search?snapshot=nonsense").await.refused(422, "invalid.param");
}

#[both_engines]
async fn hostile_texts_are_found_or_refused(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    for (text, keyword) in [
        ("\u{202e}مرحبا بالعالم\u{202c}", "بالعالم"),
        ("שלום לכולם", "לכולם"),
        ("our 👩\u{200d}👩\u{200d}👧\u{200d}👦 family", "👧"),
        ("in\u{200b}visi\u{200c}ble", "invisible"),
        ("cafe\u{301} crème", "café"),
        ("ไทยไม่มีช่องว่าง", "ไม่มี"),
        ("𝕗𝕒𝕟𝕔𝕪 letters", "fancy"),
        ("100% _sure_ \\o/", "_sure_ \\o"),
        ("한국어를 배웁니다", "한국어"),
    ] {
        remember(&actor, text).await;
        assert_eq!(find(&actor, keyword).await, [text], "{keyword}");
    }
    for character in ["x", "字", "👩", "ا", "\u{200b}", "a\u{301}"] {
        let huge = character.repeat((10 << 20) / character.len());
        for (path, body) in
            [(KEY, json!({"content": huge})), ("/api/secondme/note/add", json!({"content": huge}))]
        {
            let sent = actor.request(reqwest::Method::POST, path).json(&body).send().await;
            // The server may refuse the body before it is complete. The client may then miss the
            // response.
            let status = sent.map_or(413, |answer| answer.status().as_u16());
            assert!((400..500).contains(&status), "{character:?}: {status}");
        }
    }
}
