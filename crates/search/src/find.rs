//! Searching an index.

use std::collections::HashMap;

use futures::future::BoxFuture;
use store::{Param, Result, Timestamp, Tx, params};

use super::dates::{self, Days};
use super::id::EntryId;
use super::index::Index;
use super::postings::{self, Posting};
use super::query::Query;
use super::rank::{self, Hit, MAX_POSTINGS, ScoredTerm, Scores, Size, VERBATIM};
use super::statements::{self as sql, LOOKED_THROUGH, MAX_NEIGHBORS};
use super::tokens::{self, QueryTerm};

/// Maximum length, in characters, of a query that is also searched for verbatim.
const MAX_VERBATIM: usize = 100;
/// Maximum number of entries that are scanned verbatim, the newest ones.
const MAX_SCANNED: i64 = 10_000;
/// Approximate maximum number of terms that the scanned entries have together.
const MAX_SCANNED_LENGTH: i64 = 2_000_000;
/// Cost of one random look-up, in sequentially read rows.
const FOUND_COST: i64 = 4;
/// Maximum number of rows of postings read for a query, from the latest runs.
const MAX_ROWS: i64 = 200_000;
/// Maximum time between neighboring entries of one conversation, in milliseconds.
const CONVERSATION_MS: i64 = 3_600_000;
/// Maximum number of entries examined for a named day.
const MAX_OF_DAY: i64 = 1000;
/// Time before and after a UTC day during which it is that day somewhere on earth, in milliseconds.
const ELSEWHERE_MS: i64 = 12 * 3_600_000;
/// Part of the bonus for entries that are of the day only in some time zones.
const PERHAPS: f64 = 0.75;
/// Days that relative dates such as "last Saturday" reach back.
const TOLD_LATER_DAYS: i64 = 8;
/// Number of days before a coming day in which a text may have named it.
const TOLD_BEFORE_DAYS: i64 = 31;
const DAY_MS: i64 = 86_400_000;

/// The hits of a query, and how sure they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranked {
    /// The hits, best first.
    pub hits: Vec<Hit>,
    /// The greatest part of the query's terms that one entry has, from 0 to 1. Rare terms count more.
    pub coverage: f64,
}

