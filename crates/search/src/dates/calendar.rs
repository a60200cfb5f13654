//! Calendar arithmetic with days, counted from 1970-01-01.

use std::ops::Range;

use jiff::civil::Date;
use store::{date_of_day, day_of_date};

/// Days since 1970-01-01, from the first to the one after the last.
pub(crate) type Days = Range<i64>;

pub(super) const fn day(day: i64) -> Days {
    day..day + 1
}

/// Returns the year and the month of a day.
pub(super) fn year_and_month(day: i64) -> Option<(i64, i64)> {
    let date = date_of_day(day)?;
    Some((i64::from(date.year()), i64::from(date.month())))
}

/// Returns the week, from Monday on, a number of weeks after that of a day. Day 0 was a Thursday.
pub(super) const fn week(today: i64, later: i64) -> Days {
    let monday = today - (today + 3).rem_euclid(7) + 7 * later;
    monday..monday + 7
}

/// Returns Saturday and Sunday of such a week.
pub(super) const fn weekend(today: i64, later: i64) -> Days {
    let week = week(today, later);
    week.start + 5..week.end
}

/// Returns the last weekday before today. 0 is Monday.
pub(super) const fn last_weekday(name: i64, today: i64) -> i64 {
    let back = (today + 3 - name).rem_euclid(7);
    today - if back == 0 { 7 } else { back }
}

/// Returns the next weekday after today. 0 is Monday.
pub(super) const fn next_weekday(name: i64, today: i64) -> i64 {
    let ahead = (name - today - 3).rem_euclid(7);
    today + if ahead == 0 { 7 } else { ahead }
}

/// Returns the month a number of months after a month of a year.
pub(super) fn month(year: i64, month: i64, later: i64) -> Option<Days> {
    let months = year.checked_mul(12)?.checked_add(month - 1)?.checked_add(later)?;
    let first = date(months.div_euclid(12), months.rem_euclid(12) + 1, 1)?;
    Some(first..first + i64::from(date_of_day(first)?.days_in_month()))
}

/// Returns the month a number of months after that of a day.
pub(super) fn month_of(today: i64, later: i64) -> Option<Days> {
    let (year, this) = year_and_month(today)?;
    month(year, this, later)
}

/// Returns the quarter of a year a number of quarters after that of a day.
pub(super) fn quarter(today: i64, later: i64) -> Option<Days> {
    let (year, this) = year_and_month(today)?;
    let first = month(year, (this - 1).div_euclid(3) * 3 + 1, 3 * later)?;
    let (year, from) = year_and_month(first.start)?;
    months(year, from, from + 2)
}

/// Returns the same day a number of months later, or the last one of that month if it is shorter.
pub(super) fn same_day(today: i64, later: i64) -> Option<i64> {
    let (then, this) = (month_of(today, later)?, month_of(today, 0)?);
    Some((then.start + today - this.start).min(then.end - 1))
}

/// Returns the months of a year between two, both included. The second may be in the next year.
pub(super) fn months(year: i64, from: i64, to: i64) -> Option<Days> {
    let later = if to < from { 12 } else { 0 };
    Some(month(year, from, 0)?.start..month(year, to, later)?.end)
}

/// Returns the day of a date. `None` if there is no such date.
pub(super) fn date(year: i64, month: i64, day: i64) -> Option<i64> {
    let (year, month, day) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    day_of_date(Date::new(year, month, day).ok()?)
}

/// Returns the last date with a month and a day that is not later than tomorrow.
pub(super) fn last_date(month: i64, day: i64, today: i64) -> Option<i64> {
    let (this_year, _) = year_and_month(today)?;
    // February 29 may be up to eight years ago.
    (0..=8).filter_map(|back| date(this_year - back, month, day)).find(|at| *at <= today + 1)
}

/// Returns the last day of any month with this number that is not later than tomorrow.
pub(super) fn last_day_of_month(day: i64, today: i64) -> Option<i64> {
    let in_month = |later: i64| {
        let month = month_of(today, -later)?;
        let at = month.start + day - 1;
        (day >= 1 && at < month.end).then_some(at)
    };
    (0..=2).filter_map(in_month).find(|at| *at <= today + 1)
}

/// Returns the last month with this number that has begun.
pub(super) fn last_month(name: i64, today: i64) -> Option<Days> {
    let (year, this) = year_and_month(today)?;
    month(if name > this { year - 1 } else { year }, name, 0)
}

/// Returns all days of a year.
pub(super) fn whole_year(year: i64) -> Option<Days> {
    months(year, 1, 12)
}
