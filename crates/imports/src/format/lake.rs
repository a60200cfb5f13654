//! 语雀: a document as JSON with HTML in it.

use serde_json::Value;

use crate::{
    html,
    json::{first_text, id, moment, parse},
    model::{Note, Reason},
    out::Out,
    pack::Entry,
    recognize::stem,
};

pub(super) fn read(entry: &Entry, text: &str, out: &mut Out<'_>) {
    let Some(value) = parse(text.as_bytes()) else { return out.refuse(1, Reason::Json, "") };
    let Some(doc) = value.get("doc").filter(|doc| doc.is_object()) else {
        return out.refuse(1, Reason::Shape, "doc");
    };
    if matches!(doc.get("type").and_then(Value::as_str), Some("Sheet" | "Board" | "Table")) {
        return out.refuse(1, Reason::Kind, "");
    }
    let body = first_text(doc, &["body", "body_asl"]);
    let created = moment(doc, &["created_at", "createdAt", "first_published_at"], out.zone);
    let updated = moment(doc, &["content_updated_at", "updated_at", "updatedAt"], out.zone);
    let slug = stem(&entry.name);
    let native = match id(doc, &["slug"]) {
        none if none.is_empty() => slug.to_owned(),
        native => native,
    };
    let title = match first_text(doc, &["title"]) {
        "" => slug,
        title => title,
    };
    out.group = entry.folder().to_owned();
    let text = html::markdown(body);
    out.note(&native, 1, Note { title: title.to_owned(), text, created, updated });
}
