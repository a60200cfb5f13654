//! Export and import: after an import, the new server returns the same data of a person as the old one.

use std::path::{Path, PathBuf};

use archive::{Archive, Manifest};
use chat::person::AssistantSettings;
use doppel::import::{Import, Listener, Outcome};
use futures::TryStreamExt;
use memory::{
    LinkId, MemoryId, ReviewId,
    key::{Evidence, Fact, Learned},
    note::{Kind, NewNote},
    profile::Change,
    review::{Proposal, Proposed, Waiting},
};
use serde_json::{Value, json};
use store::AccountId;
use testkit::{Actor, Engine, Person, TestServer, both_engines};

const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rI\
    DATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";
const SETTINGS: &str = "notes.read_links = false";

#[derive(Default)]
struct Heard {
    entries: u64,
    refused: Vec<String>,
}

impl Listener for Heard {
    fn progress(&mut self, entries: u64) {
        self.entries += entries;
    }

    fn refused(&mut self, place: &str, line: u64, why: &str) {
        let place =
            Path::new(place).file_name().map_or(place.into(), |name| name.to_string_lossy().into_owned());
        self.refused.push(format!("{place}:{line}: {why}"));
    }

    fn doubted(&mut self, place: &str, line: u64, what: &str) {
        self.refused(place, line, what);
    }
}

fn archive(server: &TestServer) -> Archive {
    Archive::new({
        let running = server.running();
        doppel::server::sections(&running.memory, &running.chat, &running.plaza, &running.avatars)
    })
}

async fn export(server: &TestServer, person: &Person) -> Vec<u8> {
    let about = Manifest::new(&person.account.email, "x", server.clock().now());
    let chunks: Vec<_> =
        archive(server).stream(person.account.id, &about, server.clock().now()).try_collect().await.unwrap();
    chunks.concat()
}

async fn import(server: &TestServer, person: &Person, from: &Path) -> (Outcome, Heard) {
    let mut heard = Heard::default();
    let archive = archive(server);
    let outcome = Import::new(&archive, person.account.id, 1 << 20, &mut heard).run(from).await.unwrap();
    (outcome, heard)
}

fn write(directory: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.join(name);
    testkit::write_file(&path, bytes);
    path
}

/// Adds data of every kind to an account.
async fn fill(server: &TestServer, person: &Person, actor: &Actor) {
    let file = actor.upload("/api/cdn/upload", "a.png", PNG.to_vec()).await.data();
    let profile = json!({
        "name": "名字", "bio": "简介", "about_me": "自我介绍", "avatar": file["url"], "origin_route": "somebody",
    });
    actor.post("/api/secondme/user/profile", profile).await.data();
    for name in ["科技爱好者", "Reader"] {
        let shade = json!({
            "shadeName": name, "shadeIcon": file["url"], "shadeNamePublic": name, "sourceTopics": ["AI"],
        });
        actor.post("/api/secondme/user/shades/create", shade).await.data();
    }
    for i in 0..30 {
        let fact =
            json!({"content": format!("fact {i} 喜欢第{i}本书"), "visibility": i % 3, "factObject": "书"});
        actor.post("/api/secondme/memory/key", fact).await.data();
        server.clock().advance_ms(1000);
    }
    let first = actor.get("/api/secondme/memory/key/search?pageSize=1").await.data()["list"][0]["id"].clone();
    actor
        .post(&format!("/api/secondme/memory/key/{first}/update"), json!({"content": "changed 改过了"}))
        .await
        .data();
    let note = json!({"content": "今天读完了《三体》", "title": "读书笔记"});
    let note = actor.post("/api/secondme/note/add", note).await.data()["noteId"].clone();
    server.clock().advance_ms(1000);
    actor.post(&format!("/api/secondme/note/{note}/update"), json!({"content": "改过的笔记"})).await.data();
    let link = json!({"memoryType": "LINK", "urls": ["https://example.com/rust"], "title": "To read"});
    actor.post("/api/secondme/note/add", link).await.data();
    let event = json!({"channel": {"kind": "post", "platform": "forum"}, "action": "posted",
        "importance": 0.9,
        "refs": [{"objectType": "post", "objectId": "7"}], "payload": {"a": [1, "二"]}});
    actor.post("/api/secondme/agent_memory/ingest", event).await.data();
    let talk = json!({"message": "你好，介绍一下自己", "sessionId": "diary-1", "systemPrompt": "请用友好的语气回复"});
    assert_eq!(actor.post("/api/secondme/chat/stream", talk).await.status, 200);
    teach(server, person.account.id, actor).await;
    // The first account is an administrator, so it gets a certificate of the Plaza.
    actor.get("/api/certificate/").await.data();
    let post = json!({"content": "广场上的第一帖", "type": "public"});
    let post = actor.post("/api/secondme/plaza/posts/create", post).await.data()["postId"].clone();
    actor
        .post("/api/secondme/plaza/posts/comment", json!({"postId": post, "content": "自己的评论"}))
        .await
        .data();
    let like = format!("/api/secondme/plaza/posts/{}/like", post.as_str().unwrap());
    actor.post(&like, json!({})).await.data();
    let circle = json!({"circleRoute": "readers", "name": "读书会"});
    actor.post("/api/secondme/plaza/circles/create", circle).await.data();
    let stranger = server.person("stranger").await.account.id;
    actor.post(&format!("/api/secondme/plaza/users/{stranger}/block"), json!({})).await.data();
}

