//! Grammar of dates, months, holidays, seasons and years.

use super::calendar::{self, Days, day, month, month_of, year_and_month};
use super::feasts;
use super::token::{Lead, Part, Read, Token, Unit};
use Token::{
    Before, DayOf, Feast, FirstDay, FourDigits, Holiday, LastDay, Month, MonthOf, Months, Number, Ordinal,
    Season, Shift, To, WeekOf, YearOf,
};

/// Returns an absolute or relative year and the number of tokens that name it.
fn year(tokens: &[Token], today: i64) -> Option<(i64, usize)> {
    let (this, _) = year_and_month(today)?;
    match tokens {
        [FourDigits(year), YearOf, ..] => Some((*year, 2)),
        [Number(short @ 0..=99), YearOf, Number(_), MonthOf, ..] => Some((2000 + short, 2)),
        [Token::Year(later), ..] => Some((this + later, 1)),
        [Token::Unit(Unit::Year), Before, Shift(-1), ..] => Some((this - 2, 3)),
        [Shift(later), Token::Unit(Unit::Year), ..] => Some((this + later, 2)),
        _ => None,
    }
}

/// A named month, with its year if it has one, and the number of tokens that name it.
#[derive(Debug, Clone, Copy)]
struct Named {
    year: Option<i64>,
    month: i64,
    used: usize,
    /// `true` if nothing else has to confirm that it is a month: "may" and "march" have other meanings.
    is_sure: bool,
    /// `true` if it is written as in English, where a day follows as a bare number.
    is_english: bool,
}

fn named_month(tokens: &[Token], lead: Lead, today: i64) -> Option<Named> {
    let (this_year, this_month) = year_and_month(today)?;
    if let Some((year, used)) = year(tokens, today) {
        let rest = tokens.get(used..)?;
        let month = named_month(rest, lead, today).filter(|month| month.year.is_none())?;
        return Some(Named { year: Some(year), used: used + month.used, is_sure: true, ..month });
    }
    let named = |year, month, used, is_english| Named { year, month, used, is_sure: true, is_english };
    match tokens {
        [Number(name @ 1..=12), MonthOf, ..] => Some(named(None, *name, 2, false)),
        [Shift(later), MonthOf | Token::Unit(Unit::Month), ..] => {
            let (year, month) = year_and_month(month_of(today, *later)?.start)?;
            Some(named(Some(year), month, 2, tokens.get(1) != Some(&MonthOf)))
        }
        [Shift(later), Month(name), ..] => {
            let is_past = match later {
                0 => true,
                1.. => *name > this_month,
                _ => *name < this_month,
            };
            let year = this_year + if is_past { 0 } else { later.signum() };
            Some(named(Some(year), *name, 2, true))
        }
        [Month(name), FourDigits(year), ..] => Some(named(Some(*year), *name, 2, true)),
        [Month(name), rest @ ..] => match year(rest, today) {
            Some((year, used)) => Some(named(Some(year), *name, 1 + used, true)),
            None => Some(Named { is_sure: lead == Lead::In, ..named(None, *name, 1, true) }),
        },
        _ => None,
    }
}

