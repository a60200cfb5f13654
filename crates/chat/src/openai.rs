//! The double behind OpenAI's protocol, so that any chat client can talk to it: `/v1/chat/completions`, `/v1/models`.

mod model;
mod params;
mod parts;
pub(crate) mod routes;
mod rules;

pub(crate) use params::Wanted;
