//! Management of users: creating, finding, changing, and deleting them.

use store::{owned_params, params};

use super::{
    model::{Filter, NewUser, Pool, Power, User, UserChange, WithPassword},
    queries,
    rules::{self, PasswordPolicy},
    sessions,
};
use crate::{
    HubKeyId, Services,
    call::{HubCode, HubError},
};

/// Maximum number of users of a key.
const MOST_USERS: i64 = 1_000_000;
/// Maximum number of users skipped, and maximum number in a page.
pub(super) const MOST_SKIPPED: i64 = 1_000_000;
pub(super) const MOST_LISTED: i64 = 100;

impl Pool {
    /// Returns true if administrators are within reach. Statements take it as a bound of `is_admin`.
    const fn reach(&self) -> bool {
        matches!(self.power, Power::Everybody)
    }
}

/// Converts an error of the store. A foreign key that is missing means that the key was deleted meanwhile.
fn stored(error: store::Error) -> HubError {
    match error {
        store::Error::ForeignKey => HubCode::KeyNotFound.into(),
        other => other.into(),
    }
}

impl Services {
    /// Returns the password policy of a key.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn password_policy(&self, key: HubKeyId) -> Result<PasswordPolicy, HubError> {
        let row: Option<(String,)> = self.db().fetch_optional(queries::POLICY, params![key]).await?;
        match row {
            Some((text,)) => {
                serde_json::from_str(&text).map_err(|error| HubError::new(HubCode::Unknown).because(error))
            }
            None => Ok(PasswordPolicy::default()),
        }
    }

    /// Changes the password policy. Existing passwords remain valid.
    ///
    /// # Errors
    /// `PERMISSION_DENIED` if the requester manages members only; `INVALID_PARAMS` for a policy out of
    /// bounds.
    pub async fn set_password_policy(&self, pool: &Pool, policy: PasswordPolicy) -> Result<(), HubError> {
        if pool.power != Power::Everybody {
            return Err(
                HubError::new(HubCode::PermissionDenied).with("the policy is changed with an app-token")
            );
        }
        let text = serde_json::to_string(&policy.check()?);
        let text = text.map_err(|error| HubError::new(HubCode::Unknown).because(error))?;
        self.db().execute(queries::SET_POLICY, params![pool.key, &text]).await.map_err(stored)?;
        Ok(())
    }

    /// Creates a user.
    ///
    /// # Errors
    /// `INVALID_PARAMS`, `PASSWORD_TOO_WEAK`, or `USER_EXISTS`.
    pub async fn create_user(&self, pool: &Pool, new: NewUser, password: &str) -> Result<User, HubError> {
        rules::username(&new.username)?;
        let user = User {
            id: format!("{:014x}{}", self.db().ids().next(), self.db().random().hex(5)),
            username: new.username,
            // A requester who manages members only creates members.
            is_admin: new.is_admin && pool.reach(),
            is_enabled: true,
            created_at: self.db().clock().now(),
            roles: Vec::new(),
            groups: Vec::new(),
            attrs: rules::merged("attrs", serde_json::Map::new(), new.attrs)?,
            sys_attrs: rules::merged("sys_attrs", serde_json::Map::new(), new.sys_attrs)?,
            is_self_registered: new.is_self_registered,
        };
        self.password_policy(pool.key).await?.accepts(password, &user.username)?;
        let name = rules::name_key(&user.username);
        // Checked before the cost of hashing; the transaction checks again.
        if self.db().fetch_optional::<(i64,)>(queries::NAME_TAKEN, params![pool.key, &name]).await?.is_some()
        {
            return Err(HubCode::UserExists.into());
        }
        let hash = self.identity().hasher().hash(password.to_owned()).await?;
        let (key, row) = (pool.key, user.clone());
        let [attrs, sys_attrs] = [&user.attrs, &user.sys_attrs].map(json);
        let (attrs, sys_attrs, searched) = (attrs?, sys_attrs?, rules::searched(&user));
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                let (member, admin) = (i64::from(!row.is_admin), i64::from(row.is_admin));
                let values = params![key, member, admin, MOST_USERS];
                if tx.execute(queries::TAKE_PLACE, values).await.map_err(stored)? == 0 {
                    return Err(HubError::new(HubCode::InvalidParams)
                        .with("this key has as many users as it may have"));
                }
                let values = params![
                    key,
                    &row.id,
                    &row.username,
                    &name,
                    &hash,
                    row.is_admin,
                    row.created_at,
                    &attrs,
                    &sys_attrs,
                    &searched,
                    row.is_self_registered
                ];
                match tx.execute(queries::INSERT, values).await.map_err(stored)? {
                    0 => Err(HubCode::UserExists.into()),
                    _ => Ok(()),
                }
            })
        });
        write.await?;
        Ok(user)
    }

    /// Returns a user.
    ///
    /// # Errors
    /// `USER_NOT_FOUND` if the id is unknown, of another key, or out of the requester's reach.
    pub async fn user(&self, pool: &Pool, id: &str) -> Result<User, HubError> {
        rules::id(id)?;
        let user = self.db().fetch_optional(queries::BY_ID, params![pool.key, id, pool.reach()]).await?;
        user.ok_or_else(|| HubCode::UserNotFound.into())
    }

    /// Finds a user by name, with the hash of the password.
    pub(super) async fn user_by_name(
        &self,
        key: HubKeyId,
        username: &str,
    ) -> Result<Option<WithPassword>, HubError> {
        if rules::username(username).is_err() {
            return Ok(None);
        }
        let name = rules::name_key(username);
        Ok(self.db().fetch_optional(queries::BY_NAME, params![key, &name]).await?)
    }

    /// Finds a user by id, with the hash of the password.
    pub(super) async fn user_with_password(
        &self,
        key: HubKeyId,
        id: &str,
    ) -> Result<Option<WithPassword>, HubError> {
        Ok(self.db().fetch_optional(queries::WITH_PASSWORD, params![key, id]).await?)
    }

    /// Returns a page of users, newest first, and their total number.
    ///
    /// # Errors
    /// `INVALID_PARAMS` for a page out of bounds.
    pub async fn users(&self, pool: &Pool, filter: &Filter) -> Result<(Vec<User>, i64), HubError> {
        if !(0..=MOST_SKIPPED).contains(&filter.skip) {
            return Err(HubError::argument("skip", "a number from 0 to 1000000"));
        }
        if !(1..=MOST_LISTED).contains(&filter.limit) {
            return Err(HubError::argument("limit", "a number from 1 to 100"));
        }
        let least = filter.is_admin.unwrap_or(false);
        let most = filter.is_admin.unwrap_or(true) && pool.reach();
        if least && !most {
            return Ok((Vec::new(), 0));
        }
        let (key, limit, skip) = (pool.key, filter.limit, filter.skip);
        if !filter.search.trim().is_empty() {
            let pattern = rules::pattern(&filter.search);
            let values = owned_params![key, least, most, limit, skip, &pattern];
            let list = self.db().fetch_all_heavy(queries::SEARCH, values).await?;
            let values = owned_params![key, least, most, &pattern];
            let count: Vec<(i64,)> = self.db().fetch_all_heavy(queries::SEARCH_COUNT, values).await?;
            return Ok((list, count.first().map_or(0, |(count,)| *count)));
        }
        let list = if least == most {
            self.db().fetch_all_heavy(queries::LIST_KIND, owned_params![key, least, limit, skip]).await?
        } else {
            self.db().fetch_all_heavy(queries::LIST, owned_params![key, least, most, limit, skip]).await?
        };
        let counts: Option<(i64, i64)> = self.db().fetch_optional(queries::COUNTS, params![key]).await?;
        let (members, admins) = counts.unwrap_or_default();
        let total = if least { 0 } else { members } + if most { admins } else { 0 };
        Ok((list, total))
    }

    /// Changes a user. Absent fields keep their values.
    ///
    /// # Errors
    /// `USER_NOT_FOUND` as for [`Services::user`]; `INVALID_PARAMS` for an invalid field; `USER_EXISTS` for a
    /// name in use; `PERMISSION_DENIED` for making an administrator without the right to do so.
    pub async fn update_user(&self, pool: &Pool, id: &str, change: UserChange) -> Result<User, HubError> {
        rules::id(id)?;
        let reach = pool.reach();
        if change.is_admin == Some(true) && !reach {
            return Err(
                HubError::new(HubCode::PermissionDenied).with("administrators are made with an app-token")
            );
        }
        if let Some(name) = &change.username {
            rules::username(name)?;
        }
        rules::roles(change.roles.as_deref().unwrap_or_default())?;
        rules::groups(change.groups.as_deref().unwrap_or_default())?;
        let (key, id) = (pool.key, id.to_owned());
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                tx.execute(queries::HOLD, params![key, &id]).await?;
                let found: Option<User> = tx.fetch_optional(queries::BY_ID, params![key, &id, reach]).await?;
                let before = found.ok_or(HubCode::UserNotFound)?;
                let user = changed(before.clone(), change)?;
                let name = rules::name_key(&user.username);
                if name != rules::name_key(&before.username)
                    && tx.fetch_optional::<(i64,)>(queries::NAME_TAKEN, params![key, &name]).await?.is_some()
                {
                    return Err(HubCode::UserExists.into());
                }
                let moved = i64::from(user.is_admin) - i64::from(before.is_admin);
                if moved != 0 {
                    tx.execute(queries::RECOUNT, params![key, -moved, moved]).await?;
                }
                let (roles, groups) = (json(&user.roles)?, json(&user.groups)?);
                let (attrs, sys_attrs) = (json(&user.attrs)?, json(&user.sys_attrs)?);
                let searched = rules::searched(&user);
                let values = params![
                    key,
                    &id,
                    &user.username,
                    &name,
                    user.is_admin,
                    user.is_enabled,
                    &roles,
                    &groups,
                    &attrs,
                    &sys_attrs,
                    &searched,
                    user.is_self_registered
                ];
                match tx.execute(queries::UPDATE, values).await {
                    Ok(_) => {}
                    // A concurrent change took the name after the check.
                    Err(store::Error::Unique) => return Err(HubCode::UserExists.into()),
                    Err(error) => return Err(error.into()),
                }
                if !user.is_enabled {
                    sessions::end_all(tx, key, &id).await?;
                }
                Ok(user)
            })
        });
        write.await
    }

    /// Sets a password without asking for the old one, and ends all sign-ins of the user.
    ///
    /// # Errors
    /// `USER_NOT_FOUND` as for [`Services::user`]; `PASSWORD_TOO_WEAK`.
    pub async fn set_user_password(&self, pool: &Pool, id: &str, password: &str) -> Result<(), HubError> {
        let user = self.user(pool, id).await?;
        self.password_policy(pool.key).await?.accepts(password, &user.username)?;
        let hash = self.identity().hasher().hash(password.to_owned()).await?;
        let (key, reach) = (pool.key, pool.reach());
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                if tx.execute(queries::SET_PASSWORD, params![key, &user.id, &hash, reach]).await? == 0 {
                    return Err(HubError::from(HubCode::UserNotFound));
                }
                Ok(sessions::end_all(tx, key, &user.id).await?)
            })
        });
        write.await
    }

    /// Deletes a user and all of their sign-ins. Tokens issued before remain valid until they expire,
    /// within an hour.
    ///
    /// # Errors
    /// `USER_NOT_FOUND` as for [`Services::user`].
    pub async fn delete_user(&self, pool: &Pool, id: &str) -> Result<(), HubError> {
        rules::id(id)?;
        let (key, reach, id) = (pool.key, pool.reach(), id.to_owned());
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                let row: Option<(bool,)> =
                    tx.fetch_optional(queries::DELETE, params![key, &id, reach]).await?;
                let (is_admin,) = row.ok_or_else(|| HubError::from(HubCode::UserNotFound))?;
                let (members, admins) = if is_admin { (0, -1) } else { (-1, 0) };
                tx.execute(queries::RECOUNT, params![key, members, admins]).await?;
                Ok(())
            })
        });
        write.await
    }
}

fn changed(user: User, change: UserChange) -> Result<User, HubError> {
    let attrs = match change.attrs {
        Some(attrs) => rules::merged("attrs", user.attrs, attrs)?,
        None => user.attrs,
    };
    let sys_attrs = match change.sys_attrs {
        Some(attrs) => rules::merged("sys_attrs", user.sys_attrs, attrs)?,
        None => user.sys_attrs,
    };
    Ok(User {
        username: change.username.unwrap_or(user.username),
        is_admin: change.is_admin.unwrap_or(user.is_admin),
        is_enabled: change.is_enabled.unwrap_or(user.is_enabled),
        roles: change.roles.unwrap_or(user.roles),
        groups: change.groups.unwrap_or(user.groups),
        is_self_registered: change.is_self_registered.unwrap_or(user.is_self_registered),
        attrs,
        sys_attrs,
        ..user
    })
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, HubError> {
    serde_json::to_string(value).map_err(|error| HubError::new(HubCode::Unknown).because(error))
}
