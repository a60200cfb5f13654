//! Imports of what other programs export, as runs: twice, interrupted, changed here and there, undone.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use archive::{
    Archive,
    runs::{RunId, RunState, Undone},
};
use doppel::import::{Choice, Import, Listener, Outcome};
use memory::ReviewId;
use serde_json::{Value, json};
use store::Zone;
use testkit::{Actor, Person, TestServer, both_engines};

const KEY: &str = "/api/secondme/memory/key";
const NOTE: &str = "/api/secondme/note";
const CHAT: &str = "/api/secondme/chat/session";

#[derive(Default)]
struct Heard {
    refused: Vec<String>,
    done: Arc<AtomicU64>,
    /// Told after a number of entries.
    signal: Option<(u64, Arc<tokio::sync::Notify>)>,
}

impl Listener for Heard {
    fn progress(&mut self, entries: u64) {
        let done = self.done.fetch_add(entries, Ordering::Relaxed) + entries;
        if let Some((after, signal)) = &self.signal
            && done >= *after
        {
            signal.notify_one();
        }
    }

    fn refused(&mut self, place: &str, line: u64, why: &str) {
        self.refused.push(format!("{place}:{line}: {why}"));
    }

    fn doubted(&mut self, _: &str, _: u64, _: &str) {}
}

fn archive(server: &TestServer) -> Archive {
    let running = server.running();
    Archive::new(doppel::server::sections(&running.memory, &running.chat, &running.plaza, &running.avatars))
}

async fn take(server: &TestServer, person: &Person, from: &Path, choice: Choice) -> Outcome {
    let (archive, runs) = (archive(server), server.running().memory.runs());
    let mut heard = Heard::default();
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let import = Import::new(&archive, person.account.id, 1 << 20, &mut heard)
        .in_zone(zone)
        .without(choice)
        .recorded(runs, "export".to_owned());
    let outcome = import.run(from).await.unwrap();
    assert_eq!(outcome.refused, u64::try_from(heard.refused.len()).unwrap());
    outcome
}

async fn undo(server: &TestServer, person: &Person, run: Option<RunId>) -> Undone {
    let runs = server.running().memory.runs();
    runs.undo(&archive(server), person.account.id, run.unwrap()).await.unwrap()
}

async fn facts(actor: &Actor) -> Vec<String> {
    let data = actor.get(&format!("{KEY}/search?pageSize=100")).await.data();
    let mut found: Vec<String> =
        data["list"].as_array().unwrap().iter().map(|fact| text(&fact["factContent"])).collect();
    found.sort();
    found
}

async fn notes(actor: &Actor) -> Vec<(String, String)> {
    let data = actor.get(&format!("{NOTE}/search?pageSize=100")).await.data();
    let one = |note: &Value| (text(&note["title"]), text(&note["content"]));
    let mut found: Vec<_> = data["list"].as_array().unwrap().iter().map(one).collect();
    found.sort();
    found
}

