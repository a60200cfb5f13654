//! Producing an answer: web search, model, events for the client, and storage.

use std::time::Duration;

use memory::{MessageId, quota, recall::tokens};
use store::AccountId;
use tokio::{
    sync::{mpsc::Sender, oneshot},
    time::Instant,
};
use web::{ApiError, Code};

use super::{
    Turn,
    decide::decide,
    progress::{End, Made, SessionKey, Source},
};
use crate::{
    Chat, ConversationId,
    events::{Ended, Event},
    prompt,
    provider::{Failure, Finish, GRACE, Message, Piece, Reply, Role, ToolCall},
    responder, search,
    session::{Needs, Sent, Speaker, State, Stored, StoredAnswer},
    tools,
    work::{Kind, Later},
};

/// Interval at which an unfinished answer is stored. A crash loses no more than that.
const CHECKPOINT: Duration = Duration::from_secs(2);
/// Maximum number of attempts to store a complete answer, and the time between two of them.
const STORE_TRIES: u32 = 6;
const STORE_RETRY_EVERY: Duration = Duration::from_millis(500);
/// Maximum length of a tool call's arguments in events, in characters.
const SHOWN: usize = 500;
/// Maximum duration of an answer without a model.
const BUILT_IN: Duration = Duration::from_secs(60);

/// Produces an answer to its end and stores it under `id`. `stored` yields the key of the session.
pub(super) async fn run(
    chat: &Chat,
    mut turn: Turn,
    id: MessageId,
    stored: oneshot::Receiver<ConversationId>,
    sender: Sender<Event>,
) {
    let mut made = Made {
        id,
        session: SessionKey::Awaited(stored),
        text: String::new(),
        stored: None,
        stored_at: Instant::now(),
    };
    let mut source = Source::default();
    let limit = chat.models().total().max(BUILT_IN) + GRACE;
    let work = tokio::time::timeout(limit, make(chat, &mut turn, &sender, &mut made, &mut source));
    let stopping = chat.cut_off();
    let end = tokio::select! {
        biased;
        end = work => end.unwrap_or(End::Failed(Failure::Slow("end"))),
        () = sender.closed() => End::Stopped,
        () = stopping => End::Stopped,
    };
    finish(chat, turn, sender, made, source, end).await;
}

async fn make(
    chat: &Chat,
    turn: &mut Turn,
    sender: &Sender<Event>,
    made: &mut Made,
    source: &mut Source,
) -> End {
    if turn.search {
        look_up(chat, turn, sender).await;
    }
    if let Some(plan) = turn.plan.clone() {
        return decide(chat, turn, &plan, sender, made, source).await;
    }
    if chat.models().is_empty() {
        for piece in responder::answer(turn.name.as_deref(), &turn.recall, &turn.message) {
            if !say(chat, turn.who.account, sender, made, piece).await {
                return End::Stopped;
            }
        }
        return End::Whole(Finish::Stop);
    }
    for round in 0..=tools::ROUNDS {
        if round == tools::ROUNDS {
            // The last round is without tools, so that the model has to answer.
            turn.ask.tools.clear();
        }
        let mut reply = match chat.models().ask(&turn.ask).await {
            Ok(reply) => reply,
            Err(failure) => return End::Failed(failure),
        };
        source.note(&reply);
        let begin = made.text.len();
        let end = pass_on(chat, turn.who.account, sender, made, &mut reply).await;
        source.count(&reply);
        let calls = reply.calls();
        if calls.is_empty() || !matches!(end, End::Whole(_)) {
            return end;
        }
        if turn.has_own_tools {
            let asked = sender.send(Event::Asked(calls)).await;
            return if asked.is_ok() { end } else { End::Stopped };
        }
        let said = made.text.get(begin..).unwrap_or_default().to_owned();
        use_tools(chat, turn, sender, said, calls).await;
    }
    End::Failed(Failure::Empty)
}

/// Executes the tool calls that the model asks for and adds their results to the prompt.
async fn use_tools(chat: &Chat, turn: &mut Turn, sender: &Sender<Event>, said: String, calls: Vec<ToolCall>) {
    let Some(tools) = chat.tools() else { return };
    let calls: Vec<ToolCall> = calls.into_iter().take(tools::CALLS).collect();
    turn.ask.messages.push(Message::calling(said, calls.clone()));
    for call in calls {
        let _left = sender.send(Event::Calling(call.name.clone())).await;
        let outcome = tools::call(tools, turn.who.account, &turn.ask.tools, &call).await;
        turn.ask.messages.push(tools::told(&call, &outcome));
        let is_good = outcome.is_good;
        let query = call.arguments.chars().take(SHOWN).collect();
        let _left = sender.send(Event::Called { tool: call.name, query, is_good }).await;
    }
}

