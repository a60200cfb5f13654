//! Keys of the Hub: a public half (AK), which tokens name as their issuer, and a secret half (SK), which
//! signs them.

mod ak;
mod live;
mod load;
pub mod model;
pub(crate) mod queries;
pub mod routes;
pub mod rules;

use identity::AuditAction;
use store::{AccountId, Timestamp, Tx, params};
use web::{ApiError, Code, paging::Page};

pub use ak::Ak;
pub(crate) use live::LiveKey;
pub use model::{HubKey, KeyRequest, Registration, Rules};

use ak::AK_BYTES;

use crate::{HubKeyId, KeyMakers, Services};

/// The topic of notifications about keys; the payload is the AK.
pub(crate) const TOPIC: &str = "hub.key";

/// Length of an SK in bytes; its text has twice as many hexadecimal digits.
const SK_BYTES: usize = 32;

/// The secret half in the clear, to be returned once. `Debug` does not show it.
#[derive(Clone)]
pub struct SecretKey(String);

impl SecretKey {
    /// Returns the text of the secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

/// Returns the context that a key's sealed secret is bound to. In another key's row it cannot be opened.
fn purpose(ak: &str) -> String {
    format!("the secret of the key {ak}")
}

impl Services {
    /// Creates a key. Its secret is returned here only.
    ///
    /// # Errors
    /// 422 for an invalid request; [`Code::InvalidParam`] if the account has its maximum number of keys;
    /// [`Code::AdminRequired`] if the account may not create keys.
    pub async fn create_key(
        &self,
        account: AccountId,
        request: KeyRequest,
    ) -> Result<(HubKey, SecretKey), ApiError> {
        if !self.may_make_keys(account).await? {
            return Err(Code::AdminRequired.into());
        }
        let now = self.db().clock().now();
        let bounds = self.settings().bounds;
        let changed = rules::KeyChange::new(bounds).changed(request, bounds, now)?;
        let random = self.db().random();
        let key = HubKey {
            id: HubKeyId(self.db().ids().next()),
            ak: random.hex(AK_BYTES),
            name: changed.name,
            is_enabled: changed.is_enabled,
            created_at: now,
            expires_at: changed.expires_at,
            rules: changed.rules,
            old_until: None,
            last_used_at: None,
        };
        let (secret, sealed) = self.fresh_secret(&key.ak).await?;
        let (row, most) = (key.clone(), self.settings().max_keys);
        let rules = serde_json::to_string(&row.rules).map_err(ApiError::internal)?;
        let entry =
            self.identity().audit(AuditAction::HubKeyCreated, described(&key.name, &key.ak)).by(account);
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                if tx.execute(queries::TAKE_PLACE, params![account, most]).await? == 0 {
                    return Err(ApiError::new(Code::InvalidParam).with(format!("keys <= {most}")));
                }
                let values = params![
                    row.id,
                    &row.ak,
                    account,
                    &row.name,
                    &sealed,
                    row.is_enabled,
                    row.created_at,
                    row.expires_at,
                    &rules
                ];
                tx.execute(queries::INSERT, values).await?;
                entry.record(tx).await?;
                announce(tx, &row.ak).await
            })
        });
        write.await?;
        self.forget_key(&key.ak);
        Ok((key, secret))
    }

    /// Returns true if an account may create keys (`hub.keys`).
    ///
    /// # Errors
    /// If the store fails.
    pub async fn may_make_keys(&self, account: AccountId) -> Result<bool, ApiError> {
        Ok(match self.settings().key_makers {
            KeyMakers::Everybody => true,
            KeyMakers::Admins => {
                self.identity().account(account).await?.is_some_and(|account| account.is_admin)
            }
        })
    }

    async fn fresh_secret(&self, ak: &str) -> Result<(SecretKey, Vec<u8>), ApiError> {
        let secret = SecretKey(self.db().random().hex(SK_BYTES));
        let sealed = self.sealer().seal(&purpose(ak), secret.0.as_bytes()).await;
        Ok((secret, sealed.map_err(ApiError::internal)?))
    }

    /// Returns one page of an account's keys, newest first, and their total number.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn keys(&self, account: AccountId, page: Page) -> Result<(Vec<HubKey>, i64), ApiError> {
        let keys = self.db().fetch_all(queries::LIST, params![account, page.limit, page.offset]).await?;
        let total: Option<(i64,)> = self.db().fetch_optional(queries::COUNT, params![account]).await?;
        Ok((keys, total.map_or(0, |(total,)| total)))
    }

    /// Returns a key of an account.
    ///
    /// # Errors
    /// [`Code::HubKeyNotFound`] if the id is unknown or belongs to another account.
    pub async fn key(&self, account: AccountId, id: HubKeyId) -> Result<HubKey, ApiError> {
        let key = self.db().fetch_optional(queries::OWN, params![id, account]).await?;
        key.ok_or_else(|| Code::HubKeyNotFound.into())
    }

    /// Changes a key. Fields that the request leaves out keep their values. In force from the next call on.
    ///
    /// # Errors
    /// 422 for an invalid request; [`Code::HubKeyNotFound`].
    pub async fn update_key(
        &self,
        account: AccountId,
        id: HubKeyId,
        request: KeyRequest,
    ) -> Result<HubKey, ApiError> {
        let now = self.db().clock().now();
        let bounds = self.settings().bounds;
        let entry = self.identity().audit(AuditAction::HubKeyChanged, id).by(account);
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                // Locks the row, so that concurrent changes do not overwrite each other.
                tx.execute(queries::HOLD, params![id, account]).await?;
                let found: Option<HubKey> = tx.fetch_optional(queries::OWN, params![id, account]).await?;
                let Some(mut key) = found else { return Err(ApiError::new(Code::HubKeyNotFound)) };
                let present = rules::KeyChange {
                    name: key.name,
                    is_enabled: key.is_enabled,
                    expires_at: key.expires_at,
                    rules: key.rules,
                };
                let changed = present.changed(request, bounds, now)?;
                let rules = serde_json::to_string(&changed.rules).map_err(ApiError::internal)?;
                let values =
                    params![id, account, &changed.name, changed.is_enabled, changed.expires_at, &rules];
                tx.execute(queries::UPDATE, values).await?;
                entry.about(described(&changed.name, &key.ak)).record(tx).await?;
                announce(tx, &key.ak).await?;
                (key.name, key.is_enabled, key.expires_at, key.rules) =
                    (changed.name, changed.is_enabled, changed.expires_at, changed.rules);
                Ok(key)
            })
        });
        let key = write.await?;
        self.forget_key(&key.ak);
        Ok(key)
    }

    /// Gives a key a new secret. Tokens signed with the previous one stay valid for `overlap_seconds`.
    ///
    /// # Errors
    /// [`Code::HubKeyNotFound`] if the id is unknown or belongs to another account.
    pub async fn rotate_key(
        &self,
        account: AccountId,
        id: HubKeyId,
        overlap_seconds: i64,
    ) -> Result<(HubKey, SecretKey), ApiError> {
        let mut key = self.key(account, id).await?;
        let (secret, sealed) = self.fresh_secret(&key.ak).await?;
        let until = self.db().clock().now().plus_secs(overlap_seconds);
        let entry =
            self.identity().audit(AuditAction::HubKeyRotated, described(&key.name, &key.ak)).by(account);
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                let row: Option<(String,)> =
                    tx.fetch_optional(queries::ROTATE, params![id, account, &sealed, until]).await?;
                let Some((ak,)) = row else { return Err(ApiError::new(Code::HubKeyNotFound)) };
                entry.record(tx).await?;
                announce(tx, &ak).await
            })
        });
        write.await?;
        self.forget_key(&key.ak);
        key.old_until = Some(until);
        Ok((key, secret))
    }

    /// Deletes a key. Its tokens are refused from the next call on.
    ///
    /// # Errors
    /// [`Code::HubKeyNotFound`] if the id is unknown or belongs to another account.
    pub async fn delete_key(&self, account: AccountId, id: HubKeyId) -> Result<(), ApiError> {
        let entry = self.identity().audit(AuditAction::HubKeyDeleted, id).by(account);
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                let row: Option<(String,)> = tx.fetch_optional(queries::DELETE, params![id, account]).await?;
                let Some((ak,)) = row else { return Err(ApiError::new(Code::HubKeyNotFound)) };
                tx.execute(queries::FREE_PLACE, params![account]).await?;
                entry.about(&ak).record(tx).await?;
                announce(tx, &ak).await?;
                Ok(ak)
            })
        });
        let ak: String = write.await?;
        self.forget_key(&ak);
        Ok(())
    }

    pub(crate) fn forget_key(&self, ak: &str) {
        if let Some(ak) = Ak::parse(ak) {
            self.live_keys().forget(&ak);
        }
    }
}

impl HubKey {
    /// Returns true if the key is enabled and has not expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.is_enabled && self.expires_at.is_none_or(|expiry| expiry > now)
    }
}

/// Returns the name of a key and its AK, for the audit log.
fn described(name: &str, ak: &str) -> String {
    format!("{name} ({ak})")
}

async fn announce(tx: &mut Tx<'_>, ak: &str) -> Result<(), ApiError> {
    Ok(tx.notify(TOPIC, ak).await?)
}
