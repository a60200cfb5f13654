//! The kinds of transactions.

/// The kind of work that a transaction or a statement may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}
