//! Recall: what the double should know before it answers, ranked and within a budget of tokens.

pub mod model;
mod rules;
mod tokens;

use identity::Account;
use store::{
    Timestamp, Tx,
    search::{Index, Query, Scorer},
};
use web::{ApiError, paging::Page};

pub use model::{Kind, Reader, Recall, Recalled};
pub use tokens::tokens;

use crate::{
    Memory,
    key::{self, KeyMemory},
    meaning::{self, Near},
    note,
    profile::Profile,
    ranked,
    shade::{self, Shade},
};

/// Most characters of a text that are looked at; a question is shorter, and of a long message the end is the question.
const MAX_TEXT: usize = 2000;
/// Most key memories and notes that are found for one text.
const FOUND: i64 = 30;
const NOTES_FOUND: i64 = 8;
/// The newest key memories, told where there is room though nothing was asked about them.
const NEWEST: i64 = 10;
/// The profile takes no more than this part of a budget, and neither do the shades.
const PART: usize = 4;

impl Memory {
    /// What the double of a person should know before it answers a text: the profile, shades, key memories and
    /// passages of notes that have to do with it, and, where room is left, what is worth knowing anyway. All texts
    /// together have at most `budget` [tokens].
    ///
    /// A [`Reader::Other`] is told what is public alone.
    ///
    /// # Errors
    /// When the store fails, or the account has just been deleted.
    pub async fn recall(
        &self,
        account: i64,
        reader: Reader,
        text: &str,
        budget: usize,
    ) -> Result<Recall, ApiError> {
        let now = self.db().clock().now();
        let (person, profile) = self.profile(account).await?;
        let asked = end_of(text);
        let only_public = reader == Reader::Other;
        let visit = self.db().read(move |tx| {
            Box::pin(async move {
                let has_entries = Index::entries_of(tx, account).await? > 0;
                Ok::<_, ApiError>((has_entries, shade::list(tx, account, only_public).await?))
            })
        });
        let (has_entries, shades) = visit.await?;
        // Cutting the question into terms is most of the work where there is nothing to score.
        let scorer = Scorer::new(if has_entries || !shades.is_empty() { asked } else { "" });
        let question = Question { account, reader, now, scorer, budget };
        let known = Known { person, profile, shades };
        if !has_entries {
            return Ok(question.tell(&known, Vec::new(), Vec::new()));
        }
        let query = Query::question(asked, only_public, now);
        let keys = self.near(Index::new(account, key::KIND), &query).await;
        let notes = match reader {
            Reader::Owner => self.near(Index::new(account, note::KIND), &query).await,
            Reader::Other => None,
        };
        let near = Nearest { keys, notes };
        self.db()
            .read_heavy(move |tx| Box::pin(async move { question.search(tx, known, &query, near).await }))
            .await
    }
}

/// What is asked, of whom and by whom.
struct Question {
    account: i64,
    reader: Reader,
    now: Timestamp,
    scorer: Scorer,
    /// Tokens.
    budget: usize,
}

/// What is known of the answer before anything is searched.
struct Known {
    person: Account,
    profile: Profile,
    shades: Vec<Shade>,
}

/// What means nearly what is asked, where that is known.
struct Nearest {
    keys: Option<Vec<Near>>,
    notes: Option<Vec<Near>>,
}

impl Question {
    async fn search(
        mut self,
        tx: &mut Tx<'_>,
        known: Known,
        query: &Query,
        near: Nearest,
    ) -> Result<Recall, ApiError> {
        let mut found = self.find_keys(tx, query, near.keys).await?;
        if self.reader == Reader::Owner {
            found.extend(self.find_notes(tx, query, near.notes).await?);
        }
        rules::by_score(&mut found);
        let newest = Page { limit: NEWEST, offset: 0 };
        let newest = key::list(tx, self.account, newest.into(), query.is_only_public()).await?;
        Ok(self.tell(&known, found, newest))
    }

    /// What there is room for, most important first.
    fn tell(mut self, known: &Known, found: Vec<Recalled>, newest: Vec<KeyMemory>) -> Recall {
        let part = self.budget / PART;
        let mut told = rules::Budget::new(self.budget);
        told.add(rules::profile(&known.person, &known.profile, part, self.now));
        let room_for_others = told.left() - part.min(told.left());
        for shade in rules::shades(&known.shades, &mut self.scorer, self.reader, self.now) {
            if told.left() >= room_for_others + shade.tokens {
                told.add(shade);
            }
        }
        found.into_iter().for_each(|item| told.add(item));
        for memory in newest {
            if !told.has(Kind::KeyMemory, memory.id) {
                told.add(rules::key_memory(memory, &mut self.scorer, 0.0));
            }
        }
        told.finish()
    }

    async fn find_keys(
        &mut self,
        tx: &mut Tx<'_>,
        query: &Query,
        near: Option<Vec<Near>>,
    ) -> Result<Vec<Recalled>, ApiError> {
        let index = Index::new(self.account, key::KIND);
        let hits = meaning::find(tx, index, query, near).await?.hits;
        let ids = ranked::page(&hits, Page { limit: FOUND, offset: 0 });
        let rows = key::of_ids(tx, self.account, &ids, query.is_only_public()).await?;
        let told = rows.into_iter().map(|row| {
            let score = rules::score_of(&hits, row.id);
            rules::key_memory(row, &mut self.scorer, score)
        });
        Ok(told.collect())
    }

    async fn find_notes(
        &mut self,
        tx: &mut Tx<'_>,
        query: &Query,
        near: Option<Vec<Near>>,
    ) -> Result<Vec<Recalled>, ApiError> {
        let index = Index::new(self.account, note::KIND);
        let found = meaning::find(tx, index, query, near).await?;
        let ids = ranked::page(&found.hits, Page { limit: NOTES_FOUND, offset: 0 });
        let rows = note::of_ids(tx, self.account, &ids).await?;
        let told = rows.iter().flat_map(|row| {
            let text = note::rules::indexed(&row.title, &row.content, &row.urls);
            let meant = found.passage(row.id, &text);
            let score = rules::score_of(&found.hits, row.id);
            rules::note(row, &mut self.scorer, meant.as_deref(), score)
        });
        Ok(told.collect())
    }
}

/// The last [`MAX_TEXT`] characters.
fn end_of(text: &str) -> &str {
    let start = text.char_indices().rev().nth(MAX_TEXT - 1).map_or(0, |(at, _)| at);
    text.get(start..).unwrap_or(text)
}
