//! Visitors without an account. Their browser keeps a token, by which they are known again.

use web::ApiError;

use super::{Visit, Visitor};
use crate::{Avatars, avatar::Avatar};

/// The purpose of the sealed token.
const PURPOSE: &str = "guest";
/// Number of random bytes of a guest's id.
const ID_BYTES: usize = 16;

impl Avatars {
    /// Makes a token for somebody who comes for the first time.
    ///
    /// # Errors
    /// If it cannot be sealed.
    pub async fn guest_token(&self) -> Result<String, ApiError> {
        self.seal_token(PURPOSE, &self.db().random().hex(ID_BYTES)).await
    }

    /// Returns the visitor whose browser keeps a token. `None` if it is none of this server.
    pub fn guest(&self, token: &str) -> Option<Visitor> {
        self.open_token(PURPOSE, token).map(|id| Visitor::Guest { id })
    }

    /// Returns the avatar with a share code. `None` if there is none, or if its owner's account is disabled.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn avatar_of_share_code(&self, share_code: &str) -> Result<Option<Avatar>, ApiError> {
        self.shared(share_code).await
    }

    /// Returns the address of the WebSocket of a conversation, for a page on which the visitor reads it.
    ///
    /// # Errors
    /// If the address cannot be sealed.
    pub async fn live_url(&self, visit: &Visit) -> Result<String, ApiError> {
        self.socket_url(visit).await
    }
}
