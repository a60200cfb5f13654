//! Validation of events. No I/O.

use sha2::{Digest, Sha256};
use store::{AccountId, Timestamp, Zone};
use web::{ApiError, Issues};

use super::model::{Event, Reference};

/// Importance from which an event is important.
pub const IMPORTANT: f64 = 0.7;
/// Maximum length of an action, a kind, a platform or a type, in characters.
pub const MAX_NAME: usize = 100;
/// Maximum length of a label, an id or a key, in characters.
pub const MAX_ID: usize = 200;
/// Maximum number of objects of an event.
pub const MAX_REFS: usize = 50;
/// Maximum size of an event as JSON, in bytes.
pub const MAX_BYTES: usize = 64 << 10;
/// The platform of an event that names none.
pub const PLATFORM: &str = "external";
/// The type of an object that names none.
const REF_TYPE: &str = "external_action";
/// The last millisecond of the year 9999.
const LAST_TIME: i64 = 253_402_300_799_999;

/// Checks an event, and fills in members that follow from others.
///
/// # Errors
/// 422 that names every invalid member.
pub(crate) fn check(mut event: Event) -> Result<Event, ApiError> {
    let mut issues = Issues::body();
    event.action = name(&mut issues, "action", &event.action);
    event.channel.kind = name(&mut issues, "channel.kind", &event.channel.kind);
    for (field, text, most) in [
        ("channel.platform", &event.channel.platform, MAX_NAME),
        ("actionLabel", &event.action_label, MAX_ID),
        ("idempotencyKey", &event.idempotency_key, MAX_ID),
    ] {
        issues.line(field, text.as_deref().unwrap_or_default(), most);
    }
    if event.importance.is_some_and(|importance| !(0.0..=1.0).contains(&importance)) {
        issues.add("value_error", "importance", "Input should be 0 to 1");
    }
    if event.event_time.is_some_and(|time| !(0..=LAST_TIME).contains(&time)) {
        issues.add("value_error", "eventTime", "Input should be milliseconds since 1970");
    }
    if event.refs.is_empty() || event.refs.len() > MAX_REFS {
        issues.add("value_error", "refs", format!("List should have 1 to {MAX_REFS} items"));
    }
    for (i, reference) in event.refs.iter_mut().enumerate().take(MAX_REFS) {
        complete(&mut issues, i, reference);
    }
    let bytes = serde_json::to_string(&event).map_err(ApiError::internal)?.len();
    if bytes > MAX_BYTES {
        issues.add("too_long", "", format!("An event should have at most {MAX_BYTES} bytes"));
    }
    issues.finish()?;
    Ok(event)
}

fn name(issues: &mut Issues, field: &str, text: &str) -> String {
    let text = issues.required_text(field, Some(text), MAX_NAME);
    issues.line(field, &text, MAX_NAME);
    text
}

/// Fills in members that older clients send under other names.
fn complete(issues: &mut Issues, i: usize, reference: &mut Reference) {
    let object_type = reference.object_type.take().or_else(|| reference.kind.clone());
    let object_id = reference.object_id.take();
    let object_id = object_id.or_else(|| reference.value.clone()).or_else(|| reference.content.clone());
    let kind = reference.kind.take().unwrap_or_else(|| REF_TYPE.to_owned());
    let mut required = |member: &str, text: Option<String>, most| {
        Some(issues.required_text(&format!("refs.{i}.{member}"), text.as_deref(), most))
    };
    reference.object_type = required("objectType", object_type, MAX_NAME);
    reference.object_id = required("objectId", object_id, MAX_ID);
    reference.kind = required("type", Some(kind), MAX_NAME);
}

/// Returns the platform that the event itself names, or the default. For callers whose credential does not
/// determine it.
pub(crate) fn platform(event: &Event) -> String {
    let named = event.channel.platform.as_deref().map(str::trim).filter(|platform| !platform.is_empty());
    named.unwrap_or(PLATFORM).to_owned()
}

/// Returns the event's own idempotency key, or one derived from its first object.
pub(crate) fn idempotency_key(account: AccountId, platform: &str, event: &Event) -> String {
    if let Some(key) = event.idempotency_key.as_ref().filter(|key| !key.trim().is_empty()) {
        return key.clone();
    }
    let first = event.refs.first();
    let object_type = first.and_then(|reference| reference.object_type.as_deref()).unwrap_or_default();
    let object_id = first.and_then(|reference| reference.object_id.as_deref()).unwrap_or_default();
    let digest = Sha256::digest(format!("external:{platform}:{object_type}:{object_id}:{account}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the start of a day given as `yyyy-MM-dd`, or of today, and the start of the next day.
///
/// # Errors
/// 422 if the text is not a date.
pub(super) fn day(
    date: Option<&str>,
    now: Timestamp,
    zone: &Zone,
) -> Result<(Timestamp, Timestamp), ApiError> {
    let of = |day: i64| (zone.start(day), zone.start(day + 1));
    let Some(date) = date.filter(|date| !date.is_empty()) else {
        return Ok(of(zone.day(now)));
    };
    let is_plain = date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let parsed = is_plain.then(|| date.parse::<jiff::civil::Date>().ok()).flatten();
    let start = parsed.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    if let Some(start) = start {
        return Ok(of(Timestamp(start.timestamp().as_millisecond()).day()));
    }
    let mut issues = Issues::query();
    issues.add("date_from_datetime_parsing", "date", "Input should be a date, yyyy-MM-dd");
    issues.finish()?;
    Ok((now, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        let (now, utc) = (Timestamp(1_767_225_600_000 + 3_600_000), Zone::default());
        let hours = |from: i64, to: i64| {
            (Timestamp(1_767_225_600_000 + from * 3_600_000), Timestamp(1_767_225_600_000 + to * 3_600_000))
        };
        assert_eq!(day(None, now, &utc).unwrap(), hours(0, 24));
        assert_eq!(day(Some(""), now, &utc).unwrap(), hours(0, 24));
        assert_eq!(day(Some("2026-01-02"), now, &utc).unwrap(), hours(24, 48));
        let new_york = Zone::named("America/New_York").unwrap();
        assert_eq!(day(None, now, &new_york).unwrap(), hours(-19, 5), "it is still 2025 there");
        assert_eq!(day(Some("2026-01-02"), now, &new_york).unwrap(), hours(29, 53));
        for wrong in ["2026-02-30", "2026-1-2", "today", "2026-01-02T00:00", "-262144-01", "9999-99-99"] {
            assert!(day(Some(wrong), now, &utc).is_err(), "{wrong}");
        }
    }
}
