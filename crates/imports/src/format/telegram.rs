//! Telegram: chats in JSON.

use std::io::Read;

use serde_json::Value;

use crate::{
    chat::{Chats, Line},
    json::{Items, id, list, moment, text},
    out::Out,
};

pub(super) fn read(items: Items<impl Read>, out: &mut Out<'_>) {
    let mut chats = Chats::new("Telegram");
    for (line, item) in items {
        if out.is_over {
            return;
        }
        match item {
            Ok(item) => chat(line, &item, &mut chats, out),
            Err(reason) => out.refuse(line, reason, "64 MiB"),
        }
    }
    chats.tell(out);
}

fn chat(line: u64, item: &Value, chats: &mut Chats, out: &mut Out<'_>) {
    let own = text(item, "type") == "saved_messages";
    let key = id(item, &["id"]);
    let name = if own { "Saved Messages" } else { text(item, "name") };
    let mut services = 0;
    for message in list(item, "messages") {
        if text(message, "type") != "message" {
            services += 1;
            continue;
        }
        let at = moment(message, &["date_unixtime", "date"], out.zone);
        let mut said = plain(message.get("text"));
        let forwarded = text(message, "forwarded_from");
        if !forwarded.is_empty() {
            said = format!("[{forwarded}] {said}");
        }
        let media =
            [("photo", "图片"), ("file", "文件")].iter().find(|(name, _)| message.get(*name).is_some());
        let mark = match (text(message, "media_type"), media) {
            ("sticker", _) => format!("[贴纸 {}]", text(message, "sticker_emoji")),
            ("voice_message", _) => "[语音]".to_owned(),
            ("video_message" | "video_file", _) => "[视频]".to_owned(),
            (_, Some((_, mark))) => format!("[{mark}]"),
            _ => String::new(),
        };
        let said = [mark.as_str(), &said].join(" ").trim().to_owned();
        let sender = text(message, "from").to_owned();
        chats.add((&key, name, own), line, Line { at, sender, text: said }, out);
    }
    out.left(services);
}

/// Returns a text that is one, or a list of texts and marked ones.
fn plain(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .map(|part| part.as_str().unwrap_or_else(|| text(part, "text")))
            .collect::<Vec<_>>()
            .concat(),
        _ => String::new(),
    }
}
