//! Scopes, in both vocabularies of the SecondMe API, and the permissions that they give.

mod ability;

use std::fmt;

pub use ability::{Abilities, Ability};
use web::{Code, Language};

macro_rules! scopes {
    ($($name:ident = $text:literal $zh:literal $en:literal;)*) => {
        /// A scope, in the vocabulary in which it was granted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope { $(#[doc = $en] $name,)* }

        impl Scope {
            /// Every scope, in the order in which scopes are shown.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns a description for the person who grants the scope.
            pub const fn meaning(self, language: Language) -> &'static str {
                match (self, language) {
                    $(
                        (Self::$name, Language::Zh) => $zh,
                        (Self::$name, Language::En) => $en,
                    )*
                }
            }
        }
    };
}

scopes! {
    UserInfo = "user.info"
        "用户基础信息：姓名、邮箱、头像、简介、自我介绍"
        "Basic profile: name, e-mail, avatar, bio and self-introduction";
    UserInfoShades = "user.info.shades" "用户兴趣标签" "Interests (shades)";
    UserInfoSoftMemory = "user.info.softmemory"
        "软记忆：公开的记忆条目"
        "Soft memory: entries of the memory that are public";
    NoteAdd = "note.add" "添加笔记和记忆" "Adding notes and memories";
    Chat = "chat" "聊天与结构化动作判断，以及会话记录" "Chat and structured decisions, and past sessions";
    Voice = "voice" "语音合成" "Speech in the person's voice";
    UserInfoV2 = "userinfo" "用户基础信息与兴趣标签" "Basic profile and interests";
    MemoryRead = "memory.read" "读取和搜索记忆" "Reading and searching the memory";
    MemoryWrite = "memory.write" "添加、修改和删除记忆" "Adding, changing and deleting memories";
    ChatRead = "chat.read" "读取会话记录" "Reading past chat sessions";
    ChatWrite = "chat.write" "聊天与结构化动作判断" "Chat and structured decisions";
    NoteWrite = "note.write" "添加和管理笔记" "Adding and managing notes";
    PlazaRead = "plaza.read" "浏览广场：帖子、评论、动态" "Reading the Plaza: posts, comments and the feed";
    PlazaWrite = "plaza.write" "在广场发帖和评论" "Posting and commenting on the Plaza";
    AgentMemory = "agent_memory" "写入和列出智能体记忆" "Writing and listing agent memory";
    AvatarRead = "avatar.read" "查看分身形象及其访客统计" "Reading avatars and what their visitors did";
    AvatarWrite = "avatar.write"
        "创建和管理分身形象及其访问密钥"
        "Creating and managing avatars and their keys";
    FriendRead = "friend.read" "查看好友" "Reading the list of friends";
    FriendWrite = "friend.write" "邀请好友、回应邀请" "Inviting friends and answering invitations";
    Discover = "discover" "发现公开主页的人" "Finding people with public pages";
    HubCall = "hub.call" "以你的名义调用 Hub 的 API" "Calling APIs of the Hub in the person's name";
    Everything = "*" "全部权限" "Everything";
}

impl Scope {
    /// Returns the scope with a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.name() == name)
    }

    /// True if an app may request the scope. [`Scope::Everything`] is for API keys only. What an app may do
    /// with [`Scope::MemoryWrite`] depends on the resource (`Audience::limit`).
    pub const fn is_for_apps(self) -> bool {
        !matches!(self, Self::Everything)
    }

    /// True if the person cannot deny the scope to an app that requests it, because the app must learn who
    /// signed in.
    pub const fn is_needed(self) -> bool {
        matches!(self, Self::UserInfo | Self::UserInfoV2)
    }

    /// True if the scope lets an app add, change, or delete something, or act in the person's name.
    pub const fn may_change(self) -> bool {
        use Ability as A;
        let changing = Abilities::of(&[
            A::WriteProfile,
            A::WriteMemory,
            A::AddNotes,
            A::WriteNotes,
            A::UseChat,
            A::UseVoice,
            A::WritePlaza,
            A::UseAgentMemory,
            A::WriteAvatars,
            A::WriteFriends,
            A::CallHub,
        ]);
        !self.abilities().without(Abilities::ALL.without(changing)).is_empty()
    }

    const fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ScopeSet(u32);

impl ScopeSet {
    /// The empty set.
    pub const EMPTY: Self = Self(0);