impl Index {
    /// Returns the entries that a query finds, best first. Of equal ones, the one that was noted last is
    /// first.
    ///
    /// An entry is found if it has any of the query's terms. But function words, and terms that more than
    /// half of the entries have, are scored only if no rarer term is found. A query of at most 100 characters
    /// is also searched for verbatim, with its punctuation and inside words. This scans the newest 10 000
    /// entries (fewer if they are long), or all entries with a term that every match must have.
    ///
    /// For a transaction that [reads](store::Database::read_heavy), because all statements have to see the
    /// same state.
    ///
    /// # Errors
    /// If a statement fails.
    // Boxed here, so that it is compiled once and not wherever it is awaited.
    pub fn search<'a>(self, tx: &'a Tx<'_>, query: &'a Query) -> BoxFuture<'a, Result<Vec<Hit>>> {
        Box::pin(async move { Ok(self.rank(tx, query).await?.hits) })
    }

    /// [`search`](Self::search), with the coverage of the query.
    ///
    /// # Errors
    /// As of `search`.
    pub fn rank<'a>(self, tx: &'a Tx<'_>, query: &'a Query) -> BoxFuture<'a, Result<Ranked>> {
        Box::pin(self.found(tx, query))
    }

    async fn found(self, tx: &Tx<'_>, query: &Query) -> Result<Ranked> {
        if query.typed.is_empty() {
            return Ok(Ranked::default());
        }
        let terms = tokens::query(&query.typed);
        let pending = self.pending(tx, &terms, query.only_public);
        let ((size, runs), pending) = futures::try_join!(self.size(tx, query.only_public), pending)?;
        if size.entries == 0 {
            return Ok(Ranked::default());
        }
        let has_runs = runs > 0;
        let counts = self.counts(tx, has_runs, &terms, &pending, query.only_public).await?;
        // Not all terms of a very long query were counted.
        let is_counted = |sure: &String| terms.iter().any(|term| term.text == *sure);
        let sure: Vec<String> = tokens::sure(&query.typed).into_iter().filter(is_counted).collect();
        let total = rank::total_rarity(&terms, &counts, size);
        let scored_terms = rank::scored_terms(terms, &counts, size, query.filter());
        let place = Place::of(query, sure, &counts, size);
        let mut wanted: Vec<&str> = scored_terms.iter().map(|term| term.term.text.as_str()).collect();
        if let Place::Among(term) = &place
            && !wanted.contains(&term.as_str())
        {
            wanted.push(term);
        }
        let postings = self.postings(tx, has_runs, &wanted, &pending, query.only_public).await?;
        let mut scores = votes(&scored_terms, &postings, size);
        let covered = scores.values().map(|scored| scored.covered).fold(0.0, f64::max);
        let coverage = if total > 0.0 { (covered / total).min(1.0) } else { 0.0 };
        let verbatim = self.verbatim(tx, query, &place, &postings);
        let (verbatim, of_days) = futures::try_join!(verbatim, self.of_days(tx, query))?;
        for (entry, noted) in verbatim {
            rank::gain(&mut scores, entry, noted, VERBATIM);
        }
        if query.is_question() {
            let lent = self.lent(tx, query, &scores).await?;
            let of_periods = of_periods(query, &scores);
            for (entry, noted, score) in lent.into_iter().chain(of_days).chain(of_periods) {
                rank::gain(&mut scores, entry, noted, score);
            }
        }
        Ok(Ranked { hits: rank::order(scores), coverage })
    }

    fn start<'p>(self, only_public: bool) -> Vec<Param<'p>> {
        vec![Param::from(self.account), Param::Int(self.kind), Param::from(only_public)]
    }

    /// Returns the postings of a query's terms in pending entries.
    async fn pending(self, tx: &Tx<'_>, terms: &[QueryTerm], only_public: bool) -> Result<Postings> {
        let rows: Vec<(EntryId, bool, i64, Timestamp, String)> =
            tx.fetch_all(sql::PENDING, &self.start(only_public)).await?;
        let mut asked: Vec<&str> = terms.iter().map(|term| term.text.as_str()).collect();
        asked.sort_unstable();
        let mut pending = Postings::new();
        for (entry, public, length, noted, lines) in &rows {
            for (term, occurrences) in postings::pick(lines, &asked) {
                let (entry, length, public, noted) = (*entry, *length, *public, *noted);
                let posting = Posting { entry, occurrences, length, public, noted };
                match pending.get_mut(term) {
                    Some(postings) => postings.push(posting),
                    None => drop(pending.insert(term.to_owned(), vec![posting])),
                }
            }
        }
        Ok(pending)
    }

    /// Returns the number of entries that have each term.
    async fn counts(
        self,
        tx: &Tx<'_>,
        has_runs: bool,
        terms: &[QueryTerm],
        pending: &Postings,
        only_public: bool,
    ) -> Result<HashMap<String, i64>> {
        let mut counts = HashMap::new();
        if has_runs && !terms.is_empty() {
            let (statement, parameters) = sql::COUNTS.of(terms.len());
            let mut values = self.start(only_public);
            values.extend(terms.iter().map(|term| Param::Text(&term.text)));
            values.resize(parameters, Param::Text(""));
            let rows: Vec<(String, i64)> = tx.fetch_all(statement, &values).await?;
            counts.extend(rows);
        }
        for (term, postings) in pending {
            let also = i64::try_from(postings.len()).unwrap_or(i64::MAX);
            *counts.entry(term.clone()).or_default() += also;
        }
        Ok(counts)
    }

    /// Returns the postings of at most [`MAX_QUERY_TERMS`] terms of the query.
    async fn postings(
        self,
        tx: &Tx<'_>,
        has_runs: bool,
        terms: &[&str],
        pending: &Postings,
        only_public: bool,
    ) -> Result<Postings> {
        let mut all: Postings =
            terms.iter().filter_map(|term| Some(((*term).to_owned(), pending.get(*term)?.clone()))).collect();
        let mut rows: Vec<(String, Vec<u8>)> = Vec::new();
        if has_runs && !terms.is_empty() {
            let (statement, parameters) = sql::POSTINGS.of(terms.len());
            let mut values = params![self.account, self.kind, MAX_ROWS].to_vec();
            values.extend(terms.iter().map(|term| Param::Text(term)));
            values.resize(parameters, Param::Text(""));
            rows = tx.fetch_all(statement, &values).await?;
        }
        for (term, bytes) in rows {
            let mut of_run = postings::decode(&bytes)?;
            of_run.retain(|one| one.public || !only_public);
            all.entry(term).or_default().append(&mut of_run);
        }
        let most = usize::try_from(MAX_POSTINGS).unwrap_or(usize::MAX);
        for postings in all.values_mut().filter(|postings| postings.len() > most) {
            postings.sort_unstable_by_key(|posting| std::cmp::Reverse((posting.noted, posting.entry)));
            postings.truncate(most);
        }
        Ok(all)
    }

    /// Returns the entries in `place` that hold the query verbatim.
    async fn verbatim(
        self,
        tx: &Tx<'_>,
        query: &Query,
        place: &Place,
        postings: &Postings,
    ) -> Result<Vec<(EntryId, Timestamp)>> {
        let mut found = Vec::new();
        match place {
            Place::Nowhere => {}
            Place::Among(term) => {
                let having = postings.get(term).map_or(&[][..], Vec::as_slice);
                let parts = having.chunks(LOOKED_THROUGH).map(|having| async {
                    let mut values = self.start(query.only_public);
                    values.push(Param::Text(&query.typed));
                    let entries = having.iter().map(|posting| posting.entry);
                    let values = sql::VERBATIM_AMONG.params(&values, entries);
                    tx.fetch_all::<(EntryId, Timestamp)>(sql::VERBATIM_AMONG.sql(), &values).await
                });
                for rows in futures::future::try_join_all(parts).await? {
                    found.extend(rows);
                }
            }
            Place::Newest(count) => {
                let mut values = self.start(query.only_public);
                values.extend([Param::Int(*count), Param::Text(&query.typed)]);
                let rows: Vec<(EntryId, Timestamp)> = tx.fetch_all(sql::VERBATIM, &values).await?;
                found.extend(rows);
            }
        }
        Ok(found)
    }

    /// Returns score bonuses for the neighbors of the best hits in time: a part of the hit's score for the
    /// entries next to it, and that part of the bonus again for those one further. In a conversation, the
    /// answer often stands beside the sentence that has the question's words.
    async fn lent(self, tx: &Tx<'_>, query: &Query, scores: &Scores) -> Result<Vec<Gain>> {
        let best = rank::best(scores, MAX_NEIGHBORS);
        if best.is_empty() || query.tuning.lent <= 0.0 {
            return Ok(Vec::new());
        }
        let mut values = self.start(query.only_public);
        values.push(Param::Int(CONVERSATION_MS));
        let values = sql::NEIGHBORS.params(&values, best.iter().map(|hit| hit.entry));
        let rows: Vec<Beside> = tx.fetch_all(sql::NEIGHBORS.sql(), &values).await?;
        let beside: HashMap<EntryId, Beside> = rows.into_iter().map(|row| (row.0, row)).collect();
        let mut lent = Vec::new();
        for hit in best {
            let Some((_, before, after, before_that, after_that)) = beside.get(&hit.entry).copied() else {
                continue;
            };
            let (near, far) = (query.tuning.lent, query.tuning.lent * query.tuning.lent);
            for (entry, part) in [(before, near), (after, near), (before_that, far), (after_that, far)] {
                // The time of the neighbor is close to that of the hit, and only orders equal scores.
                lent.extend(entry.map(|entry| (entry, hit.noted, hit.score * part)));
            }
        }
        Ok(lent)
    }

    /// Returns score bonuses for entries that were noted on a day that the query names, or that name that
    /// day.
    async fn of_days(self, tx: &Tx<'_>, query: &Query) -> Result<Vec<Gain>> {
        let mut gains = Vec::new();
        let Some(now) = query.asked.filter(|_| query.tuning.dates) else { return Ok(gains) };
        let zone = query.zone.clone().unwrap_or_default();
        for days in dates::named(&query.typed, zone.day(now)) {
            let (from, to) = (zone.start(days.start), zone.start(days.end));
            let (noted_from, noted_until) = noted_between(query, &days);
            let gain = dates::gain(&days);
            if days.end - days.start > dates::LONG {
                continue;
            }
            // A coming day is named by entries before it.
            let first = if from > now { now.plus_ms(-TOLD_BEFORE_DAYS * DAY_MS) } else { noted_from };
            let end = to.plus_ms(TOLD_LATER_DAYS * DAY_MS).min(now.plus_ms(1)).max(to);
            let mut values = self.start(query.only_public);
            values.extend([first.0, end.0, MAX_OF_DAY].map(Param::Int));
            let rows: Vec<(EntryId, Timestamp, String)> = tx.fetch_all(sql::BETWEEN, &values).await?;
            let names = |noted: Timestamp, text: &str| {
                dates::named(text, zone.day(noted)).iter().any(|said| overlap(said, &days))
            };
            gains.extend(rows.into_iter().filter_map(|(entry, noted, text)| {
                if (from..to).contains(&noted) || names(noted, &text) {
                    return Some((entry, noted, gain));
                }
                (noted_from..noted_until).contains(&noted).then_some((entry, noted, gain * PERHAPS))
            }));
        }
        Ok(gains)
    }
}

