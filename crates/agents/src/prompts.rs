//! Prompts: what a person may begin a conversation with.

use identity::{
    Access, Caller,
    scope::{Ability, Scope},
};
use rmcp::model::{ErrorData, GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value;

use crate::{
    Agents,
    log::Outcome,
    need::Need,
    reply::Failure,
    text::{self, NOTICE},
    tools,
};

/// Budget of tokens for what is told about the person.
const BUDGET: usize = 1500;
/// Maximum number of characters of a task.
const MAX_TASK: usize = 2000;

const START: &str = "Get to know me and save what lasts. Ask me one short question at a time, about ten \
    in all: what \
    I like to be called, where I live and work, who is close to me, what I do all day, what I am working \
    on, what I \
    like and dislike, what I eat, how I like answers to be written, and what I want to change this year. \
    Skip what you \
    know already (use recall first). After each answer save each lasting fact with add_memory as one \
    self-contained \
    sentence, and say what you saved. Save no passwords or other secrets. I can stop at any time.";

/// The definition of a prompt.
pub(crate) struct Spec {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    pub(crate) need: Need,
}

const ALL: &[Spec] = &[
    Spec {
        name: "context_about_me",
        title: "What to know about me",
        description: "Tells the assistant what is worth knowing about you for a task",
        need: Need {
            scope: Scope::MemoryRead,
            ability: Ability::ReadMemory,
            missing: "Reading memories was not allowed yet",
        },
    },
    Spec {
        name: "getting_started",
        title: "Get to know me",
        description: "Has the assistant interview you and save your answers as memories",
        need: Need {
            scope: Scope::MemoryWrite,
            ability: Ability::WriteMemory,
            missing: "Changing memories was not allowed yet",
        },
    },
];

/// Returns the prompt with a name.
pub(crate) fn find(name: &str) -> Option<&'static Spec> {
    ALL.iter().find(|prompt| prompt.name == name)
}

/// Returns the prompts that a caller has, or may ask for.
pub(crate) fn list(caller: &Caller) -> Vec<Prompt> {
    let prompt = |spec: &Spec| {
        let task = || {
            PromptArgument::new("task")
                .with_title("Task")
                .with_description("What you want to do; empty: anything")
                .with_required(false)
        };
        let arguments = (spec.name == "context_about_me").then(|| vec![task()]);
        Prompt::new(spec.name, Some(spec.description), arguments).with_title(spec.title)
    };
    ALL.iter().filter(|spec| caller.access(spec.need.ability) != Access::Refused).map(prompt).collect()
}

impl Agents {
    /// Returns the messages of a prompt.
    ///
    /// # Errors
    /// The protocol's error for an unknown prompt, and for one that the person did not allow.
    pub(crate) async fn prompt(
        &self,
        caller: &Caller,
        name: &str,
        arguments: Option<&JsonObject>,
    ) -> Result<GetPromptResult, ErrorData> {
        let spec = find(name).ok_or_else(|| ErrorData::invalid_params("there is no such prompt", None))?;
        if caller.access(spec.need.ability) != Access::Granted {
            return Err(ErrorData::invalid_params(Failure::refused().message, None));
        }
        let text = match spec.name {
            "context_about_me" => {
                let task = arguments.and_then(|given| given.get("task")).and_then(Value::as_str);
                self.about(caller, &text::cut(task.unwrap_or_default().trim(), MAX_TASK)).await?
            }
            _ => START.to_owned(),
        };
        self.note_call(caller, &Outcome { tool: spec.name, is_write: false, code: "ok", entries: &[] });
        let message = PromptMessage::new_text(Role::User, text);
        Ok(GetPromptResult::new(vec![message]).with_description(spec.description))
    }

    async fn about(&self, caller: &Caller, task: &str) -> Result<String, ErrorData> {
        let reader = tools::reader_of(caller);
        let recalled = self.memory().recall(caller.account(), reader, task, BUDGET).await;
        let recalled = recalled.map_err(|error| {
            tracing::warn!(error = error.cause().unwrap_or_default(), "prompt not made");
            ErrorData::internal_error("the memory could not be read now", None)
        })?;
        let texts: Vec<String> = recalled.items.iter().map(|item| text::clean(&item.text)).collect();
        let about = format!("What to know about me. {NOTICE}\n\n{}", texts.join("\n\n"));
        Ok(if task.is_empty() { about } else { format!("{about}\n\nMy task: {task}") })
    }
}
