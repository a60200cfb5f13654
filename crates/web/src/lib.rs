//! The HTTP boundary: what a server does with every request and response, whatever their subject.
//!
//! This crate knows wire formats (the success and error envelopes of the Lab API), limits, languages, client
//! addresses, and how to listen. It knows no accounts, memories, or other subjects. The crates that do know
//! them call this one, never the other way around.

pub mod address;
pub mod asset;
mod body;
pub mod boundary;
pub mod csv;
pub mod envelope;
pub mod error;
pub mod extract;
#[cfg(test)]
mod fuzz_tests;
pub mod host;
pub mod in_flight;
pub mod issues;
pub mod language;
pub mod names;
pub mod paging;
pub mod redact;
pub mod server;
pub mod strict;
pub mod tasks;
pub mod turns;

pub use address::{ClientAddress, Peer, current_client};
pub use boundary::RequestId;
pub use envelope::{Data, Envelope, Nothing};
pub use error::{ApiError, Code};
pub use extract::{Form, Json, Query, id_in};
pub use issues::Issues;
pub use language::Language;
pub use tasks::Tasks;
pub use turns::{Places, Queue, Turns};

/// The result of a handler: data in the success envelope, or an error for the error envelope.
pub type ApiResult<T> = Result<Data<T>, ApiError>;
