//! Act: a decision as JSON, in the structure that `actionControl` states (contract §7).
//!
//! Bytes that went out cannot be taken back, so nothing is sent before the model has ended: then [`read`] finds the one
//! JSON value that it means and that [fits](Plan::accept) what was asked for. Nothing else is ever sent.

pub mod control;
mod plan;
mod read;
mod shape;
mod template;

pub use plan::Plan;
pub use read::{Problem, read};
pub use shape::{Field, Shape};

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod fuzz_tests;
