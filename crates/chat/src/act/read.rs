//! Reads the decision in what a model wrote.

use super::plan::{Plan, Wanted};
use crate::json::{self, Fault, Look};

/// Longest text that is read, in bytes.
const MAX_READ: usize = 1 << 20;

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// No JSON value began.
    Nothing,
    /// A value began and is not JSON.
    Broken,
    /// A value began and never ended.
    Truncated,
    /// There is a value, and it does not fit the structure.
    OffStructure,
    /// The text is too long.
    TooLong,
}

impl Problem {
    /// The error in words, sent to the model with the repair question.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "the answer held no JSON value",
            Self::Broken => "the answer was not valid JSON",
            Self::Truncated => "the JSON value was cut off",
            Self::OffStructure => "the JSON value does not have the stated structure",
            Self::TooLong => "the answer was too long",
        }
    }
}

/// The decision in an answer without its thoughts, as JSON of the structure that the plan states.
///
/// # Errors
/// [`Problem`] where no value fits.
pub fn read(plan: &Plan, text: &str) -> Result<String, Problem> {
    if text.len() > MAX_READ {
        return Err(Problem::TooLong);
    }
    let look = if plan.wanted() == Wanted::Array { Look::Lists } else { Look::Objects };
    let scan = json::scan(text, look);
    let decided = json::decided(&scan, |found| {
        let raw = found.raw.map_or_else(|| found.value.to_string(), str::to_owned);
        plan.accept(&found.value, raw)
    });
    decided.ok_or(match (scan.found.is_empty(), scan.fault) {
        (_, Some(Fault::Truncated)) => Problem::Truncated,
        (false, _) => Problem::OffStructure,
        (true, Some(Fault::Broken)) => Problem::Broken,
        (true, None) => Problem::Nothing,
    })
}
