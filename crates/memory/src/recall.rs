//! Recall: what the double should know before it answers, ranked and within a budget of tokens.

pub mod model;
mod rules;
mod tokens;

use store::{
    Timestamp,
    search::{Index, Query},
};
use web::{ApiError, paging::Page};

pub use model::{Kind, Reader, Recall, Recalled};
pub use tokens::tokens;

use crate::{
    Memory,
    key::{self, KeyMemory},
    note::{self, Note},
    ranked,
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
        let asked = end_of(text);
        let now = self.db().clock().now();
        let only_public = reader == Reader::Other;
        let (who, profile) = self.profile(account).await?;
        let shades = self.shades(account, only_public).await?;
        let mut found = self.recall_key_memories(account, asked, only_public, now).await?;
        if reader == Reader::Owner {
            found.extend(self.recall_notes(account, asked, now).await?);
        }
        rules::by_score(&mut found);

        let mut told = rules::Budget::new(budget);
        told.add(rules::profile(&who, &profile, budget / PART, now));
        let room_for_others = told.left() - (budget / PART).min(told.left());
        for shade in rules::shades(&shades, asked, reader, now) {
            if told.left() >= room_for_others + shade.tokens {
                told.add(shade);
            }
        }
        found.into_iter().for_each(|item| told.add(item));
        let newest = Page { limit: NEWEST, offset: 0 };
        for memory in self.key_memories(account, "", newest, only_public).await?.list {
            if !told.has(Kind::KeyMemory, memory.id) {
                told.add(rules::key_memory(memory, asked, 0.0));
            }
        }
        Ok(told.finish())
    }

    async fn recall_key_memories(
        &self,
        account: i64,
        asked: &str,
        only_public: bool,
        now: Timestamp,
    ) -> Result<Vec<Recalled>, ApiError> {
        let query = Query::question(asked, only_public, now);
        let hits = self.find(Index::new(account, key::KIND), &query).await?.hits;
        let ids = ranked::page(&hits, Page { limit: FOUND, offset: 0 });
        let rows: Vec<KeyMemory> =
            ranked::rows(self.db(), &key::queries::BY_IDS, account, &ids, |row: &KeyMemory| row.id).await?;
        // Between the search and this read a memory may have become private.
        let rows = rows.into_iter().filter(|row| !only_public || key::rules::is_public(row.visibility));
        Ok(rows
            .map(|row| {
                let score = rules::score_of(&hits, row.id);
                rules::key_memory(row, asked, score)
            })
            .collect())
    }

    async fn recall_notes(
        &self,
        account: i64,
        asked: &str,
        now: Timestamp,
    ) -> Result<Vec<Recalled>, ApiError> {
        let query = Query::question(asked, false, now);
        let found = self.find(Index::new(account, note::KIND), &query).await?;
        let ids = ranked::page(&found.hits, Page { limit: NOTES_FOUND, offset: 0 });
        let rows: Vec<Note> =
            ranked::rows(self.db(), &note::queries::BY_IDS, account, &ids, |row: &Note| row.id).await?;
        let told = |row: &Note| {
            let text = note::rules::indexed(&row.title, &row.content, &row.urls);
            let meant = found.passage(row.id, &text);
            rules::note(row, asked, meant.as_deref(), rules::score_of(&found.hits, row.id))
        };
        Ok(rows.iter().flat_map(told).collect())
    }
}

/// The last [`MAX_TEXT`] characters.
fn end_of(text: &str) -> &str {
    let start = text.char_indices().rev().nth(MAX_TEXT - 1).map_or(0, |(at, _)| at);
    text.get(start..).unwrap_or(text)
}
