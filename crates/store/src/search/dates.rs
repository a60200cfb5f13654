//! Days that a text names, in English and Chinese, relative to the moment it was written. No I/O.

use jiff::civil::Date;

use super::query::Days;
use crate::Timestamp;

/// Maximum number of characters of a text that are examined.
const MAX_LOOKED_AT: usize = 2000;
/// Maximum number of days, weeks or months found in a text.
const MAX_NAMED: usize = 4;

const MONTHS: [&str; 12] = [
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
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const NUMBERS: [&str; 11] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
/// Words that make sure that the word after them is a month: "may" and "march" have other meanings.
const BEFORE_MONTH: [&str; 9] = ["in", "of", "last", "this", "during", "since", "early", "late", "for"];
/// Chinese words for days, with the number of days ago. The first match applies.
const DAYS_CHINESE: [(&str, i64); 10] = [
    ("大前天", 3),
    ("前天", 2),
    ("昨天", 1),
    ("昨晚", 1),
    ("昨夜", 1),
    ("昨日", 1),
    ("今天", 0),
    ("今晚", 0),
    ("今早", 0),
    ("今日", 0),
];

/// Returns the days that a folded text names, relative to a moment. A date without a year is the last one
/// before that moment.
pub(super) fn named(folded: &str, at: Timestamp) -> Vec<Days> {
    let end = folded.char_indices().nth(MAX_LOOKED_AT).map_or(folded.len(), |(end, _)| end);
    let text = folded.get(..end).unwrap_or(folded);
    let today = at.day();
    let mut all = Vec::new();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    for at in 0..words.len() {
        let (before, after) = words.split_at(at);
        all.extend(english(before, after, today));
    }
    if !text.is_ascii() {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let (days, used) =
                chinese(rest, today).map_or((None, c.len_utf8()), |(days, used)| (Some(days), used));
            all.extend(days);
            rest = rest.get(used..).unwrap_or_default();
        }
    }
    all.dedup();
    all.truncate(MAX_NAMED);
    all
}

/// Returns the score bonus of an entry that belongs to named days. The fewer the days, the greater the bonus.
pub(super) const fn gain(days: &Days) -> f64 {
    match days.end - days.start {
        ..=3 => 4.0,
        4..=10 => 2.0,
        _ => 1.0,
    }
}

/// Returns the days that the words `after` begin with.
fn english(before: &[&str], after: &[&str], today: i64) -> Option<Days> {
    let last = before.last().copied().unwrap_or_default();
    match after {
        ["day", "before", "yesterday", ..] => Some(day(today - 2)),
        ["yesterday", ..] if !before.ends_with(&["day", "before"]) => Some(day(today - 1)),
        ["today" | "tonight", ..] | ["this", "morning" | "afternoon" | "evening", ..] => Some(day(today)),
        ["last", "night", ..] => Some(day(today - 1)),
        ["last", "week", ..] => Some(week(today - 7)),
        ["this", "week", ..] => Some(week(today)),
        ["weekend", ..] => Some(weekday(5, today).start..weekday(5, today).start + 2),
        ["last", "month", ..] => months_ago(1, today),
        ["this", "month", ..] => months_ago(0, today),
        [count, unit, "ago", ..] => ago(number(count)?, unit, today),
        [first, second, third, ..] if is_year(first) => {
            date(number(first), number(second)?, number(third)?, today)
        }
        [first, ..] => {
            if let Some(name) = WEEKDAYS.iter().position(|name| first == name) {
                return Some(weekday(i64::try_from(name).ok()?, today));
            }
            let name = MONTHS
                .iter()
                .position(|name| first == name || (first.len() == 3 && name.starts_with(first)))?;
            let month = i64::try_from(name).ok()? + 1;
            let year = |at: usize| after.get(at).filter(|word| is_year(word)).and_then(|word| number(word));
            let day_before = if last == "of" { before.iter().rev().nth(1).copied() } else { Some(last) };
            if let Some(day) = after.get(1).filter(|word| !is_year(word)).and_then(|word| number(word)) {
                return date(year(2), month, day, today);
            }
            if let Some(day) = day_before.and_then(number).filter(|day| (1..=31).contains(day)) {
                return date(year(1), month, day, today);
            }
            let sure = BEFORE_MONTH.contains(&last) || year(1).is_some();
            sure.then(|| whole_month(year(1), month, today)).flatten()
        }
        [] => None,
    }
}

