//! Token introspection for apps (RFC 7662).

use store::{AccountId, Timestamp, from_row, params};
use web::{ApiError, Code};

use super::queries;
use crate::{
    Audience, Identity, ScopeSet,
    application::{Credentials, Status, app_scoped_id},
    credential::{Hash, Kind, Secret},
};

/// A valid token.
#[derive(Debug, Clone)]
pub struct Introspection {
    /// True for an access token, false for a refresh token.
    pub is_access: bool,
    /// The scopes of the token at present.
    pub scopes: ScopeSet,
    /// The resource that the token is for.
    pub audience: Audience,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of expiry.
    pub expires_at: Timestamp,
    /// The person's id for this app; `None` if the app acts in its own name.
    pub person: Option<String>,
}

/// A token with all that decides about its validity, from one query.
struct TokenRow {
    kind: String,
    scopes: ScopeSet,
    created_at: Timestamp,
    expires_at: Timestamp,
    is_live: bool,
    application: String,
    secret_hash: [u8; 32],
    is_public: bool,
    status: Status,
    app_scopes: ScopeSet,
    person_key: [u8; 32],
    account: Option<AccountId>,
    allowed: Option<ScopeSet>,
    audience: Audience,
    is_self_registered: bool,
}

from_row!(TokenRow {
    kind,
    scopes,
    created_at,
    expires_at,
    is_live,
    application,
    secret_hash,
    is_public,
    status,
    app_scopes,
    person_key,
    account,
    allowed,
    audience,
    is_self_registered
});

impl Identity {
    /// Returns the properties of a token of the app. Returns `None` for any other text, whether the token is
    /// unknown, expired, revoked, or another app's.
    ///
    /// # Errors
    /// [`Code::OauthClientInvalid`] if the client id is unknown; [`Code::OauthSecretMismatch`] if the secret
    /// is wrong or missing (so public apps may not ask); the code of the app's status unless it is approved.
    pub async fn introspect(
        &self,
        credentials: &Credentials,
        token: &str,
    ) -> Result<Option<Introspection>, ApiError> {
        let Some(secret) = &credentials.secret else { return Err(Code::OauthSecretMismatch.into()) };
        let presented =
            Secret::parse(Kind::AccessToken, token).or_else(|| Secret::parse(Kind::RefreshToken, token));
        let row: Option<TokenRow> = match presented {
            Some(presented) => {
                let (hash, now) = (presented.hash(), self.db().clock().now());
                self.db().fetch_optional(queries::TOKEN, params![&hash.0, now]).await?
            }
            None => None,
        };
        let Some(row) = row.filter(|row| row.application == credentials.id) else {
            self.client(credentials).await?;
            return Ok(None);
        };
        if row.is_public || !Hash(row.secret_hash).is_of(secret) {
            return Err(Code::OauthSecretMismatch.into());
        }
        row.status.check()?;
        if !row.is_live {
            return Ok(None);
        }
        let most = row.audience.most(row.app_scopes, row.is_self_registered);
        Ok(Some(Introspection {
            is_access: row.kind == "access",
            scopes: row.scopes.within(most).within(row.allowed.unwrap_or(row.scopes)),
            audience: row.audience,
            created_at: row.created_at,
            expires_at: row.expires_at,
            person: row.account.map(|account| app_scoped_id(&row.person_key, account)),
        }))
    }
}
