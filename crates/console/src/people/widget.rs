//! The widget: an avatar in a frame on a page elsewhere, and the script that puts it there.
//!
//! The frame is sandboxed and has an origin of its own: it has no cookies, and reaches nothing of this server
//! but the conversation. Whoever writes in it is known by a token that the page around it keeps.

use askama::Template;
use avatars::visit::Visitor;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use web::{ApiError, Code, Form, Language, Query};

use super::{
    talk::{Line, Message, conversation, live, refusal, say},
    texts::Texts,
};
use crate::{Console, assets, form::Fields, icons::Face, language, page::Page, policy, theme::Theme};

/// The route of the script.
pub(crate) const SCRIPT: &str = "/widget.js";
/// The route of the frame.
pub(crate) const FRAME: &str = "/widget/{code}";

/// The query of the frame.
#[derive(Default, serde::Deserialize)]
pub(crate) struct FrameParams {
    language: Option<String>,
    theme: Option<String>,
}

#[derive(Template)]
#[template(path = "widget.html")]
struct WidgetPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    title: String,
    face: Face,
    welcome: String,
    opening: String,
    action: String,
    /// The token of the visitor.
    guest: String,
    socket: String,
    lines: Vec<Line>,
    typed: String,
    alert: Option<String>,
}

/// Serves the script.
pub(crate) async fn script(headers: HeaderMap) -> Result<Response, ApiError> {
    let mut response = assets::plain("widget.js", headers).await?;
    let anywhere = HeaderValue::from_static("cross-origin");
    response.headers_mut().insert("cross-origin-resource-policy", anywhere);
    Ok(response)
}

fn page_of(params: &FrameParams, headers: &HeaderMap) -> Page {
    let chosen = params.language.as_deref().and_then(Language::from_tag);
    let mut page = Page::bare(chosen.unwrap_or_else(|| language::of(headers)));
    page.theme = params.theme.as_deref().map(Theme::parse).unwrap_or_default();
    page
}

/// Shows the frame.
pub(crate) async fn show(
    State(console): State<Console>,
    headers: HeaderMap,
    Path(code): Path<String>,
    Query(params): Query<FrameParams>,
) -> Result<Response, ApiError> {
    let guest = console.avatars.guest_token().await?;
    let page = page_of(&params, &headers);
    let message = Message { text: String::new(), is_live: false, guest };
    render(&console, &page, &code, &params, message, None).await
}

async fn render(
    console: &Console,
    page: &Page,
    code: &str,
    params: &FrameParams,
    message: Message,
    refused: Option<ApiError>,
) -> Result<Response, ApiError> {
    let avatar = console.avatars.avatar_of_share_code(code).await?.ok_or(Code::NotFound)?;
    if !avatar.is_open_to_all() {
        return Err(Code::NotFound.into());
    }
    let (_, profile) = console.memory.profile(avatar.owner).await?;
    let t = Texts::of(page.language);
    let visitor = console.avatars.guest(&message.guest);
    let (socket, messages) = conversation(console, &avatar, visitor.as_ref()).await?;
    let chosen = |name: &str, value: &Option<String>| {
        let value: String = form_urlencoded::byte_serialize(value.as_deref()?.as_bytes()).collect();
        Some(format!("{name}={value}"))
    };
    let query: Vec<String> = [chosen("language", &params.language), chosen("theme", &params.theme)]
        .into_iter()
        .flatten()
        .collect();
    let template = WidgetPage {
        page,
        t,
        face: Face::new(&avatar.title, &profile.avatar, &console.public_url).twin(),
        title: avatar.title,
        welcome: avatar.welcome_note,
        opening: avatar.opening,
        action: format!("/widget/{}?{}", avatar.share_code, query.join("&")),
        guest: message.guest,
        socket,
        lines: messages.into_iter().map(|message| Line::new(message, t)).collect(),
        typed: message.text,
        alert: refused.as_ref().map(|error| error.message(page.language)),
    };
    let mut response = match refused {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }?;
    policy::frame_in(&mut response, &console.public_url, &avatar.body.origins)?;
    Ok(response)
}

/// Takes a message, or only resumes the conversation if a script asks with none. The token of the visitor is
/// in the form, so no cookie is needed, and no page elsewhere can use one.
pub(crate) async fn submit(
    State(console): State<Console>,
    headers: HeaderMap,
    Path(code): Path<String>,
    Query(params): Query<FrameParams>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let mut message = Message::from(Fields::of(fields));
    let page = page_of(&params, &headers);
    let avatar = console.avatars.avatar_of_share_code(&code).await?.ok_or(Code::NotFound)?;
    // A token of another time, or a made-up one, is replaced.
    let visitor = match console.avatars.guest(&message.guest) {
        Some(visitor) => visitor,
        None => {
            message.guest = console.avatars.guest_token().await?;
            console.avatars.guest(&message.guest).ok_or(Code::TokenInvalid)?
        }
    };
    let mut response = if message.is_live && message.text.is_empty() {
        resume(&console, &avatar, &visitor, &message, page.language).await?
    } else {
        match say(&console, &avatar, &visitor, String::new(), &message).await {
            Ok(visit) => match live(&console, &message, visit).await? {
                Some(response) => response,
                None => {
                    render(&console, &page, &code, &params, Message { text: String::new(), ..message }, None)
                        .await?
                }
            },
            Err(error) if message.is_live => refusal(&error, page.language),
            Err(error) => render(&console, &page, &code, &params, message, Some(error)).await?,
        }
    };
    // The frame has an origin of its own, from which this counts as another server.
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

async fn resume(
    console: &Console,
    avatar: &avatars::avatar::Avatar,
    visitor: &Visitor,
    message: &Message,
    language: Language,
) -> Result<Response, ApiError> {
    let (socket, messages) = conversation(console, avatar, Some(visitor)).await?;
    let t = Texts::of(language);
    let lines: Vec<serde_json::Value> = messages
        .into_iter()
        .map(|message| Line::new(message, t))
        .map(|line| json!({ "id": line.id, "by": line.by, "own": line.is_own, "text": line.text }))
        .collect();
    Ok(axum::Json(json!({ "socket": socket, "guest": message.guest, "lines": lines })).into_response())
}
