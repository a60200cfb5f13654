//! The formats. Each reads one file of a pack.

mod assistants;
mod bookmarks;
mod chatgpt;
mod claude;
mod enex;
mod gemini;
mod journals;
mod lake;
mod notes;
mod notion;
pub(crate) mod pasted;
mod stores;
mod telegram;
pub(crate) mod transcript;
mod tweets;
mod vault;
pub(crate) mod wechat;

use crate::{
    decode,
    json::Items,
    model::{Reason, Source},
    out::Out,
    pack::{Entry, Pack},
    recognize::{self, Html, Json, Kind},
};

/// Names of members that may have the list of items.
const LISTS: [&str; 5] = ["conversations", "memos", "results", "memories", "entries"];

/// Reads all files of a pack.
pub(crate) fn read_pack(pack: &mut Pack, out: &mut Out<'_>) {
    for problem in std::mem::take(&mut pack.problems) {
        out.pass(problem);
    }
    let (entries, given, notes) = (pack.entries.clone(), out.source, recognize::notes(pack));
    let mut is_told = false;
    if [Source::Logseq, Source::Joplin].contains(&notes) {
        vault::prepare(pack, &entries, notes, out);
    }
    for entry in &entries {
        if out.is_over {
            return;
        }
        out.place.clone_from(&entry.name);
        out.group.clear();
        out.modified = entry.modified;
        let kind = if given == Source::Pasted { Kind::Pasted } else { recognize::of_entry(pack, entry) };
        match kind {
            Kind::Skipped | Kind::Unknown => {}
            Kind::Refused => out.refuse(0, Reason::Kind, ""),
            Kind::Instead(what) => {
                is_told = true;
                out.refuse(0, Reason::Use, what);
            }
            kind => {
                is_told = true;
                if let Err(reason) = read(pack, entry, kind, notes, out) {
                    out.refuse(0, reason, &decode::MAX_TEXT.to_string());
                }
            }
        }
    }
    out.place.clear();
    if !is_told && out.found == 0 {
        out.refuse(0, Reason::Format, "");
    }
}

fn read(pack: &mut Pack, entry: &Entry, kind: Kind, notes: Source, out: &mut Out<'_>) -> Result<(), Reason> {
    match kind {
        Kind::Json(json) => {
            out.source = json.source();
            read_json(pack, entry, json, out)
        }
        Kind::Html(Html::Flomo) => {
            out.source = Source::Flomo;
            notes::flomo(&decode::file(pack, entry, decode::MAX_TEXT)?, out);
            Ok(())
        }
        Kind::Html(Html::Bookmarks) => {
            out.source = Source::Bookmarks;
            bookmarks::read(&decode::file(pack, entry, decode::MAX_TEXT)?, out);
            Ok(())
        }
        Kind::Html(Html::Page) => {
            out.source = if notes == Source::Notion { Source::Notion } else { Source::AppleNotes };
            let text = decode::file(pack, entry, decode::MAX_TEXT)?;
            if notes == Source::Notion {
                notion::page(entry, &text, out)
            } else {
                notes::page(entry, &text, out)
            }
            Ok(())
        }
        Kind::Table(chats) => {
            out.source = Source::Wechat;
            let text = decode::file(pack, entry, decode::MAX_TEXT)?;
            wechat::table(&text, chats, out);
            Ok(())
        }
        Kind::ChatText => {
            out.source = Source::Wechat;
            wechat::text(entry, &decode::file(pack, entry, decode::MAX_TEXT)?, out);
            Ok(())
        }
        Kind::Note => vault::read(pack, entry, notes, out),
        Kind::Pasted => {
            out.source = Source::Pasted;
            pasted::read(&decode::file(pack, entry, 1 << 20)?, out);
            Ok(())
        }
        Kind::Enex => {
            out.source = Source::Evernote;
            enex::read(pack.open_entry(entry)?, out);
            Ok(())
        }
        Kind::Rows => {
            out.source = Source::Notion;
            let own = recognize::stem(&entry.name).trim_end_matches("_all").to_owned();
            let folder = format!("{}/", [entry.folder(), &own].join("/").trim_start_matches('/'));
            let title = |page: &Entry| {
                let stem = recognize::stem(&page.name);
                recognize::notion_id(stem).map_or(stem, |(title, _)| title).to_owned()
            };
            let inside = |page: &&Entry| {
                page.name.starts_with(&folder)
                    || page.folder().ends_with(own.split(' ').next().unwrap_or_default())
            };
            let pages: Vec<String> = pack.entries.iter().filter(inside).map(title).collect();
            notion::rows(entry, &decode::file(pack, entry, decode::MAX_TEXT)?, &pages, out);
            Ok(())
        }
        Kind::Tweets => {
            out.source = Source::X;
            tweets::read(pack.open_entry(entry)?, out);
            Ok(())
        }
        Kind::Lake => {
            out.source = Source::Yuque;
            lake::read(entry, &decode::file(pack, entry, decode::MAX_TEXT)?, out);
            Ok(())
        }
        Kind::Skipped | Kind::Unknown | Kind::Refused | Kind::Instead(_) => Ok(()),
    }
}

