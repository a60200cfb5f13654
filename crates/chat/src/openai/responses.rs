//! `POST /v1/responses`: the Responses API as a translation to and from chat completions.
//!
//! Responses are not stored under their ids, so requests that refer to one (`previous_response_id`) are
//! refused. Texts of earlier answers can be referred to by their item ids, because messages of conversations
//! are stored.

mod model;
mod request;
mod response;

use axum::{extract::State, response::Response};
use identity::{Scoped, scope::UseChat};
use serde_json::{Map, Value};
use web::{ApiError, Json};

use super::rules;
use crate::{Chat, session::Speaker};
use response::Writer;

/// Prefix of the ids of messages in a response. The rest is the number of the stored answer.
const MESSAGE: &str = "msg_";

pub(super) async fn responses(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<UseChat>,
    Json(body): Json<Map<String, Value>>,
) -> Result<Response, ApiError> {
    let who = Speaker::of(&caller);
    let mut request = request::read(body)?;
    for (message, id) in std::mem::take(&mut request.references) {
        // An item that is unknown, or was no message, has nothing to say.
        let text = match id.strip_prefix(MESSAGE).and_then(|number| number.parse().ok()) {
            Some(number) => chat.answered(&who, number).await?,
            None => None,
        };
        request.fill(message, &id, text)?;
    }
    let (chat_request, echo, places) = request.into_parts();
    let has_tools = chat.models().knows_tools();
    let checked = chat_request.and_then(|request| rules::check(request, &chat.model_names(), has_tools));
    let talk = checked.map_err(|error| places.restore(error))?;
    let is_stream = echo.is_stream;
    let (model, id) = (talk.model.clone(), format!("resp_{}", chat.db().random().hex(24)));
    let created = chat.db().clock().now().as_millis() / 1000;
    let answering = chat.talk(who, talk).await?;
    let writer = Writer::new(id, format!("{MESSAGE}{}", answering.message), model, created, echo);
    if is_stream { Ok(writer.stream(answering.events)) } else { writer.whole(answering.events).await }
}