/// Reads dates and months.
pub(super) fn date(tokens: &[Token], lead: Lead, today: i64) -> Option<Read> {
    match tokens {
        [Number(number) | Ordinal(number), Month(_) | Shift(_), ..] => {
            let month = named_month(tokens.get(1..)?, lead, today).filter(|month| month.is_english)?;
            return Some((on(month, *number, today), 1 + month.used));
        }
        [Number(number), DayOf, ..] => {
            return Some((calendar::last_day_of_month(*number, today).map(day), 2));
        }
        [Ordinal(number)] | [Ordinal(number), Token::Other] if lead == Lead::On => {
            return Some((calendar::last_day_of_month(*number, today).map(day), 1));
        }
        [Token::Part(part), rest @ ..] => {
            if let Some(month) = named_month(rest, Lead::In, today) {
                return Some((part_of_month(*part, whole(month, today)?), 1 + month.used));
            }
            // Early 2026.
            if let [FourDigits(year), ..] = rest {
                return Some((part_of_year(*part, *year), 2));
            }
            let (year, used) = year(rest, today)?;
            return Some((part_of_year(*part, year), 1 + used));
        }
        [FirstDay | LastDay, rest @ ..] => {
            let month = named_month(rest, Lead::In, today)?;
            return Some((edge(tokens, whole(month, today)?), 1 + month.used));
        }
        // The week of November 9.
        [Token::Unit(Unit::Week), rest @ ..] => {
            let month = named_month(rest, Lead::In, today).filter(|month| month.is_english)?;
            let Some(Number(number) | Ordinal(number)) = rest.get(month.used) else { return None };
            let at = on(month, *number, today)?.start;
            return Some((Some(calendar::week(at, 0)), month.used + 2));
        }
        [WeekOf(number), rest @ ..] => {
            let month = named_month(rest, Lead::In, today)?;
            return Some((week_of_month(*number, whole(month, today)?), 1 + month.used));
        }
        [MonthOf, Token::Part(part), ..] => {
            let this = part_of_month(*part, month_of(today, 0)?)?;
            let last = part_of_month(*part, month_of(today, -1)?)?;
            return Some((Some(if this.start <= today + 1 { this } else { last }), 2));
        }
        _ => {}
    }
    let month = named_month(tokens, lead, today)?;
    let rest = tokens.get(month.used..)?;
    match rest {
        [WeekOf(number), ..] => Some((week_of_month(*number, whole(month, today)?), month.used + 1)),
        [FirstDay | LastDay, ..] => Some((edge(rest, whole(month, today)?), month.used + 1)),
        // 10月1日至5日
        [Number(from), DayOf, To, Number(to), DayOf, ..] => {
            Some((between(month, *from, *to, today), month.used + 5))
        }
        [Number(from) | Ordinal(from), To, Number(to) | Ordinal(to), ..] if month.is_english => {
            Some((between(month, *from, *to, today), month.used + 3))
        }
        [Number(number) | Ordinal(number), DayOf, ..] => Some((on(month, *number, today), month.used + 2)),
        [Number(number) | Ordinal(number), rest @ ..] if month.is_english && *number <= 31 => {
            let (year, used) = match rest {
                [FourDigits(year), ..] => (Some(*year), 1),
                _ => year(rest, today).map_or((None, 0), |(year, used)| (Some(year), used)),
            };
            let year = year.or(month.year);
            Some((on(Named { year, ..month }, *number, today), month.used + 1 + used))
        }
        [Token::Part(part), ..] if !month.is_english => {
            Some((part_of_month(*part, whole(month, today)?), month.used + 1))
        }
        _ if month.is_sure => Some((whole(month, today), month.used)),
        _ => None,
    }
}

/// Returns a day of a month, in the last such month if there is no year.
fn on(month: Named, number: i64, today: i64) -> Option<Days> {
    let at = match month.year {
        Some(year) => calendar::date(year, month.month, number),
        None => calendar::last_date(month.month, number, today),
    };
    at.map(day)
}

/// Returns the days of a month from one to another, both included.
fn between(month: Named, from: i64, to: i64, today: i64) -> Option<Days> {
    let first = on(month, from, today)?.start;
    (from <= to && to <= 31).then_some(first..first + to - from + 1)
}

/// Returns the first or the last day of a month, as the first token says.
fn edge(tokens: &[Token], month: Days) -> Option<Days> {
    Some(day(if tokens.first() == Some(&FirstDay) { month.start } else { month.end - 1 }))
}

fn week_of_month(number: i64, month: Days) -> Option<Days> {
    let first = month.start + 7 * (number - 1);
    Some(first..(first + 7).min(month.end))
}

fn whole(named: Named, today: i64) -> Option<Days> {
    match named.year {
        Some(year) => month(year, named.month, 0),
        None => calendar::last_month(named.month, today),
    }
}

fn part_of_month(part: Part, month: Days) -> Option<Days> {
    Some(match part {
        Part::Begin => month.start..month.start + 10,
        Part::Middle => month.start + 10..month.start + 20,
        Part::End => month.start + 20..month.end,
    })
}

fn part_of_year(part: Part, year: i64) -> Option<Days> {
    match part {
        Part::Begin => calendar::months(year, 1, 2),
        Part::Middle => calendar::months(year, 6, 7),
        Part::End => calendar::months(year, 11, 12),
    }
}

/// Reads holidays with fixed dates, the last one if there is no year.
pub(super) fn holiday(tokens: &[Token], today: i64) -> Option<Read> {
    let (this_year, _) = year_and_month(today)?;
    let last = |name: i64, number: i64| {
        let at = calendar::last_date(name, number, today)?;
        year_and_month(at).map(|(year, _)| year)
    };
    let (named, found, used) = match tokens {
        [Holiday { month, day, length }, FourDigits(year), ..] => (Some(*year), (*month, *day, *length), 2),
        [Holiday { month, day, length }, rest @ ..] => match year(rest, today) {
            Some((year, used)) => (Some(year), (*month, *day, *length), 1 + used),
            None => (last(*month, *day), (*month, *day, *length), 1),
        },
        [Shift(later), Holiday { month, day, length }, ..] => {
            let begun = last(*month, *day)?;
            let year = match later {
                0 => this_year,
                1.. => begun + later,
                _ => begun + later + 1,
            };
            (Some(year), (*month, *day, *length), 2)
        }
        _ => {
            let (year, used) = year(tokens, today)?;
            let Some(Holiday { month, day, length }) = tokens.get(used) else { return None };
            (Some(year), (*month, *day, *length), used + 1)
        }
    };
    let (month, number, length) = found;
    let days = named.and_then(|year| calendar::date(year, month, number)).map(|at| at..at + length);
    Some((days, used))
}

