//! Conversations of any other assistant, as scripts of browsers write them.

use std::io::Read;

use serde_json::Value;

use super::assistants::content;
use crate::{
    json::{Items, first_text, id, list, moment, text},
    model::{Conversation, Message, Reason, Role},
    out::Out,
    pack::Entry,
    recognize::stem,
};

/// Names of the person and of assistants.
const USERS: [&str; 9] = ["user", "human", "me", "you", "我", "用户", "提问", "问", "self"];
const ASSISTANTS: [&str; 22] = [
    "assistant",
    "ai",
    "bot",
    "model",
    "gpt",
    "chatgpt",
    "claude",
    "gemini",
    "kimi",
    "deepseek",
    "doubao",
    "qwen",
    "豆包",
    "助手",
    "回答",
    "答",
    "元宝",
    "通义",
    "通义千问",
    "文心一言",
    "智谱清言",
    "grok",
];

fn role(name: &str) -> Option<Role> {
    let name = name.trim().trim_matches(['*', ':', '：', '#', ' ', '[', ']']).to_lowercase();
    if USERS.contains(&name.as_str()) {
        Some(Role::User)
    } else if ASSISTANTS.contains(&name.as_str()) {
        Some(Role::Assistant)
    } else {
        None
    }
}

pub(super) fn read(mut items: Items<impl Read>, out: &mut Out<'_>) {
    let mut loose = Vec::new();
    let (mut first, mut unknown) = (0, 0);
    while let Some((line, item)) = out.next_item(&mut items) {
        // A list of messages, or a list of conversations.
        if let Some(message) = message(&item, out) {
            first = if loose.is_empty() { line } else { first };
            loose.push(message);
            continue;
        }
        let wrapped = ["messages", "conversation", "conversations", "chats", "data"]
            .iter()
            .map(|name| list(&item, name))
            .find(|list| !list.is_empty());
        let Some(wrapped) = wrapped else {
            unknown += 1;
            continue;
        };
        if wrapped.iter().any(|inner| message(inner, out).is_some()) {
            conversation(line, &item, wrapped, out);
        } else {
            for inner in wrapped {
                let all = ["messages", "conversation", "data"].iter().map(|name| list(inner, name));
                let messages = all.into_iter().find(|list| !list.is_empty()).unwrap_or_default();
                conversation(line, inner, messages, out);
            }
        }
    }
    if !loose.is_empty() {
        let title = stem(&out.place).to_owned();
        out.conversation("", first, Conversation { title, messages: loose, ..Conversation::default() });
    } else if unknown > 0 {
        out.refuse(0, Reason::Shape, "role");
    }
}

fn message(value: &Value, out: &Out<'_>) -> Option<Message> {
    let name =
        ["role", "sender", "author", "from", "type"].iter().find_map(|name| match value.get(*name) {
            Some(Value::String(name)) => role(name),
            Some(inner) => role(text(inner, "role")),
            None => None,
        })?;
    let created =
        moment(value, &["created_at", "createdAt", "create_time", "timestamp", "time", "date"], out.zone);
    Some(Message { role: name, text: content(value), created })
}

fn conversation(line: u64, item: &Value, all: &[Value], out: &mut Out<'_>) {
    let messages: Vec<Message> = all.iter().filter_map(|value| message(value, out)).collect();
    if messages.len() < all.len() {
        out.left(u64::try_from(all.len() - messages.len()).unwrap_or(0));
    }
    let conversation = Conversation {
        title: first_text(item, &["title", "name", "topic"]).to_owned(),
        created: moment(item, &["created_at", "createdAt", "create_time", "timestamp", "date"], out.zone),
        updated: moment(item, &["updated_at", "updatedAt", "update_time"], out.zone),
        messages,
    };
    out.conversation(&id(item, &["id", "uuid", "conversation_id", "conversationId"]), line, conversation);
}

/// Returns the speaker of a line that is a heading or bold.
fn speaker(line: &str) -> Option<Role> {
    let line = line.trim();
    if line.chars().count() > 40 {
        return None;
    }
    let is_marked = line.starts_with('#') || line.starts_with("**");
    is_marked.then(|| role(line.trim_start_matches('#'))).flatten()
}

/// Returns true for Markdown in which at least two speak.
pub(crate) fn is_markdown(start: &str) -> bool {
    let roles: Vec<Role> = start.lines().filter_map(speaker).collect();
    roles.contains(&Role::User) && roles.contains(&Role::Assistant)
}

/// Reads a conversation from Markdown.
pub(super) fn markdown(entry: &Entry, text: &str, out: &mut Out<'_>) {
    let (mut messages, mut title): (Vec<Message>, String) = (Vec::new(), stem(&entry.name).to_owned());
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        match (speaker(line).filter(|_| !is_code), messages.last_mut()) {
            (Some(role), _) => messages.push(Message { role, text: String::new(), created: None }),
            (None, Some(message)) => {
                message.text.push_str(line);
                message.text.push('\n');
            }
            (None, None) => {
                if let Some(heading) = line.strip_prefix("# ") {
                    heading.trim().clone_into(&mut title);
                }
            }
        }
    }
    for message in &mut messages {
        message.text = message.text.trim().to_owned();
    }
    out.conversation("", 1, Conversation { title, messages, ..Conversation::default() });
}
