//! Merges schemas that apply together: those of `allOf`, and a reference with its siblings. No I/O.

use serde_json::{Map, Value, json};

/// Annotations, of which the last one is kept.
const NOTES: [&str; 5] = ["title", "description", "default", "deprecated", "writeOnly"];

/// Merges schemas into one. Schemas that cannot be merged are kept in `allOf`.
pub(super) fn combined(parts: Vec<Value>, own: Map<String, Value>) -> Map<String, Value> {
    let mut parts = parts;
    parts.retain(|part| part.as_object().is_none_or(|part| !part.is_empty()));
    if parts.is_empty() {
        return own;
    }
    if let [Value::Object(part)] = parts.as_mut_slice()
        && own.keys().all(|name| NOTES.contains(&name.as_str()))
    {
        let mut part = std::mem::take(part);
        part.extend(own);
        return part;
    }
    let mut whole = Map::new();
    let is_simple =
        parts.iter().filter_map(Value::as_object).all(|part| add(&mut whole, part)) && add(&mut whole, &own);
    if is_simple {
        // A part that allows no other members would forbid those of the other parts.
        if own.get("additionalProperties") == Some(&Value::Bool(false)) {
            whole.insert("additionalProperties".into(), Value::Bool(false));
        }
        return whole;
    }
    let mut apart = own;
    apart.insert("allOf".into(), parts.into());
    apart
}

/// Merges a schema into another. Returns false if that is not possible.
fn add(whole: &mut Map<String, Value>, part: &Map<String, Value>) -> bool {
    part.iter().all(|(name, value)| {
        if name == "additionalProperties" && *value == Value::Bool(false) {
            return true;
        }
        let Some(there) = whole.get_mut(name) else {
            whole.insert(name.clone(), value.clone());
            return true;
        };
        if there == value {
            return true;
        }
        match (name.as_str(), there, value) {
            (name, there, value) if NOTES.contains(&name) => {
                *there = value.clone();
                true
            }
            ("type", there, value) => narrow(there, value),
            ("required", Value::Array(there), Value::Array(more)) => {
                for name in more {
                    if !there.contains(name) {
                        there.push(name.clone());
                    }
                }
                true
            }
            ("properties", Value::Object(there), Value::Object(more)) => {
                more.iter().all(|(name, schema)| match there.get_mut(name) {
                    None => {
                        there.insert(name.clone(), schema.clone());
                        true
                    }
                    Some(Value::Object(there)) => schema.as_object().is_some_and(|schema| add(there, schema)),
                    Some(_) => false,
                })
            }
            _ => false,
        }
    })
}

/// Keeps the types that both allow. Returns false if there is none.
fn narrow(there: &mut Value, other: &Value) -> bool {
    let list = |value: &Value| match value {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let (one, other) = (list(there), list(other));
    let allows = |kinds: &[Value], kind: &Value| {
        kinds.contains(kind) || (*kind == "integer" && kinds.contains(&json!("number")))
    };
    let mut both: Vec<Value> = one.iter().filter(|kind| allows(&other, kind)).cloned().collect();
    both.extend(other.iter().filter(|kind| allows(&one, kind) && !one.contains(kind)).cloned());
    match both.as_slice() {
        [] => return false,
        [kind] => *there = kind.clone(),
        _ => *there = both.into(),
    }
    true
}

/// Allows `null` in addition, as `nullable` of OpenAPI 3.0 does.
pub(super) fn or_null(schema: &mut Map<String, Value>) {
    let null = json!("null");
    let mut is_open = true;
    if let Some(kinds) = schema.get_mut("type") {
        match kinds {
            Value::Array(kinds) if !kinds.contains(&null) => kinds.push(null),
            Value::String(kind) if kind != "null" => *kinds = json!([kind, "null"]),
            _ => {}
        }
        is_open = false;
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        if !values.contains(&Value::Null) {
            values.push(Value::Null);
        }
        is_open = false;
    }
    for name in ["anyOf", "oneOf"] {
        if let Some(Value::Array(schemas)) = schema.get_mut(name) {
            let null = json!({"type": "null"});
            if !schemas.contains(&null) {
                schemas.push(null);
            }
            is_open = false;
        }
    }
    if is_open && (schema.contains_key("allOf") || schema.contains_key("const") || schema.contains_key("not"))
    {
        let whole = std::mem::take(schema);
        schema.insert("anyOf".into(), json!([whole, {"type": "null"}]));
    }
}
