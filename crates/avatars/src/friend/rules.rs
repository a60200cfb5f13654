//! Validation of invitations. No I/O.

use store::AccountId;
use web::{ApiError, Issues};

use super::model::{Decision, HandleRequest, Invitation, InviteRequest};

const MAX_GREETING: usize = 500;
const MAX_SOURCE: usize = 50;

/// Checks an invitation.
///
/// # Errors
/// 422 if a member is missing or too long.
pub fn check(request: InviteRequest) -> Result<Invitation, ApiError> {
    let mut issues = Issues::body();
    if request.target_user_id.is_none() {
        issues.missing("targetUserId");
    }
    let (greeting, source) = (request.greeting.unwrap_or_default(), request.source.unwrap_or_default());
    issues.text("greeting", &greeting, MAX_GREETING);
    issues.line("source", &source, MAX_SOURCE);
    issues.finish()?;
    let other = AccountId(request.target_user_id.unwrap_or_default());
    Ok(Invitation { other, greeting: greeting.trim().to_owned(), source })
}

/// Checks the answer to an invitation.
///
/// # Errors
/// 422 if a member is missing or unknown.
pub fn check_answer(request: &HandleRequest) -> Result<(AccountId, Decision), ApiError> {
    let mut issues = Issues::body();
    if request.target_user_id.is_none() {
        issues.missing("targetUserId");
    }
    let decision = match request.action.as_deref() {
        Some("ACCEPTED") => Some(Decision::Accepted),
        Some("REJECTED") => Some(Decision::Rejected),
        Some(_) => {
            issues.add("enum", "action", "Input should be 'ACCEPTED' or 'REJECTED'");
            None
        }
        None => {
            issues.missing("action");
            None
        }
    };
    issues.finish()?;
    let other = AccountId(request.target_user_id.unwrap_or_default());
    Ok((other, decision.unwrap_or(Decision::Rejected)))
}

/// Returns the number of pages of a list.
pub(super) fn pages(total: i64, size: i64) -> i64 {
    let size = size.max(1);
    total.max(0) / size + i64::from(total.max(0) % size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_whole_pages() {
        assert_eq!([pages(0, 20), pages(1, 20), pages(20, 20), pages(21, 20)], [0, 1, 1, 2]);
    }

    #[test]
    fn answers_are_one_of_two() {
        let request = |action: Option<&str>| HandleRequest {
            target_user_id: Some(1),
            action: action.map(str::to_owned),
        };
        assert_eq!(check_answer(&request(Some("ACCEPTED"))).unwrap().1, Decision::Accepted);
        assert_eq!(check_answer(&request(Some("REJECTED"))).unwrap().1, Decision::Rejected);
        assert!(check_answer(&request(Some("accepted"))).is_err() && check_answer(&request(None)).is_err());
    }
}
