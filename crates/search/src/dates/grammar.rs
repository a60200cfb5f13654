//! Days that a sequence of tokens names.

use super::calendar::{self, Days, day, month, month_of, week, weekend, year_and_month};
use super::months;
use super::token::{Lead, Read, Token, Unit};
use Token::{
    After, Ago, Before, DayOf, Every, Few, Half, HalfMore, Lately, Later, Measure, Month, MonthOf, Number,
    Past, Shift, TheseDays, UnsureWeekday, Weekday, WeekdayOf, YearMonth, YearOf,
};

/// Returns the longest reading of the beginning of the tokens, as seen from a day.
pub(super) fn read(tokens: &[Token], lead: Lead, today: i64) -> Option<Read> {
    match tokens {
        // Once a week, every Monday: no day.
        [Every, what, ..] if is_calendar(*what) => return Some((None, 2)),
        [Number(_), WeekdayOf(_), ..] => return Some((None, 2)),
        // No month has this number.
        [Number(0 | 13..), MonthOf, Number(_), DayOf, ..] => return Some((None, 4)),
        [Token::Date(at), ..] => return Some((Some(day(*at)), 1)),
        [Token::MonthDay(month, number), ..] => {
            return Some((calendar::last_date(*month, *number, today).map(day), 1));
        }
        [YearMonth(year, name), ..] => return Some((month(*year, *name, 0), 1)),
        _ => {}
    }
    let readings: [Option<Read>; 9] = [
        counted(tokens, lead, today),
        lately(tokens, today),
        of_week(tokens, lead, today),
        months::date(tokens, lead, today),
        months::holiday(tokens, today),
        months::feast(tokens, today),
        months::year_part(tokens, today),
        months::season(tokens, lead, today),
        months::of_year(tokens, lead, today),
    ];
    // Of equally long ones the first.
    readings.into_iter().flatten().rev().max_by_key(|(_, used)| *used)
}

const fn is_calendar(token: Token) -> bool {
    matches!(
        token,
        Token::Unit(_)
            | Weekday(_)
            | UnsureWeekday(_)
            | WeekdayOf(_)
            | MonthOf
            | YearOf
            | DayOf
            | Month(_)
            | Token::Day(_)
    )
}

/// Returns the unit that a token counts, in either language.
const fn unit(token: Token) -> Option<Unit> {
    match token {
        Token::Unit(unit) => Some(unit),
        MonthOf => Some(Unit::Month),
        YearOf => Some(Unit::Year),
        _ => None,
    }
}

/// Returns the unit at the beginning, with or without a measure word before it, and its number of tokens.
fn measured(tokens: &[Token]) -> Option<(Unit, usize)> {
    match tokens {
        [Measure, token, ..] => Some((unit(*token)?, 2)),
        [token, ..] => Some((unit(*token)?, 1)),
        [] => None,
    }
}

/// Reads counted units: three days ago, 半个月前, in two weeks.
fn counted(tokens: &[Token], lead: Lead, today: i64) -> Option<Read> {
    let (count, rest) = match tokens {
        [Half(unit), Ago, ..] => return Some((half(*unit, today, -1), 2)),
        [Half(unit), Later, ..] => return Some((half(*unit, today, 1), 2)),
        [Few, rest @ ..] => {
            let (unit, used) = measured(rest)?;
            return matches!(rest.get(used), Some(Ago)).then(|| (few(unit, today), used + 2));
        }
        // 一年半前, 两个半月前
        [Number(years @ 1..=100), YearOf, HalfMore, Ago, ..] => {
            return Some((month_of(today, -12 * years - 6), 4));
        }
        [Number(months @ 1..=100), Measure, Half(Unit::Month), Ago, ..] => {
            let about = today - 30 * months - 15;
            return Some((Some(about - 5..about + 6), 4));
        }
        [Number(count), rest @ ..] => (*count, rest),
        _ => return None,
    };
    if let [Weekday(name), Ago, ..] = rest
        && (1..=1000).contains(&count)
    {
        // Two Fridays ago.
        return Some((Some(day(calendar::last_weekday(*name, today) - 7 * (count - 1))), 3));
    }
    let (unit, used) = measured(rest)?;
    match rest.get(used..)? {
        // A year ago today.
        [Ago, Token::Day(0), ..] => Some((exactly(-count, unit, today), used + 3)),
        // 两周前的周五
        [Ago, WeekdayOf(name), ..] if unit == Unit::Week && (1..=1000).contains(&count) => {
            Some((Some(day(week(today, -count).start + name)), used + 3))
        }
        _ => counted_unit(count, unit, rest, used, lead, today),
    }
}

