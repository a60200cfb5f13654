//! The record of acknowledged writes, and the comparison with what is stored afterwards.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex},
};

/// A kind of write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Memory,
    Note,
    AgentEvent,
    Message,
    Post,
    Comment,
    Key,
    File,
}

/// The expected state of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was acknowledged, and must be found.
    Stored,
    /// Its removal was acknowledged, and it must not be found.
    Removed,
    /// There was no answer, so either is right.
    Open,
}

/// The fates of all writes of a test, by kind and mark. Clones are the same ledger.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    fates: HashMap<(Kind, String), Fate>,
    acknowledged: BTreeMap<Kind, u64>,
    /// Statuses other than 200, and `gone` for connections that broke.
    others: BTreeMap<String, u64>,
}

impl Ledger {
    fn set(&self, kind: Kind, mark: &str, fate: Fate) {
        let mut inner = self.0.lock().unwrap();
        if fate != Fate::Open {
            *inner.acknowledged.entry(kind).or_default() += 1;
        }
        inner.fates.insert((kind, mark.to_owned()), fate);
    }

    pub fn stored(&self, kind: Kind, mark: &str) {
        self.set(kind, mark, Fate::Stored);
    }

    pub fn removed(&self, kind: Kind, mark: &str) {
        self.set(kind, mark, Fate::Removed);
    }

    pub fn open(&self, kind: Kind, mark: &str) {
        self.set(kind, mark, Fate::Open);
    }

    /// Counts a response without success.
    pub fn other(&self, what: impl ToString) {
        *self.0.lock().unwrap().others.entry(what.to_string()).or_default() += 1;
    }

    /// The number of acknowledged writes.
    pub fn acknowledged(&self) -> u64 {
        self.0.lock().unwrap().acknowledged.values().sum()
    }

    /// The number of responses and of broken connections.
    pub fn responses(&self) -> u64 {
        let inner = self.0.lock().unwrap();
        inner.acknowledged.values().chain(inner.others.values()).sum()
    }

    /// Responses without success, by status.
    pub fn others(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap().others.clone()
    }

    /// The number of responses with 5xx, and of broken connections.
    pub fn failures(&self) -> u64 {
        let failed = |what: &str| what == "gone" || what.starts_with('5');
        self.0.lock().unwrap().others.iter().filter(|(what, _)| failed(what)).map(|(_, count)| count).sum()
    }

    /// Marks of a kind with a known fate: true if it must be found.
    pub fn known(&self, kind: Kind) -> Vec<(String, bool)> {
        let inner = self.0.lock().unwrap();
        let of_kind = inner.fates.iter().filter(|((of, _), fate)| *of == kind && **fate != Fate::Open);
        of_kind.map(|((_, mark), fate)| (mark.clone(), *fate == Fate::Stored)).collect()
    }

    /// Compares the marks of a kind with JSON Lines that hold everything stored: each mark is a whole text
    /// there. (Texts that quote it, such as answers, do not count.) Returns a line for each difference.
    pub fn differences(&self, kind: Kind, lines: &HashSet<&str>) -> Vec<String> {
        let mut differences = Vec::new();
        for (mark, must_be_there) in self.known(kind) {
            if lines.contains(mark.as_str()) != must_be_there {
                let what = if must_be_there { "lost" } else { "back after its removal" };
                differences.push(format!("{kind:?} {mark}: {what}"));
            }
        }
        differences
    }

    /// A line with the figures.
    pub fn summary(&self) -> String {
        let inner = self.0.lock().unwrap();
        let open = inner.fates.values().filter(|fate| **fate == Fate::Open).count();
        format!(
            "{} acknowledged {:?}, {open} open, others {:?}",
            inner.acknowledged.values().sum::<u64>(),
            inner.acknowledged,
            inner.others
        )
    }
}
