//! The OpenAI-compatible API, so that any chat client can talk to the assistant: `/v1/chat/completions`,
//! `/v1/responses`, `/v1/embeddings`, `/v1/models`.

mod embeddings;
mod model;
mod params;
mod parts;
mod responses;
pub(crate) mod routes;
mod rules;

pub(crate) use params::ReplyParams;
