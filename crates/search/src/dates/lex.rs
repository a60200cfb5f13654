//! Cutting a folded text into the words that days are named with.

use super::calendar;
use super::token::{Lead, Token};
use super::words::{TABLE, weekday_chinese};

/// Characters after 号 that show that a number is not a day: lines, buildings, rooms and the like.
const NO_DAY: &str = "线楼门院店馆厅桌房车机位球码室桥病柜台井坑股公文选仓营航站本";

/// Returns the tokens of a text without filler words, each with the preposition before it.
pub(super) fn tokens(text: &str) -> (Vec<Token>, Vec<Lead>) {
    let (mut tokens, mut leads) = (Vec::new(), Vec::new());
    let mut lead = Lead::Nothing;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_joined =
            text.get(..text.len() - rest.len()).is_some_and(|seen| seen.ends_with(['-', '/', '.']));
        let (token, used) = match c {
            _ if c.is_ascii_digit() => digits(rest, is_joined),
            _ if c.is_ascii_alphabetic() => word(rest),
            ' ' | ',' | '\t' => (Token::Filler, 1),
            // mid-October
            '-' if matches!(tokens.last(), Some(Token::Part(_))) => (Token::Filler, 1),
            _ if c.is_ascii() => (Token::Other, 1),
            _ => chinese(rest).unwrap_or((Token::Other, c.len_utf8())),
        };
        rest = rest.get(used..).unwrap_or_default();
        match token {
            Token::Filler => continue,
            Token::In => lead = Lead::In,
            Token::On => lead = Lead::On,
            Token::Other if tokens.last() == Some(&Token::Other) => lead = Lead::Nothing,
            _ => {
                tokens.push(token);
                leads.push(std::mem::replace(&mut lead, Lead::Nothing));
            }
        }
    }
    (tokens, leads)
}

