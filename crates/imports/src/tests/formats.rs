//! One test for each format.

use super::{Result, read, zip};
use crate::{Reason, Source};

#[track_caller]
fn assert_items(result: &Result, source: Source, items: &[&str]) {
    assert_eq!(
        (result.source, result.items.as_slice()),
        (Some(source), items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>().as_slice()),
        "{result:?}"
    );
}

const CHATGPT: &str = include_str!("samples/chatgpt_1.json");

#[test]
fn chatgpt() {
    let result = read("conversations.json", CHATGPT);
    let talk = "talk: 我的猫叫 Momo | user: 我的猫叫 Momo | assistant: Nice!";
    assert_items(&result, Source::Chatgpt, &["ask: 住在杭州", "ask: User has a cat, Momo", talk]);
    assert_eq!(result.problems, [(1, Reason::Missing)]);
    assert_eq!(
        (result.left, result.natives[2].as_str(), result.times[2]),
        (1, "c1", Some(1_735_700_000_500))
    );
    let marks = include_str!("samples/chatgpt_2.json");
    let result = read("conversations-001.json", marks);
    assert_items(&result, Source::Chatgpt, &["talk: t | user: q | assistant: See the page,  done\nA poem"]);
}

#[test]
fn the_archive_of_chatgpt_has_parts_and_other_files() {
    let part = |id: &str| {
        format!(
            r#"[{{"id":"{id}","title":"{id}","mapping":{{"u":{{"parent":null,"message":
            {{"author":{{"role":"user"}},"content":{{"content_type":"text","parts":["q {id}"]}}}}}}}}}}]"#
        )
    };
    let inner = zip(&[
        ("user.json", br#"{"email":"a@b.example"}"#),
        ("conversations-000.json", part("a").as_bytes()),
        ("chat.html", b"<html><body>all</body></html>"),
        ("conversations-001.json", part("b").as_bytes()),
        ("message_feedback.json", b"[]"),
    ]);
    let expected = ["talk: a | user: q a", "talk: b | user: q b"];
    assert_items(&read("export.zip", &inner), Source::Chatgpt, &expected);
    assert_items(&read("outer.zip", zip(&[("OpenAI-export.zip", &inner)])), Source::Chatgpt, &expected);
    assert_eq!(read("chat.html", "<html><body>x</body></html>").problems, [(0, Reason::Use)]);
}

#[test]
fn claude() {
    let memory = include_str!("samples/claude_1.json");
    let result = read("memories.json", memory);
    assert_items(
        &result,
        Source::Claude,
        &[
            "note: Claude: memory | **Work**\nLi is a nurse.",
            "note: Claude: project memory | 论文：护理",
            "note: Claude: profile.md | - [stated] 不吃香菜\n- likes tea",
            "fact: 不吃香菜",
            "fact: likes tea",
        ],
    );
    let talk = include_str!("samples/claude_2.json");
    let result = read("conversations-000.json", talk);
    assert_items(
        &result,
        Source::Claude,
        &["talk: 嗨 | user: 嗨\n[附件 / file: plan.pdf] | assistant: Hello"],
    );
    assert_eq!((result.left, result.problems.as_slice()), (1, &[(2, Reason::Empty)][..]));
    let project = include_str!("samples/claude_3.json");
    assert_items(
        &read("p1.json", project),
        Source::Claude,
        &["note: 论文 | d\n\nBe short", "note: a.md | text\n\n· 论文"],
    );
    let links = r#"{"data_files":[{"export_url":"https://a.example"}]}"#;
    assert_eq!(read("index.json", links).problems, [(0, Reason::Use)]);
}

#[test]
fn pasted_lists() {
    let text = "好的，以下是我记住的内容：\n```\n[2025-05-02] - 用户对花生过敏\n## Work\n1、Prefers short answers\n```\n";
    let result = read("pasted.txt", text);
    assert_items(&result, Source::Pasted, &["fact: 用户对花生过敏", "fact: Prefers short answers"]);
    assert_eq!(result.times[0], Some(1_746_115_200_000));
    let result = read(
        "list.txt",
        "- a cat\n• 喜欢茶\n（1）has a car\n[unknown] - x\n2025-05-02：搬家\nsk-abcdefghijklmnopqrstuvwx\n",
    );
    assert_items(
        &result,
        Source::Pasted,
        &["fact: a cat", "fact: 喜欢茶", "fact: has a car", "fact: x", "fact: 搬家"],
    );
    assert_eq!(result.problems, [(6, Reason::Secret)]);
}

