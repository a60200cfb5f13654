//! Chats with people: a note for each chat and month, and for the chat with oneself for each day.

use std::collections::BTreeMap;

use store::{Timestamp, Zone};

use crate::{convert, model::Note, out::Out};

/// Number of bytes of all chats that are held at once.
const MOST_HELD: usize = 128 << 20;

/// A message of a chat.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    /// The time. A message without one goes with the one before.
    pub(crate) at: Option<i64>,
    /// The name of the sender.
    pub(crate) sender: String,
    /// The text.
    pub(crate) text: String,
}

/// Chats that are being read.
pub(crate) struct Chats {
    /// The name of the program, for titles.
    program: &'static str,
    /// By the id of the chat and the month or day.
    parts: BTreeMap<(String, String), Part>,
    last: BTreeMap<String, i64>,
    held: usize,
}

#[derive(Default)]
struct Part {
    name: String,
    text: String,
    first: Option<i64>,
    line: u64,
}

impl Chats {
    pub(crate) const fn new(program: &'static str) -> Self {
        Self { program, parts: BTreeMap::new(), last: BTreeMap::new(), held: 0 }
    }

    /// Adds a message of a chat with an id and a name. `is_own` is true for the chat with oneself.
    pub(crate) fn add(
        &mut self,
        (id, name, is_own): (&str, &str, bool),
        number: u64,
        line: Line,
        out: &mut Out<'_>,
    ) {
        let text = convert::clean(&line.text);
        if text.trim().is_empty() {
            return;
        }
        let at = line.at.or_else(|| self.last.get(id).copied());
        if let Some(at) = at {
            self.last.insert(id.to_owned(), at);
        }
        let (date, clock) = at.map(|at| shown(at, out.zone)).unwrap_or_default();
        let length = if is_own { 10 } else { 7 };
        let month: String = date.chars().take(length).collect();
        let part = self.parts.entry((id.to_owned(), month)).or_default();
        if part.text.is_empty() {
            name.clone_into(&mut part.name);
            (part.first, part.line) = (at, number);
        }
        let said = text.trim().replace('\n', "\n  ");
        let head = if is_own { clock } else { [date.as_str(), clock.as_str()].join(" ").trim().to_owned() };
        let sender = convert::line_of(&line.sender, 60);
        let head = if is_own || sender.is_empty() { head } else { format!("{head} {sender}：") };
        let whole = if is_own { format!("{head} {said}\n") } else { format!("{head}{said}\n") };
        self.held += whole.len();
        part.text.push_str(&whole);
        if self.held > MOST_HELD {
            self.tell(out);
        }
    }

    /// Tells of all notes.
    pub(crate) fn tell(&mut self, out: &mut Out<'_>) {
        for ((id, month), part) in std::mem::take(&mut self.parts) {
            let title = [self.program, &part.name, &month].into_iter().filter(|part| !part.is_empty());
            let title = title.collect::<Vec<_>>().join(" · ");
            part.name.clone_into(&mut out.group);
            // Lines do not run together in Markdown.
            let text = part.text.trim_end().replace('\n', "  \n");
            let note = Note { title, text, created: part.first, updated: None };
            out.note(&format!("{id}/{month}"), part.line, note);
        }
        self.held = 0;
    }
}

/// Returns the date and the time of day.
fn shown(at: i64, zone: &Zone) -> (String, String) {
    let text = zone.iso8601(Timestamp(at));
    let date = text.get(..10).unwrap_or_default().to_owned();
    (date, text.get(11..16).unwrap_or_default().to_owned())
}
