//! The times that facts hold, and the order of hits by them. No I/O.

use std::collections::{HashMap, HashSet};

use search::{EntryId, Hit, Tense};
use store::{Ids, Timestamp, from_row};

use crate::MemoryId;

/// The part of its score that a fact keeps that does not hold at the time in question.
const BACK: f64 = 0.02;
/// The part of the best score of a chain of facts that the present one keeps if the past is asked about.
const PRESENT: f64 = 0.9;
/// The part of a score by which a fact stands before the one that held before it.
const STEP: f64 = 0.999;
/// Maximum number of facts that took each other's place one after the other.
pub(crate) const MAX_CHAIN: usize = 64;

/// The time that a fact holds, and the fact that it takes the place of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Validity {
    /// The time from which it holds, where known.
    pub from: Option<Timestamp>,
    /// The time until which it holds, where known.
    pub until: Option<Timestamp>,
    /// The fact that it takes the place of.
    pub supersedes: Option<MemoryId>,
}

impl Validity {
    /// Returns true if nothing is known.
    pub const fn is_unknown(&self) -> bool {
        self.from.is_none() && self.until.is_none() && self.supersedes.is_none()
    }
}

/// The time that a search asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// This moment.
    At(Timestamp),
    /// The time between two moments.
    Between(Timestamp, Timestamp),
    /// Any time before this moment.
    Before(Timestamp),
}

impl When {
    pub(crate) const fn of(tense: Tense, now: Timestamp) -> Self {
        match tense {
            Tense::Now => Self::At(now),
            Tense::Past => Self::Before(now),
            Tense::Between(from, until) => Self::Between(from, until),
        }
    }
}

/// A fact with a known time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timed {
    pub(crate) id: MemoryId,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    /// The fact that takes its place.
    pub(crate) by: Option<MemoryId>,
    pub(crate) is_public: bool,
}

from_row!(Timed { id, from, until, by, is_public });

impl Timed {
    /// Returns true if the fact holds at a time.
    pub(crate) fn holds(&self, when: When) -> bool {
        let begins = |end: Timestamp| self.from.is_none_or(|from| from < end);
        let lasts = |start: Timestamp| self.until.is_none_or(|until| until > start);
        match when {
            When::At(at) => self.from.is_none_or(|from| from <= at) && lasts(at),
            When::Between(from, until) => begins(until) && lasts(from),
            When::Before(now) => self.until.is_some_and(|until| until <= now),
        }
    }
}

/// The facts of a person with known times.
pub(crate) struct TimedFacts<'t> {
    all: &'t [Timed],
    by_id: HashMap<EntryId, &'t Timed>,
}

impl<'t> TimedFacts<'t> {
    pub(crate) fn new(all: &'t [Timed]) -> Self {
        Self { all, by_id: all.iter().map(|timed| (timed.id.into(), timed)).collect() }
    }

    /// Returns true if a fact holds at a time. One without a known time does.
    pub(crate) fn holds(&self, entry: EntryId, when: When) -> bool {
        self.by_id.get(&entry).is_none_or(|timed| timed.holds(when))
    }

    /// Returns the last fact of the chain of those that took each other's place.
    fn head(&self, timed: &Timed) -> MemoryId {
        let mut last = timed;
        for _ in 0..MAX_CHAIN {
            match last.by.and_then(|by| self.by_id.get(&by.into())) {
                Some(next) => last = next,
                None => break,
            }
        }
        last.id
    }

