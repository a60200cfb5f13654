//! Imports from other programs: times, encodings, tables and front matter.

use std::path::Path;

use archive::Archive;
use doppel::import::{Import, Listener, Outcome};
use serde_json::{Value, json};
use store::Zone;
use testkit::{Actor, Person, TestServer, both_engines};

const KEY: &str = "/api/secondme/memory/key";
const NOTE: &str = "/api/secondme/note";
const DAY_MS: i64 = 86_400_000;

#[derive(Default)]
struct Heard {
    refused: Vec<String>,
    doubted: Vec<String>,
}

impl Listener for Heard {
    fn progress(&mut self, _: u64) {}

    fn refused(&mut self, _: &str, line: u64, why: &str) {
        self.refused.push(format!("{line}: {why}"));
    }

    fn doubted(&mut self, _: &str, line: u64, what: &str) {
        self.doubted.push(format!("{line}: {what}"));
    }
}

async fn take(server: &TestServer, person: &Person, from: &Path) -> (anyhow::Result<Outcome>, Heard) {
    let running = server.running();
    let sections = doppel::server::sections(&running.memory, &running.chat, &running.plaza, &running.avatars);
    let archive = Archive::new(sections);
    let mut heard = Heard::default();
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let import = Import::new(&archive, person.account.id, 1 << 20, &mut heard).in_zone(zone);
    let outcome = import.run(from).await;
    (outcome, heard)
}

/// Imports a file without refusals.
async fn whole(server: &TestServer, person: &Person, name: &str, bytes: impl AsRef<[u8]>) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    testkit::write_file(folder.path().join(name), bytes);
    let (outcome, heard) = take(server, person, &folder.path().join(name)).await;
    assert_eq!((heard.refused, heard.doubted), (Vec::<String>::new(), Vec::<String>::new()), "{name}");
    outcome.unwrap().added
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn found(actor: &Actor, keyword: &str) -> Vec<String> {
    let data = actor.get(&format!("{KEY}/search?pageSize=100&keyword={}", encoded(keyword))).await.data();
    let list = data["list"].as_array().unwrap();
    list.iter().map(|fact| fact["factContent"].as_str().unwrap().to_owned()).collect()
}

async fn times(actor: &Actor) -> Vec<(String, i64)> {
    let data = actor.get(&format!("{KEY}/search?pageSize=100")).await.data();
    let list = data["list"].as_array().unwrap();
    let one = |fact: &Value| {
        (fact["factContent"].as_str().unwrap().to_owned(), fact["createTime"].as_i64().unwrap())
    };
    list.iter().map(one).collect()
}

async fn titles(actor: &Actor, keyword: &str) -> Vec<String> {
    let data = actor.get(&format!("{NOTE}/search?pageSize=100&keyword={}", encoded(keyword))).await.data();
    let list = data["list"].as_array().unwrap();
    list.iter().map(|note| note["title"].as_str().unwrap().to_owned()).collect()
}

/// Thursday, 2026-01-01.
#[both_engines]
async fn imported_facts_are_found_by_their_own_days(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let now = server.clock().now().as_millis();
    let days = [3, 1, 2, 5, 9, 33, 60, 200, 430];
    let lines: Vec<String> = days
        .iter()
        .map(|ago| {
            json!({"factContent": format!("和同事开会讨论了第{ago}个项目"), "createTime": now - ago * DAY_MS})
                .to_string()
        })
        .collect();
    assert_eq!(whole(&server, &person, "facts.jsonl", lines.join("\n")).await, 9);
    for (question, ago) in [
        ("三天前开会讨论了什么", 3),
        ("昨天开会讨论了什么", 1),
        ("What was discussed in meetings two days ago?", 2),
        ("前天和同事讨论了什么", 2),
        ("去年11月29号开会讨论了什么", 33),
        ("上上个月2号讨论了什么项目？", 60),
    ] {
        let first = found(&actor, question).await.into_iter().next();
        assert_eq!(first, Some(format!("和同事开会讨论了第{ago}个项目")), "{question}");
    }
    // The list is by time, and so are equals of a search.
    let mut sorted = days;
    sorted.sort_unstable();
    let expected: Vec<String> = sorted.iter().map(|ago| format!("和同事开会讨论了第{ago}个项目")).collect();
    let listed: Vec<String> = times(&actor).await.into_iter().map(|(content, _)| content).collect();
    assert_eq!(listed, expected);
    assert_eq!(found(&actor, "同事").await, expected);
    assert!(server.running().memory.examine(person.account.id, false).await.unwrap().faults.is_empty());
}