/// Adds two contradicting facts from the conversation, and settings of the assistant.
async fn teach(server: &TestServer, account: AccountId, actor: &Actor) {
    let said = actor.get("/api/secondme/chat/session/messages?sessionId=diary-1").await.data();
    let message = said["messages"][1]["messageId"].as_str().unwrap();
    let message = chat::session::model::parse_message_id(message).unwrap();
    let running = server.running();
    let fact = |content: &str, against: Vec<MemoryId>| Learned {
        fact: Fact {
            actor: "用户".to_owned(),
            object: String::new(),
            content: content.to_owned(),
            visibility: 0,
        },
        message,
        quote: content.to_owned(),
        same: None,
        against,
    };
    let now = server.clock().now();
    for content in ["住在北京", "住在上海", "住在上海"] {
        let known = running.memory.saved_links(account, LinkId(0), 10).await.unwrap();
        let against = known.first().map(|link| link.memory).into_iter().collect();
        let lessons = running.memory.prepare_lessons(vec![fact(content, against)]);
        let write = running
            .db
            .write(move |tx| Box::pin(async move { memory::key::learn(tx, account, &lessons, now).await }));
        write.await.unwrap();
    }
    wait(server, account).await;
    let preferences =
        AssistantSettings { daily_tokens: 12_345, distills: false, tools: vec!["echo__say".to_owned()] };
    running.chat.set_assistant_settings(account, preferences).await.unwrap();
}

/// Adds proposals of an agent, one of them of a memory that is there.
async fn wait(server: &TestServer, account: AccountId) {
    let memory = &server.running().memory;
    let change = Change { reviews_agents: Some(true), ..Change::default() };
    memory.update_profile(account, change).await.unwrap();
    let known = memory.saved_links(account, LinkId(0), 1).await.unwrap()[0].memory;
    let (title, object) = ("Plan".to_owned(), "书".to_owned());
    let fact = Fact { actor: "用户".to_owned(), object, content: "想读诗".to_owned(), visibility: 0 };
    let note = NewNote { kind: Kind::Text, title, content: "三月读诗".to_owned(), urls: Vec::new() };
    for proposal in [
        Proposal::Memory(fact),
        Proposal::Note(note),
        Proposal::Change(known, "住在杭州".to_owned()),
        Proposal::Delete(known),
    ] {
        let proposed =
            memory.propose(account.into(), "app:1".to_owned(), proposal, Evidence::default()).await.unwrap();
        assert!(matches!(proposed, Proposed::Waiting(_)));
        server.clock().advance_ms(1000);
    }
}

