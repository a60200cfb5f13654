//! Validation of notes. No I/O.

use sha2::{Digest, Sha256};
use web::{
    ApiError, Code, Issues,
    paging::{DEFAULT_PAGE_SIZE, MAX_OFFSET, MAX_PAGE_SIZE, Page, cursor::Cursor},
};

use super::{
    Filter,
    model::{Change, Kind, ListRequest, NewNote, NoteChange, NoteRequest, Status},
};
use crate::{cursor::cursor, profile::rules::check_url};

/// Maximum length of a content in characters.
pub const MAX_CONTENT: usize = 50_000;
/// Maximum length of a title in characters.
pub const MAX_TITLE: usize = 200;
/// Maximum number of links of a note.
pub const MAX_URLS: usize = 10;
/// Maximum length of the query of a list, in characters.
pub const MAX_QUERY: usize = 200;

/// The types of notes in the original API. Here only `Memo` and `Link` exist.
const DATA_TYPES: [&str; 9] =
    ["Doc", "Audio", "Link&Doc", "Answer", "Image", "Memo", "Link", "Chat", "Chat&Answer"];

/// Returns the text that is indexed.
pub(crate) fn indexed(title: &str, content: &str, urls: &[String]) -> String {
    format!("{title}\n{content}\n{}", urls.join("\n"))
}

/// Returns a hash that tells two notes apart.
pub(crate) fn hash(kind: Kind, title: &str, content: &str, urls: &[String]) -> [u8; 32] {
    // Title and links have no line breaks, so a line break ends them; the content comes last.
    Sha256::digest([kind.name(), title, &urls.join(" "), content].join("\n")).into()
}

/// Returns the status of a new note with these links.
pub(super) const fn status(urls: &[String]) -> Status {
    if urls.is_empty() { Status::Ready } else { Status::Pending }
}

/// Checks a new note.
///
/// # Errors
/// [`Code::NoteContentRequired`] if a text note has no content, [`Code::NoteUrlsRequired`] if a link note has
/// no links, 422 if another member is invalid.
pub fn check(request: NoteRequest) -> Result<NewNote, ApiError> {
    let mut issues = Issues::body();
    let kind = match request.memory_type.as_deref() {
        None | Some("TEXT") => Kind::Text,
        // The name in an old client.
        Some("LINK" | "URL") => Kind::Link,
        Some(_) => {
            issues.add("literal_error", "memoryType", "Input should be 'TEXT' or 'LINK'");
            Kind::Text
        }
    };
    let content = request.content.unwrap_or_default();
    let urls: Vec<String> =
        request.urls.unwrap_or_default().iter().map(|url| url.trim().to_owned()).collect();
    if issues.is_empty() {
        match kind {
            Kind::Text if content.trim().is_empty() => return Err(Code::NoteContentRequired.into()),
            Kind::Link if urls.iter().all(String::is_empty) => return Err(Code::NoteUrlsRequired.into()),
            Kind::Text | Kind::Link => {}
        }
    }
    let title = request.title.unwrap_or_default().trim().to_owned();
    issues.text("content", &content, MAX_CONTENT);
    issues.line("title", &title, MAX_TITLE);
    check_urls(&mut issues, &urls);
    issues.finish()?;
    Ok(NewNote { kind, title, content, urls })
}

fn check_urls(issues: &mut Issues, urls: &[String]) {
    if urls.len() > MAX_URLS {
        issues.add("too_long", "urls", format!("List should have at most {MAX_URLS} items"));
    }
    for (i, url) in urls.iter().take(MAX_URLS).enumerate() {
        let field = format!("urls.{i}");
        if url.is_empty() {
            issues.add("value_error", &field, "Input should be an http or https URL");
        }
        check_url(issues, &field, url);
    }
}

/// Checks a change.
///
/// # Errors
/// 422 if a member is invalid.
pub fn check_change(change: NoteChange) -> Result<Change, ApiError> {
    let mut issues = Issues::body();
    let title = change.title.map(|title| title.trim().to_owned());
    if let Some(content) = &change.content {
        issues.text("content", content, MAX_CONTENT);
    }
    if let Some(title) = &title {
        issues.line("title", title, MAX_TITLE);
    }
    issues.finish()?;
    Ok(Change { title, content: change.content })
}

/// Checks the request for a list. Returns `None` if only types are requested that do not exist here.
///
/// # Errors
/// 422 if a member is invalid.
pub(super) fn check_list(request: ListRequest) -> Result<Option<(Filter, Cursor)>, ApiError> {
    let mut issues = Issues::body();
    let (offset, size) = (request.from.unwrap_or(0), request.size.unwrap_or(DEFAULT_PAGE_SIZE));
    if !(0..=MAX_OFFSET).contains(&offset) {
        issues.add("value_error", "from", format!("Input should be 0 to {MAX_OFFSET}"));
    }
    if size < 1 {
        issues.add("greater_than_equal", "size", "Input should be greater than or equal to 1");
    }
    let query = request.query.unwrap_or_default();
    if query.chars().count() > MAX_QUERY {
        issues.add("string_too_long", "query", format!("String should have at most {MAX_QUERY} characters"));
    }
    let types = request.data_types.unwrap_or_default();
    for (i, name) in types.iter().enumerate().take(100) {
        if !DATA_TYPES.contains(&name.as_str()) {
            issues.add(
                "literal_error",
                &format!("dataTypes.{i}"),
                format!("Input should be one of {DATA_TYPES:?}"),
            );
        }
    }
    issues.finish()?;
    let wants = |kind: Kind| types.iter().any(|name| name == kind.data_type());
    let kind = match (types.is_empty(), wants(Kind::Text), wants(Kind::Link)) {
        (true, ..) | (_, true, true) => None,
        (_, true, false) => Some(Kind::Text),
        (_, false, true) => Some(Kind::Link),
        (_, false, false) => return Ok(None),
    };
    let page = Page { limit: size.min(MAX_PAGE_SIZE), offset };
    let cursor = cursor(request.snapshot.as_deref(), page, Issues::body())?;
    Ok(Some((Filter { query, kind }, cursor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_a_list() {
        let list = |types: &[&str]| {
            let data_types = Some(types.iter().map(|name| (*name).to_owned()).collect());
            check_list(ListRequest { data_types, ..ListRequest::default() })
                .map(|list| list.map(|(f, _)| f.kind))
        };
        assert_eq!(list(&[]).unwrap(), Some(None));
        assert_eq!(list(&["Memo", "Link", "Doc"]).unwrap(), Some(None));
        assert_eq!(list(&["Link"]).unwrap(), Some(Some(Kind::Link)));
        assert_eq!(list(&["Audio"]).unwrap(), None);
        assert!(list(&["memo"]).is_err());
    }
}
