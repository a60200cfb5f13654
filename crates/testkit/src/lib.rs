//! For tests only: what many crates' tests need to stand on.

pub mod postgres;
