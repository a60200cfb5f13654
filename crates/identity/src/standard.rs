//! The same grants in the form of the standards, so that any OAuth2 library works with this server unchanged: the
//! token endpoint (RFC 6749 with PKCE, RFC 7636), revocation (7009), introspection (7662), metadata (8414, 9728) and,
//! where the owner allows it, registration (7591).
//!
//! Nothing is decided here: the Lab's own endpoints stand on the same methods and the same tokens.

mod client;
mod error;
#[cfg(test)]
mod fuzz_tests;
mod metadata;
mod model;
mod register;
mod routes;

pub use routes::{PUBLIC, router};
