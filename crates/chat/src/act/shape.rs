//! The structure of a decision.

use serde_json::{Map, Number, Value, json};

/// Maximum number of wrapper objects around a value.
const WRAPPERS: usize = 2;
/// Names of members whose values are examples, not decisions.
const SHOWN: &[&str] =
    &["example", "draft", "sample", "template", "schema", "default", "properties", "示例", "草稿"];

/// The structure of a JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Anything.
    Any,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// An integer.
    Integer,
    /// Any number.
    Number,
    /// Any text.
    Text,
    /// Exactly this text.
    Exactly(String),
    /// One of these structures.
    OneOf(Vec<Shape>),
    /// A list whose items have this structure.
    Array(Box<Shape>),
    /// An object with these members.
    Object(Vec<Field>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The structure of the value.
    pub shape: Shape,
    /// True if it may be absent.
    pub optional: bool,
}

impl Shape {
    /// Returns the value without unknown members, or `None` if it does not fit.
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

    /// Returns the value with unambiguous mistakes repaired, or `None` if it does not fit even so.
    pub fn repaired(&self, value: &Value) -> Option<Value> {
        self.coerced(value, true).or_else(|| unwrapped(self, value, WRAPPERS))
    }

    /// As [`Shape::fitted`], but accepts other spellings of names, and texts that contain a number, a
    /// boolean, or an alternative.
    fn coerced(&self, value: &Value, is_outermost: bool) -> Option<Value> {
        match (self, value) {
            (Self::Boolean, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                _ => None,
            },
            (Self::Number | Self::Integer, Value::String(text)) => {
                let number: Number = text.trim().parse().ok()?;
                self.fitted(&Value::Number(number))
            }
            (Self::Null, Value::String(text)) => {
                matches!(text.trim(), "" | "null" | "None").then_some(Value::Null)
            }
            (Self::Exactly(text), Value::String(said)) => {
                (same(text, said)).then(|| Value::String(text.clone()))
            }
            (Self::OneOf(shapes), _) => self.fitted(value).or_else(|| {
                let mut fitting: Vec<Value> =
                    shapes.iter().filter_map(|shape| shape.coerced(value, false)).collect();
                fitting.dedup();
                fitting.pop().filter(|_| fitting.is_empty())
            }),
            (Self::Array(item), Value::Array(items)) => {
                let items: Option<_> = items.iter().map(|value| item.coerced(value, false)).collect();
                items.map(Value::Array)
            }
            // A list in place of the object: exactly one of its items must fit.
            (Self::Object(fields), Value::Array(items)) if is_outermost && !fields.is_empty() => {
                let mut fitting: Vec<Value> =
                    items.iter().filter_map(|item| self.coerced(item, false)).collect();
                fitting.dedup();
                fitting.pop().filter(|_| fitting.is_empty())
            }
            (Self::Object(fields), Value::Object(members)) if !fields.is_empty() => {
                coerced_object(fields, members)
            }
            _ => self.fitted(value),
        }
    }

    /// Returns a neutral value of the structure, with `note` for texts.
    pub fn placeholder(&self, note: &str) -> Value {
        match self {
            Self::Any | Self::Null => Value::Null,
            Self::Boolean => Value::Bool(false),
            Self::Integer | Self::Number => json!(0),
            Self::Text => json!(note),
            Self::Exactly(text) => json!(text),
            Self::OneOf(shapes) => shapes.first().map_or(Value::Null, |shape| shape.placeholder(note)),
            Self::Array(_) => json!([]),
            Self::Object(fields) => {
                let required = fields.iter().filter(|field| !field.optional);
                Value::Object(
                    required.map(|field| (field.name.clone(), field.shape.placeholder(note))).collect(),
                )
            }
        }
    }

    /// Returns the structure as a JSON Schema, for providers that enforce one.
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
                json!({
                    "type": "object",
                    "properties": members,
                    "required": required,
                    "additionalProperties": false,
                })
            }
        }
    }

    /// Derives the structure from an example.
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
    // An object without defined members may have any.
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

/// Returns true if two names are equal except for case and separators.
fn same(a: &str, b: &str) -> bool {
    let key = |text: &str| -> String {
        let kept = text.chars().filter(|c| !(c.is_whitespace() || matches!(c, '_' | '-')));
        kept.flat_map(char::to_lowercase).collect()
    };
    key(a) == key(b)
}

fn coerced_object(fields: &[Field], members: &Map<String, Value>) -> Option<Value> {
    let mut fitted = Map::new();
    for field in fields {
        let value = members.get(&field.name).or_else(|| {
            let mut like = members.iter().filter(|(name, _)| {
                same(name, &field.name) && !fields.iter().any(|other| other.name == **name)
            });
            like.next().filter(|_| like.next().is_none()).map(|(_, value)| value)
        });
        match value {
            Some(value) => {
                fitted.insert(field.name.clone(), field.shape.coerced(value, false)?);
            }
            None if field.optional => {}
            None => return None,
        }
    }
    Some(Value::Object(fitted))
}

/// Finds the one fitting value inside an object, for models that wrap the value.
fn unwrapped(shape: &Shape, value: &Value, depth: usize) -> Option<Value> {
    let members = value.as_object()?;
    let inner = members.iter().filter(|(name, value)| {
        (value.is_object() || value.is_array()) && !SHOWN.contains(&name.to_lowercase().as_str())
    });
    let mut fitting: Vec<Value> = inner
        .filter_map(|(_, value)| {
            let deeper = || if depth > 1 { unwrapped(shape, value, depth - 1) } else { None };
            shape.coerced(value, true).or_else(deeper)
        })
        .collect();
    fitting.pop().filter(|_| fitting.is_empty())
}
