//! Types of users: domain and wire.

use serde::Serialize;
use serde_json::{Map, Value};
use store::{Row, Timestamp};

use crate::HubKeyId;

/// The users of one key, as far as the requester may manage them.
#[derive(Debug, Clone)]
pub struct Pool {
    /// The key's id.
    pub key: HubKeyId,
    /// The AK of the key.
    pub ak: String,
    /// The users that the requester may manage.
    pub power: Power,
}

/// The users that a requester may see and change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// All users: for the app itself and for the owner of its key.
    Everybody,
    /// Only members: for a person with the role `ADMIN`. Administrators are invisible to them.
    Members,
}

/// A user, without the hash of the password.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// 24 hexadecimal digits, ordered by time of creation.
    pub id: String,
    /// The name to sign in with.
    pub username: String,
    /// True if the type is `ADMIN`; otherwise it is `MEMBER`.
    pub is_admin: bool,
    /// True if the user can sign in.
    pub is_enabled: bool,
    /// The time of creation.
    pub created_at: Timestamp,
    /// Roles besides the type.
    pub roles: Vec<String>,
    /// Groups, as paths.
    pub groups: Vec<String>,
    /// Attributes that the user may see and change.
    pub attrs: Map<String, Value>,
    /// Attributes that only managers of users may see.
    pub sys_attrs: Map<String, Value>,
    /// True if the user registered themself. Their tokens are limited to the actions that the key lists for
    /// such users.
    pub is_self_registered: bool,
}

impl User {
    /// Returns `ADMIN` or `MEMBER`.
    pub const fn kind(&self) -> &'static str {
        if self.is_admin { super::rules::ADMIN } else { super::rules::MEMBER }
    }

    /// Returns the `roles` of the user's tokens: the type, then the assigned roles.
    pub fn all_roles(&self) -> Vec<&str> {
        std::iter::once(self.kind()).chain(self.roles.iter().map(String::as_str)).collect()
    }
}

/// Reads the columns in the order of the `SELECT`s in `queries.rs`.
impl store::FromRow for User {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            username: row.get(1)?,
            is_admin: row.get(2)?,
            is_enabled: row.get(3)?,
            created_at: row.get(4)?,
            roles: json(row, 5)?,
            groups: json(row, 6)?,
            attrs: json(row, 7)?,
            sys_attrs: json(row, 8)?,
            is_self_registered: row.get(9)?,
        })
    }
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, index: usize) -> store::Result<T> {
    let text: String = row.get(index)?;
    serde_json::from_str(&text).map_err(|error| store::Error::Other(format!("a user's stored JSON: {error}")))
}

/// A user with the hash of the password, for checking a password.
pub(super) struct WithPassword {
    pub(super) user: User,
    pub(super) hash: String,
}

impl store::FromRow for WithPassword {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        Ok(Self { user: User::from_row(row)?, hash: row.get(10)? })
    }
}

/// A user on the wire. The field names are part of the API.
#[derive(Debug, Serialize)]
pub(super) struct UserResponse<'u> {
    #[serde(rename = "_id")]
    id: &'u str,
    username: &'u str,
    #[serde(rename = "type")]
    kind: &'static str,
    roles: Vec<&'u str>,
    groups: &'u [String],
    attrs: &'u Map<String, Value>,
    /// Only for managers of users.
    #[serde(skip_serializing_if = "Option::is_none")]
    sys_attrs: Option<&'u Map<String, Value>>,
    /// Only for managers of users.
    #[serde(skip_serializing_if = "Option::is_none")]
    self_registered: Option<bool>,
    enable: bool,
    #[serde(rename = "firstCreated")]
    first_created: String,
    ak: &'u str,
    /// Always false: deleted users are not kept.
    #[serde(rename = "isDel")]
    is_del: bool,
}

impl<'u> UserResponse<'u> {
    /// Returns the view that users have of themselves.
    pub(super) fn own(user: &'u User, ak: &'u str) -> Self {
        Self {
            id: &user.id,
            username: &user.username,
            kind: user.kind(),
            roles: user.all_roles(),
            groups: &user.groups,
            attrs: &user.attrs,
            sys_attrs: None,
            self_registered: None,
            enable: user.is_enabled,
            first_created: user.created_at.iso8601(),
            ak,
            is_del: false,
        }
    }

    /// Returns the view that managers of users have.
    pub(super) fn whole(user: &'u User, ak: &'u str) -> Self {
        let self_registered = Some(user.is_self_registered);
        Self { sys_attrs: Some(&user.sys_attrs), self_registered, ..Self::own(user, ak) }
    }
}

/// The fields of a new user.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// The name as typed.
    pub username: String,
    /// True if the type is `ADMIN`.
    pub is_admin: bool,
    /// Attributes that the user may see and change.
    pub attrs: Map<String, Value>,
    /// Attributes that the user may not see.
    pub sys_attrs: Map<String, Value>,
    /// True if the user registers themself.
    pub is_self_registered: bool,
}

/// A change of a user. Absent fields keep their values.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// The new name.
    pub username: Option<String>,
    /// True for the type `ADMIN`, false for `MEMBER`.
    pub is_admin: Option<bool>,
    /// True if the user can sign in. Disabling a user ends all of their sign-ins.
    pub is_enabled: Option<bool>,
    /// All roles besides the type.
    pub roles: Option<Vec<String>>,
    /// All groups.
    pub groups: Option<Vec<String>>,
    /// True if the user's tokens are limited to the actions that the key lists for self-registered users.
    pub is_self_registered: Option<bool>,
    /// Entries of `attrs` to set; `null` removes one.
    pub attrs: Option<Map<String, Value>>,
    /// Entries of `sys_attrs` to set; `null` removes one.
    pub sys_attrs: Option<Map<String, Value>>,
}

/// Filters and page of a list of users.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// True: only administrators. False: only members.
    pub is_admin: Option<bool>,
    /// A part of the name or of a searched attribute; empty: all users.
    pub search: String,
    /// The number of users to skip.
    pub skip: i64,
    /// Maximum number of users to return.
    pub limit: i64,
}

/// A page of users on the wire.
#[derive(Debug, Serialize)]
pub(super) struct UsersResponse<'u> {
    /// The total number of users.
    pub(super) total: i64,
    pub(super) list: Vec<UserResponse<'u>>,
}
