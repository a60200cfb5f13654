//! What is recalled.

use identity::{
    Caller,
    scope::{Permission, ReadMemory, ReadNotes, ReadShades, ReadUserInfo, WriteProfile},
};
use store::Timestamp;

/// Which entries of a kind may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// None.
    Nothing,
    /// Public entries, and the public side of entries that have two.
    Public,
    /// All entries.
    All,
}

/// Permissions of whoever a recall is for. The endpoints that list memories use the same rule, so nobody reads more
/// through the double than directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Whether the name and the profile may be read.
    pub profile: bool,
    /// Shades.
    pub shades: Access,
    /// Key memories.
    pub memories: Access,
    /// Whether notes and the pages they link to may be read.
    pub notes: bool,
}

impl Reader {
    /// The person themself.
    pub const OWNER: Self = Self { profile: true, shades: Access::All, memories: Access::All, notes: true };
    /// Another person, or an application with every scope: the profile and what is public.
    pub const PUBLIC: Self =
        Self { profile: true, shades: Access::Public, memories: Access::Public, notes: false };
    /// Nothing.
    pub const NOBODY: Self =
        Self { profile: false, shades: Access::Nothing, memories: Access::Nothing, notes: false };

    /// Permissions of a credential. An application never gets private entries or notes through the double.
    pub fn of(caller: &Caller) -> Self {
        let is_app = caller.application().is_some();
        let most = if is_app { Self::PUBLIC } else { Self::OWNER };
        let shades = match (caller.check::<WriteProfile>().is_ok(), caller.check::<ReadShades>().is_ok()) {
            (true, _) => Access::All,
            (false, true) => Access::Public,
            (false, false) => Access::Nothing,
        };
        let memories = if caller.check::<ReadMemory>().is_ok() { Access::All } else { Access::Nothing };
        Self {
            profile: caller.check::<ReadUserInfo>().is_ok(),
            shades: shades.min(most.shades),
            memories: memories.min(most.memories),
            notes: caller.check::<ReadNotes>().is_ok() && most.notes,
        }
    }

    /// The scope (by its older name) that `self` lacks to read everything that `other` may read, if any.
    pub fn lacks(self, other: Self) -> Option<&'static str> {
        let missing = [
            (other.profile && !self.profile, ReadUserInfo::OLD_NAME),
            (other.shades > self.shades && self.shades == Access::Nothing, ReadShades::OLD_NAME),
            (other.shades > self.shades, WriteProfile::OLD_NAME),
            (other.memories > self.memories, ReadMemory::OLD_NAME),
            (other.notes && !self.notes, ReadNotes::OLD_NAME),
        ];
        missing.into_iter().find(|(is_missing, _)| *is_missing).map(|(_, name)| name)
    }
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