    /// Creates a set of scopes.
    pub const fn of(scopes: &[Scope]) -> Self {
        let mut bits = 0;
        let mut rest = scopes;
        while let [first, tail @ ..] = rest {
            bits |= first.bit();
            rest = tail;
        }
        Self(bits)
    }

    /// Parses names of scopes.
    ///
    /// # Errors
    /// The first unknown name.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut set = Self::EMPTY;
        for name in names {
            set.insert(Scope::parse(name).ok_or_else(|| name.to_owned())?);
        }
        Ok(set)
    }

    /// Parses a list of names separated by white space, `+`, or commas, as clients send it.
    ///
    /// # Errors
    /// The first unknown name.
    pub fn parse_list(list: &str) -> Result<Self, String> {
        Self::parse(list.split([' ', ',', '+', '\t', '\n']).filter(|name| !name.is_empty()))
    }

    /// Adds a scope.
    pub fn insert(&mut self, scope: Scope) {
        self.0 |= scope.bit();
    }

    /// True if the set contains the scope itself.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// True if the sets share a scope.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// True if this set contains every scope of the other one.
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Returns the union of the sets.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the intersection of the sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the scopes of this set that are not in the other one.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns the scopes of this set whose abilities `granted` does not give: those that a person was asked
    /// about and refused, wholly or in part.
    #[must_use]
    pub fn refused(self, granted: Self) -> Self {
        let given = granted.abilities();
        self.iter().filter(|scope| !given.covers(scope.abilities())).fold(Self::EMPTY, |mut all, scope| {
            all.insert(scope);
            all
        })
    }

    /// True if the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the scopes in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }

    /// Returns the names in the order of [`Scope::ALL`].
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Scope::name).collect()
    }
}

/// Writes the names separated by spaces, as a set is stored.
impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

/// Reads a set from the database.
impl store::Column for ScopeSet {
    const EXPECTED: &'static str = "names of scopes";