/// Returns the moments between which entries of some days were noted. If the time zone is not known, the
/// days are those of all time zones.
fn noted_between(query: &Query, days: &Days) -> (Timestamp, Timestamp) {
    let zone = query.zone.clone().unwrap_or_default();
    let elsewhere = if query.zone.is_some() { 0 } else { ELSEWHERE_MS };
    (zone.start(days.start).plus_ms(-elsewhere), zone.start(days.end).plus_ms(elsewhere))
}

/// Returns score bonuses for the hits of long periods that the query names. Other entries gain nothing,
/// because such a period may have more of them than are examined.
fn of_periods(query: &Query, scores: &Scores) -> Vec<Gain> {
    let Some(now) = query.asked.filter(|_| query.tuning.dates) else { return Vec::new() };
    let today = query.zone.clone().unwrap_or_default().day(now);
    let mut gains = Vec::new();
    for days in
        dates::named(&query.typed, today).into_iter().filter(|days| days.end - days.start > dates::LONG)
    {
        let (from, until) = noted_between(query, &days);
        let found = scores.iter().filter(|(_, found)| (from..until).contains(&found.noted));
        gains.extend(found.map(|(entry, found)| (*entry, found.noted, dates::gain(&days))));
    }
    gains
}

/// An entry, the time it was noted, and its bonus.
type Gain = (EntryId, Timestamp, f64);

