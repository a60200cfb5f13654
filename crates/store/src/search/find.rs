//! Searching an index.

use std::collections::{HashMap, HashSet};

use futures::future::BoxFuture;

use super::dates;
use super::index::Index;
use super::postings::{self, Posting};
use super::query::{Days, Query};
use super::rank::{self, Hit, MAX_POSTINGS, Size, VERBATIM, Voter};
use super::statements::{self as sql, LOOKED_THROUGH, MAX_NEIGHBOURS};
use super::tokens::{self, MAX_QUERY_TERMS, QueryTerm};
use crate::error::Result;
use crate::param::OwnedParam;
use crate::schema::Dialect;
use crate::{Database, Ids, Timestamp, owned_params};

/// Longest query, in characters, that is also looked for as it was typed.
const MAX_VERBATIM: usize = 100;
/// Most entries, the newest, that are looked through for the query as it was typed, …
const MAX_SCANNED: i64 = 10_000;
/// … and about how many terms these may have together.
const MAX_SCANNED_LENGTH: i64 = 2_000_000;
/// Looking up an entry costs as much as reading so many one after another.
const FOUND_COST: i64 = 4;
/// Most rows of postings read for a query, those of the latest runs.
const MAX_ROWS: i64 = 200_000;
/// Entries this far apart were not noted in the same conversation.
const CONVERSATION_MS: u64 = 3_600_000;
/// Most entries of a named day that are looked at.
const MAX_OF_DAY: i64 = 1000;
/// A day is another one elsewhere on earth, by at most so much.
const ELSEWHERE_MS: i64 = 12 * 3_600_000;
/// A text says "last Saturday" about a day that is no longer ago than this.
const TOLD_LATER_DAYS: i64 = 8;
const DAY_MS: i64 = 86_400_000;

impl Index {
    /// The ids of the entries that hold a keyword or parts of it, best first.
    ///
    /// Errors: a statement fails.
    pub async fn find(self, db: &Database, keyword: &str, only_public: bool) -> Result<Vec<i64>> {
        let hits = self.search(db, &Query::keyword(keyword, only_public)).await?;
        Ok(hits.into_iter().map(|hit| hit.entry).collect())
    }

    /// The entries that a query finds, best first, of equals the newest (with the greatest id) first.
    ///
    /// An entry is found by any of the query's terms, but function words, and terms that more than half of the entries
    /// have, count only where nothing rarer is found. A query of at most 100 characters is also looked for as it was
    /// typed, inside words and with its punctuation, in the newest 10 000 entries (fewer where they are long), or in all
    /// that have a term which it cannot be without.
    ///
    /// Errors: a statement fails.
    // Boxed here, so that it is compiled once and not again wherever it is awaited.
    pub fn search<'a>(self, db: &'a Database, query: &'a Query) -> BoxFuture<'a, Result<Vec<Hit>>> {
        Box::pin(self.found(db, query))
    }

    async fn found(self, db: &Database, query: &Query) -> Result<Vec<Hit>> {
        let size = self.size(db, query.only_public).await?;
        if size.entries == 0 || query.typed.is_empty() {
            return Ok(Vec::new());
        }
        let terms = tokens::query(&query.typed);
        // First, so that an entry that enters a run meanwhile is seen at least once.
        let pending = self.pending(db, &terms, query.only_public).await?;
        let counts = self.counts(db, &terms, &pending, query.only_public).await?;
        // Of a very long query not all were counted.
        let is_counted = |sure: &String| terms.iter().any(|term| term.text == *sure);
        let sure: Vec<String> = tokens::sure(&query.typed).into_iter().filter(is_counted).collect();
        let voters = rank::voters(terms, &counts, size, query.franchise());
        let place = Place::of(query, sure, &counts, size);
        let mut wanted: Vec<&str> = voters.iter().map(|voter| voter.term.text.as_str()).collect();
        if let Place::Among(term) = &place
            && !wanted.contains(&term.as_str())
        {
            wanted.push(term);
        }
        let postings = self.postings(db, &wanted, &pending, query.only_public).await?;
        let mut scores = votes(&voters, &postings, size);
        for entry in self.verbatim(db, query, &place, &postings).await? {
            *scores.entry(entry).or_default() += VERBATIM;
        }
        if let Some(now) = query.asked {
            let lent = self.lent(db, query, &scores).await?;
            for (entry, score) in lent.into_iter().chain(self.of_days(db, query, now).await?) {
                *scores.entry(entry).or_default() += score;
            }
        }
        Ok(rank::order(scores))
    }

