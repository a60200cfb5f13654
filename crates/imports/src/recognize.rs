//! Recognition of files by their content.

use crate::{
    decode,
    model::Source,
    pack::{Entry, Pack},
};

/// Number of bytes from which a file is recognized.
const HEAD: u64 = 64 << 10;
/// Number of entries of an archive that are looked at to tell its kind.
const LOOKED_AT: usize = 500;

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// JSON of a source.
    Json(Json),
    /// HTML of a source.
    Html(Html),
    /// A table of chats.
    Table(Chats),
    /// Markdown or text.
    Note,
    /// A list of facts.
    Pasted,
    /// An export of Evernote.
    Enex,
    /// A database of Notion.
    Rows,
    /// Tweets.
    Tweets,
    /// A document of 语雀.
    Lake,
    /// A text of a chat.
    ChatText,
    /// It belongs to an export but has nothing to import.
    Skipped,
    /// Another file has to be exported instead.
    Instead(&'static str),
    /// A kind of files that is not kept.
    Refused,
    /// Anything else.
    Unknown,
}

/// A shape of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Json {
    Chatgpt,
    Deepseek,
    Claude,
    ClaudeMemory,
    ClaudeProject,
    Gemini,
    GeminiTurns,
    OpenWebui,
    Librechat,
    Mem0,
    OpenMemory,
    Letta,
    Mcp,
    Keep,
    DayOne,
    Memos,
    Telegram,
    Weflow,
    Chatlog,
    Chatlab,
    Transcript,
}

/// A shape of HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Html {
    Flomo,
    Bookmarks,
    Page,
}

/// A shape of tables of chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chats {
    MemoTrace,
    PyWxDump,
    Chatlog,
}

impl Json {
    pub(crate) const fn source(self) -> Source {
        match self {
            Self::Chatgpt => Source::Chatgpt,
            Self::Deepseek => Source::Deepseek,
            Self::Claude | Self::ClaudeMemory | Self::ClaudeProject => Source::Claude,
            Self::Gemini | Self::GeminiTurns => Source::Gemini,
            Self::OpenWebui => Source::Openwebui,
            Self::Librechat => Source::Librechat,
            Self::Mem0 => Source::Mem0,
            Self::OpenMemory => Source::Openmemory,
            Self::Letta => Source::Letta,
            Self::Mcp => Source::McpMemory,
            Self::Keep => Source::Keep,
            Self::DayOne => Source::DayOne,
            Self::Memos => Source::Memos,
            Self::Telegram => Source::Telegram,
            Self::Weflow | Self::Chatlog | Self::Chatlab => Source::Wechat,
            Self::Transcript => Source::Transcript,
        }
    }
}

/// Returns the kind of the source of a pack; the first file that is recognized decides.
pub(crate) fn of_pack(pack: &mut Pack) -> Option<Source> {
    let entries: Vec<Entry> = pack.entries.iter().take(LOOKED_AT).cloned().collect();
    let notes = notes(pack);
    let mut fallback = None;
    for entry in &entries {
        let source = match of_entry(pack, entry) {
            Kind::Json(json) => json.source(),
            Kind::Html(Html::Flomo) => Source::Flomo,
            Kind::Html(Html::Bookmarks) => Source::Bookmarks,
            Kind::Table(_) | Kind::ChatText => Source::Wechat,
            Kind::Enex => Source::Evernote,
            Kind::Tweets => Source::X,
            Kind::Rows => Source::Notion,
            Kind::Lake => Source::Yuque,
            Kind::Pasted => Source::Pasted,
            Kind::Html(Html::Page) if notes == Source::Markdown => {
                fallback = fallback.or(Some(Source::AppleNotes));
                continue;
            }
            Kind::Html(Html::Page) | Kind::Note => {
                fallback = fallback.or(Some(notes));
                continue;
            }
            Kind::Instead(_) => {
                fallback = fallback.or(Some(Source::Transcript));
                continue;
            }
            Kind::Skipped | Kind::Refused | Kind::Unknown => continue,
        };
        return Some(source);
    }
    fallback
}

