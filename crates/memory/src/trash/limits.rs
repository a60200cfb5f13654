//! Limits of the trash.

/// Number of days for which an entry stays in the trash.
pub const DAYS: i64 = 30;
/// Maximum number of entries in the trash of an account. The earliest deleted ones make room.
pub const MAX_ENTRIES: i64 = 2000;
/// Maximum number of bytes in the trash of an account, in the same way. An entry that is larger alone stays.
pub(crate) const MAX_BYTES: i64 = 64 << 20;
/// Maximum number of entries that are deleted or brought back at once.
pub const MAX_AT_ONCE: usize = 200;
/// Number of characters that the list shows.
pub(crate) const SHOWN: usize = 200;