#[test]
fn gemini() {
    let text = include_str!("samples/gemini_1.json");
    let result = read("我的活动.json", text);
    assert_items(&result, Source::Gemini, &["talk: 推荐一本书 | user: 推荐一本书"]);
    assert_eq!(result.left, 1);
    let text = include_str!("samples/gemini_2.json");
    let result = read("MyActivity.json", text);
    assert_items(
        &result,
        Source::Gemini,
        &["talk: a | user: a | user: b | assistant: new", "talk: later | user: later"],
    );
    let text = include_str!("samples/gemini_3.json");
    assert_items(
        &read("conversation_1.txt", text),
        Source::Gemini,
        &["talk: T | user: hi | assistant: 你好"],
    );
}

#[test]
fn deepseek() {
    let text = include_str!("samples/deepseek_1.json");
    let result = read("conversations.json", text);
    assert_items(&result, Source::Deepseek, &["talk: 菜谱 | user: 不放辣？ | assistant: Use sweet pepper"]);
}

#[test]
fn transcripts() {
    assert_items(
        &read("chat.md", "## 我\n我怕狗\n## 豆包\nWhy?\n"),
        Source::Transcript,
        &["talk: chat | user: 我怕狗 | assistant: Why?"],
    );
    let lines = "{\"role\":\"user\",\"content\":\"a\"}\n{\"role\":\"assistant\",\"content\":[{\"type\"\
        :\"text\",\"text\":\"b\"}]}\n";
    assert_items(&read("kimi.jsonl", lines), Source::Transcript, &["talk: kimi | user: a | assistant: b"]);
    let wrapped = include_str!("samples/transcripts_1.json");
    let result = read("x.json", wrapped);
    assert_items(&result, Source::Transcript, &["talk: T | assistant: hi | user: 嗨"]);
    assert_eq!(result.left, 1);
}

#[test]
fn open_webui_and_librechat() {
    let text = include_str!("samples/open_webui_and_librechat_1.json");
    let result = read("chats.json", text);
    assert_items(&result, Source::Openwebui, &["talk: hi | user: hi | assistant: 你好"]);
    assert_eq!(result.times, [Some(1_735_700_000_000)]);
    let text = include_str!("samples/open_webui_and_librechat_2.json");
    assert_items(&read("l.json", text), Source::Librechat, &["talk: 早 | user: 早 | assistant: Morning"]);
}