    fn start(self, only_public: bool) -> Vec<OwnedParam> {
        owned_params![self.account, self.kind, only_public]
    }

    /// What entries that are in no run have of the terms of a query.
    async fn pending(self, db: &Database, terms: &[QueryTerm], only_public: bool) -> Result<Pending> {
        let rows: Vec<(i64, bool, i64, String)> =
            db.fetch_all_heavy(sql::PENDING, self.start(only_public)).await?;
        let mut pending = Pending::default();
        let asked: HashSet<&str> = terms.iter().map(|term| term.text.as_str()).collect();
        for (entry, public, length, lines) in &rows {
            pending.entries.insert(*entry);
            for (term, occurrences) in postings::parse(lines).filter(|(term, _)| asked.contains(term)) {
                let posting = Posting { entry: *entry, occurrences, length: *length, public: *public };
                pending.postings.entry(term.to_owned()).or_default().push(posting);
            }
        }
        Ok(pending)
    }

    /// In how many entries each term is.
    async fn counts(
        self,
        db: &Database,
        terms: &[QueryTerm],
        pending: &Pending,
        only_public: bool,
    ) -> Result<HashMap<String, i64>> {
        if terms.is_empty() {
            return Ok(HashMap::new());
        }
        let mut values = self.start(only_public);
        values.extend(terms.iter().map(|term| OwnedParam::Text(term.text.clone())));
        values.resize(3 + MAX_QUERY_TERMS, OwnedParam::Text(String::new()));
        let rows: Vec<(String, i64)> = db.fetch_all_heavy(sql::COUNTS.as_str(), values).await?;
        let mut counts: HashMap<String, i64> = rows.into_iter().collect();
        for (term, postings) in &pending.postings {
            let also = i64::try_from(postings.len()).unwrap_or(i64::MAX);
            *counts.entry(term.clone()).or_default() += also;
        }
        Ok(counts)
    }

    /// The entries that have each of at most [`MAX_QUERY_TERMS`] terms of the query.
    async fn postings(
        self,
        db: &Database,
        terms: &[&str],
        pending: &Pending,
        only_public: bool,
    ) -> Result<Postings> {
        if terms.is_empty() {
            return Ok(HashMap::new());
        }
        let mut values = owned_params![self.account, self.kind, MAX_ROWS];
        values.extend(terms.iter().map(|term| OwnedParam::Text((*term).to_owned())));
        values.resize(3 + MAX_QUERY_TERMS, OwnedParam::Text(String::new()));
        let rows: Vec<(String, Vec<u8>)> = db.fetch_all_heavy(sql::POSTINGS.as_str(), values).await?;
        let mut all: Postings = terms
            .iter()
            .filter_map(|term| Some(((*term).to_owned(), pending.postings.get(*term)?.clone())))
            .collect();
        for (term, bytes) in rows {
            let mut of_run = postings::decode(&bytes)?;
            of_run.retain(|one| (one.public || !only_public) && !pending.entries.contains(&one.entry));
            all.entry(term).or_default().append(&mut of_run);
        }
        let most = usize::try_from(MAX_POSTINGS).unwrap_or(usize::MAX);
        for postings in all.values_mut().filter(|postings| postings.len() > most) {
            postings.sort_unstable_by_key(|posting| std::cmp::Reverse(posting.entry));
            postings.truncate(most);
        }
        Ok(all)
    }

    /// The entries of a place that hold the query as it was typed.
    async fn verbatim(
        self,
        db: &Database,
        query: &Query,
        place: &Place,
        postings: &Postings,
    ) -> Result<Vec<i64>> {
        let engine = usize::from(db.dialect() == Dialect::Postgres);
        let mut found = Vec::new();
        match place {
            Place::Nowhere => {}
            Place::Among(term) => {
                let having = postings.get(term).map_or(&[][..], Vec::as_slice);
                let Some(statement) = sql::VERBATIM_AMONG.get(engine) else { return Ok(found) };
                for having in having.chunks(LOOKED_THROUGH) {
                    let mut values = self.start(query.only_public);
                    values.push(OwnedParam::Text(query.typed.clone()));
                    values.extend(having.iter().map(|posting| OwnedParam::Int(posting.entry)));
                    values.resize(4 + LOOKED_THROUGH, NOBODY);
                    let rows: Vec<(i64,)> = db.fetch_all_heavy(statement, values).await?;
                    found.extend(rows.into_iter().map(|(entry,)| entry));
                }
            }
            Place::Newest(count) => {
                let Some(statement) = sql::VERBATIM.get(engine) else { return Ok(found) };
                let mut values = self.start(query.only_public);
                values.extend([OwnedParam::Int(*count), OwnedParam::Text(query.typed.clone())]);
                let rows: Vec<(i64,)> = db.fetch_all_heavy(statement, values).await?;
                found.extend(rows.into_iter().map(|(entry,)| entry));
            }
        }
        Ok(found)
    }

