//! Recalled items, and the permissions of their reader.

use identity::{
    Caller,
    scope::{Permission, ReadMemory, ReadNotes, ReadShades, ReadUserInfo, WriteProfile},
};
use store::{AccountId, Timestamp, Zone};

use crate::{MemoryId, NoteId, ShadeId};

/// The entries of a kind that may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// None.
    Nothing,
    /// Public entries, and the public side of entries that have two.
    Public,
    /// All entries.
    All,
}

/// The permissions of the reader that a recall is for. The endpoints that list memories use the same rule, so
/// nobody reads more through the assistant than directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// True if the name and the profile may be read.
    pub profile: bool,
    /// The interests that may be read.
    pub shades: Access,
    /// The key memories that may be read.
    pub memories: Access,
    /// True if notes, and the pages they link to, may be read.
    pub notes: bool,
}

impl Reader {
    /// The person themself.
    pub const OWNER: Self = Self { profile: true, shades: Access::All, memories: Access::All, notes: true };
    /// Another person, or an app with every scope: the profile and what is public.
    pub const PUBLIC: Self =
        Self { profile: true, shades: Access::Public, memories: Access::Public, notes: false };
    /// Nothing.
    pub const NOBODY: Self =
        Self { profile: false, shades: Access::Nothing, memories: Access::Nothing, notes: false };

    /// Returns the permissions of a credential. An app never gets private entries or notes through the
    /// assistant.
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

    /// Returns the scope (by its older name) that `self` lacks to read everything that `other` may read, if
    /// there is one.
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

/// The row that a recalled item was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The profile of an account.
    Profile(AccountId),
    /// An interest (shade).
    Shade(ShadeId),
    /// A key memory (fact).
    KeyMemory(MemoryId),
    /// A note; several of its passages may be recalled.
    Note(NoteId),
}

impl Source {
    /// Returns the kind of the row.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Profile(_) => Kind::Profile,
            Self::Shade(_) => Kind::Shade,
            Self::KeyMemory(_) => Kind::KeyMemory,
            Self::Note(_) => Kind::Note,
        }
    }

    /// Returns the id of the row as a number, which is unique only among rows of its kind.
    pub const fn number(self) -> i64 {
        match self {
            Self::Profile(id) => id.0,
            Self::Shade(id) => id.0,
            Self::KeyMemory(id) => id.0,
            Self::Note(id) => id.0,
        }
    }
}

/// The kind of a recalled item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The profile.
    Profile,
    /// An interest (shade).
    Shade,
    /// A key memory (fact).
    KeyMemory,
    /// A passage of a note.
    Note,
}

/// A recalled item.
#[derive(Debug, Clone, PartialEq)]
pub struct Recalled {
    /// The row that it was taken from.
    pub source: Source,
    /// The text, ready to be shown to a model. It is the most relevant passage of a long text.
    pub text: String,
    /// The time at which it was noted. For the profile and interests it is the time of the recall.
    pub time: Timestamp,
    /// The time until which a key memory held, if it no longer does.
    pub until: Option<Timestamp>,
    /// The relevance score; 0 for items that are included anyway.
    pub score: f64,
    /// The approximate number of tokens of its text.
    pub tokens: usize,
}

/// The items that the assistant should know before it responds, most important first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recall {
    /// The profile, then the interests, then the hits, best first, then the newest key memories.
    pub items: Vec<Recalled>,
    /// The approximate number of tokens of all texts together, at most the budget.
    pub tokens: usize,
    /// The time zone of the person, if the reader may read the profile.
    pub zone: Option<Zone>,
}
