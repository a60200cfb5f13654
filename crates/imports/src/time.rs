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
pub fn of_value(value: &Value, zone: &Zone) -> Option<i64> {
    match value {
        Value::Number(number) => of_number(number.as_f64()?),
        Value::String(text) => of_text(text, zone),
        _ => None,
    }
}

/// Returns the moment of a text in milliseconds since 1970.
pub fn of_text(text: &str, zone: &Zone) -> Option<i64> {
    // The name of a zone after its offset.
    let text = text.trim();
    let text =
        text.strip_suffix(')').and_then(|text| text.rsplit_once('(')).map_or(text, |(text, _)| text.trim());
    if text.is_empty() || text.len() > MAX_TEXT {
        return None;
    }
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.matches('.').count() < 2;
    if is_number && let Some(moment) = of_digits(text) {
        return moment;
    }
    let in_zone = |civil: DateTime, zone: &Zone| zone.moment(civil).map(store::Timestamp::as_millis);
    let moment = with_zone(text)
        .or_else(|| with_offset(text))
        .or_else(|| in_zone(serial(text).or_else(|| civil(text))?, zone))?;
    (-LAST..=LAST).contains(&moment).then_some(moment)
}

/// Reads a number of seconds or smaller units since 1970. `None` if the number is a date.
fn of_digits(text: &str) -> Option<Option<i64>> {
    // A year, a number of days, a date, or a date and a time, which have no more than two units.
    let whole = text.split('.').next().unwrap_or_default();
    let is_date = match whole.len() {
        4 => whole == text,
        5 => serial(text).is_some(),
        8 | 14 => whole == text,
        _ => false,
    };
    (!is_date).then(|| of_number(text.parse().ok()?))
}

/// Reads a day of a spreadsheet: the number of days since 1899-12-30, with a fraction for the time of day.
fn serial(text: &str) -> Option<DateTime> {
    const FIRST: Date = jiff::civil::date(1899, 12, 30);
    const SECONDS_OF_DAY: f64 = 86_400.0;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let days = whole.parse::<i64>().ok().filter(|days| (20_000..80_000).contains(days))?;
    let fraction = format!("0.{fraction}").parse::<f64>().ok()?;
    let seconds = format!("{:.0}", fraction * SECONDS_OF_DAY).parse::<i64>().ok()?;
    let span = jiff::Span::new().try_days(days).ok()?.try_seconds(seconds).ok()?;
    FIRST.at(0, 0, 0, 0).checked_add(span).ok()
}

