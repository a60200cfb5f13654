//! Responses as they are written down, and the differences between two of them.

use serde_json::{Map, Value, json};

use super::caller::Caller;

/// Cuts a secret after its kind.
fn shortened(word: &str) -> String {
    let is_hex = word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_cut = |start: &str, most: usize| word.starts_with(start) && word.len() > most;
    match word.split_once("?token=") {
        Some((address, _)) => format!("{address}?token=…"),
        None if is_cut("lba_", 9) => format!("{}…", &word[..9]),
        None if is_hex || is_cut("sk-", 20) => format!("{}…", &word[..6]),
        None => word.to_owned(),
    }
}

/// The texts that give way to fixed ones in a response: the server's address, and the values of places.
pub struct Marks(Vec<(String, String)>);

impl Marks {
    /// Collects the values of a caller, and further texts.
    pub fn new(caller: &Caller<'_>, more: &[(&str, &str)]) -> Self {
        let places = caller.values.iter().filter(|(place, value)| value.len() > 3 && *place != "EVENT");
        let mut all: Vec<(String, String)> =
            places.map(|(place, value)| (value.clone(), place.clone())).collect();
        all.extend(more.iter().map(|(value, mark)| ((*value).to_owned(), (*mark).to_owned())));
        // A value may be a part of another one, and of two names of one value the first is taken.
        all.sort_by(|(one, a), (other, b)| other.len().cmp(&one.len()).then(a.cmp(b)));
        Self(all)
    }

    /// Returns a response as it is written down. Secrets are cut.
    pub fn noted(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let text = self.0.iter().fold(text.clone(), |text, (value, mark)| text.replace(value, mark));
                json!(shortened(&text))
            }
            Value::Array(list) => list.iter().map(|one| self.noted(one)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.noted(value))).collect()
            }
            other => other.clone(),
        }
    }
}

/// True if texts differ only in random parts: ids, secrets and times.
fn are_alike(one: &str, other: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-…".contains(c)));
        let mask = |word: &str| {
            let is_random = word.len() > 5 && word.bytes().any(|byte| byte.is_ascii_digit() || byte > 127);
            if is_random || word.ends_with('…') { "RANDOM".to_owned() } else { word.to_owned() }
        };
        words.map(mask).collect()
    };
    one == other || words(one) == words(other)
}

/// Returns where two responses differ in more than ids, secrets, times and durations.
pub fn difference(at: &str, shown: &Value, got: &Value) -> Option<String> {
    let is_time =
        |name: &str| ["took", "Ms", "average", "duration", "Tokens"].iter().any(|part| name.contains(part));
    match (shown, got) {
        (Value::Object(one), Value::Object(other)) => {
            let names = |members: &Map<String, Value>| members.keys().cloned().collect::<Vec<_>>();
            if names(one) != names(other) {
                return Some(format!("{at}: {:?} is shown, {:?} came", names(one), names(other)));
            }
            one.iter().find_map(|(name, value)| difference(&format!("{at}.{name}"), value, &other[name]))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).find_map(|(one, other)| difference(&format!("{at}[]"), one, other))
        }
        (Value::String(one), Value::String(other)) if are_alike(one, other) => None,
        (Value::Number(one), Value::Number(other)) => {
            let is_large =
                |number: &serde_json::Number| number.as_i64().is_some_and(|number| number > 1_000_000);
            let name = at.rsplit('.').next().unwrap();
            let is_same = one == other || (is_large(one) && is_large(other)) || is_time(name);
            (!is_same).then(|| format!("{at}: {one} is shown, {other} came"))
        }
        (one, other) => (one != other).then(|| format!("{at}: {one} is shown, {other} came")),
    }
}

#[test]
fn texts_that_differ_in_ids_are_alike() {
    assert!(are_alike("post_1a2b3c4d", "post_9f8e7d6c") && are_alike("lba_ak_ab…", "lba_ak_xy…"));
    assert!(!are_alike("posted", "postes") && !are_alike("a b", "a c"));
    let shown = json!({"id": 4_503_599_627_370_495_i64, "name": "a", "list": [1]});
    assert_eq!(
        difference("", &shown, &json!({"id": 4_503_599_627_370_111_i64, "name": "a", "list": [1]})),
        None
    );
    for other in [json!({"id": 3, "name": "a", "list": [1]}), json!({"id": 3, "name": "a"}), json!([])] {
        assert!(difference("", &shown, &other).is_some(), "{other}");
    }
}
