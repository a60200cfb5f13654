//! The tools: names, texts for models, parameters, results, and the scope that each needs. No I/O.

use identity::{Scope, scope::Ability};

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToolId {
    Search,
    Fetch,
    Recall,
    ListMemories,
    RecentActivity,
    Whoami,
    AddMemory,
    AddNote,
    UpdateMemory,
    Forget,
    AskDouble,
}

/// The effect of a tool on the person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It reads.
    Read,
    /// It adds.
    Add,
    /// It changes or deletes.
    Change,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ParamKind {
    /// A text of so many characters.
    Text { min: usize, max: usize },
    /// An integer within bounds.
    Integer { min: i64, max: i64, default: i64 },
    /// True or false; false if absent.
    Flag,
}

/// A parameter of a tool.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: ParamKind,
    pub(crate) is_required: bool,
    pub(crate) description: &'static str,
}

/// The type of a member of a result.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Out {
    Text,
    /// A string that not every result has.
    TextOrAbsent,
    Integer,
    Flag,
    /// An object of strings.
    Texts,
    /// A list of strings.
    List,
    /// A list of objects with these members.
    Items(&'static [(&'static str, Out)]),
}

/// The definition of a tool.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) id: ToolId,
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) effect: Effect,
    /// The scope that the tool asks for.
    pub(crate) scope: Scope,
    /// The ability that a caller needs. Older scopes give it, too.
    pub(crate) ability: Ability,
    pub(crate) params: &'static [Param],
    pub(crate) output: &'static [(&'static str, Out)],
    /// The text for a person if the tool needs a scope that they were not asked for.
    pub(crate) missing: &'static str,
}

/// Returns the tool with a name.
pub(crate) fn find(name: &str) -> Option<&'static Spec> {
    ALL.iter().find(|spec| spec.name == name)
}

const fn text(name: &'static str, min: usize, max: usize, description: &'static str) -> Param {
    Param { name, kind: ParamKind::Text { min, max }, is_required: min > 0, description }
}

const fn integer(
    name: &'static str,
    (min, max, default): (i64, i64, i64),
    description: &'static str,
) -> Param {
    Param { name, kind: ParamKind::Integer { min, max, default }, is_required: false, description }
}

const MISSING_READ: &str = "Reading memories was not allowed yet";
const MISSING_PROFILE: &str = "Reading the profile was not allowed yet";
const MISSING_WRITE: &str = "Changing memories was not allowed yet";
const MISSING_NOTES: &str = "Adding notes was not allowed yet";
const MISSING_CHAT: &str = "Talking to the double was not allowed yet";

const LAST_PAGE: i64 = 100_000;

