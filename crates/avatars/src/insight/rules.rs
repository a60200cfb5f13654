//! Rules of counts and exports. No I/O.

use store::{Timestamp, Zone};
use web::{ApiError, Issues};

use super::model::{DashboardParams, Export, Range};

/// The purpose of the sealed token of a download.
pub(super) const EXPORT_PURPOSE: &str = "visitor export";
/// Days of a dashboard without a range, and most days of one with a range.
const USUAL_DAYS: i64 = 30;
const MAX_DAYS: i64 = 366;
const DAY_MS: i64 = 86_400_000;
/// Characters of the beginning of a conversation.
const BEGINNING: usize = 80;

/// Checks the range of a dashboard.
///
/// # Errors
/// 422 if it is reversed, or longer than a year.
pub fn range(params: &DashboardParams, now: Timestamp) -> Result<Range, ApiError> {
    let to = Timestamp(params.to.unwrap_or(now.0));
    let from = Timestamp(params.from.unwrap_or_else(|| to.0.saturating_sub((USUAL_DAYS - 1) * DAY_MS)));
    let mut issues = Issues::query();
    let days = to.day().saturating_sub(from.day());
    if from.0 < 0 || to.0 < 0 || from > to || days >= MAX_DAYS {
        let expected = format!("Input should be milliseconds, from before to, and at most {MAX_DAYS} days");
        issues.add("value_error", "from", expected);
    }
    issues.finish()?;
    Ok(Range { from, to })
}

/// Checks the name of a time zone.
///
/// # Errors
/// 422 if there is none with this name.
pub fn zone(name: Option<&str>) -> Result<Zone, ApiError> {
    let name = name.filter(|name| !name.is_empty()).unwrap_or("Asia/Shanghai");
    let mut issues = Issues::body();
    let zone = Zone::named(name);
    if zone.is_none() {
        issues.add("value_error", "timezone", "Input should be an IANA time zone, such as Asia/Shanghai");
    }
    issues.finish()?;
    Ok(zone.unwrap_or_default())
}

/// Returns the beginning of a text, on one line.
pub(crate) fn beginning(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(BEGINNING) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// Returns the name of an export's file.
pub(super) fn file_name(export: &Export) -> String {
    format!("avatar-{}-conversations-{}.csv", export.avatar, export.created_at.date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_bounded() {
        let now = Timestamp(400 * DAY_MS + 5);
        let of = |from, to| range(&DashboardParams { from, to, ..DashboardParams::default() }, now);
        let usual = of(None, None).unwrap();
        assert_eq!((usual.from.day(), usual.to.day()), (371, 400));
        assert!(of(Some(0), Some(365 * DAY_MS)).is_ok());
        for (from, to) in [
            (Some(0), Some(366 * DAY_MS)),
            (Some(9 * DAY_MS), Some(DAY_MS)),
            (Some(-1), None),
            (None, Some(i64::MIN)),
            (Some(i64::MIN), Some(i64::MAX)),
        ] {
            assert!(of(from, to).is_err(), "{from:?} {to:?}");
        }
    }

    #[test]
    fn beginnings_are_short_lines() {
        assert_eq!(beginning("  a\n b  "), "a b");
        assert_eq!(beginning(&"话".repeat(81)), format!("{}…", "话".repeat(80)));
    }
}
