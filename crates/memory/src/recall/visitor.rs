//! Recall for visitors: what is public, and the notes that the owner chose for them.

use futures::future;
use identity::Account;
use search::{EntryId, Scorer};
use store::AccountId;
use web::ApiError;

use super::{
    end_of,
    model::{Access, Reader, Recall},
    rules,
};
use crate::{Memory, NoteId, note};

/// Maximum number of notes that may be chosen for visitors.
pub const MAX_CHOSEN: usize = 50;

/// The entries of a person that visitors may learn of, as the person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openness {
    /// True if public key memories are told.
    pub memories: bool,
    /// True if the public side of interests is told.
    pub interests: bool,
    /// The notes that are told, at most [`MAX_CHOSEN`].
    pub notes: Vec<NoteId>,
}

impl Openness {
    /// Returns the permissions of a visitor. They include nothing private, and no notes: the chosen ones are
    /// read by their ids.
    const fn reader(&self) -> Reader {
        const fn public(is_open: bool) -> Access {
            if is_open { Access::Public } else { Access::Nothing }
        }
        Reader { shades: public(self.interests), memories: public(self.memories), ..Reader::PUBLIC }
    }
}

impl Memory {
    /// Returns the account of a person, and what their assistant may tell a visitor who says `text`: at most
    /// `budget` [tokens](super::tokens), of which the chosen notes take at most half.
    ///
    /// Private entries are neither searched nor included, whatever the text says.
    ///
    /// # Errors
    /// If the store fails, or if the account has just been deleted.
    pub async fn recall_for_visitor(
        &self,
        owner: AccountId,
        open: &Openness,
        text: &str,
        budget: usize,
    ) -> Result<(Account, Recall), ApiError> {
        let known = self.recall_with_account(owner, open.reader(), text, budget - budget / 2);
        let chosen = self.chosen_notes(owner, &open.notes, end_of(text), budget / 2);
        let ((account, mut recall), notes) = future::try_join(known, chosen).await?;
        recall.tokens += notes.tokens;
        recall.items.extend(notes.items);
        Ok((account, recall))
    }

    /// Returns the relevant passages of some notes, and the beginnings of the others if there is room.
    async fn chosen_notes(
        &self,
        owner: AccountId,
        ids: &[NoteId],
        asked: &str,
        budget: usize,
    ) -> Result<Recall, ApiError> {
        let ids: Vec<EntryId> = ids.iter().take(MAX_CHOSEN).map(|id| (*id).into()).collect();
        if ids.is_empty() {
            return Ok(Recall::default());
        }
        let asked = asked.to_owned();
        let read = self.db().read_heavy(move |tx| {
            Box::pin(async move {
                let notes = note::of_ids(tx, owner, &ids).await?;
                let mut scorer = Scorer::new(&asked);
                let indexed =
                    notes.iter().map(|note| note::rules::indexed(&note.title, &note.content, &note.urls));
                let texts: Vec<String> = indexed.collect();
                let scores = scorer.scores(&texts.iter().map(String::as_str).collect::<Vec<_>>());
                let mut found = Vec::new();
                for (note, score) in notes.iter().zip(scores) {
                    found.extend(rules::note(note, &mut scorer, None, score));
                }
                rules::by_score(&mut found);
                let mut told = rules::Budget::new(budget, None);
                found.into_iter().for_each(|item| told.add(item));
                Ok::<_, ApiError>(told.finish())
            })
        });
        read.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visitors_never_have_more_than_the_public() {
        for (memories, interests) in [(false, false), (true, false), (false, true), (true, true)] {
            let reader = Openness { memories, interests, notes: vec![NoteId(1)] }.reader();
            assert_eq!(Reader::PUBLIC.lacks(reader), None, "{reader:?}");
            assert!(!reader.notes && reader.memories < Access::All && reader.shades < Access::All);
        }
    }
}
