//! The origin of an entry: who told it.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// The origin of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The person, or unknown.
    #[strum(serialize = "")]
    Person,
    /// A conversation with the assistant.
    #[serde(rename = "chat")]
    #[strum(serialize = "chat")]
    Conversation,
    /// An app, a key, a program or an agent.
    #[strum(serialize = "app")]
    App,
    /// A file.
    #[strum(serialize = "import")]
    Import,
}

impl Origin {
    /// Returns the name in the store.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the origin with this name in the store.
    pub fn of(name: &str) -> Self {
        name.parse().unwrap_or(Self::Person)
    }
}
