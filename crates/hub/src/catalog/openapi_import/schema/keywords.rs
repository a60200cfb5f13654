//! Converts the keywords of a schema, and checks the type of each.

use serde_json::{Map, Number, Value, json};

use super::{super::pattern::is_portable, ENTRY, Writer};

/// Maximum length of a description, and of another text, in characters.
const MAX_DESCRIPTION: usize = 500;
const MAX_TEXT: usize = 1000;
/// Maximum number of entries of an enumeration, a list of schemas, or a list of names.
const MAX_LIST: usize = 500;
/// Maximum size of a value within a schema in bytes.
const MAX_VALUE: usize = 4 << 10;

const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];

impl<'d> Writer<'d, '_> {
    /// Converts the keywords of a schema, except `$ref` and `allOf`.
    pub(super) fn keywords(&mut self, members: &'d Map<String, Value>, depth: usize) -> Map<String, Value> {
        let mut written = Map::new();
        for (name, value) in members {
            if let Some(value) = self.keyword(name, value, depth) {
                written.insert(
                    if name == "items" && value.is_array() { "prefixItems".into() } else { name.clone() },
                    value,
                );
            }
        }
        self.object_members(members, &mut written, depth);
        exclusive(members, &mut written, "exclusiveMinimum", "minimum");
        exclusive(members, &mut written, "exclusiveMaximum", "maximum");
        let is_list = |kind: &Value| {
            kind == "array" || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("array")))
        };
        // Several clients refuse arrays without `items`.
        if written.get("type").is_some_and(is_list) && !written.contains_key("prefixItems") {
            written.entry("items").or_insert_with(|| json!({}));
        }
        written
    }

    fn keyword(&mut self, name: &str, value: &'d Value, depth: usize) -> Option<Value> {
        match name {
            "type" => types(value),
            "description" => self.text(value, MAX_DESCRIPTION),
            "title" | "format" | "contentEncoding" | "contentMediaType" => self.text(value, MAX_TEXT),
            "pattern" => {
                let is_good = is_portable(value.as_str()?);
                self.written.has_lost_pattern |= !is_good;
                if is_good { self.text(value, MAX_TEXT) } else { None }
            }
            "enum" => self.enumeration(value),
            "const" | "default" => self.value(value),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
                value.is_number().then(|| value.clone())
            }
            "multipleOf" => value.as_f64().filter(|number| *number > 0.0).map(|_| value.clone()),
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties"
            | "minContains" | "maxContains" => count(value),
            "uniqueItems" | "deprecated" | "writeOnly" => value.is_boolean().then(|| value.clone()),
            "items" => match value {
                Value::Array(_) => self.list(value, depth),
                value => Some(self.schema(value, depth + 1)),
            },
            "prefixItems" | "anyOf" | "oneOf" => self.list(value, depth),
            "additionalProperties" | "unevaluatedProperties" | "unevaluatedItems" => match value {
                Value::Bool(_) => Some(value.clone()),
                value => Some(self.schema(value, depth + 1)),
            },
            "contains" | "propertyNames" | "not" | "if" | "then" | "else" => {
                Some(self.schema(value, depth + 1))
            }
            "$dynamicRef" | "$recursiveRef" => {
                self.written.is_cut = true;
                None
            }
            _ => None,
        }
    }

    /// Converts the keywords about members of an object.
    fn object_members(
        &mut self,
        members: &'d Map<String, Value>,
        written: &mut Map<String, Value>,
        depth: usize,
    ) {
        let mut needed: Vec<&str> = names(members.get("required"));
        let mut hidden = Vec::new();
        if let Some(Value::Object(properties)) = members.get("properties") {
            let mut kept = Map::new();
            for (name, property) in properties {
                if self.is_read_only(property) {
                    hidden.push(name.as_str());
                    continue;
                }
                if !self.spend(ENTRY + name.len()) {
                    break;
                }
                // As in drafts 3 of JSON Schema.
                if property.get("required") == Some(&Value::Bool(true)) {
                    needed.push(name);
                }
                kept.insert(name.clone(), self.schema(property, depth + 1));
            }
            written.insert("properties".into(), kept.into());
        }
        needed.retain(|name| !hidden.contains(name));
        let mut once: Vec<&str> = Vec::new();
        for name in needed.into_iter().take(MAX_LIST) {
            if !once.contains(&name) && self.spend(ENTRY + name.len()) {
                once.push(name);
            }
        }
        if !once.is_empty() {
            written.insert("required".into(), json!(once));
        }
        self.written.read_only.extend(hidden.iter().map(|name| (*name).to_owned()));
        for name in ["patternProperties", "dependentSchemas"] {
            let Some(Value::Object(schemas)) = members.get(name) else { continue };
            let mut kept = Map::new();
            for (key, schema) in schemas {
                if (name == "patternProperties" && !is_portable(key)) || !self.spend(ENTRY + key.len()) {
                    self.written.has_lost_pattern = true;
                    continue;
                }
                kept.insert(key.clone(), self.schema(schema, depth + 1));
            }
            written.insert(name.into(), kept.into());
        }
    }

    fn text(&mut self, value: &Value, longest: usize) -> Option<Value> {
        let text: String = value.as_str()?.chars().take(longest).collect();
        self.spend(ENTRY + text.len()).then(|| text.into())
    }

    /// Copies a value that is not a schema.
    fn value(&mut self, value: &Value) -> Option<Value> {
        let size = size(value, MAX_VALUE)?;
        self.spend(ENTRY + size).then(|| value.clone())
    }

    fn enumeration(&mut self, value: &Value) -> Option<Value> {
        let values = value.as_array().filter(|values| !values.is_empty())?;
        if values.len() > MAX_LIST {
            self.written.is_cut = true;
            return None;
        }
        let mut kept: Vec<Value> = Vec::with_capacity(values.len());
        for value in values {
            if !kept.contains(value) {
                // Without one of its values it would refuse valid input.
                kept.push(self.value(value)?);
            }
        }
        Some(kept.into())
    }

    fn list(&mut self, value: &'d Value, depth: usize) -> Option<Value> {
        let schemas = value.as_array().filter(|schemas| !schemas.is_empty())?;
        if schemas.len() > MAX_LIST {
            self.written.is_cut = true;
            return None;
        }
        Some(schemas.iter().map(|schema| self.schema(schema, depth + 1)).collect())
    }
}

