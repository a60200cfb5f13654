//! Full-text search among one person's entries, the same on both engines.
//!
//! One tokenizer cuts texts and queries. A text is [folded](fold::fold) first (NFKC, lower case, simplified
//! Chinese). Then it is cut into CJK characters, overlapping pairs of them, and stems of words. No dictionary
//! is needed, and every substring of two or more CJK characters is found.
//!
//! The index tables start with the person, so the cost of a search depends on that person's entries alone.
//! Terms have no accents and apostrophes, and kana of one script.
//!
//! Entries are ranked by BM25 with that person's statistics. The scores are computed here and not by the
//! engine, so that both engines return the same order.

mod bare;
mod check;
mod context;
mod dates;
mod find;
mod fold;
mod id;
mod index;
mod postings;
mod query;
mod rank;
mod runs;
mod statements;
mod stop;
mod tense;
mod terms;
mod texts;
mod tokens;
mod upgrade;
mod vector_statements;
mod vectors;
mod verbs;

pub use check::Expected;
pub use context::{Around, Beside, Context, MAX_EMBEDDED};
pub use find::Ranked;
pub use fold::fold;
pub use id::EntryId;
pub use index::{Entry, Index};
pub use query::{Query, Tuning};
pub use rank::Hit;
pub use tense::Tense;
pub use terms::{query_terms, terms};
pub use texts::Scorer;
pub use tokens::Document;
pub use upgrade::cut_again;
pub use vectors::{EntryVectors, Made, VectorState};
