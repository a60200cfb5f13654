//! Validation of requests for keys. No I/O.

use store::Timestamp;
use web::{ApiError, Code, Issues};

use super::model::{CreateRequest, NewKey, RotateRequest, UsageParams};
use crate::{KeyId, ScopeSet};

/// Longest name in characters.
pub const MAX_NAME: usize = 100;
/// Longest overlap of a rotation in seconds: 30 days.
pub const MAX_OVERLAP: i64 = 30 * 86_400;
/// Most days of usage that are returned at once.
pub const MAX_DAYS: i64 = 366;
/// Most scopes in a request; more than there are.
const MAX_SCOPES: usize = 64;

/// Reads the request for a new key.
///
/// # Errors
/// 422 if fields are missing or `scopes` is too long; [`Code::ApikeyScopeInvalid`] if a scope does not exist.
pub(super) fn read(request: CreateRequest) -> Result<NewKey, ApiError> {
    let mut issues = Issues::body();
    if request.name.is_none() {
        issues.missing("name");
    }
    let names = match &request.scopes {
        None => {
            issues.missing("scopes");
            &[][..]
        }
        Some(names) if names.len() > MAX_SCOPES => {
            issues.add("too_long", "scopes", format!("List should have at most {MAX_SCOPES} items"));
            &[][..]
        }
        Some(names) => names,
    };
    issues.finish()?;
    let scopes = ScopeSet::parse(names.iter().map(String::as_str)).map_err(unknown_scope)?;
    Ok(NewKey {
        name: request.name.unwrap_or_default(),
        scopes,
        expires_at: request.expires_at.map(Timestamp),
    })
}

/// Returns the error for a scope that does not exist.
pub fn unknown_scope(name: String) -> ApiError {
    let shown: String = name.chars().take(64).collect();
    ApiError::new(Code::ApikeyScopeInvalid).with(shown)
}

/// Validates and normalizes the properties of a new key.
///
/// # Errors
/// 422 with every invalid field.
pub fn check(new: NewKey, now: Timestamp) -> Result<NewKey, ApiError> {
    let mut issues = Issues::body();
    let name = issues.name("name", Some(&new.name), MAX_NAME);
    if new.scopes.is_empty() {
        issues.add("too_short", "scopes", "List should have at least 1 item");
    }
    if new.expires_at.is_some_and(|expiry| expiry <= now) {
        issues.add("value_error", "expiresAt", "Input should be in the future, in milliseconds since 1970");
    }
    issues.finish()?;
    Ok(NewKey { name, ..new })
}

/// Returns the expiry of a key that replaces another. The new key has the same lifetime as the old one.
pub(super) fn renewed(created: Timestamp, expires: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    expires.map(|expiry| now.plus_ms(expiry.as_millis().saturating_sub(created.as_millis())))
}

/// Returns the overlap of a rotation in seconds.
///
/// # Errors
/// 422 if it is not within 0 and [`MAX_OVERLAP`].
pub(super) fn overlap(request: &RotateRequest) -> Result<i64, ApiError> {
    let mut issues = Issues::body();
    let seconds = issues.range("overlapSeconds", request.overlap_seconds.unwrap_or(0), 0..=MAX_OVERLAP);
    issues.finish()?;
    Ok(seconds)
}

/// Returns the number of days of the requested usage.
///
/// # Errors
/// 422 if it is not within 1 and [`MAX_DAYS`].
pub(super) fn days(query: &UsageParams) -> Result<i64, ApiError> {
    let mut issues = Issues::query();
    let days = issues.range("days", query.days.unwrap_or(30), 1..=MAX_DAYS);
    issues.finish()?;
    Ok(days)
}

/// Parses a key id from a path segment. Any other text is treated as an unknown id.
///
/// # Errors
/// [`Code::ApikeyNotFound`] if the segment is not a number.
pub(super) fn id(segment: &str) -> Result<KeyId, ApiError> {
    web::id_in(segment, Code::ApikeyNotFound)
}
