//! Searching an index.

use std::collections::HashMap;

use futures::future::BoxFuture;

use super::dates;
use super::index::Index;
use super::query::{Days, Query};
use super::rank::{self, Hit, Posting, Size, VERBATIM};
use super::statements::{self as sql, MAX_NEIGHBOURS};
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
/// Most postings read of one term, those of the newest entries.
const MAX_POSTINGS: i64 = 200_000;
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
        let counts = self.counts(db, &terms, query.only_public).await?;
        // Of a very long query not all were counted.
        let is_counted = |sure: &String| terms.iter().any(|term| term.text == *sure);
        let sure: Vec<String> = tokens::sure(&query.typed).into_iter().filter(is_counted).collect();
        let mut scores = self.votes(db, query, terms, &counts, size).await?;
        if query.typed.chars().count() <= MAX_VERBATIM {
            for (entry,) in self.verbatim(db, query, sure, &counts, size).await? {
                *scores.entry(entry).or_default() += VERBATIM;
            }
        }
        if let Some(now) = query.asked {
            let lent = self.lent(db, query, &scores).await?;
            for (entry, score) in lent.into_iter().chain(self.of_days(db, query, now).await?) {
                *scores.entry(entry).or_default() += score;
            }
        }
        Ok(rank::order(scores))
    }

    /// What the query's terms say.
    async fn votes(
        self,
        db: &Database,
        query: &Query,
        terms: Vec<QueryTerm>,
        counts: &HashMap<String, i64>,
        size: Size,
    ) -> Result<HashMap<i64, f64>> {
        let mut scores = HashMap::<i64, f64>::new();
        for voter in rank::voters(terms, counts, size, query.tuning.all_vote) {
            for posting in self.postings(db, &voter.term.text, query.only_public).await? {
                *scores.entry(posting.entry).or_default() += rank::score(&voter, posting, size);
            }
        }
        Ok(scores)
    }

    fn start(self, only_public: bool) -> Vec<OwnedParam> {
        owned_params![self.account, self.kind, only_public]
    }

    async fn counts(
        self,
        db: &Database,
        terms: &[QueryTerm],
        only_public: bool,
    ) -> Result<HashMap<String, i64>> {
        if terms.is_empty() {
            return Ok(HashMap::new());
        }
        let mut values = self.start(only_public);
        values.extend(terms.iter().map(|term| OwnedParam::Text(term.text.clone())));
        values.resize(3 + MAX_QUERY_TERMS, OwnedParam::Text(String::new()));
        let rows: Vec<(String, i64)> = db.fetch_all_heavy(sql::COUNTS.as_str(), values).await?;
        Ok(rows.into_iter().collect())
    }

    async fn postings(self, db: &Database, term: &str, only_public: bool) -> Result<Vec<Posting>> {
        let values = owned_params![self.account, self.kind, term, only_public, MAX_POSTINGS];
        let rows: Vec<(i64, i64, i64)> = db.fetch_all_heavy(sql::POSTINGS, values).await?;
        let posting = |(entry, occurrences, length)| Posting { entry, occurrences, length };
        Ok(rows.into_iter().map(posting).collect())
    }

    /// The entries that hold the query as it was typed. Where a term is sure to be in all of them, and few have it, those
    /// are looked at, else the newest.
    async fn verbatim(
        self,
        db: &Database,
        query: &Query,
        sure: Vec<String>,
        counts: &HashMap<String, i64>,
        size: Size,
    ) -> Result<Vec<(i64,)>> {
        let average = (size.length / size.entries.max(1)).max(1);
        let scanned = (MAX_SCANNED_LENGTH / average).clamp(1, MAX_SCANNED).min(size.entries.max(1));
        let engine = usize::from(db.dialect() == Dialect::Postgres);
        let mut values = self.start(query.only_public);
        let rarest = sure.into_iter().map(|term| (counts.get(&term).copied().unwrap_or(0), term)).min();
        let statement = match rarest {
            Some((0, _)) => return Ok(Vec::new()),
            Some((count, term)) if count.saturating_mul(FOUND_COST) <= scanned => {
                values.push(OwnedParam::Text(term));
                sql::VERBATIM_AMONG.get(engine)
            }
            Some(_) | None => {
                values.push(OwnedParam::Int(scanned));
                sql::VERBATIM.get(engine)
            }
        };
        values.push(OwnedParam::Text(query.typed.clone()));
        match statement {
            Some(statement) => db.fetch_all_heavy(statement, values).await,
            None => Ok(Vec::new()),
        }
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
        // No entry has the id -1.
        values.resize(3 + MAX_NEIGHBOURS, OwnedParam::Int(-1));
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

/// An entry, the ones right before and after it, and the ones before and after those.
type Beside = (i64, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// Whether two entries may be of one conversation.
const fn is_near(a: i64, b: i64) -> bool {
    Ids::time(a).0.abs_diff(Ids::time(b).0) <= CONVERSATION_MS
}

const fn overlap(a: &Days, b: &Days) -> bool {
    a.start < b.end && b.start < a.end
}
