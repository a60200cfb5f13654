//! The receiver of what a format finds.

use std::{collections::HashMap, io::Read};

use serde_json::Value;
use sha2::{Digest, Sha256};
use store::Zone;

use crate::{
    convert,
    json::Items,
    model::{Conversation, Event, Fact, Found, Item, Note, Problem, Reason, Source},
};

/// Maximum number of characters of a note.
const MAX_NOTE: usize = 50_000;
/// Maximum number of characters of a fact. A longer one becomes a note.
const MAX_FACT: usize = 5000;
/// Maximum number of characters of a title.
const MAX_TITLE: usize = 200;

/// The receiver of entries, with the place that they come from.
pub(crate) struct Out<'o> {
    emit: &'o mut dyn FnMut(Event) -> bool,
    /// The time zone of times without one.
    pub(crate) zone: &'o Zone,
    /// The source of the pack, or of the file that is read.
    pub(crate) source: Source,
    /// The file that is read.
    pub(crate) place: String,
    /// The time of that file.
    pub(crate) modified: Option<i64>,
    /// The chat, folder or notebook.
    pub(crate) group: String,
    /// Texts that files of the pack refer to in each other.
    pub(crate) blocks: HashMap<String, String>,
    /// Number of entries so far.
    pub(crate) found: u64,
    /// True if nobody listens any more.
    pub(crate) is_over: bool,
}

impl<'o> Out<'o> {
    pub(crate) fn new(emit: &'o mut dyn FnMut(Event) -> bool, zone: &'o Zone, source: Source) -> Self {
        Self {
            emit,
            zone,
            source,
            place: String::new(),
            modified: None,
            group: String::new(),
            blocks: HashMap::new(),
            found: 0,
            is_over: false,
        }
    }

    fn send(&mut self, event: Event) {
        if !self.is_over {
            self.is_over = !(self.emit)(event);
        }
    }

    fn item(&mut self, native: String, line: u64, item: Item) {
        self.found += 1;
        let (source, group, place) = (self.source, self.group.clone(), self.place.clone());
        self.send(Event::Found(Box::new(Found { source, native, group, place, line, item })));
    }

    /// Tells of a conversation. One without messages is refused.
    pub(crate) fn conversation(&mut self, native: &str, line: u64, mut conversation: Conversation) {
        for message in &mut conversation.messages {
            message.text = convert::clean(&message.text);
        }
        conversation.messages.retain(|message| !message.text.trim().is_empty());
        let Some(first) = conversation.messages.first() else {
            return self.refuse(line, Reason::Empty, "");
        };
        if conversation.title.trim().is_empty() || conversation.title == "New Chat" {
            conversation.title = convert::line_of(&first.text, 60);
        }
        conversation.title = convert::line_of(&conversation.title, MAX_TITLE);
        let known = conversation.messages.iter().find_map(|message| message.created);
        conversation.created = conversation.created.or(known).or(self.modified);
        // A message without a time has that of the one before.
        let mut last = conversation.created;
        for message in &mut conversation.messages {
            message.created = message.created.or(last);
            last = message.created;
        }
        conversation.updated = conversation.updated.or(last);
        let native = match native {
            "" => digest(&[
                &conversation.title,
                &conversation.messages.first().map(|m| m.text.clone()).unwrap_or_default(),
            ]),
            native => native.to_owned(),
        };
        self.item(native, line, Item::Conversation(conversation));
    }

    /// Tells of a note. A long one is split.
    pub(crate) fn note(&mut self, native: &str, line: u64, mut note: Note) {
        note.text = convert::clean(&note.text);
        if note.text.trim().is_empty() {
            // A title alone says something, too.
            note.text = note.title.trim().to_owned();
        }
        if note.text.is_empty() {
            return self.refuse(line, Reason::Empty, "");
        }
        if note.title.trim().is_empty() {
            note.title = convert::line_of(&note.text, 30);
        }
        note.title = convert::line_of(&note.title, MAX_TITLE);
        note.created = note.created.or(self.modified);
        if looks_secret(&note.text) {
            self.warn(line, Reason::Secret, "");
        }
        let parts = convert::split(&note.text, MAX_NOTE);
        let count = parts.len();
        for (number, text) in (1..).zip(parts) {
            let (native, title) = match count {
                1 => (native.to_owned(), note.title.clone()),
                _ => (
                    format!("{native}#{number}"),
                    format!("{} ({number}/{count})", convert::line_of(&note.title, MAX_TITLE - 12)),
                ),
            };
            self.item(native, line, Item::Note(Note { title, text, ..note }));
        }
    }