/// Returns the longest phrase of the table at the beginning of a text, with its length in bytes.
fn phrase(text: &str) -> Option<(Token, usize)> {
    let first = text.chars().next()?;
    let whole_words = first.is_ascii();
    let found = TABLE.get(&first)?.iter().find(|(phrase, _)| {
        text.strip_prefix(phrase)
            .is_some_and(|rest| !whole_words || !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    });
    found.map(|(phrase, token)| (*token, phrase.len()))
}

/// Returns the digit after tens, as in "twenty-one", and the number of bytes with the mark before it.
fn after_tens(token: Token, rest: &str) -> Option<(i64, usize)> {
    let Token::Number(20 | 30 | 40 | 50 | 60 | 90) = token else { return None };
    match phrase(rest.strip_prefix(['-', ' '])?)? {
        // "a" and "an" are no digits.
        (Token::Number(digit @ 1..=9), used) if used > 2 => Some((digit, used + 1)),
        _ => None,
    }
}

fn word(text: &str) -> (Token, usize) {
    if let Some((token, used)) = phrase(text) {
        if let (Token::Number(tens), Some((digit, more))) =
            (token, text.get(used..).and_then(|rest| after_tens(token, rest)))
        {
            return (Token::Number(tens + digit), used + more);
        }
        // "last year's"
        let own = text.get(used..).and_then(|rest| rest.strip_prefix("'s"));
        let is_own = own.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
        // "Oct. 19"
        let is_short = used <= 4 && matches!(token, Token::Month(month) if month != 5);
        let point = text.get(used..).is_some_and(|rest| rest.starts_with(". "));
        let more = match (is_own, is_short && point) {
            (true, _) => 2,
            (false, true) => 1,
            (false, false) => 0,
        };
        return (token, used + more);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '\'').unwrap_or(text.len());
    (Token::Other, end)
}

/// Returns the token of a text that begins with digits.
fn digits(text: &str, is_joined: bool) -> (Token, usize) {
    if let Some(found) = date(text).filter(|_| !is_joined) {
        return found;
    }
    let (number, rest) = run(text);
    let used = number.len();
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let token = match (number.parse::<i64>(), rest.get(..letters)) {
        (Ok(number), Some("st" | "nd" | "rd" | "th")) => return (Token::Ordinal(number), used + letters),
        (Ok(number @ 1900..=2099), Some("")) if used == 4 => Token::FourDigits(number),
        (Ok(number), Some("")) => Token::Number(number),
        _ => return (Token::Other, used + letters),
    };
    (token, used)
}

/// Splits a text after its leading ASCII digits.
fn run(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Returns a date in digits: 2026-11-19, 2026/11/19, 11/19/2026, 11/19/26, 19.11.2026, 20261119, 2026-11, or
/// 11/19.
fn date(text: &str) -> Option<(Token, usize)> {
    let (first, rest) = run(text);
    let number = |digits: &str| digits.parse::<i64>().ok();
    if first.len() == 8 && !rest.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        let (year, month, day) = (first.get(..4)?, first.get(4..6)?, first.get(6..)?);
        let year = number(year).filter(|year| (1900..2100).contains(year))?;
        return Some((Token::Date(calendar::date(year, number(month)?, number(day)?)?), 8));
    }
    let mark = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (second, rest) = run(rest.get(1..)?);
    if !(1..=2).contains(&second.len()) {
        return None;
    }
    let is_year = first.len() == 4 && number(first).is_some_and(|year| (1900..2100).contains(&year));
    let third = rest.strip_prefix(mark).map(run).filter(|(third, _)| !third.is_empty());
    let used = |rest: &str| text.len() - rest.len();
    let Some((third, rest)) = third else {
        // A month and a day that cannot be a month either.
        let (month, day) = (number(first)?, number(second)?);
        if mark == '/' && first.len() <= 2 && (1..=12).contains(&month) && (13..=31).contains(&day) {
            return Some((Token::MonthDay(month, day), used(rest)));
        }
        let month = number(second).filter(|month| is_year && mark != '.' && (1..=12).contains(month))?;
        return Some((Token::YearMonth(number(first)?, month), used(rest)));
    };
    let (a, b, c) = (number(first)?, number(second)?, number(third)?);
    let day = if is_year && third.len() <= 2 {
        calendar::date(a, b, c)
    } else if first.len() <= 2 && third.len() == 4 && (1900..2100).contains(&c) {
        // With dots the day comes first everywhere.
        if mark == '.' || a > 12 { calendar::date(c, b, a) } else { calendar::date(c, a, b) }
    } else if mark == '/' && first.len() <= 2 && third.len() == 2 {
        let year = 2000 + c;
        if a > 12 { calendar::date(year, b, a) } else { calendar::date(year, a, b) }
    } else {
        None
    };
    Some((Token::Date(day?), used(rest)))
}

fn chinese(text: &str) -> Option<(Token, usize)> {
    if let Some((number, used)) = weekday_chinese(text) {
        return Some((Token::WeekdayOf(number), used));
    }
    if let Some((token, used)) = phrase(text) {
        let next = text.get(used..).and_then(|rest| rest.chars().next());
        let is_day = token != Token::DayOf || next.is_none_or(|next| !NO_DAY.contains(next));
        return Some((if is_day { token } else { Token::Other }, used));
    }
    number(text)
}

/// Returns a number in Chinese characters, up to 999, or a year digit by digit.
fn number(text: &str) -> Option<(Token, usize)> {
    let (mut value, mut unit, mut used, mut count, mut is_plain) = (0_i64, 0_i64, 0, 0, true);
    for c in text.chars().take(8) {
        let digit = "零一二三四五六七八九十两百〇".chars().position(|other| other == c);
        match digit.and_then(|digit| i64::try_from(digit).ok()) {
            None => break,
            Some(10) => (value, unit, is_plain) = (value + unit.max(1) * 10, 0, false),
            Some(12) => (value, unit, is_plain) = (value + unit.max(1) * 100, 0, false),
            Some(digit) => {
                let digit = match digit {
                    11 => 2,
                    13 => 0,
                    digit => digit,
                };
                unit = if is_plain { unit * 10 + digit } else { digit };
            }
        }
        used += c.len_utf8();
        count += 1;
    }
    let number = value + unit;
    match count {
        0 => None,
        4 if is_plain && (1900..2100).contains(&number) => Some((Token::FourDigits(number), used)),
        _ => Some((Token::Number(number), used)),
    }
}