/// The entries that are scanned for the query verbatim.
#[derive(Debug)]
enum Place {
    Nowhere,
    /// The entries that have a term.
    Among(String),
    /// This number of the newest entries.
    Newest(i64),
}

impl Place {
    /// Chooses the entries to scan. If few entries have a term that is `sure` to be in every match, these are
    /// scanned, else the newest.
    fn of(query: &Query, sure: Vec<String>, counts: &HashMap<String, i64>, size: Size) -> Self {
        if query.typed.chars().count() > MAX_VERBATIM {
            return Self::Nowhere;
        }
        let average = (size.length / size.entries.max(1)).max(1);
        let scanned = (MAX_SCANNED_LENGTH / average).clamp(1, MAX_SCANNED).min(size.entries.max(1));
        let rarest = sure.into_iter().map(|term| (counts.get(&term).copied().unwrap_or(0), term)).min();
        match rarest {
            Some((0, _)) => Self::Nowhere,
            Some((count, term)) if count.saturating_mul(FOUND_COST) <= scanned => Self::Among(term),
            Some(_) | None => Self::Newest(scanned),
        }
    }
}

/// Returns the BM25 score of each entry.
fn votes(scored_terms: &[ScoredTerm], postings: &Postings, size: Size) -> Scores {
    let mut scores = Scores::new();
    for term in scored_terms {
        let postings = postings.get(&term.term.text).map_or(&[][..], Vec::as_slice);
        rank::add_term(&mut scores, term, postings, size);
    }
    scores
}

/// The postings of some terms.
type Postings = HashMap<String, Vec<Posting>>;

/// An entry, the ones right before and after it, and the ones before and after those. An entry may lack any
/// of them.
type Beside = (EntryId, Option<EntryId>, Option<EntryId>, Option<EntryId>, Option<EntryId>);

const fn overlap(a: &Days, b: &Days) -> bool {
    a.start < b.end && b.start < a.end
}
