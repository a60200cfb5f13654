//! Marks of thoughts and channels. No I/O.

/// Words in the names of tags around thoughts, such as `think` and `seed:think`.
const WORDS: &[&str] = &[
    "think",
    "thinking",
    "thought",
    "thoughts",
    "reasoning",
    "reflection",
    "scratchpad",
    "monologue",
    "antthinking",
    "cot",
];
/// Other pairs of marks around thoughts.
const PAIRS: &[(&str, &str)] = &[
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<unused94>thought", "<unused95>"),
    ("<|channel>thought", "<channel|>"),
];
/// Marks around the text, and marks of chat templates, which are dropped.
const DROPPED: &[&str] = &[
    "<|START_RESPONSE|>",
    "<|END_RESPONSE|>",
    "<|begin_of_solution|>",
    "<|end_of_solution|>",
    "<|im_end|>",
    "<|im_start|>assistant",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|start_header_id|>assistant<|end_header_id|>",
    "<|assistant|>",
    "<|end_of_turn|>",
    "<end_of_turn>",
    "<｜end▁of▁sentence｜>",
];
/// Marks of the harmony format.
const CHANNEL: &str = "<|channel|>";
const START: &str = "<|start|>";
const MESSAGE: &str = "<|message|>";
const ENDS: &[&str] = &["<|end|>", "<|return|>", "<|call|>"];
/// Maximum length of a tag's name and of its attributes in bytes.
const MAX_NAME: usize = 32;
const MAX_ATTRIBUTES: usize = 80;

/// The kinds of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The beginning and the end of thoughts.
    Open,
    Close,
    Dropped,
    Channel,
    Start,
    Message,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A mark and its length in bytes.
    Mark(Mark, usize),
    /// The text ends before it is certain.
    Unknown,
    Nothing,
}

/// Finds the mark at the beginning of a text.
pub(super) fn mark(text: &str) -> Found {
    let mut outcome = tag(text);
    let fixed = PAIRS
        .iter()
        .flat_map(|(open, close)| [(*open, Mark::Open), (*close, Mark::Close)])
        .chain(DROPPED.iter().map(|mark| (*mark, Mark::Dropped)))
        .chain(ENDS.iter().map(|mark| (*mark, Mark::End)))
        .chain([(CHANNEL, Mark::Channel), (START, Mark::Start), (MESSAGE, Mark::Message)]);
    // `[think]` in other cases may be the text of a link.
    let has_case = !text.starts_with('<');
    let is_start = |text: &str, of: &str| {
        of.get(..text.len())
            .is_some_and(|start| start == text || (!has_case && start.eq_ignore_ascii_case(text)))
    };
    for (mark, kind) in fixed {
        if is_start(mark, text) {
            return Found::Mark(kind, mark.len());
        }
        if outcome == Found::Nothing && is_start(text, mark) {
            outcome = Found::Unknown;
        }
    }
    outcome
}

/// Finds a tag, such as `<think>`, `</think>`, `<THINK time="3">`, or `<|end_of_thought|>`.
fn tag(text: &str) -> Found {
    let Some(inside) = text.strip_prefix('<') else { return Found::Nothing };
    let (rest, is_closing) = stripped(inside);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-')));
    let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    if name.len() > MAX_NAME || (end.is_some() && !is_thoughts(name)) {
        return Found::Nothing;
    }
    if end.is_none() {
        return Found::Unknown;
    }
    let attributes = rest.get(name.len()..).unwrap_or_default();
    if !attributes.starts_with(['>', '|', '/']) && !attributes.starts_with(char::is_whitespace) {
        return Found::Nothing;
    }
    let length = match attributes.find(['>', '<']) {
        None if attributes.len() <= MAX_ATTRIBUTES => return Found::Unknown,
        Some(end) if end <= MAX_ATTRIBUTES && attributes.as_bytes().get(end) == Some(&b'>') => end + 1,
        _ => return Found::Nothing,
    };
    let ends = name.to_ascii_lowercase().split(['_', '-']).any(|word| word == "end");
    let mark = match attributes.get(..length) {
        // An empty element.
        Some(written) if written.ends_with("/>") => Mark::Dropped,
        _ if is_closing || ends => Mark::Close,
        _ => Mark::Open,
    };
    Found::Mark(mark, text.len() - attributes.len() + length)
}

/// Strips what is between `<` and a tag's name. The flag is true for a closing tag.
fn stripped(inside: &str) -> (&str, bool) {
    let inside = inside.strip_prefix('|').unwrap_or(inside);
    let (inside, is_closing) = inside.strip_prefix('/').map_or((inside, false), |rest| (rest, true));
    (inside.strip_prefix('|').unwrap_or(inside), is_closing)
}

/// Returns true if a tag with this name is around thoughts.
fn is_thoughts(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.split([':', '_', '-']).any(|word| WORDS.contains(&word))
}
