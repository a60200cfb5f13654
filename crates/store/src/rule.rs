//! Rules between rows that the schema cannot express.

/// A rule that the rows of a database must obey.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// A description of the rows that break it, as a plural after a number: "posts that count fewer comments
    /// than they have".
    pub broken: &'static str,
    /// A statement that returns one number: how many rows break the rule.
    pub sql: &'static str,
}
