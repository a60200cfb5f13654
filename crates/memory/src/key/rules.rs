//! Validation of key memories. No I/O.

use sha2::{Digest, Sha256};
use web::{ApiError, Code, Issues};

use store::{Timestamp, Zone};

use super::{
    model::{Batch, Change, Fact, MemoryChange, NewMemory},
    validity::Validity,
};

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
pub(super) fn check_batch(batch: Batch) -> Result<Vec<(Fact, Validity)>, ApiError> {
    let mut issues = Issues::body();
    let count = batch.items.len();
    if count == 0 {
        issues.add("too_short", "items", "List should have at least 1 item");
    }
    if count > MAX_BATCH {
        issues.add("too_long", "items", format!("List should have at most {MAX_BATCH} items"));
    }
    let items = batch.items.into_iter().take(MAX_BATCH).enumerate();
    let mut read = |(i, item): (usize, NewMemory)| {
        let place = format!("items.{i}.");
        let validity = validity(&mut issues, &place, &item);
        (fact(&mut issues, &place, item), validity)
    };
    let facts: Vec<(Fact, Validity)> = items.map(&mut read).collect();
    if facts.iter().map(|(fact, _)| fact.content.chars().count()).sum::<usize>() > MAX_BATCH_CONTENT {
        issues.add(
            "too_long",
            "items",
            format!("Items should have at most {MAX_BATCH_CONTENT} characters together"),
        );
    }
    issues.finish()?;
    Ok(facts)
}

/// Checks a new memory with the times that it holds.
///
/// # Errors
/// As of [`check`].
pub fn check_valid(new: NewMemory) -> Result<(Fact, Validity), ApiError> {
    let mut issues = Issues::body();
    let validity = validity(&mut issues, "", &new);
    let fact = check(new)?;
    issues.finish()?;
    Ok((fact, validity))
}

fn validity(issues: &mut Issues, place: &str, new: &NewMemory) -> Validity {
    let mut time =
        |name: &str, given: Option<i64>| given.map(|ms| time(issues, &format!("{place}{name}"), ms));
    let (from, until) = (time("validFrom", new.valid_from), time("validUntil", new.valid_until));
    if !is_in_order(from, until) {
        issues.add("value_error", &format!("{place}validUntil"), TOO_EARLY);
    }
    Validity { from, until, supersedes: new.supersedes }
}

const TOO_EARLY: &str = "Input should be later than validFrom";

fn is_in_order(from: Option<Timestamp>, until: Option<Timestamp>) -> bool {
    from.zip(until).is_none_or(|(from, until)| from < until)
}

/// Checks a time in milliseconds: its year is between 0 and 9999.
fn time(issues: &mut Issues, field: &str, ms: i64) -> Timestamp {
    if !(-62_167_219_200_000..253_402_300_800_000).contains(&ms) {
        issues.add("value_error", field, "Input should be milliseconds since 1970-01-01 UTC");
    }
    Timestamp(ms)
}

/// Checks the times of a memory.
///
/// # Errors
/// 422 if it would end before it begins.
pub(super) fn check_times(from: Option<Timestamp>, until: Option<Timestamp>) -> Result<(), ApiError> {
    let mut issues = Issues::body();
    if !is_in_order(from, until) {
        issues.add("value_error", "validUntil", TOO_EARLY);
    }
    issues.finish()
}

/// Checks the time since which a memory takes the place of another.
///
/// # Errors
/// 422 if it is out of range.
pub(super) fn check_since(since: Option<i64>) -> Result<Option<Timestamp>, ApiError> {
    let mut issues = Issues::body();
    let since = since.map(|ms| time(&mut issues, "since", ms));
    issues.finish()?;
    Ok(since)
}

/// Reads the time of a search: a date, of which the last moment counts, or milliseconds.
///
/// # Errors
/// 422 if it is neither.
pub(super) fn check_as_of(given: Option<&str>, zone: &Zone) -> Result<Option<Timestamp>, ApiError> {
    let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else { return Ok(None) };
    let mut issues = Issues::query();
    let at = given.parse().map_or_else(
        |_| Zone::parse_day(given).map(|day| zone.start(day + 1).plus_ms(-1)),
        |ms| Some(time(&mut issues, "asOf", ms)),
    );
    if at.is_none() {
        issues.add("value_error", "asOf", "Input should be a date such as 2024-05-31, or milliseconds");
    }
    issues.finish()?;
    Ok(at)
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
    let mut time_of = |name: &str, given: Option<Option<i64>>| {
        given.map(|given| given.map(|ms| time(&mut issues, name, ms)))
    };
    let (from, until) = (time_of("validFrom", change.valid_from), time_of("validUntil", change.valid_until));
    issues.finish()?;
    Ok(Change { content, visibility: change.visibility, object: None, from, until })
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
    fn times_of_searches_are_dates_or_milliseconds() {
        let shanghai = Zone::named("Asia/Shanghai").unwrap();
        let as_of = |given: &str, zone: &Zone| check_as_of(Some(given), zone).ok().flatten();
        assert_eq!(as_of("2024-05-31", &Zone::default()), Some(Timestamp(1_717_199_999_999)));
        assert_eq!(as_of("2024-05-31", &shanghai), Some(Timestamp(1_717_171_199_999)));
        assert_eq!(as_of("1717199999999", &shanghai), Some(Timestamp(1_717_199_999_999)));
        assert_eq!(check_as_of(Some(" "), &shanghai).unwrap(), None);
        for wrong in ["yesterday", "2024-13-01", "2024-02-30", "9223372036854775807", "1e9", "20240531T00"] {
            assert!(check_as_of(Some(wrong), &shanghai).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_checked() {
        let valid = |from, until| {
            check_valid(NewMemory { valid_from: from, valid_until: until, ..new("x") })
                .map(|(_, valid)| valid)
        };
        assert!(valid(None, None).unwrap().is_unknown());
        assert_eq!(valid(Some(-5), Some(7)).unwrap().until, Some(Timestamp(7)));
        assert!(valid(Some(7), Some(7)).is_err() && valid(Some(i64::MAX), None).is_err());
    }

    #[test]
    fn the_person_is_not_searched_for() {
        assert!(!indexed(ACTOR, "o", "c").contains(ACTOR));
        assert!(indexed("妈妈", "o", "c").contains("妈妈"));
    }
}
