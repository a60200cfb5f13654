//! Vectors in memory. Those of a person and a kind are cached, and updated with the changes since.

use std::{collections::HashSet, sync::Arc};

use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync::Cache, sync::DefaultLifecycle};
use search::{EntryId, EntryVectors, Index, VectorState};
use store::Database;

use super::rules::{self, Near};

/// Estimated number of indexes in the cache. It may hold more or fewer.
const EXPECTED: usize = 1000;

/// Bytes before those of a vector's dimensions.
const HEAD: usize = 4;
/// Bytes of an entry in memory, beside those of its dimensions.
const ENTRY: usize = 20;

/// One person's vectors of a kind, at a version.
#[derive(Debug, Clone, Default)]
pub(super) struct Vectors {
    version: i64,
    /// The entry of each vector, and true if it is public.
    entries: Vec<(EntryId, bool)>,
    /// The value of one in each vector.
    scales: Vec<f32>,
    /// The vectors, one after the other.
    values: Vec<i8>,
    dimensions: usize,
}

impl Vectors {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the similarity of each entry to a question. Empty if the model has changed its dimensions.
    pub(super) fn compare(&self, question: &[f32], only_public: bool) -> Vec<Near> {
        rules::compare(&self.entries, &self.scales, &self.values, question, only_public)
    }

    /// Adds the vectors of entries while there are at most `most`. Returns false if their dimensions differ
    /// from those before.
    fn add(&mut self, rows: Vec<EntryVectors>, most: usize) -> bool {
        // The model cannot embed some texts.
        for row in rows.into_iter().filter(|row| row.parts > 0) {
            let dimensions = dimensions(&row);
            if self.dimensions == 0 {
                self.dimensions = dimensions;
            }
            if dimensions != self.dimensions {
                return false;
            }
            let parts = usize::try_from(row.parts).unwrap_or(0);
            if self.entries.len() + parts > most {
                break;
            }
            self.entries.extend(std::iter::repeat_n((row.entry, row.public), parts));
            for vector in row.vectors.chunks_exact(HEAD + dimensions) {
                let (scale, values) = rules::from_bytes(vector);
                self.scales.push(scale);
                self.values.extend(values);
            }
        }
        true
    }

    /// Returns the vectors without those of some entries.
    fn without(&self, entries: &HashSet<EntryId>) -> Self {
        if !self.entries.iter().any(|(entry, _)| entries.contains(entry)) {
            return self.clone();
        }
        let mut rest = Self { version: self.version, dimensions: self.dimensions, ..Self::default() };
        let vectors = self.values.chunks_exact(self.dimensions.max(1));
        for ((entry, scale), vector) in self.entries.iter().zip(&self.scales).zip(vectors) {
            if !entries.contains(&entry.0) {
                rest.entries.push(*entry);
                rest.scales.push(*scale);
                rest.values.extend_from_slice(vector);
            }
        }
        rest
    }

    fn bytes(&self) -> u64 {
        (self.values.len() + self.entries.len() * ENTRY + 64) as u64
    }
}

