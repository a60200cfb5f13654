//! Memory stores: Mem0, OpenMemory, Letta, the memory server of MCP.

use std::io::Read;

use serde_json::Value;

use super::pasted;
use crate::{
    json::{Items, first_text, id, list, moment, text},
    model::{Conversation, Fact, Message, Note, Reason, Role},
    out::{Out, digest},
};

/// Lengths of lists that are a first page more often than all there is.
const PAGES: [u64; 3] = [20, 50, 100];

pub(super) fn mem0(items: Items<impl Read>, out: &mut Out<'_>) {
    let mut count = 0;
    for (line, item) in items {
        if out.is_over {
            return;
        }
        count = line;
        match item {
            Ok(item) => {
                let until = moment(&item, &["expiration_date"], out.zone);
                if until
                    .is_some_and(|until| Some(until) < moment(&item, &["updated_at", "created_at"], out.zone))
                {
                    out.left(1);
                    continue;
                }
                let text = first_text(&item, &["memory", "text", "content"]).to_owned();
                let created = moment(&item, &["created_at", "updated_at"], out.zone);
                out.fact(&id(&item, &["id"]), line, Fact { text, created, ..Fact::default() });
            }
            Err(reason) => out.refuse(line, reason, "64 MiB"),
        }
    }
    if PAGES.contains(&count) {
        out.warn(0, Reason::Part, &format!("there are just {count} items"));
    }
}

/// Reads blocks of Markdown with an id each.
pub(super) fn mem0_blocks(text: &str, out: &mut Out<'_>) {
    let (mut native, mut said, mut is_head, mut from) = (String::new(), String::new(), false, 1);
    let mut tell = |native: &mut String, said: &mut String, from: u64| {
        if !native.is_empty() {
            out.fact(native, from, Fact { text: said.trim().to_owned(), ..Fact::default() });
        }
        native.clear();
        said.clear();
    };
    for (line, content) in (1..).zip(text.lines()) {
        if content.trim() == "---" {
            if !is_head {
                tell(&mut native, &mut said, from);
                from = line;
            }
            is_head = !is_head;
        } else if is_head {
            if let Some(id) = content.strip_prefix("id:") {
                id.trim().clone_into(&mut native);
            }
        } else {
            said.push_str(content);
            said.push('\n');
        }
    }
    tell(&mut native, &mut said, from);
}

pub(super) fn openmemory(items: Items<impl Read>, out: &mut Out<'_>) {
    for (line, item) in items {
        if out.is_over {
            return;
        }
        match item {
            Ok(item) if !matches!(text(&item, "state"), "" | "active") => out.left(1),
            Ok(item) => {
                let said = first_text(&item, &["content", "text", "memory"]).to_owned();
                let created = moment(&item, &["created_at"], out.zone);
                out.fact(&id(&item, &["id"]), line, Fact { text: said, created, ..Fact::default() });
            }
            Err(reason) => out.refuse(line, reason, "64 MiB"),
        }
    }
}

/// Reads an agent of Letta. Its tools, servers and variables are never read.
pub(super) fn letta(mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        for block in list(&item, "blocks").iter().chain(list(&item, "core_memory")) {
            let (label, value) = (text(block, "label"), text(block, "value"));
            if label == "human" {
                for said in value.lines().filter(|said| !said.trim().is_empty()) {
                    let (text, created) = pasted::fact(said, out.zone);
                    out.fact("", line, Fact { text, created, ..Fact::default() });
                }
            } else if !value.trim().is_empty() {
                let native = match id(block, &["id"]) {
                    none if none.is_empty() => digest(&[label, value]),
                    native => native,
                };
                let note = Note { title: label.to_owned(), text: value.to_owned(), ..Note::default() };
                out.note(&native, line, note);
            }
        }
        let agents = list(&item, "agents").iter().flat_map(|agent| list(agent, "messages"));
        let said = |message: &Value| {
            let role = match text(message, "role") {
                "user" => Role::User,
                "assistant" => Role::Assistant,
                _ => return None,
            };
            let created = moment(message, &["created_at"], out.zone);
            Some(Message { role, text: super::assistants::content(message), created })
        };
        let messages: Vec<Message> = agents.chain(list(&item, "messages")).filter_map(said).collect();
        if !messages.is_empty() {
            let title = first_text(&item, &["name"]).to_owned();
            out.conversation("", line, Conversation { title, messages, ..Conversation::default() });
        }
    }
}

/// Reads a graph: lines, or lists of entities and relations.
pub(super) fn mcp(items: Items<impl Read>, out: &mut Out<'_>) {
    for (line, item) in items {
        if out.is_over {
            return;
        }
        match item {
            Ok(item) => {
                let lists = [list(&item, "entities"), list(&item, "relations")];
                if lists.iter().all(|list| list.is_empty()) {
                    thing(line, &item, out);
                }
                for (number, inner) in (1..).zip(lists.into_iter().flatten()) {
                    thing(number, inner, out);
                }
            }
            // A line that breaks off is a line, not the end of an array.
            Err(_) => out.refuse(line, Reason::Json, ""),
        }
    }
}

fn thing(line: u64, item: &Value, out: &mut Out<'_>) {
    let name = first_text(item, &["name", "entityName"]).to_owned();
    let (from, to) = (id(item, &["from", "from_id"]), id(item, &["to", "to_id"]));
    let relation = first_text(item, &["relationType", "type"]);
    if !from.is_empty() && !to.is_empty() {
        let said = format!("{from} {relation} {to}");
        return out.fact(
            &digest(&["", &said]),
            line,
            Fact { text: said, actor: actor(&from), created: None },
        );
    }
    let observations = list(item, "observations");
    if observations.is_empty() && !name.is_empty() {
        return;
    }
    if name.is_empty() {
        return out.refuse(line, Reason::Shape, "name");
    }
    for said in observations {
        let said = said.as_str().unwrap_or_else(|| first_text(said, &["content", "text"]));
        let fact = Fact { text: said.to_owned(), actor: actor(&name), created: None };
        out.fact(&digest(&[&name, said]), line, fact);
    }
}

/// Returns a name unless it means the person.
fn actor(name: &str) -> Option<String> {
    const OWN: [&str; 6] = ["default_user", "user", "me", "我", "用户", "self"];
    (!OWN.contains(&name.to_lowercase().as_str()))
        .then(|| name.chars().filter(|c| !c.is_control()).take(100).collect())
}
