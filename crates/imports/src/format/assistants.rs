//! Open WebUI and LibreChat.

use std::{collections::HashMap, io::Read};

use serde_json::Value;

use crate::{
    json::{Items, flag, id, list, moment, text},
    model::{Conversation, Message, Role},
    out::Out,
    tree::{self, Node},
};

pub(super) fn openwebui(mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        // Old exports have the chat itself.
        let chat = item.get("chat").unwrap_or(&item);
        let empty = serde_json::Map::new();
        let all = chat.pointer("/history/messages").and_then(Value::as_object).unwrap_or(&empty);
        let order: Vec<String> = all.keys().cloned().collect();
        let node = |message: &Value| Node {
            parent: text(message, "parentId").to_owned(),
            created: moment(message, &["timestamp"], out.zone),
            is_shown: true,
        };
        let nodes: HashMap<String, Node> =
            all.iter().map(|(key, message)| (key.clone(), node(message))).collect();
        let leaf = chat.pointer("/history/currentId").and_then(Value::as_str).unwrap_or_default();
        let (path, other) = tree::path(&nodes, &order, leaf);
        let mut messages = Vec::new();
        for message in path.iter().filter_map(|key| all.get(key)) {
            let role = match text(message, "role") {
                "user" => Role::User,
                "assistant" => Role::Assistant,
                _ => continue,
            };
            let created = moment(message, &["timestamp"], out.zone);
            messages.push(Message { role, text: without_details(&content(message)), created });
        }
        out.left(other);
        let title = match text(&item, "title") {
            "" => text(chat, "title"),
            title => title,
        };
        let conversation = Conversation {
            title: title.to_owned(),
            created: moment(&item, &["created_at"], out.zone)
                .or_else(|| moment(chat, &["timestamp"], out.zone)),
            updated: moment(&item, &["updated_at"], out.zone),
            messages,
        };
        out.conversation(&id(&item, &["id"]), line, conversation);
    }
}

/// Returns the text of a message: a text, or parts of one.
pub(super) fn content(message: &Value) -> String {
    let part = |part: &Value| match part {
        Value::String(text) => text.clone(),
        part => match part.get("text") {
            Some(Value::String(text)) => text.clone(),
            Some(value) => text(value, "value").to_owned(),
            None => text(part, "content").to_owned(),
        },
    };
    for name in ["content", "text", "message", "value"] {
        match message.get(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => return text.clone(),
            Some(Value::Array(parts)) => {
                let is_text =
                    |part: &&Value| matches!(text(part, "type"), "" | "text" | "output_text" | "input_text");
                let texts: Vec<String> =
                    parts.iter().filter(is_text).map(part).filter(|text| !text.is_empty()).collect();
                if !texts.is_empty() {
                    return texts.join("\n");
                }
            }
            Some(Value::Object(inside)) => {
                let inside = Value::Object(inside.clone());
                let said = match inside.get("parts") {
                    Some(Value::Array(parts)) => parts.iter().map(part).collect::<Vec<_>>().join("\n"),
                    _ => content(&inside),
                };
                if !said.is_empty() {
                    return said;
                }
            }
            _ => {}
        }
    }
    String::new()
}

/// Cuts out thoughts and calls of tools.
fn without_details(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<details type=") {
        plain.push_str(before);
        rest = after.split_once("</details>").map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain.trim().to_owned()
}

pub(super) fn librechat(mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        let mut all = Vec::new();
        if item.get("messagesTree").is_some() {
            flatten(list(&item, "messagesTree"), &mut all);
        } else {
            let own = |message: &Value| (text(message, "parentMessageId").to_owned(), message.clone());
            all.extend(list(&item, "messages").iter().map(own));
        }
        let order: Vec<String> = all.iter().map(|(_, message)| id(message, &["messageId"])).collect();
        let node = |(parent, message): &(String, Value)| Node {
            parent: parent.clone(),
            created: moment(message, &["createdAt"], out.zone),
            is_shown: true,
        };
        let nodes = all.iter().map(|one| (id(&one.1, &["messageId"]), node(one))).collect();
        let (path, other) = tree::path(&nodes, &order, "");
        let mut messages = Vec::new();
        let by_id: HashMap<String, &Value> = all.iter().map(|(_, m)| (id(m, &["messageId"]), m)).collect();
        for message in path.iter().filter_map(|key| by_id.get(key)) {
            if flag(message, "error") {
                continue;
            }
            let role = if flag(message, "isCreatedByUser") { Role::User } else { Role::Assistant };
            let said = match text(message, "text") {
                "" => content(message),
                said => said.to_owned(),
            };
            messages.push(Message { role, text: said, created: moment(message, &["createdAt"], out.zone) });
        }
        out.left(other);
        let title = text(&item, "title").to_owned();
        let created = moment(&item, &["createdAt"], out.zone);
        out.conversation(
            &id(&item, &["conversationId"]),
            line,
            Conversation { title, created, updated: None, messages },
        );
    }
}

/// Lists a tree of messages, each with its parent.
fn flatten(tree: &[Value], all: &mut Vec<(String, Value)>) {
    const MOST: usize = 100_000;
    let mut open: Vec<(String, &Value)> = tree.iter().rev().map(|message| (String::new(), message)).collect();
    while let Some((parent, message)) = open.pop() {
        if all.len() > MOST {
            return;
        }
        let own = id(message, &["messageId"]);
        open.extend(list(message, "children").iter().rev().map(|child| (own.clone(), child)));
        let members = message.as_object().into_iter().flatten().filter(|(name, _)| *name != "children");
        let plain = members.map(|(name, value)| (name.clone(), value.clone())).collect();
        all.push((parent, Value::Object(plain)));
    }
}
