//! ChatGPT, and DeepSeek, whose export is nearly the same.

use std::{collections::HashMap, io::Read};

use serde_json::Value;

use crate::{
    convert,
    json::{Items, flag, id, list, moment, text},
    model::{Conversation, Fact, Message, Note, Reason, Role},
    out::Out,
    tree::{self, Node},
};

/// Reads conversations of ChatGPT.
pub(super) fn read(mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        conversation(line, &item, out);
    }
}

/// Reads conversations of DeepSeek.
pub(super) fn deepseek(mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        let Some((nodes, order)) = nodes(&item, out, |message| message.get("fragments").is_some()) else {
            out.refuse(line, Reason::Shape, "mapping");
            continue;
        };
        let (path, other) = tree::path(&nodes, &order, "");
        let mut messages = Vec::new();
        for key in &path {
            let message = message_of(&item, key);
            let created = moment(message, &["inserted_at"], out.zone);
            for (kind, role) in [("REQUEST", Role::User), ("RESPONSE", Role::Assistant)] {
                let said = list(message, "fragments").iter().filter(|part| text(part, "type") == kind);
                let said: Vec<&str> = said.map(|part| text(part, "content")).collect();
                messages.push(Message { role, text: said.join("\n"), created });
            }
        }
        out.left(other);
        let conversation = Conversation {
            title: text(&item, "title").to_owned(),
            created: moment(&item, &["inserted_at"], out.zone),
            updated: moment(&item, &["updated_at"], out.zone),
            messages,
        };
        out.conversation(&id(&item, &["id"]), line, conversation);
    }
}

/// Returns the message of a node.
fn message_of<'v>(item: &'v Value, node: &str) -> &'v Value {
    const NONE: &Value = &Value::Null;
    let node = item.get("mapping").and_then(|mapping| mapping.get(node));
    node.and_then(|node| node.get("message")).unwrap_or(NONE)
}

/// Returns the nodes of the tree of a conversation, and their order in the file.
fn nodes(
    item: &Value,
    out: &Out<'_>,
    is_shown: impl Fn(&Value) -> bool,
) -> Option<(HashMap<String, Node>, Vec<String>)> {
    let mapping = item.get("mapping")?.as_object()?;
    let node = |value: &Value| Node {
        parent: text(value, "parent").to_owned(),
        created: value
            .get("message")
            .and_then(|message| moment(message, &["create_time", "inserted_at"], out.zone)),
        is_shown: value.get("message").is_some_and(&is_shown),
    };
    let nodes = mapping.iter().map(|(key, value)| (key.clone(), node(value))).collect();
    Some((nodes, mapping.keys().cloned().collect()))
}

fn conversation(line: u64, item: &Value, out: &mut Out<'_>) {
    let Some((nodes, order)) = nodes(item, out, |message| shown(message).is_some()) else {
        return out.refuse(line, Reason::Shape, "mapping");
    };
    let own = id(item, &["conversation_id", "id"]);
    let created = moment(item, &["create_time"], out.zone);
    let (path, other) = tree::path(&nodes, &order, text(item, "current_node"));
    let (mut messages, mut notes) = (Vec::new(), Vec::new());
    for key in &path {
        let message = message_of(item, key);
        let at = moment(message, &["create_time"], out.zone);
        if !flag(item, "is_do_not_remember") {
            traces(line, message, at.or(created), out);
        }
        canvas(message, at.or(created), &mut notes);
        if let Some(role) = shown(message) {
            let (said, missing) = said(message);
            for name in missing {
                out.warn(line, Reason::Missing, &name);
            }
            messages.push(Message { role, text: said, created: at });
        }
    }
    out.left(other);
    let conversation = Conversation {
        title: text(item, "title").to_owned(),
        created,
        updated: moment(item, &["update_time"], out.zone),
        messages,
    };
    if conversation.messages.is_empty() && !notes.is_empty() {
        out.left(1);
    } else {
        out.conversation(&own, line, conversation);
    }
    for (number, note) in (1..).zip(notes) {
        out.note(&format!("{own}/canvas/{number}"), line, note);
    }
}

