//! Bookmarks of browsers: a note for each folder.

use std::collections::BTreeMap;

use crate::{
    convert,
    model::{Note, Reason},
    out::Out,
    time,
};

/// Reads the lines of the format, in which no element is closed.
pub(super) fn read(text: &str, out: &mut Out<'_>) {
    let mut folders: Vec<String> = Vec::new();
    let mut next = String::new();
    let mut notes: BTreeMap<String, (Vec<String>, Option<i64>, u64)> = BTreeMap::new();
    for (line, content) in (1..).zip(text.split('<').skip(1)) {
        let (tag, words) = content.split_once('>').unwrap_or((content, ""));
        let name = tag.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        match name.as_str() {
            "H3" => next = convert::line_of(&convert::entities(words), 100),
            "DL" => folders.push(std::mem::take(&mut next)),
            "/DL" => {
                folders.pop();
            }
            "A" => {
                let url = attribute(tag, "HREF");
                if !url.starts_with("http://") && !url.starts_with("https://") {
                    out.refuse(line, Reason::Kind, &url);
                    continue;
                }
                let added = time::of_text(&attribute(tag, "ADD_DATE"), out.zone);
                let label = convert::line_of(&convert::entities(words), 200);
                let label = if label.is_empty() { url.clone() } else { label };
                let path =
                    folders.iter().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>().join("/");
                let note = notes.entry(path).or_insert((Vec::new(), added, line));
                note.0.push(format!("- [{}]({url})", label.replace(['[', ']'], "")));
                note.1 = match (note.1, added) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
            "DD" => {
                let words = convert::line_of(&convert::entities(words), 500);
                if let Some(item) = notes.values_mut().next_back().and_then(|note| note.0.last_mut())
                    && !words.is_empty()
                {
                    item.push_str(&format!("  \n  {words}"));
                }
            }
            _ => {}
        }
    }
    for (path, (items, created, line)) in notes {
        let title = if path.is_empty() { "Bookmarks".to_owned() } else { path.clone() };
        path.clone_into(&mut out.group);
        let note = Note { title, text: items.join("\n"), created, updated: None };
        out.note(&format!("folder/{path}"), line, note);
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let upper = tag.to_ascii_uppercase();
    let Some(at) = upper.find(&format!("{name}=\"")) else { return String::new() };
    let after = tag.get(at + name.len() + 2..).unwrap_or_default();
    convert::entities(after.split('"').next().unwrap_or_default())
}