#[test]
fn memory_stores() {
    let result = read("m.json", r#"{"results":[{"id":"m1","memory":"喜欢徒步"}],"next":"?page=2"}"#);
    assert_items(&result, Source::Mem0, &["fact: 喜欢徒步"]);
    assert_eq!(result.problems, [(0, Reason::Part)]);
    assert_items(
        &read("m.md", "---\nid: m1\n---\nlikes tea\n---\nid: m2\n---\n怕狗\n"),
        Source::Mem0,
        &["fact: likes tea", "fact: 怕狗"],
    );
    let result = read("o.json", include_str!("samples/memory_stores_1.json"));
    assert_items(&result, Source::Openmemory, &["fact: 住上海"]);
    assert_eq!(result.left, 1);
    let letta = include_str!("samples/memory_stores_2.json");
    assert_items(&read("a.af", letta), Source::Letta, &["fact: 叫小林", "fact: Likes jazz"]);
    let lines = "{\"type\":\"entity\",\"name\":\"default_user\",\"entityType\":\"person\",\"observation\
        s\":[\"Speaks 粤语\",\"\"]}\n{\"type\":\"relation\",\"from\":\"default_user\",\"to\":\"小满\",\
        \"relationType\":\"has_daughter\"}\n{\"type\":\"entity\",\"name\":\"小满\"\n";
    let result = read("memory.json", lines);
    assert_items(&result, Source::McpMemory, &["fact: Speaks 粤语", "fact: default_user has_daughter 小满"]);
    assert_eq!(result.problems, [(1, Reason::Empty), (3, Reason::Json)]);
}

#[test]
fn obsidian_and_logseq() {
    let note = "---\ntags: 读书, a/b\ncreated: 2024年1月5日\n---\n见 [[日记/2024-01-05#午后|that day]] ![[图 1.png|\
        300]] %%x%%";
    let vault = zip(&[
        (".obsidian/app.json", b"{}"),
        ("日记/猫.md", note.as_bytes()),
        (".trash/x.md", b"gone"),
        ("b.canvas", b"{}"),
    ]);
    let result = read("vault.zip", vault);
    assert_items(
        &result,
        Source::Obsidian,
        &["note: 猫 | 见 that day [附件 / file: 图 1.png] \n\n#读书 #a/b\n\n· 日记"],
    );
    assert_eq!(
        (result.times[0], result.problems.as_slice()),
        (Some(1_704_384_000_000), &[(0, Reason::Kind)][..])
    );
    let graph = zip(&[
        ("logseq/config.edn", b"{}"),
        ("pages/a___b.md", "title:: 猫\n- TODO feed\n  id:: 7a01\n  :LOGBOOK:\n  x\n  :END:".as_bytes()),
        ("journals/2024_01_05.md", "- saw ((7a01)) and {{embed ((7a01))}}\n  collapsed:: true".as_bytes()),
    ]);
    let result = read("graph.zip", graph);
    assert_items(
        &result,
        Source::Logseq,
        &["note: 2024-01-05 | - saw TODO feed and TODO feed\n\n· journals", "note: 猫 | - TODO feed"],
    );
}

#[test]
fn notion() {
    let id = "0123456789abcdef0123456789abcdef";
    let page = "# 日记\n\nCreated: 2024年1月5日 09:30\n\nRain [猫](%E7%8C%AB%200123456789abcdef0123456789abcde\
        e.md) ![](x.png)";
    let inner = zip(&[
        (&format!("日记 {id}.md"), page.as_bytes()),
        (&format!("日记 {id}/Books {}.csv", id.replace('0', "1")), "\u{feff}Name,Year\n".as_bytes()),
        (
            &format!("日记 {id}/Books {}_all.csv", id.replace('0', "1")),
            "\u{feff}Name,Year\nDune,1965\n".as_bytes(),
        ),
    ]);
    let result = read("export.zip", zip(&[("Export-Part-1.zip", &inner)]));
    assert_items(
        &result,
        Source::Notion,
        &[
            "note: 日记 | Created: 2024年1月5日 09:30\n\nRain 猫 [附件 / file: x.png]",
            "note: Dune | Name: Dune\nYear: 1965",
        ],
    );
    assert_eq!((result.natives[0].as_str(), result.times[0]), (id, Some(1_704_418_200_000)));
}

#[test]
fn joplin() {
    let id = "0123456789abcdef0123456789abcdef";
    let note = format!(
        "购物\n\nprice: 3\n\nid: {id}\nparent_id: f1\nuser_created_time: 2024-01-05T01:30:00.000Z\nencrypt\
            ion_applied: 0\ntype_: 1"
    );
    let folder = "生活\n\nid: f1\nparent_id: \ntype_: 2";
    let sealed = "x\n\nid: 2\nencryption_applied: 1\ntype_: 1";
    let names: Vec<String> = ["a", "b", "c"].iter().map(|c| format!("{}.md", c.repeat(32))).collect();
    let pack =
        zip(&[(&names[0], note.as_bytes()), (&names[1], folder.as_bytes()), (&names[2], sealed.as_bytes())]);
    let result = read("j.zip", pack);
    assert_items(&result, Source::Joplin, &["note: 购物 | price: 3\n\n· 生活"]);
    assert_eq!(
        (result.times[0], result.problems.as_slice()),
        (Some(1_704_418_200_000), &[(1, Reason::Sealed)][..])
    );
}

#[test]
fn enex() {
    let text = include_str!("samples/enex_1.enex");
    let result = read("我的笔记.enex", text);
    assert_items(
        &result,
        Source::Evernote,
        &["note: 体检 & co | - [x] Blood\n\n[附件 / file: 血.png]\n\n#健康"],
    );
    assert_eq!(
        (result.times[0], result.problems.as_slice()),
        (Some(1_704_418_200_000), &[(2, Reason::Sealed)][..])
    );
}

#[test]
fn short_notes() {
    let keep = include_str!("samples/short_notes_1.json");
    let result = read("note.json", keep);
    assert_items(&result, Source::Keep, &["note: 牛奶 milk | - [x] 牛奶 milk"]);
    assert_eq!(result.times, [Some(1_704_418_200_000)]);
    let memos = include_str!("samples/short_notes_2.json");
    let result = read("memos.json", memos);
    assert_items(&result, Source::Memos, &["note: 想法 hi | #想法 hi"]);
    assert_eq!((result.left, result.problems.as_slice()), (1, &[(0, Reason::Part)][..]));
    let flomo = include_str!("samples/short_notes_3.html");
    let result = read("flomo.html", flomo);
    assert_items(&result, Source::Flomo, &["note: 读书 好 | #读书 好\n\n- one\n- 二", "note: again | again"]);
    assert_eq!((result.times[0], result.natives[0] == result.natives[1]), (Some(1_704_418_200_000), false));
    let page = "<h1>清单</h1><ul><li>milk</li></ul><img src=\"data:image/png;base64,AAAA\">";
    assert_items(&read("a.html", page), Source::AppleNotes, &["note: 清单 | - milk\n[附件 / file: image]"]);
    let day = include_str!("samples/short_notes_4.json");
    assert_items(&read("Journal.json", day), Source::DayOne, &["note: 晴. Day 1 | 晴. Day 1"]);
    let lake = include_str!("samples/short_notes_5.json");
    assert_items(&read("slug.json", lake), Source::Yuque, &["note: 图 | a\n\n![](https://x.example/图.png)"]);
}

#[test]
fn telegram() {
    let text = include_str!("samples/telegram_1.json");
    let result = read("result.json", text);
    assert_items(
        &result,
        Source::Telegram,
        &["note: Telegram · 小李 · 2024-03 | 2024-03-05 09:12 小李：看 a.example"],
    );
    let whole = format!(
        r#"{{"about":"x","personal_information":{{"user_id":1}},"chats":{{"about":"y",
            "list":[{text},{{"type":"saved_messages","id":9,"messages":[{{"type":"message",
            "date":"2024-03-05T10:00:00","text":"记一下"}}]}}]}}}}"#
    );
    let result = read("result.json", whole);
    assert_items(
        &result,
        Source::Telegram,
        &[
            "note: Telegram · 小李 · 2024-03 | 2024-03-05 09:12 小李：看 a.example",
            "note: Telegram · Saved Messages · 2024-03-05 | 10:00 记一下",
        ],
    );
    assert_eq!(result.left, 1);
}

