//! Messages as the page shows them.

use std::collections::HashMap;

use ::chat::session::{
    State,
    model::message_id,
    page::{PageMessage, PageSent, Step, UsedMemory},
};
use memory::{MemoryId, key};
use store::AccountId;

use super::{address::PATH, texts::Texts};
use crate::{
    Console,
    markdown::{self, Markdown},
    texts::{fill, grouped},
    when::When,
};

/// Maximum number of memories under an answer, and of those whose details a page has.
const MAX_CITES: usize = 6;
const MAX_DETAILS: usize = 40;
/// Maximum length of the name of a memory in characters.
const LABEL: usize = 18;

/// A message.
pub(super) struct Turn {
    pub(super) id: String,
    pub(super) kind: TurnKind,
    /// The text as it was sent.
    pub(super) text: String,
    /// The text of an answer as HTML.
    pub(super) html: Markdown,
    pub(super) pictures: Vec<String>,
    pub(super) steps: Vec<StepView>,
    pub(super) cites: Vec<Cite>,
    /// The reason why an answer is incomplete.
    pub(super) ending: Option<&'static str>,
    /// The address and the name of the page with its prompt.
    pub(super) sent: Option<(String, String)>,
    /// The place among the versions of the answer, if there are several.
    pub(super) versions: Option<Versions>,
}

/// The place of an answer among its versions.
pub(super) struct Versions {
    pub(super) place: String,
    /// The ids of the versions before and after it.
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

impl Versions {
    fn of(message: &PageMessage) -> Option<Self> {
        let all = &message.versions;
        let at = all.iter().position(|id| *id == message.id)?;
        let id = |at: Option<usize>| at.and_then(|at| all.get(at)).map(|id| message_id(*id));
        let place = format!("{} / {}", at + 1, all.len());
        Some(Self { place, before: id(at.checked_sub(1)), after: id(Some(at + 1)) })
    }
}

/// The kinds of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnKind {
    Me,
    Double,
    System,
}

/// A step before an answer.
pub(super) struct StepView {
    pub(super) icon: &'static str,
    pub(super) label: String,
    pub(super) text: String,
    pub(super) is_code: bool,
}

/// A memory that an answer used.
pub(super) struct Cite {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) text: String,
    pub(super) kind: &'static str,
    /// The address of the memory and the text of the link.
    pub(super) link: (String, &'static str),
    pub(super) details: Option<Details>,
}

/// The details of a memory as it is now.
#[derive(Clone)]
pub(super) struct Details {
    pub(super) category: String,
    pub(super) noted: When,
    pub(super) is_public: bool,
}

