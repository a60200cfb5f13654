//! OAuth as in the standards, so that any OAuth library works with this server: the token endpoint (RFC 6749,
//! with PKCE, RFC 7636), revocation (RFC 7009), introspection (RFC 7662), metadata (RFC 8414, RFC 9728) and,
//! if the settings allow it, registration (RFC 7591).
//!
//! This module decides nothing. The endpoints of the Lab API use the same methods and the same tokens.

mod client;
mod error;
mod fields;
#[cfg(test)]
mod fuzz_tests;
mod metadata;
mod model;
mod register;
mod routes;

pub use routes::{PUBLIC, router};
