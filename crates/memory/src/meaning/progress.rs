//! The progress of the embedding of a person's entries.

use identity::Account;
use search::Index;
use web::ApiError;

use crate::{Memory, key, note};

/// The number of a person's entries, and of those that have vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries with vectors of the current model.
    pub made: i64,
    /// All entries.
    pub entries: i64,
}

impl Memory {
    /// Returns how many of a person's key memories and notes have vectors. `None` if no model is configured.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn embedding_progress(&self, account: &Account) -> Result<Option<Progress>, ApiError> {
        let Some(meaning) = self.meaning() else { return Ok(None) };
        let mut progress = Progress::default();
        for kind in [key::KIND, note::KIND] {
            let (made, entries) = Index::new(account.id, kind).embedded(self.db(), &meaning.key).await?;
            progress.made += made.min(entries);
            progress.entries += entries;
        }
        Ok(Some(progress))
    }
}
