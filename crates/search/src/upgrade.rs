//! Conversion of indexes that were made by older rules of the tokenizer, for a migration.

use snowball_stemmers_rs::{Algorithm, Stemmer};
use store::{BoxFuture, Result, Tx, params};

use super::bare::bare;
use super::{runs, tokens};

/// Number of terms of posts that are read at a time.
const READ: i64 = 1000;

const POST_TERMS: &str = "SELECT DISTINCT term FROM plaza_posting WHERE term > $1 ORDER BY term LIMIT $2";
const RENAME: &str = "INSERT INTO plaza_posting (post_id, term) SELECT post_id, $2 FROM plaza_posting \
     WHERE term = $1 ON CONFLICT DO NOTHING";
const FORGET: &str = "DELETE FROM plaza_posting WHERE term = $1";

/// Rebuilds all indexes and renames the terms of posts without accents and apostrophes. Older posts are not
/// found by telephone numbers without separators.
///
/// # Errors
/// If a statement fails.
pub fn cut_again<'t>(tx: &'t mut Tx<'_>) -> BoxFuture<'t, Result<()>> {
    Box::pin(async move {
        runs::rebuild(tx).await?;
        let stemmer = Stemmer::create(Algorithm::English);
        let mut after = String::new();
        loop {
            let terms: Vec<(String,)> = tx.fetch_all(POST_TERMS, params![&after, READ]).await?;
            let Some((last,)) = terms.last().cloned() else { return Ok(()) };
            for (old,) in terms {
                let new = tokens::stem(&stemmer, &bare(&old));
                if matches!(bare(&old), std::borrow::Cow::Owned(_)) && new != old {
                    tx.execute(RENAME, params![&old, &new]).await?;
                    tx.execute(FORGET, params![&old]).await?;
                }
            }
            after = last;
        }
    })
}
