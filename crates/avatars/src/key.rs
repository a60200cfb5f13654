//! Keys of avatars: what an app shows to open a conversation with one.

pub mod model;
mod queries;
pub(crate) mod routes;

use identity::{AuditAction, credential::Hash};
use store::{AccountId, SecretText, params};
use web::{ApiError, Code};

use crate::{AvatarId, AvatarKeyId, Avatars, avatar, visit::rules::is_hex};
pub use model::AvatarKey;
pub(crate) use queries::ID_OF;

/// The beginning of every key.
pub const PREFIX: &str = "sk-";
/// Number of random bytes of a key.
const BYTES: usize = 16;
/// Most keys of an avatar.
const MAX_KEYS: i64 = 20;
/// Number of characters that are shown of a key after it was created.
const HINT: usize = 9;

/// Returns the hash of a key, if the text has the form of one.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    let body = text.strip_prefix(PREFIX)?;
    is_hex(body, 2 * BYTES).then(|| Hash::of(text))
}

impl Avatars {
    /// Creates a key of an avatar. Returns it with its secret, which is not stored.
    ///
    /// # Errors
    /// [`Code::AvatarKeyNotFound`] if the person has no such avatar; [`Code::AvatarKeyFailed`] if it has as
    /// many keys as it may have.
    pub async fn create_avatar_key(
        &self,
        owner: AccountId,
        avatar: AvatarId,
        name: String,
    ) -> Result<(AvatarKey, SecretText), ApiError> {
        let secret = format!("{PREFIX}{}", self.db().random().hex(BYTES));
        let (hash, hint) = (Hash::of(&secret), secret.chars().take(HINT).collect::<String>());
        let (id, now) = (AvatarKeyId(self.db().ids().next()), self.db().clock().now());
        let entry =
            self.identity().audit(AuditAction::AvatarKeyCreated, format!("{name} ({hint})")).by(owner);
        let key = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let found: Option<avatar::Avatar> =
                        tx.fetch_optional(avatar::queries::OWN, params![avatar, owner]).await?;
                    if found.is_none() {
                        return Err(ApiError::from(Code::AvatarKeyNotFound));
                    }
                    if tx.execute(queries::TAKE_PLACE, params![avatar, MAX_KEYS]).await? == 0 {
                        return Err(ApiError::new(Code::AvatarKeyFailed).with(format!("max {MAX_KEYS}")));
                    }
                    let values = params![id, avatar, owner, &hash.0[..], &name, &hint, now];
                    tx.execute(queries::INSERT, values).await?;
                    entry.record(tx).await?;
                    Ok(AvatarKey { id, avatar, name, hint, is_enabled: true })
                })
            })
            .await?;
        Ok((key, secret.into()))
    }

    /// Returns the keys of an avatar, newest first.
    ///
    /// # Errors
    /// [`Code::AvatarKeyNotFound`] if the person has no such avatar.
    pub async fn avatar_keys(&self, owner: AccountId, avatar: AvatarId) -> Result<Vec<AvatarKey>, ApiError> {
        let found: Option<avatar::Avatar> =
            self.db().fetch_optional(avatar::queries::OWN, params![avatar, owner]).await?;
        if found.is_none() {
            return Err(Code::AvatarKeyNotFound.into());
        }
        Ok(self.db().fetch_all(queries::LIST, params![avatar, MAX_KEYS]).await?)
    }

    /// Changes the name of a key, or enables or disables it.
    ///
    /// # Errors
    /// [`Code::AvatarKeyNotFound`] if the person has no such key.
    pub async fn update_avatar_key(
        &self,
        owner: AccountId,
        key: AvatarKeyId,
        name: Option<String>,
        is_enabled: Option<bool>,
    ) -> Result<(), ApiError> {
        let (name, is_enabled) = (name.unwrap_or_default(), is_enabled.map_or(-1, i64::from));
        let values = params![key, owner, &name, is_enabled];
        match self.db().execute(queries::UPDATE, values).await? {
            0 => Err(Code::AvatarKeyNotFound.into()),
            _ => Ok(()),
        }
    }

    /// Deletes a key. Conversations that it opened end.
    ///
    /// # Errors
    /// [`Code::AvatarKeyNotFound`] if the person has no such key.
    pub async fn delete_avatar_key(&self, owner: AccountId, key: AvatarKeyId) -> Result<(), ApiError> {
        let entry = self.identity().audit(AuditAction::AvatarKeyDeleted, key).by(owner);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(queries::FREE_PLACE, params![key, owner]).await? == 0 {
                        return Err(ApiError::from(Code::AvatarKeyNotFound));
                    }
                    tx.execute(queries::DELETE, params![key, owner]).await?;
                    entry.record(tx).await
                })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_are_looked_up() {
        let good = format!("{PREFIX}{}", "0123456789abcdef".repeat(2));
        assert!(hash(&good).is_some_and(|hash| hash.is_of(&good)));
        for bad in ["", "sk-", "sk-0123", &good.to_uppercase(), &good[1..], &format!("{good}0")] {
            assert!(hash(bad).is_none(), "{bad}");
        }
    }
}
