//! The methods by which apps authenticate at the token endpoint (RFC 7591 §2). No I/O.

use std::fmt;

use strum::{EnumString, IntoStaticStr};

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
pub enum AuthMethod {
    /// The app is public, and proves itself by PKCE alone.
    #[strum(serialize = "none")]
    None,
    /// A secret by HTTP Basic.
    #[strum(serialize = "client_secret_basic")]
    SecretBasic,
    /// A secret in the form.
    #[strum(serialize = "client_secret_post")]
    SecretPost,
    /// An assertion that the app signs with its key (RFC 7523).
    #[strum(serialize = "private_key_jwt")]
    PrivateKeyJwt,
}

impl AuthMethod {
    /// Every method, in the order in which the metadata lists them. Some clients take the first one if their
    /// own is missing.
    pub const ALL: &[Self] = &[Self::SecretBasic, Self::SecretPost, Self::None, Self::PrivateKeyJwt];

    /// Returns the name on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// True if the app shares a secret with this server.
    pub(crate) const fn is_secret(self) -> bool {
        matches!(self, Self::SecretBasic | Self::SecretPost)
    }

    /// Returns the method with a name.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// A set of methods.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct AuthMethods(u8);

impl AuthMethods {
    /// No secret and no key.
    pub const NONE: Self = Self(1 << AuthMethod::None as u8);
    /// A key alone.
    pub const KEY: Self = Self(1 << AuthMethod::PrivateKeyJwt as u8);
    /// The methods of an app that shares no secret with this server.
    pub const WITHOUT_SECRET: Self = Self(Self::NONE.0 | Self::KEY.0);

    /// Returns the methods with these names. Unknown names are ignored.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names
            .into_iter()
            .filter_map(AuthMethod::parse)
            .fold(Self(0), |all, method| Self(all.0 | 1 << method as u8))
    }

    /// Returns the set of one method.
    pub const fn only(method: AuthMethod) -> Self {
        Self(1 << method as u8)
    }

    /// Returns the intersection of the sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// True if a method with a secret is in the set. A secret is good by either way of sending it.
    pub(crate) const fn has_secret(self) -> bool {
        self.contains(AuthMethod::SecretBasic) || self.contains(AuthMethod::SecretPost)
    }

    /// True if the method is in the set.
    pub const fn contains(self, method: AuthMethod) -> bool {
        self.0 & (1 << method as u8) != 0
    }

    /// True if the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Writes the names separated by spaces, as a set is stored.
impl fmt::Display for AuthMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = AuthMethod::ALL
            .iter()
            .filter(|method| self.contains(**method))
            .map(|method| method.name())
            .collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for AuthMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

/// Reads a set from the database.
impl store::Column for AuthMethods {
    const EXPECTED: &'static str = "names of authentication methods";

    fn from_value(value: store::Param<'_>) -> Option<Self> {
        match value {
            store::Param::Text(text) => Some(Self::of(text.split(' ').filter(|name| !name.is_empty()))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_methods_survives_being_written_down() {
        for names in
            ["", "none", "private_key_jwt", "none private_key_jwt", "client_secret_basic client_secret_post"]
        {
            let set = AuthMethods::of(names.split(' '));
            assert_eq!(set.to_string(), names);
            assert_eq!(set.is_empty(), names.is_empty());
        }
        assert_eq!(AuthMethods::of(["tls_client_auth"]), AuthMethods::default());
        assert_eq!(AuthMethods::of(["none"]), AuthMethods::only(AuthMethod::None));
    }
}
