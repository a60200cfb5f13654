//! Marks of thoughts and channels. No I/O.

/// Names of tags around thoughts.
const NAMES: &[&str] = &[
    "think",
    "thinking",
    "thought",
    "thoughts",
    "thought_process",
    "reasoning",
    "reflection",
    "scratchpad",
    "antthinking",
    "seed:think",
];
/// Other pairs of marks around thoughts.
const PAIRS: &[(&str, &str)] = &[
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel>thought", "<channel|>"),
];
/// Marks around the text, which are dropped.
const DROPPED: &[&str] =
    &["<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|begin_of_solution|>", "<|end_of_solution|>"];
/// Marks of the harmony format.
const CHANNEL: &str = "<|channel|>";
const START: &str = "<|start|>";
const MESSAGE: &str = "<|message|>";
const ENDS: &[&str] = &["<|end|>", "<|return|>", "<|call|>"];
/// Maximum length of a tag's attributes in bytes.
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
    for (mark, kind) in fixed {
        if text.starts_with(mark) {
            return Found::Mark(kind, mark.len());
        }
        if outcome == Found::Nothing && mark.starts_with(text) {
            outcome = Found::Unknown;
        }
    }
    outcome
}

/// Finds a tag, such as `<think>`, `</think>`, or `<THINK time="3">`.
fn tag(text: &str) -> Found {
    let Some(rest) = text.strip_prefix('<') else { return Found::Nothing };
    let (rest, kind) = rest.strip_prefix('/').map_or((rest, Mark::Open), |rest| (rest, Mark::Close));
    let end = rest.find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, ':' | '_')));
    let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default().to_ascii_lowercase();
    if end.is_none() {
        let may_become = NAMES.iter().any(|known| known.starts_with(&name));
        return if may_become { Found::Unknown } else { Found::Nothing };
    }
    if !NAMES.contains(&name.as_str()) {
        return Found::Nothing;
    }
    let attributes = rest.get(name.len()..).unwrap_or_default();
    if !attributes.starts_with(['>', ' ', '\t']) {
        return Found::Nothing;
    }
    match attributes.find(['>', '<', '\n']) {
        None if attributes.len() <= MAX_ATTRIBUTES => Found::Unknown,
        Some(end) if end <= MAX_ATTRIBUTES && attributes.as_bytes().get(end) == Some(&b'>') => {
            Found::Mark(kind, text.len() - attributes.len() + end + 1)
        }
        _ => Found::Nothing,
    }
}
