//! Claude: conversations, projects, memories.

use std::{collections::HashMap, io::Read};

use serde_json::Value;

use crate::{
    convert,
    json::{Items, id, list, moment, text},
    model::{Conversation, Fact, Message, Note, Reason, Role},
    out::Out,
    tree::{self, Node},
};

pub(super) fn conversations(mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        conversation(line, &item, out);
    }
}

fn conversation(line: u64, item: &Value, out: &mut Out<'_>) {
    let all = list(item, "chat_messages");
    let order: Vec<String> = all.iter().map(|message| id(message, &["uuid"])).collect();
    let has_parents = all.iter().any(|message| !text(message, "parent_message_uuid").is_empty());
    let path: Vec<&Value> = if has_parents {
        let node = |message: &Value| Node {
            parent: text(message, "parent_message_uuid").to_owned(),
            created: moment(message, &["created_at"], out.zone),
            is_shown: true,
        };
        let nodes: HashMap<String, Node> = all.iter().map(|m| (id(m, &["uuid"]), node(m))).collect();
        let (path, other) = tree::path(&nodes, &order, "");
        out.left(other);
        path.iter().filter_map(|key| all.iter().find(|message| id(message, &["uuid"]) == *key)).collect()
    } else {
        all.iter().collect()
    };
    let mut messages = Vec::new();
    for message in path {
        let role = match text(message, "sender") {
            "human" => Role::User,
            "assistant" => Role::Assistant,
            _ => continue,
        };
        let blocks: Vec<&str> = list(message, "content")
            .iter()
            .filter(|block| text(block, "type") == "text")
            .map(|block| text(block, "text"))
            .filter(|text| !text.trim().is_empty())
            .collect();
        let mut said = if blocks.is_empty() { text(message, "text").to_owned() } else { blocks.join("\n\n") };
        for file in list(message, "attachments").iter().chain(list(message, "files")) {
            let name = text(file, "file_name");
            if !name.is_empty() {
                said = format!("{said}\n{}", convert::attachment(name));
            }
        }
        let created = moment(message, &["created_at"], out.zone);
        messages.push(Message { role, text: said, created });
    }
    let conversation = Conversation {
        title: text(item, "name").to_owned(),
        created: moment(item, &["created_at"], out.zone),
        updated: moment(item, &["updated_at"], out.zone),
        messages,
    };
    out.conversation(&id(item, &["uuid"]), line, conversation);
}

pub(super) fn projects(mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        let (own, name) = (id(&item, &["uuid"]), text(&item, "name").to_owned());
        out.group.clone_from(&name);
        let created = moment(&item, &["created_at"], out.zone);
        let updated = moment(&item, &["updated_at"], out.zone);
        let body = [text(&item, "description"), text(&item, "prompt_template")].join("\n\n");
        if !body.trim().is_empty() {
            out.note(&own, line, Note { title: name.clone(), text: body, created, updated });
        }
        for (number, doc) in (1..).zip(list(&item, "docs")) {
            let native = match id(doc, &["uuid"]) {
                none if none.is_empty() => format!("{own}/{number}"),
                native => native,
            };
            let title = text(doc, "filename").to_owned();
            let text = convert::with_tags(text(doc, "content"), &[], &name);
            let created = moment(doc, &["created_at"], out.zone).or(created);
            out.note(&native, line, Note { title, text, created, updated: None });
        }
    }
}

pub(super) fn memory(mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        memories(line, &item, out);
    }
}

fn memories(line: u64, item: &Value, out: &mut Out<'_>) {
    let account = id(item, &["account_uuid"]);
    let whole = text(item, "conversations_memory");
    if !whole.trim().is_empty() {
        let note = Note { title: "Claude: memory".to_owned(), text: whole.to_owned(), ..Note::default() };
        out.note(&format!("{account}/conversations"), line, note);
    }
    if let Some(projects) = item.get("project_memories").and_then(Value::as_object) {
        for (project, said) in projects {
            let Some(said) = said.as_str().filter(|said| !said.trim().is_empty()) else { continue };
            let note =
                Note { title: "Claude: project memory".to_owned(), text: said.to_owned(), ..Note::default() };
            out.note(&format!("{account}/projects/{project}"), line, note);
        }
    }
    for file in list(item, "memory_files") {
        let (path, content) = (text(file, "path"), text(file, "content"));
        let created = moment(file, &["updated_at", "created_at"], out.zone);
        if content.trim().is_empty() {
            out.refuse(line, Reason::Empty, "");
            continue;
        }
        let title = format!("Claude: {}", path.trim_start_matches('/'));
        let note = Note { title, text: content.to_owned(), created, updated: None };
        out.note(&format!("{account}{path}"), line, note);
        for said in content.lines().map(str::trim).filter(|said| said.starts_with(['-', '*', '•'])) {
            let (said, at) = super::pasted::fact(said, out.zone);
            // `[stated]` and the like say how it was learned.
            let plain = said
                .strip_prefix('[')
                .and_then(|said| said.split_once(']'))
                .map_or(said.as_str(), |(_, said)| said);
            if !plain.trim().is_empty() {
                out.fact(
                    "",
                    line,
                    Fact { text: plain.trim().to_owned(), created: at.or(created), ..Fact::default() },
                );
            }
        }
    }
}