/// Returns the program that the Markdown files of a pack come from.
pub(crate) fn notes(pack: &mut Pack) -> Source {
    let has = |test: &dyn Fn(&str) -> bool| pack.entries.iter().any(|entry| test(&entry.name));
    if has(&|name| name.contains(".obsidian/")) {
        return Source::Obsidian;
    }
    let is_logseq = has(&|name| name.ends_with("logseq/config.edn"))
        || (has(&|name| format!("/{name}").contains("/journals/"))
            && has(&|name| format!("/{name}").contains("/pages/")));
    if is_logseq {
        return Source::Logseq;
    }
    if has(&|name| notion_id(stem(name)).is_some()) {
        return Source::Notion;
    }
    let first =
        pack.entries.iter().find(|entry| entry.ending() == "md" && is_hex(stem(&entry.name), 32)).cloned();
    if let Some(first) = first
        && let Ok(bytes) = pack.bytes(&first, 1 << 20)
        && String::from_utf8_lossy(&bytes)
            .trim_end()
            .lines()
            .next_back()
            .is_some_and(|line| line.starts_with("type_: "))
    {
        return Source::Joplin;
    }
    Source::Markdown
}

/// Returns the name of a file without its folders and its ending.
pub(crate) fn stem(name: &str) -> &str {
    let base = name.rsplit('/').next().unwrap_or_default();
    base.rsplit_once('.').map_or(base, |(stem, _)| stem)
}

