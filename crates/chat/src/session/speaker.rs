//! The author of a message, and the rights that bound the content of prompts.

use identity::{
    Caller, Credential,
    scope::{Scope, WriteMemory},
};
use memory::recall::{Access, Kind, Reader, Recall};
use store::AccountId;

use super::Session;

/// The author of a message: a person, and the app that acts in their name, if any.
#[derive(Debug, Clone)]
pub struct Speaker {
    /// The person's account.
    pub account: AccountId,
    /// The app's id; empty for the person and their own programs.
    pub client: String,
    /// The client that usage is counted under.
    pub counted: String,
    /// True if facts in messages may become memories: for the person, and for their keys that may write
    /// memories.
    pub may_teach: bool,
    /// The data that a prompt may contain and that `sent` may show: what the credential may read directly.
    pub rights: Rights,
}

impl Speaker {
    /// Returns the person as signed in on a page.
    pub fn person(account: AccountId) -> Self {
        let counted = "session".to_owned();
        Self { account, client: String::new(), counted, may_teach: true, rights: Rights::OWNER }
    }

    /// Returns the speaker that a caller is.
    pub fn of(caller: &Caller) -> Self {
        let (client, counted) = match caller.credential() {
            Credential::Session { .. } => (String::new(), "session".to_owned()),
            Credential::ApiKey { id, .. } => (String::new(), format!("key:{id}")),
            Credential::Program { id } => (String::new(), format!("program:{id}")),
            Credential::Token { application, .. } => (application.clone(), format!("app:{application}")),
        };
        let may_teach = caller.application().is_none() && caller.check::<WriteMemory>().is_ok();
        Self { account: caller.account(), client, counted, may_teach, rights: Rights::of(caller) }
    }

    /// Returns true if the speaker may see a session. An app sees the sessions it began; the person sees
    /// all of theirs.
    pub(super) fn may_see(&self, session: &Session) -> bool {
        self.client.is_empty() || session.client == self.client
    }
}

/// The kinds of data that a prompt may contain, or that a stored prompt contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// Access to profile, interests, memories, and notes.
    pub reader: Reader,
    /// True for results of the assistant's tools: the person, their programs, and keys with `*` have this
    /// right.
    pub tools: bool,
}

impl Rights {
    /// All rights, for the person.
    pub const OWNER: Self = Self { reader: Reader::OWNER, tools: true };

    /// Returns the rights of a credential.
    pub fn of(caller: &Caller) -> Self {
        Self { reader: Reader::of(caller), tools: caller.has_full_access() }
    }

    /// Returns the scope (by its older name) that `self` lacks to see all data of `other`, if any.
    pub fn lacks(self, other: Self) -> Option<&'static str> {
        let no_tools = (other.tools && !self.tools).then_some(Scope::Everything.name());
        self.reader.lacks(other.reader).or(no_tools)
    }
}

/// The rights that a reader of a stored prompt needs. Stored as one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Needs(pub(crate) Rights);

/// All rights: prompts stored before these were recorded may contain anything.
impl Default for Needs {
    fn default() -> Self {
        Self(Rights::OWNER)
    }
}

impl Needs {
    /// Returns the needs of a prompt that was made with `rights`, from what was in fact recalled for it.
    pub(crate) fn of(rights: Rights, recall: &Recall, has_name: bool, has_results: bool) -> Self {
        let has = |kind: Kind| recall.items.iter().any(|item| item.source.kind() == kind);
        let part = |kind: Kind, access: Access| if has(kind) { access } else { Access::Nothing };
        let reader = Reader {
            profile: has_name || has(Kind::Profile),
            shades: part(Kind::Shade, rights.reader.shades),
            memories: part(Kind::KeyMemory, rights.reader.memories),
            notes: has(Kind::Note),
        };
        Self(Rights { reader, tools: has_results })
    }

    pub(crate) fn to_bits(self) -> i64 {
        let Rights { reader, tools } = self.0;
        i64::from(reader.profile)
            | level(reader.shades) << 1
            | level(reader.memories) << 3
            | i64::from(reader.notes) << 5
            | i64::from(tools) << 6
    }

    fn from_bits(bits: i64) -> Self {
        let is = |bit: u32| bits >> bit & 1 == 1;
        let access = |bit: u32| match bits >> bit & 3 {
            0 => Access::Nothing,
            1 => Access::Public,
            _ => Access::All,
        };
        let reader = Reader { profile: is(0), shades: access(1), memories: access(3), notes: is(5) };
        Self(Rights { reader, tools: is(6) })
    }
}

const fn level(access: Access) -> i64 {
    match access {
        Access::Nothing => 0,
        Access::Public => 1,
        Access::All => 2,
    }
}

impl store::Column for Needs {
    const EXPECTED: &'static str = "bits of rights";

    fn from_value(value: store::Param<'_>) -> Option<Self> {
        match value {
            store::Param::Int(bits) => Some(Self::from_bits(bits)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rights(profile: bool, shades: u8, memories: u8, notes: bool, tools: bool) -> Rights {
        let access = [Access::Nothing, Access::Public, Access::All];
        let (shades, memories) = (access[usize::from(shades)], access[usize::from(memories)]);
        Rights { reader: Reader { profile, shades, memories, notes }, tools }
    }

    #[test]
    fn a_row_without_a_note_needs_everything() {
        assert_eq!(Needs::default().to_bits(), 117, "the default of the column chat_sent.needs");
    }

    proptest! {
        #[test]
        fn needs_survive_being_stored(
            profile: bool, shades in 0_u8..3, memories in 0_u8..3, notes: bool, tools: bool,
        ) {
            let needs = Needs(rights(profile, shades, memories, notes, tools));
            prop_assert_eq!(Needs::from_bits(needs.to_bits()), needs);
            prop_assert_eq!(Rights::OWNER.lacks(needs.0), None);
            let nothing = Rights { reader: Reader::NOBODY, tools: false };
            prop_assert_eq!(nothing.lacks(needs.0).is_none(), needs.0 == nothing);
        }
    }
}
