//! Markdown files: plain ones, and those of Obsidian, Logseq, Joplin and Notion.

use std::collections::HashMap;

use crate::{
    convert, decode, html, markdown,
    model::{Note, Reason, Source},
    out::Out,
    pack::{Entry, Pack},
    recognize::{is_hex, notion_id, stem},
    time,
};

/// Maximum size of a file in bytes. No note may be larger.
const MAX_BYTES: u64 = 1 << 20;
/// Maximum number of bytes of the texts of blocks that others show.
const MAX_BLOCKS: usize = 32 << 20;

/// Reads what files of a pack refer to in each other, before they are read one by one.
pub(super) fn prepare(pack: &mut Pack, entries: &[Entry], notes: Source, out: &mut Out<'_>) {
    let (mut blocks, mut bytes) = (HashMap::new(), 0);
    for entry in entries.iter().filter(|entry| entry.ending() == "md") {
        let Ok(text) = decode::file(pack, entry, MAX_BYTES) else { continue };
        if bytes > MAX_BLOCKS {
            break;
        }
        if notes == Source::Joplin {
            let (title, _, members) = joplin_parts(&text);
            if ["2", "5", "6"].contains(&members.get("type_").map(String::as_str).unwrap_or_default()) {
                bytes += text.len();
                let id = members.get("id").cloned().unwrap_or_default();
                let parent = members.get("parent_id").cloned().unwrap_or_default();
                match members.get("type_").map(String::as_str) {
                    Some("2") => blocks.insert(format!("folder/{id}"), format!("{parent}\n{title}")),
                    Some("5") => blocks.insert(format!("tag/{id}"), title),
                    _ => {
                        let of = |name: &str| members.get(name).cloned().unwrap_or_default();
                        let tags: &mut String = blocks.entry(format!("tags/{}", of("note_id"))).or_default();
                        tags.push_str(&format!("{}\n", of("tag_id")));
                        None
                    }
                };
            }
            continue;
        }
        let mut last = String::new();
        for line in text.lines() {
            let plain = line.trim().trim_start_matches("- ");
            match plain.strip_prefix("id:: ") {
                Some(id) => {
                    bytes += last.len();
                    blocks.insert(id.trim().to_owned(), last.clone());
                }
                None if !plain.contains(":: ") => plain.clone_into(&mut last),
                None => {}
            }
        }
    }
    out.blocks = blocks;
}

/// Reads a file.
pub(super) fn read(pack: &mut Pack, entry: &Entry, notes: Source, out: &mut Out<'_>) -> Result<(), Reason> {
    if entry.size > MAX_BYTES {
        out.refuse(1, Reason::Long, "1 MiB");
        return Ok(());
    }
    let text = decode::file(pack, entry, MAX_BYTES)?;
    out.source = notes;
    entry.folder().clone_into(&mut out.group);
    match notes {
        Source::Logseq => logseq(entry, &text, out),
        Source::Joplin => joplin(&text, out),
        Source::Notion => super::notion::markdown(entry, &text, out),
        _ => {
            let is_linked = notes == Source::Obsidian || text.contains("[[");
            plain(entry, &text, is_linked, out);
        }
    }
    Ok(())
}

fn plain(entry: &Entry, text: &str, is_linked: bool, out: &mut Out<'_>) {
    let note = markdown::read(text, stem(&entry.name), out.zone);
    if let Some(doubt) = &note.doubt {
        let value = doubt.split(" is no time").next().unwrap_or_default();
        out.warn(1, Reason::Time, value);
    }
    if note.text.trim().is_empty() {
        return out.refuse(1, Reason::Empty, "");
    }
    let body = if is_linked { linked(&note.text) } else { note.text };
    let body = if is_linked { convert::with_tags(&body, &[], entry.folder()) } else { body };
    let note = Note { title: note.title, text: body, created: note.created, updated: note.updated };
    out.note(&entry.name, 1, note);
}

