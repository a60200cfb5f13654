//! HTTP endpoints for sessions.

use axum::extract::{Path, State};
use identity::{
    Scoped,
    scope::{ReadChat, UseChat},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Code, Data, Envelope, Issues, Nothing, Query};

use super::{
    Speaker,
    model::{
        ListParams, Messages, MessagesParams, SentResponse, Sessions, UsageParams, UsageResponse,
        parse_message_id,
    },
    rules,
};
use crate::Chat;

pub(crate) fn router(chat: Chat) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(messages))
        .routes(routes!(delete))
        .routes(routes!(sent))
        .routes(routes!(usage))
        .with_state(chat)
}

/// List chat sessions, latest activity first, at most 500 or page by page. Scope chat or chat.read.
#[utoipa::path(
    get,
    path = "/secondme/chat/session/list",
    operation_id = "listChatSessions",
    tag = "Chat",
    security(("bearer" = []), ("session" = [])),
    params(ListParams),
    responses((status = 200, description = "The sessions", body = Envelope<Sessions>)),
)]
async fn list(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<ReadChat>,
    Query(query): Query<ListParams>,
) -> ApiResult<Sessions> {
    let mut issues = Issues::query();
    let app_id = rules::name(&mut issues, "appId", query.app_id.as_deref()).unwrap_or_default();
    let (after, limit) = rules::check_list(&mut issues, query.cursor.as_deref(), query.page_size);
    issues.finish()?;
    let sessions = chat.sessions(&Speaker::of(&caller), &app_id, after, limit).await?;
    let is_full = i64::try_from(sessions.len()).unwrap_or(i64::MAX) >= limit;
    let last = sessions.last().filter(|_| is_full && query.cursor.is_some());
    let next_cursor = last.map(|session| session.position().text());
    Ok(Data(Sessions { sessions: sessions.into_iter().map(rules::listed).collect(), next_cursor }))
}

/// Read a session, oldest message first. Scope chat or chat.read.
#[utoipa::path(
    get,
    path = "/secondme/chat/session/messages",
    operation_id = "listChatMessages",
    tag = "Chat",
    security(("bearer" = []), ("session" = [])),
    params(MessagesParams),
    responses((status = 200, description = "The messages", body = Envelope<Messages>)),
)]
async fn messages(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<ReadChat>,
    Query(MessagesParams { session_id }): Query<MessagesParams>,
) -> ApiResult<Messages> {
    let mut issues = Issues::query();
    let id = issues.required_text("sessionId", Some(&session_id), rules::MAX_NAME);
    issues.finish()?;
    let messages = match chat.find_session(&Speaker::of(&caller), &id).await? {
        Some(session) => chat.messages(session.key).await?,
        None => Vec::new(),
    };
    let account = caller.account();
    let messages = messages.into_iter().map(|message| rules::listed_message(message, account)).collect();
    Ok(Data(Messages { session_id, messages }))
}

/// Delete a session with its messages. Scope chat or chat.write.
#[utoipa::path(
    post,
    path = "/secondme/chat/session/{sessionId}/delete",
    operation_id = "deleteChatSession",
    tag = "Chat",
    security(("bearer" = []), ("session" = [])),
    params(("sessionId" = String, Path, description = "The session's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<UseChat>,
    Path(id): Path<String>,
) -> ApiResult<Nothing> {
    chat.delete_session(&Speaker::of(&caller), &id).await?;
    Ok(Data(Nothing))
}

/// Read the prompt of a response, and the memories in it. For the person, not for apps. A key needs the
/// scopes of everything that the prompt contains. Scope chat or chat.read.
#[utoipa::path(
    get,
    path = "/secondme/chat/message/{messageId}/sent",
    operation_id = "readSent",
    tag = "Chat",
    security(("bearer" = []), ("session" = [])),
    params(("messageId" = String, Path, description = "The id of the assistant's message")),
    responses((
        status = 200,
        description = "The prompt, the memories in it, and the model",
        body = Envelope<SentResponse>,
    )),
)]
async fn sent(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<ReadChat>,
    Path(id): Path<String>,
) -> ApiResult<SentResponse> {
    let id = parse_message_id(&id).ok_or(Code::NotFound)?;
    let sent = chat.sent(&Speaker::of(&caller), id).await?;
    Ok(Data(rules::sent(id, sent)?))
}

/// Read the number of tokens used, by day and client. For the person, not for apps. Scope chat or
/// chat.read.
#[utoipa::path(
    get,
    path = "/secondme/chat/usage",
    operation_id = "readChatUsage",
    tag = "Chat",
    security(("bearer" = []), ("session" = [])),
    params(UsageParams),
    responses((status = 200, description = "The usage", body = Envelope<UsageResponse>)),
)]
async fn usage(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<ReadChat>,
    Query(query): Query<UsageParams>,
) -> ApiResult<UsageResponse> {
    if caller.application().is_some() {
        return Err(Code::NotFound.into());
    }
    let days = query.days.unwrap_or(30).clamp(1, 366);
    let list = chat.usage(caller.account(), days).await?.into_iter().map(rules::used).collect();
    let daily_limit = chat.daily_limit(caller.account()).await?;
    Ok(Data(UsageResponse { daily_limit, list }))
}
