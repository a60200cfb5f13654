//! Evernote and 印象笔记: a stream of notes in XML.

use std::io::{BufReader, Read};

use quick_xml::{Reader, events::Event};

use crate::{
    convert, html,
    model::{Note, Reason},
    out::{Out, digest},
    time,
};

/// Maximum size of the texts of a note in bytes.
const MAX_NOTE: usize = 64 << 20;

#[derive(Default)]
struct Raw {
    title: String,
    content: String,
    created: String,
    updated: String,
    tags: Vec<String>,
    url: String,
    files: Vec<String>,
    is_sealed: bool,
    is_long: bool,
}

/// Reads notes one after the other. Attachments are passed over while they are read.
pub(super) fn read(from: impl Read, out: &mut Out<'_>) {
    let mut reader = Reader::from_reader(BufReader::with_capacity(64 << 10, from));
    reader.config_mut().check_end_names = false;
    let (mut buffer, mut path, mut raw): (Vec<u8>, Vec<String>, Raw) =
        (Vec::new(), Vec::new(), Raw::default());
    let (mut line, mut seen) = (0, std::collections::HashMap::<String, u64>::new());
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag)) => {
                let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
                if name == "note" {
                    (raw, line) = (Raw::default(), line + 1);
                }
                if name == "content"
                    && tag.attributes().flatten().any(|attribute| attribute.key.as_ref() == b"encoding")
                {
                    raw.is_sealed = true;
                }
                path.push(name);
            }
            Ok(Event::End(_)) => {
                if path.pop().as_deref() == Some("note") {
                    note(line, std::mem::take(&mut raw), &mut seen, out);
                }
            }
            Ok(Event::Text(text)) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                add(&mut raw, &path, &convert::entities(&text));
            }
            Ok(Event::CData(text)) => add(&mut raw, &path, &String::from_utf8_lossy(&text)),
            Ok(Event::GeneralRef(name)) => {
                let name = String::from_utf8_lossy(&name).into_owned();
                add(&mut raw, &path, &convert::entities(&format!("&{name};")));
            }
            Ok(Event::Eof) => {
                if !path.is_empty() {
                    out.refuse(line, Reason::Damaged, "");
                }
                return;
            }
            Ok(_) => {}
            Err(_broken) => return out.refuse(line, Reason::Damaged, ""),
        }
        if out.is_over {
            return;
        }
    }
}

/// Adds text to the member of a note that the path leads to.
fn add(raw: &mut Raw, path: &[String], text: &str) {
    let at: Vec<&str> = path.iter().map(String::as_str).collect();
    let into = match at.as_slice() {
        [.., "note", "title"] => &mut raw.title,
        [.., "note", "content"] => &mut raw.content,
        [.., "note", "created"] => &mut raw.created,
        [.., "note", "updated"] => &mut raw.updated,
        [.., "note-attributes", "source-url"] => &mut raw.url,
        [.., "note", "tag"] => {
            raw.tags.push(text.trim().to_owned());
            return;
        }
        [.., "resource-attributes", "file-name"] => {
            raw.files.push(text.trim().to_owned());
            return;
        }
        _ => return,
    };
    if into.len() + text.len() > MAX_NOTE {
        raw.is_long = true;
    } else {
        into.push_str(text);
    }
}

fn note(line: u64, raw: Raw, seen: &mut std::collections::HashMap<String, u64>, out: &mut Out<'_>) {
    if raw.is_sealed {
        return out.refuse(line, Reason::Sealed, "(印象笔记：请导出 HTML)");
    }
    if raw.is_long {
        return out.refuse(line, Reason::Long, "64 MiB");
    }
    let mut text = html::markdown(&raw.content);
    if raw.content.contains("<en-crypt") {
        out.warn(line, Reason::Sealed, "");
    }
    if raw.url.starts_with("http") && !text.contains(&raw.url) {
        text = format!("{text}\n\n{}", raw.url);
    }
    for file in raw.files.iter().filter(|file| !file.is_empty()) {
        text = format!("{text}\n\n{}", convert::attachment(file));
    }
    // The position among equals.
    let native = digest(&[&raw.created, &raw.title]);
    let number = seen.entry(native.clone()).or_default();
    *number += 1;
    let native = if *number > 1 { format!("{native}~{number}") } else { native };
    let group = crate::recognize::stem(&out.place).to_owned();
    out.group = group;
    let created = time::of_text(&raw.created, out.zone);
    let updated = time::of_text(&raw.updated, out.zone);
    let text = convert::with_tags(&text, &raw.tags, "");
    out.note(&native, line, Note { title: raw.title.trim().to_owned(), text, created, updated });
}
