//! HTTP endpoints of the OpenAI-compatible API.

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::Response,
    routing::{get, post},
};
use http::StatusCode;
use identity::{
    Scoped,
    scope::{ReadChat, UseChat},
};
use tokio::sync::mpsc::Receiver;
use web::{ApiError, Code, Json, envelope, extract::BodyLimit};

use super::{
    embeddings,
    model::{Call, CallFunction, Choice, Completion, Delta, Model, Models, Request, Usage},
    responses, rules,
};
use crate::{
    Chat,
    events::{self, Ended, Event},
    provider::{Finish, ToolCall},
    session::Speaker,
    talk::rules::MODELS,
};

pub(crate) fn router(chat: Chat) -> Router {
    let limit = BodyLimit(chat.settings().max_body);
    // Clients join a base URL that ends in a slash with a path that begins with one.
    let completions = || post(completions).layer(axum::Extension(limit));
    let responses = || post(responses::responses).layer(axum::Extension(limit));
    let embeddings = || post(embeddings::embeddings).layer(axum::Extension(limit));
    Router::new()
        .route("/v1/chat/completions", completions())
        .route("/v1/chat/completions/", completions())
        .route("/v1//chat/completions", completions())
        .route("/v1/responses", responses())
        .route("/v1/responses/", responses())
        .route("/v1//responses", responses())
        .route("/v1/embeddings", embeddings())
        .route("/v1/embeddings/", embeddings())
        .route("/v1//embeddings", embeddings())
        .route("/v1/models", get(models))
        .route("/v1/models/", get(models))
        .route("/v1//models", get(models))
        .route("/v1/models/{*id}", get(model))
        .with_state(chat)
}

async fn completions(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<UseChat>,
    Json(request): Json<Request>,
) -> Result<Response, ApiError> {
    let is_stream = request.stream.unwrap_or(false);
    let with_usage =
        request.stream_options.as_ref().and_then(|options| options.include_usage).unwrap_or(false);
    let talk = rules::check(request, &chat.model_names(), chat.models().knows_tools())?;
    let writer = Writer {
        id: format!("chatcmpl-{}", chat.db().random().hex(12)),
        model: talk.model.clone(),
        created: chat.db().clock().now().as_millis() / 1000,
        with_usage,
    };
    let answering = chat.talk(Speaker::of(&caller), talk).await?;
    if is_stream { Ok(writer.stream(answering.events)) } else { writer.whole(answering.events).await }
}

async fn models(State(chat): State<Chat>, _: Scoped<ReadChat>) -> Response {
    let names = names(&chat);
    let data = names.iter().map(|name| described(name)).collect();
    envelope::json(StatusCode::OK, &Models { object: "list", data })
}

async fn model(
    State(chat): State<Chat>,
    _: Scoped<ReadChat>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let names = names(&chat);
    let found = names.iter().find(|name| **name == id);
    let unknown = || ApiError::new(Code::ChatModelUnknown).with(id.chars().take(100).collect::<String>());
    Ok(envelope::json(StatusCode::OK, &described(found.ok_or_else(unknown)?)))
}

fn names(chat: &Chat) -> Vec<String> {
    let mut names: Vec<String> = MODELS.into_iter().map(str::to_owned).collect();
    let more = chat.model_names();
    for name in more.iter().cloned().chain(chat.memory().embedding_model()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

const fn described(id: &str) -> Model<'_> {
    Model { id, object: "model", created: 0, owned_by: "doppel" }
}

/// Formats one answer.
struct Writer {
    id: String,
    model: String,
    created: i64,
    with_usage: bool,
}

const fn finish_reason(ended: &Ended, has_calls: bool) -> &'static str {
    match ended.finish {
        Finish::Length => "length",
        Finish::Filtered => "content_filter",
        Finish::Stop if has_calls => "tool_calls",
        Finish::Stop => "stop",
    }
}

