//! The conversation in which a fact was stated.

use memory::MessageId;
use store::{AccountId, params};
use web::ApiError;

use crate::Chat;

/// Selects the person's own conversation with a message. Those of apps have no page.
const CONVERSATION: &str = "SELECT s.id FROM chat_message m JOIN chat_session s ON s.key = m.session_key \
     WHERE m.id = $1 AND s.account_id = $2 AND s.client = '' AND s.hidden_at = 0";

impl Chat {
    /// Returns the id of the person's conversation that has a message. `None` if there is none, or if it is
    /// another person's or an app's.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn conversation_of(
        &self,
        account: AccountId,
        message: MessageId,
    ) -> Result<Option<String>, ApiError> {
        let found: Option<(String,)> =
            self.db().fetch_optional(CONVERSATION, params![message, account]).await?;
        Ok(found.map(|(id,)| id))
    }
}
