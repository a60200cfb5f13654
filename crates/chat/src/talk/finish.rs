//! The end of an answer: it is stored, and the client gets the last event.

use std::time::Duration;

use memory::recall::tokens;
use tokio::sync::mpsc::Sender;
use web::{ApiError, Code};

use super::{
    Turn,
    draft::{Draft, End, Source},
};
use crate::{
    Chat,
    events::{Ended, Event},
    prompt,
    provider::{Failure, Finish, Role},
    reason::Reason,
    session::{Needs, Sent, Speaker, State, Stored, StoredAnswer},
    work::{Kind, Later},
};

/// Maximum number of attempts to store a complete answer, and the time between two of them.
const STORE_TRIES: u32 = 6;
const STORE_RETRY_EVERY: Duration = Duration::from_millis(500);
/// The time between an answer and the title that a model gives its conversation, in seconds.
const TITLE_AFTER_SECONDS: i64 = 2;

/// Stores an answer with what the model was sent, begins the background jobs, and sends the last event.
pub(super) async fn finish(
    chat: &Chat,
    turn: Turn,
    sender: Sender<Event>,
    mut draft: Draft,
    source: Source,
    end: End,
) {
    let reason = match &end {
        End::Whole(_) => Reason::Other,
        End::Stopped => Reason::Stopped,
        End::Failed(failure) => Reason::of(failure),
    };
    let (state, failure) = match &end {
        End::Whole(_) => (State::Complete, None),
        End::Stopped => (State::Stopped, Some(Code::Unavailable.into())),
        End::Failed(failure) => {
            tracing::warn!(%failure, "an answer failed");
            let code = match failure {
                Failure::Spent => Code::ChatTokensSpent,
                _ => Code::ChatStreamFailed,
            };
            (State::Failed, Some(ApiError::new(code).because(failure)))
        }
    };
    let (tokens_in, tokens_out) = tokens_of(&turn, &source, &draft.text);
    let finish = if let End::Whole(finish) = end { finish } else { Finish::Stop };
    let ended = Ended { message: draft.id, finish, tokens_in, tokens_out };
    let mut stored = Ok(());
    let noted = failure.is_some().then_some(reason);
    // A stopped answer that says something needs no reason.
    let noted = noted.filter(|_| state == State::Failed || draft.text.is_empty());
    if let Some(answer) = draft.answer(state, noted).await {
        stored = keep(chat, turn, answer, source, draft.steps.as_json(), (tokens_in, tokens_out)).await;
    } else {
        drop(turn);
    }
    let event = match (failure, stored) {
        (Some(error), _) => Event::Failed(error, reason),
        (None, Err(error)) => {
            let cause = error.cause().unwrap_or_default().to_owned();
            Event::Failed(ApiError::new(Code::Unavailable).because(cause), Reason::Storage)
        }
        (None, Ok(())) => Event::Done(ended),
    };
    let _left = sender.send(event).await;
}

/// Stores an answer, or only the reason why there is none. Then the account's permit is free: a client that
/// reads the last event finds the answer stored and may send the next message.
async fn keep(
    chat: &Chat,
    turn: Turn,
    answer: StoredAnswer,
    source: Source,
    steps: String,
    (tokens_in, tokens_out): (i64, i64),
) -> Result<(), ApiError> {
    if answer.content.is_empty() {
        if let Some(reason) = answer.failure
            && let Err(error) = chat.note_failure(answer.question, reason).await
        {
            tracing::warn!(cause = error.cause(), "the reason of a failure could not be stored");
        }
        return Ok(());
    }
    let has_results = turn.ask.messages.iter().any(|message| message.role == Role::Tool);
    let sent = Sent {
        model: source.model,
        provider: source.provider,
        prompt: prompt::shown(&turn.ask.messages),
        memories: prompt::shown_memories(&turn.recall),
        needs: Needs::of(turn.who.rights, &turn.recall, turn.name.is_some(), has_results),
        tokens_in,
        tokens_out,
        steps,
        ..Sent::default()
    };
    let jobs = background_jobs(chat, &turn, &answer);
    let stored = store(chat, &turn.who, answer, sent, jobs).await;
    drop(turn.slot);
    stored
}

/// Returns the tokens of prompt and answer, as counted by the provider, else estimated.
fn tokens_of(turn: &Turn, source: &Source, text: &str) -> (i64, i64) {
    let about = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    match source.tokens {
        Some((tokens_in, tokens_out)) => (tokens_in.into(), tokens_out.into()),
        None if source.model.is_empty() => (0, 0),
        None => (about(prompt::size(&turn.ask.messages)), about(tokens(text))),
    }
}

/// Returns the background jobs that the answer makes necessary.
fn background_jobs(chat: &Chat, turn: &Turn, answer: &StoredAnswer) -> Vec<Later> {
    if chat.models().is_empty() {
        return Vec::new();
    }
    let session = answer.session;
    let now = chat.db().clock().now();
    let quiet = i64::try_from(chat.settings().distill_after.as_secs()).unwrap_or(i64::MAX);
    let account = turn.who.account;
    let distill = Later { account, session, kind: Kind::Distill, due: now.plus_secs(quiet) };
    let summary = Later { account, session, kind: Kind::Summary, due: now };
    let title = Later { account, session, kind: Kind::Title, due: now.plus_secs(TITLE_AFTER_SECONDS) };
    let is_untitled = turn.is_untitled && answer.state == State::Complete;
    let wanted = [(turn.is_own, distill), (turn.forgets, summary), (is_untitled, title)];
    wanted.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, later)| later).collect()
}

/// Stores an answer, and retries for a few seconds if the store fails. An answer whose session was deleted
/// counts as stored.
async fn store(
    chat: &Chat,
    who: &Speaker,
    mut answer: StoredAnswer,
    sent: Sent,
    jobs: Vec<Later>,
) -> Result<(), ApiError> {
    let mut ticks = tokio::time::interval(STORE_RETRY_EVERY);
    let mut failure = ApiError::new(Code::Unavailable);
    for _ in 0..STORE_TRIES {
        ticks.tick().await;
        let write = chat.finish(who.clone(), answer.clone(), sent.clone(), jobs.clone());
        let Err(error) = write.await else { return Ok(()) };
        // The commit may have succeeded even if its reply was lost.
        match chat.stored(&answer).await {
            Ok(Stored { is_settled: true, .. }) => return Ok(()),
            Ok(Stored { bytes, .. }) => answer.stored = bytes,
            Err(_still_away) => {}
        }
        failure = error;
    }
    tracing::warn!(cause = failure.cause(), "an answer could not be stored");
    Err(failure)
}
