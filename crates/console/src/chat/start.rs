//! The page before the first message: what the assistant knows, and ways to begin.

use store::AccountId;
use web::{ApiError, Language, paging::Page as Rows};

use super::{texts::Texts, view::short};
use crate::{
    Console,
    texts::{fill, grouped},
};

/// Maximum length of a title in a suggestion, in characters.
const TITLE: usize = 24;

/// A way to begin.
pub(super) struct Suggestion {
    /// The message.
    pub(super) message: String,
    pub(super) about: &'static str,
}

/// The page before the first message.
pub(super) struct Start {
    pub(super) lead: String,
    pub(super) suggestions: Vec<Suggestion>,
}

/// Composes the page from the person's memories, notes and interests.
pub(super) async fn load(
    console: &Console,
    account: AccountId,
    language: Language,
) -> Result<Start, ApiError> {
    let t = Texts::of(language);
    // Chinese sentences stand without a space between them.
    let gap = if language == Language::Zh { "" } else { " " };
    let first = Rows { limit: 1, offset: 0 };
    let memories = console.memory.key_memories(account, "", first, false).await?;
    let notes = console.memory.search_notes(account, "", first).await?;
    let interests = console.memory.shades(account, false).await?;
    let mut lead = Vec::new();
    if memories.total > 0 {
        lead.push(fill(t.read_memories, grouped(memories.total)));
    }
    if notes.total > 0 {
        lead.push(fill(t.read_notes, grouped(notes.total)));
    }
    if lead.is_empty() {
        lead.push(t.read_nothing.to_owned());
    }
    let mut suggestions = vec![Suggestion { message: t.start_know.to_owned(), about: t.start_know_more }];
    let note = notes.list.first().filter(|note| !note.title.trim().is_empty());
    if let Some(note) = note {
        let message = fill(t.start_note, short(&note.title, TITLE));
        suggestions.push(Suggestion { message, about: t.start_note_more });
    }
    for interest in interests.iter().take(3 - suggestions.len()) {
        let message = fill(t.start_interest, short(&interest.body.shade_name, TITLE));
        suggestions.push(Suggestion { message, about: t.start_interest_more });
    }
    suggestions.push(Suggestion { message: t.start_plan.to_owned(), about: t.start_plan_more });
    Ok(Start { lead: lead.join(gap), suggestions })
}