async fn talks(actor: &Actor) -> Vec<(String, Vec<String>)> {
    let data = actor.get(&format!("{CHAT}/list?limit=100")).await.data();
    let mut found = Vec::new();
    for session in data["sessions"].as_array().unwrap() {
        let id = text(&session["sessionId"]);
        let messages = actor.get(&format!("{CHAT}/messages?sessionId={id}")).await.data();
        let messages = messages["messages"].as_array().unwrap();
        found.push((text(&session["title"]), messages.iter().map(|said| text(&said["content"])).collect()));
    }
    found.sort();
    found
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// A conversation of ChatGPT with messages, each a child of the one before.
fn talk(id: &str, messages: &[&str]) -> Value {
    let mut mapping = serde_json::Map::new();
    for (number, said) in messages.iter().enumerate() {
        let role = if number % 2 == 0 { "user" } else { "assistant" };
        let parent = number.checked_sub(1).map(|before| format!("m{before}"));
        mapping.insert(
            format!("m{number}"),
            json!({"parent": parent, "message": {"author": {"role": role}, "create_time": 1_735_700_000.5,
                "content": {"content_type": "text", "parts": [said]}}}),
        );
    }
    json!({"conversation_id": id, "title": id, "create_time": 1_735_700_000.5, "mapping": mapping})
}

fn write(folder: &Path, name: &str, value: &Value) -> std::path::PathBuf {
    let path = folder.join(name);
    testkit::write_file(&path, value.to_string());
    path
}

#[both_engines]
async fn an_import_twice_adds_nothing_and_undone_leaves_nothing(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let folder = tempfile::tempdir().unwrap();
    let memory = json!([{"conversations_memory": "**Work**\nLi is a nurse.", "account_uuid": "x",
        "memory_files": [{"path": "/profile.md", "content": "- [stated] 不吃香菜\n- likes tea"}]}]);
    write(folder.path(), "memories.json", &memory);
    write(folder.path(), "conversations.json", &json!([talk("一", &["问", "答"]), talk("二", &["q"])]));
    actor.post(KEY, json!({"mode": "direct", "content": "likes tea"})).await.data();

    let first = take(&server, &person, folder.path(), Choice::default()).await;
    assert_eq!((first.added, first.known, first.refused), (5, 1, 0));
    let again = take(&server, &person, folder.path(), Choice::default()).await;
    assert_eq!((again.added, again.known, again.refused), (0, 6, 0));
    assert_eq!(facts(&actor).await, ["likes tea", "不吃香菜"]);
    assert_eq!(talks(&actor).await.len(), 2);
    let runs = server.running().memory.runs();
    let all = runs.list(person.account.id, RunId(i64::MAX), 10).await.unwrap();
    assert_eq!(
        all.iter().map(|run| (run.source.as_str(), run.state.as_str(), run.counts.added)).collect::<Vec<_>>(),
        [("chatgpt", "done", 0), ("chatgpt", "done", 5),]
    );
    assert_eq!(undo(&server, &person, again.run).await, Undone::default(), "it made nothing");
    assert_eq!(undo(&server, &person, first.run).await, Undone { removed: 5, stayed: 0 });
    assert_eq!(facts(&actor).await, ["likes tea"], "the person's own stays");
    assert_eq!((notes(&actor).await.len(), talks(&actor).await.len()), (0, 0));
    let found = server.running().memory.examine(person.account.id, false).await.unwrap();
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    let other = server.person("b").await;
    assert!(runs.run(other.account.id, first.run.unwrap()).await.is_err());
    assert!(runs.undo(&archive(&server), other.account.id, first.run.unwrap()).await.is_err());
    let third = take(&server, &person, folder.path(), Choice::default()).await;
    assert_eq!(third.added, 5, "what was undone can be imported again");
}

#[both_engines]
async fn what_changed_here_or_there_is_told_apart(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| testkit::write_file(folder.path().join(name), text);
    for name in ["same.md", "there.md", "here.md", "both.md", "gone.md"] {
        file(name, &format!("# {name}\nfirst"));
    }
    let first = take(&server, &person, folder.path(), Choice::default()).await;
    assert_eq!(first.added, 5);
    let list = actor.get(&format!("{NOTE}/search?pageSize=100")).await.data();
    let id = |title: &str| {
        let found = list["list"].as_array().unwrap().iter().find(|note| note["title"] == title);
        found.unwrap()["id"].to_string()
    };
    for title in ["here.md", "both.md"] {
        actor.post(&format!("{NOTE}/{}/update", id(title)), json!({"content": "my own"})).await.data();
    }
    actor.post(&format!("{NOTE}/{}/delete", id("gone.md")), json!({})).await.data();
    for name in ["there.md", "both.md"] {
        file(name, &format!("# {name}\nsecond"));
    }
    let second = take(&server, &person, folder.path(), Choice::default()).await;
    assert_eq!(
        (second.added, second.changed, second.known, second.kept, second.removed),
        (0, 1, 2, 1, 1),
        "{second:?}"
    );
    let expected = |there: &str| {
        [("both.md", "my own"), ("here.md", "my own"), ("same.md", "# same.md\nfirst"), ("there.md", there)]
            .map(|(title, text)| (title.to_owned(), text.to_owned()))
    };
    assert_eq!(notes(&actor).await, expected("# there.md\nsecond"));
    let versions = actor.get(&format!("{NOTE}/{}/history", id("there.md"))).await.data();
    assert_eq!(versions["list"][0]["content"], "# there.md\nfirst");
    // The later run first.
    assert_eq!(undo(&server, &person, second.run).await, Undone { removed: 1, stayed: 0 });
    assert_eq!(notes(&actor).await, expected("# there.md\nfirst"));
    assert_eq!(undo(&server, &person, first.run).await, Undone { removed: 3, stayed: 2 });
    assert_eq!(notes(&actor).await.len(), 2, "what was changed here stays");
    let found = server.running().memory.examine(person.account.id, false).await.unwrap();
    assert!(found.faults.is_empty(), "{:?}", found.faults);
}

#[both_engines]
async fn conversations_go_on_where_they_ended(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let folder = tempfile::tempdir().unwrap();
    let import = async |messages: &[&str]| {
        let path = write(folder.path(), "conversations.json", &json!([talk("c", messages)]));
        take(&server, &person, &path, Choice::default()).await
    };
    let said =
        |all: &[&str]| vec![("c".to_owned(), all.iter().map(|said| (*said).to_owned()).collect::<Vec<_>>())];
    let first = import(&["1", "2"]).await;
    let more = import(&["1", "2", "3", "4"]).await;
    assert_eq!((first.added, more.added, more.changed), (1, 0, 1));
    assert_eq!(talks(&actor).await, said(&["1", "2", "3", "4"]));
    // Another path is another conversation.
    let other = import(&["1", "other"]).await;
    assert_eq!((other.added, other.changed), (1, 0));
    assert_eq!(talks(&actor).await.len(), 2);
    assert_eq!(import(&["1", "other"]).await.known, 1);
    assert_eq!(undo(&server, &person, other.run).await.removed, 1);
    assert_eq!(undo(&server, &person, more.run).await.removed, 1);
    assert_eq!(talks(&actor).await, said(&["1", "2"]));
    assert_eq!(undo(&server, &person, first.run).await.removed, 1);
    assert_eq!(talks(&actor).await, []);
}

#[both_engines]
async fn an_interrupted_import_goes_on_and_nothing_is_twice(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<Value> = (0..60).map(|id| talk(&format!("c{id}"), &["问", "答"])).collect();
    write(folder.path(), "conversations.json", &json!(all));
    for number in 0..450 {
        testkit::write_file(
            folder.path().join(format!("n{number:03}.md")),
            format!("# n{number}\n第 {number} 篇"),
        );
    }
    let (archive, runs) = (archive(&server), server.running().memory.runs());
    let signal = Arc::new(tokio::sync::Notify::new());
    let mut heard = Heard { signal: Some((200, Arc::clone(&signal))), ..Heard::default() };
    let import =
        Import::new(&archive, person.account.id, 1 << 20, &mut heard).recorded(runs.clone(), "x".to_owned());
    // Dropped in the middle, as by a kill.
    tokio::select! {
        biased;
        () = signal.notified() => {}
        outcome = Box::pin(import.run(folder.path())) => panic!("it was not interrupted: {outcome:?}"),
    }
    let left = runs.list(person.account.id, RunId(i64::MAX), 10).await.unwrap();
    assert_eq!((left.len(), left[0].state.as_str()), (1, RunState::Running.name()));
    let resumed = take(&server, &person, folder.path(), Choice::default()).await;
    assert_eq!((resumed.run, resumed.is_resumed), (Some(left[0].id), true));
    assert_eq!((resumed.added, resumed.known), (510, 0), "the same as without the interruption");
    let list = runs.list(person.account.id, RunId(i64::MAX), 10).await.unwrap();
    assert_eq!((list.len(), list[0].state.as_str(), list[0].counts.added), (1, "done", 510));
    let total = actor.get(&format!("{NOTE}/search")).await.data()["total"].as_i64();
    assert_eq!((total, talks(&actor).await.len()), (Some(450), 60));
    assert!(talks(&actor).await.iter().all(|(_, said)| *said == ["问", "答"]), "no half of a conversation");
    assert_eq!(undo(&server, &person, resumed.run).await, Undone { removed: 510, stayed: 0 });
    assert_eq!((notes(&actor).await.len(), talks(&actor).await.len()), (0, 0));
}

#[both_engines]
async fn traces_of_memories_wait_for_the_person_once(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let folder = tempfile::tempdir().unwrap();
    let mut given = talk("c", &["q", "a"]);
    given["mapping"]["m1"]["message"]["recipient"] = json!("bio");
    given["mapping"]["m1"]["message"]["content"]["parts"] = json!(["User has a cat, Momo"]);
    let path = write(folder.path(), "conversations.json", &json!([given]));
    let first = take(&server, &person, &path, Choice::default()).await;
    let memory = &server.running().memory;
    let waiting = async || memory.waiting(person.account.id, ReviewId(i64::MAX), 10).await.unwrap();
    let found = waiting().await;
    assert_eq!(
        (found.len(), found[0].content.as_str(), found[0].client_name.as_str()),
        (1, "User has a cat, Momo", "ChatGPT")
    );
    assert_eq!(facts(&actor).await, Vec::<String>::new(), "nothing before the person says so");
    memory.refuse(person.account.id, vec![found[0].id]).await.unwrap();
    let again = take(&server, &person, &path, Choice::default()).await;
    assert_eq!((again.added, waiting().await.len()), (0, 0), "not asked twice");
    let choice = Choice { sections: ["conversations".to_owned()].into(), ..Choice::default() };
    assert_eq!(take(&server, &person, &path, choice).await.left, 1);
    undo(&server, &person, first.run).await;
    assert_eq!(talks(&actor).await, []);
}

#[both_engines]
async fn a_damaged_archive_leaves_no_half(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let folder = tempfile::tempdir().unwrap();
    let text = json!([talk("一", &["问", "答"]), talk("二", &["q", "a"])]).to_string();
    let path = folder.path().join("conversations.json");
    testkit::write_file(&path, &text[..text.len() - 30]);
    let cut = take(&server, &person, &path, Choice::default()).await;
    assert_eq!((cut.added, cut.refused), (1, 1));
    assert_eq!(talks(&actor).await, [("一".to_owned(), vec!["问".to_owned(), "答".to_owned()])]);
    let run = cut.run.unwrap();
    let problems = server.running().memory.runs().problems(person.account.id, run).await.unwrap();
    assert_eq!((problems[0].line, problems[0].is_refused), (2, true), "{problems:?}");
    testkit::write_file(&path, &text);
    let whole = take(&server, &person, &path, Choice::default()).await;
    assert_eq!((whole.added, whole.known, whole.refused), (1, 1, 0));
}
