//! Validation of reports and bans. No I/O.

use identity::{Caller, Credential};
use store::Timestamp;
use web::{ApiError, Code, Issues};

use super::{
    Target,
    model::{ReasonParams, ReportRequest},
};
use crate::{comment, post};

/// Most characters of a reason.
pub const MAX_REASON: usize = 500;
/// Longest temporary ban, in days.
const MAX_DAYS: i64 = 3_650;
/// The end of a permanent ban: 9999-12-30T00:00:00Z.
const FOR_GOOD: Timestamp = Timestamp(253_402_128_000_000);

/// Checks a report.
///
/// # Errors
/// 422 if a member is missing or invalid; [`Code::NotFound`] if the name of the post or comment cannot exist.
pub(super) fn check(request: ReportRequest) -> Result<(Target, String), ApiError> {
    let mut issues = Issues::body();
    let reason = issues.required_text("reason", request.reason.as_deref(), MAX_REASON);
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (post, comment) = (some(request.post_id), some(request.comment_id));
    if post.is_none() && comment.is_none() {
        issues.missing("postId");
    }
    issues.finish()?;
    let target = match comment {
        Some(comment) => Target::Comment(comment::rules::parse(&comment)?),
        None => Target::Post(post::rules::check_name(&post.unwrap_or_default())?.to_owned()),
    };
    Ok((target, reason))
}

/// Checks the reason of a moderation action, and returns it.
///
/// # Errors
/// 422 if the reason is empty or too long.
pub fn check_reason(reason: &str) -> Result<String, ApiError> {
    let mut issues = Issues::body();
    let reason = issues.required_text("reason", Some(reason), MAX_REASON);
    issues.finish()?;
    Ok(reason)
}

/// Returns the reason that is logged if the caller deletes something that somebody else wrote, or `None` if
/// the caller may not do that. If the caller states no reason, the credential is named instead.
///
/// # Errors
/// 422 if the reason is too long.
pub(crate) fn moderation_reason(caller: &Caller, query: ReasonParams) -> Result<Option<String>, ApiError> {
    if !caller.is_admin() {
        return Ok(None);
    }
    match query.reason.filter(|reason| !reason.trim().is_empty()) {
        Some(reason) => check_reason(&reason).map(Some),
        None => Ok(Some(match caller.credential() {
            Credential::ApiKey { id, .. } => format!("(API key {id})"),
            _ => "(session)".to_owned(),
        })),
    }
}

/// Returns the end of a ban of the given number of days; 0 means for good.
///
/// # Errors
/// [`Code::InvalidParam`] if the number is negative or more than ten years.
pub(super) fn until(now: Timestamp, days: i64) -> Result<Timestamp, ApiError> {
    match days {
        0 => Ok(FOR_GOOD),
        1..=MAX_DAYS => Ok(now.plus_secs(days * 86_400)),
        _ => Err(ApiError::new(Code::InvalidParam).with("days")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bans() {
        let now = Timestamp(1_767_225_600_000);
        assert_eq!(until(now, 1).unwrap().iso8601(), "2026-01-02T00:00:00Z");
        assert_eq!(until(now, 0).unwrap().iso8601(), "9999-12-30T00:00:00Z");
        assert!(until(now, -1).is_err() && until(now, 4_000).is_err());
    }
}