    /// Tells of a fact.
    pub(crate) fn fact(&mut self, native: &str, line: u64, fact: Fact) {
        if let Some(fact) = self.checked(line, fact) {
            if fact.text.chars().count() > MAX_FACT {
                let Fact { text, created, .. } = fact;
                return self.note(native, line, Note { text, created, ..Note::default() });
            }
            let native = if native.is_empty() { convert::same(&fact.text) } else { native.to_owned() };
            self.item(native, line, Item::Fact(fact));
        }
    }

    /// Tells of a fact about which the person is asked.
    pub(crate) fn proposal(&mut self, line: u64, fact: Fact) {
        if let Some(fact) = self.checked(line, fact).filter(|fact| fact.text.chars().count() <= MAX_FACT) {
            self.item(convert::same(&fact.text), line, Item::Proposal(fact));
        }
    }

    fn checked(&mut self, line: u64, mut fact: Fact) -> Option<Fact> {
        fact.text = convert::clean(&fact.text).trim().to_owned();
        if fact.text.is_empty() {
            self.refuse(line, Reason::Empty, "");
            return None;
        }
        if looks_secret(&fact.text) {
            self.refuse(line, Reason::Secret, "");
            return None;
        }
        fact.created = fact.created.or(self.modified);
        Some(fact)
    }

    /// Returns the next item that can be read, with its number, and tells of those that cannot. `None` after
    /// the last one, or if nothing more is wanted.
    pub(crate) fn next_item(&mut self, items: &mut Items<impl Read>) -> Option<(u64, Value)> {
        while !self.is_over {
            match items.next()? {
                (line, Ok(item)) => return Some((line, item)),
                (line, Err(reason)) => self.refuse(line, reason, "64 MiB"),
            }
        }
        None
    }

    /// Tells of an item that was not read.
    pub(crate) fn refuse(&mut self, line: u64, reason: Reason, detail: &str) {
        self.problem(line, reason, detail, true);
    }

    /// Tells of an item that was read only in part.
    pub(crate) fn warn(&mut self, line: u64, reason: Reason, detail: &str) {
        self.problem(line, reason, detail, false);
    }

    fn problem(&mut self, line: u64, reason: Reason, detail: &str, is_refused: bool) {
        let detail = convert::line_of(detail, 100);
        self.send(Event::Problem(Problem { place: self.place.clone(), line, reason, detail, is_refused }));
    }

    /// Passes on a problem.
    pub(crate) fn pass(&mut self, problem: Problem) {
        self.send(Event::Problem(problem));
    }

    /// Tells of items that are left out by rule.
    pub(crate) fn left(&mut self, count: u64) {
        if count > 0 {
            self.send(Event::Left(count));
        }
    }
}

/// Returns a hash of texts in hexadecimal.
pub(crate) fn digest(texts: &[&str]) -> String {
    use std::fmt::Write;
    let hash = Sha256::digest(texts.join("\n"));
    hash.iter().take(20).fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _written = write!(hex, "{byte:02x}");
        hex
    })
}

/// Returns true for texts that hold what looks like a password or key.
fn looks_secret(text: &str) -> bool {
    const MARKS: [(&str, usize); 6] =
        [("-----BEGIN ", 20), ("sk-", 20), ("AKIA", 16), ("ghp_", 30), ("github_pat_", 30), ("lba_", 20)];
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '，' | '：' | '(' | ')' | '='))
        .any(|word| {
            let is_key = |(mark, length): &(&str, usize)| {
                word.starts_with(mark)
                    && word.len() >= *length
                    && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            };
            MARKS.iter().skip(1).any(is_key)
        })
        || (text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----"))
}
