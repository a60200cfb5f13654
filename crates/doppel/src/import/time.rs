//! Parsing of times in the forms of other programs.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    fmt::rfc2822,
};
use serde_json::Value;
use store::Zone;

/// Maximum length of a time in bytes.
const MAX_TEXT: usize = 64;
/// Numbers below these are seconds, milliseconds and microseconds since 1970. Others are nanoseconds.
const SECONDS: f64 = 1e11;
const MILLISECONDS: f64 = 1e14;
const MICROSECONDS: f64 = 1e17;
/// 9999-12-31T23:59:59Z in milliseconds.
const LAST: i64 = 253_402_300_799_000;

/// Returns the moment of a value in milliseconds since 1970. `None` if it is not a time. `zone` applies to
/// times without one.
pub(super) fn of_value(value: &Value, zone: &Zone) -> Option<i64> {
    match value {
        Value::Number(number) => of_number(number.as_f64()?),
        Value::String(text) => of_text(text, zone),
        _ => None,
    }
}

/// Returns the moment of a text in milliseconds since 1970.
pub(super) fn of_text(text: &str, zone: &Zone) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_TEXT {
        return None;
    }
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.matches('.').count() < 2;
    // Eight digits are a date.
    if is_number && text.len() != 8 {
        return of_number(text.parse().ok()?);
    }
    let moment = with_zone(text).or_else(|| zone.moment(civil(text)?).map(store::Timestamp::as_millis))?;
    (-LAST..=LAST).contains(&moment).then_some(moment)
}

#[expect(clippy::cast_possible_truncation, reason = "bounded right after")]
fn of_number(number: f64) -> Option<i64> {
    let milliseconds = match number {
        ..0.0 => return None,
        ..SECONDS => number * 1e3,
        ..MILLISECONDS => number,
        ..MICROSECONDS => number / 1e3,
        _ => number / 1e6,
    };
    Some(milliseconds.round() as i64).filter(|moment| *moment <= LAST)
}

fn with_zone(text: &str) -> Option<i64> {
    let compact = || DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let logged = || jiff::Zoned::strptime("%a %b %d %H:%M:%S %z %Y", text).ok();
    let moment = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| rfc2822::DateTimeParser::new().parse_timestamp(text).ok())
        .or_else(|| compact().map(|at| at.timestamp()))
        .or_else(|| logged().map(|at| at.timestamp()))?;
    Some(moment.as_millisecond())
}

/// Parses a date with an optional time of day.
fn civil(text: &str) -> Option<DateTime> {
    let numbers = numbers(text)?;
    let (date, rest) = match numbers.as_slice() {
        [(year, 4), (month, _), (day, _), rest @ ..] => (date(*year, *month, *day)?, rest),
        [(whole, 8), rest @ ..] => (date(whole / 10_000, whole / 100 % 100, whole % 100)?, rest),
        // With dots the day comes first everywhere, with strokes where it cannot be a month.
        [(day, 1 | 2), (month, 1 | 2), (year, 4), rest @ ..] if text.contains('.') || *day > 12 => {
            (date(*year, *month, *day)?, rest)
        }
        [(month, 1 | 2), (day, 1 | 2), (year, 4), rest @ ..] => (date(*year, *month, *day)?, rest),
        _ => return None,
    };
    let of_day = |hour: i64, minute: i64, second: i64| {
        Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, 0).ok()
    };
    let lower = text.to_lowercase();
    let later = |hour: i64| match () {
        () if lower.contains("pm") || text.contains("下午") || text.contains("晚上") => hour % 12 + 12,
        () if lower.contains("am") || text.contains("上午") => hour % 12,
        () => hour,
    };
    let time = match rest {
        [] => Time::midnight(),
        [(hour, 1 | 2), (minute, 1 | 2)] => of_day(later(*hour), *minute, 0)?,
        // A fraction of a second is left out.
        [(hour, 1 | 2), (minute, 1 | 2), (second, 1 | 2)]
        | [(hour, 1 | 2), (minute, 1 | 2), (second, 1 | 2), _] => of_day(later(*hour), *minute, *second)?,
        _ => return None,
    };
    Some(date.to_datetime(time))
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Returns the numbers of a text, each with its number of digits. `None` if anything but marks and known
/// words is between.
fn numbers(text: &str) -> Option<Vec<(i64, usize)>> {
    let mut numbers = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        known(rest.get(..at)?)?;
        let digits = rest.get(at..)?;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (digits, after) = digits.split_at(end);
        numbers.push((digits.parse().ok()?, digits.len()));
        rest = after;
    }
    known(rest)?;
    Some(numbers)
}

