//! The abilities that scopes give, in one table. Scopes of the two vocabularies are compared by it, never by
//! name. No I/O.

use super::{Scope, ScopeSet};

macro_rules! abilities {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        /// An ability that a scope may give.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Ability { $($(#[$doc])* $name,)* }

        impl Ability {
            /// Every ability.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

abilities! {
    /// Reading the profile.
    ReadProfile;
    /// Changing the profile and the interests, and all that no app may do.
    WriteProfile;
    /// Reading the interests.
    ReadShades;
    /// Reading and searching soft and key memory.
    ReadMemory;
    /// Adding, changing, and deleting key memory.
    WriteMemory;
    /// Adding notes.
    AddNotes;
    /// Listing and searching notes.
    ReadNotes;
    /// Changing and deleting notes.
    WriteNotes;
    /// Chatting with the assistant, and having it decide.
    UseChat;
    /// Reading conversations with the assistant.
    ReadChat;
    /// Speech in the person's voice.
    UseVoice;
    /// Reading the Plaza.
    ReadPlaza;
    /// Posting, commenting, and liking on the Plaza.
    WritePlaza;
    /// Reporting and listing agent memory.
    UseAgentMemory;
    /// Reading avatars, and what visitors did with them.
    ReadAvatars;
    /// Creating, changing, and deleting avatars and their keys.
    WriteAvatars;
    /// Reading the list of friends.
    ReadFriends;
    /// Inviting friends, and answering invitations.
    WriteFriends;
    /// Finding people with public pages.
    Discover;
    /// Calling APIs of the Hub with the person's key, as an agent.
    CallHub;
}

/// A set of abilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities(u32);

impl Abilities {
    /// Every ability.
    pub const ALL: Self = Self::of(Ability::ALL);

    /// Returns a set of the given abilities.
    pub const fn of(abilities: &[Ability]) -> Self {
        let mut bits = 0;
        let mut rest = abilities;
        while let [first, tail @ ..] = rest {
            bits |= 1 << (*first as u32);
            rest = tail;
        }
        Self(bits)
    }

    /// True if there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True if every ability of the other set is in this one.
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Returns the union of two sets.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the intersection of two sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the abilities of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl Scope {
    /// Returns the abilities that a scope gives.
    pub const fn abilities(self) -> Abilities {
        use Ability as A;
        match self {
            Self::UserInfo => Abilities::of(&[A::ReadProfile]),
            Self::UserInfoShades => Abilities::of(&[A::ReadShades]),
            Self::UserInfoV2 => Abilities::of(&[A::ReadProfile, A::ReadShades]),
            Self::UserInfoSoftMemory => Abilities::of(&[A::ReadMemory]),
            Self::MemoryRead => Abilities::of(&[A::ReadMemory, A::ReadNotes]),
            Self::MemoryWrite => Abilities::of(&[A::WriteMemory]),
            Self::NoteAdd => Abilities::of(&[A::AddNotes]),
            Self::NoteWrite => Abilities::of(&[A::AddNotes, A::ReadNotes, A::WriteNotes]),
            Self::Chat => Abilities::of(&[A::UseChat, A::ReadChat]),
            Self::ChatWrite => Abilities::of(&[A::UseChat]),
            Self::ChatRead => Abilities::of(&[A::ReadChat]),
            Self::Voice => Abilities::of(&[A::UseVoice]),
            Self::PlazaRead => Abilities::of(&[A::ReadPlaza]),
            Self::PlazaWrite => Abilities::of(&[A::WritePlaza]),
            Self::AgentMemory => Abilities::of(&[A::UseAgentMemory]),
            Self::AvatarRead => Abilities::of(&[A::ReadAvatars]),
            Self::AvatarWrite => Abilities::of(&[A::WriteAvatars]),
            Self::FriendRead => Abilities::of(&[A::ReadFriends]),
            Self::FriendWrite => Abilities::of(&[A::WriteFriends]),
            Self::Discover => Abilities::of(&[A::Discover]),
            Self::HubCall => Abilities::of(&[A::CallHub]),
            Self::Everything => Abilities::ALL,
        }
    }
}

impl ScopeSet {
    /// Returns the scopes that give an ability.
    pub const fn opening(ability: Ability) -> Self {
        let wanted = Abilities::of(&[ability]);
        let mut set = Self::EMPTY;
        let mut rest = Scope::ALL;
        while let [first, tail @ ..] = rest {
            if first.abilities().covers(wanted) {
                set = set.or(Self::of(&[*first]));
            }
            rest = tail;
        }
        set
    }

    /// Returns the abilities that the scopes of the set give together.
    pub fn abilities(self) -> Abilities {
        self.iter().fold(Abilities::of(&[]), |all, scope| all.or(scope.abilities()))
    }

    /// Narrows the set to the abilities that another set gives, in either vocabulary.
    ///
    /// A scope whose abilities are all allowed stays. Another scope is replaced by the widest scopes for the
    /// allowed part of its abilities: `userinfo` within `user.info` is `user.info`.
    #[must_use]
    pub fn within(self, allowed: Self) -> Self {
        if allowed.covers(self) { self } else { self.with(allowed.abilities()) }
    }

    /// Narrows the set to these abilities, as [`ScopeSet::within`] does.
    #[must_use]
    pub fn with(self, allowed: Abilities) -> Self {
        self.iter().fold(Self::EMPTY, |all, scope| all.or(narrowed(scope, allowed)))
    }
}

/// Returns a scope if its abilities are all allowed, else the widest scopes for the part that is allowed.
fn narrowed(scope: Scope, allowed: Abilities) -> ScopeSet {
    if allowed.covers(scope.abilities()) {
        return ScopeSet::of(&[scope]);
    }
    let part = scope.abilities().and(allowed);
    let fits = |scope: &Scope| part.covers(scope.abilities());
    let is_wider = |other: Abilities, than: Abilities| other != than && other.covers(than);
    let mut set = ScopeSet::EMPTY;
    for scope in Scope::ALL.iter().copied().filter(fits) {
        let mut others = Scope::ALL.iter().filter(|other| fits(other));
        if !others.any(|other| is_wider(other.abilities(), scope.abilities())) {
            set.insert(scope);
        }
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(list: &str) -> ScopeSet {
        ScopeSet::parse_list(list).unwrap()
    }

    #[test]
    fn scopes_are_narrowed_across_vocabularies() {
        let new = "userinfo memory.read note.write chat.read chat.write";
        let old = "user.info user.info.shades user.info.softmemory note.add chat";
        for (asked, allowed, expected) in [
            ("user.info user.info.shades chat", new, "user.info user.info.shades chat"),
            (
                "user.info,chat,user.info.softmemory,note.add",
                new,
                "user.info chat user.info.softmemory note.add",
            ),
            ("userinfo chat.write chat.read", old, "userinfo chat.write chat.read"),
            // Scopes that are allowed in part are narrowed.
            ("userinfo", "user.info", "user.info"),
            ("userinfo", "user.info.shades chat", "user.info.shades"),
            ("memory.read", old, "user.info.softmemory"),
            ("note.write", old, "note.add"),
            ("chat", "chat.read", "chat.read"),
            ("memory.read", "note.write", ""),
            ("voice", old, ""),
            ("user.info voice", "userinfo", "user.info"),
        ] {
            assert_eq!(set(asked).within(set(allowed)), set(expected), "{asked} within {allowed}");
        }
    }

    #[test]
    fn every_ability_has_a_scope() {
        for ability in Ability::ALL {
            let opening = ScopeSet::opening(*ability);
            assert!(opening.contains(Scope::Everything), "{ability:?}");
            let is_for_the_person_alone = *ability == Ability::WriteProfile;
            assert_eq!(opening == ScopeSet::of(&[Scope::Everything]), is_for_the_person_alone, "{ability:?}");
        }
        assert!(Ability::ALL.len() <= 32 && !Scope::ALL.iter().any(|scope| scope.abilities().is_empty()));
    }

    fn any_set() -> impl Strategy<Value = ScopeSet> {
        proptest::collection::vec(0..Scope::ALL.len(), 0..6)
            .prop_map(|list| ScopeSet::of(&list.iter().map(|at| Scope::ALL[*at]).collect::<Vec<_>>()))
    }

    proptest! {
        #[test]
        fn granted_abilities_are_registered_and_requested(asked in any_set(), registered in any_set()) {
            let granted = asked.within(registered);
            prop_assert!(registered.abilities().covers(granted.abilities()));
            prop_assert!(asked.abilities().covers(granted.abilities()));
            // Wholly allowed scopes stay, and no scope within the allowed part is lost.
            for scope in asked.iter() {
                if registered.abilities().covers(scope.abilities()) {
                    prop_assert!(granted.contains(scope));
                }
                let part = scope.abilities().and(registered.abilities());
                for other in Scope::ALL.iter().filter(|other| part.covers(other.abilities())) {
                    prop_assert!(granted.abilities().covers(other.abilities()));
                }
            }
        }

        #[test]
        fn narrowing_is_idempotent(asked in any_set(), one in any_set(), other in any_set()) {
            let granted = asked.within(one);
            prop_assert_eq!(granted.within(one), granted);
            prop_assert_eq!(granted.within(asked), granted);
            prop_assert!(other.abilities().covers(granted.within(other).abilities()));
        }

        #[test]
        fn opening_scopes_are_those_that_give_the_ability(
            which in 0..Ability::ALL.len(), scopes in any_set(),
        ) {
            let ability = Ability::ALL[which];
            let gives = scopes.abilities().covers(Abilities::of(&[ability]));
            prop_assert_eq!(scopes.intersects(ScopeSet::opening(ability)), gives);
        }
    }
}
