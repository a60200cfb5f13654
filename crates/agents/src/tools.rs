//! The tools at work: each calls methods of other crates with what the caller may read or write.

mod ask;
mod read;
mod view;
mod write;

use std::time::Duration;

use identity::{
    Access, Caller,
    scope::{Ability, Scope},
};
use memory::recall::{self, Reader};
use rmcp::model::CallToolResult;
use serde_json::{Map, Value};
use store::{AccountId, Zone};
use web::ApiError;

use crate::{
    Agents,
    arguments::Arguments,
    entry::Entry,
    log::Outcome,
    reply::{self, Failure},
    spec::{Effect, Spec, ToolId},
};

/// Time limit of a tool, and of a question to the assistant.
const PATIENCE: Duration = Duration::from_secs(3);
const PATIENCE_TO_ASK: Duration = Duration::from_secs(50);
/// The outcome of a call whose result waits until the person accepts it.
const WAITS: &str = "waits";

/// The content of a result, and the entries that it is about.
struct Done {
    structured: Value,
    /// True if it has stored texts in a form that this server chose.
    is_stored: bool,
    /// True if it waits until the person accepts it.
    waits: bool,
    entries: Vec<Entry>,
}

impl Done {
    fn plain(structured: Value, entries: Vec<Entry>) -> Self {
        Self { structured, is_stored: false, waits: false, entries }
    }

    fn stored(structured: Value, entries: Vec<Entry>) -> Self {
        Self { structured, is_stored: true, waits: false, entries }
    }

    fn waiting(structured: Value, entries: Vec<Entry>) -> Self {
        Self { structured, is_stored: false, waits: true, entries }
    }
}

/// A call of a tool.
struct Work<'w> {
    agents: &'w Agents,
    caller: &'w Caller,
    arguments: Arguments,
}

impl Agents {
    /// Calls a tool and records the call. The caller's scope was checked before, except for what the person
    /// refused.
    pub(crate) async fn call(
        &self,
        caller: &Caller,
        spec: &Spec,
        given: Map<String, Value>,
    ) -> CallToolResult {
        let done = match caller.access(spec.ability) {
            Access::Granted => match Arguments::check(spec.params, given) {
                Ok(arguments) => self.work(caller, spec, arguments).await,
                Err(failure) => Err(failure),
            },
            Access::NotAsked | Access::Refused => Err(Failure::refused()),
        };
        let (code, entries) = match &done {
            Ok(done) => (if done.waits { WAITS } else { "ok" }, done.entries.as_slice()),
            Err(failure) => (failure.code, [].as_slice()),
        };
        let is_write = spec.effect != Effect::Read && spec.id != ToolId::AskDouble;
        self.note_call(caller, &Outcome { tool: spec.name, is_write, code, entries });
        match done {
            Ok(done) if done.is_stored => reply::stored(done.structured),
            Ok(done) => reply::plain(done.structured),
            Err(failure) => reply::failed(&failure),
        }
    }

    async fn work(&self, caller: &Caller, spec: &Spec, arguments: Arguments) -> Result<Done, Failure> {
        let work = Work { agents: self, caller, arguments };
        let patience = if spec.id == ToolId::AskDouble { PATIENCE_TO_ASK } else { PATIENCE };
        let running = store::on_behalf_of(Some(caller.account()), work.run(spec.id));
        match tokio::time::timeout(patience, Box::pin(running)).await {
            Ok(done) => done,
            Err(_elapsed) => Err(Failure::later("It took too long. Try again in a minute.")),
        }
    }

    /// Returns the address of the page that shows an entry.
    pub(crate) fn item_url(&self, entry: Entry) -> String {
        format!("{}{}{entry}", self.settings().base_url, crate::ITEM_PATH)
    }
}

impl Work<'_> {
    async fn run(&self, tool: ToolId) -> Result<Done, Failure> {
        match tool {
            ToolId::Search => self.search().await,
            ToolId::Fetch => self.fetch().await,
            ToolId::Recall => self.recall().await,
            ToolId::ListMemories => self.list_memories().await,
            ToolId::RecentActivity => self.recent_activity().await,
            ToolId::Whoami => self.whoami().await,
            ToolId::AddMemory => self.add_memory().await,
            ToolId::AddNote => self.add_note().await,
            ToolId::UpdateMemory => self.update_memory().await,
            ToolId::Forget => self.forget().await,
            ToolId::AskDouble => self.ask_double().await,
        }
    }

    fn account(&self) -> AccountId {
        self.caller.account()
    }

    async fn zone(&self) -> Result<Option<Zone>, ApiError> {
        self.agents.memory().zone(self.account()).await
    }
}

/// Returns true if a caller has an ability.
pub(crate) fn may(caller: &Caller, ability: Ability) -> bool {
    caller.access(ability) == Access::Granted
}

/// Returns the memories that a caller may read. The older scope of soft memory is for public ones only.
pub(crate) fn memories_of(caller: &Caller) -> recall::Access {
    let scopes = caller.scopes();
    if scopes.contains(Scope::MemoryRead) || scopes.contains(Scope::Everything) {
        recall::Access::All
    } else if may(caller, Ability::ReadMemory) {
        recall::Access::Public
    } else {
        recall::Access::Nothing
    }
}

/// Returns what a caller may read with a tool. It is the person's own reading: it is not cut to what is
/// public.
pub(crate) fn reader_of(caller: &Caller) -> Reader {
    let shades = if may(caller, Ability::ReadShades) { recall::Access::All } else { recall::Access::Nothing };
    Reader {
        profile: may(caller, Ability::ReadProfile),
        shades,
        memories: memories_of(caller),
        notes: may(caller, Ability::ReadNotes),
    }
}
