//! One database interface over SQLite and PostgreSQL.
//!
//! Every other crate writes one SQL text per query, in a dialect that both engines understand, and never
//! learns which engine runs it:
//!
//! * placeholders are `$1`, `$2`, …, in any order and as often as wanted;
//! * the types are `BIGINT`, `TEXT`, `DOUBLE PRECISION` and `BLOB`; a truth value is a `BIGINT` of 0 or 1;
//! * ids and times are made in Rust, by [`Ids`] and [`Clock`];
//! * `ON CONFLICT`, `RETURNING`, window functions, partial indexes and row values work on both.
//!
//! Reads go through [`Database::fetch_optional`] and its siblings, writes through [`Database::execute`] or,
//! for several statements that belong together, [`Database::write`]. A write that has returned is on the
//! disk.

mod access;
mod backoff;
mod batch;
mod clock;
mod config;
mod database;
pub mod durable;
mod error;
mod fetch;
mod health;
mod id;
mod ids;
mod in_list;
mod job;
mod load;
mod migrate;
mod migrations;
mod newest;
mod node;
mod notice;
mod param;
mod person;
mod postgres;
mod random;
mod recent;
mod relocate;
mod row;
mod rule;
mod schema;
mod seal;
mod secret;
mod sql;
mod sqlite;
mod tx;
mod zone;

pub use backoff::Backoff;
pub use batch::{Batch, BatchPart, BatchWriter, Flushed};
pub use clock::{Clock, Timestamp};
pub use config::{DatabaseConfig, Location};
pub use database::Database;
pub use error::{Error, Result};
pub use futures::future::BoxFuture;
pub use id::AccountId;
pub use ids::Ids;
pub use in_list::InList;
pub use load::Load;
#[doc(hidden)]
pub use migrations::ALL as MIGRATIONS;
pub use migrations::{Migration, Then};
pub use notice::{Follower, Notice, NoticeEvent, RESYNC};
pub use param::{OwnedParam, Param};
pub use person::{on_behalf_of, person};
pub use random::Random;
pub use recent::{Epoch, TtlCache};
pub use relocate::{Progress, Relocated};
pub use row::{Column, FromRow, Row};
pub use rule::Rule;
pub use seal::{SealError, SealSettings, Sealer, check_key};
pub use secret::{HIDDEN, SecretText};
#[doc(hidden)]
pub use serde;
pub use tx::Tx;
pub use zone::{MAX_ZONE, Zone, date_of_day, day_of_date};
