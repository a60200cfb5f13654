//! Names of actions and of arguments. No I/O.

use std::collections::BTreeSet;

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// Maximum length of a name, and of a text that a name is made of, in characters.
pub(super) const MAX_NAME: usize = 64;
const MAX_TEXT: usize = 300;
/// Minimum room for an action's name, whatever the length of the API's code.
const MIN_NAME: usize = 24;
/// Number of hexadecimal digits that make a name unique.
const DIGITS: usize = 6;

/// Unique names of actions.
#[derive(Debug)]
pub(super) struct Names {
    longest: usize,
    taken: BTreeSet<String>,
}

impl Names {
    /// Creates the names of an API's actions, which fit into names of tools (`code__action`) if the code
    /// leaves room.
    pub(super) fn new(code: &str) -> Self {
        let longest = MAX_NAME.saturating_sub(code.len() + 2).max(MIN_NAME);
        Self { longest, taken: BTreeSet::new() }
    }

    /// Returns the name of an operation: its id, or method and path, in lower case with hyphens. A name that
    /// is truncated or taken ends in a hash of method and path, which does not depend on other operations.
    pub(super) fn action(&mut self, id: &str, method: &str, path: &str) -> String {
        let place = format!("{method} {path}");
        let name = Some(slug(id)).filter(|name| !name.is_empty()).unwrap_or_else(|| slug(&place));
        if name.len() <= self.longest && !name.is_empty() && self.taken.insert(name.clone()) {
            return name;
        }
        let mut salt = 0;
        loop {
            let hash = Sha256::digest(format!("{place}{}", ".".repeat(salt)));
            let hash = format!("{:x}", Bytes::copy_from_slice(&hash));
            let end = hash.get(..DIGITS).unwrap_or_default();
            let kept = name.get(..name.len().min(self.longest - DIGITS - 1)).unwrap_or_default();
            let kept = kept.trim_end_matches('-');
            let unique = if kept.is_empty() { format!("a-{end}") } else { format!("{kept}-{end}") };
            if self.taken.insert(unique.clone()) {
                return unique;
            }
            salt += 1;
        }
    }
}

/// Converts a text to lower-case letters, digits, and hyphens, with a hyphen between the words of camel
/// case.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    let mut was_lower = false;
    for c in text.chars().take(MAX_TEXT) {
        if !c.is_ascii_alphanumeric() {
            if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            was_lower = false;
            continue;
        }
        if c.is_ascii_uppercase() && was_lower {
            slug.push('-');
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        slug.push(c.to_ascii_lowercase());
    }
    slug.trim_end_matches('-').to_owned()
}

/// Returns a unique name for an argument: letters and digits of any script, `_`, `.`, and `-`, which are safe
/// in templates and for clients.
pub(super) fn argument(name: &str, place: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let mut plain = String::new();
    for c in name.chars().take(MAX_NAME) {
        match c {
            c if is_plain(c) => plain.push(c),
            _ if plain.is_empty() || plain.ends_with('_') => {}
            _ => plain.push('_'),
        }
    }
    let plain = if name.chars().all(is_plain) { plain.as_str() } else { plain.trim_end_matches('_') };
    let plain = if plain.is_empty() { "argument" } else { plain };
    let cut = |end: &str| {
        let kept: String = plain.chars().take(MAX_NAME - end.len()).collect();
        format!("{kept}{end}")
    };
    let candidates = [String::new(), format!("_{place}")].into_iter();
    let candidates = candidates.chain((2_u32..).map(|number| format!("_{number}"))).map(|end| cut(&end));
    candidates.into_iter().find(|name| !is_taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_readable_and_stay() {
        let mut names = Names::new("pets");
        assert_eq!(names.action("listPets", "GET", "/pets"), "list-pets");
        assert_eq!(names.action("", "GET", "/pets/{petId}"), "get-pets-pet-id");
        let again = names.action("list_pets", "DELETE", "/pets");
        assert!(again.starts_with("list-pets-") && again.len() == "list-pets-".len() + DIGITS, "{again}");
        // The same whatever else there is.
        let mut other = Names::new("pets");
        assert_eq!(other.action("listPets", "GET", "/a"), "list-pets");
        assert_eq!(other.action("list_pets", "DELETE", "/pets"), again);
        let long = "a".repeat(100);
        let name = Names::new("pets").action(&long, "GET", "/pets");
        assert_eq!((name.len(), Names::new("pets").action(&long, "GET", "/pets")), (58, name));
        assert_ne!(
            Names::new("pets").action(&long, "GET", "/b"),
            Names::new("pets").action(&long, "GET", "/c")
        );
        let chinese = Names::new("x").action("获取", "GET", "/获取");
        assert_eq!(chinese, "get");
        assert_eq!(Names::new("x").action("获取", "获", "取").len(), "a-".len() + DIGITS);
    }

    #[test]
    fn arguments_have_plain_names() {
        for (name, expected) in [
            ("petId", "petId"),
            ("filter[name]", "filter_name"),
            ("a|b", "a_b"),
            ("{x}", "x"),
            ("$top", "top"),
            ("城市", "城市"),
            ("X-Api-Version", "X-Api-Version"),
            ("a b.c", "a_b.c"),
            ("_id", "_id"),
            ("x_", "x_"),
            ("[]", "argument"),
        ] {
            assert_eq!(argument(name, "query", |_| false), expected, "{name}");
        }
        assert_eq!(argument("id", "query", |name| name == "id"), "id_query");
        assert_eq!(argument("id", "query", |name| name == "id" || name == "id_query"), "id_2");
    }

    proptest! {
        #[test]
        fn any_name_is_a_name(texts in prop::collection::vec("\\PC{0,200}", 1..20), code in "[a-z]{1,64}") {
            let mut names = Names::new(&code);
            let mut seen = BTreeSet::new();
            for text in &texts {
                let name = names.action(text, "GET", text);
                prop_assert!(!name.is_empty() && name.len() <= MAX_NAME);
                prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
                prop_assert!(name.bytes().any(|b| b.is_ascii_alphanumeric()) && seen.insert(name));
                let argument = argument(text, "body", |name| seen.contains(name));
                prop_assert!(!argument.is_empty() && argument.chars().count() <= MAX_NAME);
                let is_safe = !argument.contains(['{', '}', '|']);
                prop_assert!(is_safe && seen.insert(argument));
            }
        }
    }
}
