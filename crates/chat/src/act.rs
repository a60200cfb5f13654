//! Act: a decision as JSON, in the structure that `actionControl` states (contract §7).
//!
//! Bytes that went out cannot be taken back, so a [`Gate`] holds the model's words until they hold one complete JSON
//! value that [fits](Plan::accept) what was asked for. Nothing else ever comes out of it.

pub mod control;
mod gate;
mod plan;
mod shape;
mod template;

pub use gate::{Gate, Held, Problem};
pub use plan::Plan;
pub use shape::{Field, Shape};

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod fuzz_tests;
