//! Extracts the decision from a model's text.

use super::plan::{Plan, ValueKind};
use crate::json::{self, Fault, Look};

/// Maximum length of a text in bytes.
const MAX_READ: usize = 1 << 20;

/// The reason why a text has no decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The text has no JSON value.
    Nothing,
    /// A value begins, but is not valid JSON.
    Broken,
    /// A value begins, but does not end.
    Truncated,
    /// There is a value, but it does not fit the structure.
    OffStructure,
    /// The text is too long.
    TooLong,
}

impl Problem {
    /// Returns a description of the problem, for the model.
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

/// Returns the decision in a text without thoughts, as JSON that fits the plan.
///
/// # Errors
/// A [`Problem`] if no value fits.
pub fn read(plan: &Plan, text: &str) -> Result<String, Problem> {
    if text.len() > MAX_READ {
        return Err(Problem::TooLong);
    }
    let look = if plan.wanted() == ValueKind::Array { Look::Lists } else { Look::Objects };
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
