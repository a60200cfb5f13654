//! The types of accounts.

use store::{AccountId, Timestamp, from_row};

/// An account, which owns memories, keys, and sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The id, shown to others as `userId`.
    pub id: AccountId,
    /// The e-mail address: unique, lower-case, never empty.
    pub email: String,
    /// The name shown to others, 1 to 50 characters.
    pub name: String,
    /// The slug of the home page, unique, letters and digits.
    pub route: String,
    /// True if the account is an administrator's.
    pub is_admin: bool,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time since which the account is disabled. While it is, none of its credentials is valid.
    pub disabled_at: Option<Timestamp>,
}

from_row!(Account { id, email, name, route, is_admin, created_at, disabled_at });

/// An account with its password hash, for sign-in only.
pub(crate) struct AccountWithPassword {
    pub(crate) id: AccountId,
    pub(crate) password_hash: String,
    pub(crate) disabled_at: Option<Timestamp>,
}

from_row!(AccountWithPassword { id, password_hash, disabled_at });

/// The input for a new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The e-mail address as typed.
    pub email: String,
    /// The name as typed.
    pub name: String,
    /// The password as typed.
    pub password: Password,
    /// True if the account is to be an administrator's.
    pub is_admin: bool,
}

/// A password as typed. `Debug` does not show it.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Wraps a password as typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the password, for hashing and checking only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}
