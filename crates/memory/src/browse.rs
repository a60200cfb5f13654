//! One list of what a person has: key memories, notes, and events of agents, with filters.
//!
//! The list is paged by time and id, so that entries which are added meanwhile do not shift it. A search is
//! paged by rank; entries added since it began are left out.

pub mod model;
mod queries;

use std::collections::HashMap;

use search::{EntryId, Index, Query};
use store::{AccountId, Ids, Timestamp, Tx, params};
use web::{ApiError, paging::cursor::Position};

pub use model::{Category, Counts, Filter, Item, ItemKind, Origin, Sort};

use crate::{Memory, agent::StoredEvent, key, meaning, note};
use model::Traits;

/// Maximum number of hits of a search that are filtered and paged.
const MAX_HITS: usize = 400;
/// Maximum number of the newest events that a search looks through.
const MAX_EVENTS: i64 = 500;
/// Number of categories that are counted.
const CATEGORIES: i64 = 12;

/// A page of entries, and the cursor of the next one.
#[derive(Debug, Default)]
pub struct Browsed {
    /// The entries.
    pub items: Vec<Item>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
    /// The number of hits of a search; `None` for a list.
    pub found: Option<usize>,
}

impl Memory {
    /// Returns a page of a person's entries that pass a filter. `after` is the cursor of the page before; an
    /// invalid one is the first page.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn browse(
        &self,
        account: AccountId,
        filter: Filter,
        sort: Sort,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Browsed, ApiError> {
        let last = after.and_then(Position::parse);
        let read = self.db().read_heavy(move |tx| {
            Box::pin(async move { list(tx, account, &filter, sort, last, limit).await })
        });
        read.await
    }

    /// Returns a page of the entries that a text finds and that pass a filter, best first, or by time.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn browse_search(
        &self,
        account: AccountId,
        text: &str,
        filter: Filter,
        sort: Option<Sort>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Browsed, ApiError> {
        let last = after.and_then(Position::parse);
        let now = self.db().clock().now();
        let query = Query::of(text, filter.public == Some(true), now);
        let query = self.with_zone(account, query).await?;
        let (keys, notes) = (Index::new(account, key::KIND), Index::new(account, note::KIND));
        let near_keys =
            async { if filter.has(ItemKind::Memory) { self.similar(keys, &query).await } else { None } };
        let near_notes =
            async { if filter.has(ItemKind::Note) { self.similar(notes, &query).await } else { None } };
        let (near_keys, near_notes) = futures::join!(near_keys, near_notes);
        let words = text.to_lowercase();
        let read = self.db().read_heavy(move |tx| {
            Box::pin(async move {
                let mut found = Vec::new();
                if filter.has(ItemKind::Memory) {
                    let hits = key::find(tx, account, &query, near_keys, (None, now)).await?.hits;
                    found.extend(scored(&hits).map(|(id, score)| (ItemKind::Memory, id, score)));
                }
                if filter.has(ItemKind::Note) {
                    let hits = meaning::find(tx, notes, &query, near_notes).await?.hits;
                    found.extend(scored(&hits).map(|(id, score)| (ItemKind::Note, id, score)));
                }
                found.sort_by(|a, b| b.2.total_cmp(&a.2).then(b.1.cmp(&a.1)));
                let mut all = traits(tx, account, &found, &filter).await?;
                if filter.has(ItemKind::Event) {
                    all.extend(events_with(tx, account, &words, &filter).await?);
                }
                if let Some(sort) = sort {
                    all.sort_by_key(|traits| traits.key(sort));
                }
                page(tx, account, all, last, limit).await
            })
        });
        read.await
    }

    /// Returns the numbers of a person's entries by kind, of public ones, and of the largest categories.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn entry_counts(&self, account: AccountId) -> Result<Counts, ApiError> {
        let read = self.db().read(move |tx| {
            Box::pin(async move {
                let keys = Index::new(account, key::KIND);
                let (events,) = tx.fetch_one(queries::COUNT_EVENTS, params![account]).await?;
                Ok::<_, ApiError>(Counts {
                    memories: keys.count(tx, false).await?,
                    public: keys.count(tx, true).await?,
                    notes: Index::new(account, note::KIND).count(tx, false).await?,
                    events,
                    categories: tx.fetch_all(queries::CATEGORIES, params![account, CATEGORIES]).await?,
                })
            })
        });
        read.await
    }
}

/// Returns hits with their scores relative to the best one, so that those of several indexes compare.
fn scored(hits: &[search::Hit]) -> impl Iterator<Item = (EntryId, f64)> {
    let best = hits.first().map_or(1.0, |hit| hit.score).max(f64::MIN_POSITIVE);
    hits.iter().take(MAX_HITS).map(move |hit| (hit.entry, hit.score / best))
}