    /// Orders hits by the time that is asked about. A fact that does not hold at that time steps behind the
    /// others. For a question, the one that holds stands where the best of its chain was found. Hits are
    /// left as they are if none of them has a known time.
    pub(crate) fn arrange(&self, hits: &mut Vec<Hit>, when: When, is_question: bool, only_public: bool) {
        let mut best: HashMap<MemoryId, f64> = HashMap::new();
        for hit in hits.iter() {
            let Some(timed) = self.by_id.get(&hit.entry) else { continue };
            let score = best.entry(self.head(timed)).or_insert(hit.score);
            *score = score.max(hit.score);
        }
        if best.is_empty() {
            return;
        }
        let lent = if is_question { self.lent(&best, when, only_public) } else { HashMap::new() };
        let led: HashSet<MemoryId> =
            lent.keys().filter_map(|id| self.by_id.get(id)).map(|timed| self.head(timed)).collect();
        for hit in hits.iter_mut() {
            let Some(timed) = self.by_id.get(&hit.entry) else { continue };
            if let Some(score) = lent.get(&hit.entry) {
                hit.score = hit.score.max(*score);
            } else if !timed.holds(when) {
                hit.score = match when {
                    When::Before(_) if !led.contains(&self.head(timed)) => hit.score,
                    When::Before(_) => {
                        let best = best.get(&self.head(timed)).copied().unwrap_or(hit.score);
                        hit.score.min(best * PRESENT)
                    }
                    When::At(_) | When::Between(..) => hit.score * BACK,
                };
            }
        }
        let found: HashSet<EntryId> = hits.iter().map(|hit| hit.entry).collect();
        let added = lent.into_iter().filter(|(entry, _)| !found.contains(entry));
        hits.extend(added.map(|(entry, score)| Hit { entry, score, noted: Ids::time(entry) }));
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.entry.cmp(&a.entry)));
    }

    /// Returns the scores of the facts that hold at a time, by the best of their chains. Of several of one
    /// chain, the latest stands first.
    fn lent(&self, best: &HashMap<MemoryId, f64>, when: When, only_public: bool) -> HashMap<EntryId, f64> {
        let may_see = |timed: &&Timed| !only_public || timed.is_public;
        let holding = self.all.iter().filter(|timed| timed.holds(when)).filter(may_see);
        let mut chains: HashMap<MemoryId, Vec<&Timed>> = HashMap::new();
        for timed in holding {
            let head = self.head(timed);
            if best.contains_key(&head) {
                chains.entry(head).or_default().push(timed);
            }
        }
        let mut lent = HashMap::new();
        for (head, mut chain) in chains {
            let mut score = best.get(&head).copied().unwrap_or_default();
            chain.sort_by_key(|timed| {
                std::cmp::Reverse((timed.until.unwrap_or(Timestamp(i64::MAX)), timed.id))
            });
            for timed in chain.into_iter().take(MAX_CHAIN) {
                lent.insert(timed.id.into(), score);
                score *= STEP;
            }
        }
        lent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: When = When::At(Timestamp(1000));

    fn timed(id: i64, from: Option<i64>, until: Option<i64>, by: Option<i64>) -> Timed {
        let time = |at: Option<i64>| at.map(Timestamp);
        Timed {
            id: MemoryId(id),
            from: time(from),
            until: time(until),
            by: by.map(MemoryId),
            is_public: true,
        }
    }

    fn order(all: &[Timed], hits: &[(i64, f64)], when: When, is_question: bool) -> Vec<i64> {
        let hit =
            |(entry, score): &(i64, f64)| Hit { entry: EntryId(*entry), score: *score, noted: Timestamp(0) };
        let mut hits: Vec<Hit> = hits.iter().map(hit).collect();
        TimedFacts::new(all).arrange(&mut hits, when, is_question, false);
        hits.into_iter().map(|hit| hit.entry.0).collect()
    }

    /// 1, 2 and 3 took each other's place at 100 and 200.
    fn chain() -> [Timed; 3] {
        [
            timed(1, None, Some(100), Some(2)),
            timed(2, Some(100), Some(200), Some(3)),
            timed(3, Some(200), None, None),
        ]
    }

    #[test]
    fn present_fact_stands_where_past_one_was_found() {
        let hits = [(1, 9.0), (7, 5.0), (8, 4.0), (9, 3.0)];
        assert_eq!(order(&chain(), &hits, NOW, true), [3, 7, 8, 9, 1]);
        assert_eq!(order(&chain(), &hits, NOW, false), [7, 8, 9, 1], "a keyword finds what has it");
        assert_eq!(order(&chain(), &[(3, 9.0), (1, 8.0), (7, 1.0)], NOW, true), [3, 7, 1]);
    }

    #[test]
    fn past_and_days_are_found_when_asked_for() {
        let hits = [(3, 9.0), (7, 5.0)];
        assert_eq!(order(&chain(), &hits, When::Before(Timestamp(1000)), true), [2, 1, 3, 7]);
        let between = |from, until| When::Between(Timestamp(from), Timestamp(until));
        assert_eq!(order(&chain(), &hits, between(110, 120), true), [2, 7, 3]);
        assert_eq!(order(&chain(), &hits, between(10, 20), true), [1, 7, 3]);
        assert_eq!(order(&chain(), &hits, When::At(Timestamp(150)), true), [2, 7, 3]);
    }

    #[test]
    fn hits_without_times_stay_as_they_are() {
        assert_eq!(order(&chain(), &[(8, 1.0), (9, 1.0), (7, 1.0)], NOW, true), [8, 9, 7]);
        let ended = [timed(1, None, Some(500), None)];
        assert_eq!(order(&ended, &[(1, 9.0), (2, 1.0)], NOW, true), [2, 1]);
        assert_eq!(order(&ended, &[(1, 9.0), (2, 1.0)], When::Before(Timestamp(1000)), true), [1, 2]);
    }

    #[test]
    fn private_facts_are_not_lent_to_the_public() {
        let mut all = chain();
        all[2].is_public = false;
        let mut hits = vec![Hit { entry: EntryId(1), score: 9.0, noted: Timestamp(0) }];
        TimedFacts::new(&all).arrange(&mut hits, NOW, true, true);
        assert_eq!(hits.len(), 1);
    }

    #[test]
    fn circles_of_facts_end() {
        let circle = [timed(1, None, Some(1), Some(2)), timed(2, None, Some(1), Some(1))];
        assert_eq!(order(&circle, &[(1, 2.0), (2, 1.0)], NOW, true).len(), 2);
    }
}
