//! Lists of facts that another assistant wrote down, as they are pasted.

use store::Zone;

use crate::{
    model::{Fact, Reason},
    out::Out,
    time,
};

/// Maximum number of characters and lines.
const MAX_CHARS: usize = 200_000;
const MAX_LINES: usize = 2000;
/// Maximum number of characters of a line in a list.
const SHORT: usize = 300;

/// Returns true for the beginning of a list of facts. In a text of which nothing else is known, any list of
/// short lines is one.
pub(crate) fn is_list(start: &str, is_plain: bool) -> bool {
    let lines: Vec<&str> =
        fenced(start).unwrap_or(start).lines().map(str::trim).filter(|l| !l.is_empty()).take(200).collect();
    let lines: Vec<&&str> = lines.iter().filter(|line| !line.starts_with('#')).collect();
    if lines.is_empty() {
        return false;
    }
    let dated = lines.iter().filter(|line| dated(bullet(line)).is_some()).count();
    if dated * 2 > lines.len() {
        return true;
    }
    let is_item = |line: &str| line.chars().count() <= SHORT && (bullet(line) != line || dated_line(line));
    let items = lines.iter().filter(|line| is_item(line)).count();
    (is_plain || dated > 0 && fenced(start).is_some()) && items * 3 >= lines.len() * 2
}

fn dated_line(line: &str) -> bool {
    dated(line).is_some()
}

/// Reads a list.
pub(super) fn read(text: &str, out: &mut Out<'_>) {
    if text.chars().count() > MAX_CHARS {
        return out.refuse(0, Reason::Long, "200,000");
    }
    let list = fenced(text).unwrap_or(text);
    let before = text.find(list).map_or(0, |at| text.get(..at).unwrap_or_default().matches('\n').count());
    for (number, line) in (1 + before..).zip(list.lines()) {
        let at = u64::try_from(number).unwrap_or(u64::MAX);
        if number - before > MAX_LINES {
            return out.refuse(at, Reason::Long, "2,000 lines");
        }
        if line.trim().is_empty()
            || line.trim_start().starts_with('#')
            || line.trim_start().starts_with("```")
        {
            continue;
        }
        let (text, created) = fact(line, out.zone);
        out.fact("", at, Fact { text, created, ..Fact::default() });
    }
}

/// Returns the text in the first fence, if there is one.
fn fenced(text: &str) -> Option<&str> {
    let at = text.find("```")?;
    let after = text.get(at..)?;
    let (_, inside) = after.split_once('\n')?;
    let end = inside.find("```").unwrap_or(inside.len());
    inside.get(..end).filter(|inside| !inside.trim().is_empty())
}

/// Returns a line without its bullet, number and date, and the date.
pub(crate) fn fact(line: &str, zone: &Zone) -> (String, Option<i64>) {
    let line = bullet(line.trim());
    match dated(line) {
        Some((date, text)) => (text.to_owned(), time::of_text(date, zone)),
        None => (line.to_owned(), None),
    }
}

/// Returns a line without its bullet or number.
fn bullet(line: &str) -> &str {
    let line = line.trim();
    if let Some(rest) =
        line.strip_prefix(['-', '*', '•', '·']).filter(|rest| rest.starts_with([' ', '\t', '[']))
    {
        return rest.trim_start();
    }
    let inside = line.strip_prefix(['(', '（']).unwrap_or(line);
    let digits = inside.len() - inside.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let after = inside.get(digits..).unwrap_or_default();
    if (1..=4).contains(&digits)
        && let Some(rest) = after.strip_prefix(['.', '、', ')', '）', '．'])
    {
        return if rest.starts_with(|c: char| c.is_ascii_digit()) { line } else { rest.trim_start() };
    }
    line
}

/// Returns the date at the beginning of a line, and the rest: `[2025-05-02] - text`, `2025-05-02：text`.
fn dated(line: &str) -> Option<(&str, &str)> {
    if let Some((date, rest)) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
        let is_date = date.starts_with(|c: char| c.is_ascii_digit()) && date.len() <= 25;
        let is_unknown =
            ["unknown", "未知", "date unknown", "日期未知"].contains(&date.trim().to_lowercase().as_str());
        let rest = rest.trim_start().trim_start_matches(['-', '–', '—', ':', '：']).trim_start();
        return (is_date || is_unknown).then_some((if is_unknown { "" } else { date }, rest));
    }
    const DATE: usize = 10;
    let (date, rest) = (line.get(..DATE)?, line.get(DATE..)?);
    let is_date = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => matches!(byte, b'-' | b'/' | b'.'),
        _ => byte.is_ascii_digit(),
    });
    let rest = rest.trim_start();
    let text = rest.strip_prefix(['：', ':', '-', '–', '—'])?;
    is_date.then(|| (date, text.trim_start()))
}
