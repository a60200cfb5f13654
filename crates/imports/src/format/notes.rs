//! Short notes: flomo, Memos, Google Keep, pages of HTML.

use std::io::Read;

use crate::{
    convert, html,
    json::{Items, first_text, flag, id, list, moment, text},
    model::{Note, Reason},
    out::{Out, digest},
    pack::Entry,
    recognize::stem,
    time,
};

/// Reads memos of flomo. Two may have the same second.
pub(super) fn flomo(text: &str, out: &mut Out<'_>) {
    let document = dom_query::Document::from(text);
    for (line, memo) in (1..).zip(document.select(".memo").nodes()) {
        let part = |class: &str| dom_query::Selection::from(*memo).select(class);
        let when = part(".time").text().trim().to_owned();
        let mut text = part(".content").nodes().first().map(html::of_node).unwrap_or_default();
        for file in part(".files img, .files audio, .files video, .files a").nodes() {
            let source = file
                .attr("src")
                .or_else(|| file.attr("href"))
                .map(|name| name.to_string())
                .unwrap_or_default();
            let name = source.rsplit('/').next().unwrap_or_default();
            if !name.is_empty() {
                text = format!("{text}\n\n{}", convert::attachment(name));
            }
        }
        let created = time::of_text(&when, out.zone);
        if created.is_none() && !when.is_empty() {
            out.warn(line, Reason::Time, &when);
        }
        let title = convert::line_of(&text, 30);
        out.note(&digest(&[&when, &text]), line, Note { title, text, created, updated: None });
    }
}

/// Reads memos of Memos. They are private, whatever they say.
pub(super) fn memos(items: Items<impl Read>, out: &mut Out<'_>) {
    for (line, item) in items {
        if out.is_over {
            return;
        }
        match item {
            Ok(item) if [text(&item, "state"), text(&item, "rowStatus")].contains(&"ARCHIVED") => out.left(1),
            Ok(item) => {
                let created =
                    moment(&item, &["displayTime", "createTime", "createdTs", "created_ts"], out.zone);
                let updated = moment(&item, &["updateTime", "updatedTs", "updated_ts"], out.zone);
                let mut said = text(&item, "content").to_owned();
                for file in list(&item, "attachments").iter().chain(list(&item, "resources")) {
                    said =
                        format!("{said}\n\n{}", convert::attachment(first_text(file, &["filename", "name"])));
                }
                let title = convert::line_of(&said, 30);
                out.note(
                    &id(&item, &["uid", "name", "id"]),
                    line,
                    Note { title, text: said, created, updated },
                );
            }
            Err(reason) => out.refuse(line, reason, "64 MiB"),
        }
    }
}

/// Reads a note of Google Keep.
pub(super) fn keep(entry: &Entry, mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        if flag(&item, "isTrashed") || flag(&item, "isArchived") {
            out.left(1);
            continue;
        }
        let mut said = match text(&item, "textContent") {
            "" => html::markdown(text(&item, "textContentHtml")),
            said => said.to_owned(),
        };
        for part in list(&item, "listContent") {
            let mark = if flag(part, "isChecked") { "x" } else { " " };
            said = format!("{said}\n- [{mark}] {}", text(part, "text"));
        }
        for link in list(&item, "annotations").iter().map(|link| text(link, "url")) {
            if link.starts_with("http") && !said.contains(link) {
                said = format!("{said}\n\n{link}");
            }
        }
        for file in list(&item, "attachments") {
            said = format!("{said}\n\n{}", convert::attachment(text(file, "filePath")));
        }
        let labels: Vec<String> =
            list(&item, "labels").iter().map(|label| text(label, "name").to_owned()).collect();
        let title = match text(&item, "title") {
            "" => said
                .lines()
                .map(|line| line.trim_start_matches("- [x] ").trim_start_matches("- [ ] "))
                .find(|line| !line.trim().is_empty())
                .unwrap_or_default()
                .to_owned(),
            title => title.to_owned(),
        };
        let updated = moment(&item, &["userEditedTimestampUsec"], out.zone);
        let created = moment(&item, &["createdTimestampUsec"], out.zone).or(updated);
        let text = convert::with_tags(said.trim(), &labels, "");
        let native = format!("{}/{}", id(&item, &["createdTimestampUsec"]), entry.base());
        out.note(&native, line, Note { title, text, created, updated });
    }
}

/// Reads a page of HTML, such as a note of Apple Notes.
pub(super) fn page(entry: &Entry, text: &str, out: &mut Out<'_>) {
    let document = dom_query::Document::from(text);
    let heading = document.select("h1").nodes().first().map(|node| node.text().to_string());
    let title =
        heading.or_else(|| document.select("title").nodes().first().map(|node| node.text().to_string()));
    let title =
        title.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| stem(&entry.name).to_owned());
    let title = convert::line_of(&title, 200);
    let body = html::of_document(&document);
    let body = body.strip_prefix(&format!("# {title}")).map_or(body.as_str(), str::trim_start).to_owned();
    out.group = entry.folder().to_owned();
    let text = convert::with_tags(&body, &[], entry.folder());
    out.note(&entry.name, 1, Note { title, text, created: None, updated: None });
}