fn read_json(pack: &mut Pack, entry: &Entry, json: Json, out: &mut Out<'_>) -> Result<(), Reason> {
    match json {
        Json::Mem0 if entry.ending() != "json" && entry.ending() != "jsonl" => {
            stores::mem0_blocks(&decode::file(pack, entry, decode::MAX_TEXT)?, out);
            return Ok(());
        }
        Json::Transcript if ["md", "markdown", "txt"].contains(&entry.ending().as_str()) => {
            transcript::markdown(entry, &decode::file(pack, entry, decode::MAX_TEXT)?, out);
            return Ok(());
        }
        _ => {}
    }
    let members: &[&str] = match json {
        Json::Telegram => &["list"],
        Json::Librechat
        | Json::Letta
        | Json::Mcp
        | Json::Weflow
        | Json::Chatlab
        | Json::ClaudeMemory
        | Json::GeminiTurns
        | Json::Transcript => &[],
        _ => &LISTS,
    };
    let shape = pack.head(entry, 4096);
    let is_list = shape.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    // An object that is the item itself.
    let is_item =
        !is_list && !holds_list(&decode::head(&pack.head(entry, 64 << 10)).unwrap_or_default(), members);
    let from = pack.open_entry(entry)?;
    let items = match json {
        Json::Telegram if !is_item => Items::open_within(from, "chats", members),
        _ if is_item => Items::open(from, &[]),
        _ => Items::open(from, members),
    };
    match json {
        Json::Chatgpt => chatgpt::read(items, out),
        Json::Deepseek => chatgpt::deepseek(items, out),
        Json::Claude => claude::conversations(items, out),
        Json::ClaudeMemory => claude::memory(items, out),
        Json::ClaudeProject => claude::projects(items, out),
        Json::Gemini => gemini::read(items, out),
        Json::GeminiTurns => gemini::turns(items, out),
        Json::OpenWebui => assistants::openwebui(items, out),
        Json::Librechat => assistants::librechat(items, out),
        Json::Mem0 => stores::mem0(items, out),
        Json::OpenMemory => stores::openmemory(items, out),
        Json::Letta => stores::letta(items, out),
        Json::Mcp => stores::mcp(items, out),
        Json::Keep => notes::keep(entry, items, out),
        Json::DayOne => journals::day_one(items, out),
        Json::Memos => notes::memos(items, out),
        Json::Telegram => telegram::read(items, out),
        Json::Weflow => wechat::weflow(items, out),
        Json::Chatlog => wechat::chatlog(items, out),
        Json::Chatlab => wechat::chatlab(items, out),
        Json::Transcript => transcript::read(items, out),
    }
    if json == Json::Memos || json == Json::Mem0 {
        warn_of_more(&decode::head(&pack.head(entry, 64 << 10)).unwrap_or_default(), pack, entry, out);
    }
    Ok(())
}

/// Returns true if the beginning of an object has a member with a list.
fn holds_list(start: &str, members: &[&str]) -> bool {
    members.iter().any(|member| {
        start.match_indices(&format!("\"{member}\"")).any(|(at, mark)| {
            let after = start.get(at + mark.len()..).unwrap_or_default().trim_start();
            after.strip_prefix(':').is_some_and(|after| after.trim_start().starts_with('['))
        })
    })
}

/// Warns of lists that go on elsewhere.
fn warn_of_more(start: &str, pack: &mut Pack, entry: &Entry, out: &mut Out<'_>) {
    const END: u64 = 4096;
    let end = match entry.size.checked_sub(END) {
        Some(_) => pack.bytes(entry, decode::MAX_TEXT).unwrap_or_default(),
        None => start.as_bytes().to_vec(),
    };
    let tail =
        String::from_utf8_lossy(end.get(end.len().saturating_sub(4096)..).unwrap_or_default()).into_owned();
    for member in ["\"next\"", "\"nextPageToken\""] {
        let says_more = |text: &str| {
            text.rfind(member).is_some_and(|at| {
                let after = text.get(at + member.len()..).unwrap_or_default().trim_start();
                after.strip_prefix(':').is_some_and(|after| {
                    after.trim_start().strip_prefix('"').is_some_and(|text| !text.starts_with('"'))
                })
            })
        };
        if says_more(&tail) {
            out.warn(0, Reason::Part, "it has further pages");
            return;
        }
    }
}