/// Returns `Some` if a text between numbers may belong to a time.
fn known(between: &str) -> Option<()> {
    const WORDS: [&str; 14] = ["-", "/", ".", ":", "t", ",", "年", "月", "日", "时", "分", "秒", "am", "pm"];
    const DAY_TIMES: [&str; 3] = ["上午", "下午", "晚上"];
    let between = between.trim().to_lowercase();
    let is_known = |part: &str| part.is_empty() || WORDS.contains(&part) || DAY_TIMES.contains(&part);
    between
        .split_whitespace()
        .all(|part| is_known(part) || is_known(part.trim_start_matches(['日', ','])))
        .then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_as_programs_write_them() {
        let shanghai = Zone::named("Asia/Shanghai").unwrap();
        for (text, expected) in [
            ("2024-01-05T01:30:00Z", "2024-01-05T01:30:00Z"),
            ("2024-01-05T01:30:00.123456+08:00", "2024-01-04T17:30:00.123Z"),
            ("20240105T013000Z", "2024-01-05T01:30:00Z"),
            ("2024-01-05 01:30:00", "2024-01-04T17:30:00Z"),
            ("2024-01-05T01:30:00", "2024-01-04T17:30:00Z"),
            ("2024-01-05 01:30", "2024-01-04T17:30:00Z"),
            ("2024/1/5 1:30", "2024-01-04T17:30:00Z"),
            ("2024年1月5日 01:30", "2024-01-04T17:30:00Z"),
            ("2024年1月5日", "2024-01-04T16:00:00Z"),
            ("2024-01-05", "2024-01-04T16:00:00Z"),
            ("20240105", "2024-01-04T16:00:00Z"),
            ("2024.01.05", "2024-01-04T16:00:00Z"),
            ("5.1.2024", "2024-01-04T16:00:00Z"),
            ("1/5/2024", "2024-01-04T16:00:00Z"),
            ("25/12/2024 18:00", "2024-12-25T10:00:00Z"),
            ("1/5/2024, 1:30 PM", "2024-01-05T05:30:00Z"),
            ("2024年1月5日 下午1:30", "2024-01-05T05:30:00Z"),
            ("2024-01-05 01:30:00.123", "2024-01-04T17:30:00Z"),
            ("Fri, 05 Jan 2024 01:30:00 +0000", "2024-01-05T01:30:00Z"),
            ("Fri Jan 05 01:30:00 +0800 2024", "2024-01-04T17:30:00Z"),
            ("1704418200", "2024-01-05T01:30:00Z"),
            ("1704418200.5", "2024-01-05T01:30:00.5Z"),
            ("1704418200000", "2024-01-05T01:30:00Z"),
            ("1704418200000000", "2024-01-05T01:30:00Z"),
            ("1704418200000000000", "2024-01-05T01:30:00Z"),
        ] {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(of_text(text, &shanghai), Some(expected.as_millisecond()), "{text}");
        }
        assert_eq!(of_value(&serde_json::json!(1_704_418_200.25), &shanghai), Some(1_704_418_200_250));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "yesterday",
            "2024-13-01",
            "2024-02-30",
            "12",
            "-5",
            "2024-01-05 25:00",
            "1.2.3.4",
            "a 2024-01-05",
            "99999999999999999999999",
            "2024-01-05 and more",
            "5/5/5",
        ] {
            let read = of_text(text, &Zone::default());
            assert!(read.is_none() || text == "12", "{text}: {read:?}");
        }
        for value in
            [serde_json::json!(null), serde_json::json!([1]), serde_json::json!(-1), serde_json::json!(true)]
        {
            assert_eq!(of_value(&value, &Zone::default()), None);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_none(text in "([0-9]{1,8}|[-/.: TZ年月日]|am|PM|下午|\\PC){0,12}") {
            let _ = of_text(&text, &Zone::default());
        }

        #[test]
        fn a_moment_is_itself(
            at in 100_000_000_000_i64..4_000_000_000_000,
            zone in prop::sample::select(vec!["UTC", "Asia/Shanghai", "America/New_York"]),
        ) {
            let at = at / 1000 * 1000;
            let zone = Zone::named(zone).unwrap();
            let moment = Timestamp::from_millisecond(at).unwrap();
            prop_assert_eq!(of_text(&moment.to_string(), &zone), Some(at));
            prop_assert_eq!(of_text(&at.to_string(), &zone), Some(at));
            let day = zone.date(store::Timestamp(at));
            prop_assert_eq!(of_text(&day, &zone), Some(zone.start(zone.day(store::Timestamp(at))).0));
        }
    }
}
