//! Making a decision: the model's words go through the gate, and one JSON value comes out of it or none.

use tokio::sync::mpsc::Sender;

use super::{
    Turn,
    run::{End, Made, Source},
};
use crate::{
    Chat,
    act::{Gate, Held, Plan, Problem},
    events::Event,
    provider::{Ask, Failure, Finish, Message, Role},
};

/// Tries to get a value from the model: the question, and once more with what was wrong.
const TRIES: usize = 2;
/// Most characters of a bad answer that the model is shown again.
const SHOWN: usize = 4000;

/// Decides, or answers what `actionControl` says to answer where nothing can be decided.
pub(super) async fn decide(
    chat: &Chat,
    turn: &mut Turn,
    plan: &Plan,
    sender: &Sender<Event>,
    made: &mut Made,
    source: &mut Source,
) -> End {
    let decided = match chat.models().is_empty() {
        true => None,
        false => match from_model(chat, turn, plan, source).await {
            Ok(value) => value,
            Err(failure) => return End::Failed(failure),
        },
    };
    let Some(value) = decided.or_else(|| plan.fallback()) else { return End::Failed(Failure::Undecided) };
    made.text.clone_from(&value);
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
                "That cannot be used: {}. Answer again with exactly one JSON value that fits the rules, and nothing else.",
                problem.words()
            );
            turn.ask.messages.push(Message::new(Role::User, order));
        }
    }
    Ok(None)
}

/// One answer: the value, or what was said and what is wrong with it.
async fn attempt_once(
    chat: &Chat,
    ask: &Ask,
    plan: &Plan,
    source: &mut Source,
) -> Result<Result<String, (String, Problem)>, Failure> {
    let mut reply = match chat.models().ask(ask).await {
        Ok(reply) => reply,
        // Nothing at all is as bad as no JSON.
        Err(Failure::Empty) => return Ok(Err((String::new(), Problem::Nothing))),
        Err(failure) => return Err(failure),
    };
    source.note(&reply);
    let (mut gate, mut said) = (Gate::new(plan), String::new());
    loop {
        match reply.next().await {
            Ok(Some(piece)) => {
                let held = gate.push(&piece);
                said.push_str(&piece);
                match held {
                    Held::Nothing => {}
                    // What follows the value does not matter: the model is left.
                    Held::Value(value) => return Ok(Ok(value)),
                    Held::Failed(problem) => return Ok(Err((said, problem))),
                }
            }
            Ok(None) => {
                source.count(&reply);
                return Ok(Err((said, gate.end())));
            }
            // What broke off is a value that was cut off.
            Err(_failure) => return Ok(Err((said, Problem::Truncated))),
        }
    }
}
