//! Doppel's server as a library: the binary is its command line, and tests start it in their own process.

pub mod cli;
pub mod config;
mod demo;
mod logging;
mod metrics;
mod openapi;
mod reference;
mod router;
pub mod server;
