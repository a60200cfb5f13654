//! Doppel's server as a library: the binary is its command line, and tests start it in their own process.

pub mod cli;
pub mod config;
mod demo;
pub mod import;
mod logging;
mod metrics;
mod older;
mod openapi;
mod otlp;
mod permissions;
mod reference;
mod router;
pub mod server;
mod tools;

/// Converts an API error to an error for the operator.
fn describe(error: &web::ApiError) -> anyhow::Error {
    anyhow::anyhow!("{}", error.cause().map_or_else(|| error.message(web::Language::En), str::to_owned))
}
