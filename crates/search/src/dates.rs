//! Days that a text names, in English and Chinese, relative to the moment it was written. No I/O.

mod calendar;
mod feasts;
mod grammar;
mod lex;
mod months;
#[cfg(test)]
mod phrases;
mod token;
mod words;

pub(super) use calendar::Days;

/// Maximum number of characters of a text that are examined.
const MAX_LOOKED_AT: usize = 2000;
/// Maximum number of days, weeks or months found in a text.
const MAX_NAMED: usize = 4;
/// Number of days above which a period counts as long.
pub(super) const LONG: i64 = 31;

/// Returns the days that a folded text names, as seen from a day (counted from 1970-01-01), at most
/// [`MAX_NAMED`]. Days without a year are the last ones that are not later than tomorrow.
pub(super) fn named(folded: &str, today: i64) -> Vec<Days> {
    let end = folded.char_indices().nth(MAX_LOOKED_AT).map_or(folded.len(), |(end, _)| end);
    let (tokens, leads) = lex::tokens(folded.get(..end).unwrap_or(folded));
    let mut all = Vec::new();
    let mut at = 0;
    while let (Some(rest), Some(lead)) = (tokens.get(at..), leads.get(at)) {
        let (days, used) = grammar::read(rest, *lead, today).unwrap_or((None, 1));
        all.extend(days.filter(|days| days.start < days.end));
        at += used.max(1);
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
        11..=LONG => 1.0,
        _ => 0.5,
    }
}
