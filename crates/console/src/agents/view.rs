//! Connected agents as the pages show them.

use std::collections::HashMap;

use ::agents::{
    Entry,
    log::{Call, Client},
};
use identity::Account;
use web::ApiError;

use super::texts::Texts;
use crate::{Console, when::When};

/// The path of the page.
pub(crate) const PATH: &str = "/agents";
/// Days of calls that the page counts.
const DAYS: i64 = 30;

/// A connected agent.
pub(crate) struct AgentView {
    pub(crate) name: String,
    /// The kind of its credential.
    pub(crate) kind: &'static str,
    pub(crate) link: String,
    pub(crate) scopes: Vec<&'static str>,
    pub(crate) last: Option<When>,
    pub(crate) reads: i64,
    pub(crate) writes: i64,
}

/// A call of an agent.
pub(crate) struct CallView {
    pub(crate) at: When,
    pub(crate) what: &'static str,
    pub(crate) tool: String,
    pub(crate) state_class: &'static str,
    pub(crate) state: &'static str,
    /// The addresses and ids of the entries.
    pub(crate) entries: Vec<(String, String)>,
}

/// Returns the path of the page of an entry.
pub(crate) fn entry_path(entry: Entry) -> String {
    match entry {
        Entry::Memory(id) => format!("/memories/key/{id}"),
        Entry::Note(id) => format!("/memories/note/{id}"),
    }
}

/// Returns the path of the page of an agent.
pub(crate) fn link(client: &str) -> String {
    let client: String = form_urlencoded::byte_serialize(client.as_bytes()).collect();
    format!("{PATH}/one?client={client}")
}

/// Returns the agents of a person: the apps they allowed, and the programs and keys that called lately.
pub(crate) async fn all(
    console: &Console,
    account: &Account,
    t: &'static Texts,
) -> Result<Vec<AgentView>, ApiError> {
    let called = console.agents.clients(account, DAYS).await?;
    let mut called: HashMap<String, Client> =
        called.into_iter().map(|client| (client.client.clone(), client)).collect();
    let mut agents = Vec::new();
    for app in console.identity.authorizations(account.id).await? {
        let client = format!("app:{}", app.application);
        let calls = called.remove(&client);
        agents.push(AgentView {
            name: app.name,
            kind: t.kind_app,
            link: link(&client),
            scopes: app.scopes.names(),
            last: calls.as_ref().map(|calls| When(calls.last.called_at)),
            reads: calls.as_ref().map_or(0, |calls| calls.calls - calls.writes),
            writes: calls.as_ref().map_or(0, |calls| calls.writes),
        });
    }
    // Apps whose access has ended are not connected.
    for (client, calls) in called.into_iter().filter(|(client, _)| !client.starts_with("app:")) {
        agents.push(AgentView {
            link: link(&client),
            kind: if client.starts_with("key:") { t.kind_key } else { t.kind_program },
            name: calls.last.client_name.clone(),
            scopes: Vec::new(),
            last: Some(When(calls.last.called_at)),
            reads: calls.calls - calls.writes,
            writes: calls.writes,
        });
    }
    agents.sort_by_key(|agent| std::cmp::Reverse(agent.last.map(|at| at.0)));
    Ok(agents)
}

impl CallView {
    pub(crate) fn new(call: Call, t: &'static Texts) -> Self {
        let (state_class, state) = match call.outcome.as_str() {
            "waits" => ("warn", t.waits),
            "ok" if call.is_write => ("warn", t.wrote),
            "ok" => ("good", t.read),
            "refused_by_person" => ("muted", t.refused),
            _ => ("muted", t.failed),
        };
        let entries = call.items.split(' ').filter_map(Entry::parse);
        Self {
            at: When(call.called_at),
            what: what(&call.tool, t),
            entries: entries.map(|entry| (entry_path(entry), entry.to_string())).collect(),
            tool: call.tool,
            state_class,
            state,
        }
    }
}

/// Returns what a tool does in words.
fn what(tool: &str, t: &'static Texts) -> &'static str {
    match tool {
        "search" => t.tool_search,
        "fetch" => t.tool_fetch,
        "recall" | "context_about_me" => t.tool_recall,
        "list_memories" => t.tool_list,
        "recent_activity" => t.tool_recent,
        "whoami" => t.tool_whoami,
        "add_memory" => t.tool_add_memory,
        "add_note" => t.tool_add_note,
        "update_memory" => t.tool_update,
        "forget" => t.tool_forget,
        "ask_double" => t.tool_ask,
        name if name.contains("__") => t.tool_hub,
        _ => t.tool_resource,
    }
}
