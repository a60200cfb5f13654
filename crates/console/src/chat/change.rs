//! Changes of a conversation: its name, its pin, deletion that can be undone, and exports.

use ::chat::session::{
    Speaker,
    model::{message_id, parse_message_id},
};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderValue, header};
use serde_json::json;
use web::{ApiError, Code, Query};

use super::{PATH, link, list, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::Member,
};

/// A form about a conversation.
pub(crate) struct SessionForm {
    session: String,
    title: String,
    pinned: bool,
}

impl From<Fields> for SessionForm {
    fn from(fields: Fields) -> Self {
        Self {
            session: fields.text("session"),
            title: fields.text("title"),
            pinned: fields.text("pinned") == "1",
        }
    }
}

/// The form that shows another version of an answer.
pub(crate) struct VersionForm {
    session: String,
    version: String,
}

impl From<Fields> for VersionForm {
    fn from(fields: Fields) -> Self {
        Self { session: fields.text("session"), version: fields.text("version") }
    }
}

/// The query of an export.
#[derive(serde::Deserialize)]
pub(crate) struct ExportParams {
    session: String,
    #[serde(rename = "as")]
    format: Option<String>,
}

/// Renames a conversation.
pub(crate) async fn rename(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<SessionForm>,
) -> Result<Response, ApiError> {
    console.chat.rename_session(member.account.id, &form.session, &form.title).await?;
    Ok(Redirect::to(&link(&form.session)).into_response())
}

/// Pins a conversation above the others, or not.
pub(crate) async fn pin(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<SessionForm>,
) -> Result<Response, ApiError> {
    console.chat.pin_session(member.account.id, &form.session, form.pinned).await?;
    Ok(Redirect::to(&link(&form.session)).into_response())
}

/// Shows another version of an answer.
pub(crate) async fn version(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<VersionForm>,
) -> Result<Response, ApiError> {
    let version = parse_message_id(&form.version).ok_or(Code::NotFound)?;
    console.chat.show_version(member.account.id, &form.session, version).await?;
    Ok(Redirect::to(&format!("{}#{}", link(&form.session), message_id(version))).into_response())
}

/// Deletes a conversation. The page that follows offers to undo that.
pub(crate) async fn delete(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<SessionForm>,
) -> Result<Response, ApiError> {
    let account = member.account.id;
    console.chat.stop_live(account, &form.session).await?;
    console.chat.hide_session(account, &form.session).await?;
    let id: String = form_urlencoded::byte_serialize(form.session.as_bytes()).collect();
    Ok(Redirect::to(&format!("{PATH}?done=deleted&restore={id}")).into_response())
}

/// Restores a conversation that was deleted a moment ago.
pub(crate) async fn restore(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<SessionForm>,
) -> Result<Response, ApiError> {
    let is_back = console.chat.restore_session(member.account.id, &form.session).await?;
    let to = if is_back { link(&form.session) } else { format!("{PATH}?done=late") };
    Ok(Redirect::to(&to).into_response())
}

/// Returns a conversation as a file: Markdown, or JSON.
pub(crate) async fn export(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<ExportParams>,
) -> Result<Response, ApiError> {
    let who = Speaker::person(member.account.id);
    let session = console.chat.find_session(&who, &params.session).await.ok().flatten();
    let session = session.ok_or(Code::NotFound)?;
    let messages = console.chat.messages(session.key).await?;
    let t = Texts::of(member.page.language);
    let title = list::title(session.title, t);
    let is_json = params.format.as_deref() == Some("json");
    let text = if is_json {
        let messages: Vec<_> = messages
            .iter()
            .map(|message| {
                json!({
                    "role": message.role.name(),
                    "content": message.content,
                    "state": message.state.name(),
                    "time": message.created_at.iso8601(),
                })
            })
            .collect();
        let whole = json!({ "title": title, "sessionId": session.id, "messages": messages });
        serde_json::to_string_pretty(&whole).map_err(ApiError::internal)?
    } else {
        let mut text = format!("# {title}\n");
        for message in &messages {
            let who = match message.role.name() {
                "assistant" => t.double,
                "system" => t.system,
                _ => &member.account.name,
            };
            text.push_str(&format!(
                "\n**{who}** · {}\n\n{}\n",
                message.created_at.iso8601(),
                message.content
            ));
        }
        text
    };
    Ok(attachment(text, is_json))
}

/// Returns a text as a file to be saved.
fn attachment(text: String, is_json: bool) -> Response {
    let (kind, name) = match is_json {
        true => ("application/json", "attachment; filename=\"conversation.json\""),
        false => ("text/markdown; charset=utf-8", "attachment; filename=\"conversation.md\""),
    };
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    response
}
