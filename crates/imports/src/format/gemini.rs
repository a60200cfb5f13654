//! Gemini: My Activity, and the conversations of Workspace.

use std::io::Read;

use serde_json::Value;

use crate::{
    html,
    json::{Items, list, moment, text},
    model::{Conversation, Message, Reason, Role},
    out::{Out, digest},
};

/// Silence after which a new conversation begins, in milliseconds.
const SILENCE_MS: i64 = 30 * 60 * 1000;
/// Maximum number of prompts, which have to be turned around.
const MAX_PROMPTS: usize = 500_000;

struct Prompt {
    line: u64,
    at: i64,
    native: String,
    said: String,
    answer: String,
}

/// Reads activities, which are newest first and have no conversations.
pub(super) fn read(mut items: Items<impl Read>, out: &mut Out<'_>) {
    let mut prompts = Vec::new();
    let mut other = 0;
    while let Some((line, item)) = out.next_item(&mut items) {
        let title = text(&item, "title");
        let answer = list(&item, "safeHtmlItem")
            .last()
            .map(|part| html::markdown(text(part, "html")))
            .unwrap_or_default();
        let Some(said) = prompt(title, !answer.is_empty()) else {
            other += 1;
            continue;
        };
        let Some(at) = moment(&item, &["time"], out.zone) else {
            out.refuse(line, Reason::Shape, "time");
            continue;
        };
        if prompts.len() >= MAX_PROMPTS {
            out.refuse(line, Reason::Long, "500,000");
            break;
        }
        prompts.push(Prompt {
            line,
            at,
            native: digest(&[&at.to_string(), title]),
            said: said.to_owned(),
            answer,
        });
    }
    out.left(other);
    prompts.sort_by_key(|prompt| prompt.at);
    let mut talk: Vec<Prompt> = Vec::new();
    for prompt in prompts {
        if talk.last().is_some_and(|last| prompt.at - last.at > SILENCE_MS) {
            tell(&mut talk, out);
        }
        talk.push(prompt);
    }
    tell(&mut talk, out);
}

/// Returns the prompt of a title. Other activities are none.
fn prompt(title: &str, has_answer: bool) -> Option<&str> {
    const VERBS: [&str; 3] = ["Prompted ", "Asked ", "Said "];
    const OTHERS: [&str; 4] = ["Created ", "Used ", "Gave feedback", "Selected "];
    if let Some(said) = VERBS.iter().find_map(|verb| title.strip_prefix(verb)) {
        return Some(said);
    }
    let is_other = OTHERS.iter().any(|other| title.starts_with(other)) || title.trim().is_empty();
    (!is_other && has_answer).then_some(title)
}

fn tell(talk: &mut Vec<Prompt>, out: &mut Out<'_>) {
    let Some(first) = talk.first() else { return };
    let (native, line, title) = (first.native.clone(), first.line, first.said.clone());
    let mut messages = Vec::new();
    for Prompt { at, said, answer, .. } in talk.drain(..) {
        messages.push(Message { role: Role::User, text: said, created: Some(at) });
        messages.push(Message { role: Role::Assistant, text: answer, created: Some(at) });
    }
    let title = crate::convert::line_of(&title, 60);
    out.conversation(&native, line, Conversation { title, messages, ..Conversation::default() });
}

/// Reads conversations of Workspace.
pub(super) fn turns(mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        let created = moment(&item, &["creation_time"], out.zone);
        let mut messages = Vec::new();
        for turn in list(&item, "conversation_turns") {
            let prompt = turn.pointer("/user_turn/prompt").and_then(Value::as_str).unwrap_or_default();
            let at =
                turn.pointer("/user_turn").and_then(|turn| moment(turn, &["turn_last_modified"], out.zone));
            messages.push(Message { role: Role::User, text: prompt.to_owned(), created: at });
            let parts = turn.pointer("/system_turn").map(|turn| list(turn, "text")).unwrap_or_default();
            let answer: Vec<&str> = parts.iter().map(|part| text(part, "data")).collect();
            messages.push(Message { role: Role::Assistant, text: answer.join("\n"), created: at });
        }
        let title = text(&item, "title").to_owned();
        out.conversation("", line, Conversation { title, created, updated: None, messages });
    }
}