/// Returns the days that the text begins with, and the number of bytes that name them.
fn chinese(text: &str, today: i64) -> Option<(Days, usize)> {
    if let Some((word, ago)) = DAYS_CHINESE.iter().find(|(word, _)| text.starts_with(word)) {
        return Some((day(today - ago), word.len()));
    }
    let used = |rest: &str| text.len() - rest.len();
    let previous = text.strip_prefix('上').map(|rest| rest.strip_prefix('个').unwrap_or(rest));
    let rest = previous.unwrap_or(text);
    if let Some(rest) = ["周", "星期", "礼拜"].iter().find_map(|week| rest.strip_prefix(week)) {
        let name = rest.chars().next();
        let number = name.and_then(|c| "一二三四五六日天末".chars().position(|other| other == c));
        let monday = week(today).start - if previous.is_some() { 7 } else { 0 };
        let length = name.map_or(0, char::len_utf8);
        return match (number, previous) {
            (Some(8), None) => {
                Some((weekday(5, today).start..weekday(5, today).start + 2, used(rest) + length))
            }
            (Some(8), Some(_)) => Some((monday + 5..monday + 7, used(rest) + length)),
            (Some(number), _) => {
                let at = monday + i64::try_from(number.min(6)).ok()?;
                // Without 上, the last such day is meant.
                let at = if previous.is_none() && at > today { at - 7 } else { at };
                Some((day(at), used(rest) + length))
            }
            (None, Some(_)) => Some((monday..monday + 7, used(rest))),
            (None, None) => None,
        };
    }
    if let Some(rest) = previous.and_then(|rest| rest.strip_prefix('月')) {
        return Some((months_ago(1, today)?, used(rest)));
    }
    let (first, rest) = chinese_number(text)?;
    let counted = rest.strip_prefix('个').unwrap_or(rest);
    for (unit, name) in
        [("天前", "days"), ("周前", "weeks"), ("星期前", "weeks"), ("月前", "months"), ("月以前", "months")]
    {
        if let Some(rest) = counted.strip_prefix(unit) {
            return Some((ago(first, name, today)?, used(rest)));
        }
    }
    let (year, month, rest) = match rest.strip_prefix('年') {
        Some(rest) if first > 999 => {
            let (month, rest) = chinese_number(rest)?;
            (Some(first), month, rest)
        }
        _ => (None, first, rest),
    };
    let rest = rest.strip_prefix('月')?;
    match chinese_number(rest) {
        Some((day, rest)) if rest.starts_with(['日', '号']) => {
            Some((date(year, month, day, today)?, used(rest) + '日'.len_utf8()))
        }
        _ => Some((whole_month(year, month, today)?, used(rest))),
    }
}

/// Parses a number at the start of a text, in digits or (up to 99) in Chinese. Returns it and the rest of the
/// text.
fn chinese_number(text: &str) -> Option<(i64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if digits > 0 {
        let (number, rest) = text.split_at(digits);
        return Some((number.parse().ok()?, rest));
    }
    let (mut value, mut unit, mut used) = (0, 0, 0);
    for c in text.chars() {
        match "零一二三四五六七八九十两".chars().position(|other| other == c) {
            Some(10) => value = unit.max(1) * 10,
            Some(11) => unit = 2,
            Some(digit) => unit = i64::try_from(digit).ok()?,
            None => break,
        }
        if c == '十' {
            unit = 0;
        }
        used += c.len_utf8();
    }
    (used > 0).then(|| Some((value + unit, text.get(used..)?))).flatten()
}

/// Parses "13", "13th" or "three".
fn number(word: &str) -> Option<i64> {
    if matches!(word, "a" | "an") {
        return Some(1);
    }
    if let Some(at) = NUMBERS.iter().position(|name| *name == word) {
        return i64::try_from(at).ok();
    }
    let digits = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let suffix = word.get(digits.len()..)?;
    matches!(suffix, "" | "st" | "nd" | "rd" | "th").then(|| digits.parse().ok()).flatten()
}

fn is_year(word: &str) -> bool {
    word.len() == 4
        && (word.starts_with("19") || word.starts_with("20"))
        && word.bytes().all(|b| b.is_ascii_digit())
}

const fn day(day: i64) -> Days {
    day..day + 1
}

/// Returns the week, starting on Monday, that has a day. Day 0 was a Thursday.
const fn week(day: i64) -> Days {
    let monday = day - (day + 3).rem_euclid(7);
    monday..monday + 7
}

/// Returns the last day of this name before today. 0 is Monday.
const fn weekday(name: i64, today: i64) -> Days {
    let back = (today + 3 - name).rem_euclid(7);
    day(today - if back == 0 { 7 } else { back })
}

