//! SQL of the index.

use std::fmt::Write;
use std::sync::LazyLock;

use super::tokens::MAX_QUERY_TERMS;

/// Terms that one statement removes.
pub(super) const REMOVED: usize = 32;
/// Entries whose neighbours one statement finds.
pub(super) const MAX_NEIGHBOURS: usize = 64;
/// Postings that one statement adds, the larger size first.
pub(super) const ADDED: [usize; 3] = [64, 8, 1];

macro_rules! verbatim {
    ($find:literal) => {
        concat!(
            "SELECT entry_id FROM (SELECT entry_id, folded FROM search_entry WHERE account_id = $1 AND kind = $2 \
             AND is_public >= $3 ORDER BY entry_id DESC LIMIT $4) AS newest WHERE ",
            $find,
            "(folded, $5) > 0"
        )
    };
}

macro_rules! verbatim_among {
    ($find:literal) => {
        concat!(
            "SELECT entry.entry_id FROM search_posting AS posting JOIN search_entry AS entry \
             ON entry.account_id = posting.account_id AND entry.kind = posting.kind \
             AND entry.entry_id = posting.entry_id WHERE posting.account_id = $1 AND posting.kind = $2 \
             AND posting.term = $4 AND posting.is_public >= $3 AND ",
            $find,
            "(entry.folded, $5) > 0"
        )
    };
}

pub(super) const RESIZE: &str = "INSERT INTO search_size (account_id, kind, entries, length, public_entries, public_length) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, kind) DO UPDATE SET \
     entries = search_size.entries + excluded.entries, length = search_size.length + excluded.length, \
     public_entries = search_size.public_entries + excluded.public_entries, \
     public_length = search_size.public_length + excluded.public_length";

pub(super) const SIZE: &str = "SELECT entries, length FROM search_size WHERE account_id = $1 AND kind = $2";

pub(super) const PUBLIC_SIZE: &str =
    "SELECT public_entries, public_length FROM search_size WHERE account_id = $1 AND kind = $2";

pub(super) const ADD_ENTRY: &str = "INSERT INTO search_entry (account_id, kind, entry_id, is_public, length, folded) \
     VALUES ($1, $2, $3, $4, $5, $6)";

pub(super) const REMOVE_ENTRY: &str = "DELETE FROM search_entry WHERE account_id = $1 AND kind = $2 AND entry_id = $3 \
     RETURNING folded, is_public";

/// The postings of a term, of the newest entries first.
pub(super) const POSTINGS: &str = "SELECT entry_id, occurrences, length FROM search_posting \
     WHERE account_id = $1 AND kind = $2 AND term = $3 AND is_public >= $4 ORDER BY entry_id DESC LIMIT $5";

/// Which of the newest entries hold a text, and which of those that have a term; first as SQLite, then as PostgreSQL
/// says it: finding a piece of text has no common name, and LIKE is many times as slow.
pub(super) const VERBATIM: [&str; 2] = [verbatim!("INSTR"), verbatim!("STRPOS")];
pub(super) const VERBATIM_AMONG: [&str; 2] = [verbatim_among!("INSTR"), verbatim_among!("STRPOS")];

/// The entries between two ids, the latter excluded.
pub(super) const BETWEEN: &str = "SELECT entry_id, folded FROM search_entry WHERE account_id = $1 AND kind = $2 \
     AND is_public >= $3 AND entry_id >= $4 AND entry_id < $5 ORDER BY entry_id LIMIT $6";

/// The two entries before and the two after each of [`MAX_NEIGHBOURS`] entries, from the fourth parameter on, the
/// nearest first; none where there is none or the search may not see it.
pub(super) static NEIGHBOURS: LazyLock<String> = LazyLock::new(|| {
    let beside = |than: &str, order: &str, skipped: u8| {
        format!(
            "(SELECT CASE WHEN other.is_public >= $3 THEN other.entry_id END FROM search_entry AS other \
             WHERE other.account_id = $1 AND other.kind = $2 AND other.entry_id {than} entry.entry_id \
             ORDER BY other.entry_id {order} LIMIT 1 OFFSET {skipped})"
        )
    };
    format!(
        "SELECT entry.entry_id, {}, {}, {}, {} FROM search_entry AS entry \
         WHERE entry.account_id = $1 AND entry.kind = $2 AND entry.entry_id IN ({})",
        beside("<", "DESC", 0),
        beside(">", "ASC", 0),
        beside("<", "DESC", 1),
        beside(">", "ASC", 1),
        placeholders(4, 3 + MAX_NEIGHBOURS)
    )
});

/// `$from, …, $to`.
fn placeholders(from: usize, to: usize) -> String {
    (from..=to).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// In how many entries each of [`MAX_QUERY_TERMS`] terms is, from the fourth parameter on.
pub(super) static COUNTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT term, COUNT(*) FROM search_posting WHERE account_id = $1 AND kind = $2 AND is_public >= $3 \
         AND term IN ({}) GROUP BY term",
        placeholders(4, 3 + MAX_QUERY_TERMS)
    )
});

/// Removes [`REMOVED`] terms of an entry, from the fourth parameter on.
pub(super) static REMOVE_POSTINGS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "DELETE FROM search_posting WHERE account_id = $1 AND kind = $2 AND entry_id = $3 AND term IN ({})",
        placeholders(4, 3 + REMOVED)
    )
});

/// Adds as many postings of an entry as [`ADDED`] says: after five parameters about the entry, a term and its
/// occurrences each.
pub(super) static ADD_POSTINGS: LazyLock<[String; ADDED.len()]> = LazyLock::new(|| ADDED.map(add_postings));

fn add_postings(rows: usize) -> String {
    let mut sql = "INSERT INTO search_posting (account_id, kind, entry_id, length, is_public, term, occurrences) VALUES".to_owned();
    for row in 0..rows {
        let (comma, term) = (if row == 0 { "" } else { "," }, 6 + 2 * row);
        // Writing to a text cannot fail.
        let _ = write!(sql, "{comma} ($1, $2, $3, $4, $5, ${term}, ${})", term + 1);
    }
    sql
}
