//! Act: decisions as JSON, in the structure that a request's `actionControl` describes.
//!
//! Bytes that were sent cannot be taken back, so nothing is sent before the model has finished. Then
//! [`read`] picks the one JSON value that the model means and that [fits](Plan::accept) the request.
//! Nothing else is ever sent.

pub mod control;
mod plan;
mod read;
mod shape;
mod template;
mod words;

pub use plan::Plan;
pub use read::{Problem, read};
pub use shape::{Field, Shape};

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod fuzz_tests;