fn ago(count: i64, unit: &str, today: i64) -> Option<Days> {
    let count = (0..=1000).contains(&count).then_some(count)?;
    match unit {
        "day" | "days" => Some(day(today - count)),
        // People say this of days about as long ago, so two days on either side are included.
        "week" | "weeks" => Some(today - 7 * count - 2..today - 7 * count + 3),
        "month" | "months" => months_ago(count, today),
        _ => None,
    }
}

fn months_ago(count: i64, today: i64) -> Option<Days> {
    let now = civil(today)?;
    let months = i64::from(now.year()) * 12 + i64::from(now.month()) - 1 - count;
    whole_month(Some(months.div_euclid(12)), months.rem_euclid(12) + 1, today)
}

fn whole_month(year: Option<i64>, month: i64, today: i64) -> Option<Days> {
    let first = date(year, month, 1, today)?.start;
    let days = i64::from(civil(first)?.days_in_month());
    Some(first..first + days)
}

/// Returns the day of a date. Without a year, it is the last such date that is not after tomorrow.
fn date(year: Option<i64>, month: i64, day: i64, today: i64) -> Option<Days> {
    let at = |year: i64| {
        let (year, month, day) =
            (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        number_of(Date::new(year, month, day).ok()?)
    };
    let number = match year {
        Some(year) => at(year)?,
        None => {
            let this_year = i64::from(civil(today)?.year());
            at(this_year).filter(|number| *number <= today + 1).or_else(|| at(this_year - 1))?
        }
    };
    Some(number..number + 1)
}

const EPOCH: Date = Date::constant(1970, 1, 1);

fn civil(day: i64) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(day).ok()?).ok()
}

fn number_of(date: Date) -> Option<i64> {
    Some(i64::from(EPOCH.until(date).ok()?.get_days()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Wednesday, 2025-06-18, noon.
    const AT: Timestamp = Timestamp(1_750_248_000_000);

    fn told(text: &str) -> Vec<String> {
        let date = |day| civil(day).unwrap().to_string();
        let days = named(text, AT).into_iter();
        days.map(|days| {
            if days.end - days.start == 1 {
                date(days.start)
            } else {
                format!("{}/{}", date(days.start), date(days.end - 1))
            }
        })
        .collect()
    }

    #[test]
    fn days_are_understood_in_both_languages() {
        for (texts, expected) in [
            (["what did i do yesterday?", "昨天做了什么"], "2025-06-17"),
            (["the day before yesterday", "前天"], "2025-06-16"),
            (["where were we last saturday", "周六去哪儿了"], "2025-06-14"),
            (["on wednesday", "上周三"], "2025-06-11"),
            (["this morning", "今早"], "2025-06-18"),
            (["three days ago", "三天前"], "2025-06-15"),
            (["2 weeks ago", "两个星期前"], "2025-06-02/2025-06-06"),
            (["last week", "上星期"], "2025-06-09/2025-06-15"),
            (["at the weekend", "周末"], "2025-06-14/2025-06-15"),
            (["last month", "上个月"], "2025-05-01/2025-05-31"),
            (["on july 13th", "去年7月13号"], "2024-07-13"),
            (["the 3rd of march 2024", "2024年三月三日"], "2024-03-03"),
            (["13 feb 2023 or so", "2023年2月十三号"], "2023-02-13"),
            (["2025-01-31", "1月31日"], "2025-01-31"),
            (["in february 2024", "2024年2月"], "2024-02-01/2024-02-29"),
            (["in may", "五月"], "2025-05-01/2025-05-31"),
            (["in december", "十二月"], "2024-12-01/2024-12-31"),
        ] {
            for text in texts {
                assert_eq!(told(text), [expected], "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_day_is_none() {
        for text in [
            "may i come",
            "we march on",
            "",
            "february 30",
            "13",
            "9 of 10",
            "二月三十号",
            "一百",
            "上网",
            "ago",
            "a b ago",
            "9999999999999999999 days ago",
        ] {
            assert_eq!(told(text), Vec::<String>::new(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([0-9]{1,5}|[a-z]{1,9}|昨天|上|周|星期|[一二十两]|个|月|年|日|前|days|ago|last|march|may| |-|\\PC){0,12}", at in -100_000_000_000_000_i64..400_000_000_000_000) {
            for days in named(&text, Timestamp(at)) {
                prop_assert!(days.start < days.end && days.end - days.start <= 31);
            }
        }
    }
}
