//! The texts of recalled profiles, interests and memories; passages; the budget. No I/O.

use identity::Account;
use search::{EntryId, Hit, Scorer};
use store::{Timestamp, Zone};

use super::{
    model::{Access, Reader, Recall, Recalled, Source},
    tokens,
};
use crate::{
    key::{KeyMemory, rules::ACTOR},
    note::Note,
    passages,
    profile::Profile,
    shade::{Confidence, Shade},
};

/// Number of characters after which a passage ends at the next end of a sentence or paragraph.
const PASSAGE: usize = 240;
/// Maximum number of characters of a passage.
const MAX_PASSAGE: usize = 480;
/// Maximum number of passages of one note.
const PASSAGES: usize = 2;
/// Number of interests that are included even if they are not relevant.
const SHADES_ANYWAY: usize = 5;

/// Fills a budget, most important items first. An item that does not fit is left out; smaller ones after it
/// may still fit.
pub(super) struct Budget {
    left: usize,
    recall: Recall,
}

impl Budget {
    pub(super) fn new(tokens: usize, zone: Option<Zone>) -> Self {
        Self { left: tokens, recall: Recall { zone, ..Recall::default() } }
    }

    pub(super) const fn left(&self) -> usize {
        self.left
    }

    /// Returns true if an item is included already.
    pub(super) fn has(&self, source: Source) -> bool {
        self.recall.items.iter().any(|item| item.source == source)
    }

    pub(super) fn add(&mut self, item: Recalled) {
        if item.text.is_empty() || item.tokens > self.left {
            return;
        }
        self.left -= item.tokens;
        self.recall.tokens += item.tokens;
        self.recall.items.push(item);
    }

    pub(super) fn finish(self) -> Recall {
        self.recall
    }
}

fn recalled(source: Source, text: String, time: Timestamp, score: f64) -> Recalled {
    Recalled { source, tokens: tokens(&text), text, time, until: None, score }
}

fn lines<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n")
}

/// Returns the profile: name, bio and self-introduction. If not all of it fits, the last parts are left out.
pub(super) fn profile(account: &Account, profile: &Profile, room: usize, now: Timestamp) -> Recalled {
    let parts = [account.name.as_str(), &profile.bio, &profile.self_introduction];
    let fitting = (1..=parts.len()).rev().map(|count| lines(parts.iter().take(count).copied()));
    let text = fitting.into_iter().find(|text| tokens(text) <= room).unwrap_or_default();
    recalled(Source::Profile(account.id), text, now, 0.0)
}

