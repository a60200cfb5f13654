//! The types of ids.

use search::EntryId;

store::id! {
    /// The id of a key memory.
    MemoryId;
    /// The id of a link of a key memory.
    LinkId;
    /// The id of an entry of the trash.
    TrashId;
    /// The id of an entry of the review inbox.
    ReviewId;
    /// The id of a rule of what is never kept.
    RuleId;
    /// The id of a message in a conversation with the assistant, which a fact may come from.
    MessageId;
    /// The id of a note.
    NoteId;
    /// The id of an interest (shade).
    ShadeId;
    /// The id of an event of an agent.
    EventId;
}

impl From<MemoryId> for EntryId {
    fn from(id: MemoryId) -> Self {
        Self(id.0)
    }
}

impl From<NoteId> for EntryId {
    fn from(id: NoteId) -> Self {
        Self(id.0)
    }
}
