//! The review inbox, as far as it concerns agents: what the person accepts carries the name of the agent.

use identity::Account;
use memory::{
    ReviewId,
    review::{CONVERSATION, DREAM, IMPORT, ReviewEdit, ReviewKind},
};
use web::ApiError;

use crate::{Agents, entry::Entry};

impl Agents {
    /// Does what an agent proposed, with the changes of the person. Returns `None` if the memory that was
    /// to be changed or deleted is gone.
    ///
    /// # Errors
    /// Those of [`memory::Memory::accept`].
    pub async fn accept(
        &self,
        account: &Account,
        id: ReviewId,
        edit: ReviewEdit,
    ) -> Result<Option<()>, ApiError> {
        let Some(accepted) = self.memory().accept(account.id, id, edit).await? else { return Ok(None) };
        // What no agent wrote needs no author.
        let is_own = [CONVERSATION, DREAM, IMPORT].contains(&accepted.client.as_str());
        let Some(entry) = accepted.entry.filter(|_| !is_own).map(Entry::from) else { return Ok(Some(())) };
        let by = (accepted.client, accepted.client_name);
        match accepted.kind {
            ReviewKind::Memory | ReviewKind::Note if accepted.is_new => {
                self.save_author_of(account.id, entry, &by, "added").await?;
            }
            ReviewKind::Memory | ReviewKind::Note => {}
            ReviewKind::Change => self.save_author_of(account.id, entry, &by, "changed").await?,
            ReviewKind::Delete => self.forget_author(account.id, entry).await?,
            ReviewKind::About => {}
        }
        Ok(Some(()))
    }
}
