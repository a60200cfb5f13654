//! WeChat: what public programs export.

use std::io::Read;

use serde_json::Value;

use crate::{
    chat::{Chats, Line},
    json::{Items, first_text, flag, id, list, moment, text as member},
    model::Reason,
    out::Out,
    pack::Entry,
    recognize::{Chats as Shape, stem},
    table::Table,
    time,
};

const PROGRAM: &str = "微信";
/// The chat with oneself.
const OWN: &str = "filehelper";

/// Reads a table.
pub(super) fn table(text: &str, shape: Shape, out: &mut Out<'_>) {
    let Ok((mut table, Some(Ok(header)))) = Table::open(text.as_bytes(), |_| true) else {
        return out.refuse(1, Reason::Shape, "header");
    };
    let mut chats = Chats::new(PROGRAM);
    while let Ok(Some(row)) = table.next_row() {
        let row = match row {
            Ok(row) => row,
            Err(refusal) => {
                out.refuse(refusal.line, Reason::Shape, refusal.why);
                continue;
            }
        };
        let cell = |name: &str| {
            let at = header.cells.iter().position(|cell| cell.trim().trim_start_matches('\u{feff}') == name);
            at.and_then(|at| row.cells.get(at)).map(String::as_str).unwrap_or_default()
        };
        let (chat, name, sender, said, when) = match shape {
            Shape::MemoTrace => {
                let sender = if cell("IsSender") == "1" {
                    "我"
                } else {
                    first(&[cell("Remark"), cell("NickName"), cell("Sender")])
                };
                let said = of_type(cell("Type"), cell("StrContent"));
                (
                    cell("TalkerId"),
                    first(&[cell("Remark"), cell("NickName")]),
                    sender,
                    said,
                    first(&[cell("CreateTime"), cell("StrTime")]),
                )
            }
            Shape::PyWxDump => {
                let sender = if cell("is_sender") == "1" { "我" } else { cell("talker") };
                let chat = first(&[cell("room_name"), cell("talker")]);
                let said = of_name(cell("type_name"), first(&[cell("msg"), cell("content")]));
                (chat, chat, sender, said, cell("CreateTime"))
            }
            Shape::Chatlog => {
                let name = first(&[cell("TalkerName"), cell("Talker")]);
                let sender = first(&[cell("SenderName"), cell("Sender")]);
                (first(&[cell("Talker"), name]), name, sender, cell("Content").to_owned(), cell("Time"))
            }
        };
        let chat = if shape == Shape::PyWxDump && cell("is_sender") == "1" && cell("room_name").is_empty() {
            cell("talker")
        } else {
            chat
        };
        let at = time::of_text(when, out.zone);
        if at.is_none() && !when.is_empty() {
            out.warn(row.line, Reason::Time, when);
        }
        let key = (chat, if name.is_empty() { chat } else { name }, chat == OWN);
        chats.add(key, row.line, Line { at, sender: sender.to_owned(), text: said }, out);
    }
    chats.tell(out);
}

/// Returns the first text that is not empty.
fn first<'t>(texts: &[&'t str]) -> &'t str {
    texts.iter().find(|text| !text.trim().is_empty()).copied().unwrap_or_default()
}

/// Returns the text of a message by the number of its type.
fn of_type(kind: &str, said: &str) -> String {
    match kind {
        "1" | "" => said.to_owned(),
        "3" => "[图片]".to_owned(),
        "34" => "[语音]".to_owned(),
        "43" => "[视频]".to_owned(),
        "47" => "[表情]".to_owned(),
        "49" | "57" => titled(said),
        "10000" => String::new(),
        _ => titled(said),
    }
}

/// Returns the text of a message by the name of its type. Older exports have it as JSON.
fn of_name(kind: &str, said: &str) -> String {
    let inside: Option<Value> = said.starts_with('{').then(|| serde_json::from_str(said).ok()).flatten();
    let said = inside.as_ref().map_or(said, |inside| member(inside, "msg"));
    if kind.contains("系统") {
        return String::new();
    }
    if said.trim().is_empty() && !kind.is_empty() && !kind.contains("文本") {
        return format!("[{kind}]");
    }
    titled(said)
}

/// Returns the title of XML, or the text.
fn titled(said: &str) -> String {
    if !said.trim_start().starts_with('<') {
        return said.to_owned();
    }
    let title =
        said.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title);
    let title = title.map(|title| title.trim_start_matches("<![CDATA[").trim_end_matches("]]>"));
    title.map_or_else(|| "[消息]".to_owned(), crate::convert::entities)
}

/// Reads the JSON of WeFlow and EchoTrace.
pub(super) fn weflow(mut items: Items<impl Read>, out: &mut Out<'_>) {
    let mut chats = Chats::new(PROGRAM);
    while let Some((_line, item)) = out.next_item(&mut items) {
        let session = item.get("session").cloned().unwrap_or_default();
        let (chat, name) = (
            id(&session, &["wxid"]),
            first_text(&session, &["displayName", "nickname", "remark", "wxid"]).to_owned(),
        );
        for (number, message) in (1..).zip(list(&item, "messages")) {
            if member(message, "type").contains("系统") {
                continue;
            }
            let at = moment(message, &["createTime"], out.zone);
            let sender = match message.get("isSend").and_then(Value::as_i64) {
                Some(1) => "我",
                _ => first_text(message, &["senderDisplayName"]),
            };
            let said = of_name(member(message, "type"), member(message, "content"));
            let line = Line { at, sender: sender.to_owned(), text: said };
            chats.add((&chat, &name, chat == OWN), number, line, out);
        }
    }
    chats.tell(out);
}

