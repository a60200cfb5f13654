//! Tokens that name days, and the result of reading them.

use super::calendar::Days;

/// Days and the number of tokens that name them. `None` if the tokens are to be skipped.
pub(super) type Read = (Option<Days>, usize);

/// A measure of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Week,
    Weekend,
    Month,
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
    Season {
        from: i64,
        to: i64,
    },
    Number(i64),
    /// 19th.
    Ordinal(i64),
    /// A number with four digits from 1900 to 2099.
    FourDigits(i64),
    /// A date in digits, by its day.
    Date(i64),
    /// A year and a month in digits.
    YearMonth(i64, i64),
    Few,
    Half(Unit),
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