/// Reads what follows a number and its unit.
fn counted_unit(count: i64, unit: Unit, rest: &[Token], used: usize, lead: Lead, today: i64) -> Option<Read> {
    match rest.get(used) {
        Some(Ago) => Some((away(-count, unit, today), used + 2)),
        Some(Later) => Some((away(count, unit, today), used + 2)),
        _ if lead == Lead::In && matches!(rest.first(), Some(Token::Unit(_))) => {
            Some((away(count, unit, today), used + 1))
        }
        _ => None,
    }
}

fn half(unit: Unit, today: i64, sign: i64) -> Option<Days> {
    match unit {
        Unit::Month => Some(today + 15 * sign - 3..today + 15 * sign + 4),
        Unit::Year => month_of(today, 6 * sign),
        Unit::Day | Unit::Week | Unit::Fortnight | Unit::Weekend | Unit::Quarter => None,
    }
}

/// Returns the day that is exactly a number of units later.
fn exactly(count: i64, unit: Unit, today: i64) -> Option<Days> {
    let count = (-1000..=1000).contains(&count).then_some(count)?;
    Some(day(match unit {
        Unit::Day => today + count,
        Unit::Week | Unit::Weekend => today + 7 * count,
        Unit::Fortnight => today + 14 * count,
        Unit::Month => calendar::same_day(today, count)?,
        Unit::Quarter => calendar::same_day(today, 3 * count)?,
        Unit::Year => calendar::same_day(today, 12 * count)?,
    }))
}

/// Returns the days that are a number of units later, or earlier if it is negative.
fn away(count: i64, unit: Unit, today: i64) -> Option<Days> {
    let count = (-1000..=1000).contains(&count).then_some(count)?;
    match unit {
        Unit::Day => Some(day(today + count)),
        // Said of days about as long ago.
        Unit::Week => Some(today + 7 * count - 2..today + 7 * count + 3),
        Unit::Fortnight => Some(today + 14 * count - 2..today + 14 * count + 3),
        Unit::Quarter => calendar::quarter(today, count),
        Unit::Weekend => Some(weekend(today, count)),
        Unit::Month => month_of(today, count),
        Unit::Year if count.abs() == 1 => {
            Some(month_of(today, 12 * count - 1)?.start..month_of(today, 12 * count + 1)?.end)
        }
        Unit::Year => calendar::whole_year(year_and_month(today)?.0 + count),
    }
}

/// Returns the days a few units ago.
fn few(unit: Unit, today: i64) -> Option<Days> {
    match unit {
        Unit::Day => Some(today - 7..today - 1),
        Unit::Week => Some(today - 35..today - 13),
        Unit::Month => Some(month_of(today, -6)?.start..month_of(today, -2)?.end),
        Unit::Fortnight | Unit::Weekend | Unit::Quarter | Unit::Year => None,
    }
}

/// Reads periods that end now: 最近三天, the past week, 前几天.
fn lately(tokens: &[Token], today: i64) -> Option<Read> {
    match tokens {
        [Lately, ..] => return Some((Some(today - 7..today), 1)),
        [TheseDays, ..] => return Some((Some(today - 4..today + 1), 1)),
        [Ago, Few, rest @ ..] => {
            let (unit, used) = measured(rest)?;
            return Some((few(unit, today), used + 2));
        }
        _ => {}
    }
    let (count, rest, used) = match tokens {
        [Past, Number(count), rest @ ..] => (*count, rest, 2),
        [Shift(-1), Number(count), rest @ ..] if *count > 1 => (*count, rest, 2),
        [Past | Shift(-1), Few, rest @ ..] => (5, rest, 2),
        [Past, Token::Unit(Unit::Week | Unit::Fortnight | Unit::Month | Unit::Quarter | Unit::Year), ..] => {
            (1, tokens.get(1..)?, 1)
        }
        _ => return None,
    };
    let (unit, more) = measured(rest)?;
    let days = match unit {
        Unit::Day => 1,
        Unit::Week => 7,
        Unit::Fortnight => 14,
        Unit::Month => 31,
        Unit::Quarter => 92,
        Unit::Year => 365,
        Unit::Weekend => return None,
    };
    let back = (1..=1000).contains(&count).then_some(count * days)?;
    Some((Some(today - back..today + 1), used + more))
}

