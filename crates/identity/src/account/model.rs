//! What an account is.

use store::{Timestamp, from_row};

/// Someone with an account: the owner of memories, keys and sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The number others know the person by (`userId`).
    pub id: i64,
    /// Unique, lower-case, never empty.
    pub email: String,
    /// The name shown to others, 1 to 50 characters.
    pub name: String,
    /// The slug of the home page, unique, letters and digits.
    pub route: String,
    /// Whether the account may run the server from the console.
    pub is_admin: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is switched off; nothing it owns opens anything while it is.
    pub disabled_at: Option<Timestamp>,
}

from_row!(Account { id, email, name, route, is_admin, created_at, disabled_at });

/// An account with what only sign-in may see.
pub(crate) struct AccountWithPassword {
    pub(crate) id: i64,
    pub(crate) password_hash: String,
    pub(crate) disabled_at: Option<Timestamp>,
}

from_row!(AccountWithPassword { id, password_hash, disabled_at });

/// What a new account is made of.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// E-mail as typed.
    pub email: String,
    /// Name as typed.
    pub name: String,
    /// Password as typed.
    pub password: Password,
    /// Whether it may run the server.
    pub is_admin: bool,
}

/// A password as typed; `Debug` does not show it.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Takes a password as typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself, for hashing and checking alone.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}
