//! The OpenAI-compatible API, so that any chat client can talk to the assistant: `/v1/chat/completions`,
//! `/v1/models`.

mod model;
mod params;
mod parts;
pub(crate) mod routes;
mod rules;

pub(crate) use params::Wanted;
