//! Producing an answer: web search, model, tools, and events for the client.
//!
//! The functions stand in the order in which an answer needs them.

use std::time::Duration;

use memory::quota;
use store::AccountId;
use tokio::{sync::mpsc::Sender, time::Instant};

use super::{
    Turn,
    decide::decide,
    draft::{Draft, End, Source},
    finish::finish,
};
use crate::{
    Chat,
    events::Event,
    prompt,
    provider::{Failure, Finish, GRACE, Message, Piece, Reply, ToolCall},
    responder, search,
    session::State,
    tools,
};

/// Interval at which an unfinished answer is stored. A crash loses no more than that.
const CHECKPOINT: Duration = Duration::from_secs(2);
/// Maximum length of a tool call's arguments in events, in characters.
const SHOWN: usize = 500;
/// Maximum duration of an answer without a model.
const BUILT_IN: Duration = Duration::from_secs(60);

/// Produces an answer to its end and stores it.
pub(super) async fn run(chat: &Chat, mut turn: Turn, mut draft: Draft, sender: Sender<Event>) {
    let mut source = Source::default();
    let limit = chat.models().total().max(BUILT_IN) + GRACE;
    let answer = tokio::time::timeout(limit, produce(chat, &mut turn, &sender, &mut draft, &mut source));
    let stopping = chat.cut_off();
    let end = tokio::select! {
        biased;
        end = answer => end.unwrap_or(End::Failed(Failure::Slow("end"))),
        () = sender.closed() => End::Stopped,
        () = stopping => End::Stopped,
    };
    finish(chat, turn, sender, draft, source, end).await;
}

/// Answers in the way that the turn asks for: with a decision, without a model, or with one.
async fn produce(
    chat: &Chat,
    turn: &mut Turn,
    sender: &Sender<Event>,
    draft: &mut Draft,
    source: &mut Source,
) -> End {
    if turn.search {
        search_web(chat, turn, draft, sender).await;
    }
    if let Some(plan) = turn.plan.clone() {
        return decide(chat, turn, &plan, sender, draft, source).await;
    }
    if chat.models().is_empty() {
        return answer_without_model(chat, turn, sender, draft).await;
    }
    answer_with_model(chat, turn, sender, draft, source).await
}

/// Searches the web for the message, and adds the results to the prompt.
async fn search_web(chat: &Chat, turn: &mut Turn, draft: &mut Draft, sender: &Sender<Event>) {
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
    draft.steps.called("web_search", &query, note.is_none());
    let _left = sender.send(Event::Searched { query, count, note }).await;
    let message = match found {
        Ok(results) => prompt::searched(&results),
        Err(_) => prompt::searched(&[]),
    };
    let last = turn.ask.messages.len().saturating_sub(1);
    turn.ask.messages.insert(last, message);
}

async fn answer_without_model(chat: &Chat, turn: &Turn, sender: &Sender<Event>, draft: &mut Draft) -> End {
    for piece in responder::answer(turn.name.as_deref(), &turn.recall, &turn.message) {
        if !send_piece(chat, turn.who.account, sender, draft, piece).await {
            return End::Stopped;
        }
    }
    End::Whole(Finish::Stop)
}

/// Asks the model, executes the tools that it calls, and asks again, until it answers without a call.
async fn answer_with_model(
    chat: &Chat,
    turn: &mut Turn,
    sender: &Sender<Event>,
    draft: &mut Draft,
    source: &mut Source,
) -> End {
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
        let begin = draft.text.len();
        let end = forward(chat, turn, sender, draft, &mut reply).await;
        source.count(&reply);
        let calls = reply.calls();
        if calls.is_empty() || !matches!(end, End::Whole(_)) {
            return end;
        }
        if turn.has_own_tools {
            let asked = sender.send(Event::Asked(calls)).await;
            return if asked.is_ok() { end } else { End::Stopped };
        }
        let said = draft.text.get(begin..).unwrap_or_default().to_owned();
        call_tools(chat, turn, sender, draft, said, calls).await;
    }
    End::Failed(Failure::Empty)
}

/// Sends the pieces of a reply as they arrive.
async fn forward(
    chat: &Chat,
    turn: &Turn,
    sender: &Sender<Event>,
    draft: &mut Draft,
    reply: &mut Reply,
) -> End {
    let account = turn.who.account;
    let begin = draft.text.len();
    loop {
        match reply.next().await {
            Ok(Some(Piece::Text(piece))) => {
                if !send_piece(chat, account, sender, draft, piece).await {
                    return End::Stopped;
                }
            }
            Ok(Some(Piece::Thought(thought))) => {
                if turn.keeps_thoughts {
                    draft.steps.thought(&thought);
                }
                if sender.send(Event::Thought(thought)).await.is_err() {
                    return End::Stopped;
                }
            }
            // Sent already, but not kept in the stored answer.
            Ok(Some(Piece::Retract)) => draft.text.truncate(begin),
            Ok(None) => return End::Whole(reply.finish()),
            Err(failure) => return End::Failed(failure),
        }
    }
}

/// Sends a piece. Returns false if the client has left.
async fn send_piece(
    chat: &Chat,
    account: AccountId,
    sender: &Sender<Event>,
    draft: &mut Draft,
    piece: String,
) -> bool {
    draft.text.push_str(&piece);
    if draft.stored_at.elapsed() >= CHECKPOINT {
        // After a crash this remains as a stopped answer.
        checkpoint(chat, account, draft, State::Stopped).await;
    }
    sender.send(Event::Piece(piece)).await.is_ok()
}

/// Stores the answer so far.
async fn checkpoint(chat: &Chat, account: AccountId, draft: &mut Draft, state: State) {
    draft.stored_at = Instant::now();
    let Some(answer) = draft.answer(state, None).await else { return };
    let bytes = quota::size(&[&answer.content]);
    match chat.keep(account, answer).await {
        Ok(()) => draft.stored = Some(bytes),
        // Repeated at the next checkpoint and at the end.
        Err(error) => tracing::warn!(cause = error.cause(), "a part of an answer could not be stored"),
    }
}

/// Executes the tool calls that the model asks for and adds their results to the prompt.
async fn call_tools(
    chat: &Chat,
    turn: &mut Turn,
    sender: &Sender<Event>,
    draft: &mut Draft,
    said: String,
    calls: Vec<ToolCall>,
) {
    let Some(tools) = chat.tools() else { return };
    let calls: Vec<ToolCall> = calls.into_iter().take(tools::CALLS).collect();
    turn.ask.messages.push(Message::calling(said, calls.clone()));
    for call in calls {
        let _left = sender.send(Event::Calling(call.name.clone())).await;
        let outcome = tools::call(tools, turn.who.account, &turn.ask.tools, &call).await;
        turn.ask.messages.push(tools::told(&call, &outcome));
        let is_good = outcome.is_good;
        let query: String = call.arguments.chars().take(SHOWN).collect();
        draft.steps.called(&call.name, &query, is_good);
        let _left = sender.send(Event::Called { tool: call.name, query, is_good }).await;
    }
}
