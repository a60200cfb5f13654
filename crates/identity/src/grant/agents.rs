//! Agents: apps that use a person's memory at `/mcp`, as the person sees and changes them.

use store::{AccountId, Timestamp, from_row, params};
use web::{ApiError, Code};

use super::{Standing, queries, rules};
use crate::{AuditAction, AuthorizationId, Identity, ScopeSet, account::announce, application::client_id};

/// An agent that a person has connected.
#[derive(Debug, Clone)]
pub struct ConnectedAgent {
    /// The id of the authorization.
    pub id: AuthorizationId,
    /// The id of the app (`client_id`).
    pub application: String,
    /// The name of the app.
    pub name: String,
    /// True if the app registered itself or is described by a document.
    pub is_self_registered: bool,
    /// The scopes that the person granted.
    pub scopes: ScopeSet,
    /// All scopes that the person was asked about.
    pub asked: ScopeSet,
    /// The time of the first consent.
    pub created_at: Timestamp,
    /// The time of the last call, to the minute.
    pub last_used_at: Option<Timestamp>,
}

from_row!(ConnectedAgent {
    id,
    application,
    name,
    is_self_registered,
    scopes,
    asked,
    created_at,
    last_used_at
});

impl ConnectedAgent {
    /// Returns the host that describes the agent, with its port; `None` if it was registered here.
    pub fn host(&self) -> Option<&str> {
        client_id::is_url(&self.application).then(|| client_id::host(&self.application))
    }
}

impl Identity {
    /// Returns the agents of an account, latest first, at most 100.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn connected_agents(&self, account: AccountId) -> Result<Vec<ConnectedAgent>, ApiError> {
        self.flush().await;
        Ok(self.db().fetch_all(queries::AGENTS, params![account]).await?)
    }

    /// Changes the scopes that an authorization grants, to `chosen` of those that the person was asked about.
    /// It takes effect on tokens at once. Returns false if the account has no active authorization with this
    /// id.
    ///
    /// # Errors
    /// [`Code::Unprocessable`] if nothing would be left.
    pub async fn change_authorization(
        &self,
        account: AccountId,
        id: AuthorizationId,
        chosen: ScopeSet,
    ) -> Result<bool, ApiError> {
        let now = self.db().clock().now();
        let entry = self.audit(AuditAction::AccessChanged, "").by(account);
        let is_changed = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let held: Option<Standing> =
                        tx.fetch_optional(queries::HOLD_OWN, params![id, account]).await?;
                    let Some(before) = held else { return Ok(false) };
                    let granted = rules::allowed(before.asked, chosen);
                    if granted.is_empty() {
                        return Err(Code::Unprocessable.into());
                    }
                    let (scopes, asked) = (granted.to_string(), before.asked.to_string());
                    tx.execute(queries::SET_SCOPES, params![id, &scopes, &asked, now]).await?;
                    entry.about(format!("{id}: {granted}")).record(tx).await?;
                    announce(tx, account).await?;
                    Ok::<_, ApiError>(true)
                })
            })
            .await?;
        self.0.cache.forget_account(account);
        Ok(is_changed)
    }
}