/// Entries of one import are not one conversation.
#[both_engines]
async fn an_import_is_no_conversation(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let now = server.clock().now().as_millis();
    let fact =
        |content: &str, minutes: i64| json!({"content": content, "time": now - minutes * 60_000}).to_string();
    let lines = [
        fact("the beagle is called Max", 1_000_000),
        fact("unrelated remark of another year", 600_000),
        fact("did you get a dog at last?", 1_000_010),
        fact("nothing else", 30_000),
    ];
    assert_eq!(whole(&server, &person, "facts.jsonl", lines.join("\n")).await, 4);
    let found = found(&actor, "what is the name of the dog?").await;
    assert_eq!(found, ["did you get a dog at last?", "the beagle is called Max"]);
}

#[both_engines]
async fn a_walk_goes_by_time_and_is_not_shifted_by_an_import(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let now = server.clock().now().as_millis();
    let fact = |number: i64| {
        json!({"content": format!("fact {number}"), "time": now - (number * 7 % 10) * DAY_MS - DAY_MS})
            .to_string()
    };
    let lines: Vec<String> = (0..10).map(fact).collect();
    whole(&server, &person, "facts.jsonl", lines.join("\n")).await;
    actor.post(KEY, json!({"content": "fact now"})).await.data();
    let (mut seen, mut snapshot) = (Vec::new(), String::new());
    for page in 1..=6 {
        let data =
            actor.get(&format!("{KEY}/search?pageNo={page}&pageSize=2&snapshot={snapshot}")).await.data();
        assert_eq!(data["total"], 11);
        seen.extend(data["list"].as_array().unwrap().iter().map(|fact| fact["createTime"].as_i64().unwrap()));
        snapshot = data["snapshot"].as_str().unwrap_or_default().to_owned();
        let more = json!({"content": format!("later {page}"), "time": now - page * 2 * DAY_MS}).to_string();
        whole(&server, &person, "more.jsonl", more).await;
    }
    assert_eq!(seen.len(), 11);
    assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
}

