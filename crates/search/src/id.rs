//! The type of the ids of entries.

store::id! {
    /// The id of a row that is in an index, whatever kind of row it is.
    EntryId;
}