/// Reads holidays whose dates differ, the last one if there is no year.
pub(super) fn feast(tokens: &[Token], today: i64) -> Option<Read> {
    let (this_year, _) = year_and_month(today)?;
    match tokens {
        [Feast(feast), FourDigits(year), ..] => Some((feasts::in_year(*feast, *year), 2)),
        [Feast(feast), rest @ ..] => match year(rest, today) {
            Some((year, used)) => Some((feasts::in_year(*feast, year), 1 + used)),
            None => Some((feasts::last(*feast, today), 1)),
        },
        [Shift(later), Feast(feast), ..] => {
            let (begun, _) = year_and_month(feasts::last(*feast, today)?.start)?;
            let year = match later {
                0 => this_year,
                1.. => begun + later,
                _ => begun + later + 1,
            };
            Some((feasts::in_year(*feast, year), 2))
        }
        _ => {
            let (year, used) = year(tokens, today)?;
            let Some(Feast(feast)) = tokens.get(used) else { return None };
            Some((feasts::in_year(*feast, year), used + 1))
        }
    }
}

/// Reads halves and quarters of a year.
pub(super) fn year_part(tokens: &[Token], today: i64) -> Option<Read> {
    let (this_year, _) = year_and_month(today)?;
    match tokens {
        [Months { from, to, .. }, FourDigits(year), ..] => Some((calendar::months(*year, *from, *to), 2)),
        [Months { from, to, is_sure }, rest @ ..] => match year(rest, today) {
            Some((year, used)) => Some((calendar::months(year, *from, *to), 1 + used)),
            None if *is_sure => {
                let this = calendar::months(this_year, *from, *to)?;
                let last = calendar::months(this_year - 1, *from, *to);
                Some((if this.start <= today { Some(this) } else { last }, 1))
            }
            None => None,
        },
        [FourDigits(year), Months { from, to, .. }, ..] => Some((calendar::months(*year, *from, *to), 2)),
        _ => {
            let (year, used) = year(tokens, today)?;
            let Some(Months { from, to, .. }) = tokens.get(used) else { return None };
            Some((calendar::months(year, *from, *to), used + 1))
        }
    }
}

/// Reads seasons of a year. A season alone is not a time.
pub(super) fn season(tokens: &[Token], lead: Lead, today: i64) -> Option<Read> {
    let (this_year, _) = year_and_month(today)?;
    let last = |from: i64, to: i64, until: i64| {
        let of = |back: i64| calendar::months(this_year - back, from, to);
        (0..=2).filter_map(of).find(|season| season.end <= until)
    };
    match tokens {
        [Shift(later), Season { from, to }, ..] => {
            let days = match later {
                0 => calendar::months(this_year, *from, *to),
                1.. => {
                    let ahead = |more: i64| calendar::months(this_year + more, *from, *to);
                    (0..=1).filter_map(ahead).find(|season| season.start > today)
                }
                _ => last(*from, *to, today),
            };
            Some((days, 2))
        }
        [Season { from, to }, FourDigits(year), ..] => Some((calendar::months(*year, *from, *to), 2)),
        [Season { from, to }, rest @ ..] => {
            if let Some((year, used)) = year(rest, today) {
                return Some((calendar::months(year, *from, *to), 1 + used));
            }
            (lead == Lead::In).then(|| (last(*from, *to, i64::MAX).filter(|days| days.start <= today), 1))
        }
        _ => {
            let (year, used) = year(tokens, today)?;
            let Some(Season { from, to }) = tokens.get(used) else { return None };
            Some((calendar::months(year, *from, *to), used + 1))
        }
    }
}

/// Reads years and parts of years.
pub(super) fn of_year(tokens: &[Token], lead: Lead, today: i64) -> Option<Read> {
    let (this_year, _) = year_and_month(today)?;
    match tokens {
        [FourDigits(year)] | [FourDigits(year), Token::Other, ..] if lead == Lead::In => {
            return Some((calendar::whole_year(*year), 1));
        }
        [YearOf, Token::Part(part), ..] => {
            let this = part_of_year(*part, this_year)?;
            let last = part_of_year(*part, this_year - 1);
            return Some((if this.start <= today { Some(this) } else { last }, 2));
        }
        _ => {}
    }
    let (year, used) = year(tokens, today)?;
    match tokens.get(used..)? {
        // 去年年底, 去年底
        [YearOf, Token::Part(part), ..] => Some((part_of_year(*part, year), used + 2)),
        [Token::Part(part), ..] => Some((part_of_year(*part, year), used + 1)),
        _ => Some((calendar::whole_year(year), used)),
    }
}