/// The data of the latest answer, for wide windows.
pub(super) struct Latest {
    pub(super) model: String,
    pub(super) tokens: String,
    pub(super) cites: Vec<(String, &'static str)>,
    pub(super) tools: Vec<(String, bool)>,
    pub(super) link: String,
}

/// Prepares messages for the page.
pub(super) async fn turns(
    console: &Console,
    account: AccountId,
    messages: Vec<PageMessage>,
    t: &'static Texts,
) -> Vec<Turn> {
    let mut known = HashMap::new();
    let mut turns = Vec::with_capacity(messages.len());
    // From the newest on, which have their details if there are many.
    for message in messages.into_iter().rev() {
        let mut turn = turn(message, t);
        for cite in &mut turn.1 {
            details(console, account, cite, &mut known).await;
        }
        let (mut turn, cites) = turn;
        turn.cites = cites.into_iter().map(|(cite, _)| cite).collect();
        turns.push(turn);
    }
    turns.reverse();
    turns
}

/// Adds the details of a key memory, if few were looked up so far.
async fn details(
    console: &Console,
    account: AccountId,
    (cite, id): &mut (Cite, Option<MemoryId>),
    known: &mut HashMap<MemoryId, Option<Details>>,
) {
    let Some(id) = *id else { return };
    if !known.contains_key(&id) {
        if known.len() >= MAX_DETAILS {
            return;
        }
        let found = console.memory.key_memory(account, id).await.ok();
        let details = found.map(|memory| Details {
            category: memory.fact_object,
            noted: When(memory.create_time),
            is_public: key::rules::is_public(memory.visibility),
        });
        known.insert(id, details);
    }
    cite.details = known.get(&id).cloned().flatten();
}

fn turn(message: PageMessage, t: &'static Texts) -> (Turn, Vec<(Cite, Option<MemoryId>)>) {
    let id = message_id(message.id);
    let kind = match message.role.name() {
        "assistant" => TurnKind::Double,
        "system" => TurnKind::System,
        _ => TurnKind::Me,
    };
    let html =
        if kind == TurnKind::Double { markdown::render(&message.content) } else { Markdown::default() };
    let sent = message.sent.as_ref();
    let cites = sent.map(|sent| cites(&id, sent, t)).unwrap_or_default();
    let versions = Versions::of(&message);
    let turn = Turn {
        kind,
        html,
        versions,
        text: message.content,
        pictures: message.pictures,
        steps: sent
            .map(|sent| sent.steps.iter().map(|step| step_view(step, t)).collect())
            .unwrap_or_default(),
        cites: Vec::new(),
        ending: match message.state {
            State::Complete => None,
            State::Stopped => Some(t.stopped),
            State::Failed => Some(t.failed),
        },
        sent: sent.map(|sent| (format!("{PATH}/messages/{id}"), sent_label(sent, t))),
        id,
    };
    (turn, cites)
}

fn sent_label(sent: &PageSent, t: &Texts) -> String {
    if sent.tokens == 0 { t.sent_link_none.to_owned() } else { fill(t.sent_link, grouped(sent.tokens)) }
}

/// Returns the data of the latest answer.
pub(super) fn latest(message: &PageMessage, t: &'static Texts) -> Option<Latest> {
    let sent = message.sent.as_ref()?;
    let tool = |step: &Step| match step {
        Step::Tool { name, good, .. } => Some((tool_name(name, t), *good)),
        Step::Thought { .. } => None,
    };
    Some(Latest {
        model: if sent.model.is_empty() { t.built_in.to_owned() } else { sent.model.clone() },
        tokens: grouped(sent.tokens),
        cites: used(sent).map(|memory| (short(&memory.text, 60), kind_name(&memory.kind, t))).collect(),
        tools: sent.steps.iter().filter_map(tool).collect(),
        link: format!("{PATH}/messages/{}", message_id(message.id)),
    })
}

fn step_view(step: &Step, t: &Texts) -> StepView {
    match step {
        Step::Thought { text, ms } => {
            let seconds = format!("{}.{}", ms / 1000, ms % 1000 / 100);
            StepView { icon: "spark", label: fill(t.thought, seconds), text: text.clone(), is_code: false }
        }
        Step::Tool { name, query, good } => {
            let label = fill(if *good { t.called } else { t.call_failed }, tool_name(name, t));
            StepView { icon: "tool", label, text: query.clone(), is_code: true }
        }
    }
}

fn tool_name(name: &str, t: &Texts) -> String {
    if name == "web_search" { t.web_search.to_owned() } else { name.replacen("__", " / ", 1) }
}

/// Returns the memories that a search found for the message, or else the newest ones of the prompt.
fn used(sent: &PageSent) -> impl Iterator<Item = &UsedMemory> {
    let mut seen = Vec::new();
    let is_new = move |memory: &&UsedMemory| {
        let key = (memory.kind.clone(), memory.id);
        let is_new = !seen.contains(&key);
        seen.push(key);
        is_new
    };
    sent.memories.iter().filter(|memory| memory.score > 0.0).filter(is_new).take(MAX_CITES)
}

fn cites(message: &str, sent: &PageSent, t: &'static Texts) -> Vec<(Cite, Option<MemoryId>)> {
    let cite = |(number, memory): (usize, &UsedMemory)| {
        let cite = Cite {
            id: format!("{message}-{number}"),
            label: short(&memory.text, LABEL),
            text: short(&memory.text, 400),
            kind: kind_name(&memory.kind, t),
            link: memory_link(memory, t),
            details: None,
        };
        (cite, (memory.kind == "fact").then_some(MemoryId(memory.id)))
    };
    used(sent).enumerate().map(cite).collect()
}

/// Returns the address of a memory, and the text of a link to it.
pub(super) fn memory_link(memory: &UsedMemory, t: &Texts) -> (String, &'static str) {
    match memory.kind.as_str() {
        "fact" => (format!("/memories/key/{}", memory.id), t.open_memory),
        "note" => (format!("/memories/note/{}", memory.id), t.open_note),
        _ => ("/profile".to_owned(), t.open_interest),
    }
}

/// Returns the name of a kind of memory.
pub(super) fn kind_name(kind: &str, t: &Texts) -> &'static str {
    match kind {
        "note" => t.kind_note,
        "interest" => t.kind_interest,
        "profile" => t.kind_profile,
        _ => t.kind_fact,
    }
}

/// Returns the beginning of a text on one line.
pub(super) fn short(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_memories_are_short() {
        assert_eq!(short("  a\n b ", 9), "a b");
        assert_eq!(short("一二三四", 2), "一二…");
    }
}
