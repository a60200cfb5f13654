//! `/memories`: one list with search and filters, changes in place, actions on several entries, the trash.

use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

const KEY: &str = "/api/secondme/memory/key";
const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

async fn fact(key: &Actor, content: &str, category: &str, visibility: i64) -> String {
    let body = json!({"content": content, "factObject": category, "visibility": visibility});
    assert_eq!(key.post(KEY, body).await.status, 200);
    id_of(key, content).await
}

async fn id_of(key: &Actor, content: &str) -> String {
    let list = key.get(&format!("{KEY}/search?pageSize=100")).await.data();
    let rows = list["list"].as_array().unwrap();
    let row = rows.iter().find(|row| row["factContent"] == content).unwrap();
    row["id"].to_string()
}

/// Sends the form of actions, and returns the address that it leads to.
async fn act(browser: &Actor, fields: &[(&str, &str)]) -> String {
    let csrf = browser.get("/memories").await.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    let done = browser.post_form("/memories/actions", &all).await;
    assert_eq!(done.status, 303, "{}", done.body);
    done.header("location").to_owned()
}

/// Returns the number under which deleted entries can be brought back.
fn undo_of(location: &str) -> String {
    location.split("undo=").nth(1).unwrap_or_default().to_owned()
}

#[both_engines]
async fn one_list_has_all_kinds_and_filters(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    fact(&key, "喜欢在周末阅读科幻小说", "兴趣", 1).await;
    fact(&key, "对花生过敏", "饮食", 0).await;
    key.post("/api/secondme/note/add", json!({"title": "读海", "content": "**班维尔**写海 #小说"}))
        .await
        .data();
    let event = json!({
        "channel": {"kind": "post", "platform": "external"}, "action": "post_created",
        "refs": [{"objectType": "post", "objectId": "1"}], "displayText": "发了一条关于跑步的帖子",
    });
    key.post("/api/secondme/agent_memory/ingest", event).await.data();
    let shown = async |query: &str| {
        let page = browser.get(&format!("/memories{query}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let list = page.body.split("<ul class=\"card flush entries\">").nth(1).unwrap_or_default().to_owned();
        ["科幻小说", "花生过敏", "读海", "关于跑步"].map(|text| list.contains(text))
    };
    for (query, expected) in [
        ("", [true, true, true, true]),
        ("?kind=key", [true, true, false, false]),
        ("?kind=note&see=private", [false, false, true, false]),
        ("?kind=event", [false, false, false, true]),
        ("?category=%E5%85%B4%E8%B6%A3", [true, false, false, false]),
        ("?see=public", [true, false, false, false]),
        ("?see=private", [false, true, true, true]),
        ("?source=app", [true, true, true, true]),
        ("?source=me", [false, false, false, false]),
        ("?from=2000-01-01&to=2000-12-31", [false, false, false, false]),
        ("?from=2000-01-01", [true, true, true, true]),
        ("?sort=old", [true, true, true, true]),
        ("?sort=changed", [true, true, true, true]),
        ("?kind=%3Cx%3E&from=x&sort=x&after=x", [true, true, true, true]),
    ] {
        assert_eq!(shown(query).await, expected, "{query}");
    }
    let note = browser.get("/memories?kind=note").await;
    assert_eq!((note.status, note.header("location")), (303, "/notes"), "notes have a page of their own");
    let hits = browser.get("/memories?q=%E9%98%85%E8%AF%BB").await;
    assert!(hits.body.contains("<mark>阅读</mark>"), "{}", hits.body);
    assert!(!hits.body.contains("**"), "no Markdown marks");
    let none = browser.get("/memories?q=xyzzy").await;
    assert!(none.body.contains("没有找到「xyzzy」") && none.body.contains("记下这句话"), "{}", none.body);
    assert!(!shown("?q=%E9%98%85%E8%AF%BB&see=private").await[0], "hits are filtered");
}

#[both_engines]
async fn memories_are_private_unless_said_otherwise(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let csrf = browser.get("/memories").await.hidden("csrf");
    let add = async |more: &[(&str, &str)]| {
        let mut fields = vec![("csrf", csrf.as_str())];
        fields.extend(more);
        browser.post_form("/memories", &fields).await
    };
    assert_eq!(
        add(&[("content", "一"), ("category", "数字")]).await.header("location"),
        "/memories?done=added"
    );
    assert_eq!(
        add(&[("content", "二"), ("visibility", "public"), ("back", "/memories?q=a")]).await.status,
        303
    );
    let list = key.get(&format!("{KEY}/search")).await.data();
    assert_eq!((&list["list"][1]["visibility"], &list["list"][1]["factObject"]), (&json!(0), &json!("数字")));
    assert_eq!(list["list"][0]["visibility"], 1);
    let empty = add(&[("content", " ")]).await;
    assert_eq!(empty.status, 400, "{}", empty.body);
    let long = "长".repeat(5001);
    let refused = add(&[("content", &long)]).await;
    assert!(refused.status == 422 && refused.body.contains(&long), "what was typed is not lost");
    assert_eq!(browser.post_form("/memories", &[("csrf", "x"), ("content", "三")]).await.status, 403);
    let me = browser.get("/memories?source=me").await;
    assert!(me.body.contains("一</p>") || me.body.contains(">一<"), "{}", me.body);
}

#[both_engines]
async fn several_entries_are_changed_and_brought_back(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let (one, two) = (fact(&key, "一", "", 1).await, fact(&key, "二", "", 1).await);
    let note = key.post("/api/secondme/note/add", json!({"title": "三", "content": "正文"})).await.data();
    let note = note["noteId"].to_string();
    key.post(&format!("{KEY}/{one}/update"), json!({"content": "一改"})).await.data();
    let (first, second, third) = (format!("key:{one}"), format!("key:{two}"), format!("note:{note}"));
    let private =
        [("do", "private"), ("entry", first.as_str()), ("entry", second.as_str()), ("entry", "x:1")];
    assert_eq!(act(&browser, &private).await, "/memories?done=private&n=2");
    let list = key.get(&format!("{KEY}/search")).await.data();
    assert!(list["list"].as_array().unwrap().iter().all(|row| row["visibility"] == 0), "{list}");
    let single = format!("public:{first}");
    assert_eq!(act(&browser, &[("one", &single), ("entry", &second)]).await, "/memories?done=public&n=1");
    assert_eq!(act(&browser, &[("do", "delete")]).await, "/memories?done=nothing&n=0");

    let delete = [
        ("do", "delete"),
        ("entry", first.as_str()),
        ("entry", third.as_str()),
        ("back", "/memories?sort=old"),
    ];
    let location = act(&browser, &delete).await;
    assert!(location.starts_with("/memories?sort=old&done=trashed&n=2&undo="), "{location}");
    let page = browser.get(&location).await;
    assert!(page.body.contains("2 条已移到回收站") && page.body.contains("撤销"), "{}", page.body);
    assert_eq!(key.get(&format!("{KEY}/search")).await.data()["total"], 1, "apps do not see the trash");
    assert_eq!(key.get(&format!("{KEY}/{one}/history")).await.status, 404);
    let trash = browser.get("/memories/trash").await;
    assert!(trash.body.contains("一改") && trash.body.contains("三"), "{}", trash.body);

    assert_eq!(act(&browser, &[("undo", &undo_of(&location))]).await, "/memories?done=restored&n=2");
    let list = key.get(&format!("{KEY}/search?keyword=%E4%B8%80%E6%94%B9")).await.data();
    assert_eq!(list["list"][0]["id"].to_string(), one, "with its id, and found again");
    let history = key.get(&format!("{KEY}/{one}/history")).await.data();
    assert_eq!(history["list"][2]["factContent"], json!("一"), "with its history: {history}");
    assert_eq!(browser.get(&format!("/notes/{note}")).await.status, 200);
    assert_eq!(server.running().memory.trash_count(person.account.id).await.unwrap(), 0);
    let again = act(&browser, &[("undo", &undo_of(&location))]).await;
    assert_eq!(again, "/memories?done=restored&n=0", "once");
}

#[both_engines]
async fn the_trash_keeps_for_a_time_and_is_emptied(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let csrf = browser.get("/memories").await.hidden("csrf");
    let mut rows = Vec::new();
    for text in ["一", "二", "三"] {
        let id = fact(&key, text, "", 0).await;
        let gone = browser.post_form(&format!("/memories/key/{id}/delete"), &[("csrf", &csrf)]).await;
        assert!(gone.header("location").contains("done=trashed"), "{}", gone.body);
        rows.push(id);
    }
    let trash = async || server.running().memory.trash(person.account.id, i64::MAX, 10).await.unwrap();
    let ids: Vec<String> = trash().await.iter().map(|row| row.id.to_string()).collect();
    let send = async |name: &str, value: &str| {
        browser.post_form("/memories/trash", &[("csrf", csrf.as_str()), (name, value)]).await.status
    };
    assert_eq!(send("restore", &ids[0]).await, 303);
    assert_eq!(id_of(&key, "三").await, rows[2]);
    assert_eq!((send("delete", &ids[1]).await, send("delete", &ids[1]).await), (303, 404));
    // The same fact was noted again meanwhile: it is not there twice.
    fact(&key, "一", "", 0).await;
    assert_eq!(send("restore", &ids[2]).await, 303);
    assert_eq!(key.get(&format!("{KEY}/search")).await.data()["total"], 2);
    assert!(trash().await.is_empty());
    let id = id_of(&key, "一").await;
    browser.post_form(&format!("/memories/key/{id}/delete"), &[("csrf", &csrf)]).await;
    assert_eq!(send("empty", "1").await, 303);
    assert!(trash().await.is_empty());
    let id = id_of(&key, "三").await;
    browser.post_form(&format!("/memories/key/{id}/delete"), &[("csrf", &csrf)]).await;
    server.clock().advance_ms(29 * 86_400 * 1000);
    assert_eq!(server.running().memory.sweep_trash().await.unwrap(), 0);
    server.clock().advance_ms(2 * 86_400 * 1000);
    assert_eq!(server.running().memory.sweep_trash().await.unwrap(), 1);
}

#[both_engines]
async fn a_memory_is_changed_in_place(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let id = fact(&key, "每月读两本书", "习惯", 0).await;
    let csrf = browser.get("/memories").await.hidden("csrf");
    let path = format!("/memories/key/{id}");
    let typed = [
        ("csrf", csrf.as_str()),
        ("content", "每月读四本书"),
        ("category", "阅读"),
        ("visibility", "public"),
        ("back", "/memories?q=a"),
    ];
    let saved = browser.post_form(&path, &typed).await;
    let expected = format!("/memories?q=a&done=saved#entry-{id}");
    assert_eq!((saved.status, saved.header("location")), (303, expected.as_str()), "{}", saved.body);
    let row = key.get(&format!("{KEY}/search")).await.data()["list"][0].clone();
    assert_eq!(
        (&row["factContent"], &row["factObject"], &row["visibility"]),
        (&json!("每月读四本书"), &json!("阅读"), &json!(1))
    );
    let found = key.get(&format!("{KEY}/search?keyword=%E9%98%85%E8%AF%BB")).await.data();
    assert_eq!(found["total"], 1, "the new category is searched");
    let page = browser.get(&path).await;
    assert!(page.body.contains("每月读两本书") && page.body.contains("历史版本"), "{}", page.body);
    let long = "长".repeat(101);
    let wrong = [("csrf", csrf.as_str()), ("content", "五本"), ("category", &long)];
    let refused = browser.post_form(&path, &wrong).await;
    assert!(refused.status == 422 && refused.body.contains("五本"), "{}", refused.body);
}

#[both_engines]
async fn other_peoples_memories_stay_theirs(server: TestServer) {
    let (alice, bob) = (server.person("a").await, server.person("b").await);
    let (own, other) = (alice.with_key("*").await, bob.signed_in().await);
    let id = fact(&own, "只属于小满", "", 1).await;
    let owner = alice.signed_in().await;
    let deleted = fact(&own, "删掉的", "", 0).await;
    let name = format!("key:{deleted}");
    let undo = undo_of(&act(&owner, &[("do", "delete"), ("entry", &name)]).await);
    let row = server.running().memory.trash(alice.account.id, i64::MAX, 1).await.unwrap()[0].id.to_string();

    let csrf = other.get("/memories").await.hidden("csrf");
    assert!(!other.get("/memories?q=%E5%B0%8F%E6%BB%A1").await.body.contains("只属于小满"));
    let path = format!("/memories/key/{id}");
    assert_eq!(other.get(&path).await.status, 404);
    assert_eq!(other.post_form(&path, &[("csrf", &csrf), ("content", "x")]).await.status, 404);
    assert_eq!(other.post_form(&format!("{path}/delete"), &[("csrf", &csrf)]).await.status, 404);
    let name = format!("key:{id}");
    for action in ["delete", "public", "private"] {
        let location = act(&other, &[("do", action), ("entry", &name)]).await;
        assert!(location.contains("n=0"), "{location}");
    }
    assert_eq!(act(&other, &[("undo", &undo)]).await, "/memories?done=restored&n=0");
    for field in ["restore", "delete"] {
        let form = [("csrf", csrf.as_str()), (field, row.as_str())];
        assert_eq!(other.post_form("/memories/trash", &form).await.status, 404, "{field}");
    }
    assert_eq!(own.get(&format!("{KEY}/search")).await.data()["list"][0]["factContent"], "只属于小满");

    // Nobody without a session or with a wrong token gets in.
    let nobody = server.anyone();
    for path in ["/memories", "/memories/trash", "/memories/import", "/memories/never", "/memories/review"] {
        assert_eq!(nobody.get(path).await.status, 401, "{path}");
        assert_ne!(own.get(path).await.status, 200, "a key opens no page: {path}");
    }
    for path in ["/memories/actions", "/memories/trash", "/memories/import/start", "/memories/never"] {
        assert_eq!(other.post_form(path, &[("csrf", "x"), ("do", "delete")]).await.status, 403, "{path}");
    }
}

#[both_engines]
async fn hostile_texts_stay_texts(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let short: String = HOSTILE.chars().take(90).collect();
    let id = fact(&key, HOSTILE, &short, 1).await;
    key.post("/api/secondme/note/add", json!({"title": HOSTILE, "content": HOSTILE})).await.data();
    let event = json!({
        "channel": {"kind": "post", "platform": HOSTILE}, "action": HOSTILE,
        "refs": [{"objectType": "post", "objectId": "1"}], "displayText": HOSTILE,
    });
    key.post("/api/secondme/agent_memory/ingest", event).await;
    let q: String = "%3Cscript%3Ealert(1)".to_owned();
    for path in [
        "/memories".to_owned(),
        format!("/memories?q={q}"),
        format!("/memories?category={q}%22%3E"),
        format!("/memories/key/{id}"),
        format!("/memories?done={q}&undo={q}&n={q}&after={q}"),
    ] {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !page.body.contains("<script>") && !page.body.contains("<img src=x"),
            "{path}: {}",
            page.body
        );
    }
    let name = format!("key:{id}");
    act(&browser, &[("do", "delete"), ("entry", &name)]).await;
    assert!(!browser.get("/memories/trash").await.body.contains("<script>"));
}

