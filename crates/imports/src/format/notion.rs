//! Notion: pages in Markdown or HTML, databases in CSV.

use super::vault::notion_folder;
use crate::{
    convert, html, markdown,
    model::Note,
    out::Out,
    pack::Entry,
    recognize::{notion_id, stem},
    time,
};

/// Names of properties that have the time of creation and of the last change.
const CREATED: [&str; 9] = [
    "created",
    "created time",
    "date created",
    "date",
    "创建时间",
    "创建日期",
    "建立时间",
    "日期",
    "作成日時",
];
const UPDATED: [&str; 6] =
    ["last edited time", "updated", "last edited", "最后编辑时间", "上次编辑时间", "更新时间"];

/// Reads a page in Markdown.
pub(super) fn markdown(entry: &Entry, text: &str, out: &mut Out<'_>) {
    let Some((name, id)) = notion_id(stem(&entry.name)) else {
        let note = markdown::read(text, stem(&entry.name), out.zone);
        let note = Note { title: note.title, text: note.text, created: note.created, updated: note.updated };
        return out.note(&entry.name, 1, note);
    };
    let front = markdown::read(text, name, out.zone);
    let mut title = front.title.clone();
    let mut body = front.text.trim_start();
    if let Some(after) = body.strip_prefix("# ") {
        let (heading, rest) = after.split_once('\n').unwrap_or((after, ""));
        // Names of files are cut, headings are not.
        heading.trim().clone_into(&mut title);
        body = rest.trim_start_matches('\n');
    }
    let (created, updated) = times(body, out);
    let (created, updated) = (created.or(front.created), updated.or(front.updated));
    let text = relinked(body);
    let folder = notion_folder(entry);
    let text = if folder.is_empty() { text } else { convert::with_tags(&text, &[], &folder) };
    out.group = notion_folder(entry);
    out.note(&id, 1, Note { title, text, created, updated });
}

/// Returns the times among the properties, which stand before the first blank line.
fn times(body: &str, out: &Out<'_>) -> (Option<i64>, Option<i64>) {
    let (mut created, mut updated) = (None, None);
    for line in body.lines().take_while(|line| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once(':').or_else(|| line.split_once('：')) else { break };
        let name = name.trim().to_lowercase();
        let value = value.trim().trim_start_matches('@');
        if CREATED.contains(&name.as_str()) {
            created = created.or_else(|| time::of_text(value, out.zone));
        } else if UPDATED.contains(&name.as_str()) {
            updated = updated.or_else(|| time::of_text(value, out.zone));
        }
    }
    (created, updated)
}

/// Replaces links to other pages and files of the export by their words.
fn relinked(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("](") {
        let (before, after) = rest.split_at(at);
        let close = after.find(')').map_or(after.len(), |at| at + 1);
        let target = after.get(2..close.saturating_sub(1)).unwrap_or_default();
        let is_remote = target.contains("://") || target.starts_with("mailto:") || target.starts_with('#');
        let open = before.rfind('[').filter(|_| !is_remote && !target.is_empty());
        match open.map(|open| before.split_at(open)) {
            Some((start, label)) => {
                let label = label.trim_start_matches('[');
                let is_picture = start.ends_with('!');
                out.push_str(start.strip_suffix('!').unwrap_or(start));
                let target = percent_encoding::percent_decode_str(target).decode_utf8_lossy();
                let base = target.rsplit('/').next().unwrap_or_default();
                if is_picture || !(base.ends_with(".md") || base.ends_with(".csv") || base.ends_with(".html"))
                {
                    out.push_str(&convert::attachment(base));
                } else {
                    out.push_str(label);
                }
            }
            None => {
                out.push_str(before);
                out.push_str(after.get(..close).unwrap_or_default());
            }
        }
        rest = after.get(close..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Reads a page in HTML.
pub(super) fn page(entry: &Entry, text: &str, out: &mut Out<'_>) {
    let Some((name, id)) = notion_id(stem(&entry.name)) else { return super::notes::page(entry, text, out) };
    let document = dom_query::Document::from(text);
    let first = |what: &str| document.select(what).nodes().first().map(|node| node.text().trim().to_owned());
    let title = first(".page-title").filter(|title| !title.is_empty()).unwrap_or_else(|| name.to_owned());
    let moment = |what: &str, out: &Out<'_>| {
        first(what).and_then(|text| time::of_text(text.trim_start_matches('@'), out.zone))
    };
    let created = moment("tr.property-row-created_time time", out);
    let updated = moment("tr.property-row-last_edited_time time", out);
    let body = document.select(".page-body").nodes().first().map(html::of_node);
    let body = body.unwrap_or_else(|| html::of_document(&document));
    out.group = notion_folder(entry);
    let text = convert::with_tags(&body, &[], &notion_folder(entry));
    out.note(&id, 1, Note { title, text, created, updated });
}

/// Reads the rows of a database that have no page of their own.
pub(super) fn rows(entry: &Entry, text: &str, pages: &[String], out: &mut Out<'_>) {
    let Ok((mut table, Some(Ok(header)))) = crate::table::Table::open(text.as_bytes(), |_| true) else {
        return;
    };
    let (_, id) = notion_id(stem(&entry.name)).unwrap_or_default();
    while let Ok(Some(row)) = table.next_row() {
        let Ok(row) = row else { continue };
        let title = row.cells.first().cloned().unwrap_or_default();
        if title.trim().is_empty() || pages.iter().any(|page| *page == title.trim()) {
            continue;
        }
        let cells = header.cells.iter().zip(&row.cells).filter(|(_, cell)| !cell.trim().is_empty());
        let body = cells.map(|(name, cell)| format!("{name}: {cell}")).collect::<Vec<_>>().join("\n");
        let (created, updated) = times(&body, out);
        let native = format!("{id}/{}", title.trim());
        out.note(&native, row.line, Note { title, text: body, created, updated });
    }
}
