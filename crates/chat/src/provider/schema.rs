//! JSON Schema on the wire, with its properties in a meaningful order. No I/O.

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::{Map, Value};

/// A value that contains a schema. A grammar made of a schema has the model write the members in the order
/// of `properties`, which a map does not keep. So required properties are sent first, in the order of
/// `required`.
#[derive(Debug, Clone)]
pub(super) struct InOrder(pub(super) Value);

impl Serialize for InOrder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Ordered(&self.0).serialize(serializer)
    }
}

struct Ordered<'v>(&'v Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Ordered(item))?;
                }
                list.end()
            }
            Value::Object(members) => {
                let order = required(members);
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    match value {
                        Value::Object(properties) if name == "properties" => {
                            map.serialize_entry(name, &Properties { properties, order: &order })?;
                        }
                        _ => map.serialize_entry(name, &Ordered(value))?,
                    }
                }
                map.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}

/// Returns the names of required properties, in order.
fn required(schema: &Map<String, Value>) -> Vec<&str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

struct Properties<'v> {
    properties: &'v Map<String, Value>,
    order: &'v [&'v str],
}

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let place = |name: &str| self.order.iter().position(|required| *required == name);
        let mut sorted: Vec<(&String, &Value)> = self.properties.iter().collect();
        sorted.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
        let mut map = serializer.serialize_map(Some(sorted.len()))?;
        for (name, value) in sorted {
            map.serialize_entry(name, &Ordered(value))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn required_properties_come_first_and_in_order() {
        let inner = json!({"type": "object", "properties": {"b": {}, "a": {}}, "required": ["b", "a"]});
        let schema = json!({
            "json_schema": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "a": {"type": "string"}, "list": {"items": inner}, "z": {"enum": ["y", "x"]},
                    },
                    "required": ["z", "missing", "list", 3],
                },
            },
        });
        let sent = serde_json::to_string(&InOrder(schema.clone())).unwrap();
        let at = |part: &str| sent.find(part).unwrap_or_else(|| panic!("{part} in {sent}"));
        assert!(at("\"z\"") < at("\"list\"") && at("\"list\"") < at("\"a\":{\"type\""), "{sent}");
        assert!(at("\"b\":{}") < at("\"a\":{}"), "{sent}");
        assert!(sent.contains("[\"y\",\"x\"]"), "{sent}");
        assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), schema, "nothing else changes");
    }
}
