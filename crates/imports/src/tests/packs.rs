//! Archives: damaged, hostile, in other encodings, in any order.

use proptest::prelude::*;

use super::{read, read_path, zip};
use crate::{Reason, Source};

fn talk(id: usize) -> String {
    format!(
        r#"{{"id":"c{id}","title":"标题 {id}","create_time":17000{id:05}.5,"mapping":{{"u":
            {{"parent":null,"message":{{"author":{{"role":"user"}},"content":{{"content_type":"text",
            "parts":["问题 {id}"]}}}}}}}}}}"#
    )
}

#[test]
fn texts_in_any_encoding_are_the_same() {
    let text = "# 日记\n今天下雨了，没有出门，在家读书。\n";
    let crlf = text.replace('\n', "\r\n");
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let gbk = encoding_rs::GB18030.encode(text).0.into_owned();
    let bom = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let expected = read("a.md", text).items;
    assert_eq!(expected, ["note: 日记 | # 日记\n今天下雨了，没有出门，在家读书。"]);
    for (name, bytes) in [("crlf", crlf.into_bytes()), ("utf-16", utf16), ("gbk", gbk), ("bom", bom)] {
        assert_eq!(read("a.md", &bytes).items, expected, "{name}");
    }
}

#[test]
fn hostile_archives_are_refused() {
    let bomb = zip(&[("conversations.json", &vec![b' '; 64 << 20])]);
    assert_eq!(read("bomb.zip", &bomb).problems, [(0, Reason::Bomb)]);
    let out = zip(&[("../../etc/a.md", b"x"), ("/etc/a.md", b"x"), ("b.md", b"# b")]);
    let result = read("out.zip", out);
    assert_eq!(
        (result.items.as_slice(), result.problems.as_slice()),
        (&["note: b | # b".to_owned()][..], &[(0, Reason::Name), (0, Reason::Name)][..])
    );
    let noise = zip(&[("__MACOSX/._a.md", b"x"), (".DS_Store", b"x"), ("a.md", b"a")]);
    assert_eq!(read("noise.zip", noise).items, ["note: a | a"]);
    let whole = zip(&[("a.md", b"text text text")]);
    assert_eq!(read("cut.zip", &whole[..whole.len() / 2]).problems, [(0, Reason::Damaged)]);
    assert_eq!(read("none.bin", b"\x00\x01\x02").problems, [(0, Reason::Format)]);
    assert_eq!(read("other.zip", zip(&[("a.bin", b"\x00\x01")])).problems, [(0, Reason::Format)]);
    let deep = "[".repeat(100_000);
    assert!(read("deep.json", deep).items.is_empty());
    let nested = format!(r#"[{{"id":"a","mapping":{}"#, r#"{"a":"#.repeat(10_000));
    assert_eq!(read("conversations.json", nested).problems, [(1, Reason::Damaged)]);
}

#[test]
fn a_folder_is_read_as_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a.md", "# A\n一"), ("b.txt", "二")] {
        store::durable::write(&folder.path().join(name), text.as_bytes()).unwrap();
    }
    let result = read_path(folder.path(), None).unwrap();
    assert_eq!(result.items, ["note: A | # A\n一", "note: b | 二"]);
    assert_eq!(result.source, Some(Source::Markdown));
}

#[test]
fn a_long_note_is_split_and_a_secret_is_no_fact() {
    let long = format!("# A\n{}\n# B\n{}", "字".repeat(30_000), "x".repeat(30_000));
    let result = read("a.md", long);
    let titles: Vec<&str> = result.items.iter().map(|item| item.split(" | ").next().unwrap()).collect();
    assert_eq!(titles, ["note: A (1/2)", "note: A (2/2)"]);
    assert_eq!(result.natives, ["a.md#1", "a.md#2"]);
}

#[test]
fn a_cut_list_gives_what_is_whole() {
    let text = format!("[{},{},{}", talk(1), talk(2), &talk(3)[..40]);
    let result = read("conversations.json", text);
    assert_eq!(result.items.len(), 2);
    assert_eq!(result.problems, [(3, Reason::Damaged)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_of_an_archive_gives_a_report(cut in 0_usize..1000, count in 1_usize..6) {
        let all: Vec<String> = (0..count).map(talk).collect();
        let text = format!("[{}]", all.join(","));
        let pack = zip(&[("conversations.json", text.as_bytes()), ("user.json", b"{}")]);
        let at = pack.len() * cut / 1000;
        let result = read("export.zip", &pack[..at]);
        prop_assert!(result.items.len() < count || at == pack.len());
        prop_assert!(!result.problems.is_empty() || result.items.len() == count);
    }

    #[test]
    fn changed_bytes_never_panic(at in 0_usize..1000, byte in any::<u8>(), cut in any::<bool>()) {
        let text = format!("[{},{}]", talk(1), talk(2));
        let mut bytes = text.into_bytes();
        let place = bytes.len() * at / 1000;
        bytes[place] = byte;
        if cut {
            bytes.truncate(place);
        }
        let result = read("conversations.json", &bytes);
        prop_assert!(result.items.len() <= 2);
    }

    #[test]
    fn the_order_of_files_does_not_matter(order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle()) {
        let part = |id: usize| (format!("conversations-00{id}.json"), format!("[{}]", talk(id)));
        let parts: Vec<(String, String)> = order.iter().map(|id| part(*id)).collect();
        let files: Vec<(&str, &[u8])> =
            parts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        let result = read("export.zip", zip(&files));
        let expected = (0..4).map(|id| format!("talk: 标题 {id} | user: 问题 {id}"));
        prop_assert_eq!(result.items, expected.collect::<Vec<_>>());
    }

    #[test]
    fn any_text_of_any_name_is_read_or_refused(
        text in "([\\[{}:,\"\\]]|<[a-z]{1,6}>|---\n|\\[\\[|]]|mapping|role|content|\n|\\PC{0,5}){0,60}",
        ending in prop::sample::select(vec!["json", "jsonl", "md", "txt", "html", "csv", "enex", "js", "af"]),
    ) {
        let result = read(&format!("a.{ending}"), &text);
        prop_assert!(result.items.len() <= text.len() + 1);
    }
}
