//! API keys: creation, listing, rotation, deletion, and authentication.

pub mod model;
mod queries;
mod routes;
pub mod rules;

use store::{AccountId, Timestamp, params};
use web::{ApiError, Code, paging::Page};

pub use model::{ApiKey, NewKey};
pub use routes::router;

use crate::{
    AuditAction, Caller, Credential, Identity, KeyId, ScopeSet,
    account::announce,
    cache::Found,
    caller::Who,
    credential::{Hash, Kind, Secret},
    guard::Refused,
    usage::{RefusalRow, UsageRow},
};

/// The row of a look-up by hash: id, account, scopes, expiry, if the account is disabled, and if it is an
/// administrator's.
type Row = (KeyId, AccountId, String, Option<Timestamp>, bool, bool, String);

impl Identity {
    /// Creates a key. The secret is returned only here.
    ///
    /// # Errors
    /// 422 with every invalid field; [`Code::InvalidParam`] if the account has as many keys as it may have.
    pub async fn create_key(&self, account: AccountId, new: NewKey) -> Result<(ApiKey, Secret), ApiError> {
        let now = self.db().clock().now();
        let new = rules::check(new, now)?;
        let (key, secret) = self.fresh_key(new, now);
        let (row, hash, most) = (key.clone(), secret.hash(), self.settings().max_keys);
        let entry = self.audit(AuditAction::KeyCreated, described(&key)).by(account);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(queries::TAKE_PLACE, params![account, most]).await? == 0 {
                        return Err(ApiError::new(Code::InvalidParam).with(format!("keys <= {most}")));
                    }
                    insert(tx, account, &row, hash).await?;
                    entry.record(tx).await
                })
            })
            .await?;
        Ok((key, secret))
    }

    fn fresh_key(&self, new: NewKey, now: Timestamp) -> (ApiKey, Secret) {
        let secret = Secret::generate(Kind::ApiKey, self.db().random());
        let key = ApiKey {
            id: KeyId(self.db().ids().next()),
            name: new.name,
            hint: secret.hint(),
            scopes: new.scopes,
            created_at: now,
            expires_at: new.expires_at,
            replaced_by: None,
            last_used_at: None,
            last_used_address: None,
        };
        (key, secret)
    }

    /// Returns one page of an account's keys, newest first, and the number of all its keys.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn keys(&self, account: AccountId, page: Page) -> Result<(Vec<ApiKey>, i64), ApiError> {
        let keys = self.db().fetch_all(queries::LIST, params![account, page.limit, page.offset]).await?;
        let (total,) = self.db().fetch_one::<(i64,)>(queries::COUNT, params![account]).await?;
        Ok((keys, total))
    }

    /// Returns a key of an account.
    ///
    /// # Errors
    /// [`Code::ApikeyNotFound`] if the id is unknown or another account's.
    pub async fn key(&self, account: AccountId, id: KeyId) -> Result<ApiKey, ApiError> {
        let key = self.db().fetch_optional(queries::OWN, params![id, account]).await?;
        key.ok_or_else(|| Code::ApikeyNotFound.into())
    }

    /// Creates a key with the name and scopes of an older one. The older one stays valid for
    /// `overlap_seconds`, or until its own expiry if that is sooner.
    ///
    /// # Errors
    /// [`Code::ApikeyNotFound`] if the id is unknown or another account's, or the key has expired or was
    /// rotated before; [`Code::InvalidParam`] if the account has as many keys as it may have.
    pub async fn rotate_key(
        &self,
        account: AccountId,
        id: KeyId,
        overlap_seconds: i64,
    ) -> Result<(ApiKey, Secret), ApiError> {
        let now = self.db().clock().now();
        let old = self.key(account, id).await?;
        if !old.is_live(now) {
            return Err(Code::ApikeyNotFound.into());
        }
        let new = NewKey {
            name: old.name,
            scopes: old.scopes,
            expires_at: rules::renewed(old.created_at, old.expires_at, now),
        };
        let (key, secret) = self.fresh_key(new, now);
        let (row, hash, most) = (key.clone(), secret.hash(), self.settings().max_keys);
        let end = now.plus_secs(overlap_seconds);
        let entry = self.audit(AuditAction::KeyRotated, described(&key)).by(account);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    // Of two concurrent rotations the second finds the key replaced.
                    if tx.execute(queries::REPLACE, params![id, account, row.id, end]).await? == 0 {
                        return Err(ApiError::new(Code::ApikeyNotFound));
                    }
                    if tx.execute(queries::TAKE_PLACE, params![account, most]).await? == 0 {
                        return Err(ApiError::new(Code::InvalidParam).with(format!("keys <= {most}")));
                    }
                    insert(tx, account, &row, hash).await?;
                    entry.record(tx).await?;
                    announce(tx, account).await
                })
            })
            .await?;
        self.0.cache.forget_account(account);
        Ok((key, secret))
    }

    /// Returns the account that owns a key.
    ///
    /// # Errors
    /// [`Code::ApikeyNotFound`] if the id is unknown.
    pub async fn key_owner(&self, id: KeyId) -> Result<AccountId, ApiError> {
        let found: Option<(AccountId,)> = self.db().fetch_optional(queries::OWNER, params![id]).await?;
        found.map(|(account,)| account).ok_or_else(|| Code::ApikeyNotFound.into())
    }

    /// Deletes a key, which ends its validity at once.
    ///
    /// # Errors
    /// [`Code::ApikeyNotFound`] if the id is unknown or another account's.
    pub async fn delete_key(&self, account: AccountId, id: KeyId) -> Result<(), ApiError> {
        let entry = self.audit(AuditAction::KeyDeleted, id).by(account);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let key: Option<ApiKey> = tx.fetch_optional(queries::OWN, params![id, account]).await?;
                    if tx.execute(queries::DELETE, params![id, account]).await? == 0 {
                        return Err(ApiError::new(Code::ApikeyNotFound));
                    }
                    if let Some(key) = key {
                        entry.about(described(&key)).record(tx).await?;
                    }
                    tx.execute(queries::FREE_PLACE, params![account]).await?;
                    announce(tx, account).await
                })
            })
            .await?;
        self.0.cache.forget_account(account);
        Ok(())
    }

    /// Returns the calls with a key over the last `days` by day, endpoint, and outcome, and its latest
    /// refusals.
    ///
    /// # Errors
    /// The errors of [`Identity::key`].
    pub async fn key_usage(
        &self,
        account: AccountId,
        id: KeyId,
        days: i64,
    ) -> Result<(Vec<UsageRow>, Vec<RefusalRow>), ApiError> {
        self.key(account, id).await?;
        let since = self.db().clock().now().day() - days + 1;
        Ok((self.usage_rows(id, since).await?, self.refusal_rows(id).await?))
    }

    /// Returns the caller who sent an API key.
    ///
    /// # Errors
    /// [`Code::ApikeyInvalid`] if the key is malformed, unknown, deleted or expired, or its account is
    /// disabled.
    pub(crate) async fn key_caller(&self, presented: &str) -> Result<Who, Refused> {
        let Some(secret) = Secret::parse(Kind::ApiKey, presented) else {
            return Err(Code::ApikeyInvalid.into());
        };
        let hash = secret.hash();
        let now = self.db().clock().now();
        if let Some(who) = self.0.cache.get(hash, now) {
            return Ok(who);
        }
        let epoch = self.0.cache.epoch();
        let row: Option<Row> = self.db().fetch_optional(queries::BY_HASH, params![&hash.0]).await?;
        let Some((id, account, scopes, expires_at, is_disabled, is_admin, name)) = row else {
            return Err(Code::ApikeyInvalid.into());
        };
        if is_disabled || expires_at.is_some_and(|expiry| expiry <= now) {
            return Err(Refused { error: Code::ApikeyInvalid.into(), key: Some(id) });
        }
        let scopes = ScopeSet::parse_list(&scopes)
            .map_err(|name| ApiError::internal(format!("unknown scope {name} stored")))?;
        let who = Who::Person(Caller::new(account, is_admin, Credential::ApiKey { id, scopes }).named(name));
        self.0.cache.put(hash, Found { who: who.clone(), expires_at }, epoch);
        Ok(who)
    }
}

/// Returns the name of a key and the end of its secret, for the audit log.
fn described(key: &ApiKey) -> String {
    format!("{} ({})", key.name, key.hint)
}

async fn insert(
    tx: &mut store::Tx<'_>,
    account: AccountId,
    key: &ApiKey,
    hash: Hash,
) -> Result<(), ApiError> {
    let scopes = key.scopes.to_string();
    let values =
        params![key.id, &hash.0, account, &key.name, &key.hint, &scopes, key.created_at, key.expires_at];
    tx.execute(queries::INSERT, values).await?;
    Ok(())
}

/// Deletes every key of an account inside a transaction.
pub(crate) async fn delete_all(tx: &mut store::Tx<'_>, account: AccountId) -> Result<(), ApiError> {
    tx.execute(queries::DELETE_ALL, params![account]).await?;
    tx.execute(queries::FREE_ALL_PLACES, params![account]).await?;
    Ok(())
}