/// Reads a time with an offset at its end, as `2024-01-05 01:30:00 +0800` or `… UTC`.
fn with_offset(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    let (start, seconds) = match ["utc", "gmt", "z"].iter().find_map(|zone| lower.strip_suffix(zone)) {
        Some(start) => (start.len(), 0),
        None => {
            let at = text.rfind(['+', '-'])?;
            let digits = text.get(at + 1..)?.replace(':', "");
            let (hours, minutes) = (digits.get(..2)?.parse::<i64>().ok()?, digits.get(2..)?);
            let is_offset = digits.len() == 4 && hours < 15 && text.get(..at)?.contains(':');
            let minutes = minutes.parse::<i64>().ok().filter(|minutes| is_offset && *minutes < 60)?;
            let seconds = hours * 3600 + minutes * 60;
            (at, if text.get(at..)?.starts_with('-') { -seconds } else { seconds })
        }
    };
    let start = text.get(..start)?.trim_end();
    let start = start.strip_suffix("GMT").or_else(|| start.strip_suffix("UTC")).unwrap_or(start);
    let moment = civil(start)?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    Some(moment - seconds * 1000)
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
    if text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return DateTime::strptime("%Y%m%d%H%M%S", text).ok();
    }
    let (text, month) = without_names(text);
    let text = text.as_str();
    let numbers = numbers(text)?;
    let (date, rest) = match (numbers.as_slice(), month) {
        ([(day, 1 | 2), (year, 4), rest @ ..] | [(year, 4), (day, 1 | 2), rest @ ..], Some(month)) => {
            (date(*year, month, *day)?, rest)
        }
        (_, Some(_)) => return None,
        (numbers, None) => numeric(text, numbers)?,
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

/// Returns a text without the names of weekdays and months and without ordinal endings, and the number of the
/// month that it names, if any.
fn without_names(text: &str) -> (String, Option<i64>) {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const LONG: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let is_weekday = |word: &str| {
        WEEKDAYS.iter().any(|day| word.starts_with(day) && (word == *day || word.ends_with("day")))
    };
    let (mut kept, mut month) = (String::with_capacity(text.len()), None);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        if end == 0 {
            let chinese = ["星期", "周", "礼拜"].iter().find_map(|week| rest.strip_prefix(week));
            let day =
                chinese.and_then(|day| day.strip_prefix(['一', '二', '三', '四', '五', '六', '日', '天']));
            kept.push(if day.is_some() { ' ' } else { c });
            rest = day.unwrap_or_else(|| rest.get(c.len_utf8()..).unwrap_or_default());
            continue;
        }
        let (word, after) = rest.split_at(end);
        let name = word.to_ascii_lowercase();
        let number = (1..).zip(MONTHS).zip(LONG).find(|((_, short), long)| {
            name == *short || name == *long || (*short == "sep" && name == "sept")
        });
        let is_ordinal =
            kept.ends_with(|c: char| c.is_ascii_digit()) && ["st", "nd", "rd", "th"].contains(&name.as_str());
        match number {
            Some(((number, _), _)) if month.is_none() => {
                month = Some(number);
                kept.push(' ');
            }
            _ if is_ordinal || is_weekday(&name) => kept.push(' '),
            _ => kept.push_str(word),
        }
        rest = after;
    }
    // Commas separate what is a date already.
    (if month.is_some() { kept.replace([',', '-', '.'], " ") } else { kept }, month)
}

/// Returns the date in numbers, and the numbers after it.
fn numeric<'n>(text: &str, numbers: &'n [(i64, usize)]) -> Option<(Date, &'n [(i64, usize)])> {
    Some(match numbers {
        [(year, 4), (month, _), (day, _), rest @ ..] => (date(*year, *month, *day)?, rest),
        [(whole, 8), rest @ ..] => (date(whole / 10_000, whole / 100 % 100, whole % 100)?, rest),
        // With dots the day comes first everywhere, with strokes where it cannot be a month.
        [(day, 1 | 2), (month, 1 | 2), (year, 4), rest @ ..] if text.contains('.') || *day > 12 => {
            (date(*year, *month, *day)?, rest)
        }
        [(month, 1 | 2), (day, 1 | 2), (year, 4), rest @ ..] => (date(*year, *month, *day)?, rest),
        // The first day of a month or year.
        [(year, 4), (month, 1 | 2), rest @ ..] if rest.is_empty() => (date(*year, *month, 1)?, rest),
        [(year, 4), rest @ ..] if rest.is_empty() => (date(*year, 1, 1)?, rest),
        _ => return None,
    })
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
            ("2024-01-05 01:30:00 +0800", "2024-01-04T17:30:00Z"),
            ("2024-01-05 01:30:00 UTC", "2024-01-05T01:30:00Z"),
            ("Fri Jan 05 2024 01:30:00 GMT+0800 (China Standard Time)", "2024-01-04T17:30:00Z"),
            ("January 5, 2024", "2024-01-04T16:00:00Z"),
            ("5 Jan 2024", "2024-01-04T16:00:00Z"),
            ("Fri, January 5th, 2024 1:30 AM", "2024-01-04T17:30:00Z"),
            ("5-Jan-2024 01:30", "2024-01-04T17:30:00Z"),
            ("2024年1月5日 星期五 01:30", "2024-01-04T17:30:00Z"),
            ("20240105013000", "2024-01-04T17:30:00Z"),
            ("2024-01", "2023-12-31T16:00:00Z"),
            ("2024年1月", "2023-12-31T16:00:00Z"),
            ("2024", "2023-12-31T16:00:00Z"),
            ("45296", "2024-01-04T16:00:00Z"),
            ("45296.0625", "2024-01-04T17:30:00Z"),
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
