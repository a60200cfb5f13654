//! Load figures for monitoring.

/// The load of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// PostgreSQL: the number of open connections of the pool, of those in use, and the maximum.
    pub connections: Option<(usize, usize, usize)>,
    /// SQLite: the number of transactions that are queued or running.
    pub queued_writes: Option<usize>,
}
