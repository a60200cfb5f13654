//! Recall: what the assistant should know before it responds, ranked and within a budget of tokens.

pub mod model;
mod rules;
mod tokens;

use identity::Account;
use store::{
    Timestamp, Tx,
    search::{Index, Query, Scorer},
};
use web::{ApiError, paging::Page};

pub use model::{Access, Kind, Reader, Recall, Recalled};
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

/// Maximum number of characters of a text that are used, from its end. Questions are shorter, and a long
/// message has the question at its end.
const MAX_TEXT: usize = 2000;
/// Maximum numbers of key memories and of notes found for one text.
const FOUND: i64 = 30;
const NOTES_FOUND: i64 = 8;
/// Number of the newest key memories that are included if there is room, whatever was asked.
const NEWEST: i64 = 10;
/// The profile takes at most the budget divided by this number, and so do the interests.
const PART: usize = 4;

impl Memory {
    /// Returns what a person's assistant should know before it responds to a text: the profile, and the
    /// interests, key memories and passages of notes that are relevant to the text. Remaining room is filled
    /// with facts that are worth knowing anyway. All texts together have at most `budget` [tokens].
    ///
    /// Data that the [`Reader`] may not read is neither searched nor included.
    ///
    /// # Errors
    /// If the store fails, or if the account has just been deleted.
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
        let visit = self.db().read(move |tx| {
            Box::pin(async move {
                let may_search = reader.memories > Access::Nothing || reader.notes;
                let has_entries = may_search && Index::entries_of(tx, account).await? > 0;
                let shades = match reader.shades {
                    Access::Nothing => Vec::new(),
                    access => shade::list(tx, account, access == Access::Public).await?,
                };
                Ok::<_, ApiError>((has_entries, shades))
            })
        });
        let (has_entries, shades) = visit.await?;
        // If there is nothing to score, tokenizing the text would be most of the work.
        let scorer = Scorer::new(if has_entries || !shades.is_empty() { asked } else { "" });
        let question = Question { account, reader, now, scorer, budget };
        let known = Known { person, profile, shades };
        if !has_entries {
            return Ok(question.tell(&known, Vec::new(), Vec::new()));
        }
        let keys = match reader.memories {
            Access::Nothing => None,
            access => {
                let query = Query::question(asked, access == Access::Public, now);
                Some(self.lookup(Index::new(account, key::KIND), query).await)
            }
        };
        let notes = match reader.notes {
            false => None,
            true => {
                let query = Query::question(asked, false, now);
                Some(self.lookup(Index::new(account, note::KIND), query).await)
            }
        };
        self.db()
            .read_heavy(move |tx| Box::pin(async move { question.search(tx, known, keys, notes).await }))
            .await
    }

    async fn lookup(&self, index: Index, query: Query) -> Lookup {
        let near = self.near(index, &query).await;
        Lookup { index, query, near }
    }
}

/// The text, and the account and reader of a recall.
struct Question {
    account: i64,
    reader: Reader,
    now: Timestamp,
    scorer: Scorer,
    /// Maximum number of tokens.
    budget: usize,
}

/// The data that is known before anything is searched.
struct Known {
    person: Account,
    profile: Profile,
    shades: Vec<Shade>,
}

/// A search of one index.
struct Lookup {
    index: Index,
    query: Query,
    /// Entries that are similar in meaning, if a model is configured.
    near: Option<Vec<Near>>,
}

impl Question {
    async fn search(
        mut self,
        tx: &mut Tx<'_>,
        known: Known,
        keys: Option<Lookup>,
        notes: Option<Lookup>,
    ) -> Result<Recall, ApiError> {
        let (mut found, mut newest) = (Vec::new(), Vec::new());
        if let Some(lookup) = keys {
            let page = Page { limit: NEWEST, offset: 0 };
            newest = key::list(tx, self.account, page.into(), lookup.query.is_only_public()).await?;
            found.extend(self.find_keys(tx, lookup).await?);
        }
        if let Some(lookup) = notes {
            found.extend(self.find_notes(tx, lookup).await?);
        }
        rules::by_score(&mut found);
        Ok(self.tell(&known, found, newest))
    }

    /// Selects what fits into the budget, most important first.
    fn tell(mut self, known: &Known, found: Vec<Recalled>, newest: Vec<KeyMemory>) -> Recall {
        let part = self.budget / PART;
        let mut told = rules::Budget::new(self.budget);
        if self.reader.profile {
            told.add(rules::profile(&known.person, &known.profile, part, self.now));
        }
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

    async fn find_keys(&mut self, tx: &mut Tx<'_>, lookup: Lookup) -> Result<Vec<Recalled>, ApiError> {
        let Lookup { index, query, near } = lookup;
        let hits = meaning::find(tx, index, &query, near).await?.hits;
        let ids = ranked::page(&hits, Page { limit: FOUND, offset: 0 });
        let rows = key::of_ids(tx, self.account, &ids, query.is_only_public()).await?;
        let told = rows.into_iter().map(|row| {
            let score = rules::score_of(&hits, row.id);
            rules::key_memory(row, &mut self.scorer, score)
        });
        Ok(told.collect())
    }

    async fn find_notes(&mut self, tx: &mut Tx<'_>, lookup: Lookup) -> Result<Vec<Recalled>, ApiError> {
        let Lookup { index, query, near } = lookup;
        let found = meaning::find(tx, index, &query, near).await?;
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

/// Returns the last [`MAX_TEXT`] characters.
fn end_of(text: &str) -> &str {
    let start = text.char_indices().rev().nth(MAX_TEXT - 1).map_or(0, |(at, _)| at);
    text.get(start..).unwrap_or(text)
}
