//! The structure a decision must have.

use serde_json::{Map, Value, json};

/// What a JSON value must look like.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Anything.
    Any,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A text.
    Text,
    /// This text.
    Exactly(String),
    /// One of these.
    OneOf(Vec<Shape>),
    /// A list of these.
    Array(Box<Shape>),
    /// An object with these members.
    Object(Vec<Field>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub shape: Shape,
    /// Whether it may be left out.
    pub optional: bool,
}

impl Shape {
    /// The value with what the structure does not know left out, or nothing where it does not fit.
    pub fn fitted(&self, value: &Value) -> Option<Value> {
        let fits = match self {
            Self::Any => true,
            Self::Null => value.is_null(),
            Self::Boolean => value.is_boolean(),
            Self::Integer => {
                value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::Exactly(text) => value.as_str() == Some(text),
            Self::OneOf(shapes) => return shapes.iter().find_map(|shape| shape.fitted(value)),
            Self::Array(item) => {
                return value
                    .as_array()?
                    .iter()
                    .map(|value| item.fitted(value))
                    .collect::<Option<_>>()
                    .map(Value::Array);
            }
            Self::Object(fields) => return fitted_object(fields, value.as_object()?),
        };
        fits.then(|| value.clone())
    }

    /// The structure as JSON Schema, for providers that keep to one.
    pub fn schema(&self) -> Value {
        match self {
            Self::Any => json!({}),
            Self::Null => json!({"type": "null"}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::Integer => json!({"type": "integer"}),
            Self::Number => json!({"type": "number"}),
            Self::Text => json!({"type": "string"}),
            Self::Exactly(text) => json!({"type": "string", "enum": [text]}),
            Self::OneOf(shapes) => {
                let texts: Option<Vec<&str>> = shapes
                    .iter()
                    .map(|shape| if let Self::Exactly(text) = shape { Some(text.as_str()) } else { None })
                    .collect();
                match texts {
                    Some(texts) => json!({"type": "string", "enum": texts}),
                    None => json!({"anyOf": shapes.iter().map(Self::schema).collect::<Vec<_>>()}),
                }
            }
            Self::Array(item) => json!({"type": "array", "items": item.schema()}),
            Self::Object(fields) => {
                let required: Vec<&str> =
                    fields.iter().filter(|field| !field.optional).map(|field| field.name.as_str()).collect();
                let members: Map<String, Value> =
                    fields.iter().map(|field| (field.name.clone(), field.shape.schema())).collect();
                json!({"type": "object", "properties": members, "required": required, "additionalProperties": false})
            }
        }
    }

    /// The structure of which a value is an example.
    pub fn of_example(value: &Value) -> Self {
        match value {
            Value::Null => Self::Any,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(items) => Self::Array(Box::new(items.first().map_or(Self::Any, Self::of_example))),
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(name, value)| Field {
                        name: name.clone(),
                        shape: Self::of_example(value),
                        optional: false,
                    })
                    .collect(),
            ),
        }
    }
}

fn fitted_object(fields: &[Field], members: &Map<String, Value>) -> Option<Value> {
    // An object without stated members may have any.
    if fields.is_empty() {
        return Some(Value::Object(members.clone()));
    }
    let mut fitted = Map::new();
    for field in fields {
        match members.get(&field.name) {
            Some(value) => {
                fitted.insert(field.name.clone(), field.shape.fitted(value)?);
            }
            None if field.optional => {}
            None => return None,
        }
    }
    Some(Value::Object(fitted))
}
