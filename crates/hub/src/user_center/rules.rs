//! Validation of names, passwords, roles, groups, and attributes. No I/O.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::model::User;
use crate::call::{HubCode, HubError};

/// The type of users who manage others, and the role in their tokens.
pub const ADMIN: &str = "ADMIN";
/// The type of all other users.
pub const MEMBER: &str = "MEMBER";

/// Maximum length of a name in characters.
pub const MAX_USERNAME: usize = 64;
/// Maximum length of a password in characters under any policy. It bounds the cost of hashing.
pub const MAX_PASSWORD: usize = 256;
/// The lowest minimum length that a policy may set, in characters.
const LEAST_PASSWORD: usize = 6;
/// Maximum number of roles or groups, and maximum length of each in characters.
const MAX_LIST: usize = 50;
const MAX_ENTRY: usize = 200;
/// Maximum size of an object of attributes as JSON, in bytes.
const MAX_ATTRS: usize = 8192;
/// Maximum length of the searched part of an attribute, in characters.
const MAX_SEARCHED: usize = 200;

/// Common passwords, one a line, in byte order and lower case.
const COMMON: &str = include_str!("common.txt");

/// The requirements for passwords of a key's users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PasswordPolicy {
    /// Minimum length in characters, 6 to 64.
    pub min_length: usize,
    /// Maximum length in characters, up to 256.
    pub max_length: usize,
    /// True if an upper-case letter is required.
    pub require_upper: bool,
    /// True if a lower-case letter is required.
    pub require_lower: bool,
    /// True if a digit is required.
    pub require_digit: bool,
    /// True if a character is required that is neither letter nor digit.
    pub require_symbol: bool,
    /// True if the user name and common passwords are refused.
    pub refuse_common: bool,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_length: 8,
            max_length: 128,
            require_upper: false,
            require_lower: false,
            require_digit: false,
            require_symbol: false,
            refuse_common: true,
        }
    }
}

impl PasswordPolicy {
    /// Checks the bounds of a policy.
    ///
    /// # Errors
    /// `INVALID_PARAMS` that names the member out of bounds.
    pub fn check(self) -> Result<Self, HubError> {
        if !(LEAST_PASSWORD..=64).contains(&self.min_length) {
            return Err(HubError::argument("minLength", "a number from 6 to 64"));
        }
        if !(self.min_length..=MAX_PASSWORD).contains(&self.max_length) {
            return Err(HubError::argument("maxLength", "a number from minLength to 256"));
        }
        Ok(self)
    }

    /// Checks a new password against the policy.
    ///
    /// # Errors
    /// `PASSWORD_TOO_WEAK`; its detail names the requirements that are not met.
    pub fn accepts(&self, password: &str, username: &str) -> Result<(), HubError> {
        let length = password.chars().count();
        let has = |what: fn(char) -> bool| password.chars().any(what);
        let failed: Vec<&str> = [
            ("minLength", length < self.min_length),
            ("maxLength", length > self.max_length),
            ("requireUpper", self.require_upper && !has(char::is_uppercase)),
            ("requireLower", self.require_lower && !has(char::is_lowercase)),
            ("requireDigit", self.require_digit && !has(char::is_numeric)),
            ("requireSymbol", self.require_symbol && password.chars().all(char::is_alphanumeric)),
            ("refuseCommon", self.refuse_common && is_common(password, username)),
        ]
        .into_iter()
        .filter_map(|(name, failed)| failed.then_some(name))
        .collect();
        if failed.is_empty() {
            return Ok(());
        }
        Err(HubError::new(HubCode::PasswordTooWeak).with(json!({ "failed": failed })))
    }
}

fn is_common(password: &str, username: &str) -> bool {
    let lower = password.to_lowercase();
    let is_one_character = lower.chars().all(|c| lower.starts_with(c));
    is_one_character || lower == name_key(username) || is_listed(&lower)
}

