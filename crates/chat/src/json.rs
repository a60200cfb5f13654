//! Finds JSON values in a model's text, and repairs unambiguous mistakes. No I/O.
//!
//! The text may contain other text, fences, drafts, and examples. Among the values that fit, [`decided`]
//! picks the one that the model presents as its answer.

mod read;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub(crate) use read::Fault;

/// A value that was found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found<'t> {
    pub(crate) value: Value,
    /// The text of the value, if it is valid JSON as it stands.
    pub(crate) raw: Option<&'t str>,
    /// True if it is in a fenced block.
    is_fenced: bool,
    /// True if the words before it call it a draft, an example, or a supposition.
    is_draft: bool,
    /// True if the words before it call it the answer.
    is_final: bool,
}

/// The result of reading JSON from a text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Scan<'t> {
    pub(crate) found: Vec<Found<'t>>,
    /// The syntax error of the last value that cannot be read.
    pub(crate) fault: Option<Fault>,
}

impl Scan<'_> {
    /// Drops references to the text.
    fn owned(self) -> Scan<'static> {
        let found = self.found.into_iter().map(|found| Found { raw: None, ..found }).collect();
        Scan { found, fault: self.fault }
    }
}

/// The kinds of values to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Objects, and lists that contain objects.
    Objects,
    /// Lists and objects.
    Lists,
    /// As `Objects`, and also objects inside a value that is damaged or cut off.
    Inside,
}

/// Maximum length of a text in which values are repaired, in bytes. In longer ones only valid JSON is
/// found.
const MAX_REPAIRED: usize = 256 << 10;
/// Maximum number of brackets at which a value is tried, and maximum number of bytes read for all of these
/// together.
const MAX_TRIES: usize = 1000;
const MAX_WORK: usize = 32 << 20;
/// The number of characters before a value in which words tell its role.
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
    "相反的结果",
    "opposite result",
    "opposite answer",
];
/// Words that call a value a draft unless others call it the answer.
const WEAK: &[&str] = &[
    "若",
    "否则",
    "反之",
    "相反",
    "备选",
    "另一",
    "原先",
    "本来",
    "之前",
    "alternative",
    "alternatively",
    "otherwise",
    "unless",
    "opposite",
    "previously",
    " was",
    " had ",
    " were ",
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

/// Finds the values in a text.
pub(crate) fn scan(text: &str, look: Look) -> Scan<'_> {
    let trimmed = text.trim();
    // A JSON string that contains JSON: the value was encoded twice.
    if trimmed.starts_with('"')
        && let Ok(inner) = serde_json::from_str::<String>(trimmed)
    {
        return scan(&inner, look).owned();
    }
    let scan = scan_plain(text, look);
    if scan.found.is_empty() && text.len() <= MAX_REPAIRED {
        for plain in [unescaped(text), unquoted(text)].into_iter().flatten() {
            let inner = scan_plain(&plain, look);
            if !inner.found.is_empty() {
                return inner.owned();
            }
        }
    }
    scan
}

/// Returns the text without the backslashes of a JSON string, if it has such around quotation marks.
fn unescaped(text: &str) -> Option<String> {
    if !text.contains("\\\"") {
        return None;
    }
    let (mut plain, mut chars) = (String::with_capacity(text.len()), text.chars());
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some(next @ ('"' | '\\'))) => {
                plain.push(next);
                chars.next();
            }
            ('\\', Some('n')) => {
                plain.push('\n');
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    Some(plain)
}

/// Returns the text with HTML's references to characters replaced, if it has such for quotation marks.
fn unquoted(text: &str) -> Option<String> {
    const REFERENCES: [(&str, &str); 9] = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&#123;", "{"),
        ("&#125;", "}"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    let is_quoted = ["&quot;", "&#34;", "&#123;"].iter().any(|reference| text.contains(reference));
    is_quoted.then(|| {
        REFERENCES.iter().fold(text.to_owned(), |text, (reference, plain)| text.replace(reference, plain))
    })
}

fn scan_plain(text: &str, look: Look) -> Scan<'_> {
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
    let last =
        |words: &[&str]| words.iter().filter_map(|word| clause.rfind(word).map(|at| at + word.len())).max();
    let (draft, answer) = (last(DRAFT), last(FINAL));
    let is_aside = is_open(before) || last(WEAK).is_some();
    Found {
        value,
        raw,
        is_fenced,
        is_draft: (draft.is_some() && draft >= answer) || (is_aside && answer.is_none()),
        is_final: answer > draft,
    }
}

/// Returns true if a text ends within brackets or a comment.
fn is_open(before: &str) -> bool {
    let count = |chars: [char; 2]| before.matches(chars).count();
    let last = |mark: &str| before.rfind(mark);
    count(['(', '（']) > count([')', '）']) || last("<!--") > last("-->")
}

/// Picks the value that the model means, of those that fit: the last one that is not a draft. A fenced
/// value has precedence, unless a later one is called the answer. If all are drafts, the last one is
/// picked.
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