/// Returns the approximate size of a value in bytes, or `None` if it exceeds `most`.
fn size(value: &Value, most: usize) -> Option<usize> {
    let mut left = most;
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        let own = match value {
            Value::String(text) => text.len(),
            Value::Array(list) => {
                waiting.extend(list.iter().take(left + 1));
                0
            }
            Value::Object(members) => {
                waiting.extend(members.values().take(left + 1));
                members.keys().take(left + 1).map(String::len).sum()
            }
            _ => 0,
        };
        left = left.checked_sub(own + ENTRY)?;
    }
    Some(most - left)
}

fn types(value: &Value) -> Option<Value> {
    let known = |name: &str| {
        let name = match name {
            "file" | "date" | "date-time" => "string",
            "int" | "long" => "integer",
            "float" | "double" => "number",
            "bool" => "boolean",
            name => name,
        };
        TYPES.iter().copied().find(|known| *known == name)
    };
    match value {
        Value::String(name) => known(name).map(Value::from),
        Value::Array(names) => {
            let mut kinds: Vec<&str> = Vec::new();
            for kind in
                names.iter().take(TYPES.len() * 2).map(|name| known(name.as_str().unwrap_or_default()))
            {
                // An unknown type might allow anything.
                let kind = kind?;
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            match kinds.as_slice() {
                [] => None,
                [kind] => Some(json!(kind)),
                kinds => Some(json!(kinds)),
            }
        }
        _ => None,
    }
}

/// Returns a count, which may be written as `1.0`.
fn count(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) if number.is_u64() => Some(value.clone()),
        Value::Number(number) => {
            let number =
                number.as_f64().filter(|number| (0.0..1e9).contains(number) && number.fract() == 0.0)?;
            format!("{number:.0}").parse::<u64>().ok().map(|number| Number::from(number).into())
        }
        _ => None,
    }
}

fn names(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).take(MAX_LIST).collect()
}

/// Converts a limit that a boolean marks as exclusive, as in OpenAPI 3.0.
fn exclusive(members: &Map<String, Value>, written: &mut Map<String, Value>, name: &str, limit: &str) {
    if members.get(name) == Some(&Value::Bool(true))
        && let Some(value) = written.remove(limit)
    {
        written.insert(name.to_owned(), value);
    }
}
