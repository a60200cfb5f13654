//! The HTTP boundary: everything about a request or an answer that does not depend on what it is about.
//!
//! It knows wire formats (the success and error envelopes of the Lab API), limits, languages, client
//! addresses and how to listen. It must not know accounts, memories or any other subject; the rooms that
//! do call it, never the other way round.

pub mod address;
pub mod archive;
pub mod asset;
pub mod boundary;
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
pub mod outgoing;
pub mod paging;
pub mod redact;
pub mod server;
pub mod strict;
pub mod tasks;
pub mod turns;

pub use address::{ClientAddress, Peer};
pub use archive::Archive;
pub use boundary::RequestId;
pub use envelope::{Data, Envelope, Nothing};
pub use error::{ApiError, Code};
pub use extract::{Form, Json, Query};
pub use issues::Issues;
pub use language::Language;
pub use outgoing::Outgoing;
pub use tasks::Tasks;
pub use turns::{Places, Queue, Turns};

/// What a handler returns: data in the success envelope, or an error for the error envelope.
pub type Answer<T> = Result<Data<T>, ApiError>;