fn is_listed(lower: &str) -> bool {
    // Binary search over the lines of the sorted list.
    let mut rest = COMMON;
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        // The list is ASCII only.
        let start = rest.get(..middle).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
        let line_end = rest.get(start..).and_then(|text| text.find('\n')).map_or(rest.len(), |at| start + at);
        let line = rest.get(start..line_end).unwrap_or_default();
        match lower.cmp(line) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => rest = rest.get(..start).unwrap_or_default(),
            std::cmp::Ordering::Greater => rest = rest.get(line_end + 1..).unwrap_or_default(),
        }
    }
    false
}

/// Checks that a text has the form of a user's id.
///
/// # Errors
/// `USER_NOT_FOUND` if it has not.
pub fn id(text: &str) -> Result<(), HubError> {
    let is_id = text.len() == 24 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if is_id { Ok(()) } else { Err(HubCode::UserNotFound.into()) }
}

/// Returns the form under which names are compared.
pub fn name_key(username: &str) -> String {
    username.to_lowercase()
}

/// Checks a new name.
///
/// # Errors
/// `INVALID_PARAMS` unless the name is 1 to 64 visible characters without white space at the ends.
pub fn username(text: &str) -> Result<(), HubError> {
    let is_long = text.chars().count() > MAX_USERNAME;
    if is_long || text != text.trim() || web::names::is_blank(text) || web::names::is_deceptive(text) {
        return Err(HubError::argument("username", "1 to 64 visible characters, no white space at the ends"));
    }
    Ok(())
}

/// Checks a user's roles, which must not include the type.
///
/// # Errors
/// `INVALID_PARAMS` for too many, too long, or reserved roles.
pub fn roles(list: &[String]) -> Result<(), HubError> {
    if !list.iter().all(|role| is_entry(role)) || list.len() > MAX_LIST {
        return Err(HubError::argument("roles", "at most 50 texts of 1 to 200 characters"));
    }
    if list.iter().any(|role| role == ADMIN || role == MEMBER) {
        return Err(HubError::argument("roles", "ADMIN and MEMBER are given by the type of the user"));
    }
    Ok(())
}

/// Checks a user's groups.
///
/// # Errors
/// `INVALID_PARAMS` for too many groups, or for one that is not a path.
pub fn groups(list: &[String]) -> Result<(), HubError> {
    let is_path = |path: &String| {
        is_entry(path)
            && path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(|part| !part.trim().is_empty()))
    };
    if !list.iter().all(is_path) || list.len() > MAX_LIST {
        return Err(HubError::argument(
            "groups",
            "at most 50 paths such as /sales/north, of at most 200 characters",
        ));
    }
    Ok(())
}

fn is_entry(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_ENTRY && !text.chars().any(char::is_control)
}

/// Sets entries of an object of attributes; `null` removes an entry.
///
/// # Errors
/// `INVALID_PARAMS` if the result is too large.
pub fn merged(
    name: &str,
    mut base: Map<String, Value>,
    change: Map<String, Value>,
) -> Result<Map<String, Value>, HubError> {
    for (key, value) in change {
        if value.is_null() {
            base.remove(&key);
        } else {
            base.insert(key, value);
        }
    }
    let text =
        serde_json::to_string(&base).map_err(|error| HubError::new(HubCode::Unknown).because(error))?;
    if text.len() > MAX_ATTRS {
        return Err(HubError::argument(name, "an object of at most 8192 bytes"));
    }
    Ok(base)
}

