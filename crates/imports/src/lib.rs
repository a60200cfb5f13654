//! Readers of what other programs export: conversations, notes and facts, as a stream of entries.
//!
//! A [`Pack`] is a file, a folder or an archive. Each file in it is recognized by its content, and read as a
//! stream: a bad item costs itself, and nothing is held longer than an item. All texts are data.

mod chat;
mod convert;
mod decode;
pub mod encoding;
mod format;
mod html;
mod json;
pub mod markdown;
mod model;
mod out;
mod pack;
mod read;
mod recognize;
mod table;
pub mod time;
mod tree;

pub use model::{Conversation, Event, Fact, Found, Item, Message, Note, Problem, Reason, Role, Source};
pub use pack::{Limits, Pack};
pub use read::{Options, Reader};
pub use table::{Refusal, Row, Table};

#[cfg(test)]
mod tests;