/// Returns the API's responses about the person, without ids and other data that differ between servers.
async fn answers(server: &TestServer, person: &Person, actor: &Actor) -> Vec<Value> {
    let mut all = Vec::new();
    let mut ids = Vec::new();
    for path in [
        "user/info",
        "user/shades/all",
        "memory/key/search?pageSize=100",
        "memory/key/search?keyword=第7本书",
        "user/softmemory?keyword=fact",
        "note/search",
        "note/search?keyword=笔记",
        "note/search?keyword=rust",
        "agent_memory/list",
        "activity/day-overview?date=2026-01-01",
        "chat/session/list",
        "chat/session/messages?sessionId=diary-1",
        "chat/usage",
    ] {
        let data = actor.get(&format!("/api/secondme/{path}")).await.data();
        if path.starts_with("memory") || path.starts_with("note") {
            let kind = path
                .split(['/', '?'])
                .take(if path.starts_with("note") { 1 } else { 2 })
                .collect::<Vec<_>>()
                .join("/");
            ids.extend(data["list"].as_array().unwrap().iter().map(|row| format!("{kind}/{}", row["id"])));
        }
        all.push(data);
    }
    let said = actor.get("/api/secondme/chat/session/messages?sessionId=diary-1").await.data();
    let answer =
        said["messages"].as_array().unwrap().last().unwrap()["messageId"].as_str().unwrap().to_owned();
    all.push(actor.get(&format!("/api/secondme/chat/message/{answer}/sent")).await.data());
    for id in ids {
        all.push(actor.get(&format!("/api/secondme/{id}/history")).await.data());
    }
    let links = server.running().memory.saved_links(person.account.id, LinkId(0), 100).await.unwrap();
    let links =
        links.iter().map(|link| json!([link.memory, link.kind, link.other, link.message, link.time.0]));
    let memory = &server.running().memory;
    let waiting = memory.waiting(person.account.id, ReviewId(i64::MAX), 100).await.unwrap();
    let told = |entry: &Waiting| {
        json!([entry.kind.name(), entry.title, entry.content, entry.before, entry.client, entry.created_at.0])
    };
    all.push(waiting.iter().map(told).collect());
    all.push(json!(memory.reviews_agents(person.account.id).await.unwrap()));
    let preferences = server.running().chat.assistant_settings(person.account.id).await.unwrap();
    all.extend([links.collect(), json!([preferences.daily_tokens, preferences.distills, preferences.tools])]);
    let text = serde_json::to_string(&all).unwrap().replace(server.base_url(), "HERE");
    let mut all: Vec<Value> = serde_json::from_str(&text).unwrap();
    all[0]["userId"] = Value::Null;
    all[0]["email"] = Value::Null;
    let text = serde_json::to_string(&all).unwrap();
    let user = actor.get("/api/secondme/user/info").await.data()["userId"].as_str().unwrap().to_owned();
    serde_json::from_str(&text.replace(&format!("\"{user}\""), "null").replace(&user, "0")).unwrap()
}