/// Formats calls of the client's tools. In a stream they have indexes.
fn asked(calls: &[ToolCall], is_stream: bool) -> Vec<Call<'_>> {
    let mut asked = Vec::with_capacity(calls.len());
    for (index, call) in calls.iter().enumerate() {
        let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
        let function = CallFunction { name: &call.name, arguments };
        asked.push(Call { index: is_stream.then_some(index), id: &call.id, kind: "function", function });
    }
    asked
}

const fn usage(ended: &Ended) -> Usage {
    let Ended { tokens_in, tokens_out, .. } = *ended;
    Usage { prompt_tokens: tokens_in, completion_tokens: tokens_out, total_tokens: tokens_in + tokens_out }
}

impl Writer {
    fn completion<'c>(&'c self, object: &'static str, choices: Vec<Choice<'c>>) -> Completion<'c> {
        Completion { id: &self.id, object, created: self.created, model: &self.model, choices, usage: None }
    }

    fn chunk(&self, delta: Delta<'_>, finish_reason: Option<&'static str>) -> String {
        let choice = Choice { delta: Some(delta), finish_reason, ..Choice::default() };
        line(&self.completion("chat.completion.chunk", vec![choice]))
    }

    fn stream(self, events: Receiver<Event>) -> Response {
        let first =
            self.chunk(Delta { role: Some("assistant"), content: Some(""), ..Delta::default() }, None);
        let mut has_calls = false;
        events::sse(Some(first.into()), events, move |event| match event {
            Event::Searching | Event::Searched { .. } | Event::Calling(_) | Event::Called { .. } => {
                (Bytes::from_static(b": working\n\n"), None)
            }
            Event::Thought(thought) => (
                self.chunk(Delta { reasoning_content: Some(thought), ..Delta::default() }, None).into(),
                None,
            ),
            Event::Asked(calls) => {
                has_calls = !calls.is_empty();
                let delta = Delta { tool_calls: asked(calls, true), ..Delta::default() };
                (self.chunk(delta, None).into(), None)
            }
            Event::Piece(text) => {
                (self.chunk(Delta { content: Some(text), ..Delta::default() }, None).into(), None)
            }
            Event::Failed(error, _) => {
                let error = error.openai(web::Language::En);
                (format!("data: {error}\n\n").into(), Some(Bytes::from_static(b"data: [DONE]\n\n")))
            }
            Event::Done(ended) => {
                let mut last = self.chunk(Delta::default(), Some(finish_reason(ended, has_calls)));
                if self.with_usage {
                    let mut whole = self.completion("chat.completion.chunk", Vec::new());
                    whole.usage = Some(usage(ended));
                    last.push_str(&line(&whole));
                }
                (last.into(), Some(Bytes::from_static(b"data: [DONE]\n\n")))
            }
        })
    }

    async fn whole(self, mut events: Receiver<Event>) -> Result<Response, ApiError> {
        let (mut text, mut thoughts, mut calls) = (String::new(), String::new(), Vec::new());
        while let Some(event) = events.recv().await {
            match event {
                Event::Searching | Event::Searched { .. } | Event::Calling(_) | Event::Called { .. } => {}
                Event::Piece(piece) => text.push_str(&piece),
                Event::Thought(thought) => thoughts.push_str(&thought),
                Event::Asked(more) => calls = more,
                Event::Failed(error, _) => return Err(error),
                Event::Done(ended) => {
                    let message = Delta {
                        role: Some("assistant"),
                        content: Some(&text),
                        tool_calls: asked(&calls, false),
                        reasoning_content: Some(thoughts.as_str()).filter(|thoughts| !thoughts.is_empty()),
                    };
                    let finish_reason = Some(finish_reason(&ended, !calls.is_empty()));
                    let choice = Choice { message: Some(message), finish_reason, ..Choice::default() };
                    let mut whole = self.completion("chat.completion", vec![choice]);
                    whole.usage = Some(usage(&ended));
                    return Ok(envelope::json(StatusCode::OK, &whole));
                }
            }
        }
        Err(ApiError::new(Code::ChatStreamFailed).because("an answer without an end"))
    }
}

fn line(completion: &Completion<'_>) -> String {
    format!("data: {}\n\n", serde_json::to_string(completion).unwrap_or_default())
}
