//! Figures for whoever watches the server.

/// How busy a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// PostgreSQL: connections of the pool that are open, those that are in use, and the most there may be.
    pub connections: Option<(usize, usize, usize)>,
    /// SQLite: transactions that wait for the writer or are in its hands.
    pub queued_writes: Option<usize>,
}
