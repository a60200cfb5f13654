//! Loading keys for token checks, and dropping them when they change.

use std::sync::Arc;

use store::{AccountId, Timestamp, from_row, params};
use web::ApiError;

use super::{Ak, LiveKey, live::Verifier, purpose, queries};
use crate::{
    HubKeyId, Services,
    call::code::{HubCode, HubError},
    limits::{Quota, policy},
};

/// The detail for a key whose secret cannot be opened any more.
const LOST: &str = "the sealing key of this key's secret is lost: rotate the key or create another";

/// A row of [`queries::BY_AK`].
struct Row {
    id: HubKeyId,
    account: AccountId,
    version: i64,
    sealed: Vec<u8>,
    older: Option<Vec<u8>>,
    until: Option<Timestamp>,
    is_enabled: bool,
    expires_at: Option<Timestamp>,
    rules: String,
    email: String,
    is_admin: bool,
}

from_row!(Row { id, account, version, sealed, older, until, is_enabled, expires_at, rules, email, is_admin });

impl Services {
    /// Returns the key of an AK, from the cache or the store, or `None` if there is none.
    ///
    /// # Errors
    /// `KEY_DISABLED` for a key whose secret was sealed with a key that is configured as lost; any error of
    /// the store.
    pub(crate) async fn live_key(&self, ak: Ak, text: &str) -> Result<Option<Arc<LiveKey>>, HubError> {
        if let Some(found) = self.live_keys().get(&ak) {
            return Ok(found);
        }
        let epoch = self.live_keys().epoch();
        let row: Option<Row> = self.db().fetch_optional(queries::BY_AK, params![text]).await?;
        let found = match row {
            Some(row) => Some(Arc::new(self.opened(text, row).await?)),
            None => None,
        };
        self.live_keys().put(ak, found.clone(), epoch);
        Ok(found)
    }

    async fn opened(&self, ak: &str, row: Row) -> Result<LiveKey, HubError> {
        let Row {
            id,
            account,
            version,
            sealed,
            older,
            until,
            is_enabled,
            expires_at,
            rules,
            email,
            is_admin,
        } = row;
        let purpose = purpose(ak);
        let open = |sealed: &[u8]| {
            self.sealer().open(&purpose, sealed).map_err(|error| match error.is_lost() {
                true => HubError::new(HubCode::KeyDisabled).with(LOST).because(error),
                false => HubError::from(ApiError::internal(error)),
            })
        };
        let text = open(&sealed)?;
        let older = match older.zip(until) {
            Some((sealed, until)) if until > self.db().clock().now() => {
                Some((Verifier::new(&open(&sealed)?), until))
            }
            _ => None,
        };
        let rules = super::rules::stored(&rules)?;
        Ok(LiveKey {
            id,
            account,
            email,
            is_admin,
            ak: ak.to_owned(),
            version,
            is_enabled,
            expires_at,
            policy: policy(Quota::new(rules.per_second, rules.per_day)),
            rules,
            bucket: self.limits().key_bucket(self.db(), ak).await?,
            secret: Verifier::new(&text),
            older,
            text,
        })
    }
}
