//! Tokens that name days, and the result of reading them.

use super::calendar::Days;
use super::feasts::Feast;

/// Days and the number of tokens that name them. `None` if the tokens are to be skipped.
pub(super) type Read = (Option<Days>, usize);

/// A measure of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Week,
    Fortnight,
    Weekend,
    Month,
    Quarter,
    Year,
}

/// A part of a month or a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Begin,
    Middle,
    End,
}

/// A word or a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A number of days after today: yesterday, 前天.
    Day(i64),
    /// A number of years after this one: 去年.
    Year(i64),
    /// A number of units after the current one: last, 上上个.
    Shift(i64),
    Unit(Unit),
    /// Monday is 0.
    Weekday(i64),
    UnsureWeekday(i64),
    /// A Chinese weekday, which belongs to the week named before it: 周一.
    WeekdayOf(i64),
    /// January is 1.
    Month(i64),
    Holiday {
        month: i64,
        day: i64,
        length: i64,
    },
    /// A holiday whose date differs from year to year.
    Feast(Feast),
    Season {
        from: i64,
        to: i64,
    },
    /// Months of a year. Without `is_sure` a year has to be named.
    Months {
        from: i64,
        to: i64,
        is_sure: bool,
    },
    /// The first to the fourth week of a month.
    WeekOf(i64),
    /// The first day of a month, or the last one.
    FirstDay,
    LastDay,
    /// Between the ends of a period.
    To,
    Number(i64),
    /// 19th.
    Ordinal(i64),
    /// A number with four digits from 1900 to 2099.
    FourDigits(i64),
    /// A date in digits, by its day.
    Date(i64),
    /// A year and a month in digits.
    YearMonth(i64, i64),
    /// A month and a day in digits.
    MonthDay(i64, i64),
    Few,
    Half(Unit),
    /// A half more: 一年半.
    HalfMore,
    /// Some days ago.
    Lately,
    /// The last days, today among them.
    TheseDays,
    Ago,
    Later,
    Before,
    After,
    Past,
    Every,
    MonthOf,
    YearOf,
    DayOf,
    Measure,
    Part(Part),
    /// A preposition such as "in" or "of" that confirms a time after it.
    In,
    On,
    /// A word without a meaning of its own.
    Filler,
    Other,
}

/// A preposition before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    Nothing,
    In,
    On,
}
