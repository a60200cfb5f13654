//! Full-text search among one person's entries, the same on both engines.
//!
//! Texts and queries go through one tokenizer: [folded](fold::fold) (NFKC, lower case, simplified Chinese), then cut
//! into CJK characters and overlapping pairs, and into stems of words. No dictionary is needed, and every substring of
//! two or more CJK characters is found. The tables of the index start with the person, so that a search costs what that
//! person's entries cost; ranks are BM25 with that person's statistics, computed here and not by the engine, so that both
//! return the same order.

mod check;
mod dates;
mod find;
mod fold;
mod index;
mod postings;
mod query;
mod rank;
mod runs;
mod statements;
mod stop;
mod terms;
mod texts;
mod tokens;
mod vectors;
mod verbs;

pub use check::Expected;
pub use fold::fold;
pub use index::Index;
pub use query::{Query, Tuning};
pub use rank::Hit;
pub(crate) use runs::rebuild;
pub use terms::{query_terms, terms};
pub use texts::Scorer;
pub use tokens::Document;
pub use vectors::{EntryVectors, MAX_EMBEDDED, Made, VectorState};
