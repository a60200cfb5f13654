//! Entries of the list, and its filters.

use store::{Ids, Row, Timestamp, from_row};

pub use crate::origin::Origin;
use crate::{MemoryId, agent::StoredEvent, key, note::Status};

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// A key memory.
    Memory,
    /// A note.
    Note,
    /// An event that an agent reported.
    Event,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By the time of creation, the latest first.
    #[default]
    Newest,
    /// By the time of creation, the earliest first.
    Oldest,
    /// By the time of the last change, the latest first.
    Updated,
}

/// The entries that a list has. The default is all of them.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Entries of this kind only.
    pub kind: Option<ItemKind>,
    /// Key memories of this category only, unless it is empty.
    pub category: String,
    /// Public entries only, or private ones only.
    pub public: Option<bool>,
    /// Entries of this origin only.
    pub origin: Option<Origin>,
    /// Entries that were created at this time or later.
    pub from: Option<Timestamp>,
    /// Entries that were created before this time.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Returns true if entries of a kind may pass.
    pub(super) fn has(&self, kind: ItemKind) -> bool {
        let fits = match kind {
            ItemKind::Memory => true,
            // Only key memories can be public or have a category.
            ItemKind::Note => self.category.is_empty() && self.public != Some(true),
            ItemKind::Event => {
                self.category.is_empty()
                    && self.public != Some(true)
                    && self.origin.is_none_or(|origin| origin == Origin::App)
            }
        };
        fits && self.kind.is_none_or(|only| only == kind)
    }

    /// Returns the name of the origin in statements; an asterisk for all.
    pub(super) fn source(&self) -> &'static str {
        self.origin.map_or("*", Origin::name)
    }

    pub(super) fn between(&self) -> (Timestamp, Timestamp) {
        (self.from.unwrap_or(Timestamp(i64::MIN)), self.until.unwrap_or(Timestamp(i64::MAX)))
    }

    pub(super) fn passes(&self, traits: &Traits) -> bool {
        let (from, until) = self.between();
        self.has(traits.kind)
            && (self.category.is_empty() || self.category == traits.category)
            && self.public.is_none_or(|public| public == traits.public)
            && self.origin.is_none_or(|origin| origin == traits.origin)
            && traits.created >= from
            && traits.created < until
    }
}

/// An entry of the list.
#[derive(Debug, Clone)]
pub struct Item {
    /// The kind.
    pub kind: ItemKind,
    /// The id among those of its kind.
    pub id: i64,
    /// The title of a note, the action of an event; else empty.
    pub title: String,
    /// The text; of notes in lists only the beginning.
    pub text: String,
    /// The category of a key memory, the platform of an event; else empty.
    pub category: String,
    /// The visibility of a key memory; 0 for other entries.
    pub visibility: i64,
    /// The origin.
    pub origin: Origin,
    /// The name of the app that it comes from, or empty.
    pub origin_name: String,
    /// The time at which it was added.
    pub created: Timestamp,
    /// The time of the last change.
    pub updated: Timestamp,
    /// The state of a note's links.
    pub status: Option<Status>,
    /// The time until which a key memory holds or held, if that is known.
    pub valid_until: Option<Timestamp>,
    /// The newer key memory that took its place.
    pub superseded_by: Option<MemoryId>,
}

impl Item {
    /// Returns true if it does not hold at a time.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.superseded_by.is_some() || self.valid_until.is_some_and(|until| until <= at)
    }

    /// Returns true if everybody may see it.
    pub fn is_public(&self) -> bool {
        self.kind == ItemKind::Memory && key::rules::is_public(self.visibility)
    }

    /// Returns the time by which a list is sorted.
    pub fn time(&self, sort: Sort) -> Timestamp {
        if sort == Sort::Updated { self.updated } else { self.created }
    }

    pub(super) fn key(&self, sort: Sort) -> (i64, i64) {
        sort_key(sort, self.time(sort), self.id)
    }
}

/// Returns a key by which entries ascend in a list.
const fn sort_key(sort: Sort, time: Timestamp, place: i64) -> (i64, i64) {
    match sort {
        Sort::Oldest => (time.0, place),
        Sort::Newest | Sort::Updated => (-time.0, -place),
    }
}