    /// What the best entries lend to the ones beside them, and of it again a part to those one further: in a conversation
    /// the answer often stands beside the sentence that has the question's words.
    async fn lent(self, db: &Database, query: &Query, scores: &HashMap<i64, f64>) -> Result<Vec<(i64, f64)>> {
        let best = rank::best(scores, MAX_NEIGHBOURS);
        if best.is_empty() || query.tuning.lent <= 0.0 {
            return Ok(Vec::new());
        }
        let mut values = self.start(query.only_public);
        values.extend(best.iter().map(|hit| OwnedParam::Int(hit.entry)));
        values.resize(3 + MAX_NEIGHBOURS, NOBODY);
        let rows: Vec<Beside> = db.fetch_all_heavy(sql::NEIGHBOURS.as_str(), values).await?;
        let beside: HashMap<i64, Beside> = rows.into_iter().map(|row| (row.0, row)).collect();
        let mut lent = Vec::new();
        for hit in best {
            let Some((_, before, after, before_that, after_that)) = beside.get(&hit.entry).copied() else {
                continue;
            };
            let (near, far) = (query.tuning.lent, query.tuning.lent * query.tuning.lent);
            for (entry, part) in [(before, near), (after, near), (before_that, far), (after_that, far)] {
                lent.extend(
                    entry.filter(|entry| is_near(*entry, hit.entry)).map(|entry| (entry, hit.score * part)),
                );
            }
        }
        Ok(lent)
    }

    /// What the entries gain that were noted on a day that the query names, or that speak of it.
    async fn of_days(self, db: &Database, query: &Query, now: Timestamp) -> Result<Vec<(i64, f64)>> {
        let mut gains = Vec::new();
        if !query.tuning.dates {
            return Ok(gains);
        }
        for days in dates::named(&query.typed, now) {
            let (from, to) = (Timestamp(days.start * DAY_MS), Timestamp(days.end * DAY_MS));
            let first = Ids::first(from.plus_ms(-ELSEWHERE_MS));
            let end = to.plus_ms(TOLD_LATER_DAYS * DAY_MS).min(now.plus_ms(1));
            let mut values = self.start(query.only_public);
            values.extend(owned_params![first, Ids::first(end.max(to)), MAX_OF_DAY]);
            let rows: Vec<(i64, String)> = db.fetch_all_heavy(sql::BETWEEN, values).await?;
            let noted_until = to.plus_ms(ELSEWHERE_MS);
            let of_day = rows.into_iter().filter(|(entry, text)| {
                let noted = Ids::time(*entry);
                noted < noted_until || dates::named(text, noted).iter().any(|said| overlap(said, &days))
            });
            let gain = dates::gain(&days);
            gains.extend(of_day.map(|(entry, _)| (entry, gain)));
        }
        Ok(gains)
    }
}

/// Where a query may stand as it was typed.
#[derive(Debug)]
enum Place {
    Nowhere,
    /// In some of the entries that have a term.
    Among(String),
    /// In some of so many entries, the newest.
    Newest(i64),
}

impl Place {
    /// Where a term is `sure` to be in all that have the query, and few have it, those are looked at, else the newest.
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

/// What the query's terms say.
fn votes(voters: &[Voter], postings: &Postings, size: Size) -> HashMap<i64, f64> {
    let mut scores = HashMap::<i64, f64>::new();
    for voter in voters {
        for posting in postings.get(&voter.term.text).into_iter().flatten() {
            *scores.entry(posting.entry).or_default() += rank::score(voter, *posting, size);
        }
    }
    scores
}

/// The entries that have each of some terms.
type Postings = HashMap<String, Vec<Posting>>;

/// Entries that are in no run, and which of them have the terms of a query.
#[derive(Debug, Default)]
struct Pending {
    entries: HashSet<i64>,
    postings: Postings,
}

/// No entry has this id.
const NOBODY: OwnedParam = OwnedParam::Int(-1);

/// An entry, the ones right before and after it, and the ones before and after those.
type Beside = (i64, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// Whether two entries may be of one conversation.
const fn is_near(a: i64, b: i64) -> bool {
    Ids::time(a).0.abs_diff(Ids::time(b).0) <= CONVERSATION_MS
}

const fn overlap(a: &Days, b: &Days) -> bool {
    a.start < b.end && b.start < a.end
}
