//! Registration and sign-in: `gen-auth-session`, the three `noauth-*` actions, `refresh-token`, and
//! `logout`.

use std::sync::Arc;

use serde::Serialize;
use web::Code;

use super::{
    model::{NewUser, Pool, Power},
    rules::{MAX_PASSWORD, MAX_USERNAME, PasswordPolicy},
    sessions::{MAX_TOKEN, SignedIn},
    tokens,
};
use crate::{
    Services,
    call::{Call, HubCode, HubError, NOT_OPEN, Outcome},
    key::{
        LiveKey, Registration,
        rules::{lets_origin_in, permits},
    },
};

/// An empty result.
#[derive(Serialize)]
pub(super) struct Done {}

/// Returns the key that the caller's token was signed with.
pub(super) fn key_of_token(call: &Call<'_>) -> Result<Arc<LiveKey>, HubError> {
    call.caller.known().map(|known| Arc::clone(&known.0.key)).ok_or_else(|| HubCode::TokenMissing.into())
}

/// Converts the errors for too many attempts, and for a full queue of password checks, to `RATE_LIMITED`.
pub(super) fn slowed(error: web::ApiError) -> HubError {
    match error.code() {
        Code::SignInSlowed | Code::RateLimited => {
            let wait = error.wait().map_or(1, i64::from);
            HubError::new(HubCode::RateLimited).with("too many attempts").retry_after(wait)
        }
        _ => error.into(),
    }
}

impl Services {
    /// Issues a token for the `noauth-*` actions. The key must have a domain allowlist, and the calling
    /// page must be on it.
    pub(super) async fn gen_auth_session(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let key = self.key_of(call.text("ak", 64)?).await?;
        self.serves_pages(&key, call)?;
        if key.rules.domains.is_empty() {
            return Err(
                HubError::new(HubCode::DomainNotAllowed).with("the key needs a domain allowlist for this")
            );
        }
        Outcome::of(&tokens::front(&key, call.now)?)
    }

    /// Checks that a key, which the caller has not proven by a token, serves the calling page. The gateway
    /// makes the same checks for tokens. Counts the call as the key's.
    fn serves_pages(&self, key: &LiveKey, call: &Call<'_>) -> Result<(), HubError> {
        if !key.is_enabled || key.expires_at.is_some_and(|expiry| expiry <= call.now) {
            return Err(HubCode::KeyDisabled.into());
        }
        if !key.may_use(&call.api.spec) {
            return Err(HubError::new(HubCode::PermissionDenied).with(NOT_OPEN));
        }
        let allow = &key.rules.allow;
        if !allow.is_empty() && !permits(allow, &call.api.permission, &call.action_name) {
            return Err(HubError::new(HubCode::PermissionDenied).with("the key may not call this action"));
        }
        if !lets_origin_in(&key.rules.domains, call.origin()) {
            return Err(HubError::new(HubCode::DomainNotAllowed)
                .with("the call came from no page of the key's domains"));
        }
        self.take_for_key(key, call.now)
    }

    pub(super) async fn noauth_policy(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let policy: PasswordPolicy = self.password_policy(key_of_token(call)?.id).await?;
        Outcome::of(&policy)
    }

    pub(super) async fn register(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let key = key_of_token(call)?;
        if key.rules.registration == Registration::Closed {
            return Err(HubError::new(HubCode::PermissionDenied).with(
                "nobody registers with this key: its owner creates people, or opens its registration",
            ));
        }
        let (username, password) = credentials(call)?;
        self.identity().permit(identity::Action::HubSignUp(&key.ak), call.address).await.map_err(slowed)?;
        let pool = Pool { key: key.id, ak: key.ak.clone(), power: Power::Members };
        let new = NewUser { username: username.to_owned(), is_self_registered: true, ..NewUser::default() };
        let user = self.create_user(&pool, new, password).await?;
        let found = self.user_with_password(key.id, &user.id).await?.ok_or(HubCode::UserNotFound)?;
        Outcome::of(&self.sign_user_in(&key, found, call.now).await?)
    }

    pub(super) async fn login(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let key = key_of_token(call)?;
        let (username, password) = credentials(call)?;
        let owner = guessed(&key, username);
        self.identity().count_guess(&owner, call.address).await.map_err(slowed)?;
        let found = self.user_by_name(key.id, username).await?;
        let hash = found.as_ref().map(|found| found.hash.clone());
        // Takes as long if there is no such user.
        let is_right = self.identity().hasher().verify(password.to_owned(), hash).await?;
        let found = found.filter(|found| is_right && found.user.is_enabled).ok_or(HubCode::LoginFailed)?;
        let signed_in: SignedIn = self.sign_user_in(&key, found, call.now).await?;
        self.identity().forgive_guess(&owner, call.address).await?;
        Outcome::of(&signed_in)
    }

    pub(super) async fn refresh(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let (key, claims) = self.own_refresh_token(call).await?;
        Outcome::of(&self.refresh_sign_in(&key, &claims, call.now).await?)
    }

    pub(super) async fn logout(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let (key, claims) = self.own_refresh_token(call).await?;
        self.end_sign_in(&key, &claims).await?;
        Outcome::of(&Done {})
    }

    /// Returns the refresh token of a call. The call needs no token in its header, but such a token must be
    /// of the same key.
    async fn own_refresh_token(
        &self,
        call: &Call<'_>,
    ) -> Result<(Arc<LiveKey>, tokens::RefreshClaims), HubError> {
        let (key, claims) = self.refresh_token(call.secret("refresh_token", MAX_TOKEN)?, call.now).await?;
        match call.caller.known() {
            Some(known) if known.ak() != key.ak => {
                Err(HubError::new(HubCode::TokenInvalid).with("the refresh token is of another key"))
            }
            Some(_) => Ok((key, claims)),
            None => {
                self.serves_pages(&key, call)?;
                Ok((key, claims))
            }
        }
    }
}

/// Returns the subject under which wrong passwords are counted.
pub(super) fn guessed(key: &LiveKey, username: &str) -> String {
    format!("hub {} {}", key.ak, super::rules::name_key(username))
}

fn credentials<'c>(call: &'c Call<'_>) -> Result<(&'c str, &'c str), HubError> {
    Ok((call.some_text("username", MAX_USERNAME)?, call.secret("password", MAX_PASSWORD)?))
}
