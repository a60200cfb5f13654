//! SQL of the index.

use std::fmt::Write;
use std::sync::LazyLock;

use store::InList;

use super::tokens::MAX_QUERY_TERMS;

/// Number of terms of a run that one statement reads or removes.
pub(super) const OF_RUN: usize = 64;
/// Number of entries whose neighbors one statement finds.
pub(super) const MAX_NEIGHBORS: usize = 64;
/// Number of entries that one statement scans for a text.
pub(super) const LOOKED_THROUGH: usize = 256;
/// Numbers of terms of a run that one statement writes, in descending order.
pub(super) const WRITTEN: [usize; 4] = [256, 32, 8, 1];

pub(super) const RESIZE: &str = "INSERT INTO search_size \
     (account_id, kind, entries, length, public_entries, public_length, pending) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, kind) DO UPDATE SET \
     entries = search_size.entries + excluded.entries, length = search_size.length + excluded.length, \
     public_entries = search_size.public_entries + excluded.public_entries, \
     public_length = search_size.public_length + excluded.public_length, \
     pending = search_size.pending + excluded.pending";

/// Selects the cost of the pending entries. `RETURNING` would give it as well, but SQLite makes a table for
/// its rows.
pub(super) const COST: &str = "SELECT pending FROM search_size WHERE account_id = $1 AND kind = $2";

/// Begins a run, and returns its number.
pub(super) const BEGIN_RUN: &str = "UPDATE search_size SET runs = runs + 1, pending = 0 \
     WHERE account_id = $1 AND kind = $2 RETURNING runs";

pub(super) const SIZE: &str =
    "SELECT entries, length, runs FROM search_size WHERE account_id = $1 AND kind = $2";

pub(super) const ENTRIES_OF: &str =
    "SELECT CAST(COALESCE(SUM(entries), 0) AS BIGINT) FROM search_size WHERE account_id = $1";

pub(super) const PUBLIC_SIZE: &str =
    "SELECT public_entries, public_length, runs FROM search_size WHERE account_id = $1 AND kind = $2";

pub(super) const ADD_ENTRY: &str = "INSERT INTO search_entry \
     (account_id, kind, entry_id, is_public, length, folded, run, noted_at) VALUES ($1, $2, $3, $4, $5, $6, \
     0, $7)";

pub(super) const REMOVE_ENTRY: &str = "DELETE FROM search_entry WHERE account_id = $1 AND kind = $2 AND \
    entry_id = $3 \
     RETURNING folded, is_public, run, noted_at";

pub(super) const ADD_PENDING: &str = "INSERT INTO search_pending \
     (account_id, kind, entry_id, is_public, length, terms, cost, noted_at) VALUES ($1, $2, $3, $4, $5, $6, \
     $7, $8)";

pub(super) const REMOVE_PENDING: &str =
    "DELETE FROM search_pending WHERE account_id = $1 AND kind = $2 AND entry_id = $3 RETURNING cost";

pub(super) const PENDING: &str = "SELECT entry_id, is_public, length, noted_at, terms FROM search_pending \
     WHERE account_id = $1 AND kind = $2 AND is_public >= $3 ORDER BY entry_id";

pub(super) const ENTER_RUN: &str = "UPDATE search_entry SET run = $3 WHERE account_id = $1 AND kind = $2 \
     AND entry_id IN (SELECT entry_id FROM search_pending WHERE account_id = $1 AND kind = $2)";

pub(super) const END_PENDING: &str = "DELETE FROM search_pending WHERE account_id = $1 AND kind = $2";

/// Selects those of the newest entries that hold a text. (LIKE is many times slower, and knows wildcards.)
pub(super) const VERBATIM: &str = "SELECT entry_id, noted_at FROM (SELECT entry_id, noted_at, folded FROM \
    search_entry \
     WHERE account_id = $1 AND kind = $2 AND is_public >= $3 ORDER BY entry_id DESC LIMIT $4) AS newest \
     WHERE STRPOS(folded, $5) > 0";

/// Selects those of [`LOOKED_THROUGH`] entries that hold a text.
pub(super) static VERBATIM_AMONG: InList = InList::new(4, LOOKED_THROUGH, |entries| {
    format!(
        "SELECT entry_id, noted_at FROM search_entry WHERE account_id = $1 AND kind = $2 AND is_public >= $3 \
         AND STRPOS(folded, $4) > 0 AND entry_id IN ({entries})"
    )
});

/// Selects the first entries that were noted between two moments, the latter excluded.
pub(super) const BETWEEN: &str = "SELECT entry_id, noted_at, folded FROM search_entry WHERE account_id = $1 \
    AND kind = $2 \
     AND is_public >= $3 AND noted_at >= $4 AND noted_at < $5 ORDER BY noted_at, entry_id LIMIT $6";

