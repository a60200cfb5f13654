//! Support for tests: a complete server on either engine, clients and people who call it, mocks of providers,
//! and a temporary PostgreSQL.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[cfg(feature = "server")]
pub mod actor;
#[cfg(feature = "server")]
pub mod clients;
#[cfg(feature = "server")]
pub mod conversations;
#[cfg(feature = "server")]
mod documented;
#[cfg(feature = "server")]
pub mod embedding;
mod engine;
pub mod link;
#[cfg(feature = "server")]
pub mod model;
pub mod postgres;
#[cfg(feature = "server")]
pub mod process;
#[cfg(feature = "server")]
pub mod server;

#[cfg(feature = "server")]
pub use actor::{Actor, App, CALLBACK, CHALLENGE, Person, Response, VERIFIER};
pub use engine::{Engine, Fixture};
#[cfg(feature = "server")]
pub use server::{PASSWORD, START, TestServer, http};
pub use testkit_macros::both_engines;

/// Writes a file for a test, and creates its directories.
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
pub fn write_file(path: impl AsRef<std::path::Path>, content: impl AsRef<[u8]>) {
    let path = path.as_ref();
    let directory = path.parent().expect("a directory");
    std::fs::create_dir_all(directory).expect("the directory can be created");
    std::fs::write(path, content).expect("the file can be written");
}
