//! The older API of avatars, below `/gate/in/rest`: the same conversations for callers that hold a key of an
//! avatar. It is not in the OpenAPI document.

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use web::{ApiError, ApiResult, Code, Data, Json, Nothing};

use crate::{
    Avatars, VisitId,
    avatar::{self, Avatar, model::PublicAvatar},
    visit::{Entrance, Visit, Visitor, rules},
};

/// The purpose of the sealed token of a visitor.
const PURPOSE: &str = "visitor";
/// The header of the token.
const TOKEN: &str = "token";

pub(crate) fn router(avatars: Avatars) -> Router {
    Router::new()
        .route("/gate/in/rest/open/avatar/auth", post(authenticate))
        .route("/gate/in/rest/os/avatar/chat/init", post(init))
        .route("/gate/in/rest/os/avatar/chat/start", post(start))
        .route("/gate/in/rest/os/avatar/public/{shareCode}", get(public))
        .route("/gate/in/rest/general/ws/create", post(create_socket))
        .route("/gate/in/rest/general/session/create", post(create_session))
        .route("/gate/in/rest/general/message/send", post(send))
        .with_state(avatars)
}

impl Avatars {
    /// Returns the conversation that the token in a header is for.
    async fn visit_of_header(&self, headers: &HeaderMap) -> Result<Visit, ApiError> {
        let token = headers.get(TOKEN).and_then(|value| value.to_str().ok()).ok_or(Code::AuthMissing)?;
        let opened = self.open_token(PURPOSE, token.trim());
        let visit: VisitId = opened.and_then(|text| text.parse().ok()).ok_or(Code::TokenInvalid)?;
        let visit = self.visit_of(visit).await?;
        self.check_visit(&visit)?;
        Ok(visit)
    }

    async fn avatar_of(&self, visit: &Visit) -> Result<Avatar, ApiError> {
        let found = self.db().fetch_optional(avatar::queries::BY_ID, store::params![visit.avatar]).await?;
        self.of_enabled(found).await?.ok_or_else(|| Code::VisitorSessionNotFound.into())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AuthRequest {
    visitor_id: Option<String>,
    visitor_name: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthResponse {
    visitor_token: String,
    visitor_user_id: String,
    visitor_mind_id: String,
    avatar_share_code: String,
    avatar_name: String,
    owner_user_id: String,
}

/// Opens or resumes a conversation with the avatar of a key.
async fn authenticate(
    State(avatars): State<Avatars>,
    headers: HeaderMap,
    Json(request): Json<AuthRequest>,
) -> ApiResult<AuthResponse> {
    let line = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (_, key) = line.and_then(|line| line.trim().split_once(' ')).ok_or(Code::AuthMissing)?;
    let (id, name) =
        rules::check_visitor(request.visitor_id.as_deref(), request.visitor_name.as_deref(), true)?;
    let entrance = Entrance::Key(key.trim().to_owned());
    let opened = avatars.open_visit(&entrance, &Visitor::OfKey { id }, name).await?;
    let avatar = avatars.avatar_of(&opened.visit).await?;
    let visit = opened.visit.id.to_string();
    Ok(Data(AuthResponse {
        visitor_token: avatars.seal_token(PURPOSE, &visit).await?,
        visitor_mind_id: visit.clone(),
        visitor_user_id: visit,
        avatar_share_code: avatar.share_code,
        avatar_name: opened.avatar_name,
        owner_user_id: avatar.owner.to_string(),
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChatInitRequest {
    share_code: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatInitResponse {
    mind_id: String,
    avatar_name: String,
    owner_user_id: String,
    opening: String,
}

async fn init(
    State(avatars): State<Avatars>,
    headers: HeaderMap,
    Json(request): Json<ChatInitRequest>,
) -> ApiResult<ChatInitResponse> {
    let visit = avatars.visit_of_header(&headers).await?;
    let avatar = avatars.avatar_of(&visit).await?;
    if request.share_code.is_some_and(|code| code != avatar.share_code) {
        return Err(Code::AvatarNotFound.into());
    }
    Ok(Data(ChatInitResponse {
        mind_id: avatar.id.to_string(),
        avatar_name: avatar.title,
        owner_user_id: avatar.owner.to_string(),
        opening: avatar.opening,
    }))
}

async fn start(State(avatars): State<Avatars>, headers: HeaderMap) -> ApiResult<Nothing> {
    avatars.visit_of_header(&headers).await?;
    Ok(Data(Nothing))
}

async fn public(
    State(avatars): State<Avatars>,
    headers: HeaderMap,
    Path(share_code): Path<String>,
) -> ApiResult<PublicAvatar> {
    avatars.visit_of_header(&headers).await?;
    Ok(Data(avatars.public_avatar(&share_code).await?))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SocketResponse {
    address: String,
    ws_id: String,
}

async fn create_socket(State(avatars): State<Avatars>, headers: HeaderMap) -> ApiResult<SocketResponse> {
    let visit = avatars.visit_of_header(&headers).await?;
    Ok(Data(SocketResponse { address: avatars.socket_url(&visit).await?, ws_id: visit.name }))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionResponse {
    session_id: String,
}

async fn create_session(State(avatars): State<Avatars>, headers: HeaderMap) -> ApiResult<SessionResponse> {
    let visit = avatars.visit_of_header(&headers).await?;
    Ok(Data(SessionResponse { session_id: visit.name }))
}

/// A frame of a client.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FrameRequest {
    data: FrameData,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FrameData {
    content: Option<String>,
}

async fn send(
    State(avatars): State<Avatars>,
    headers: HeaderMap,
    Json(frame): Json<FrameRequest>,
) -> ApiResult<Nothing> {
    let visit = avatars.visit_of_header(&headers).await?;
    let message = rules::check_message(frame.data.content.as_deref())?;
    avatars.say(visit, message).await?;
    Ok(Data(Nothing))
}
