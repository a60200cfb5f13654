//! What rows must say of each other, beyond what the schema can demand.

/// A rule that the rows of a database must obey.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What breaks it, as a plural after a number: "posts that count fewer comments than they have".
    pub broken: &'static str,
    /// A statement whose one row has one number: how many rows break it.
    pub sql: &'static str,
}
