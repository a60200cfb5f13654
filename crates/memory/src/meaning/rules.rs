//! Comparison of vectors, and combination of semantic scores with keyword scores. No I/O.

use std::collections::HashMap;

use embedding::Quantized;
use search::{EntryId, Hit, Ranked};
use store::Ids;

use crate::passages;

/// Encodes a vector: the value of one as a float, and a byte for each dimension.
pub(super) fn to_bytes(vector: &[f32]) -> Vec<u8> {
    let Quantized { scale, values } = Quantized::new(vector);
    scale.to_le_bytes().into_iter().chain(values.into_iter().map(i8::cast_unsigned)).collect()
}

/// Decodes a vector.
pub(super) fn from_bytes(bytes: &[u8]) -> (f32, impl Iterator<Item = i8>) {
    let (scale, values) = bytes.split_first_chunk().unwrap_or((&[0; 4], &[]));
    (f32::from_le_bytes(*scale), values.iter().map(|byte| byte.cast_signed()))
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
    /// The dot product, the greatest one if the entry has several vectors.
    pub(super) score: f64,
    /// The passage with this dot product.
    pub(super) passage: usize,
}

/// Returns the similarity of each entry to a question. The vectors of an entry have to be adjacent.
pub(super) fn compare(
    entries: &[(EntryId, bool)],
    scales: &[f32],
    values: &[i8],
    question: &[f32],
    only_public: bool,
) -> Vec<Near> {
    if question.is_empty() || question.len() * scales.len() != values.len() {
        return Vec::new();
    }
    let scores = embedding::compare(&Quantized::new(question), values, scales);
    let all = entries.iter().zip(scores);
    let mut near: Vec<Near> = Vec::with_capacity(entries.len());
    let mut passage = 0;
    for ((entry, _), score) in all.filter(|((_, public), _)| *public || !only_public) {
        let score = f64::from(score);
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

/// The greatest weight of a keyword score if no entry has any of the question's rare words, in standard
/// deviations of the semantic scores; and how much more it is if one entry has all of them.
const LEAST_WEIGHT: f64 = 0.5;
const COVERED_WEIGHT: f64 = 4.0;

/// Combines keyword scores and semantic scores. Semantic scores are standardized over all entries that have
/// a vector. Keyword scores are relative to the best, with a weight that grows with the coverage of the
/// question: if no entry has its rare words, words are not sure, and meaning decides. Entries without a
/// keyword score are added if they are among the `added` most similar. The best come first; of equal ones,
/// the newest.
pub(super) fn fuse(words: &Ranked, near: &[Near], added: usize) -> Vec<Hit> {
    let meaning = Standard::of(near);
    let weight = LEAST_WEIGHT + COVERED_WEIGHT * words.coverage;
    let best = words.hits.iter().map(|hit| hit.score).fold(f64::EPSILON, f64::max);
    // An entry that has no vector yet counts as average.
    let mut fused: Vec<Hit> =
        words.hits.iter().map(|hit| Hit { score: weight * hit.score / best, ..*hit }).collect();
    let places: HashMap<EntryId, usize> =
        words.hits.iter().enumerate().map(|(at, hit)| (hit.entry, at)).collect();
    let mut others = Vec::with_capacity(near.len().saturating_sub(fused.len()));
    for near in near {
        let score = meaning.place(near.score);
        match places.get(&near.entry).and_then(|at| fused.get_mut(*at)) {
            Some(hit) => hit.score += score,
            // Vectors have no times. That of the id only orders equal scores.
            None => others.push(Hit { entry: near.entry, score, noted: Ids::time(near.entry) }),
        }
    }
    if added < others.len() {
        others.select_nth_unstable_by(added, best_first);
        others.truncate(added);
    }
    fused.extend(others);
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

/// The mean and the standard deviation of semantic scores.
struct Standard {
    mean: f64,
    spread: f64,
}

impl Standard {
    fn of(near: &[Near]) -> Self {
        let count = near.len().max(1) as f64;
        let mean = near.iter().map(|near| near.score).sum::<f64>() / count;
        let squares = near.iter().map(|near| (near.score - mean).powi(2)).sum::<f64>();
        Self { mean, spread: (squares / count).sqrt() }
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

    fn ids(hits: &[Hit]) -> Vec<i64> {
        hits.iter().map(|hit| hit.entry.0).collect()
    }

    fn words(hits: &[Hit], coverage: f64) -> Ranked {
        Ranked { hits: hits.to_vec(), coverage }
    }

    #[test]
    fn both_words_and_meaning_have_a_say() {
        let near = [near(1, 0.1), near(2, 0.2), near(3, 0.9), near(4, 0.1), near(5, 0.15)];
        assert_eq!(ids(&fuse(&Ranked::default(), &near, 2)), [3, 2]);
        assert_eq!(ids(&fuse(&words(&[hit(1, 5.0), hit(3, 4.0)], 0.5), &near, 1)), [3, 1, 2]);
        let fused = fuse(&words(&[hit(9, 8.0)], 1.0), &near, 0);
        assert_eq!(ids(&fused), [9], "one without a vector is still found");
        assert!(fused[0].score >= 0.0);
        assert!(fuse(&Ranked::default(), &[], 5).is_empty());
    }

    #[test]
    fn words_weigh_more_if_they_cover_the_question() {
        let near = [near(1, 0.1), near(2, 0.2), near(3, 0.9), near(4, 0.1), near(5, 0.15)];
        assert_eq!(ids(&fuse(&words(&[hit(1, 5.0)], 0.0), &near, 9))[0], 3);
        assert_eq!(ids(&fuse(&words(&[hit(1, 5.0)], 1.0), &near, 9))[0], 1);
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
        let near = compared(&[(1, true); 3], &made, &[0.0, 1.0], false);
        assert_eq!((near.len(), near[0].passage), (1, 1));
        assert!(in_their_places(vec![None, None]).is_empty());
    }

    fn compared(
        entries: &[(i64, bool)],
        vectors: &[Vec<f32>],
        question: &[f32],
        only_public: bool,
    ) -> Vec<Near> {
        let (mut scales, mut values) = (Vec::new(), Vec::new());
        for vector in vectors {
            let bytes = to_bytes(vector);
            let (scale, decoded) = from_bytes(&bytes);
            scales.push(scale);
            values.extend(decoded);
        }
        let entries: Vec<(EntryId, bool)> =
            entries.iter().map(|(entry, public)| (EntryId(*entry), *public)).collect();
        compare(&entries, &scales, &values, question, only_public)
    }

    #[test]
    fn vectors_are_compared() {
        let vectors = [[3.0, 0.0, 4.0], [0.0, 1.0, 0.0]].map(|one| normal(one.to_vec()).unwrap());
        let question = normal(vec![6.0, 0.0, 8.0]).unwrap();
        let near = compared(&[(1, true), (2, false)], &vectors, &question, false);
        assert!((near[0].score - 1.0).abs() < 1e-2 && near[1].score.abs() < 1e-2);
        let public = compared(&[(1, true), (2, false)], &vectors, &question, true);
        assert_eq!(public.iter().map(|near| near.entry.0).collect::<Vec<_>>(), [1]);
        assert!(compared(&[(1, true)], &vectors, &[1.0], false).is_empty(), "another size");
        let best = compared(&[(1, true), (1, true)], &vectors, &[0.0, 1.0, 0.0], false);
        assert_eq!((best.len(), best[0].passage), (1, 1), "the passage that fits best counts");
        let six = [vectors.clone(), vectors.clone(), vectors].concat();
        let entries = [(1, true), (2, false), (2, false), (3, true), (3, true), (3, true)];
        let best = compared(&entries, &six, &question, false);
        assert_eq!(best.iter().map(|near| near.passage).collect::<Vec<_>>(), [0, 1, 1]);
        assert_eq!(to_bytes(&[0.5, -1.0, 0.0]).len(), 7);
        assert_eq!(from_bytes(&to_bytes(&[0.5, -1.0, 0.0])).1.collect::<Vec<_>>(), [64, -127, 0]);
        assert_eq!(normal(vec![0.0; 3]), None);
        assert_eq!(normal(vec![f32::NAN]), None);
    }
}