/// Returns the sender of a message that is shown.
fn shown(message: &Value) -> Option<Role> {
    let role = match message.pointer("/author/role").and_then(Value::as_str) {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => return None,
    };
    let kind = message.pointer("/content/content_type").and_then(Value::as_str).unwrap_or_default();
    let is_hidden =
        message.pointer("/metadata/is_visually_hidden_from_conversation") == Some(&Value::Bool(true));
    let weightless = message.get("weight").and_then(Value::as_f64) == Some(0.0);
    let recipient = message.get("recipient").and_then(Value::as_str).unwrap_or("all");
    let is_to_tool = role == Role::Assistant && recipient != "all";
    (["text", "multimodal_text"].contains(&kind) && !is_hidden && !weightless && !is_to_tool).then_some(role)
}

/// Returns the text of a message, and the names of files that it shows.
fn said(message: &Value) -> (String, Vec<String>) {
    let (mut lines, mut files) = (Vec::new(), Vec::new());
    let parts = message.pointer("/content/parts").and_then(Value::as_array);
    for part in parts.map(Vec::as_slice).unwrap_or_default() {
        match part {
            Value::String(text) => lines.push(unmarked(text)),
            part if text(part, "content_type") == "audio_transcription" => {
                lines.push(text(part, "text").to_owned())
            }
            part => {
                let pointer = text(part, "asset_pointer");
                if let Some((_, name)) = pointer.split_once("://") {
                    files.push(name.to_owned());
                }
            }
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    (lines.join("\n"), files)
}

/// Removes the marks of sources and of written documents.
fn unmarked(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\u{e200}', '【']) {
        let (before, after) = rest.split_at(at);
        plain.push_str(before);
        let is_mark = after.starts_with('\u{e200}');
        let close = if is_mark { '\u{e201}' } else { '】' };
        let Some(end) = after.find(close) else {
            plain.push_str(after);
            return tidy(&plain);
        };
        let (inside, more) = after.split_at(end + close.len_utf8());
        let words = inside.trim_start_matches('\u{e200}').trim_end_matches('\u{e201}');
        if is_mark {
            // `url` and `entity` have words to show after their name.
            let mut parts = words.split('\u{e202}');
            if matches!(parts.next(), Some("url" | "entity")) {
                plain.push_str(parts.next().unwrap_or_default());
            }
        } else if !inside.contains('†') {
            plain.push_str(inside);
        }
        rest = more;
    }
    plain.push_str(rest);
    tidy(&plain)
}

fn tidy(text: &str) -> String {
    if !text.contains(":::") {
        return text.to_owned();
    }
    let is_mark = |line: &&str| line.starts_with(":::writing") || line.trim_end() == ":::";
    text.lines().filter(|line| !is_mark(line)).collect::<Vec<_>>().join("\n")
}

/// Tells of what was kept in memory, as the conversation shows it. The person is asked.
fn traces(line: u64, message: &Value, created: Option<i64>, out: &mut Out<'_>) {
    let mut found: Vec<String> = Vec::new();
    if text(message, "recipient") == "bio" {
        let parts = message.pointer("/content/parts").and_then(Value::as_array);
        found.extend(parts.into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned));
    }
    for pointer in [
        "/content/model_set_context",
        "/content/user_profile",
        "/metadata/user_context_message_data/about_user_message",
    ] {
        if let Some(text) = message.pointer(pointer).and_then(Value::as_str) {
            found.extend(text.lines().map(ToOwned::to_owned));
        }
    }
    for said in found {
        let (text, _) = super::pasted::fact(&said, out.zone);
        if !text.is_empty() {
            out.proposal(line, Fact { text, created, ..Fact::default() });
        }
    }
}

/// Finds documents of a canvas.
fn canvas(message: &Value, created: Option<i64>, notes: &mut Vec<Note>) {
    let recipient = text(message, "recipient");
    let parts = message.pointer("/content/parts").and_then(Value::as_array);
    let body = parts.and_then(|parts| parts.first()).and_then(Value::as_str);
    let body = body.or_else(|| message.pointer("/content/text").and_then(Value::as_str)).unwrap_or_default();
    let Ok(body) = serde_json::from_str::<Value>(body) else { return };
    match recipient {
        "canmore.create_textdoc" => notes.push(Note {
            title: convert::line_of(text(&body, "name"), 200),
            text: text(&body, "content").to_owned(),
            created,
            updated: None,
        }),
        "canmore.update_textdoc" => {
            for update in list(&body, "updates").iter().filter(|update| text(update, "pattern") == ".*") {
                if let Some(last) = notes.last_mut() {
                    text(update, "replacement").clone_into(&mut last.text);
                    last.updated = created;
                }
            }
        }
        _ => {}
    }
}
