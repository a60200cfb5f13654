//! Finds JSON values in what a model writes, and repairs slips that leave no doubt. No I/O.
//!
//! Text around a value, fences, drafts and examples do not decide; among the values that fit, [`decided`] takes the one
//! that the model presents as its answer.

mod read;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub(crate) use read::Fault;

/// A value that was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found<'t> {
    pub(crate) value: Value,
    /// The text of it where that is JSON as it stands.
    pub(crate) raw: Option<&'t str>,
    /// It stands in a fenced block.
    is_fenced: bool,
    /// The words before it call it a draft, an example or a case.
    is_draft: bool,
    /// The words before it call it the answer.
    is_final: bool,
}

/// Result of reading JSON from a text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Scan<'t> {
    pub(crate) found: Vec<Found<'t>>,
    /// Syntax error of the last value that cannot be read.
    pub(crate) fault: Option<Fault>,
}

/// Which values are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Objects, and lists of objects.
    Objects,
    /// Lists and objects.
    Lists,
    /// Objects, also those inside of a value that is damaged or cut off.
    Inside,
}

/// Longest text in which values are repaired, in bytes; in longer ones only JSON as it stands is read.
const MAX_REPAIRED: usize = 256 << 10;
/// Most brackets at which a value is looked for, and most bytes that are looked at for all of them together.
const MAX_TRIES: usize = 1000;
const MAX_WORK: usize = 32 << 20;
/// Characters before a value that say what it is.
const CLAUSE: usize = 80;

const STOPS: &[char] = &['。', '！', '!', '？', '?', '；', ';', '\n', '}', ']'];
const DRAFT: &[&str] = &[
    "例如",
    "比如",
    "譬如",
    "例子",
    "示例",
    "样例",
    "草稿",
    "初步",
    "初稿",
    "如果",
    "假如",
    "假设",
    "要是",
    "可能",
    "也许",
    "或许",
    "不是",
    "而非",
    "模板",
    "for example",
    "e.g",
    "such as",
    "example",
    "sample",
    "draft",
    "first thought",
    "at first",
    "initial",
    "maybe",
    "perhaps",
    "might",
    "could",
    "would",
    "instead of",
    "rather than",
    "not ",
    "if ",
    "template",
    "schema",
];
const FINAL: &[&str] = &[
    "最终",
    "答案",
    "结论",
    "结果",
    "应该",
    "应为",
    "更正",
    "修正",
    "改为",
    "综上",
    "因此",
    "所以",
    "final",
    "answer",
    "result",
    "decision",
    "output",
    "therefore",
    "actual",
    "correct",
];

/// Finds the values of a text.
pub(crate) fn scan(text: &str, look: Look) -> Scan<'_> {
    let trimmed = text.trim();
    // A value that was written into a text once more.
    if trimmed.starts_with('"')
        && let Ok(inner) = serde_json::from_str::<String>(trimmed)
    {
        let scan = scan(&inner, look);
        let found = scan.found.into_iter().map(|found| Found { raw: None, ..found }).collect();
        return Scan { found, fault: scan.fault };
    }
    let mut scan = Scan::default();
    let (mut at, mut behind) = (0, 0);
    let mut tries = 0;
    let most = (MAX_WORK / text.len().max(1)).min(MAX_TRIES);
    let may_repair = text.len() <= MAX_REPAIRED;
    while let Some(offset) = text.get(at..).and_then(|rest| rest.find(['{', '[', '｛', '［'])) {
        let start = at + offset;
        tries += 1;
        if tries > most {
            break;
        }
        let rest = text.get(start..).unwrap_or_default();
        let width = rest.chars().next().map_or(1, char::len_utf8);
        let is_list = rest.starts_with(['[', '［']);
        match read::value(rest, may_repair) {
            Ok((value, length, is_exact)) if look == Look::Lists || !is_list || holds_objects(&value) => {
                let raw = rest.get(..length).filter(|_| is_exact);
                scan.found.push(found(value, raw, text.get(behind..start).unwrap_or_default()));
                at = start + length;
                behind = at;
            }
            Ok(_) => at = start + width,
            Err(error) if error.is_value && !(is_list && look != Look::Lists) => {
                scan.fault = Some(error.fault);
                at = if look == Look::Inside { start + width } else { start + error.length.max(width) };
                behind = at;
            }
            Err(error) => {
                if !is_list && !rest.get(width..).unwrap_or_default().starts_with(['{', '｛']) {
                    scan.fault = scan.fault.or(Some(error.fault));
                }
                at = start + width;
            }
        }
    }
    scan
}

fn holds_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().any(Value::is_object))
}

fn found<'t>(value: Value, raw: Option<&'t str>, before: &str) -> Found<'t> {
    let before = before.trim_end();
    let unfenced = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
    let unfenced = unfenced.strip_suffix("```").or_else(|| unfenced.strip_suffix("~~~"));
    let is_fenced = unfenced.is_some();
    let clause = unfenced.unwrap_or(before).trim_end().trim_end_matches([':', '：', '—', '*', '"', '“', '`']);
    let clause = clause.rfind(STOPS).and_then(|at| clause.get(at..)).unwrap_or(clause);
    let from = clause.char_indices().rev().nth(CLAUSE).map_or(0, |(at, _)| at);
    let clause = clause.get(from..).unwrap_or_default().to_lowercase();
    let last = |words: &[&str]| words.iter().filter_map(|word| clause.rfind(word)).max();
    let (draft, answer) = (last(DRAFT), last(FINAL));
    Found { value, raw, is_fenced, is_draft: draft > answer, is_final: answer.is_some() && answer > draft }
}

/// The value that the model means, of those that fit: the last one that is no draft. A fenced one goes before others,
/// unless a later one is called the answer.
pub(crate) fn decided<T>(scan: &Scan<'_>, fits: impl Fn(&Found<'_>) -> Option<T>) -> Option<T> {
    let fitting: Vec<(&Found<'_>, T)> =
        scan.found.iter().filter_map(|found| fits(found).map(|value| (found, value))).collect();
    let last =
        |is_wanted: &dyn Fn(&Found<'_>) -> bool| fitting.iter().rposition(|(found, _)| is_wanted(found));
    let fenced = last(&|found| found.is_fenced && !found.is_draft);
    let named = last(&|found| found.is_final);
    let at = match (fenced, named) {
        (Some(fenced), Some(named)) => Some(fenced.max(named)),
        (Some(fenced), None) => Some(fenced),
        (None, _) => last(&|found| !found.is_draft),
    };
    let at = at.or_else(|| fitting.len().checked_sub(1))?;
    fitting.into_iter().nth(at).map(|(_, value)| value)
}