/// Returns the dimensions of an entry's vectors; 0 if there are none.
fn dimensions(row: &EntryVectors) -> usize {
    usize::try_from(row.parts)
        .ok()
        .filter(|parts| *parts > 0)
        .map_or(0, |parts| (row.vectors.len() / parts).saturating_sub(HEAD))
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Index, Arc<Vectors>> for Bytes {
    fn weight(&self, _: &Index, vectors: &Arc<Vectors>) -> u64 {
        vectors.bytes()
    }
}

/// The cache of vectors.
pub(super) struct VectorCache {
    cache: Cache<Index, Arc<Vectors>, Bytes>,
    /// Maximum number of bytes of one index.
    share: u64,
}

impl VectorCache {
    pub(super) fn new(bytes: u64) -> Self {
        // One shard, because a shard holds nothing larger than itself.
        let options =
            OptionsBuilder::new().shards(1).estimated_items_capacity(EXPECTED).weight_capacity(bytes).build();
        let cache = match options {
            Ok(options) => Cache::with_options(
                options,
                Bytes,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            Err(_never_with_these) => Cache::with_weighter(EXPECTED, bytes, Bytes),
        };
        Self { cache, share: bytes / 2 }
    }

    /// Returns the vectors that a model has made of the newest entries. Reads one row if nothing has changed,
    /// and only the added vectors if none was removed.
    pub(super) async fn of(&self, db: &Database, index: Index, model: &str) -> Result<Arc<Vectors>, String> {
        let failed = |error: store::Error| error.to_string();
        let state = index.vector_state(db).await.map_err(failed)?;
        let known = self.cache.get(&index);
        if let Some(known) = known.as_ref().filter(|known| known.version == state.version) {
            return Ok(Arc::clone(known));
        }
        let added = match known.filter(|known| known.version >= state.removed) {
            Some(known) => self.added(db, index, model, &known, state).await.map_err(failed)?,
            None => None,
        };
        let vectors = match added {
            Some(vectors) => vectors,
            None => self.all(db, index, model, state).await.map_err(failed)?,
        };
        let vectors = Arc::new(vectors);
        self.cache.insert(index, Arc::clone(&vectors));
        Ok(vectors)
    }

    /// Returns the known vectors with those added since. `None` if these do not fit, or are too many.
    async fn added(
        &self,
        db: &Database,
        index: Index,
        model: &str,
        known: &Vectors,
        state: VectorState,
    ) -> store::Result<Option<Vectors>> {
        let most = self.most(known.dimensions);
        let room = most.saturating_sub(known.entries.len());
        let limit = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
        let rows = index.vectors(db, model, (known.version, state.version), limit).await?;
        let new: i64 = rows.iter().map(|row| row.parts).sum();
        if known.dimensions == 0 || usize::try_from(new).is_ok_and(|new| new > room) {
            return Ok(None);
        }
        // The vectors of an entry are made again if the entries around it change.
        let changed: HashSet<EntryId> = rows.iter().map(|row| row.entry).collect();
        let mut vectors = Vectors { version: state.version, ..known.without(&changed) };
        Ok(vectors.add(rows, most).then_some(vectors))
    }

    async fn all(
        &self,
        db: &Database,
        index: Index,
        model: &str,
        state: VectorState,
    ) -> store::Result<Vectors> {
        let changes = (0, state.version);
        let mut vectors = Vectors { version: state.version, ..Vectors::default() };
        let first = index.vectors(db, model, changes, 1).await?;
        let Some(first) = first.first() else { return Ok(vectors) };
        let most = self.most(dimensions(first));
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let mut rows = index.vectors(db, model, changes, limit).await?;
        // If a model has changed its dimensions without changing its name, the newest vectors are right.
        let size = rows.iter().map(dimensions).find(|size| *size > 0).unwrap_or(0);
        rows.retain(|row| dimensions(row) == size);
        vectors.add(rows, most);
        Ok(vectors)
    }

    /// Returns the maximum number of vectors of one index in memory.
    fn most(&self, dimensions: usize) -> usize {
        let each = u64::try_from(dimensions + ENTRY).unwrap_or(u64::MAX);
        usize::try_from(self.share / each).unwrap_or(usize::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(entry: i64, vectors: &[&[f32]]) -> EntryVectors {
        let parts = i64::try_from(vectors.len()).unwrap();
        let bytes = vectors.iter().flat_map(|vector| rules::to_bytes(vector)).collect();
        EntryVectors { entry: EntryId(entry), public: true, parts, vectors: bytes }
    }

    #[test]
    fn vectors_of_one_size_are_kept_one_after_the_other() {
        let mut vectors = Vectors::default();
        assert!(vectors.add(vec![row(3, &[&[1.0, 0.0]]), row(2, &[]), row(1, &[&[0.0, 1.0]])], 10));
        assert_eq!((vectors.entries.len(), vectors.values.len(), vectors.dimensions), (2, 4, 2));
        let near = vectors.compare(&[1.0, 0.0], false);
        assert_eq!(near.iter().map(|hit| hit.entry.0).collect::<Vec<_>>(), [3, 1]);
        assert!((near[0].score - 1.0).abs() < 1e-6 && near[1].score.abs() < 1e-6);
        assert!(vectors.compare(&[1.0], false).is_empty());
        assert!(!vectors.add(vec![row(4, &[&[1.0]])], 10), "another size");
        let two = [[0.6, 0.8].as_slice(), &[1.0, 0.0]];
        assert!(vectors.add(vec![row(5, &two), row(6, &two)], 4));
        let held: Vec<i64> = vectors.entries.iter().map(|(entry, _)| entry.0).collect();
        assert_eq!(held, [3, 1, 5, 5], "no more than fit");
        let rest = vectors.without(&HashSet::from([1, 5, 7].map(EntryId)));
        assert_eq!(
            (rest.entries, rest.values, rest.scales.len()),
            (vec![(EntryId(3), true)], vec![127, 0], 1)
        );
    }

    #[test]
    fn half_of_the_cache_is_taken_by_one_person() {
        let kept = VectorCache::new(1 << 20);
        let values = vec![1; kept.most(64) * 64];
        let entries: Vec<(EntryId, bool)> =
            (0..).zip(values.chunks(64)).map(|(entry, _)| (EntryId(entry), true)).collect();
        let scales = vec![1.0; entries.len()];
        let vectors = Arc::new(Vectors { version: 1, entries, scales, values, dimensions: 64 });
        assert!(vectors.bytes() > 500_000);
        kept.cache.insert(Index::new(store::AccountId(1), 1), vectors);
        assert!(kept.cache.get(&Index::new(store::AccountId(1), 1)).is_some());
    }
}
