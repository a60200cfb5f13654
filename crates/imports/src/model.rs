//! Entries, as a reader returns them.

use strum::{EnumString, IntoStaticStr};

/// The kind of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Source {
    /// ChatGPT.
    Chatgpt,
    /// Claude.
    Claude,
    /// Gemini.
    Gemini,
    /// DeepSeek.
    Deepseek,
    /// A conversation with any other assistant.
    Transcript,
    /// Open WebUI.
    Openwebui,
    /// LibreChat.
    Librechat,
    /// Mem0.
    Mem0,
    /// OpenMemory.
    Openmemory,
    /// Letta.
    Letta,
    /// The memory server of MCP.
    McpMemory,
    /// Markdown files.
    Markdown,
    /// Obsidian.
    Obsidian,
    /// Notion.
    Notion,
    /// Logseq.
    Logseq,
    /// Joplin.
    Joplin,
    /// Evernote, and 印象笔记.
    Evernote,
    /// Apple Notes.
    AppleNotes,
    /// Google Keep.
    Keep,
    /// Memos.
    Memos,
    /// flomo.
    Flomo,
    /// 语雀.
    Yuque,
    /// Day One.
    DayOne,
    /// Telegram.
    Telegram,
    /// WeChat.
    Wechat,
    /// X, formerly Twitter.
    X,
    /// Bookmarks of a browser.
    Bookmarks,
    /// A list of facts that was pasted.
    Pasted,
}

impl Source {
    /// Returns the name in lower-case letters.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the name that people know.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Chatgpt => "ChatGPT",
            Self::Claude => "Claude",
            Self::Gemini => "Gemini",
            Self::Deepseek => "DeepSeek",
            Self::Transcript => "AI",
            Self::Openwebui => "Open WebUI",
            Self::Librechat => "LibreChat",
            Self::Mem0 => "Mem0",
            Self::Openmemory => "OpenMemory",
            Self::Letta => "Letta",
            Self::McpMemory => "MCP Memory",
            Self::Markdown => "Markdown",
            Self::Obsidian => "Obsidian",
            Self::Notion => "Notion",
            Self::Logseq => "Logseq",
            Self::Joplin => "Joplin",
            Self::Evernote => "Evernote",
            Self::AppleNotes => "Apple Notes",
            Self::Keep => "Google Keep",
            Self::Memos => "Memos",
            Self::Flomo => "flomo",
            Self::Yuque => "语雀",
            Self::DayOne => "Day One",
            Self::Telegram => "Telegram",
            Self::Wechat => "微信",
            Self::X => "X",
            Self::Bookmarks => "Bookmarks",
            Self::Pasted => "Pasted",
        }
    }
}

/// The sender of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// The assistant.
    Assistant,
}

impl Role {
    /// Returns the name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// A fact. Times are in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fact {
    /// The text.
    pub text: String,
    /// The person whom it is about, if it is another one than the owner.
    pub actor: Option<String>,
    /// The time at which it was noted.
    pub created: Option<i64>,
}

/// A note.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Note {
    /// The title, on one line.
    pub title: String,
    /// The text, in Markdown.
    pub text: String,
    /// The time at which it was written.
    pub created: Option<i64>,
    /// The time of its last change.
    pub updated: Option<i64>,
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The sender.
    pub role: Role,
    /// The text.
    pub text: String,
    /// The time.
    pub created: Option<i64>,
}

/// A conversation with an assistant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The title.
    pub title: String,
    /// The time of its beginning.
    pub created: Option<i64>,
    /// The time of its last change.
    pub updated: Option<i64>,
    /// The messages in their order.
    pub messages: Vec<Message>,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A fact that was one at its source.
    Fact(Fact),
    /// A fact that a conversation mentions: the person is asked first.
    Proposal(Fact),
    /// A note.
    Note(Note),
    /// A conversation.
    Conversation(Conversation),
}

/// An entry that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The kind of the source.
    pub source: Source,
    /// The id at the source.
    pub native: String,
    /// The chat, folder or notebook that it belongs to; may be empty.
    pub group: String,
    /// The file within the archive.
    pub place: String,
    /// The number of the item or line in the file.
    pub line: u64,
    /// The entry.
    pub item: Item,
}

/// The reason of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// The format is not known.
    Format,
    /// Another file has to be exported.
    Use,
    /// The archive is cut off or damaged.
    Damaged,
    /// The archive has a password.
    Locked,
    /// It unpacks to far more than an export would.
    Bomb,
    /// It is neither a file nor a folder.
    Name,
    /// It is not JSON.
    Json,
    /// A member is missing or has another type.
    Shape,
    /// There is no text.
    Empty,
    /// It is too long.
    Long,
    /// It cannot be decoded.
    Text,
    /// It is no time.
    Time,
    /// It is encrypted.
    Sealed,
    /// It is of a kind that is not kept.
    Kind,
    /// A file is missing.
    Missing,
    /// It looks like a password or key.
    Secret,
    /// Perhaps it is not all.
    Part,
}

impl Reason {
    /// Returns the reason in English, with a detail.
    pub fn message(self, detail: &str) -> String {
        match self {
            Self::Format => "none of the exports that can be imported".to_owned(),
            Self::Use => format!("not this file: {detail}"),
            Self::Damaged => "the archive is cut off or damaged; download it again".to_owned(),
            Self::Locked => "the archive has a password".to_owned(),
            Self::Bomb => "it unpacks to far more than an export would".to_owned(),
            Self::Name => "only files and folders inside the archive are taken".to_owned(),
            Self::Json => "not valid JSON".to_owned(),
            Self::Shape => format!("{detail}: it has another shape"),
            Self::Empty => "there is no content in it".to_owned(),
            Self::Long => format!("it is too long: more than {detail}"),
            Self::Text => "not readable as UTF-8, UTF-16 or GBK".to_owned(),
            Self::Time => format!("{detail} is no time; taken without"),
            Self::Sealed => format!("its text is encrypted by the program that exported it {detail}")
                .trim_end()
                .to_owned(),
            Self::Kind => format!("files or links of this kind are not kept {detail}").trim_end().to_owned(),
            Self::Missing => format!("the export names {detail} but does not hold it"),
            Self::Secret => "it looks like a password or key".to_owned(),
            Self::Part => format!("perhaps not all: {detail}"),
        }
    }
}

/// A part that was not read, or only in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file within the archive.
    pub place: String,
    /// The number of the item or line; 0 for the whole.
    pub line: u64,
    /// The reason.
    pub reason: Reason,
    /// The name, value or limit that is meant.
    pub detail: String,
    /// True if the item was not read.
    pub is_refused: bool,
}

impl Problem {
    /// Returns the problem in English.
    pub fn message(&self) -> String {
        self.reason.message(&self.detail)
    }
}

/// A step of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An entry.
    Found(Box<Found>),
    /// A problem.
    Problem(Problem),
    /// A number of items that are left out by rule: other branches, the trash, archived ones.
    Left(u64),
}
