//! Examples of values, from the JSON schemas of the OpenAPI document. No I/O.

#![expect(clippy::indexing_slicing, reason = "a JSON value returns null for an absent member")]

use serde_json::{Map, Value};

/// Maximum depth of an example.
const MAX_DEPTH: usize = 6;

/// Follows a reference within the document.
pub(super) fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let mut schema = schema;
    // References may form a circle.
    for _ in 0..8 {
        let Some(pointer) = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#')) else {
            break;
        };
        schema = document.pointer(pointer).unwrap_or(&Value::Null);
    }
    schema
}

/// Returns the first schema of several that is not null.
fn one_of<'d>(document: &'d Value, schema: &'d Value) -> Option<&'d Value> {
    let lists = [&schema["oneOf"], &schema["anyOf"], &schema["allOf"]];
    let mut all = lists.into_iter().filter_map(Value::as_array).flatten();
    all.find(|one| resolved(document, one)["type"] != "null")
}

/// Returns the name of a schema's type, such as `string` or `integer[]`.
pub(super) fn type_name(document: &Value, schema: &Value) -> String {
    let schema = resolved(document, schema);
    let named = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        one => one.as_str(),
    };
    match named {
        Some("array") => format!("{}[]", type_name(document, &schema["items"])),
        Some(name) => name.to_owned(),
        None => one_of(document, schema).map_or_else(|| "any".to_owned(), |one| type_name(document, one)),
    }
}

/// Returns an example of a schema. With `is_short`, an object has only members that are required or have an
/// example of their own.
pub(super) fn example(document: &Value, schema: &Value, is_short: bool) -> Value {
    value(document, schema, is_short, 0)
}

fn given(schema: &Value) -> Option<Value> {
    let offered = [&schema["example"], &schema["examples"][0], &schema["const"]];
    offered.into_iter().find(|value| !value.is_null()).cloned().or_else(|| always(schema))
}

/// Returns the value of a member that always has the same one, as its description says.
fn always(schema: &Value) -> Option<Value> {
    let value = schema["description"].as_str()?.strip_prefix("Always `")?.split('`').next()?;
    Some(serde_json::from_str(value).unwrap_or_else(|_text| value.into()))
}

fn value(document: &Value, schema: &Value, is_short: bool, depth: usize) -> Value {
    let outer = schema;
    let schema = resolved(document, schema);
    if let Some(example) = given(outer).or_else(|| given(schema)) {
        return example;
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    match type_name(document, schema).as_str() {
        "object" => object(document, schema, is_short, depth),
        "string" => text(schema),
        "integer" => schema["default"].as_i64().unwrap_or(1).into(),
        "number" => schema["default"].as_f64().unwrap_or(1.0).into(),
        "boolean" => schema["default"].as_bool().unwrap_or(true).into(),
        name if name.ends_with("[]") => {
            let items = if schema["items"].is_null() {
                one_of(document, schema).map_or(&Value::Null, |one| &resolved(document, one)["items"])
            } else {
                &schema["items"]
            };
            Value::from(vec![value(document, items, is_short, depth + 1)])
        }
        _ => one_of(document, schema).map_or(Value::Null, |one| value(document, one, is_short, depth + 1)),
    }
}

fn object(document: &Value, schema: &Value, is_short: bool, depth: usize) -> Value {
    let Some(members) = schema["properties"].as_object() else {
        return match one_of(document, schema) {
            Some(one) => value(document, one, is_short, depth + 1),
            None => Value::Object(Map::new()),
        };
    };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is_shown = |(name, member): &(&String, &Value)| {
        !is_short || required.contains(&name.as_str()) || given(member).is_some()
    };
    let shown = members.iter().filter(is_shown);
    shown.map(|(name, member)| (name.clone(), value(document, member, is_short, depth + 1))).collect()
}

fn text(schema: &Value) -> Value {
    let default = schema["default"].as_str().unwrap_or("…");
    match schema["format"].as_str() {
        Some("date-time") => "2026-01-01T00:00:00Z".into(),
        Some("date") => "2026-01-01".into(),
        Some("uri" | "url") => "https://example.com/".into(),
        _ => default.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Value {
        json!({"components": {"schemas": {
            "Entry": {"type": "object", "required": ["id"], "properties": {
                "id": {"type": "integer"}, "name": {"type": ["string", "null"], "example": "a"},
                "more": {"type": "string"}, "next": {"$ref": "#/components/schemas/Entry"}}},
            "Loop": {"$ref": "#/components/schemas/Loop"},
        }}})
    }

    #[test]
    fn examples_follow_the_schema() {
        let document = document();
        let entry = json!({"$ref": "#/components/schemas/Entry"});
        assert_eq!(example(&document, &entry, true), json!({"id": 1, "name": "a"}));
        let whole = example(&document, &json!({"type": "array", "items": entry}), false);
        assert_eq!((&whole[0]["more"], &whole[0]["next"]["id"]), (&json!("…"), &json!(1)));
        let either = json!({"oneOf": [{"type": "null"}, {"enum": ["x", "y"]}]});
        assert_eq!(example(&document, &either, false), json!("x"));
    }

    #[test]
    fn what_is_always_the_same_is_the_example() {
        let schema = |about: &str| json!({"type": "integer", "description": about});
        assert_eq!(example(&document(), &schema("Always `0`."), true), json!(0));
        assert_eq!(example(&document(), &schema("Always `public`."), true), json!("public"));
        assert_eq!(example(&document(), &schema("Always something."), true), json!(1));
    }

    #[test]
    fn circles_end() {
        let schema = json!({"$ref": "#/components/schemas/Loop"});
        assert_eq!(example(&document(), &schema, false), Value::Null);
        let deep = example(&document(), &json!({"$ref": "#/components/schemas/Entry"}), false).to_string();
        assert!(deep.len() < 2000, "{deep}");
    }

    #[test]
    fn types_are_named() {
        let name = |schema| type_name(&document(), &schema);
        assert_eq!(name(json!({"type": "array", "items": {"type": ["integer", "null"]}})), "integer[]");
        assert_eq!(name(json!({"anyOf": [{"type": "null"}, {"type": "string"}]})), "string");
        assert_eq!(name(json!({})), "any");
    }
}