    fn from_value(value: store::Param<'_>) -> Option<Self> {
        match value {
            store::Param::Text(text) => Self::parse_list(text).ok(),
            _ => None,
        }
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

/// The permission that an endpoint requires of its callers.
pub trait Permission: Send + Sync + 'static {
    /// The scopes of which any one gives the permission. Includes [`Scope::Everything`].
    const ANY_OF: ScopeSet;
    /// True if every token of an app for a person has the permission, regardless of its scopes.
    const EVERY_TOKEN: bool;
    /// The scope that an API key without the permission is told to be missing.
    const OLD_NAME: &'static str;
    /// The scope that an app's token without the permission is told to be missing.
    const NEW_NAME: &'static str;
    /// The error that an app's token without the permission gets. An API key always gets
    /// [`Code::PermissionDenied`].
    const TOKEN_REFUSAL: Code;
}

macro_rules! permissions {
    (@refusal) => { Code::PermissionDenied };
    (@refusal $code:ident) => { Code::$code };
    (@tokens) => { false };
    (@tokens every_token) => { true };
    ($(
        $(#[$doc:meta])*
        $name:ident: $old:literal | $new:literal => $ability:ident $(or $tokens:ident)? $(else $code:ident)?;
    )*) => {
        $($(#[$doc])* #[derive(Debug, Clone, Copy)] pub struct $name;
        impl Permission for $name {
            const ANY_OF: ScopeSet = ScopeSet::opening(Ability::$ability);
            const EVERY_TOKEN: bool = permissions!(@tokens $($tokens)?);
            const OLD_NAME: &'static str = $old;
            const NEW_NAME: &'static str = $new;
            const TOKEN_REFUSAL: Code = permissions!(@refusal $($code)?);
        })*
    };
}

permissions! {
    /// Reading the person's profile.
    ReadUserInfo: "user.info" | "userinfo" => ReadProfile;
    /// Reading the person's interests.
    ReadShades: "user.info.shades" | "userinfo" => ReadShades;
    /// Reading and searching soft and key memory.
    ReadMemory: "user.info.softmemory" | "memory.read" => ReadMemory;
    /// Adding, changing, and deleting key memory.
    WriteMemory: "memory.write" | "memory.write" => WriteMemory;
    /// Adding a note.
    AddNote: "note.add" | "note.write" => AddNotes else ScopeMissing;
    /// Listing and searching notes.
    ReadNotes: "note.write" | "note.write" => ReadNotes;
    /// Changing and deleting notes.
    WriteNotes: "note.write" | "note.write" => WriteNotes;
    /// Reporting events to agent memory.
    ReportAgentEvent: "agent_memory" | "agent_memory" => UseAgentMemory or every_token;
    /// Reading agent memory, and the overview of a day.
    ReadAgentMemory: "agent_memory" | "agent_memory" => UseAgentMemory;
    /// Reading the Plaza.
    ReadPlaza: "plaza.read" | "plaza.read" => ReadPlaza;
    /// Posting, commenting, and liking on the Plaza.
    WritePlaza: "plaza.write" | "plaza.write" => WritePlaza;
    /// Chatting with the assistant.
    UseChat: "chat" | "chat.write" => UseChat;
    /// Having the assistant decide.
    UseAct: "chat" | "chat.write" => UseChat else ScopeMissing;
    /// Having texts read aloud in the person's voice.
    UseVoice: "voice" | "voice" => UseVoice;
    /// Reading conversations with the assistant.
    ReadChat: "chat" | "chat.read" => ReadChat;
    /// Reading avatars, and what visitors did with them.
    ReadAvatars: "avatar.read" | "avatar.read" => ReadAvatars else ScopeMissing;
    /// Creating, changing, and deleting avatars and their keys.
    WriteAvatars: "avatar.write" | "avatar.write" => WriteAvatars else ScopeMissing;
    /// Reading the list of friends.
    ReadFriends: "friend.read" | "friend.read" => ReadFriends;
    /// Inviting friends, and answering invitations.
    WriteFriends: "friend.write" | "friend.write" => WriteFriends;
    /// Finding people with public pages.
    Discover: "discover" | "discover" => Discover;
    /// Changing the profile and the interests. For the person only: by a session, a program, or an API key
    /// with `*`.
    WriteProfile: "*" | "*" => WriteProfile;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_seeds_list_of_scopes_is_there() {
        for name in ["user.info", "user.info.shades", "user.info.softmemory", "note.add", "chat", "*"] {
            assert_eq!(Scope::parse(name).map(Scope::name), Some(name));
        }
        assert_eq!(Scope::parse("User.Info"), None);
        assert!(Scope::ALL.len() <= 32);
    }

    #[test]
    fn the_table_of_aliases() {
        let opens = |set: &str, any_of: ScopeSet| ScopeSet::parse_list(set).unwrap().intersects(any_of);
        assert!(opens("user.info", ReadUserInfo::ANY_OF) && opens("userinfo", ReadUserInfo::ANY_OF));
        assert!(!opens("user.info", ReadShades::ANY_OF), "v1 user.info alone does not open shades");
        assert!(opens("userinfo", ReadShades::ANY_OF) && opens("user.info.shades", ReadShades::ANY_OF));
        assert!(opens("note.add", AddNote::ANY_OF) && opens("note.write", AddNote::ANY_OF));
        assert!(opens("memory.read", ReadNotes::ANY_OF) && !opens("note.add", ReadNotes::ANY_OF));
        assert!(
            !opens("note.add memory.read", WriteNotes::ANY_OF) && !opens("memory.read", WriteMemory::ANY_OF)
        );
        assert!(opens("*", WriteProfile::ANY_OF) && !opens("userinfo", WriteProfile::ANY_OF));
    }

    proptest! {
        #[test]
        fn a_set_survives_being_written_down(bits in 0_u32..1 << 18) {
            let set = ScopeSet(bits);
            prop_assert_eq!(ScopeSet::parse_list(&set.to_string()), Ok(set));
            prop_assert_eq!(ScopeSet::parse_list(&set.names().join(",")), Ok(set));
            prop_assert_eq!(ScopeSet::parse_list(&set.names().join("+")), Ok(set));
        }

        #[test]
        fn sets_are_sets(a in 0_u32..1 << 18, b in 0_u32..1 << 16) {
            let (a, b) = (ScopeSet(a), ScopeSet(b));
            prop_assert!(a.or(b).covers(a) && a.covers(a.and(b)) && b.covers(a.and(b)));
            prop_assert!(!a.without(b).intersects(b));
            prop_assert_eq!(a.without(b).or(a.and(b)), a);
            prop_assert_eq!(a.covers(b), b.without(a).is_empty());
        }

        #[test]
        fn parsing_anything_never_panics(text in ".*") {
            let _ = ScopeSet::parse_list(&text);
        }
    }
}
