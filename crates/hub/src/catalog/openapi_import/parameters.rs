//! Converts the parameters of an operation to arguments of an action.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{MAX_SUMMARY, Reader, line, names, text};
use crate::catalog::{Style, rules};

/// Maximum number of parameters of a path and its operation.
const MAX_PARAMETERS: usize = 100;
/// Maximum length of a parameter's name in bytes.
const MAX_NAME: usize = 200;
/// Headers that are ignored as parameters (OpenAPI 3.1 §4.8.12).
const IGNORED: [&str; 3] = ["accept", "content-type", "authorization"];

/// The arguments of an action, collected from parameters and body.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    properties: Map<String, Value>,
    required: Vec<String>,
    pub(super) styles: BTreeMap<String, Style>,
}

impl Arguments {
    /// Adds an argument and returns its name, which is similar to the name in the document.
    pub(super) fn add(&mut self, name: &str, place: &str, schema: Value, is_required: bool) -> String {
        let name = names::argument(name, place, |name| self.properties.contains_key(name));
        if is_required {
            self.required.push(name.clone());
        }
        self.properties.insert(name.clone(), schema);
        name
    }

    /// Returns the schema of the arguments.
    pub(super) fn schema(self) -> Value {
        let mut schema = json!({ "type": "object", "properties": self.properties });
        if let (Some(members), false) = (schema.as_object_mut(), self.required.is_empty()) {
            members.insert("required".into(), json!(self.required));
        }
        schema
    }
}

/// The parts of a request that parameters become.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) path: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) headers: BTreeMap<String, String>,
}

/// Returns the template that consists of an argument.
pub(super) fn template(argument: &str) -> String {
    format!("{{{argument}}}")
}

