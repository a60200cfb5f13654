//! Parameters of an action as lines of text, `city: string! The city`, and as a JSON schema. No I/O.

#![expect(clippy::indexing_slicing, reason = "a JSON value returns null for an absent member")]

use serde_json::{Map, Value, json};

/// The types that a line can name.
const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];

/// Returns a schema as lines, or `None` if lines cannot express it.
pub(in crate::hub) fn as_lines(schema: Option<&Value>) -> Option<String> {
    let Some(schema) = schema else { return Some(String::new()) };
    let properties = schema["properties"].as_object()?;
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let line = |(name, schema): (&String, &Value)| {
        let mark = if required.contains(&name.as_str()) { "!" } else { "" };
        let about = schema["description"].as_str().unwrap_or_default();
        let line = format!("{name}: {}{mark} {about}", schema["type"].as_str()?);
        Some(line.trim_end().to_owned())
    };
    let text = properties.iter().map(line).collect::<Option<Vec<String>>>()?.join("\n");
    // Lines are offered only if nothing is lost.
    (from_lines(&text).ok()?.as_ref() == Some(schema)).then_some(text)
}

/// Returns the schema of lines; `None` if there are none.
///
/// # Errors
/// The number of the first line that cannot be read.
pub(in crate::hub) fn from_lines(text: &str) -> Result<Option<Value>, usize> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (name, rest) = line.split_once(':').ok_or(at + 1)?;
        let (name, rest) = (name.trim(), rest.trim());
        let (kind, about) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (kind, is_required) = kind.strip_suffix('!').map_or((kind, false), |kind| (kind, true));
        let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
        if !is_name || !TYPES.contains(&kind) || properties.contains_key(name) {
            return Err(at + 1);
        }
        let mut schema = json!({"type": kind});
        if !about.trim().is_empty() {
            schema["description"] = about.trim().into();
        }
        properties.insert(name.to_owned(), schema);
        if is_required {
            required.push(Value::from(name));
        }
    }
    if properties.is_empty() {
        return Ok(None);
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    Ok(Some(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_survive_a_round_trip() {
        for text in ["", "a: string", "city: string! The city\ndays: integer", "a: array One: two"] {
            assert_eq!(as_lines(from_lines(text).unwrap().as_ref()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_lines_cannot_say_is_not_offered_as_lines() {
        for schema in [
            json!({"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}}),
            json!({"type": "object", "properties": {"a": {"type": ["string", "null"]}}}),
            json!({"type": "object", "properties": {}, "additionalProperties": false}),
            json!(true),
        ] {
            assert_eq!(as_lines(Some(&schema)), None, "{schema}");
        }
    }

    #[test]
    fn wrong_lines_are_numbered() {
        for (text, line) in
            [("a", 1), ("a: string\n\nb: text", 3), ("a b: string", 1), ("a: string\na: number", 2)]
        {
            assert_eq!(from_lines(text).unwrap_err(), line, "{text}");
        }
    }
}