/// Returns the relevant interests, best first, then some of the others, those with the greatest confidence
/// first.
pub(super) fn shades(shades: &[Shade], asked: &mut Scorer, reader: Reader, now: Timestamp) -> Vec<Recalled> {
    let texts: Vec<String> = shades.iter().map(|shade| shade_text(shade, reader)).collect();
    let scores = asked.scores(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let mut ranked: Vec<(f64, u8, &Shade, String)> = shades
        .iter()
        .zip(texts)
        .zip(scores)
        .map(|((shade, text), score)| (score, doubt(shade, reader), shade, text))
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let found = ranked.iter().filter(|(score, ..)| *score > 0.0).count();
    let told = ranked.into_iter().take(found.max(SHADES_ANYWAY));
    told.map(|(score, _, shade, text)| recalled(Source::Shade(shade.id), text, now, score)).collect()
}

fn shade_text(shade: &Shade, reader: Reader) -> String {
    let body = &shade.body;
    match reader.shades {
        Access::All => {
            let content = if body.shade_content.is_empty() {
                &body.shade_content_third_view
            } else {
                &body.shade_content
            };
            lines([body.shade_name.as_str(), &body.shade_description, content])
        }
        Access::Public | Access::Nothing => lines([
            body.shade_name_public.as_str(),
            &body.shade_description_public,
            &body.shade_content_public,
        ]),
    }
}

const fn doubt(shade: &Shade, reader: Reader) -> u8 {
    let confidence = match reader.shades {
        Access::All => shade.body.confidence_level,
        Access::Public | Access::Nothing => shade.body.confidence_level_public,
    };
    match confidence {
        Confidence::VeryHigh => 0,
        Confidence::High => 1,
        Confidence::Medium => 2,
        Confidence::Low => 3,
        Confidence::VeryLow => 4,
    }
}

/// Returns a key memory, or the most relevant passage of a long one.
pub(super) fn key_memory(memory: KeyMemory, asked: &mut Scorer, score: f64, now: Timestamp) -> Recalled {
    let best = best_passages(&memory.fact_content, asked).into_iter().next();
    let content = best.map_or_else(String::new, |(passage, _)| passage.to_owned());
    let actor = if memory.fact_actor == ACTOR { "" } else { memory.fact_actor.as_str() };
    let parts = [actor, &memory.fact_object, &content].into_iter().filter(|part| !part.is_empty());
    let text = parts.collect::<Vec<_>>().join(": ");
    let until = memory.valid_until.filter(|_| memory.is_over(now));
    Recalled { until, ..recalled(Source::KeyMemory(memory.id), text, memory.create_time, score) }
}

/// Returns the most relevant passages of a note, each under the note's title. The note's score is shared: a
/// passage half as relevant as the best one gets half of it. `meant` is the passage that is most similar in
/// meaning. It decides if no passage has a word of the text.
pub(super) fn note(note: &Note, asked: &mut Scorer, meant: Option<&str>, score: f64) -> Vec<Recalled> {
    let fit = |ranked: &[(&str, f64)]| ranked.first().map_or(0.0, |(_, fit)| *fit);
    let mut ranked = best_passages(&note.content, asked);
    if let Some(meant) = meant.filter(|_| fit(&ranked) <= 0.0) {
        ranked = best_passages(&note.content, &mut Scorer::new(meant));
    }
    let best = fit(&ranked);
    let links = note.urls.join("\n");
    if ranked.is_empty() {
        let text = lines([note.title.as_str(), &links]);
        return vec![recalled(Source::Note(note.id), text, note.created_at, score)];
    }
    let share = |fit: f64| if best > 0.0 { fit / best } else { 1.0 };
    let told = ranked.into_iter().take(PASSAGES).filter(|(_, fit)| share(*fit) > 0.0);
    // If no passage is relevant (the note was found by its title, or by its meaning as a whole), its
    // beginning is included, once.
    let told = told.take(if best > 0.0 { PASSAGES } else { 1 });
    told.map(|(passage, fit)| {
        let text = lines([note.title.as_str(), passage]);
        recalled(Source::Note(note.id), text, note.created_at, score * share(fit))
    })
    .collect()
}

/// Returns the passages of a text with their relevance, the most relevant first. Of equal ones, the earlier
/// is first.
fn best_passages<'t>(text: &'t str, asked: &mut Scorer) -> Vec<(&'t str, f64)> {
    let cut = passages::cut(text, PASSAGE, MAX_PASSAGE);
    if cut.len() < 2 {
        return cut.into_iter().map(|passage| (passage, 0.0)).collect();
    }
    let fits = asked.scores(&cut);
    let mut ranked: Vec<(&str, f64)> = cut.into_iter().zip(fits).collect();
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked
}

/// Sorts by score, best first. Equal ones keep their order.
pub(super) fn by_score(items: &mut [Recalled]) {
    items.sort_by(|a, b| b.score.total_cmp(&a.score));
}

/// Returns the score of an entry among the hits.
pub(super) fn score_of(hits: &[Hit], entry: impl Into<EntryId>) -> f64 {
    let entry = entry.into();
    hits.iter().find(|hit| hit.entry == entry).map_or(0.0, |hit| hit.score)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoteId;

    #[test]
    fn what_does_not_fit_is_left_out_and_smaller_things_still_fit() {
        let mut budget = Budget::new(10, None);
        for (id, text) in [(1, "x".repeat(20)), (2, "y".repeat(60)), (3, "z".repeat(20)), (4, String::new())]
        {
            budget.add(recalled(Source::Note(NoteId(id)), text, Timestamp(0), 0.0));
        }
        let recall = budget.finish();
        assert_eq!(recall.tokens, 10);
        assert_eq!(recall.items.iter().map(|item| item.source.number()).collect::<Vec<_>>(), [1, 3]);
    }
}
