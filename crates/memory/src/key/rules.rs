//! Validation of key memories. No I/O.

use sha2::{Digest, Sha256};
use web::{ApiError, Code, Issues};

use super::model::{Batch, Change, Fact, MemoryChange, NewMemory};

/// Maximum length of a fact in characters.
pub const MAX_CONTENT: usize = 5000;
/// Maximum length of an actor or an object, in characters.
pub const MAX_NAME: usize = 100;
/// Maximum number of memories in a batch.
pub const MAX_BATCH: usize = 100;
/// Maximum number of characters in a batch, which is indexed in one transaction.
pub const MAX_BATCH_CONTENT: usize = 50_000;
/// Maximum length of a keyword in characters.
pub const MAX_KEYWORD: usize = 500;
/// The actor of a fact that names none.
pub const ACTOR: &str = "用户";

/// The visibility of a memory that everybody may see.
const PUBLIC: i64 = 1;

/// Returns true if everybody may see it.
pub const fn is_public(visibility: i64) -> bool {
    visibility == PUBLIC
}

/// Returns the text that is indexed. The default actor, whom most facts are about, is left out.
pub(crate) fn indexed(actor: &str, object: &str, content: &str) -> String {
    let actor = if actor == ACTOR { "" } else { actor };
    [actor, object, content].join("\n")
}

/// Returns a hash that tells two facts apart. It does not depend on the visibility.
pub(crate) fn hash(fact: &Fact) -> [u8; 32] {
    // Actor and object have no line breaks, so a line break ends them.
    Sha256::digest([fact.actor.as_str(), &fact.object, &fact.content].join("\n")).into()
}

/// Checks a new memory.
///
/// # Errors
/// [`Code::MemoryContentRequired`] if there is no content, 422 if another member is invalid.
pub fn check(new: NewMemory) -> Result<Fact, ApiError> {
    if new.content.as_deref().is_none_or(|content| content.trim().is_empty()) {
        return Err(Code::MemoryContentRequired.into());
    }
    let mut issues = Issues::body();
    let fact = fact(&mut issues, "", new);
    issues.finish()?;
    Ok(fact)
}

/// Checks a batch.
///
/// # Errors
/// 422 that names every invalid member of every item.
pub(super) fn check_batch(batch: Batch) -> Result<Vec<Fact>, ApiError> {
    let mut issues = Issues::body();
    let count = batch.items.len();
    if count == 0 {
        issues.add("too_short", "items", "List should have at least 1 item");
    }
    if count > MAX_BATCH {
        issues.add("too_long", "items", format!("List should have at most {MAX_BATCH} items"));
    }
    let items = batch.items.into_iter().take(MAX_BATCH).enumerate();
    let facts: Vec<Fact> = items.map(|(i, item)| fact(&mut issues, &format!("items.{i}."), item)).collect();
    if facts.iter().map(|fact| fact.content.chars().count()).sum::<usize>() > MAX_BATCH_CONTENT {
        issues.add(
            "too_long",
            "items",
            format!("Items should have at most {MAX_BATCH_CONTENT} characters together"),
        );
    }
    issues.finish()?;
    Ok(facts)
}

fn fact(issues: &mut Issues, place: &str, new: NewMemory) -> Fact {
    let field = |name: &str| format!("{place}{name}");
    let content = issues.required_text(&field("content"), new.content.as_deref(), MAX_CONTENT);
    let visibility = new.visibility.unwrap_or(PUBLIC);
    check_visibility(issues, &field("visibility"), visibility);
    if new.mode.is_some_and(|mode| mode != "direct") {
        issues.add("literal_error", &field("mode"), "Input should be 'direct'");
    }
    let mut name = |member: &str, value: Option<String>| {
        let value = value.unwrap_or_default();
        issues.line(&field(member), value.trim(), MAX_NAME);
        value.trim().to_owned()
    };
    let (mut actor, object) = (name("factActor", new.fact_actor), name("factObject", new.fact_object));
    if actor.is_empty() {
        ACTOR.clone_into(&mut actor);
    }
    Fact { actor, object, content, visibility }
}

fn check_visibility(issues: &mut Issues, field: &str, visibility: i64) {
    if !(0..=9).contains(&visibility) {
        issues.add("value_error", field, "Input should be a digit, 1 for everybody");
    }
}

/// Checks a change.
///
/// # Errors
/// [`Code::MemoryContentRequired`] if the content is empty, 422 if another member is invalid.
pub fn check_change(change: MemoryChange) -> Result<Change, ApiError> {
    let mut issues = Issues::body();
    let content = match change.content {
        Some(content) if content.trim().is_empty() => return Err(Code::MemoryContentRequired.into()),
        Some(content) => Some(issues.required_text("content", Some(&content), MAX_CONTENT)),
        None => None,
    };
    if let Some(visibility) = change.visibility {
        check_visibility(&mut issues, "visibility", visibility);
    }
    issues.finish()?;
    Ok(Change { content, visibility: change.visibility, object: None })
}

/// Checks a category.
///
/// # Errors
/// 422 if it is too long or not one line.
pub fn check_category(category: &str) -> Result<String, ApiError> {
    let mut issues = Issues::body();
    issues.line("factObject", category.trim(), MAX_NAME);
    issues.finish()?;
    Ok(category.trim().to_owned())
}

/// Checks a keyword.
///
/// # Errors
/// 422 if it is too long.
pub fn check_keyword(keyword: Option<String>) -> Result<String, ApiError> {
    let keyword = keyword.unwrap_or_default();
    let mut issues = Issues::query();
    if keyword.chars().count() > MAX_KEYWORD {
        issues.add(
            "string_too_long",
            "keyword",
            format!("String should have at most {MAX_KEYWORD} characters"),
        );
    }
    issues.finish()?;
    Ok(keyword)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(content: &str) -> NewMemory {
        NewMemory { content: Some(content.to_owned()), ..NewMemory::default() }
    }

    #[test]
    fn defaults() {
        let fact = check(new(" 喜欢猫 ")).unwrap();
        assert_eq!((fact.actor.as_str(), fact.object.as_str(), fact.content.as_str()), (ACTOR, "", "喜欢猫"));
        assert!(is_public(fact.visibility));
    }

    #[test]
    fn what_tells_facts_apart() {
        let fact = |actor: &str, object: &str, content: &str, visibility| {
            hash(&Fact { actor: actor.into(), object: object.into(), content: content.into(), visibility })
        };
        assert_eq!(fact("a", "b", "c", 0), fact("a", "b", "c", 1));
        for other in [fact("b", "b", "c", 0), fact("a", "", "b\nc", 0), fact("a", "b", "C", 0)] {
            assert_ne!(other, fact("a", "b", "c", 0));
        }
    }

    #[test]
    fn the_person_is_not_searched_for() {
        assert!(!indexed(ACTOR, "o", "c").contains(ACTOR));
        assert!(indexed("妈妈", "o", "c").contains("妈妈"));
    }
}