/// All tools, in the order in which they are listed.
pub(crate) const ALL: &[Spec] = &[
    Spec {
        id: ToolId::Search,
        name: "search",
        title: "Search my memory",
        description: "Find the user's memories and notes by meaning or words. Use it when an answer may \
            depend on who \
                      the user is, what they like, decided, planned or wrote. Returns ids; read one with \
                      fetch.",
        effect: Effect::Read,
        scope: Scope::MemoryRead,
        ability: Ability::ReadMemory,
        params: &[text("query", 1, 500, "What to look for, in any language")],
        output: &[("results", Out::Items(&[("id", Out::Text), ("title", Out::Text), ("url", Out::Text)]))],
        missing: MISSING_READ,
    },
    Spec {
        id: ToolId::Fetch,
        name: "fetch",
        title: "Open a memory or note",
        description: "Read one memory or note in full by an id that another tool gave.",
        effect: Effect::Read,
        scope: Scope::MemoryRead,
        ability: Ability::ReadMemory,
        params: &[text("id", 1, 100, "An id such as memory:12345 or note:678")],
        output: &[
            ("id", Out::Text),
            ("title", Out::Text),
            ("text", Out::Text),
            ("url", Out::Text),
            ("metadata", Out::Texts),
        ],
        missing: MISSING_READ,
    },
    Spec {
        id: ToolId::Recall,
        name: "recall",
        title: "Recall what matters",
        description: "Returns what is worth knowing about the user for a task, ranked and cut to a \
            budget. Use it when \
                      a conversation starts or before advice that should fit the user; use search to \
                      look something up.",
        effect: Effect::Read,
        scope: Scope::MemoryRead,
        ability: Ability::ReadMemory,
        params: &[
            text("text", 1, 2000, "The user's request, or what the conversation is about"),
            integer("budget", (100, 8000, 1500), "The most tokens to return"),
        ],
        output: &[
            ("text", Out::Text),
            (
                "items",
                Out::Items(&[
                    ("id", Out::Text),
                    ("kind", Out::Text),
                    ("text", Out::Text),
                    ("date", Out::Text),
                    ("until", Out::TextOrAbsent),
                ]),
            ),
        ],
        missing: MISSING_READ,
    },
    Spec {
        id: ToolId::ListMemories,
        name: "list_memories",
        title: "List memories",
        description: "Page through memories, to review or tidy them with the user.",
        effect: Effect::Read,
        scope: Scope::MemoryRead,
        ability: Ability::ReadMemory,
        params: &[
            text("keyword", 0, 500, "Only memories with these words; all without it"),
            integer("page", (1, LAST_PAGE, 1), "The page, from 1"),
            integer("page_size", (1, 100, 20), "Memories on a page"),
        ],
        output: &[
            (
                "items",
                Out::Items(&[
                    ("id", Out::Text),
                    ("text", Out::Text),
                    ("subject", Out::Text),
                    ("category", Out::Text),
                    ("date", Out::Text),
                    ("public", Out::Flag),
                    ("until", Out::TextOrAbsent),
                    ("superseded_by", Out::TextOrAbsent),
                ]),
            ),
            ("total", Out::Integer),
            ("page", Out::Integer),
        ],
        missing: MISSING_READ,
    },
    Spec {
        id: ToolId::RecentActivity,
        name: "recent_activity",
        title: "Recent changes",
        description: "What was added or changed lately, and by which app.",
        effect: Effect::Read,
        scope: Scope::MemoryRead,
        ability: Ability::ReadMemory,
        params: &[
            integer("days", (1, 90, 7), "How many days back"),
            integer("limit", (1, 50, 20), "The most changes to return"),
        ],
        output: &[(
            "items",
            Out::Items(&[
                ("id", Out::Text),
                ("kind", Out::Text),
                ("action", Out::Text),
                ("title", Out::Text),
                ("date", Out::Text),
                ("source", Out::Text),
            ]),
        )],
        missing: MISSING_READ,
    },
    Spec {
        id: ToolId::Whoami,
        name: "whoami",
        title: "Who this is",
        description: "Name, bio and interests of the user, and what this app may do.",
        effect: Effect::Read,
        scope: Scope::UserInfoV2,
        ability: Ability::ReadProfile,
        params: &[],
        output: &[
            ("name", Out::Text),
            ("bio", Out::Text),
            ("interests", Out::List),
            ("language", Out::Text),
            ("client", Out::Text),
            ("scopes", Out::List),
        ],
        missing: MISSING_PROFILE,
    },
    Spec {
        id: ToolId::AddMemory,
        name: "add_memory",
        title: "Remember a fact",
        description: "Save one lasting fact about the user as one self-contained sentence, when they say \
            something \
                      worth keeping or ask to remember it. No secrets, no guesses.",
        effect: Effect::Add,
        scope: Scope::MemoryWrite,
        ability: Ability::WriteMemory,
        params: &[
            text("content", 1, 5000, "The fact, as one sentence that is clear by itself"),
            text("category", 0, 100, "A subject such as food, work or family"),
            text("supersedes", 0, 100, "The id of the memory that is no longer true because of it"),
            Param {
                name: "public",
                kind: ParamKind::Flag,
                is_required: false,
                description: "True only if the user said that everybody may see it",
            },
        ],
        output: &[("id", Out::Text), ("created", Out::Flag), ("state", Out::TextOrAbsent)],
        missing: MISSING_WRITE,
    },
    Spec {
        id: ToolId::AddNote,
        name: "add_note",
        title: "Save a note",
        description: "Save a longer text that the user wants to keep: a summary, a plan.",
        effect: Effect::Add,
        scope: Scope::NoteWrite,
        ability: Ability::AddNotes,
        params: &[
            text("content", 1, 50_000, "The text, plain or Markdown"),
            text("title", 0, 200, "A title of one line"),
        ],
        output: &[("id", Out::Text), ("state", Out::TextOrAbsent)],
        missing: MISSING_NOTES,
    },
    Spec {
        id: ToolId::UpdateMemory,
        name: "update_memory",
        title: "Correct a memory",
        description: "Replace one memory, after the user asked for it.",
        effect: Effect::Change,
        scope: Scope::MemoryWrite,
        ability: Ability::WriteMemory,
        params: &[
            text("id", 1, 100, "The id of the memory, such as memory:12345"),
            text("content", 1, 5000, "The fact as it should read from now on"),
        ],
        output: &[("id", Out::Text), ("before", Out::Text), ("state", Out::TextOrAbsent)],
        missing: MISSING_WRITE,
    },
    Spec {
        id: ToolId::Forget,
        name: "forget",
        title: "Delete a memory",
        description: "Permanently delete one memory, after the user asked for it.",
        effect: Effect::Change,
        scope: Scope::MemoryWrite,
        ability: Ability::WriteMemory,
        params: &[text("id", 1, 100, "The id of the memory, such as memory:12345")],
        output: &[("id", Out::Text), ("deleted", Out::Text), ("state", Out::TextOrAbsent)],
        missing: MISSING_WRITE,
    },
    Spec {
        id: ToolId::AskDouble,
        name: "ask_double",
        title: "Ask the double",
        description: "Ask the user's double and get an answer in the user's voice. Slow, costs the \
            user's model \
                      budget; not for looking up facts.",
        effect: Effect::Add,
        scope: Scope::ChatWrite,
        ability: Ability::UseChat,
        params: &[
            text("question", 1, 4000, "What to ask"),
            text("conversation", 0, 100, "The conversation of an earlier answer, to go on with it"),
        ],
        output: &[("answer", Out::Text), ("conversation", Out::Text)],
        missing: MISSING_CHAT,
    },
];
