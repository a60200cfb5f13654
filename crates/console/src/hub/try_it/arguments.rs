//! The arguments of a call as fields, made of the JSON schema of an action, and back as values. No I/O.

#![expect(clippy::indexing_slicing, reason = "a JSON value returns null for an absent member")]

use hub::catalog::ActionSpec;
use serde_json::{Map, Value};

/// Maximum number of fields of a form.
const MOST: usize = 60;

/// The way in which a value is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    /// A list or an object, as JSON.
    Json,
    /// One of these texts.
    OneOf(Vec<String>),
}

/// An argument with the text that was typed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Param {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) value: String,
}

impl Param {
    /// Returns the texts to choose from; empty if any text can be typed.
    pub(super) fn options(&self) -> &[String] {
        match &self.kind {
            Kind::OneOf(options) => options,
            _ => &[],
        }
    }

    /// Returns true if an option is chosen.
    pub(super) fn is(&self, option: &str) -> bool {
        self.value == option
    }

    pub(super) fn is_json(&self) -> bool {
        self.kind == Kind::Json
    }

    /// Returns the keyboard that a phone shows.
    pub(super) fn keyboard(&self) -> &'static str {
        match self.kind {
            Kind::Integer => "numeric",
            Kind::Number => "decimal",
            _ => "text",
        }
    }

    /// Returns the type in the words of JSON.
    pub(super) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Text | Kind::OneOf(_) => "string",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
            Kind::Json => "JSON",
        }
    }

    /// Returns the value, or `None` if nothing was typed.
    ///
    /// # Errors
    /// The name, if the text is no value of the type.
    fn parsed(&self) -> Result<Option<Value>, String> {
        let text = self.value.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let value = match self.kind {
            Kind::Text | Kind::OneOf(_) => Some(Value::from(self.value.as_str())),
            Kind::Integer => text.parse::<i64>().ok().map(Value::from),
            Kind::Number => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
            Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
            Kind::Json => serde_json::from_str(text).ok(),
        };
        value.map(Some).ok_or_else(|| format!("{} ({})", self.name, self.type_name()))
    }
}

/// Returns the first type that a schema names.
fn kind(schema: &Value) -> Kind {
    if let Some(options) = schema["enum"].as_array() {
        let texts: Vec<String> = options.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
        if !texts.is_empty() && texts.len() == options.len() {
            return Kind::OneOf(texts);
        }
    }
    let named = match &schema["type"] {
        Value::Array(types) => types.iter().find_map(|one| one.as_str().filter(|name| *name != "null")),
        one => one.as_str(),
    };
    match named {
        Some("integer") => Kind::Integer,
        Some("number") => Kind::Number,
        Some("boolean") => Kind::Boolean,
        Some("array" | "object") => Kind::Json,
        _ => Kind::Text,
    }
}

/// Returns a value as the text of a field.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns the fields of an action, with what was typed, or else examples and defaults of the schema.
pub(super) fn params(spec: Option<&ActionSpec>, typed: &[(String, String)]) -> Vec<Param> {
    let schema = spec.and_then(|spec| spec.parameters.as_ref()).unwrap_or(&Value::Null);
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let param = |(name, schema): (&String, &Value)| {
        let given = typed.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
        let offered = [&schema["example"], &schema["examples"][0], &schema["default"]];
        let offered = || offered.into_iter().find(|value| !value.is_null()).map(text).unwrap_or_default();
        Param {
            about: text(&schema["description"]),
            kind: kind(schema),
            is_required: required.contains(&name.as_str()),
            value: given.unwrap_or_else(offered),
            name: name.clone(),
        }
    };
    properties.iter().take(MOST).map(param).collect()
}

/// Returns the values of the fields, and of a JSON object with further ones.
///
/// # Errors
/// The name of an invalid field, or the message of the JSON parser.
pub(super) fn values(params: &[Param], extra: &str) -> Result<Map<String, Value>, String> {
    let mut all = match extra {
        "" => Map::new(),
        text => serde_json::from_str::<Map<String, Value>>(text).map_err(|error| error.to_string())?,
    };
    for param in params {
        if let Some(value) = param.parsed()? {
            all.insert(param.name.clone(), value);
        }
    }
    Ok(all)
}

/// Returns a text as it is written in a path or a query.
pub(in crate::hub) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Returns values as a query. Lists and objects are JSON, as the Hub reads them.
pub(super) fn query(values: &Map<String, Value>) -> String {
    let pairs = values.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(&text(value))));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec() -> ActionSpec {
        let parameters = json!({"type": "object", "required": ["lng"], "properties": {
            "lng": {"type": "number", "description": "Longitude", "example": 120.5},
            "days": {"type": ["integer", "null"]},
            "unit": {"enum": ["c", "f"]},
            "tags": {"type": "array"},
        }});
        ActionSpec { parameters: Some(parameters), ..ActionSpec::default() }
    }

    #[test]
    fn a_schema_becomes_fields() {
        let fields = params(Some(&spec()), &[("days".into(), "3".into())]);
        let of = |name: &str| fields.iter().find(|param| param.name == name).unwrap();
        assert_eq!(
            (of("lng").value.as_str(), of("lng").is_required, of("lng").keyboard()),
            ("120.5", true, "decimal")
        );
        assert_eq!((of("days").value.as_str(), &of("days").kind), ("3", &Kind::Integer));
        assert_eq!(of("unit").options(), ["c", "f"]);
        assert!(of("tags").is_json());
        assert!(params(None, &[]).is_empty());
    }

    #[test]
    fn fields_become_values_of_their_types() {
        let typed = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let all = [typed("lng", "1.5"), typed("days", "3"), typed("tags", "[1]"), typed("unit", "")];
        let values = values(&params(Some(&spec()), &all), r#"{"more":true}"#).unwrap();
        assert_eq!(Value::Object(values.clone()), json!({"more": true, "lng": 1.5, "days": 3, "tags": [1]}));
        assert_eq!(query(&values), "days=3&lng=1.5&more=true&tags=%5B1%5D");
    }

    #[test]
    fn what_is_no_value_is_named() {
        for (name, value, problem) in
            [("days", "x", "days (integer)"), ("tags", "[", "tags (JSON)"), ("lng", "inf", "lng (number)")]
        {
            let fields = params(Some(&spec()), &[(name.to_owned(), value.to_owned())]);
            assert_eq!(values(&fields, "").unwrap_err(), problem);
        }
        assert!(values(&[], "[]").is_err() && values(&[], "{").is_err());
    }

    #[test]
    fn a_path_stays_one_segment() {
        assert_eq!(encoded("a/../b c?#"), "a%2F..%2Fb%20c%3F%23");
    }
}