async fn pass_on(
    chat: &Chat,
    account: AccountId,
    sender: &Sender<Event>,
    made: &mut Made,
    reply: &mut Reply,
) -> End {
    let begin = made.text.len();
    loop {
        match reply.next().await {
            Ok(Some(Piece::Text(piece))) => {
                if !say(chat, account, sender, made, piece).await {
                    return End::Stopped;
                }
            }
            Ok(Some(Piece::Thought(thought))) => {
                if sender.send(Event::Thought(thought)).await.is_err() {
                    return End::Stopped;
                }
            }
            // Sent already, but not kept in the stored answer.
            Ok(Some(Piece::Retract)) => made.text.truncate(begin),
            Ok(None) => return End::Whole(reply.finish()),
            Err(failure) => return End::Failed(failure),
        }
    }
}

/// Sends a piece. Returns false if the client has left.
async fn say(
    chat: &Chat,
    account: AccountId,
    sender: &Sender<Event>,
    made: &mut Made,
    piece: String,
) -> bool {
    made.text.push_str(&piece);
    if made.stored_at.elapsed() >= CHECKPOINT {
        // After a crash this remains as a stopped answer.
        keep(chat, account, made, State::Stopped).await;
    }
    sender.send(Event::Piece(piece)).await.is_ok()
}

async fn keep(chat: &Chat, account: AccountId, made: &mut Made, state: State) {
    made.stored_at = Instant::now();
    let Some(answer) = made.answer(state).await else { return };
    let bytes = quota::size(&[&answer.content]);
    match chat.keep(account, answer).await {
        Ok(()) => made.stored = Some(bytes),
        // Repeated at the next checkpoint and at the end.
        Err(error) => tracing::warn!(cause = error.cause(), "a part of an answer could not be stored"),
    }
}

async fn look_up(chat: &Chat, turn: &mut Turn, sender: &Sender<Event>) {
    let query = search::query(&turn.message);
    let _left = sender.send(Event::Searching).await;
    let found = match chat.search() {
        Some(engine) => engine.search(&query).await.ok_or("联网搜索失败 (web search failed)"),
        None => Err("服务器未配置联网搜索 (web search is not available on this server)"),
    };
    let (count, note) = match &found {
        Ok(results) => (results.len(), None),
        Err(note) => (0, Some(*note)),
    };
    let _left = sender.send(Event::Searched { query, count, note }).await;
    let message = match found {
        Ok(results) => prompt::searched(&results),
        Err(_) => prompt::searched(&[]),
    };
    let last = turn.ask.messages.len().saturating_sub(1);
    turn.ask.messages.insert(last, message);
}

/// Returns the background jobs that the answer makes necessary.
fn later(chat: &Chat, turn: &Turn, session: ConversationId) -> Vec<Later> {
    if chat.models().is_empty() {
        return Vec::new();
    }
    let now = chat.db().clock().now();
    let quiet = i64::try_from(chat.settings().distill_after.as_secs()).unwrap_or(i64::MAX);
    let account = turn.who.account;
    let distill = Later { account, session, kind: Kind::Distill, due: now.plus_secs(quiet) };
    let summary = Later { account, session, kind: Kind::Summary, due: now };
    let wanted = [(turn.is_own, distill), (turn.forgets, summary)];
    wanted.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, later)| later).collect()
}

async fn finish(chat: &Chat, turn: Turn, sender: Sender<Event>, mut made: Made, source: Source, end: End) {
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
    let (tokens_in, tokens_out) = tokens_of(&turn, &source, &made.text);
    let finish = if let End::Whole(finish) = end { finish } else { Finish::Stop };
    let ended = Ended { message: made.id, finish, tokens_in, tokens_out };
    let mut stored = Ok(());
    if !made.text.is_empty()
        && let Some(answer) = made.answer(state).await
    {
        let has_results = turn.ask.messages.iter().any(|message| message.role == Role::Tool);
        let sent = Sent {
            model: source.model,
            provider: source.provider,
            prompt: prompt::shown(&turn.ask.messages),
            memories: prompt::shown_memories(&turn.recall),
            needs: Needs::of(turn.who.rights, &turn.recall, turn.name.is_some(), has_results),
            tokens_in,
            tokens_out,
            ..Sent::default()
        };
        let later = later(chat, &turn, answer.session);
        stored = store(chat, &turn.who, answer, sent, later).await;
    }
    // Before the last event: a client that reads it finds the answer stored and may send the next message.
    drop(turn.slot);
    let event = match (failure, stored) {
        (Some(error), _) => Event::Failed(error),
        (None, Err(error)) => {
            let cause = error.cause().unwrap_or_default().to_owned();
            Event::Failed(ApiError::new(Code::Unavailable).because(cause))
        }
        (None, Ok(())) => Event::Done(ended),
    };
    let _left = sender.send(event).await;
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

/// Stores an answer, and retries for a few seconds if the store fails. An answer whose session was deleted
/// counts as stored.
async fn store(
    chat: &Chat,
    who: &Speaker,
    mut answer: StoredAnswer,
    sent: Sent,
    later: Vec<Later>,
) -> Result<(), ApiError> {
    let mut ticks = tokio::time::interval(STORE_RETRY_EVERY);
    let mut failure = ApiError::new(Code::Unavailable);
    for _ in 0..STORE_TRIES {
        ticks.tick().await;
        let write = chat.finish(who.clone(), answer.clone(), sent.clone(), later.clone());
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
