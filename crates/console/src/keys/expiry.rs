//! The expiry of a new key. No I/O.

use store::Timestamp;

/// Lifetimes offered by the form, in days.
pub(crate) const DAYS: [i64; 4] = [7, 30, 90, 365];
/// The lifetime preselected in the form, so that a forgotten key does not live forever.
pub(crate) const DEFAULT: &str = "90";

/// Parses the choice. Returns `None` if it cannot be parsed, and `Some(None)` for a key that never expires.
pub(crate) fn read(choice: &str, date: &str, now: Timestamp) -> Option<Option<Timestamp>> {
    match choice {
        "never" => Some(None),
        "date" => end_of_day(date).map(Some),
        days => {
            let days: i64 = days.parse().ok()?;
            DAYS.contains(&days).then(|| Some(now.plus_secs(days * 86_400)))
        }
    }
}

/// Returns the last second of a day (UTC).
pub(crate) fn end_of_day(date: &str) -> Option<Timestamp> {
    let date: jiff::civil::Date = date.trim().parse().ok()?;
    let end = date.at(23, 59, 59, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(end.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn choices() {
        let now = Timestamp(0);
        assert_eq!(read("never", "", now), Some(None));
        assert_eq!(read("7", "", now), Some(Some(Timestamp(7 * 86_400_000))));
        assert_eq!(read("date", "1970-01-02", now), Some(Some(Timestamp(2 * 86_400_000 - 1000))));
        for (choice, date) in
            [("", ""), ("8", ""), ("-7", ""), ("date", ""), ("date", "2026-13-01"), ("date", "soon")]
        {
            assert_eq!(read(choice, date, now), None, "{choice} {date}");
        }
    }

    proptest! {
        #[test]
        fn reading_anything_never_panics(choice in "date|.*", date in "[0-9-]{0,12}|.*") {
            let _ = read(&choice, &date, Timestamp(i64::MAX));
        }
    }
}
