//! The entries around an entry in time, which say what it is about: "the blue one" means nothing without the
//! question before it.

use std::collections::{HashMap, HashSet};

use store::{Database, FromRow, InList, Param, Result, Tx};

use super::id::EntryId;
use super::index::Index;
use super::statements::MAX_NEIGHBORS;

/// Maximum number of characters of an entry's folded text that vectors are made of. If these characters have
/// changed meanwhile, the vectors are not stored.
pub const MAX_EMBEDDED: i64 = 32_000;

/// Maximum time between neighboring entries, in milliseconds.
const NEAR_MS: i64 = 3_600_000;

/// Selects the entries right before and after each of some entries. A value is NULL if there is no such entry
/// within [`NEAR_MS`].
///
/// The plus signs change nothing but that SQLite searches its index for both values. For values with a type
/// of a column it would search for the time alone, and read all entries of one moment, as an import makes
/// them.
static ADJACENT: InList = InList::new(3, MAX_NEIGHBORS, |entries| {
    let beside = |than: &str, order: &str| {
        format!(
            "(SELECT CASE WHEN ABS(other.noted_at - entry.noted_at) <= $3 THEN other.entry_id END \
             FROM search_entry AS other WHERE other.account_id = $1 AND other.kind = $2 \
             AND (other.noted_at, other.entry_id) {than} (+entry.noted_at, +entry.entry_id) \
             ORDER BY other.noted_at {order}, other.entry_id {order} LIMIT 1)"
        )
    };
    format!(
        "SELECT entry.entry_id, {}, {} FROM search_entry AS entry \
         WHERE entry.account_id = $1 AND entry.kind = $2 AND entry.entry_id IN ({entries})",
        beside("<", "DESC"),
        beside(">", "ASC"),
    )
});

static TEXTS: InList = InList::new(3, MAX_NEIGHBORS, |entries| {
    format!(
        "SELECT entry_id, is_public, SUBSTR(folded, 1, $3) FROM search_entry \
         WHERE account_id = $1 AND kind = $2 AND entry_id IN ({entries})"
    )
});

static MARKS: InList = InList::new(3, MAX_NEIGHBORS, |entries| {
    format!(
        "SELECT entry_id, context FROM search_vector \
         WHERE account_id = $1 AND kind = $2 AND model = $3 AND entry_id IN ({entries})"
    )
});

/// An entry beside another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The id of the entry.
    pub entry: EntryId,
    /// The part of its folded text that vectors are made of.
    pub text: String,
}

/// The entries right before and after an entry, if they are of the same conversation. A public entry has only
/// public ones: what ranks it for others must not depend on what they may not read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The entry before it.
    pub before: Option<Beside>,
    /// The entry after it.
    pub after: Option<Beside>,
}

impl Context {
    /// Returns a number that identifies the entries; 0 if there are none.
    pub(super) fn mark(&self) -> i64 {
        let id = |beside: &Option<Beside>| beside.as_ref().map_or(0, |beside| beside.entry.0);
        id(&self.before).wrapping_mul(1_000_003).wrapping_add(id(&self.after))
    }
}

/// The contexts of entries, and adjacent entries whose vectors were made with another context.
#[derive(Debug, Default)]
pub struct Around {
    /// The context of each entry.
    pub contexts: HashMap<EntryId, Context>,
    /// The ids and texts of adjacent entries with outdated vectors. They have a context, too.
    pub outdated: Vec<(EntryId, String)>,
}

/// An entry's id, and those of the entries before and after it.
type Adjacent = (EntryId, Option<EntryId>, Option<EntryId>);

impl Index {
    /// Returns the contexts of entries, and the adjacent entries whose vectors of the model are outdated.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn around(self, db: &Database, model: &str, entries: &[EntryId]) -> Result<Around> {
        let (model, entries) = (model.to_owned(), entries.to_vec());
        let read = db.read_heavy(move |tx| {
            Box::pin(async move {
                let adjacent = self.adjacent(tx, &entries).await?;
                let own: HashSet<EntryId> = entries.iter().copied().collect();
                let beside = adjacent.iter().flat_map(|(_, before, after)| [*before, *after]).flatten();
                let beside: HashSet<EntryId> = beside.filter(|entry| !own.contains(entry)).collect();
                let beside: Vec<EntryId> = beside.into_iter().collect();
                let marks: Vec<(EntryId, i64)> = self.of(tx, &MARKS, Param::Text(&model), &beside).await?;
                let contexts = self.contexts(tx, &[entries.as_slice(), &beside].concat()).await?;
                let is_outdated = |(entry, mark): &(EntryId, i64)| {
                    contexts.get(entry).is_some_and(|context| context.mark() != *mark)
                };
                let outdated: Vec<EntryId> =
                    marks.into_iter().filter(is_outdated).map(|(entry, _)| entry).collect();
                let texts = self.texts(tx, &outdated).await?;
                let outdated = texts.into_iter().map(|(entry, (_, text))| (entry, text)).collect();
                Ok(Around { contexts, outdated })
            })
        });
        read.await
    }

    /// Returns the contexts of entries. Those that are gone have none.
    pub(super) async fn contexts(
        self,
        tx: &Tx<'_>,
        entries: &[EntryId],
    ) -> Result<HashMap<EntryId, Context>> {
        let adjacent = self.adjacent(tx, entries).await?;
        let all = adjacent.iter().flat_map(|(entry, before, after)| [Some(*entry), *before, *after]);
        let all: HashSet<EntryId> = all.flatten().collect();
        let texts = self.texts(tx, &all.into_iter().collect::<Vec<_>>()).await?;
        let context = |(entry, before, after): Adjacent| {
            let is_public = texts.get(&entry).is_some_and(|(public, _)| *public);
            let beside = |id: Option<EntryId>| {
                let entry = id?;
                let (_, text) = texts.get(&entry).filter(|(public, _)| *public || !is_public)?;
                Some(Beside { entry, text: text.clone() })
            };
            (entry, Context { before: beside(before), after: beside(after) })
        };
        Ok(adjacent.into_iter().map(context).collect())
    }

    async fn adjacent(self, tx: &Tx<'_>, entries: &[EntryId]) -> Result<Vec<Adjacent>> {
        self.of(tx, &ADJACENT, Param::Int(NEAR_MS), entries).await
    }

    /// Returns, of entries, true if they are public, and the part of the folded text that vectors are made
    /// of.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn texts(self, tx: &Tx<'_>, entries: &[EntryId]) -> Result<HashMap<EntryId, (bool, String)>> {
        let rows: Vec<(EntryId, bool, String)> =
            self.of(tx, &TEXTS, Param::Int(MAX_EMBEDDED), entries).await?;
        Ok(rows.into_iter().map(|(entry, public, text)| (entry, (public, text))).collect())
    }

    /// Returns the rows that a statement has for some entries.
    async fn of<R: FromRow>(
        self,
        tx: &Tx<'_>,
        statement: &'static InList,
        third: Param<'_>,
        entries: &[EntryId],
    ) -> Result<Vec<R>> {
        tx.fetch_in(statement, &[Param::from(self.account), Param::Int(self.kind), third], entries).await
    }
}