impl store::FromRow for Item {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let (source, status): (String, String) = (row.get(5)?, row.get(9)?);
        let status = Status::of(&status);
        let (title, mut text, mut category): (String, String, String) =
            (row.get(1)?, row.get(2)?, row.get(3)?);
        if status.is_some() {
            // Notes have their links there. One without any text is shown by the first of them.
            let links = std::mem::take(&mut category);
            if title.is_empty() && text.trim().is_empty() {
                let links: Vec<String> = serde_json::from_str(&links).unwrap_or_default();
                text = links.into_iter().next().unwrap_or_default();
            }
        }
        Ok(Self {
            kind: if status.is_some() { ItemKind::Note } else { ItemKind::Memory },
            id: row.get(0)?,
            title,
            text,
            category,
            visibility: row.get(4)?,
            origin: Origin::of(&source),
            origin_name: row.get(6)?,
            created: row.get(7)?,
            updated: row.get(8)?,
            status,
            valid_until: row.get(10)?,
            superseded_by: row.get(11)?,
        })
    }
}

impl From<StoredEvent> for Item {
    fn from(stored: StoredEvent) -> Self {
        let time = Ids::time(stored.event_id);
        let event = stored.event;
        let preview = || event.refs.iter().find_map(|reference| reference.content_preview.clone());
        Self {
            kind: ItemKind::Event,
            id: stored.event_id.0,
            text: event.display_text.clone().or_else(preview).unwrap_or_default(),
            title: event.action_label.unwrap_or(event.action),
            visibility: 0,
            origin: Origin::App,
            origin_name: stored.platform.clone(),
            category: stored.platform,
            created: time,
            updated: time,
            status: None,
            valid_until: None,
            superseded_by: None,
        }
    }
}

/// The properties of a search hit that filters ask about.
#[derive(Debug)]
pub(super) struct Traits {
    pub(super) kind: ItemKind,
    pub(super) id: i64,
    category: String,
    public: bool,
    origin: Origin,
    created: Timestamp,
    updated: Timestamp,
    /// The event itself, if it is one.
    pub(super) event: Option<Item>,
}

impl Traits {
    pub(super) fn of_event(item: Item) -> Self {
        Self {
            kind: ItemKind::Event,
            id: item.id,
            category: String::new(),
            public: false,
            origin: Origin::App,
            created: item.created,
            updated: item.updated,
            event: Some(item),
        }
    }

    pub(super) const fn key(&self, sort: Sort) -> (i64, i64) {
        let time = match sort {
            Sort::Updated => self.updated,
            Sort::Newest | Sort::Oldest => self.created,
        };
        sort_key(sort, time, self.id)
    }
}

impl store::FromRow for Traits {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let (visibility, source): (i64, String) = (row.get(2)?, row.get(3)?);
        // Notes have the visibility -1.
        Ok(Self {
            kind: if visibility < 0 { ItemKind::Note } else { ItemKind::Memory },
            id: row.get(0)?,
            category: row.get(1)?,
            public: key::rules::is_public(visibility),
            origin: Origin::of(&source),
            created: row.get(4)?,
            updated: row.get(5)?,
            event: None,
        })
    }
}

/// A category of key memories.
#[derive(Debug, Clone)]
pub struct Category {
    /// The name.
    pub name: String,
    /// The number of its memories.
    pub count: i64,
}

from_row!(Category { name, count });

/// The numbers of a person's entries.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Key memories.
    pub memories: i64,
    /// Public key memories.
    pub public: i64,
    /// Notes.
    pub notes: i64,
    /// Events of agents.
    pub events: i64,
    /// The largest categories of key memories, the largest first.
    pub categories: Vec<Category>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_only_memories_pass() {
        let category = Filter { category: "a".to_owned(), ..Filter::default() };
        let public = Filter { public: Some(true), ..Filter::default() };
        for filter in [category, public] {
            assert!(filter.has(ItemKind::Memory));
            assert!(!filter.has(ItemKind::Note) && !filter.has(ItemKind::Event));
        }
        let private = Filter { public: Some(false), ..Filter::default() };
        assert!(private.has(ItemKind::Note) && private.has(ItemKind::Event));
    }

    #[test]
    fn origins_are_read_as_they_are_stored() {
        for origin in [Origin::Person, Origin::Conversation, Origin::App, Origin::Import] {
            assert_eq!(Origin::of(origin.name()), origin);
        }
        assert_eq!(Origin::of("other"), Origin::Person);
    }
}
