//! Decisions: one JSON value from a model's text, or none.

use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::{
    Turn,
    draft::{Draft, End, Source},
};
use crate::{
    Chat,
    act::{Plan, Problem, read},
    events::Event,
    provider::{Ask, Failure, Finish, Message, Piece, Reply, Role},
};

/// Number of attempts: the request, and one repetition that says what was wrong.
const TRIES: usize = 2;
/// Maximum length of an unusable answer that the model is shown again, in characters.
const SHOWN: usize = 500;
/// Maximum silence of a model after a value that fits.
const SILENCE: Duration = Duration::from_secs(2);
/// The text in a placeholder decision where no model is configured.
const NO_MODEL: &str = "服务器尚未配置模型 (no model is configured on this server)";

/// Makes a decision. Where none can be made, uses the fallback that `actionControl` specifies.
pub(super) async fn decide(
    chat: &Chat,
    turn: &mut Turn,
    plan: &Plan,
    sender: &Sender<Event>,
    draft: &mut Draft,
    source: &mut Source,
) -> End {
    let value = if chat.models().is_empty() {
        plan.fallback().unwrap_or_else(|| plan.placeholder(NO_MODEL))
    } else {
        match from_model(chat, turn, plan, source).await {
            Ok(value) => match value.or_else(|| plan.fallback()) {
                Some(value) => value,
                None => return End::Failed(Failure::Undecided),
            },
            Err(failure) => return End::Failed(failure),
        }
    };
    draft.text.clone_from(&value);
    match sender.send(Event::Piece(value)).await {
        Ok(()) => End::Whole(Finish::Stop),
        Err(_left) => End::Stopped,
    }
}

async fn from_model(
    chat: &Chat,
    turn: &mut Turn,
    plan: &Plan,
    source: &mut Source,
) -> Result<Option<String>, Failure> {
    for attempt in 1..=TRIES {
        let (said, problem) = match attempt_once(chat, &turn.ask, plan, source).await? {
            Ok(value) => return Ok(Some(value)),
            Err(failed) => failed,
        };
        tracing::debug!(attempt, problem = problem.words(), "a decision was no JSON that fits");
        if attempt < TRIES {
            let shown: String = said.chars().take(SHOWN).collect();
            turn.ask.messages.push(Message::new(Role::Assistant, shown));
            let order = format!(
                "That cannot be used: {}. Answer again with exactly one JSON value that fits the rules, and \
                 nothing else.",
                problem.words()
            );
            turn.ask.messages.push(Message::new(Role::User, order));
        }
    }
    Ok(None)
}

/// Asks the model once. Returns the value, or the model's text and what is wrong with it.
async fn attempt_once(
    chat: &Chat,
    ask: &Ask,
    plan: &Plan,
    source: &mut Source,
) -> Result<Result<String, (String, Problem)>, Failure> {
    let mut reply = match chat.models().ask(ask).await {
        Ok(reply) => reply,
        // An empty answer is treated like text without JSON.
        Err(Failure::Empty) => return Ok(Err((String::new(), Problem::Nothing))),
        Err(failure) => return Err(failure),
    };
    source.note(&reply);
    let mut said = String::new();
    let ended = listen(&mut reply, plan, &mut said).await;
    if ended.is_ok() {
        source.count(&reply);
    }
    match read(plan, &said) {
        Ok(value) => Ok(Ok(value)),
        // If the answer ended prematurely, the value was cut off.
        Err(_problem) if ended.is_err() => Ok(Err((said, Problem::Truncated))),
        Err(problem) => Ok(Err((said, problem))),
    }
}

/// Reads to the end, or until the model is silent after a value that fits.
async fn listen(reply: &mut Reply, plan: &Plan, said: &mut String) -> Result<(), Failure> {
    loop {
        let next = match tokio::time::timeout(SILENCE, reply.next()).await {
            Ok(next) => next?,
            Err(_silent) if read(plan, said).is_ok() => return Ok(()),
            Err(_silent) => reply.next().await?,
        };
        match next {
            Some(Piece::Text(text)) => said.push_str(&text),
            Some(Piece::Thought(_)) => {}
            Some(Piece::Retract) => said.clear(),
            None => return Ok(()),
        }
    }
}
