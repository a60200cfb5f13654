//! The page with the data that the model was sent for a response.

use ::chat::session::{Sent, Speaker, model::parse_message_id};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use web::{ApiError, Code};

use super::{
    PATH, link, list,
    texts::Texts,
    view::{kind_name, memory_link},
};
use crate::{
    Console,
    page::{Member, Page},
    texts::{fill, grouped},
    when::When,
};

/// A message of the prompt.
struct Line {
    role: &'static str,
    text: String,
}

/// A part of the prompt.
struct Part {
    title: &'static str,
    about: String,
    tokens: String,
    lines: Vec<Line>,
    is_open: bool,
}

/// A memory of the prompt.
struct Memory {
    text: String,
    kind: &'static str,
    link: String,
}

#[derive(Template)]
#[template(path = "chat_sent.html")]
struct SentPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    /// The address and the title of the conversation.
    back: (String, String),
    lead: String,
    provider: String,
    time: When,
    total: String,
    parts: Vec<Part>,
    memories: Vec<Memory>,
    memory_count: String,
    memory_tokens: String,
}

/// Shows the data that the model was sent for a response.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let number = parse_message_id(&id).ok_or(Code::NotFound)?;
    let sent = console.chat.sent(&Speaker::person(member.account.id), number).await?;
    let page = member.page.at("chat", format!("{PATH}/messages/{id}"));
    let t = Texts::of(page.language);
    let memories = sent.memories();
    let tokens: i64 = memories.iter().map(|memory| memory.tokens).sum();
    let template = SentPage {
        page: &page,
        t,
        back: (format!("{}#{id}", link(&sent.session)), list::title(sent.title.clone(), t)),
        lead: if sent.model.is_empty() { t.sent_built_in.to_owned() } else { fill(t.sent_lead, &sent.model) },
        time: When(sent.created_at),
        total: grouped(sent.tokens_in.saturating_add(sent.tokens_out)),
        parts: parts(&sent, t),
        memory_count: fill(t.part_memories_more, memories.len()),
        memory_tokens: fill(t.about_tokens, grouped(tokens)),
        memories: memories
            .into_iter()
            .map(|memory| Memory {
                kind: kind_name(&memory.kind, t),
                link: memory_link(&memory, t).0,
                text: memory.text,
            })
            .collect(),
        provider: sent.provider,
    };
    page.answer(StatusCode::OK, &template)
}

/// Divides a prompt into the system prompt, the earlier conversation, the message, and results of tools.
fn parts(sent: &Sent, t: &Texts) -> Vec<Part> {
    let messages = sent.messages();
    let last = messages.iter().rposition(|(role, _)| role == "user");
    let mut parts = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for (place, (role, text)) in messages.into_iter().enumerate() {
        let (part, role) = match role.as_str() {
            "system" | "developer" => (0, t.role_system),
            "user" if Some(place) == last => (2, t.role_user),
            "user" => (1, t.role_user),
            "tool" => (3, t.role_tool),
            _ if Some(place) > last => (3, t.role_assistant),
            _ => (1, t.role_assistant),
        };
        if let Some(part) = parts.get_mut(part) {
            part.push(Line { role, text });
        }
    }
    let [system, history, message, tools] = parts;
    let count = fill(t.part_history_more, history.len());
    [
        (t.part_system, t.part_system_more.to_owned(), system, false),
        (t.part_history, count, history, false),
        (t.part_message, String::new(), message, true),
        (t.part_tools, String::new(), tools, false),
    ]
    .into_iter()
    .filter(|(_, _, lines, _)| !lines.is_empty())
    .map(|(title, about, lines, is_open)| {
        let tokens: usize = lines.iter().map(|line| memory::recall::tokens(&line.text)).sum();
        let tokens = fill(t.about_tokens, grouped(i64::try_from(tokens).unwrap_or(i64::MAX)));
        Part { title, about, tokens, lines, is_open }
    })
    .collect()
}