#[both_engines]
async fn pages_are_not_shifted_by_new_entries(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    for from in [0, 20] {
        let items: Vec<_> =
            (from..from + 25.min(45 - from)).map(|i| json!({"content": format!("事{i:02}")})).collect();
        key.post(&format!("{KEY}/batch"), json!({"items": items})).await.data();
        server.clock().advance_ms(1000);
    }
    let mut seen: Vec<String> = Vec::new();
    let mut path = "/memories".to_owned();
    for round in 0..5 {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200);
        let list = page.body.split("<ul class=\"card flush entries\">").nth(1).unwrap_or_default();
        for part in list.split("aria-label=\"选择：事").skip(1) {
            seen.push(part.chars().take(2).collect());
        }
        // New entries come while the person is paging.
        fact(&key, &format!("新的{round}"), "", 0).await;
        let Some(next) =
            page.body.split("rel=\"next\"").next().filter(|_| page.body.contains("rel=\"next\""))
        else {
            break;
        };
        path = next
            .rsplit("href=\"")
            .next()
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .replace("&#38;", "&")
            .replace("&amp;", "&");
    }
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!((once.len(), seen.len()), (45, 45), "{seen:?}");
}

#[both_engines("files.max_import_bytes = 1000000")]
async fn files_are_previewed_and_imported(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    fact(&key, "已有的一条", "", 0).await;
    let csrf = browser.get("/memories/import").await.hidden("csrf");
    let table = "content,category,time\n喜欢爬山,运动,2026-01-05\n已有的一条,,\n,空的,\n晚睡,习惯,some day\n";
    let send = async |token: &str, name: &str, bytes: Vec<u8>| {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().text("csrf", token.to_owned()).part("file", part);
        browser.send(browser.request(reqwest::Method::POST, "/memories/import").multipart(form)).await
    };
    assert_eq!(send("x", "a.csv", table.into()).await.status, 403, "a wrong token");
    assert_eq!(send(&csrf, "a.exe", table.into()).await.status, 422);
    let large = send(&csrf, "a.csv", vec![b'x'; 1_000_001]).await;
    assert_eq!(large.status, 413, "{}", large.body);
    assert_eq!(send(&csrf, "../记录.csv", table.into()).await.status, 303);
    let settled = async || loop {
        let page = browser.get("/memories/import").await;
        if !page.body.contains("http-equiv=\"refresh\"") {
            break page.body;
        }
    };
    let preview = settled().await;
    for text in ["记录.csv", "喜欢爬山", "导入 2 条", "给这一行填上内容", "some day"] {
        assert!(preview.contains(text), "{text}: {preview}");
    }
    assert_eq!(key.get(&format!("{KEY}/search")).await.data()["total"], 1, "nothing is written yet");
    let other = server.person("b").await.signed_in().await;
    let theirs = other.get("/memories/import").await;
    assert!(!theirs.body.contains("喜欢爬山"), "an upload is its owner's");
    let their_csrf = theirs.hidden("csrf");
    assert_eq!(other.post_form("/memories/import/start", &[("csrf", &their_csrf)]).await.status, 404);

    assert_eq!(browser.post_form("/memories/import/start", &[("csrf", &csrf)]).await.status, 303);
    let report = settled().await;
    assert!(report.contains("导入完成") && report.contains("看导入的内容"), "{report}");
    let list = key.get(&format!("{KEY}/search")).await.data();
    assert_eq!(list["total"], 3);
    let row = list["list"].as_array().unwrap().iter().find(|row| row["factContent"] == "喜欢爬山").unwrap();
    assert_eq!((&row["visibility"], &row["factObject"]), (&json!(0), &json!("运动")), "private");
    let imported = browser.get("/memories?source=import").await;
    assert!(
        imported.body.contains("喜欢爬山") && !imported.body.contains("已有的一条</p>"),
        "{}",
        imported.body
    );
    assert_eq!(browser.post_form("/memories/import/start", &[("csrf", &csrf)]).await.status, 404, "once");
    assert_eq!(browser.post_form("/memories/import/discard", &[("csrf", &csrf)]).await.status, 303);
    assert!(settled().await.contains("type=\"file\""));
}