async fn moves(from: Engine, to: Engine) {
    let old = TestServer::configured(from, SETTINGS).await;
    let owner = old.person("a").await;
    let actor = owner.with_key("*").await;
    fill(&old, &owner, &actor).await;
    let bytes = export(&old, &owner).await;
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), "a.tar", &bytes);
    // The archive can be read by other programs.
    let names = std::process::Command::new("tar").arg("-tf").arg(&path).output().unwrap();
    let names = String::from_utf8(names.stdout).unwrap();
    for name in
        ["doppel.json", "profile/0001.jsonl", "key-memories/0001.jsonl", "notes/0001.jsonl", "files/data/"]
    {
        assert!(names.contains(name), "{name}: {names}");
    }

    let text = String::from_utf8_lossy(&bytes);
    assert!(
        text.contains("plaza-posts/0001.jsonl")
            && text.contains("广场上的第一帖")
            && text.contains("自己的评论")
    );
    for (section, holds) in [
        ("plaza-certificate", "\"number\":\"CERT-"),
        ("plaza-invitations", "\"code\":"),
        ("plaza-circles", "\"circleRoute\":\"readers\""),
        ("plaza-likes", "{\"postId\":\"post_"),
        ("plaza-blocks", "{\"userId\":\""),
    ] {
        let part = text.split_once(&format!("{section}/0001.jsonl")).expect(section).1;
        let line = part.trim_start_matches(|c| c != '{').lines().next().unwrap();
        assert!(line.contains(holds), "{section}: {line}");
    }

    let new = TestServer::configured(to, SETTINGS).await;
    new.clock().set(old.clock().now());
    let person = new.person("b").await;
    let (outcome, heard) = import(&new, &person, &path).await;
    // A file, the profile, two interests, 32 memories, two notes, an event, a conversation with three
    // messages, four links of facts, a day of usage, the settings, and four proposals.
    assert_eq!((outcome.added, outcome.known, heard.refused), (53, 0, Vec::new()));
    let moved = person.with_key("*").await;
    let both = (answers(&new, &person, &moved).await, answers(&old, &owner, &actor).await);
    both.0.iter().zip(&both.1).for_each(|(here, there)| assert_eq!(here, there));
    assert_eq!(both.0.len(), both.1.len());
    let avatar = moved.get("/api/secondme/user/info").await.data()["avatar"].clone();
    let path_of = avatar
        .as_str()
        .unwrap()
        .strip_prefix(new.base_url())
        .expect("an address of the new server")
        .to_owned();
    let file =
        new.anyone().request(reqwest::Method::GET, &path_of).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(file.as_ref(), PNG);
    // A second import, from a compressed archive, changes nothing.
    let before = answers(&new, &person, &moved).await;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, &bytes).unwrap();
    let packed = write(directory.path(), "a.tar.gz", packer.finish().unwrap());
    let (again, heard) = import(&new, &person, &packed).await;
    assert_eq!((again.added, again.known, heard.refused), (0, 53, Vec::new()));
    assert_eq!(answers(&new, &person, &moved).await, before);
    // A second person on the same server gets copies with new ids, and the first person keeps everything.
    let other = new.person("c").await;
    let (copied, heard) = import(&new, &other, &path).await;
    assert_eq!(copied.added, 46, "{:?}", heard.refused);
    let (links, others): (Vec<_>, Vec<_>) =
        heard.refused.iter().partition(|why| why.contains("no such memory"));
    assert_eq!(
        links.len(),
        6,
        "facts and changes are told by ids, which are somebody else's here: {:?}",
        heard.refused
    );
    assert_eq!(others.len(), 2, "the route and the file are taken: {others:?}");
    assert_eq!(answers(&new, &person, &moved).await, before);
    let copy = other.with_key("*").await;
    assert_eq!(copy.get("/api/secondme/memory/key/search?keyword=第7本书").await.data()["total"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sqlite_to_postgres() {
    Box::pin(moves(Engine::Sqlite, Engine::Postgres)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_postgres_to_sqlite() {
    Box::pin(moves(Engine::Postgres, Engine::Sqlite)).await;
}

#[both_engines("notes.read_links = false")]
async fn the_trash_and_versions_of_answers_come_along(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let csrf = browser.get("/chat").await.hidden("csrf");
    key.post("/api/secondme/memory/key", json!({"content": "a deleted fact"})).await.data();
    key.post("/api/secondme/note/add", json!({"title": "A deleted note", "content": "text"})).await.data();
    let facts = key.get("/api/secondme/memory/key/search").await.data();
    let notes = key.get("/api/secondme/note/search").await.data();
    for path in [
        format!("/memories/key/{}/delete", facts["list"][0]["id"]),
        format!("/notes/{}/delete", notes["list"][0]["id"]),
    ] {
        assert_eq!(browser.post_form(&path, &[("csrf", &csrf)]).await.status, 303, "{path}");
    }
    let said = browser.post_form("/chat", &[("csrf", &csrf), ("session", ""), ("message", "hello")]).await;
    let place = said.header("location").trim_end_matches("#end").to_owned();
    let session = place.split_once('=').unwrap().1.to_owned();
    let page = browser.get(&place).await.body;
    let id = page.split("id=\"msg_").nth(1).unwrap().split('"').next().unwrap();
    let form =
        [("csrf", csrf.as_str()), ("session", &session), ("message", ""), ("replaces", &format!("msg_{id}"))];
    assert_eq!(browser.post_form("/chat", &form).await.status, 303);
    assert!(browser.get(&place).await.body.contains(">2 / 2<"));

    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), "a.tar", export(&server, &person).await);
    let other = server.person("b").await;
    let (outcome, heard) = import(&server, &other, &path).await;
    assert!(heard.refused.iter().all(|why| why.contains("route")), "{:?}", heard.refused);
    assert!(outcome.added >= 6, "{}", outcome.added);
    let browser = other.signed_in().await;
    assert!(browser.get(&place).await.body.contains(">2 / 2<"));
    let listed = browser.get("/api/secondme/chat/session/list").await.data();
    assert_eq!(listed["sessions"][0]["messageCount"], 2, "{listed}");
    let trash = browser.get("/memories/trash").await;
    assert!(trash.body.contains("a deleted fact") && trash.body.contains("A deleted note"), "{}", trash.body);
    let account = other.account.id;
    for entry in server.running().memory.trash(account, i64::MAX, 10).await.unwrap() {
        server.running().memory.restore(account, entry.id).await.unwrap();
    }
    let found = other.with_key("*").await.get("/api/secondme/memory/key/search").await.data();
    assert_eq!(found["list"][0]["factContent"], "a deleted fact");
    assert_eq!(server.running().memory.trash_count(account).await.unwrap(), 0);
    let (again, _) = import(&server, &person, &path).await;
    assert_eq!(again.added, 0, "an import of one's own archive changes nothing");
    let faults = server.running().chat.examine(account, false).await.unwrap();
    assert!(faults.is_empty(), "{faults:?}");
}

#[both_engines("notes.read_links = false")]
async fn hostile_trash_is_refused(server: TestServer) {
    let (directory, person) = (tempfile::tempdir().unwrap(), server.person("a").await);
    let good = json!({
        "kind": "memory", "entryId": 5, "batch": 5, "shown": "x".repeat(5000), "body": "{}", "links": "[]",
        "deleteTime": 1_767_225_600_000_i64,
    });
    let with = |member: &str, value: Value| {
        let mut line = good.clone();
        line[member] = value;
        line.to_string()
    };
    let lines = [
        good.to_string(),
        with("kind", json!("profile")),
        with("body", json!("no json")),
        with("body", json!("[]")),
        with("links", json!("{}")),
        with("shown", json!("\0")),
        with("deleteTime", json!(-1)),
        with("entryId", json!(0)),
    ];
    let about = Manifest::new(&person.account.email, "x", server.clock().now());
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in
        [("doppel.json", serde_json::to_string(&about).unwrap()), ("trash/0001.jsonl", lines.join("\n"))]
    {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    let path = write(directory.path(), "a.tar", tar.into_inner().unwrap());
    let (outcome, heard) = import(&server, &person, &path).await;
    assert_eq!((outcome.added, heard.refused.len()), (1, 7), "{:?}", heard.refused);
    let entry = server.running().memory.trash(person.account.id, i64::MAX, 10).await.unwrap().remove(0);
    assert_eq!(entry.shown.len(), 200);
    let error = server.running().memory.restore(person.account.id, entry.id).await.unwrap_err();
    assert!(error.code().status().is_client_error(), "{error:?}");
}

#[both_engines("notes.read_links = false")]
async fn facts_and_folders_come_in(server: TestServer) {
    let (directory, person) = (tempfile::tempdir().unwrap(), server.person("a").await);
    let at = directory.path();
    let csv = write(
        at,
        "facts.csv",
        "\u{feff}Content,Object,visibility\n喜欢茶,饮食,0\n\"likes \"\"quoted\"\" tea\",,\n,空,1\nx,y,12\n\
         喜欢茶,饮食,1\n",
    );
    let (outcome, heard) = import(&server, &person, &csv).await;
    assert_eq!((outcome.added, outcome.known, outcome.refused), (2, 1, 2));
    assert!(
        heard.refused[0].starts_with("facts.csv:4: ")
            && heard.refused[1].starts_with("facts.csv:5: visibility"),
        "{:?}",
        heard.refused
    );
    let lines = write(
        at,
        "facts.jsonl",
        "{\"content\":\"one\"}\n\nnot json\n{\"fact\":\"two\",\"actor\":\"妈妈\"}\n\u{7f}\n",
    );
    let (outcome, heard) = import(&server, &person, &lines).await;
    assert_eq!(
        (outcome.added, outcome.refused, heard.refused[0].starts_with("facts.jsonl:3: ")),
        (2, 2, true)
    );
    let folder = at.join("diary");
    write(&folder, "one.md", "# 标题\n今天下雨");
    write(&folder, "deep/two.markdown", "no heading");
    write(&folder, "picture.png", PNG);
    write(&folder, ".hidden/x.md", "hidden");
    write(&folder, "empty.md", " \n");
    write(&folder, "binary.md", [0xff, 0xfe, 0x00]);
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link.md")).unwrap();
    let (outcome, heard) = import(&server, &person, &folder).await;
    assert_eq!((outcome.added, outcome.refused), (2, 2), "{:?}", heard.refused);
    assert_eq!(import(&server, &person, &folder).await.0.known, 2);
    let actor = person.with_key("*").await;
    let found = actor.get("/api/secondme/note/search?keyword=下雨").await.data();
    assert_eq!(found["list"][0]["title"], "标题");
    assert_eq!(
        actor.get("/api/secondme/note/search?keyword=heading").await.data()["list"][0]["title"],
        "two"
    );
    assert_eq!(actor.get("/api/secondme/memory/key/search").await.data()["total"], 4);
}

#[both_engines]
async fn hostile_archives_are_refused(server: TestServer) {
    let (directory, person) = (tempfile::tempdir().unwrap(), server.person("a").await);
    let about = serde_json::to_vec(&Manifest::new("x", "x", server.clock().now())).unwrap();
    let tar = |entries: &[(&str, &[u8])]| {
        let mut tar = Vec::new();
        for (name, content) in entries {
            let mut header = tar::Header::new_gnu();
            // Written directly, because the library refuses such names.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            tar.extend_from_slice(header.as_bytes());
            tar.extend_from_slice(content);
            tar.resize(tar.len().next_multiple_of(512), 0);
        }
        tar.resize(tar.len() + 1024, 0);
        tar
    };
    let key = format!("files/data/{}.png", "a".repeat(40));
    let bytes = tar(&[
        ("doppel.json", &about),
        ("../../etc/cron.d/x.jsonl", b"{}"),
        ("/etc/passwd", b"x"),
        ("files/data/../../../evil.png", PNG),
        ("files/data/evil.png", PNG),
        (&key, b"<html>"),
        ("notes/../../x.jsonl", b"{}"),
        ("unknown/0001.jsonl", b"{}"),
        (
            "notes/0001.jsonl",
            b"{\"content\":\"\"}\n{\"id\":9007199254740991,\"content\":\"from the \
            future\"}\n{\"content\":\"a\\u0000b\"}\n",
        ),
        ("agent-memory/0001.jsonl", b"{\"event\":{}}\n"),
        ("shades/0001.jsonl", b"{\"shadeName\":\"\"}\n[]\n"),
    ]);
    let (outcome, heard) = import(&server, &person, &write(directory.path(), "evil.tar", bytes)).await;
    assert_eq!((outcome.added, outcome.refused), (1, 12), "{:?}", heard.refused);
    let actor = person.with_key("*").await;
    let id = actor.get("/api/secondme/note/search").await.data()["list"][0]["id"].as_i64().unwrap();
    assert!(id < server.running().db.ids().next(), "no id that is still to be made");
    for (name, bytes) in [
        ("empty.tar", Vec::new()),
        ("other.tar", tar(&[("notes/0001.jsonl", b"{}")])),
        ("broken.tar", b"no archive at all".repeat(100)),
        (
            "new.tar",
            tar(&[(
                "doppel.json",
                br#"{"format":"doppel-archive","version":99,"exportedAt":"","email":"","name":""}"#,
            )]),
        ),
        ("a.zip", b"PK".to_vec()),
        ("none.csv", b"colour,size\nred,1".to_vec()),
    ] {
        let (archive, mut heard) = (archive(&server), Heard::default());
        let from = write(directory.path(), name, bytes);
        assert!(Import::new(&archive, person.account.id, 1, &mut heard).run(&from).await.is_err(), "{name}");
    }
}

#[both_engines("notes.read_links = false")]
async fn an_account_of_another_is_not_in_an_archive(server: TestServer) {
    let (owner, other) = (server.person("a").await, server.person("b").await);
    fill(&server, &owner, &owner.with_key("*").await).await;
    let bytes = export(&server, &other).await;
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("三体") && !text.contains("fact 1") && !text.contains("IHDR"));
}
