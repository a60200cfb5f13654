//! Comparison of vectors, and combination of semantic scores with keyword scores. No I/O.

use std::collections::HashMap;

use search::{EntryId, Hit};

use store::Ids;

use crate::passages;

pub(super) fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub(super) fn from_bytes(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

/// Scales a vector to length 1. Returns `None` if it has no direction.
pub(super) fn normal(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    if !length.is_finite() || length <= f64::EPSILON {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "between -1 and 1")]
    vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    Some(vector)
}

/// Number of characters after which a passage ends at the next end of a sentence or paragraph.
const PASSAGE: usize = 500;
/// Maximum number of characters of a passage. A text no longer than this is one passage.
const MAX_PASSAGE: usize = 1000;

/// Cuts a text into the passages that get a vector each. There is at least one.
pub(super) fn passages(text: &str) -> Vec<&str> {
    let is_long = text.chars().nth(MAX_PASSAGE).is_some();
    let cut = if is_long { passages::cut(text, PASSAGE, MAX_PASSAGE) } else { Vec::new() };
    if cut.is_empty() { vec![text] } else { cut }
}

/// Returns the vectors of an entry's passages, in the order of the passages. A passage that the model cannot
/// embed has a vector of zeros. Empty if it cannot embed any of them.
pub(super) fn in_their_places(made: Vec<Option<Vec<f32>>>) -> Vec<Vec<f32>> {
    let Some(size) = made.iter().flatten().map(Vec::len).next() else { return Vec::new() };
    made.into_iter().map(|vector| vector.unwrap_or_else(|| vec![0.0; size])).collect()
}

/// The similarity of an entry to a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Near {
    pub(super) entry: EntryId,
    /// The cosine, the greatest one if the entry has several vectors.
    pub(super) score: f64,
    /// The passage with this cosine.
    pub(super) passage: usize,
}

/// Returns the similarity of each entry to a question. The vectors of an entry have to be adjacent.
pub(super) fn compare(
    entries: &[(EntryId, bool)],
    values: &[f32],
    dimensions: usize,
    question: &[f32],
    only_public: bool,
) -> Vec<Near> {
    if question.len() != dimensions || dimensions == 0 {
        return Vec::new();
    }
    let all = entries.iter().zip(values.chunks_exact(dimensions));
    let mut near: Vec<Near> = Vec::with_capacity(entries.len());
    let mut passage = 0;
    for ((entry, _), vector) in all.filter(|((_, public), _)| *public || !only_public) {
        let score = f64::from(dot(vector, question));
        match near.last_mut().filter(|last| last.entry == *entry) {
            Some(last) => {
                passage += 1;
                if score > last.score {
                    *last = Near { entry: *entry, score, passage };
                }
            }
            None => {
                passage = 0;
                near.push(Near { entry: *entry, score, passage });
            }
        }
    }
    near
}

/// Returns the dot product. Eight sums at a time let the compiler use vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0_f32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Combines keyword scores and cosines. Each is standardized over all entries that have a vector, and both
/// are added. Entries without a keyword score are added if they are among the `added` most similar. The best
/// come first; of equal ones, the newest.
pub(super) fn fuse(words: &[Hit], near: &[Near], added: usize) -> Vec<Hit> {
    // Vectors have no times. That of the id only orders equal scores.
    let hit = |near: &Near| Hit { entry: near.entry, score: near.score, noted: Ids::time(near.entry) };
    let mut near: Vec<Hit> = near.iter().map(hit).collect();
    let by_words: HashMap<EntryId, Hit> = words.iter().map(|hit| (hit.entry, *hit)).collect();
    let all = near.len().max(words.len());
    let words_like = Standard::of(words.iter().map(|hit| hit.score), all);
    let near_like = Standard::of(near.iter().map(|hit| hit.score), near.len());
    near.sort_unstable_by(best_first);
    let by_meaning: HashMap<EntryId, f64> = near.iter().map(|hit| (hit.entry, hit.score)).collect();
    let nearest = near.iter().take(added).filter(|hit| !by_words.contains_key(&hit.entry));
    let mut fused: Vec<Hit> = words
        .iter()
        .chain(nearest)
        .map(|hit| {
            let words = words_like.place(by_words.get(&hit.entry).map_or(0.0, |hit| hit.score));
            // An entry that has no vector yet counts as average.
            let meaning = by_meaning.get(&hit.entry).map_or(0.0, |score| near_like.place(*score));
            Hit { score: words + meaning, ..*hit }
        })
        .collect();
    fused.sort_unstable_by(best_first);
    // The scores are compared with scores of other kinds, where 0 means nothing and negative ones do not
    // occur.
    let least = fused.last().map_or(0.0, |hit| hit.score).min(0.0);
    fused.iter_mut().for_each(|hit| hit.score -= least);
    fused
}