/// Reads the JSON of chatlog.
pub(super) fn chatlog(items: Items<impl Read>, out: &mut Out<'_>) {
    let mut chats = Chats::new(PROGRAM);
    for (line, item) in items {
        if out.is_over {
            return;
        }
        match item {
            Ok(item) => {
                let at = moment(&item, &["time", "createTime"], out.zone);
                let chat = id(&item, &["talker"]);
                let name = first_text(&item, &["talkerName", "talker"]).to_owned();
                let sender =
                    if flag(&item, "isSelf") { "我" } else { first_text(&item, &["senderName", "sender"]) };
                let kind = id(&item, &["type"]);
                let said = of_type(&kind, member(&item, "content"));
                let said = Line { at, sender: sender.to_owned(), text: said };
                chats.add((&chat, &name, chat == OWN), line, said, out);
            }
            Err(reason) => out.refuse(line, reason, "64 MiB"),
        }
    }
    chats.tell(out);
}

/// Reads ChatLab: one object, or lines.
pub(super) fn chatlab(mut items: Items<impl Read>, out: &mut Out<'_>) {
    let mut chats = Chats::new(PROGRAM);
    let (mut name, mut people) = (String::new(), std::collections::HashMap::new());
    while let Some((line, item)) = out.next_item(&mut items) {
        for meta in [item.get("meta"), Some(&item).filter(|item| member(item, "_type") == "header")]
            .into_iter()
            .flatten()
        {
            let meta = meta.get("meta").unwrap_or(meta);
            if !member(meta, "name").is_empty() {
                member(meta, "name").clone_into(&mut name);
            }
        }
        let loose = Some(&item).filter(|item| member(item, "_type") == "member");
        for person in list(&item, "members").iter().chain(loose) {
            people.insert(
                id(person, &["platformId", "id"]),
                first_text(person, &["groupNickname", "accountName", "name"]).to_owned(),
            );
        }
        let loose = Some(&item).filter(|item| member(item, "_type") == "message");
        for message in list(&item, "messages").iter().chain(loose) {
            let at = moment(message, &["timestamp"], out.zone);
            let sender = id(message, &["sender"]);
            let sender = first(&[
                member(message, "accountName"),
                people.get(&sender).map(String::as_str).unwrap_or_default(),
                &sender,
            ])
            .to_owned();
            let said = member(message, "content").to_owned();
            chats.add((&name, &name, false), line, Line { at, sender, text: said }, out);
        }
    }
    chats.tell(out);
}

/// Returns the time and the sender of a line that begins a message.
fn head(line: &str) -> Option<(&str, &str)> {
    const TIME: usize = 19;
    let is_time = |text: &str| {
        text.len() == TIME
            && text.bytes().zip(b"dddd-dd-dd dd:dd:dd").all(|(byte, kind)| match kind {
                b'd' => byte.is_ascii_digit(),
                b'-' => matches!(byte, b'-' | b'/'),
                kind => byte == *kind,
            })
    };
    let line = line.trim();
    if let (Some(start), Some(rest)) = (line.get(..TIME), line.get(TIME..))
        && is_time(start)
        && !rest.trim().is_empty()
        && rest.chars().count() < 60
    {
        return Some((start, rest.trim()));
    }
    let at = line.len().checked_sub(TIME)?;
    let (name, end) = (line.get(..at)?, line.get(at..)?);
    (is_time(end) && !name.trim().is_empty() && name.chars().count() < 60).then(|| (end, name.trim()))
}

/// Returns true for a text in which messages begin with time and sender.
pub(crate) fn is_text(start: &str) -> bool {
    let heads = start.lines().take(200).filter(|line| head(line).is_some()).count();
    heads >= 2 && start.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| head(line).is_some())
}

/// Reads a text.
pub(super) fn text(entry: &Entry, text: &str, out: &mut Out<'_>) {
    let mut chats = Chats::new(PROGRAM);
    let name = stem(&entry.name).to_owned();
    let (mut open, mut from): (Option<Line>, u64) = (None, 0);
    for (number, line) in (1..).zip(text.lines()) {
        match (head(line), &mut open) {
            (Some((when, sender)), _) => {
                if let Some(line) = open.take() {
                    chats.add((&name, &name, false), from, line, out);
                }
                let at = time::of_text(when, out.zone);
                (open, from) = (Some(Line { at, sender: sender.to_owned(), text: String::new() }), number);
            }
            (None, Some(open)) => {
                open.text.push_str(line);
                open.text.push('\n');
            }
            (None, None) => {}
        }
    }
    if let Some(line) = open {
        chats.add((&name, &name, false), from, line, out);
    }
    chats.tell(out);
}
