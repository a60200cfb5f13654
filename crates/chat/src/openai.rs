//! The double behind OpenAI's protocol, so that any chat client can talk to it: `/v1/chat/completions`, `/v1/models`.

mod model;
pub(crate) mod routes;
mod rules;