fn best_first(a: &Hit, b: &Hit) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(b.noted.cmp(&a.noted)).then(b.entry.cmp(&a.entry))
}

/// The mean and the standard deviation of scores. Entries without a score count as 0.
struct Standard {
    mean: f64,
    spread: f64,
}

impl Standard {
    fn of(scores: impl Iterator<Item = f64>, all: usize) -> Self {
        let (sum, squares) =
            scores.fold((0.0, 0.0), |(sum, squares), score| (sum + score, squares + score * score));
        let all = all.max(1) as f64;
        let mean = sum / all;
        Self { mean, spread: (squares / all - mean * mean).max(0.0).sqrt() }
    }

    fn place(&self, score: f64) -> f64 {
        if self.spread > f64::EPSILON { (score - self.mean) / self.spread } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(entry: i64, score: f64) -> Hit {
        Hit { entry: EntryId(entry), score, noted: Ids::time(entry) }
    }

    fn near(entry: i64, score: f64) -> Near {
        Near { entry: EntryId(entry), score, passage: 0 }
    }

    fn entries<const N: usize>(of: [(i64, bool); N]) -> [(EntryId, bool); N] {
        of.map(|(entry, public)| (EntryId(entry), public))
    }

    fn ids(hits: &[Hit]) -> Vec<i64> {
        hits.iter().map(|hit| hit.entry.0).collect()
    }

    #[test]
    fn both_words_and_meaning_have_a_say() {
        let near = [near(1, 0.1), near(2, 0.2), near(3, 0.9), near(4, 0.1), near(5, 0.15)];
        assert_eq!(ids(&fuse(&[], &near, 2)), [3, 2]);
        assert_eq!(ids(&fuse(&[hit(1, 5.0), hit(3, 4.0)], &near, 1)), [3, 1]);
        let fused = fuse(&[hit(9, 8.0)], &near, 0);
        assert_eq!(ids(&fused), [9], "one without a vector is still found");
        assert!(fused[0].score >= 0.0);
        assert!(fuse(&[], &[], 5).is_empty());
    }

    #[test]
    fn a_long_text_has_several_passages() {
        assert_eq!(passages(""), [""]);
        assert_eq!(passages(&"字".repeat(1000)).len(), 1);
        let long = "一句话。".repeat(3000);
        let passages = passages(&long);
        assert_eq!(passages.len(), 24);
        assert!(passages.iter().all(|passage| passage.ends_with('。')));
        assert_eq!(super::passages(&" ".repeat(5000)).len(), 1);
    }

    #[test]
    fn a_passage_without_a_vector_keeps_its_place() {
        let made = in_their_places(vec![None, Some(vec![0.0, 1.0]), None]);
        assert_eq!(made, [[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]);
        let near = compare(&entries([(1, true); 3]), &made.concat(), 2, &[0.0, 1.0], false);
        assert_eq!(near, [Near { entry: EntryId(1), score: 1.0, passage: 1 }]);
        assert!(in_their_places(vec![None, None]).is_empty());
    }

    #[test]
    fn vectors_are_compared_by_direction() {
        let vectors: Vec<f32> = [[3.0, 0.0, 4.0], [0.0, 1.0, 0.0]].concat();
        let vectors: Vec<f32> = vectors.chunks(3).flat_map(|one| normal(one.to_vec()).unwrap()).collect();
        let question = normal(vec![6.0, 0.0, 8.0]).unwrap();
        let near = compare(&entries([(1, true), (2, false)]), &vectors, 3, &question, false);
        assert!((near[0].score - 1.0).abs() < 1e-6 && near[1].score.abs() < 1e-6);
        let public = compare(&entries([(1, true), (2, false)]), &vectors, 3, &question, true);
        assert_eq!(public.iter().map(|near| near.entry.0).collect::<Vec<_>>(), [1]);
        assert!(compare(&entries([(1, true)]), &vectors, 3, &[1.0], false).is_empty(), "another size");
        let best = compare(&entries([(1, true), (1, true)]), &vectors, 3, &[0.0, 1.0, 0.0], false);
        assert_eq!(
            best,
            [Near { entry: EntryId(1), score: 1.0, passage: 1 }],
            "the passage that fits best counts"
        );
        let six = [&vectors[..], &vectors, &vectors].concat();
        let entries = entries([(1, true), (2, false), (2, false), (3, true), (3, true), (3, true)]);
        let best = compare(&entries, &six, 3, &question, false);
        assert_eq!(best.iter().map(|near| near.passage).collect::<Vec<_>>(), [0, 1, 1]);
        assert_eq!(from_bytes(&to_bytes(&question)).collect::<Vec<_>>(), question);
        assert_eq!(normal(vec![0.0; 3]), None);
        assert_eq!(normal(vec![f32::NAN]), None);
        let long: Vec<f32> = (0..19).map(|n| n as f32).collect();
        assert!((dot(&long, &long) - 2109.0).abs() < 0.01);
    }
}