#[both_engines]
async fn notes_are_found_and_listed_by_their_own_times(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (
            "a.md",
            "---\ntitle: 元旦前的聚餐\ncreated: 2025-12-31 20:00\ntags: [朋友, 聚餐]\n---\n和朋友们吃火锅。\n",
        ),
        ("2025-11-03.md", "# 旧的日记\n和朋友们爬山。\n"),
        (
            "Meeting 0123456789abcdef0123456789abcdef.md",
            "---\ndate: 2025年6月1日\n---\n```\n# install\n```\n和朋友们开会。\n",
        ),
    ] {
        testkit::write_file(folder.path().join(name), text);
    }
    let (outcome, heard) = take(&server, &person, folder.path()).await;
    assert_eq!((outcome.unwrap().added, heard.refused), (3, vec![]));
    let listed = actor.get(&format!("{NOTE}/search")).await.data();
    let list = listed["list"].as_array().unwrap();
    let shown: Vec<(&str, &str, i64)> = list
        .iter()
        .map(|note| {
            (
                note["title"].as_str().unwrap(),
                note["content"].as_str().unwrap(),
                note["createTime"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("元旦前的聚餐", "和朋友们吃火锅。\n\n#朋友 #聚餐", 1_767_182_400_000),
            ("旧的日记", "# 旧的日记\n和朋友们爬山。\n", 1_762_099_200_000),
            ("Meeting", "```\n# install\n```\n和朋友们开会。\n", 1_748_707_200_000),
        ]
    );
    assert_eq!(titles(&actor, "去年11月3号和朋友们做了什么").await[0], "旧的日记");
    assert_eq!(titles(&actor, "昨天和朋友们做了什么").await[0], "元旦前的聚餐");
    let filtered =
        actor.post(&format!("{NOTE}/list"), json!({"query": "朋友们", "memoryType": "TEXT"})).await.data();
    let order: Vec<&str> = filtered["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["note"]["title"].as_str().unwrap())
        .collect();
    assert_eq!(order, ["元旦前的聚餐", "旧的日记", "Meeting"]);
}

#[both_engines]
async fn tables_are_read_as_programs_write_them(server: TestServer) {
    let text = "内容;时间;标签\r\n\"喜欢在周末阅读; 科幻\";2024/1/5 9:30;书\r\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    for (number, (name, bytes)) in [
        ("a.csv", text.as_bytes().to_vec()),
        ("a.csv", ["\u{feff}", text].concat().into_bytes()),
        ("a.csv", gbk(text)),
        ("a.csv", utf16.clone()),
        ("a.csv", [b"\xff\xfe", &utf16[..]].concat()),
        ("a.csv", ["sep=;\r\n", text].concat().into_bytes()),
        ("a.tsv", text.replace(';', "\t").into_bytes()),
        (
            "a.jsonl",
            "\u{feff}{\"memory\":\"喜欢在周末阅读; \
            科幻\",\"created_at\":\"2024-01-05T01:30:00Z\",\"categories\":[\"书\"],\"id\":\"x-1\"}\n"
                .as_bytes()
                .to_vec(),
        ),
        (
            "a.json",
            "{\"results\":[{\"memory\":\"喜欢在周末阅读; 科幻\",\"created_at\":1704418200,\"tags\":\"书\"}]}"
                .as_bytes()
                .to_vec(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let person = server.person(&format!("p{number}")).await;
        assert_eq!(whole(&server, &person, name, bytes).await, 1, "{number} {name}");
        let data = person.with_key("*").await.get(&format!("{KEY}/search")).await.data();
        let fact = &data["list"][0];
        let content = fact["factContent"].as_str().unwrap().replace('\t', ";");
        assert_eq!(
            (content.as_str(), &fact["factObject"]),
            ("喜欢在周末阅读; 科幻", &json!("书")),
            "{number} {name}"
        );
        assert_eq!(fact["createTime"], 1_704_418_200_000_i64, "{number} {name}");
    }
}

#[both_engines]
async fn nothing_of_a_table_is_lost_in_silence(server: TestServer) {
    let person = server.person("a").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.csv");
    testkit::write_file(
        &file,
        "content,time\nlikes tea,2024-01-05\n\"likes coffee,\nlikes milk,some day\nlikes rain,,x\n\
         likes snow,\n",
    );
    let (outcome, heard) = take(&server, &person, &file).await;
    let outcome = outcome.unwrap();
    assert_eq!((outcome.added, outcome.refused), (3, 2), "{:?}", heard.refused);
    assert_eq!(heard.refused[0], "3: a quote is not closed");
    assert_eq!(heard.refused[1], "5: 3 columns, the first line has 2");
    assert_eq!(heard.doubted, ["4: some day is no time; taken without"]);
    for (name, bytes) in [
        ("b.csv", "colour,size\n1,2\n"),
        ("c.csv", ""),
        ("d.json", "{\"a\":1}"),
        ("e.json", "[1"),
        ("f.csv", "\"content\n1\n"),
    ] {
        testkit::write_file(folder.path().join(name), bytes);
        let (outcome, _) = take(&server, &person, &folder.path().join(name)).await;
        assert!(outcome.is_err(), "{name}");
    }
}
