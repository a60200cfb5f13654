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
pub mod link;
#[cfg(feature = "server")]
pub mod model;
pub mod postgres;
#[cfg(feature = "server")]
pub mod process;
#[cfg(feature = "server")]
pub mod server;

#[cfg(feature = "server")]
pub use actor::{Actor, Answer, App, CALLBACK, CHALLENGE, Person, VERIFIER};
#[cfg(feature = "server")]
pub use server::{Engine, PASSWORD, START, TestServer, http};

/// Writes a file for a test, and creates its directories.
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
pub fn write_file(path: impl AsRef<std::path::Path>, content: impl AsRef<[u8]>) {
    let path = path.as_ref();
    let directory = path.parent().expect("a directory");
    std::fs::create_dir_all(directory).expect("the directory can be created");
    std::fs::write(path, content).expect("the file can be written");
}

#[cfg(feature = "server")]
/// Turns each body into a test on SQLite and a test on PostgreSQL.
///
/// ```text
/// both_engines! {
///     async fn a_key_opens_the_door(server) { … }
///     async fn with_other_settings(server: "accounts.max_keys = 2") { … }
/// }
/// ```
#[macro_export]
macro_rules! both_engines {
    ($($(#[$attribute:meta])* async fn $name:ident($server:ident $(: $lines:expr)?) $body:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body(engine: $crate::Engine) {
                #[allow(unused_mut, unused_variables)]
                let mut $server = $crate::TestServer::configured(engine, concat!("", $($lines)?)).await;
                $body
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                Box::pin(body($crate::Engine::Sqlite)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                Box::pin(body($crate::Engine::Postgres)).await;
            }
        }
    )*};
}