/// A conversation of ChatGPT with an answer, and a chat of Telegram.
const TALK: &str = r#"[{"id":"c1","title":"猫","create_time":1735700000.5,"mapping":{
    "u":{"parent":null,"message":{"author":{"role":"user"},
        "content":{"content_type":"text","parts":["我的猫叫 Momo"]}}},
    "a":{"parent":"u","message":{"author":{"role":"assistant"},
        "content":{"content_type":"text","parts":["Nice!"]}}}}}]"#;

#[both_engines]
async fn an_import_is_chosen_listed_and_undone(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let csrf = browser.get("/memories/import").await.hidden("csrf");
    let part = |name: &str, text: &str| {
        reqwest::multipart::Part::bytes(text.as_bytes().to_vec()).file_name(name.to_owned())
    };
    let chat = |name: &str, id: i64| {
        format!(
            r#"{{"name":"{name}","type":"personal_chat","id":{id},"messages":[{{"type":"message",
            "date_unixtime":"1709601120","from":"{name}","text":"你好"}}]}}"#
        )
    };
    let form = reqwest::multipart::Form::new()
        .text("csrf", csrf.clone())
        .part("file", part("conversations.json", TALK))
        .part("file", part("li.json", &chat("小李", 7)))
        .part("file", part("wang.json", &chat("小王", 8)));
    let sent = browser.send(browser.request(reqwest::Method::POST, "/memories/import").multipart(form)).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let settled = async || loop {
        let page = browser.get("/memories/import").await;
        if !page.body.contains("http-equiv=\"refresh\"") {
            break page.body;
        }
    };
    let preview = settled().await;
    for text in
        ["name=\"group\" value=\"小李\"", "name=\"kind\" value=\"conversations\"", "导入 3 条", "2024-03-05"]
    {
        assert!(preview.contains(text), "{text}: {preview}");
    }
    // One of the chats is left out.
    let fields = [
        ("csrf", csrf.as_str()),
        ("choice", "1"),
        ("kind", "conversations"),
        ("kind", "notes"),
        ("group", "小李"),
    ];
    assert_eq!(browser.post_form("/memories/import/start", &fields).await.status, 303);
    let report = settled().await;
    assert!(report.contains("导入完成"), "{report}");
    let titles = async || {
        let data = key.get("/api/secondme/note/search").await.data();
        data["list"].as_array().unwrap().iter().map(|note| note["title"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(titles().await, ["Telegram · 小李 · 2024-03"]);
    let talks = key.get("/api/secondme/chat/session/list").await.data();
    assert_eq!(talks["sessions"][0]["title"], "猫", "{talks}");

    let link = report.split("/memories/import/runs/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/memories/import/runs/{link}");
    let run = browser.get(&path).await.body;
    assert!(run.contains("完成") && run.contains("笔记 1") && run.contains("对话 1"), "{run}");
    let other = server.person("b").await.signed_in().await;
    assert_eq!(other.get(&path).await.status, 404);
    let theirs = other.get("/memories/import").await.hidden("csrf");
    let refused = other.post_form(&format!("{path}/undo"), &[("csrf", &theirs), ("sure", "1")]).await;
    assert_eq!(refused.status, 404);
    let undone = browser.post_form(&format!("{path}/undo"), &[("csrf", &csrf), ("sure", "1")]).await;
    assert_eq!(undone.status, 303, "{}", undone.body);
    while browser.get(&path).await.body.contains("http-equiv=\"refresh\"") {}
    assert!(browser.get(&path).await.body.contains("已撤销"));
    assert_eq!(titles().await, Vec::<Value>::new());
    assert_eq!(key.get("/api/secondme/chat/session/list").await.data()["sessions"], json!([]));
}

#[both_engines]
async fn a_pasted_list_becomes_facts(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let csrf = browser.get("/memories/import").await.hidden("csrf");
    let text = "```\n[2025-05-02] - 用户对花生过敏\n1、Prefers short answers\n```";
    let form = reqwest::multipart::Form::new().text("csrf", csrf.clone()).text("text", text);
    let sent = browser.send(browser.request(reqwest::Method::POST, "/memories/import").multipart(form)).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    while browser.get("/memories/import").await.body.contains("http-equiv=\"refresh\"") {}
    assert_eq!(browser.post_form("/memories/import/start", &[("csrf", &csrf)]).await.status, 303);
    while browser.get("/memories/import").await.body.contains("http-equiv=\"refresh\"") {}
    let list = key.get(&format!("{KEY}/search")).await.data();
    let found: Vec<&Value> =
        list["list"].as_array().unwrap().iter().map(|fact| &fact["factContent"]).collect();
    assert_eq!(found.len(), 2, "{list}");
    assert!(found.contains(&&json!("用户对花生过敏")), "{list}");
    let markdown = browser.get("/memories/export/markdown").await;
    assert_eq!((markdown.status, markdown.header("content-type")), (200, "application/zip"));
}
