//! Streams of answers for the page's script: a new one, one in progress, and stopping it.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use web::{ApiError, Query};

use super::MessageForm;
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::Member,
};

/// The path of new messages.
pub(crate) const SAY: &str = "/chat/say";

/// The query of an answer in progress.
#[derive(serde::Deserialize)]
pub(crate) struct FollowParams {
    session: String,
    /// The number of events that the page has.
    from: Option<usize>,
}

/// The form that stops an answer.
pub(crate) struct StopForm {
    session: String,
}

impl From<Fields> for StopForm {
    fn from(fields: Fields) -> Self {
        Self { session: fields.text("session") }
    }
}

/// Sends a message, and returns the stream of the answer.
pub(crate) async fn say(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<MessageForm>,
) -> Result<Response, ApiError> {
    match console.chat.begin_live(member.account.id, form.message()).await {
        Ok(follower) => Ok(follower.stream()),
        // The script shows the text beside the message.
        Err(error) => Ok((error.code().status(), error.message(member.page.language)).into_response()),
    }
}

/// Returns the rest of an answer in progress; 204 if there is none.
pub(crate) async fn follow(
    State(console): State<Console>,
    member: Member,
    Query(FollowParams { session, from }): Query<FollowParams>,
) -> Result<Response, ApiError> {
    let stream = console.chat.follow(member.account.id, &session, from.unwrap_or(0)).await?;
    Ok(stream.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response()))
}

/// Stops an answer, and waits until what there is of it is stored.
pub(crate) async fn stop(
    State(console): State<Console>,
    member: Member,
    CsrfForm(StopForm { session }): CsrfForm<StopForm>,
) -> Result<Response, ApiError> {
    let is_stopped = console.chat.stop_live(member.account.id, &session).await?;
    Ok(if is_stopped { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }.into_response())
}
