//! The actions of `user-center-admin`, with which apps and administrators manage users.

use super::{
    model::{Filter, NewUser, Pool, Power, UserChange, UserResponse, UsersResponse},
    rules::{self, MAX_PASSWORD, MAX_USERNAME, PasswordPolicy},
    sign_in::Done,
};
use crate::{
    Services,
    call::{Call, HubCode, HubError, Outcome},
    token::Kind,
};

/// Maximum length of a search and of an id, in characters.
const MAX_SEARCH: usize = 100;
const MAX_ID: usize = 64;

/// Returns the users that the caller manages: all of them for an app-token, members for a person with the
/// role `ADMIN`.
fn pool(call: &Call<'_>) -> Result<Pool, HubError> {
    let known = call.caller.known().ok_or(HubCode::TokenMissing)?;
    let identity = known.identity();
    let power = match identity.kind {
        Kind::App => Power::Everybody,
        Kind::Person if identity.roles.iter().any(|role| role == rules::ADMIN) => Power::Members,
        Kind::Person => {
            return Err(
                HubError::new(HubCode::PermissionDenied).with("this needs an app_token or the role ADMIN")
            );
        }
    };
    Ok(Pool { key: known.0.key.id, ak: known.ak().to_owned(), power })
}

fn kind(call: &Call<'_>) -> Result<Option<bool>, HubError> {
    match call.optional_text("user_type", MAX_ID)? {
        None | Some("") => Ok(None),
        Some(rules::ADMIN) => Ok(Some(true)),
        Some(rules::MEMBER) => Ok(Some(false)),
        Some(_) => Err(HubError::argument("user_type", "ADMIN or MEMBER")),
    }
}

fn id<'c>(call: &'c Call<'_>) -> Result<&'c str, HubError> {
    call.some_text("user_id", MAX_ID)
}

impl Services {
    pub(super) async fn admin_create(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let pool = pool(call)?;
        let new = NewUser {
            username: call.some_text("username", MAX_USERNAME)?.to_owned(),
            is_admin: kind(call)?.unwrap_or(false),
            attrs: call.object("attrs")?.unwrap_or_default(),
            sys_attrs: call.object("sys_attrs")?.unwrap_or_default(),
            is_self_registered: false,
        };
        let user = self.create_user(&pool, new, call.secret("password", MAX_PASSWORD)?).await?;
        Outcome::of(&UserResponse::whole(&user, &pool.ak))
    }

    pub(super) async fn admin_list(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let pool = pool(call)?;
        let filter = Filter {
            is_admin: kind(call)?,
            search: call.optional_text("search", MAX_SEARCH)?.unwrap_or_default().to_owned(),
            skip: call.whole("skip", 0)?,
            limit: call.whole("limit", 20)?,
        };
        let (users, total) = self.users(&pool, &filter).await?;
        let list = users.iter().map(|user| UserResponse::whole(user, &pool.ak)).collect();
        Outcome::of(&UsersResponse { total, list })
    }

    pub(super) async fn admin_get(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let pool = pool(call)?;
        Outcome::of(&UserResponse::whole(&self.user(&pool, id(call)?).await?, &pool.ak))
    }

    pub(super) async fn admin_update(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let change = UserChange {
            username: call.optional_text("username", MAX_USERNAME)?.map(str::to_owned),
            is_admin: kind(call)?,
            attrs: call.object("attrs")?,
            sys_attrs: call.object("sys_attrs")?,
            is_self_registered: call.truth("self_registered")?,
            ..UserChange::default()
        };
        self.change(call, change).await
    }

    pub(super) async fn admin_enable(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let enable = call.truth("enable")?.ok_or_else(|| HubError::argument("enable", "is missing"))?;
        self.change(call, UserChange { is_enabled: Some(enable), ..UserChange::default() }).await
    }

    pub(super) async fn admin_roles(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let roles = call.texts("roles")?.ok_or_else(|| HubError::argument("roles", "is missing"))?;
        self.change(call, UserChange { roles: Some(roles), ..UserChange::default() }).await
    }

    pub(super) async fn admin_groups(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let groups = call.texts("groups")?.ok_or_else(|| HubError::argument("groups", "is missing"))?;
        self.change(call, UserChange { groups: Some(groups), ..UserChange::default() }).await
    }

    async fn change(&self, call: &Call<'_>, change: UserChange) -> Result<Outcome, HubError> {
        let pool = pool(call)?;
        let user = self.update_user(&pool, id(call)?, change).await?;
        Outcome::of(&UserResponse::whole(&user, &pool.ak))
    }

    pub(super) async fn admin_password(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let pool = pool(call)?;
        self.set_user_password(&pool, id(call)?, call.secret("password", MAX_PASSWORD)?).await?;
        Outcome::of(&Done {})
    }

    pub(super) async fn admin_delete(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        self.delete_user(&pool(call)?, id(call)?).await?;
        Outcome::of(&Done {})
    }

    pub(super) async fn admin_policy(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        Outcome::of(&self.password_policy(pool(call)?.key).await?)
    }

    /// Absent members of the policy get their defaults.
    pub(super) async fn admin_set_policy(&self, call: &Call<'_>) -> Result<Outcome, HubError> {
        let pool = pool(call)?;
        let policy = serde_json::Value::Object(call.arguments.clone());
        let policy: PasswordPolicy = web::strict::from_value(policy)
            .map_err(|error| HubError::new(HubCode::InvalidParams).with(error.to_string()))?;
        self.set_password_policy(&pool, policy).await?;
        Outcome::of(&policy)
    }
}