/// Returns a page of a list, after the last entry of the page before.
async fn list(
    tx: &Tx<'_>,
    account: AccountId,
    filter: &Filter,
    sort: Sort,
    last: Option<Position>,
    limit: i64,
) -> Result<Browsed, ApiError> {
    let start = match sort {
        Sort::Oldest => Position(-1, -1),
        Sort::Newest | Sort::Updated => Position::START,
    };
    let after = last.unwrap_or(start);
    let Position(time, id) = after;
    let (from, until) = filter.between();
    let more = limit.saturating_add(1);
    let mut all: Vec<Item> = Vec::new();
    if filter.has(ItemKind::Memory) {
        let public = filter.public.map_or(-1, i64::from);
        let (category, source) = (filter.category.as_str(), filter.source());
        let values = params![account, time, id, category, public, source, from, until, more];
        let sql = queries::memories(sort, !category.is_empty());
        all.extend(tx.fetch_all::<Item>(sql, values).await?);
    }
    if filter.has(ItemKind::Note) {
        let values = params![account, time, id, filter.source(), from, until, more];
        all.extend(tx.fetch_all::<Item>(queries::notes(sort), values).await?);
    }
    if filter.has(ItemKind::Event) {
        all.extend(events(tx, account, sort, after, (from, until), more).await?);
    }
    all.sort_by_key(|item| item.key(sort));
    let count = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = all.len() > count;
    all.truncate(count);
    let last = all.last().filter(|_| has_more);
    let next = last.map(|item| Position(item.time(sort).as_millis(), item.id).text());
    Ok(Browsed { items: all, next, found: None })
}

/// Returns events after a position. Their ids follow the time at which they were reported.
async fn events(
    tx: &Tx<'_>,
    account: AccountId,
    sort: Sort,
    Position(time, id): Position,
    (from, until): (Timestamp, Timestamp),
    more: i64,
) -> Result<Vec<Item>, ApiError> {
    let first = |time: i64| Ids::first(Timestamp(time.clamp(0, i64::MAX / 2)));
    let (low, high) = (first(from.as_millis()), first(until.as_millis()));
    let at = id.clamp(first(time).saturating_sub(1), first(time.saturating_add(1)));
    let rows: Vec<StoredEvent> = if sort == Sort::Oldest {
        let after = at.max(low.saturating_sub(1));
        tx.fetch_all(queries::EVENTS_OLDEST, params![account, after, high, more]).await?
    } else {
        tx.fetch_all(queries::EVENTS, params![account, at.min(high), low, more]).await?
    };
    Ok(rows.into_iter().map(Item::from).collect())
}

/// Returns the events among the newest that have a text.
async fn events_with(
    tx: &Tx<'_>,
    account: AccountId,
    words: &str,
    filter: &Filter,
) -> Result<Vec<Traits>, ApiError> {
    let (from, until) = filter.between();
    let items = events(tx, account, Sort::Newest, Position::START, (from, until), MAX_EVENTS).await?;
    let has = |item: &Item| {
        let text = format!("{}\n{}", item.title, item.text).to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    };
    Ok(items.into_iter().filter(has).map(Traits::of_event).collect())
}

/// Returns what the filter asks about hits, in their order, of those that pass it.
async fn traits(
    tx: &Tx<'_>,
    account: AccountId,
    found: &[(ItemKind, EntryId, f64)],
    filter: &Filter,
) -> Result<Vec<Traits>, ApiError> {
    let found = found.get(..MAX_HITS.min(found.len())).unwrap_or_default();
    let mut known = HashMap::new();
    for (kind, statement) in
        [(ItemKind::Memory, &queries::MEMORY_TRAITS), (ItemKind::Note, &queries::NOTE_TRAITS)]
    {
        let ids: Vec<EntryId> = found.iter().filter(|hit| hit.0 == kind).map(|hit| hit.1).collect();
        let rows: Vec<Traits> = tx.fetch_in(statement, params![account], &ids).await?;
        known.extend(rows.into_iter().map(|row| ((kind, row.id), row)));
    }
    let passing = found.iter().filter_map(|(kind, id, _)| known.remove(&(*kind, id.0)));
    Ok(passing.filter(|traits| filter.passes(traits)).collect())
}

/// Returns a page of a search, with the contents of its entries. The position at which a page ends is the
/// newest entry when the paging began, and the number of hits so far.
async fn page(
    tx: &Tx<'_>,
    account: AccountId,
    mut all: Vec<Traits>,
    last: Option<Position>,
    limit: i64,
) -> Result<Browsed, ApiError> {
    let Position(newest, offset) = last.unwrap_or(Position(i64::MAX, 0));
    all.retain(|traits| traits.id <= newest);
    let newest =
        if newest == i64::MAX { all.iter().map(|traits| traits.id).max().unwrap_or(0) } else { newest };
    let (skip, count) = (usize::try_from(offset).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(0));
    let found = Some(all.len());
    let end = skip.saturating_add(count);
    let has_more = all.len() > end;
    let mut some: Vec<Traits> = all.into_iter().skip(skip).take(count).collect();
    let mut items = HashMap::new();
    for (kind, statement) in
        [(ItemKind::Memory, &queries::MEMORIES_BY_ID), (ItemKind::Note, &queries::NOTES_BY_ID)]
    {
        let ids: Vec<i64> =
            some.iter().filter(|traits| traits.kind == kind).map(|traits| traits.id).collect();
        if ids.is_empty() {
            continue;
        }
        let rows: Vec<Item> = tx.fetch_in(statement, params![account], &ids).await?;
        items.extend(rows.into_iter().map(|item| ((kind, item.id), item)));
    }
    let item = |traits: &mut Traits| traits.event.take().or_else(|| items.remove(&(traits.kind, traits.id)));
    let items: Vec<Item> = some.iter_mut().filter_map(item).collect();
    let next = has_more.then(|| Position(newest, i64::try_from(end).unwrap_or(i64::MAX)).text());
    Ok(Browsed { items, next, found })
}
