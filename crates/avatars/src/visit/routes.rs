//! HTTP routes of visitors, and the WebSocket.

use axum::{
    extract::{
        FromRequestParts, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
    routing::get,
};
use http::request::Parts;
use identity::{
    AppCaller, Caller,
    scope::{Permission, UseChat},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, ApiResult, Code, Data, Envelope, Json, Query};

use super::{
    Entrance, Visit, Visitor,
    frame::message_id,
    model::{InitRequest, InitResponse, SendRequest, SendResponse, SocketParams},
    rules,
    socket::MAX_MESSAGE_BYTES,
};
use crate::{Avatars, key};

pub(crate) fn router(avatars: Avatars) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(init))
        .routes(routes!(send))
        .route("/secondme/visitor-chat/ws", get(connect))
        .with_state(avatars)
}

/// The caller of a visitor's request: a person, or an app that speaks for people whom it knows.
enum Host {
    Person(Caller),
    App(AppCaller),
}

impl<S: Send + Sync> FromRequestParts<S> for Host {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        if let Some(caller) = parts.extensions.get::<Caller>() {
            caller.check::<UseChat>()?;
            return Ok(Self::Person(caller.clone()));
        }
        let app = parts.extensions.get::<AppCaller>().ok_or(Code::AuthMissing)?;
        if !app.scopes().intersects(UseChat::ANY_OF) {
            return Err(ApiError::new(Code::PermissionDenied).with(UseChat::NEW_NAME));
        }
        Ok(Self::App(app.clone()))
    }
}

impl Host {
    /// Returns the visitor that a request is about, and the name that the request gives.
    fn visitor(&self, id: Option<&str>, name: Option<&str>) -> Result<(Visitor, String), ApiError> {
        let (id, name) = rules::check_visitor(id, name, matches!(self, Self::App(_)))?;
        let visitor = match self {
            Self::Person(caller) => Visitor::Person(caller.account()),
            Self::App(app) => Visitor::OfApp { app: app.application().to_owned(), id },
        };
        Ok((visitor, name))
    }

    /// True if a conversation is the caller's: the person's own, or one of the app's visitors.
    fn may_use(&self, visit: &Visit) -> bool {
        match self {
            Self::Person(caller) => visit.visitor == Visitor::Person(caller.account()).key(),
            Self::App(app) => {
                let all = Visitor::OfApp { app: app.application().to_owned(), id: String::new() }.key();
                visit.visitor.starts_with(&all)
            }
        }
    }
}

/// Open a conversation of a visitor with an avatar, or resume theirs. With an app's own token (client
/// credentials) `visitorId` is required. Scope chat or chat.write.
#[utoipa::path(
    post,
    path = "/secondme/visitor-chat/init",
    operation_id = "initVisitorChat",
    tag = "Visitors",
    security(("bearer" = []), ("session" = [])),
    request_body = InitRequest,
    responses((status = 200, description = "The conversation", body = Envelope<InitResponse>)),
)]
async fn init(
    State(avatars): State<Avatars>,
    host: Host,
    Json(request): Json<InitRequest>,
) -> ApiResult<InitResponse> {
    let (visitor, mut name) = host.visitor(request.visitor_id.as_deref(), request.visitor_name.as_deref())?;
    if let (Host::Person(caller), true) = (&host, name.is_empty()) {
        name = avatars.memory().profile(caller.account()).await?.0.name;
    }
    let opened = avatars.open_visit(&Entrance::Key(request.api_key), &visitor, name).await?;
    let ws_url = avatars.socket_url(&opened.visit).await?;
    let visitor_user_id = match &visitor {
        Visitor::Person(account) => account.0,
        Visitor::OfApp { .. } | Visitor::OfKey { .. } | Visitor::Guest { .. } => opened.visit.id.0,
    };
    Ok(Data(InitResponse {
        ws_url,
        avatar_name: opened.avatar_name,
        opening: opened.opening,
        avatar: opened.cover_url,
        owner_user_id: opened.visit.owner.0,
        visitor_user_id,
        ws_id: opened.visit.name.clone(),
        expires_at: avatars.expires_at(&opened.visit).0,
        session_id: opened.visit.name,
    }))
}

/// Send a message of a visitor, also with an app's own token. The answer comes on the conversation's
/// WebSocket. Scope chat or chat.write.
#[utoipa::path(
    post,
    path = "/secondme/visitor-chat/send",
    operation_id = "sendVisitorMessage",
    tag = "Visitors",
    security(("bearer" = []), ("session" = [])),
    request_body = SendRequest,
    responses((status = 200, description = "The message was accepted", body = Envelope<SendResponse>)),
)]
async fn send(
    State(avatars): State<Avatars>,
    host: Host,
    Json(request): Json<SendRequest>,
) -> ApiResult<SendResponse> {
    let message = rules::check_message(request.message.as_deref())?;
    let visit = avatars.visit_named(&request.session_id).await?;
    if !host.may_use(&visit) {
        return Err(Code::VisitorSessionNotFound.into());
    }
    if let Some(text) = request.api_key.filter(|text| !text.is_empty()) {
        let hash = key::hash(&text).ok_or(Code::ApikeyInvalid)?;
        let avatar = avatars.avatar_of_key(hash).await?.ok_or(Code::ApikeyInvalid)?;
        if avatar.id != visit.avatar {
            return Err(Code::VisitorSessionNotFound.into());
        }
    }
    let accepted = avatars.say(visit, message).await?;
    Ok(Data(SendResponse {
        message_id: message_id(accepted.message, accepted.at),
        session_id: accepted.visit.name,
    }))
}

/// The WebSocket of a conversation. Its token is in the URL.
async fn connect(
    State(avatars): State<Avatars>,
    Query(params): Query<SocketParams>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let open = avatars.prepare_socket(params).await?;
    let upgrade =
        upgrade.map_err(|refused| ApiError::new(Code::InvalidParam).with("WebSocket").because(refused))?;
    let tasks = avatars.tasks()?.clone();
    Ok(upgrade.max_message_size(MAX_MESSAGE_BYTES).max_frame_size(MAX_MESSAGE_BYTES).on_upgrade(
        move |socket| {
            // Shutdown waits for this task, and it ends when shutdown begins.
            tasks.spawn(Box::pin(avatars.serve_socket(socket, open)));
            std::future::ready(())
        },
    ))
}