/// Returns the searchable text of a user, folded: the name, `attrs.nickname`, and `name`, `email`, and
/// `phone` of `sys_attrs`.
pub fn searched(user: &User) -> String {
    let of = |map: &Map<String, Value>, name: &str| match map.get(name) {
        Some(Value::String(text)) => text.chars().take(MAX_SEARCHED).collect(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let texts = [
        user.username.clone(),
        of(&user.attrs, "nickname"),
        of(&user.sys_attrs, "name"),
        of(&user.sys_attrs, "email"),
        of(&user.sys_attrs, "phone"),
    ];
    // One line each, so that no search matches across two of them.
    search::fold(&texts.join("\n")).replace('\0', "")
}

/// Converts a search to a `LIKE` pattern.
pub fn pattern(search: &str) -> String {
    let folded = search::fold(search);
    let mut pattern = String::from("%");
    for c in folded.trim().chars().filter(|c| *c != '\0') {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn failed(policy: PasswordPolicy, password: &str) -> Value {
        policy
            .accepts(password, "Alice@Example")
            .map_or_else(|error| error.detail["failed"].clone(), |()| json!([]))
    }

    #[test]
    fn a_policy_says_what_is_missing() {
        let default = PasswordPolicy::default();
        for (password, expected) in [
            ("correct horse", json!([])),
            ("short", json!(["minLength"])),
            ("Password1", json!(["refuseCommon"])),
            ("alice@example", json!(["refuseCommon"])),
            ("ééééééééé", json!(["refuseCommon"])),
            ("阅读写作思考行动", json!([])),
        ] {
            assert_eq!(failed(default, password), expected, "{password}");
        }
        let strict = PasswordPolicy {
            require_upper: true,
            require_lower: true,
            require_digit: true,
            require_symbol: true,
            ..default
        };
        assert_eq!(failed(strict, "Correct-1"), json!([]));
        assert_eq!(failed(strict, "--------x"), json!(["requireUpper", "requireDigit"]));
        assert_eq!(failed(strict, "ABCDEFG1H"), json!(["requireLower", "requireSymbol"]));
        assert_eq!(failed(default, &"ab".repeat(65)), json!(["maxLength"]));
        let samples = PasswordPolicy { min_length: 6, refuse_common: false, ..default };
        assert_eq!(failed(samples, "123456"), json!([]));
    }

    #[test]
    fn a_policy_has_bounds() {
        let policy =
            |min_length, max_length| PasswordPolicy { min_length, max_length, ..PasswordPolicy::default() };
        for (min, max, good) in
            [(6, 6, true), (5, 20, false), (8, 7, false), (64, 256, true), (65, 256, false), (8, 257, false)]
        {
            assert_eq!(policy(min, max).check().is_ok(), good, "{min} {max}");
        }
    }

    #[test]
    fn every_line_of_the_list_is_found() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 2000);
        assert!(lines.iter().all(|line| is_listed(line) && line.is_ascii() && *line == line.to_lowercase()));
        assert!(!is_listed("") && !is_listed("correct horse") && !is_listed("~~~~~~~~~"));
    }

    #[test]
    fn roles_and_groups() {
        let list = |entry: &str| vec![entry.to_owned()];
        assert!(roles(&list("EDITOR")).is_ok() && roles(&[]).is_ok());
        assert!(
            roles(&list("ADMIN")).is_err()
                && roles(&list("")).is_err()
                && roles(&vec!["x".to_owned(); 51]).is_err()
        );
        for (path, good) in [
            ("/技术部/运维部", true),
            ("/a", true),
            ("a", false),
            ("/", false),
            ("/a/", false),
            ("/a//b", false),
        ] {
            assert_eq!(groups(&list(path)).is_ok(), good, "{path}");
        }
    }

    #[test]
    fn attributes_are_set_one_by_one() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let base = object(json!({"a": 1, "b": 2}));
        assert_eq!(
            Value::Object(merged("attrs", base, object(json!({"a": null, "c": [3]}))).unwrap()),
            json!({"b": 2, "c": [3]})
        );
        let large = object(json!({"a": "x".repeat(8200)}));
        assert!(merged("attrs", Map::new(), large).is_err());
    }

    proptest! {
        #[test]
        fn a_password_is_listed_or_not(password in "\\PC{0,20}") {
            prop_assert_eq!(is_listed(&password), COMMON.lines().any(|line| line == password));
        }

        #[test]
        fn a_pattern_has_no_wild_cards_of_the_callers(search in "\\PC{0,20}") {
            let pattern = pattern(&search);
            let inner = &pattern[1..pattern.len() - 1];
            let unescaped = inner.replace("\\\\", "").replace("\\%", "").replace("\\_", "");
            prop_assert!(!unescaped.contains(['%', '_', '\\']));
        }
    }
}
