//! HTTP endpoints for chat and act.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use identity::{
    Scoped,
    scope::{UseAct, UseChat},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, ApiResult, Code, Data, Envelope, Json, Language, extract::BodyLimit};

use super::{
    Answering,
    model::{ActRequest, ChatRequest, SendRequest, SendResponse},
    rules,
};
use crate::{
    Chat, events,
    session::{Speaker, model::message_id},
    shared::SharedAnswer,
};

pub(crate) fn router(chat: Chat) -> OpenApiRouter {
    let limit = BodyLimit(chat.settings().max_body);
    let with_pictures = OpenApiRouter::new().routes(routes!(stream)).layer(axum::Extension(limit));
    OpenApiRouter::new().routes(routes!(send)).routes(routes!(act)).merge(with_pictures).with_state(chat)
}

/// Send a message to the double. The response is a stream of server-sent events. Scope chat or chat.write.
#[utoipa::path(
    post,
    path = "/secondme/chat/stream",
    operation_id = "chatStream",
    tag = "Chat",
    security(("bearer" = []), ("session" = [])),
    params(
        (
            "X-App-Id" = Option<String>,
            Header,
            description = "The app id of a new session, if the body has none",
        ),
    ),
    request_body = ChatRequest,
    responses(
        (
            status = 200,
            description = "Events: session (of a new one), tool_call, tool_result, pieces without a name, \
                error, and [DONE] at the end",
            body = String,
            content_type = "text/event-stream",
        ),
    ),
)]
async fn stream(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<UseChat>,
    headers: HeaderMap,
    Json(request): Json<ChatRequest>,
) -> Result<Response, ApiError> {
    let talk = rules::check(request, &headers, &chat.model_names())?;
    let Answering { session, is_new, events, .. } = chat.talk(Speaker::of(&caller), talk).await?;
    Ok(events::lab_stream(is_new.then_some(&session), events, Language::of(&headers)))
}

/// Request a decision of the double. The chunks of the stream form one JSON value with the structure in
/// `actionControl`. Scope chat or chat.write.
#[utoipa::path(
    post,
    path = "/secondme/act/stream",
    operation_id = "actStream",
    tag = "Chat",
    security(("bearer" = []), ("session" = [])),
    params(
        (
            "X-App-Id" = Option<String>,
            Header,
            description = "The app id of a new session, if the body has none",
        ),
    ),
    request_body = ActRequest,
    responses(
        (
            status = 200,
            description = "Events: session (of a new one), pieces without a name, error, and [DONE] at the \
                end",
            body = String,
            content_type = "text/event-stream",
        ),
    ),
)]
async fn act(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<UseAct>,
    headers: HeaderMap,
    Json(request): Json<ActRequest>,
) -> Result<Response, ApiError> {
    let talk = rules::check_act(request, &headers, &chat.model_names())?;
    let Answering { session, is_new, events, .. } = chat.talk(Speaker::of(&caller), talk).await?;
    Ok(events::lab_stream(is_new.then_some(&session), events, Language::of(&headers)))
}

/// Send a message to the double, and wait for the whole response. Scope chat or chat.write.
#[utoipa::path(
    post,
    path = "/secondme/ws-chat/send",
    operation_id = "chatSend",
    tag = "Chat",
    security(("bearer" = []), ("session" = [])),
    request_body = SendRequest,
    responses((status = 200, description = "The response", body = Envelope<SendResponse>)),
)]
async fn send(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<UseChat>,
    Json(request): Json<SendRequest>,
) -> ApiResult<SendResponse> {
    let said = match request.share_code.filter(|code| !code.trim().is_empty()) {
        Some(code) => match chat.avatars() {
            Some(avatars) => avatars.answer(caller, code, request.message).await?,
            None => return Err(Code::ChatShareCodeUnknown.into()),
        },
        None => {
            let said = chat.answer(Speaker::of(&caller), request.session_id, request.message).await?;
            let message = message_id(said.message);
            SharedAnswer { session: said.session, message, text: said.text }
        }
    };
    let parts = said.text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    Ok(Data(SendResponse {
        reply_texts: parts.map(str::to_owned).collect(),
        reply_text: said.text,
        message_id: said.message,
        session_id: said.session,
    }))
}