/// Reads days relative to today, weeks and weekdays.
fn of_week(tokens: &[Token], lead: Lead, today: i64) -> Option<Read> {
    let of_shift = |shift: i64, name: i64| match shift {
        -1 => calendar::last_weekday(name, today),
        0 => week(today, 0).start + name,
        shift => calendar::next_weekday(name, today) + 7 * (shift - 1),
    };
    let (days, used) = match tokens {
        [Token::Unit(Unit::Day), Before, Token::Day(later), ..] => (day(today + later - 1), 3),
        [Token::Unit(Unit::Day), After, Token::Day(later), ..] => (day(today + later + 1), 3),
        [Token::Day(later), ..] => (day(today + later), 1),
        [Shift(later), Token::Unit(Unit::Week), Weekday(name) | WeekdayOf(name), ..] => {
            (day(week(today, *later).start + name), 3)
        }
        [Weekday(name), Number(count @ 1..=1000), Token::Unit(Unit::Week), Ago, ..] => {
            (day(week(today, -count).start + name), 4)
        }
        // 上个月的今天
        [Shift(later), Token::Unit(Unit::Month) | MonthOf, Token::Day(0), ..] => {
            (day(calendar::same_day(today, *later)?), 3)
        }
        [Token::Year(later), Token::Day(0), ..] => (day(calendar::same_day(today, 12 * later)?), 2),
        [Weekday(name), Shift(later), Token::Unit(Unit::Week), ..] => {
            (day(week(today, *later).start + name), 3)
        }
        [Weekday(name), Token::Unit(Unit::Week), Before, Shift(-1), ..] => {
            (day(week(today, -2).start + name), 4)
        }
        [Weekday(name), Before, Shift(-1), ..] => (day(of_shift(-1, *name) - 7), 3),
        [Token::Unit(unit), Before, Shift(-1), ..] => (of_unit(*unit, -2, today)?, 3),
        [Token::Unit(unit), After, Shift(1), ..] => (of_unit(*unit, 2, today)?, 3),
        [Shift(later), WeekdayOf(name), ..] => (day(week(today, *later).start + name), 2),
        [Shift(later), Weekday(name) | UnsureWeekday(name), ..] => (day(of_shift(*later, *name)), 2),
        [Shift(later), Token::Unit(unit @ (Unit::Week | Unit::Weekend | Unit::Quarter)), ..] => {
            (of_unit(*unit, *later, today)?, 2)
        }
        // This past Friday.
        [Shift(0), Past, Weekday(name) | UnsureWeekday(name), ..] => (day(of_shift(-1, *name)), 3),
        [Past, Weekday(name), ..] => (day(of_shift(-1, *name)), 2),
        [Shift(0), Past, Token::Unit(Unit::Weekend), ..] => {
            let saturday = calendar::last_weekday(5, today);
            (saturday..saturday + 2, 3)
        }
        [UnsureWeekday(name), ..] if lead == Lead::On => (day(of_shift(-1, *name)), 1),
        [Weekday(name), ..] => (day(of_shift(-1, *name)), 1),
        [WeekdayOf(name), ..] => {
            let at = week(today, 0).start + name;
            // Without a week the last such day is meant.
            (day(if at > today { at - 7 } else { at }), 1)
        }
        [Token::Unit(Unit::Weekend), ..] => {
            let saturday = calendar::last_weekday(5, today);
            (saturday..saturday + 2, 1)
        }
        _ => return None,
    };
    Some((Some(days), used))
}

fn of_unit(unit: Unit, later: i64, today: i64) -> Option<Days> {
    match unit {
        Unit::Day | Unit::Fortnight => None,
        Unit::Quarter => calendar::quarter(today, later),
        Unit::Week => Some(week(today, later)),
        Unit::Weekend => Some(weekend(today, later)),
        Unit::Month => month_of(today, later),
        Unit::Year => calendar::whole_year(year_and_month(today)?.0 + later),
    }
}