/// Returns the value of a schema that allows only one, as text.
fn only_value(schema: &Value) -> Option<String> {
    let value = match (schema.get("const"), schema.get("enum").and_then(Value::as_array).map(Vec::as_slice)) {
        (Some(value), _) | (None, Some([value])) => value,
        _ => return None,
    };
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Returns the template of a constant text.
fn constant(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

impl<'d> Reader<'d> {
    /// Converts the parameters of a path and of its operation.
    ///
    /// # Errors
    /// The reason why the operation cannot be called.
    pub(super) fn read_parameters(
        &mut self,
        place: &str,
        path: &str,
        owners: [&'d Value; 2],
        arguments: &mut Arguments,
    ) -> Result<Sent, String> {
        let mut sent = Sent::default();
        let mut in_path: BTreeMap<String, String> = BTreeMap::new();
        for parameter in self.parameters(owners)? {
            let (name, kind) = (text(parameter, "name"), text(parameter, "in"));
            if name.is_empty() || name.len() > MAX_NAME {
                return Err("a parameter has no name, or a very long one".to_owned());
            }
            let is_required = parameter.get("required") == Some(&Value::Bool(true));
            match kind {
                "path" if !path.contains(&template(name)) => {
                    self.note(place, format!("{name} is not in the path; left out"));
                }
                "path" => {
                    let schema = self.parameter_schema(place, parameter);
                    let style = self.style(place, parameter, &schema);
                    let argument = arguments.add(name, kind, schema, true);
                    arguments.styles.extend(style.map(|style| (argument.clone(), style)));
                    in_path.insert(name.to_owned(), argument);
                }
                "query" => {
                    let text = self.parameter(place, parameter, is_required, arguments);
                    sent.query.insert(name.to_owned(), text);
                }
                "header" if IGNORED.contains(&name.to_ascii_lowercase().as_str()) => {
                    self.note(place, format!("the header {name} is no parameter, as OpenAPI says; ignored"));
                }
                "header" if rules::may_be_argument(name) => {
                    let text = self.parameter(place, parameter, is_required, arguments);
                    sent.headers.insert(name.to_owned(), text);
                }
                _ if is_required => {
                    return Err(format!("it needs {name} in {kind}, which the Hub does not send"));
                }
                _ => self.note(place, format!("{name} in {kind} is not sent")),
            }
        }
        sent.path = self.path(place, path, &in_path, arguments)?;
        Ok(sent)
    }

    /// Converts a query or header parameter to a template, and adds its argument.
    fn parameter(
        &mut self,
        place: &str,
        parameter: &'d Value,
        is_required: bool,
        arguments: &mut Arguments,
    ) -> String {
        let (name, kind) = (text(parameter, "name"), text(parameter, "in"));
        let schema = self.parameter_schema(place, parameter);
        if let Some(value) = only_value(&schema).filter(|_| is_required) {
            return constant(&value);
        }
        let style = self.style(place, parameter, &schema);
        let argument = arguments.add(name, kind, schema, is_required);
        arguments.styles.extend(style.map(|style| (argument.clone(), style)));
        template(&argument)
    }

    /// Returns the path as a template.
    fn path(
        &mut self,
        place: &str,
        path: &str,
        named: &BTreeMap<String, String>,
        arguments: &mut Arguments,
    ) -> Result<String, String> {
        let mut made = String::new();
        let mut named = named.clone();
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("its path has a { without its }")?;
            if named.len() > MAX_PARAMETERS || name.is_empty() || name.len() > MAX_NAME {
                return Err("its path cannot be read".to_owned());
            }
            let argument = match named.get(name) {
                Some(argument) => argument.clone(),
                None => {
                    self.note(place, format!("{name} in the path is not described; taken as a text"));
                    let argument = arguments.add(name, "path", json!({"type": "string"}), true);
                    named.insert(name.to_owned(), argument.clone());
                    argument
                }
            };
            made.push_str(before);
            made.push_str(&template(&argument));
            rest = after;
        }
        made.push_str(rest);
        Ok(made)
    }

    /// Collects the parameters of a path and of its operation. Those of the operation take precedence.
    fn parameters(&self, owners: [&'d Value; 2]) -> Result<Vec<&'d Value>, String> {
        let mut found: Vec<&'d Value> = Vec::new();
        let lists = owners.into_iter().filter_map(|owner| owner.get("parameters")?.as_array());
        for (at, parameter) in lists.flatten().enumerate() {
            if at >= MAX_PARAMETERS {
                return Err(format!("more than {MAX_PARAMETERS} parameters"));
            }
            let parameter =
                self.refs.resolved(parameter).ok_or("a parameter refers to nothing in the document")?;
            let same = |other: &&mut &'d Value| {
                other.get("name") == parameter.get("name") && other.get("in") == parameter.get("in")
            };
            match found.iter_mut().find(same) {
                Some(other) => *other = parameter,
                None => found.push(parameter),
            }
        }
        Ok(found)
    }

    fn parameter_schema(&mut self, place: &str, parameter: &'d Value) -> Value {
        let media = || parameter.get("content")?.as_object()?.values().next()?.get("schema");
        let own = parameter.get("schema").filter(|schema| !schema.is_null());
        let mut schema = match own.or_else(media) {
            Some(schema) => self.schema(place, schema),
            None => json!({}),
        };
        let about = line(text(parameter, "description"), MAX_SUMMARY);
        if let Some(members) = schema.as_object_mut().filter(|_| !about.is_empty()) {
            members.entry("description").or_insert_with(|| json!(about));
        }
        schema
    }

    /// Returns the serialization of a list or an object; `None` for JSON and for scalars.
    fn style(&mut self, place: &str, parameter: &Value, schema: &Value) -> Option<Style> {
        let allows = |kind: &str| match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().any(|one| one == kind),
            Some(one) => one == kind,
            None => false,
        };
        let (is_list, is_object) = (allows("array"), allows("object") || schema.get("properties").is_some());
        if parameter.get("content").is_some() || !(is_list || is_object) {
            return None;
        }
        let is_query = text(parameter, "in") == "query";
        let usual = if is_query { "form" } else { "simple" };
        let style = Some(text(parameter, "style")).filter(|style| !style.is_empty()).unwrap_or(usual);
        let explodes = parameter.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
        match style {
            "deepObject" => Some(Style::Deep),
            "form" if is_query && explodes && is_list => Some(Style::Multi),
            "spaceDelimited" if is_query => Some(if explodes { Style::Multi } else { Style::Space }),
            "pipeDelimited" if is_query => Some(if explodes { Style::Multi } else { Style::Pipe }),
            "tabDelimited" if is_query => Some(Style::Tab),
            "form" | "simple" if is_list || !explodes => Some(Style::Comma),
            _ => {
                let name = text(parameter, "name");
                self.note(
                    place,
                    format!("{name} has the style {style}, which is not written; it is sent as JSON"),
                );
                None
            }
        }
    }
}