/// Replaces the links and comments of Obsidian, outside of code.
fn linked(text: &str) -> String {
    let (mut out, mut is_code, mut is_comment) = (String::with_capacity(text.len()), false, false);
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            is_code ^= true;
        }
        if is_code {
            out.push_str(line);
            continue;
        }
        let mut rest = line;
        while !rest.is_empty() {
            if is_comment {
                let Some((_, after)) = rest.split_once("%%") else {
                    break;
                };
                (rest, is_comment) = (after, false);
                continue;
            }
            let Some(at) = ["%%", "![[", "[["].iter().filter_map(|mark| rest.find(mark)).min() else {
                out.push_str(rest);
                break;
            };
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            if let Some(after) = after.strip_prefix("%%") {
                (rest, is_comment) = (after, true);
                continue;
            }
            let is_shown = after.starts_with('!');
            let inside = after.trim_start_matches('!').strip_prefix("[[").unwrap_or_default();
            let Some((link, more)) = inside.split_once("]]").filter(|(link, _)| !link.contains('\n')) else {
                out.push_str(after);
                break;
            };
            let (target, shown) = link.split_once('|').unwrap_or((link, ""));
            let file = target.split(['#', '^']).next().unwrap_or_default();
            let base = file.rsplit('/').next().unwrap_or_default();
            let is_file = base.rsplit_once('.').is_some_and(|(_, ending)| {
                (2..=5).contains(&ending.len())
                    && ending != "md"
                    && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
            if is_shown && is_file {
                out.push_str(&convert::attachment(base));
            } else if shown.trim().is_empty() {
                out.push_str(if base.is_empty() { target.trim_start_matches('#') } else { base });
            } else {
                out.push_str(shown);
            }
            rest = more;
        }
        if is_comment && line.ends_with('\n') && !out.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

/// Reads a page of Logseq, an outline.
fn logseq(entry: &Entry, text: &str, out: &mut Out<'_>) {
    let name = stem(&entry.name);
    let decoded = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
    let mut title = decoded.replace("___", "/");
    let (mut lines, mut is_log, mut tags, mut created) = (Vec::new(), false, Vec::new(), None);
    for line in text.lines() {
        let plain = line.trim();
        let bare = plain.trim_start_matches("- ");
        if plain.starts_with(":LOGBOOK:") {
            is_log = true;
        }
        if is_log {
            is_log = !plain.starts_with(":END:");
            continue;
        }
        if let Some((key, value)) =
            bare.split_once(":: ").or_else(|| bare.strip_suffix("::").map(|key| (key, "")))
            && !key.contains(' ')
        {
            match key {
                "title" => value.trim().clone_into(&mut title),
                "tags" => tags.extend(value.split([',', '，']).map(|tag| linked(tag.trim()))),
                "created" | "date" | "created-at" => created = time::of_text(value, out.zone),
                "id" | "collapsed" => {}
                _ => lines.push(linked(line)),
            }
            continue;
        }
        lines.push(linked(&resolved(line, out)));
    }
    let is_journal = format!("/{}", entry.name).contains("/journals/");
    let date = name.replace(['_', '.'], "-");
    let created = created.or_else(|| if is_journal { time::of_text(&date, out.zone) } else { None });
    if is_journal {
        title = date;
    }
    let folder = if is_journal { "journals" } else { "" };
    let text = convert::with_tags(&lines.join("\n"), &tags, folder);
    out.note(&entry.name, 1, Note { title, text, created, updated: None });
}

/// Replaces references to blocks by their texts.
fn resolved(line: &str, out: &Out<'_>) -> String {
    let mut line = line.to_owned();
    for _ in 0..20 {
        let Some(at) = line.find("((") else { break };
        let Some(id) =
            line.get(at + 2..).and_then(|after| after.split_once("))")).map(|(id, _)| id.to_owned())
        else {
            break;
        };
        let known = out.blocks.get(&id).map(String::as_str).unwrap_or_default().to_owned();
        let mark = format!("(({id}))");
        let embed = format!("{{{{embed {mark}}}}}");
        line = line.replace(&embed, &known).replace(&mark, &known);
    }
    line
}

/// Returns the title, the body and the members of a file of Joplin. A body may look like members, so they are
/// read from the end.
fn joplin_parts(text: &str) -> (String, String, HashMap<String, String>) {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let from = lines.iter().rposition(|line| line.trim().is_empty()).map_or(0, |at| at + 1);
    let member = |line: &&str| {
        line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
    };
    let members = lines.get(from..).unwrap_or_default().iter().filter_map(member).collect();
    let before = lines.get(..from.saturating_sub(1)).unwrap_or_default();
    let title = before.first().copied().unwrap_or_default().to_owned();
    let body = before.get(1..).unwrap_or_default().join("\n");
    (title, body, members)
}

fn joplin(text: &str, out: &mut Out<'_>) {
    let (title, body, members) = joplin_parts(text);
    let of = |name: &str| members.get(name).map(String::as_str).unwrap_or_default();
    if of("type_") != "1" {
        return;
    }
    if of("encryption_applied") == "1" {
        return out.refuse(1, Reason::Sealed, "");
    }
    let is_deleted = !matches!(of("deleted_time"), "" | "0");
    if is_deleted || of("is_conflict") == "1" {
        return out.left(1);
    }
    let moment =
        |names: [&str; 2], out: &Out<'_>| names.iter().find_map(|name| time::of_text(of(name), out.zone));
    let created = moment(["user_created_time", "created_time"], out);
    let updated = moment(["user_updated_time", "updated_time"], out);
    let (mut folder, mut parent) = (Vec::new(), of("parent_id").to_owned());
    while let Some((next, name)) =
        out.blocks.get(&format!("folder/{parent}")).and_then(|text| text.split_once('\n'))
    {
        folder.push(name.to_owned());
        if folder.len() > 20 {
            break;
        }
        parent = next.to_owned();
    }
    folder.reverse();
    let tags = out.blocks.get(&format!("tags/{}", of("id"))).cloned().unwrap_or_default();
    let tags: Vec<String> =
        tags.lines().filter_map(|id| out.blocks.get(&format!("tag/{id}")).cloned()).collect();
    let body = if of("markup_language") == "2" { html::markdown(&body) } else { body };
    let body = with_files(&body);
    let body = if of("is_todo") == "1" {
        let mark = if matches!(of("todo_completed"), "" | "0") { " " } else { "x" };
        format!("- [{mark}] {title}\n\n{}", body.trim())
    } else {
        body
    };
    out.group = folder.join("/");
    let text = convert::with_tags(body.trim(), &tags, &folder.join("/"));
    out.note(of("id"), 1, Note { title, text, created, updated });
}

/// Replaces pictures and links to resources.
fn with_files(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("](:/") {
        let (before, after) = rest.split_at(at);
        let open = before.rfind('[').unwrap_or(at);
        let (start, label) = before.split_at(open);
        let id = after.get(4..36).unwrap_or_default();
        let close = after.find(')').map_or(after.len(), |at| at + 1);
        if is_hex(id, 32) {
            out.push_str(start.strip_suffix('!').unwrap_or(start));
            let label = label.trim_start_matches('[');
            out.push_str(&convert::attachment(if label.is_empty() { id } else { label }));
        } else {
            out.push_str(before);
            out.push_str(after.get(..close).unwrap_or_default());
        }
        rest = after.get(close..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Returns the folder of a page of Notion without the ids in it.
pub(super) fn notion_folder(entry: &Entry) -> String {
    let part = |part: &str| notion_id(part).map_or_else(|| part.to_owned(), |(title, _)| title.to_owned());
    entry.folder().split('/').filter(|part| !part.is_empty()).map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_their_words() {
        assert_eq!(
            linked("见 [[日记/2024-01-05#午后|that day]] ![[图 1.png|300]] %%x%%"),
            "见 that day [附件 / file: 图 1.png] "
        );
        assert_eq!(
            linked("[[a/b#c]] and ![[Note]] `x`\n```\n[[code]]\n```\n"),
            "b and Note `x`\n```\n[[code]]\n```\n"
        );
        assert_eq!(linked("a %%b\nc%% d [[open"), "a \n d [[open");
    }

    #[test]
    fn members_of_joplin_are_read_from_the_end() {
        let (title, body, members) = joplin_parts("购物\n\nprice: 3\n\nid: 01\ntype_: 1");
        assert_eq!((title.as_str(), body.trim(), members["type_"].as_str()), ("购物", "price: 3", "1"));
        assert!(!members.contains_key("price"));
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(
            with_files(&format!("a ![图.png](:/{id}) [x](:/no) b")),
            "a [附件 / file: 图.png] [x](:/no) b"
        );
    }
}