#[test]
fn wechat() {
    let table = "id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime\n1,11,文本,1,li,,周五 d\
        inner？,,2024-03-05 09:12:01\n2,12,图片,0,li,,,,昨天\n";
    let result = read("li.csv", table);
    assert_items(
        &result,
        Source::Wechat,
        &["note: 微信 · li · 2024-03 | 2024-03-05 09:12 我：周五 dinner？  \n2024-03-05 09:12 li：[图片]"],
    );
    assert_eq!(result.problems, [(3, Reason::Time)]);
    let memo = "\u{feff}localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Rema\
        rk,NickName,Sender\n1,wx_li,1,0,0,1709601121,2,在吗,2024-03-05 09:12:01,小李,Li,wx_li\n2,wx_li,49,0,\
        1,1709601122,2,<msg><title>链接 &amp; x</title></msg>,2024-03-05 09:12:02,小李,Li,me\n3,wx_li,10000,\
        0,1,1709601123,2,撤回,2024-03-05 09:12:03,小李,Li,me\n";
    let result = read("messages.csv", memo);
    assert_items(
        &result,
        Source::Wechat,
        &["note: 微信 · 小李 · 2024-03 | 2024-03-05 09:12 小李：在吗  \n2024-03-05 09:12 我：链接 & x"],
    );
    let flow = include_str!("samples/wechat_1.json");
    assert_items(
        &read("flow.json", flow),
        Source::Wechat,
        &["note: 微信 · 小李 · 2024-03 | 2024-03-05 09:12 我：好  \n2024-03-05 09:13 小李：[图片消息]"],
    );
    let log = include_str!("samples/wechat_2.json");
    assert_items(
        &read("log.json", log),
        Source::Wechat,
        &["note: 微信 · 文件传输助手 · 2024-03-05 | 09:12 买票"],
    );
    let text = "2024-03-05 09:12:01 小李\n在吗\n\n小王 2024-03-05 09:13:00\n在\n";
    assert_items(
        &read("小李.txt", text),
        Source::Wechat,
        &["note: 微信 · 小李 · 2024-03 | 2024-03-05 09:12 小李：在吗  \n2024-03-05 09:13 小王：在"],
    );
}

#[test]
fn posts_and_bookmarks() {
    let text = include_str!("samples/posts_and_bookmarks_1.js");
    let result = read("tweets.js", text);
    assert_items(
        &result,
        Source::X,
        &["note: 猫 & tea https://a.example | 猫 & tea https://a.example\n\nmore"],
    );
    assert_eq!((result.left, result.times[0]), (2, Some(1_704_917_964_000)));
    let text = "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><DT><H3>读</H3><DL><DT><A HREF=\"https://a.examp\
        le\" ADD_DATE=\"1704418200\">A</A><DT><A HREF=\"javascript:1\">b</A></DL></DL>";
    let result = read("bookmarks.html", text);
    assert_items(&result, Source::Bookmarks, &["note: 读 | - [A](https://a.example)"]);
    assert_eq!(result.problems.iter().map(|(_, reason)| *reason).collect::<Vec<_>>(), [Reason::Kind]);
}
