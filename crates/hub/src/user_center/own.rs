//! Actions of users on their own data: `get-my-profile`, `update-my-profile`, `change-my-password`.

use super::{
    model::{Pool, Power, User, UserChange, UserResponse},
    rules::MAX_PASSWORD,
    sign_in::{Done, guessed, key_of_token},
};
use crate::{
    Services,
    call::{Call, HubCode, HubError, Outcome},
    token::Kind,
};

impl Services {
    /// Returns the user who calls, and the pool they belong to.
    async fn myself(&self, call: &Call<'_>) -> Result<(Pool, User), HubError> {
        let known = call.caller.known().ok_or(HubCode::TokenMissing)?;
        if known.identity().kind != Kind::Person {
            return Err(HubError::new(HubCode::PermissionDenied).with("this needs a person_token"));
        }
        let pool = Pool { key: known.0.key.id, ak: known.ak().to_owned(), power: Power::Everybody };
        let user = self.user(&pool, &known.identity().sub).await?;
        // The token of a disabled user remains valid for up to an hour, but is refused here.
        if user.is_enabled { Ok((pool, user)) } else { Err(HubCode::UserNotFound.into()) }
    }

    pub(super) async fn my_profile(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let (pool, user) = self.myself(call).await?;
        Outcome::of(&UserResponse::own(&user, &pool.ak))
    }

    pub(super) async fn update_my_profile(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let (pool, user) = self.myself(call).await?;
        let change = UserChange { attrs: call.object("attrs")?, ..UserChange::default() };
        let user = self.update_user(&pool, &user.id, change).await?;
        Outcome::of(&UserResponse::own(&user, &pool.ak))
    }

    /// Ends all sign-ins of the user, including this one.
    pub(super) async fn change_my_password(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let (pool, user) = self.myself(call).await?;
        let old = call.secret("old_password", MAX_PASSWORD)?;
        let new = call.secret("new_password", MAX_PASSWORD)?;
        let key = key_of_token(call)?;
        let owner = guessed(&key, &user.username);
        self.identity().count_guess(&owner, call.address).await.map_err(super::sign_in::slowed)?;
        let hash = self.user_with_password(pool.key, &user.id).await?.map(|found| found.hash);
        if !self.identity().hasher().verify(old.to_owned(), hash).await? {
            return Err(HubCode::LoginFailed.into());
        }
        self.identity().forgive_guess(&owner, call.address).await?;
        self.set_user_password(&pool, &user.id, new).await?;
        Outcome::of(&Done {})
    }
}
