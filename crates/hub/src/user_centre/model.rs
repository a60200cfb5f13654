//! What a user is, inside and on the wire.

use serde::Serialize;
use serde_json::{Map, Value};
use store::{Row, Timestamp};

/// The users of one key, and how far whoever asks may go among them.
#[derive(Debug, Clone)]
pub struct Pool {
    /// The key's id.
    pub key: i64,
    /// Its public half.
    pub ak: String,
    /// How far.
    pub power: Power,
}

/// Whom somebody who looks after users may see and change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// The application itself, or the owner of its key: everybody.
    Everybody,
    /// A person with the role `ADMIN`: members. Administrators do not exist for them.
    Members,
}

/// A user. The hash of the password is not part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// 24 hexadecimal digits, in the order users were made.
    pub id: String,
    /// The name to sign in with.
    pub username: String,
    /// Whether the type is `ADMIN`, else `MEMBER`.
    pub is_admin: bool,
    /// Whether the user can sign in.
    pub is_enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Roles besides the type.
    pub roles: Vec<String>,
    /// Groups, as paths.
    pub groups: Vec<String>,
    /// What the user may see and change.
    pub attrs: Map<String, Value>,
    /// What only those who look after users may see.
    pub sys_attrs: Map<String, Value>,
    /// Whether the user registered without anybody who looks after users: then tokens open what the key lists alone.
    pub is_self_registered: bool,
}

impl User {
    /// `ADMIN` or `MEMBER`.
    pub const fn kind(&self) -> &'static str {
        if self.is_admin { super::rules::ADMIN } else { super::rules::MEMBER }
    }

    /// The `roles` of the user's tokens: the type, then what was given.
    pub fn all_roles(&self) -> Vec<&str> {
        std::iter::once(self.kind()).chain(self.roles.iter().map(String::as_str)).collect()
    }
}

/// Columns of a user, in the order of [`User::from_row`](store::FromRow::from_row).
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

/// A user with the hash of the password, for signing in alone.
pub(super) struct WithPassword {
    pub(super) user: User,
    pub(super) hash: String,
}

impl store::FromRow for WithPassword {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        Ok(Self { user: User::from_row(row)?, hash: row.get(10)? })
    }
}

/// A user on the wire, with the names of the original.
#[derive(Debug, Serialize)]
pub(super) struct UserOut<'u> {
    #[serde(rename = "_id")]
    id: &'u str,
    username: &'u str,
    #[serde(rename = "type")]
    kind: &'static str,
    roles: Vec<&'u str>,
    groups: &'u [String],
    attrs: &'u Map<String, Value>,
    /// For those who look after users.
    #[serde(skip_serializing_if = "Option::is_none")]
    sys_attrs: Option<&'u Map<String, Value>>,
    /// For those who look after users.
    #[serde(skip_serializing_if = "Option::is_none")]
    self_registered: Option<bool>,
    enable: bool,
    #[serde(rename = "firstCreated")]
    first_created: String,
    ak: &'u str,
    /// Deleted users are gone, so this is always false.
    #[serde(rename = "isDel")]
    is_del: bool,
}

impl<'u> UserOut<'u> {
    /// What a user sees of themself.
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

    /// What those see who look after users.
    pub(super) fn whole(user: &'u User, ak: &'u str) -> Self {
        let self_registered = Some(user.is_self_registered);
        Self { sys_attrs: Some(&user.sys_attrs), self_registered, ..Self::own(user, ak) }
    }
}

/// What a new user is made of.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// The name as typed.
    pub username: String,
    /// Whether the type is `ADMIN`.
    pub is_admin: bool,
    /// What the user may see and change.
    pub attrs: Map<String, Value>,
    /// What the user may not see.
    pub sys_attrs: Map<String, Value>,
    /// Whether the user registers without anybody who looks after users.
    pub is_self_registered: bool,
}

/// A change of a user; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// Another name.
    pub username: Option<String>,
    /// Another type.
    pub is_admin: Option<bool>,
    /// Whether the user can sign in. Switching off ends every sign-in.
    pub is_enabled: Option<bool>,
    /// All roles besides the type.
    pub roles: Option<Vec<String>>,
    /// All groups.
    pub groups: Option<Vec<String>>,
    /// Whether tokens open what the key lists for people who registered themselves, and nothing else.
    pub is_self_registered: Option<bool>,
    /// Entries of `attrs` to set; `null` removes one.
    pub attrs: Option<Map<String, Value>>,
    /// Entries of `sys_attrs` to set; `null` removes one.
    pub sys_attrs: Option<Map<String, Value>>,
}

/// Which users are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Administrators alone, or members alone.
    pub is_admin: Option<bool>,
    /// A part of the name or of one of the attributes a search looks through; empty: all.
    pub search: String,
    /// How many to pass over.
    pub skip: i64,
    /// How many.
    pub limit: i64,
}

/// Some users on the wire.
#[derive(Debug, Serialize)]
pub(super) struct UsersOut<'u> {
    /// How many there are in all.
    pub(super) total: i64,
    pub(super) list: Vec<UserOut<'u>>,
}
