//! `doppel import` as a process: killed, resumed, listed, undone; and the export as Markdown.

use serde_json::{Value, json};
use testkit::process::Binary;

const ME: &[&str] = &["--account", "me@example.com"];

fn doppel(data: &std::path::Path) -> Binary {
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), data);
    let add = ["account", "add", "--email", "me@example.com", "--name", "Me", "--password-stdin"];
    doppel.ok(&add, "a good password");
    doppel
}

fn talk(id: usize) -> Value {
    let message = |role: &str, said: String| {
        let content = json!({"content_type": "text", "parts": [said]});
        json!({"author": {"role": role}, "content": content})
    };
    let mapping = json!({
        "u": {"parent": null, "message": message("user", format!("问题 {id}"))},
        "a": {"parent": "u", "message": message("assistant", format!("回答 {id}"))},
    });
    let title = format!("标题 {id}");
    json!({
        "conversation_id": format!("c{id}"), "title": title, "create_time": 1_700_000_000 + id,
        "mapping": mapping,
    })
}

fn import<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["import"], ME, rest].concat()
}

#[test]
fn a_killed_import_goes_on_and_is_undone() {
    const COUNT: usize = 4000;
    let directory = tempfile::tempdir().unwrap();
    let doppel = doppel(&directory.path().join("data"));
    let file = directory.path().join("conversations.json");
    let all: Vec<Value> = (0..COUNT).map(talk).collect();
    testkit::write_file(&file, json!(all).to_string());
    let file = file.to_str().unwrap();
    let added = || {
        let list = doppel.ok(&import(&["--list"]), "");
        let before = list.split(" added").next().unwrap_or_default();
        before.rsplit(' ').next().and_then(|count| count.parse::<usize>().ok()).unwrap_or_default()
    };
    let is_killed = doppel.run_until(&import(&[file]), || added() >= 400);
    let before = added();
    assert!(!is_killed || (400..COUNT).contains(&before), "{before}");
    let said = doppel.ok(&import(&[file]), "");
    if is_killed {
        assert!(
            said.contains("4000 added, 0 known already, 0 refused") && said.contains("continued"),
            "{said}"
        );
    }
    assert!(doppel.ok(&import(&[file]), "").contains("0 added, 4000 known already"), "twice adds nothing");
    assert!(doppel.ok(&import(&["--dry-run", file]), "").contains("0 added, 4000 known already"));
    let list = doppel.ok(&import(&["--list"]), "");
    assert_eq!(list.lines().count(), 2, "{list}");
    let run = list.lines().last().unwrap().split(' ').next().unwrap();
    let undone = doppel.ok(&import(&["--undo", run]), "");
    assert_eq!(undone.trim(), "4000 removed, 0 changed since and left");
    doppel.ok(&["doctor"], "");
    let unknown = doppel.run(&import(&["--undo", "1"]));
    assert_eq!(unknown.status.code(), Some(3));
    for wrong in [&["--as", "nothing", file][..], &["--without", "x", file], &[]] {
        assert_eq!(doppel.run(&import(wrong)).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn notes_and_facts_leave_as_markdown() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = doppel(&directory.path().join("data"));
    let (folder, out) = (directory.path().join("notes"), directory.path().join("me.zip"));
    testkit::write_file(folder.join("读书.md"), "---\ncreated: 2024-01-05\n---\n# 读书\n科幻\n");
    testkit::write_file(folder.join("b/读书.md"), "# 读书\n历史\n");
    let facts = directory.path().join("facts.csv");
    testkit::write_file(&facts, "content,category,time\n喜欢茶,饮食,2024-01-05\n");
    for from in [&folder, &facts] {
        doppel.ok(&import(&[from.to_str().unwrap()]), "");
    }
    let out = out.to_str().unwrap();
    doppel.ok(&[&["export"], ME, &["--format", "markdown", out]].concat(), "");
    let again = doppel_into(&directory, "other");
    let said = again.ok(&import(&[out]), "");
    assert!(said.contains("3 added, 0 known already, 0 refused"), "{said}");
}

fn doppel_into(directory: &tempfile::TempDir, name: &str) -> Binary {
    doppel(&directory.path().join(name))
}
