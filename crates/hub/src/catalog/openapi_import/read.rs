//! Parses documents in JSON and YAML with bounded size, nesting, and number of values. No I/O.

use std::{cell::Cell, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Budget, DuplicateKeyPolicy, Options};

/// Maximum size of a document in bytes.
pub(super) const MAX_BYTES: usize = 16 << 20;
/// Maximum number of values in a document, including those that YAML's aliases repeat.
const MAX_VALUES: usize = 1_000_000;
/// Maximum nesting of YAML. The limit for JSON is the parser's, 128.
const MAX_DEPTH: usize = 100;
/// Maximum number of anchors, and of aliases, in YAML.
const MAX_ALIASES: usize = 10_000;
/// Maximum length of a parser's error message in characters.
const MAX_ERROR: usize = 300;

/// A document, parsed within the limits.
#[derive(Debug, Clone, Default)]
pub struct Document(pub(super) Value);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let left = Cell::new(MAX_VALUES);
        Counted(&left).deserialize(deserializer).map(Self)
    }
}

impl From<String> for Document {
    /// Wraps the text of a document.
    fn from(text: String) -> Self {
        Self(Value::String(text))
    }
}

impl Document {
    /// Returns the document, parsed if it is a text.
    ///
    /// # Errors
    /// A message with the place of the error.
    pub(super) fn read(self) -> Result<Value, String> {
        match self.0 {
            Value::String(text) => read(&text),
            value => Ok(value),
        }
    }
}

/// Parses the text of a document.
///
/// # Errors
/// A message with the place of the error.
pub(super) fn read(text: &str) -> Result<Value, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("the document is larger than {MAX_BYTES} bytes"));
    }
    let text = text.trim_start_matches('\u{feff}');
    let short = |error: String| error.chars().take(MAX_ERROR).collect::<String>();
    if text.trim_start().starts_with(['{', '[']) {
        let json = serde_json::from_str::<Document>(text);
        // A flow mapping of YAML also begins with a brace.
        return json.map(|document| document.0).or_else(|error| {
            yaml(text).map_err(|_error| short(format!("Input should be JSON or YAML: {error}")))
        });
    }
    yaml(text).map_err(|error| short(format!("Input should be JSON or YAML: {error}")))
}

fn yaml(text: &str) -> Result<Value, String> {
    let mut budget = Budget::default();
    budget.max_nodes = MAX_VALUES;
    budget.max_events = 4 * MAX_VALUES;
    budget.max_depth = MAX_DEPTH;
    budget.flow_nesting_limit = MAX_DEPTH;
    budget.max_documents = 1;
    budget.max_inclusion_depth = 0;
    budget.max_aliases = MAX_ALIASES;
    budget.max_anchors = MAX_ALIASES;
    budget.max_recorded_anchor_events = MAX_VALUES;
    budget.max_recorded_anchor_bytes = MAX_BYTES;
    budget.max_total_scalar_bytes = MAX_BYTES;
    let mut options = Options::default();
    options.budget = Some(budget);
    // `on` and `no` are texts in YAML 1.2, and so are 0123 and 1_000.
    options.strict_booleans = true;
    options.leading_zero_numbers_as_strings = true;
    options.underscored_numbers_as_strings = true;
    options.null_as_string = true;
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    options.with_snippet = false;
    serde_saphyr::from_str_with_options::<Document>(text, options)
        .map(|document| document.0)
        .map_err(|error| error.to_string())
}

/// Deserializes a value and counts it.
#[derive(Clone, Copy)]
struct Counted<'c>(&'c Cell<usize>);

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.ok_or_else(|| Error::custom(format!("more than {MAX_VALUES} values")))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counted<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element_seed(self)? {
            list.push(entry);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            members.insert(name, entries.next_value_seed(self)?);
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_and_yaml_are_the_same_document() {
        let expected = json!({
            "openapi": "3.0.3", "paths": {"/a": {"get": {"responses": {"200": {"description": "on"}}}}},
        });
        let yaml =
            "# A comment\nopenapi: 3.0.3\npaths:\n  /a:\n    get: {responses: {200: {description: on}}}\n";
        let anchored = "openapi: 3.0.3\nx: &r {200: {description: on}}\npaths: {/a: {get: {responses: *r}}}";
        for text in [
            expected.to_string(),
            format!("\u{feff}\n {expected}"),
            yaml.to_owned(),
            format!("\u{feff}{yaml}"),
            "{openapi: 3.0.3, paths: {/a: {get: {responses: {200: {description: on}}}}}}".to_owned(),
        ] {
            assert_eq!(read(&text).unwrap(), expected, "{text}");
        }
        assert_eq!(read(anchored).unwrap()["paths"], expected["paths"]);
        assert_eq!(Document::from(yaml.to_owned()).read().unwrap(), expected);
        assert_eq!(read("  a: 1\n  b: 2").unwrap(), json!({"a": 1, "b": 2}));
        let scalars = "a: 0123\nb: 1_000\nc: no\nd: 1.0\ne: 2020-01-01\nf: ~\ng: 0x10\nh: |\n  x\n  y\n";
        let expected = json!({
            "a": "0123",
            "b": "1_000",
            "c": "no",
            "d": 1.0,
            "e": "2020-01-01",
            "f": null,
            "g": 16,
            "h": "x\ny\n",
        });
        assert_eq!(read(scalars).unwrap(), expected);
    }

    #[test]
    fn documents_that_would_take_all_memory_or_time_are_refused() {
        let aliases = (1..12).map(|at| {
            let again = vec![format!("*a{}", at - 1); 10].join(",");
            format!("a{at}: &a{at} [{again}]\n")
        });
        let bomb = format!("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n{}", aliases.collect::<String>());
        let merges = format!(
            "a: &a {{k: {}}}\n{}",
            "x".repeat(100_000),
            (0..3000).map(|at| format!("b{at}: {{<<: *a}}\n")).collect::<String>()
        );
        let deep: String = (0..200).map(|at| format!("{}a:\n", " ".repeat(at))).collect();
        for text in [
            bomb,
            merges,
            deep,
            "[".repeat(100_000),
            format!("a: {}", "[".repeat(100_000)),
            "{\"a\":".repeat(1000),
            "a: &a [*a]".to_owned(),
            format!("[{}]", vec!["0"; MAX_VALUES + 1].join(",")),
            "a: 1\n---\nb: 2".to_owned(),
            "? [1]\n: 2".to_owned(),
            "a: 'b".to_owned(),
            "a:\n\tb: 1".to_owned(),
            " ".repeat(MAX_BYTES + 1),
        ] {
            let error = read(&text).unwrap_err();
            assert!(!error.is_empty() && error.chars().count() <= MAX_ERROR, "{error}");
        }
        // Nothing beside the text is read.
        assert_eq!(
            read("a: !include /etc/passwd\nb: ${HOME}").unwrap(),
            json!({"a": "/etc/passwd", "b": "${HOME}"})
        );
    }
}
