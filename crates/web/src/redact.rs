//! Hides secrets in texts that are shown or logged. No I/O.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Serialize, Serializer};

pub use store::HIDDEN;

/// Substrings that mark a parameter or setting as secret.
const SECRET_NAMES: [&str; 8] = ["pass", "pwd", "secret", "token", "key", "sig", "auth", "cred"];

/// True if the name of a parameter or a setting says that its value is a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// Returns a URL without the secrets in it. Hidden are user and password, parameters with a secret's name,
/// the fragment, and parts of the query without `=`. The text need not be a valid URL; what is ambiguous is
/// hidden.
///
/// The user name of a database URL stays, because it is needed to understand an error.
pub fn url(text: &str) -> String {
    let is_scheme =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte));
    let (scheme, rest) = match text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let (user, rest) = match rest.rfind('@').map(|at| rest.split_at(at)) {
        // An `@` in the value of a parameter does not end a password.
        Some((before, _)) if before.split_once('?').is_some_and(|(_, query)| query.contains('=')) => {
            (String::new(), rest)
        }
        Some((before, after)) => {
            let name = before.split(':').next().unwrap_or_default();
            let is_database = scheme.starts_with("postgres");
            let shown = if is_database { format!("{name}:{HIDDEN}@") } else { format!("{HIDDEN}@") };
            (shown, after.trim_start_matches('@'))
        }
        None => (String::new(), rest),
    };
    let (rest, fragment) = match rest.split_once('#') {
        Some((rest, _)) => (rest, format!("#{HIDDEN}")),
        None => (rest, String::new()),
    };
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, format!("?{}", parameters(query))),
        None => (rest, String::new()),
    };
    format!("{scheme}{user}{path}{query}{fragment}")
}

fn parameters(query: &str) -> String {
    let shown = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if is_secret_name(name) => format!("{name}={HIDDEN}"),
        Some(_) => parameter.to_owned(),
        None if parameter.is_empty() => String::new(),
        None => HIDDEN.to_owned(),
    };
    query.split('&').map(shown).collect::<Vec<_>>().join("&")
}

/// An address that may contain a password or a key. `Debug` and `Serialize` show it without them.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl From<String> for SecretUrl {
    fn from(address: String) -> Self {
        Self(address)
    }
}

impl From<&str> for SecretUrl {
    fn from(address: &str) -> Self {
        Self(address.to_owned())
    }
}

impl Deref for SecretUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", url(self))
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&url(self))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_of_addresses_are_hidden() {
        for (address, expected) in [
            ("https://api.example.com/v1", "https://api.example.com/v1"),
            ("https://user:geheim@api.example.com/v1", "https://***@api.example.com/v1"),
            ("https://geheim@api.example.com", "https://***@api.example.com"),
            ("https://u:ge@heim@h/", "https://***@h/"),
            ("https://u:ge/heim@h/", "https://***@h/"),
            ("https://u:ge?heim@h/", "https://***@h/"),
            ("u:geheim@h", "***@h"),
            ("https://h/v1?api_key=geheim&model=x", "https://h/v1?api_key=***&model=x"),
            ("https://h/v1?Access-Token=geheim", "https://h/v1?Access-Token=***"),
            ("https://h/?geheim", "https://h/?***"),
            ("https://h/?to=a@b", "https://h/?to=a@b"),
            ("https://h/#geheim", "https://h/#***"),
            ("postgres://u:p@ss@h/db", "postgres://u:***@h/db"),
            ("postgres://u@h/db?password=geheim&x=1", "postgres://u:***@h/db?password=***&x=1"),
            ("postgres://h/db?sslmode=require", "postgres://h/db?sslmode=require"),
            ("sqlite:doppel.db", "sqlite:doppel.db"),
            ("nowhere", "nowhere"),
        ] {
            assert_eq!(url(address), expected);
        }
    }

    proptest! {
        #[test]
        fn a_password_is_never_shown(
            before in "[a-z:/?#&]{0,6}", scheme in "(https?://|)", host in "[a-z.]{1,8}",
            query in "(\\?x=1|)",
        ) {
            let address = format!("{scheme}u:{before}GEHEIM@{host}/v1{query}");
            prop_assert!(!url(&address).contains("GEHEIM"), "{}", url(&address));
            let address = format!("{scheme}{host}/v1?a=1&api_key=GEHEIM{before}");
            prop_assert!(!url(&address).contains("GEHEIM"), "{}", url(&address));
        }
    }
}
