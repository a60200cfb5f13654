//! Day One.

use std::io::Read;

use serde_json::Value;
use store::Zone;

use crate::{
    convert,
    json::{Items, flag, id, list, moment, text},
    model::Note,
    out::Out,
};

pub(super) fn day_one(mut items: Items<impl Read>, out: &mut Out<'_>) {
    while let Some((line, item)) = out.next_item(&mut items) {
        let created = moment(&item, &["creationDate"], &Zone::default());
        let updated = moment(&item, &["modifiedDate"], &Zone::default());
        let mut said = match text(&item, "text") {
            "" => rich(text(&item, "richText")),
            said => unescaped(said),
        };
        said = with_files(&said, &item);
        let tags: Vec<String> =
            list(&item, "tags").iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        let tags = if flag(&item, "starred") { [tags, vec!["starred".to_owned()]].concat() } else { tags };
        let title = convert::line_of(&said, 100);
        let text = convert::with_tags(&said, &tags, "");
        out.note(&id(&item, &["uuid"]), line, Note { title, text, created, updated });
    }
}

/// Undoes escapes outside of code.
fn unescaped(text: &str) -> String {
    let (mut out, mut is_code, mut chars) =
        (String::with_capacity(text.len()), false, text.chars().peekable());
    while let Some(c) = chars.next() {
        if c == '`' {
            is_code = !is_code;
        }
        let is_escape =
            c == '\\' && !is_code && chars.peek().is_some_and(|next| ".-!()+#>_*[]{}".contains(*next));
        if !is_escape {
            out.push(c);
        }
    }
    out
}

/// Returns the text of the rich form.
fn rich(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    list(&value, "contents").iter().map(|part| self::text(part, "text")).collect()
}

/// Replaces pictures by the mark of an attachment.
fn with_files(text: &str, item: &Value) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("![](dayone-moment:") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let Some((link, more)) = after.split_once(')') else { break };
        let identifier = link.rsplit('/').next().unwrap_or_default();
        let photo = list(item, "photos").iter().find(|photo| self::text(photo, "identifier") == identifier);
        let name = photo.map(|photo| format!("{}.{}", self::text(photo, "md5"), self::text(photo, "type")));
        out.push_str(&convert::attachment(&name.unwrap_or_else(|| identifier.to_owned())));
        rest = more;
    }
    out.push_str(rest);
    out
}