/// Selects the two entries before and the two after each of some entries. The nearest come first. A value is
/// NULL if there is no such entry, or if the search may not see it. For the plus signs see
/// `context::ADJACENT`.
pub(super) static NEIGHBORS: InList = InList::new(4, MAX_NEIGHBORS, |entries| {
    let beside = |than: &str, order: &str, skipped: u8| {
        format!(
            "(SELECT CASE WHEN other.is_public >= $3 AND ABS(other.noted_at - entry.noted_at) <= $4 \
             THEN other.entry_id END FROM search_entry AS other WHERE other.account_id = $1 AND other.kind = \
             $2 \
             AND (other.noted_at, other.entry_id) {than} (+entry.noted_at, +entry.entry_id) \
             ORDER BY other.noted_at {order}, other.entry_id {order} LIMIT 1 OFFSET {skipped})"
        )
    };
    format!(
        "SELECT entry.entry_id, {}, {}, {}, {} FROM search_entry AS entry \
         WHERE entry.account_id = $1 AND entry.kind = $2 AND entry.entry_id IN ({entries})",
        beside("<", "DESC", 0),
        beside(">", "ASC", 0),
        beside("<", "DESC", 1),
        beside(">", "ASC", 1),
    )
});

/// Numbers of terms that one statement looks up in runs. The smallest that fits the query is used.
const ASKED: [usize; 3] = [8, 24, MAX_QUERY_TERMS];

/// Statements that differ only in the number of terms they take, from the fourth parameter on.
pub(super) struct ForTerms([String; ASKED.len()]);

impl ForTerms {
    /// Returns the statement for a number of terms, and its number of parameters. Unused ones must be empty
    /// texts.
    pub(super) fn of(&self, terms: usize) -> (&str, usize) {
        let [few, some, most] = &self.0;
        match ASKED {
            [room, ..] if terms <= room => (few, 3 + room),
            [_, room, _] if terms <= room => (some, 3 + room),
            [.., room] => (most, 3 + room),
        }
    }
}

/// Selects the number of entries in runs that have each term.
pub(super) static COUNTS: LazyLock<ForTerms> = LazyLock::new(|| {
    let public = "CASE WHEN CAST($3 AS BIGINT) = 1 THEN public_entries ELSE entries END";
    in_runs(
        public,
        "SELECT term, CAST(SUM(value) AS BIGINT) FROM found WHERE value IS NOT NULL GROUP BY term",
    )
});

/// Selects the postings of terms, up to a number of rows, those of the latest runs first.
pub(super) static POSTINGS: LazyLock<ForTerms> = LazyLock::new(|| {
    in_runs("postings", "SELECT term, value FROM found WHERE value IS NOT NULL ORDER BY run DESC LIMIT $3")
});

/// Builds statements that select a value for each term from each run of an index, as `found (run, term,
/// value)`. The index must have runs.
///
/// A join would give the same. But PostgreSQL takes a table without statistics for a small one, and reads all
/// of a person's runs. A scalar subquery is looked up.
fn in_runs(value: &str, answer: &str) -> ForTerms {
    ForTerms(ASKED.map(|terms| in_runs_of(terms, value, answer)))
}

fn in_runs_of(terms: usize, value: &str, answer: &str) -> String {
    let terms: Vec<String> = (4..4 + terms).map(|n| format!("(${n})")).collect();
    format!(
        "WITH RECURSIVE run (number) AS (SELECT runs FROM search_size WHERE account_id = $1 AND kind = $2 \
         UNION ALL SELECT number - 1 FROM run WHERE number > 1), asked (term) AS (VALUES {}), \
         found (run, term, value) AS MATERIALIZED (SELECT run.number, asked.term, (SELECT {value} \
         FROM search_posting WHERE account_id = $1 AND kind = $2 AND run = run.number AND term = asked.term) \
         FROM run CROSS JOIN asked WHERE asked.term <> '') {answer}",
        terms.join(", ")
    )
}

/// Selects terms of a run.
pub(super) static OF_RUN_TERMS: InList = InList::new(3, OF_RUN, |terms| {
    format!("SELECT term, postings FROM search_posting WHERE {}", of_run(terms))
});
pub(super) static REMOVE_TERMS: InList =
    InList::new(3, OF_RUN, |terms| format!("DELETE FROM search_posting WHERE {}", of_run(terms)));

fn of_run(terms: &str) -> String {
    format!("account_id = $1 AND kind = $2 AND run = $3 AND term IN ({terms})")
}

/// Writes terms of a run, as many as [`WRITTEN`] says. Three parameters identify the run, then four describe
/// each term.
pub(super) static WRITE_TERMS: LazyLock<[String; WRITTEN.len()]> = LazyLock::new(|| WRITTEN.map(write_terms));

fn write_terms(rows: usize) -> String {
    let mut sql =
        "INSERT INTO search_posting (account_id, kind, run, term, entries, public_entries, postings) VALUES"
            .to_owned();
    for row in 0..rows {
        let (comma, at) = (if row == 0 { "" } else { "," }, 4 + 4 * row);
        // Writing to a text cannot fail.
        let _ = write!(sql, "{comma} ($1, $2, $3, ${at}, ${}, ${}, ${})", at + 1, at + 2, at + 3);
    }
    sql.push_str(
        " ON CONFLICT (account_id, kind, run, term) DO UPDATE SET entries = excluded.entries, \
         public_entries = excluded.public_entries, postings = excluded.postings",
    );
    sql
}