/// Returns true for a number of hexadecimal digits.
pub(crate) fn is_hex(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the title and the id of a name that Notion gave a file.
pub(crate) fn notion_id(stem: &str) -> Option<(&str, String)> {
    let stem = stem.strip_suffix("_all").unwrap_or(stem);
    for length in [32, 36] {
        let Some(at) = stem.len().checked_sub(length) else { continue };
        if let (Some(title), Some(id)) = (stem.get(..at), stem.get(at..)) {
            let plain = id.replace('-', "");
            let title = title.strip_suffix(' ');
            if let Some(title) = title.filter(|_| is_hex(&plain, 32)) {
                return Some((title, plain.to_ascii_lowercase()));
            }
        }
    }
    None
}

/// Returns the kind of a file.
pub(crate) fn of_entry(pack: &mut Pack, entry: &Entry) -> Kind {
    let name = entry.name.clone();
    if name.split('/').any(|part| part.starts_with('.')) || is_left(&name) {
        return Kind::Skipped;
    }
    match entry.ending().as_str() {
        "md" | "markdown" if name.ends_with(".excalidraw.md") => return Kind::Refused,
        "md" | "markdown" | "txt" => return of_text(pack, entry),
        "canvas" | "base" | "org" | "3gp" => return Kind::Refused,
        "sqlite" | "db" => {
            return if entry.base() == "NoteStore.sqlite" || entry.base().starts_with("MSG") {
                Kind::Instead("an export of the program, not its database")
            } else {
                Kind::Unknown
            };
        }
        "enex" | "notes" => return Kind::Enex,
        "pdf" | "docx" | "xlsx" | "doc" | "xls" if pack.is_single => {
            return Kind::Instead("save it as CSV or Markdown");
        }
        _ => {}
    }
    let head = pack.head(entry, HEAD);
    let Some(text) = decode::head(&head) else { return Kind::Unknown };
    let start = text.trim_start();
    match start.as_bytes() {
        [b'[' | b'{', ..] => {
            if entry.base() == "$meta.json" {
                return Kind::Skipped;
            }
            of_json(start)
        }
        [b'<', ..] => of_markup(start, entry, pack),
        _ if start.starts_with("window.YTD.") => {
            let is_tweets =
                ["window.YTD.tweets.", "window.YTD.tweet."].iter().any(|mark| start.starts_with(mark));
            if is_tweets { Kind::Tweets } else { Kind::Skipped }
        }
        _ if entry.ending() == "csv" && notion_id(stem(&name)).is_some() => {
            // Of the view and all rows, the latter.
            let whole = format!("{}_all.csv", stem(&name));
            if pack.has(&whole) { Kind::Skipped } else { Kind::Rows }
        }
        _ if entry.ending() == "csv" => of_table(start),
        _ => Kind::Unknown,
    }
}

/// Returns true for files that exports have beside the texts.
fn is_left(name: &str) -> bool {
    let lower = name.to_lowercase();
    let base = lower.rsplit('/').next().unwrap_or_default();
    lower.contains("logseq/bak/")
        || lower.contains(".trash/")
        || matches!(
            base,
            "user.json"
                | "users.json"
                | "message_feedback.json"
                | "shared_conversations.json"
                | "model_comparisons.json"
                | "user_settings.json"
                | "manifest.js"
                | "conversation_asset_file_names.json"
                | "library_files.json"
                | "export_manifest.json"
        )
        || base.starts_with("light_metadata")
}

fn of_text(pack: &mut Pack, entry: &Entry) -> Kind {
    let head = pack.head(entry, HEAD);
    let Some(text) = decode::head(&head) else { return Kind::Note };
    let start = text.trim_start();
    if entry.ending() == "txt" && start.starts_with('{') && start.contains("\"conversation_turns\"") {
        return Kind::Json(Json::GeminiTurns);
    }
    if start.starts_with("---")
        && start.lines().nth(1).is_some_and(|line| line.starts_with("id: "))
        && start.lines().nth(2) == Some("---")
    {
        return Kind::Json(Json::Mem0);
    }
    if crate::format::pasted::is_list(start, pack.is_single && entry.ending() == "txt") {
        return Kind::Pasted;
    }
    if entry.ending() == "txt" && crate::format::wechat::is_text(start) {
        return Kind::ChatText;
    }
    if crate::format::transcript::is_markdown(start) {
        return Kind::Json(Json::Transcript);
    }
    Kind::Note
}

fn of_markup(start: &str, entry: &Entry, pack: &Pack) -> Kind {
    let lower: String = start.chars().take(4096).flat_map(char::to_lowercase).collect();
    if lower.contains("<!doctype netscape-bookmark-file-1>") {
        return Kind::Html(Html::Bookmarks);
    }
    if lower.contains("<en-export") {
        return Kind::Enex;
    }
    if !lower.contains("<html")
        && !lower.contains("<!doctype html")
        && !lower.contains("<div")
        && !lower.contains("<h1")
        && !lower.contains("<p")
    {
        return Kind::Unknown;
    }
    let has = |mark: &str| start.contains(mark);
    if has("class=\"memo\"") && has("class=\"time\"") {
        return Kind::Html(Html::Flomo);
    }
    if has("Gemini Apps") || has("Gemini 应用") {
        return Kind::Instead("My Activity, Gemini Apps, as JSON");
    }
    if entry.base() == "chat.html" && pack.is_single {
        return Kind::Instead("the whole ZIP, or conversations.json");
    }
    if entry.base().starts_with("messages") && has("tgme") || has("class=\"history\"") {
        return Kind::Instead("the JSON of Telegram");
    }
    let has_twin = pack.has(&format!("{}.json", stem(&entry.name)));
    if has_twin || entry.base() == "chat.html" || entry.base() == "index.html" && !pack.is_single {
        return Kind::Skipped;
    }
    Kind::Html(Html::Page)
}

fn of_table(start: &str) -> Kind {
    let line = start.lines().next().unwrap_or_default();
    let columns: Vec<&str> = line.split(',').map(|cell| cell.trim().trim_matches('"')).collect();
    let has = |names: &[&str]| names.iter().all(|name| columns.contains(name));
    if has(&["TalkerId", "Type", "IsSender", "StrContent"]) {
        Kind::Table(Chats::MemoTrace)
    } else if has(&["type_name", "is_sender", "talker"]) {
        Kind::Table(Chats::PyWxDump)
    } else if has(&["Time", "SenderName", "TalkerName", "Content"]) {
        Kind::Table(Chats::Chatlog)
    } else {
        Kind::Unknown
    }
}

fn of_json(start: &str) -> Kind {
    let is_array = start.starts_with('[');
    let item = if is_array {
        start.find('{').and_then(|at| start.get(at..)).map(keys).unwrap_or_default()
    } else {
        keys(start)
    };
    let has = |name: &str| item.iter().any(|key| key == name);
    let holds = |name: &str| start.contains(&format!("\"{name}\""));
    let inner = |name: &str, member: &str| has(name) && holds(member);
    if inner("data_files", "export_url") {
        return Kind::Instead("the zips it names");
    }
    let found = if has("mapping") || inner("conversations", "mapping") {
        if holds("fragments") || holds("inserted_at") { Json::Deepseek } else { Json::Chatgpt }
    } else if has("chat_messages") {
        Json::Claude
    } else if has("conversations_memory") || has("project_memories") || has("memory_files") {
        Json::ClaudeMemory
    } else if has("prompt_template") && has("docs") {
        Json::ClaudeProject
    } else if has("conversation_turns") {
        Json::GeminiTurns
    } else if has("title") && has("time") && (has("header") || has("products")) {
        let head: String = start.chars().take(4000).collect();
        let is_gemini = head.contains("Gemini") || head.contains("Bard");
        return if is_gemini { Kind::Json(Json::Gemini) } else { Kind::Skipped };
    } else if inner("chat", "history") || has("history") && holds("currentId") {
        Json::OpenWebui
    } else if has("conversationId") && (has("messages") || has("messagesTree")) {
        Json::Librechat
    } else if has("agents") && (has("blocks") || has("tools")) || has("core_memory") && has("messages") {
        Json::Letta
    } else if has("entities") && has("relations")
        || holds("entityType") && !is_array
        || holds("relationType") && !is_array
    {
        Json::Mcp
    } else if has("export_meta") && has("memories") || has("state") && has("content") && has("categories") {
        Json::OpenMemory
    } else if has("memory") && has("id") || inner("results", "memory") && holds("id") {
        Json::Mem0
    } else if has("userEditedTimestampUsec") && has("isTrashed") {
        Json::Keep
    } else if has("metadata") && inner("entries", "creationDate") {
        Json::DayOne
    } else if has("memos") || has("name") && has("content") && start.contains("\"memos/") {
        Json::Memos
    } else if inner("chats", "list") || has("messages") && has("type") && has("id") && has("name") {
        Json::Telegram
    } else if inner("session", "wxid") {
        Json::Weflow
    } else if is_array && has("talker") && has("seq") {
        Json::Chatlog
    } else if has("chatlab") || has("_type") {
        Json::Chatlab
    } else if is_transcript(&item, start) {
        Json::Transcript
    } else if has("doc") && (holds("body") || holds("body_asl")) {
        return Kind::Lake;
    } else {
        return Kind::Unknown;
    };
    Kind::Json(found)
}

/// Returns true for conversations of any other program.
fn is_transcript(item: &[String], start: &str) -> bool {
    let has = |names: &[&str]| item.iter().any(|key| names.contains(&key.as_str()));
    let speaks = has(&["role", "sender", "author"]) && has(&["content", "text", "message", "value"]);
    let holds = |name: &str| start.contains(&format!("\"{name}\""));
    let wraps = has(&["messages", "conversation", "conversations", "chats", "data"])
        && (holds("role") || holds("sender") || holds("author") || holds("from"))
        && (holds("content") || holds("text") || holds("value"));
    speaks || wraps
}

/// Returns the names of the members of an object, as far as its beginning has them.
fn keys(start: &str) -> Vec<String> {
    let (mut found, mut depth, mut chars) = (Vec::new(), 0_usize, start.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            '"' => {
                let (mut text, mut is_escaped, mut is_closed) = (String::new(), false, false);
                for c in chars.by_ref() {
                    match c {
                        _ if is_escaped => is_escaped = false,
                        '\\' => is_escaped = true,
                        '"' => {
                            is_closed = true;
                            break;
                        }
                        c => text.push(c),
                    }
                }
                while chars.next_if(|c| c.is_whitespace()).is_some() {}
                if is_closed && depth == 1 && chars.peek() == Some(&':') && found.len() < 200 {
                    found.push(text);
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_objects_are_listed() {
        assert_eq!(keys(r#"{"a": {"b": 1}, "c": "d:", "e": [{"f": 2}], "g"#), ["a", "c", "e"]);
        assert_eq!(keys(r#"{"a": "x\"y", "b": 1} {"c": 2}"#), ["a", "b"]);
    }

    #[test]
    fn names_of_notion_have_ids() {
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(notion_id(&format!("日记 {id}")), Some(("日记", id.to_owned())));
        assert_eq!(notion_id(&format!("Table {id}_all")), Some(("Table", id.to_owned())));
        assert_eq!(notion_id("Page 01234567-89ab-cdef-0123-456789abcdef"), Some(("Page", id.to_owned())));
        assert_eq!(notion_id("plain"), None);
    }
}
