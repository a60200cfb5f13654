//! What is recalled.

use store::Timestamp;

/// For whom something is recalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The person themself: everything they have.
    Owner,
    /// An app or another person: the profile, the public side of shades, and public key memories; no notes.
    Other,
}

/// What kind of thing was recalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The profile; its id is the account's.
    Profile,
    /// A shade (interest).
    Shade,
    /// A key memory (fact).
    KeyMemory,
    /// A passage of a note; several of one note have the same id.
    Note,
}

/// One thing recalled. `kind` and `id` say where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Recalled {
    /// What it is.
    pub kind: Kind,
    /// The id of the row it was taken from.
    pub id: i64,
    /// What to know, ready to be shown to a model; of a long text the passage that fits best.
    pub text: String,
    /// When it was noted; of the profile when it was recalled.
    pub time: Timestamp,
    /// How much it has to do with what was asked; 0 for what is worth knowing anyway.
    pub score: f64,
    /// About how many tokens its text has.
    pub tokens: usize,
}

/// What the double should know before it answers, in the order of importance.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recall {
    /// The profile, then what was found, the best first, then what is worth knowing anyway.
    pub items: Vec<Recalled>,
    /// About how many tokens all texts have together; never more than the budget.
    pub tokens: usize,
}
