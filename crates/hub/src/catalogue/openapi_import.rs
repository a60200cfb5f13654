//! Imports the definition of an API from its OpenAPI document (3.0 or 3.1, as JSON). No I/O.
//!
//! Each operation becomes an action. Its parameters and the members of its JSON body become the action's
//! arguments. Operations that cannot be called through the Hub are left out, each with a note. References
//! to other documents are not fetched.

#[cfg(test)]
mod fuzz_tests;
pub mod model;
pub mod routes;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

pub use model::{Import, Note};
use schema::Schemas;

use super::{
    model::{ActionSpec, ApiSpec, HttpSpec, ProviderSpec},
    rules::MAX_ACTIONS,
};

/// Methods of operations that can be called.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Methods of operations that cannot be called.
const OTHERS: [&str; 3] = ["head", "options", "trace"];
/// Maximum length of an action's name, and of a summary, in characters.
const MAX_NAME: usize = 64;
const MAX_SUMMARY: usize = 500;
/// Maximum number of paths, and of parameters of an operation.
const MAX_PATHS: usize = 5000;
const MAX_PARAMETERS: usize = 100;
/// The name of the argument that contains a whole body.
const BODY: &str = "body";

/// Imports a document. `base_url` overrides the document's own server.
///
/// # Errors
/// Notes on everything that keeps the document from being imported.
pub fn import(code: &str, document: &Value, base_url: Option<&str>) -> Result<Import, Vec<Note>> {
    let version = text(document, "openapi");
    if !version.starts_with("3.0") && !version.starts_with("3.1") {
        let found = if version.is_empty() { "no version" } else { version };
        return Err(vec![Note::new("openapi", format!("expected version 3.0 or 3.1, found {found}"))]);
    }
    let Some(paths) = document.get("paths").and_then(Value::as_object) else {
        return Err(vec![Note::new("paths", "is missing")]);
    };
    if paths.len() > MAX_PATHS {
        return Err(vec![Note::new("paths", format!("more than {MAX_PATHS} paths"))]);
    }
    let mut reader = Reader { schemas: Schemas::new(document), notes: Vec::new(), names: BTreeSet::new() };
    let mut actions = BTreeMap::new();
    for (path, item) in paths {
        for method in OTHERS.iter().filter(|method| item.get(**method).is_some()) {
            reader.note(&place(method, path), "this method is not called through the Hub; left out");
        }
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let place = place(method, path);
            if actions.len() >= MAX_ACTIONS {
                reader.note(&place, format!("an API has at most {MAX_ACTIONS} actions; left out"));
                continue;
            }
            match reader.action(&place, method, path, item, operation) {
                Ok(action) => {
                    let name = reader.name(method, path, operation);
                    actions.insert(name, action);
                }
                Err(why) => reader.note(&place, format!("{why}; left out")),
            }
        }
    }
    if actions.is_empty() {
        reader.note("paths", "no operation can be called through the Hub");
        return Err(reader.notes);
    }
    let base_url = match base_url.map_or_else(|| server(document), |url| Ok(url.trim().to_owned())) {
        Ok(url) => url,
        Err(why) => {
            reader.note("servers", why);
            return Err(reader.notes);
        }
    };
    reader.security(document);
    let about = document.get("info").unwrap_or(&Value::Null);
    let spec = ApiSpec {
        code: code.to_owned(),
        name: line(text(about, "title"), 100),
        description: text(about, "description").chars().take(2000).collect(),
        enabled: true,
        anonymous: false,
        accounts: Vec::new(),
        keys: Vec::new(),
        roles: Vec::new(),
        groups: Vec::new(),
        provider: ProviderSpec::Http(Box::new(HttpSpec::of(base_url))),
        actions,
    };
    Ok(Import { spec, notes: reader.notes })
}

fn place(method: &str, path: &str) -> String {
    format!("{} {path}", method.to_uppercase())
}

/// Returns the URL of the document's first server, with the defaults of its variables.
fn server(document: &Value) -> Result<String, &'static str> {
    const ABSOLUTE: &str = "the document names no server with a whole address: give a base address";
    let server = document.get("servers").and_then(|list| list.get(0)).ok_or(ABSOLUTE)?;
    let mut url = text(server, "url").to_owned();
    let variables = server.get("variables").and_then(Value::as_object);
    for (name, variable) in variables.into_iter().flatten() {
        url = url.replace(&format!("{{{name}}}"), text(variable, "default"));
    }
    if url.starts_with("http://") || url.starts_with("https://") { Ok(url) } else { Err(ABSOLUTE) }
}

/// Returns a member that is a text; empty if there is none.
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a text on one line of at most `max` characters.
fn line(text: &str, max: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    web::names::cleaned(&words.collect::<Vec<_>>().join(" ")).chars().take(max).collect()
}

struct Reader<'d> {
    schemas: Schemas<'d>,
    notes: Vec<Note>,
    names: BTreeSet<String>,
}

/// The arguments of an action, collected from parameters and body.
#[derive(Default)]
struct Arguments {
    properties: Map<String, Value>,
    required: Vec<String>,
}

impl Arguments {
    /// Adds an argument. Returns false if its name is taken.
    fn add(&mut self, name: &str, schema: Value, is_required: bool) -> bool {
        if self.properties.contains_key(name) {
            return false;
        }
        if is_required {
            self.required.push(name.to_owned());
        }
        self.properties.insert(name.to_owned(), schema);
        true
    }

    fn schema(self) -> Value {
        let mut schema = json!({ "type": "object", "properties": self.properties });
        if let (Some(members), false) = (schema.as_object_mut(), self.required.is_empty()) {
            members.insert("required".into(), json!(self.required));
        }
        schema
    }
}

impl<'d> Reader<'d> {
    fn note(&mut self, place: &str, text: impl Into<String>) {
        self.notes.push(Note::new(place, text));
    }

    /// Returns a unique name for an action: the operation's id, or method and path, in lower case with
    /// hyphens.
    fn name(&mut self, method: &str, path: &str, operation: &Value) -> String {
        let id = text(operation, "operationId");
        let mut name = slug(id);
        if name.is_empty() {
            name = slug(&format!("{method} {path}"));
        }
        let mut unique = name.clone();
        let mut number = 2;
        while !self.names.insert(unique.clone()) {
            let end = format!("-{number}");
            let kept: String = name.chars().take(MAX_NAME - end.len()).collect();
            unique = format!("{kept}{end}");
            number += 1;
        }
        unique
    }

    fn action(
        &mut self,
        place: &str,
        method: &str,
        path: &str,
        item: &'d Value,
        operation: &'d Value,
    ) -> Result<ActionSpec, String> {
        let mut arguments = Arguments::default();
        let mut query = BTreeMap::new();
        for parameter in self.parameters(item, operation)? {
            let (name, kind) = (text(parameter, "name"), text(parameter, "in"));
            let is_required = parameter.get("required") == Some(&Value::Bool(true));
            if name.is_empty() || name.contains(['{', '}', '|']) {
                return Err(format!("a parameter has the name {name:?}"));
            }
            match kind {
                "path" | "query" => {}
                _ if is_required => {
                    return Err(format!("it needs {name} in {kind}, which the Hub does not send"));
                }
                _ => {
                    self.note(place, format!("{name} in {kind} is not sent"));
                    continue;
                }
            }
            let schema = self.parameter_schema(place, parameter);
            if kind == "query" {
                if schema.get("type") == Some(&json!("array")) {
                    self.note(place, format!("{name} is a list: it is sent as JSON in one parameter"));
                }
                query.insert(name.to_owned(), format!("{{{name}}}"));
            }
            if !arguments.add(name, schema, is_required || kind == "path") {
                return Err(format!("two parameters have the name {name}"));
            }
        }
        let body = self.body(place, operation, &mut arguments)?;
        let summary = [text(operation, "summary"), text(operation, "description")];
        let summary = summary.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        Ok(ActionSpec {
            summary: line(summary, MAX_SUMMARY),
            parameters: Some(arguments.schema()),
            method: method.to_uppercase(),
            path: path.to_owned(),
            query: Some(query),
            // Otherwise a method other than GET and DELETE would send all arguments as its body.
            body: body.or_else(|| (method != "get" && method != "delete").then(|| json!({}))),
            ..ActionSpec::default()
        })
    }

    /// Collects the parameters of a path and of its operation. Those of the operation take precedence.
    fn parameters(&self, item: &'d Value, operation: &'d Value) -> Result<Vec<&'d Value>, String> {
        let mut found: Vec<&'d Value> = Vec::new();
        for list in [item, operation].into_iter().filter_map(|value| value.get("parameters")?.as_array()) {
            for parameter in list {
                let parameter = self
                    .schemas
                    .resolved(parameter)
                    .ok_or("a parameter refers to nothing in the document")?;
                let same = |other: &&Value| {
                    other.get("name") == parameter.get("name") && other.get("in") == parameter.get("in")
                };
                match found.iter_mut().find(|other| same(other)) {
                    Some(other) => *other = parameter,
                    None => found.push(parameter),
                }
                if found.len() > MAX_PARAMETERS {
                    return Err(format!("more than {MAX_PARAMETERS} parameters"));
                }
            }
        }
        Ok(found)
    }

    fn parameter_schema(&mut self, place: &str, parameter: &'d Value) -> Value {
        let mut schema = match parameter.get("schema") {
            Some(schema) => self.inlined(place, schema),
            None => json!({}),
        };
        let about = line(text(parameter, "description"), MAX_SUMMARY);
        if let Some(members) = schema.as_object_mut().filter(|_| !about.is_empty()) {
            members.entry("description").or_insert_with(|| json!(about));
        }
        schema
    }

    fn inlined(&mut self, place: &str, schema: &'d Value) -> Value {
        let (schema, is_whole) = self.schemas.inlined(schema);
        if !is_whole {
            self.note(place, "a schema is recursive, large or refers to nothing; it is cut");
        }
        schema
    }

    /// Returns the body to send, and adds its members to the arguments.
    fn body(
        &mut self,
        place: &str,
        operation: &'d Value,
        arguments: &mut Arguments,
    ) -> Result<Option<Value>, String> {
        let Some(body) = operation.get("requestBody") else { return Ok(None) };
        let body = self.schemas.resolved(body).ok_or("its body refers to nothing in the document")?;
        let is_required = body.get("required") == Some(&Value::Bool(true));
        let content = body.get("content").and_then(Value::as_object);
        let is_json = |kind: &str| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind == "application/json" || kind.ends_with("+json") || kind == "*/*"
        };
        let content = content.and_then(|content| content.iter().find(|(kind, _)| is_json(kind)));
        let Some((_, content)) = content else {
            if is_required {
                return Err("its body is not JSON".into());
            }
            self.note(place, "its body is not JSON and is not sent");
            return Ok(None);
        };
        let schema = content.get("schema").map_or_else(|| json!({}), |schema| self.inlined(place, schema));
        let members = schema.get("properties").and_then(Value::as_object);
        let can_flatten = |members: &&Map<String, Value>| {
            let is_plain =
                |name: &String| !name.contains(['{', '}', '|']) && !arguments.properties.contains_key(name);
            !members.is_empty()
                && members.keys().all(is_plain)
                && schema.get("additionalProperties").is_none_or(Value::is_boolean)
        };
        let Some(members) = members.filter(can_flatten) else {
            if !arguments.add(BODY, schema, is_required) {
                return Err("a parameter and its body have the same name".into());
            }
            return Ok(Some(json!(format!("{{{BODY}}}"))));
        };
        let needed: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut sent = Map::new();
        for (name, member) in members {
            sent.insert(name.clone(), json!(format!("{{{name}}}")));
            arguments.add(name, member.clone(), is_required && needed.contains(&name.as_str()));
        }
        Ok(Some(Value::Object(sent)))
    }

    /// Adds notes on the credentials that have to be added by hand.
    fn security(&mut self, document: &'d Value) {
        let schemes = document.pointer("/components/securitySchemes").and_then(Value::as_object);
        for (name, scheme) in schemes.into_iter().flatten().take(20) {
            let place = format!("components.securitySchemes.{name}");
            let scheme = self.schemas.resolved(scheme).unwrap_or(scheme);
            let what = match (text(scheme, "type"), text(scheme, "in")) {
                ("apiKey", "header") => {
                    format!("add the secret header {} if the API needs it", text(scheme, "name"))
                }
                ("apiKey", "query") => {
                    format!("add the secret query parameter {} if the API needs it", text(scheme, "name"))
                }
                ("http", _) => "add the secret header authorization if the API needs it".to_owned(),
                (kind, _) => {
                    format!("{kind} is not obtained by the Hub: add a secret header if the API needs one")
                }
            };
            self.note(&place, what);
        }
    }
}

/// Converts a text to lower-case letters, digits, and hyphens, with a hyphen between the words of camel
/// case.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    let mut was_lower = false;
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() {
            if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            was_lower = false;
            continue;
        }
        if c.is_ascii_uppercase() && was_lower {
            slug.push('-');
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        slug.push(c.to_ascii_lowercase());
    }
    let cut = slug.get(..MAX_NAME).unwrap_or(&slug);
    cut.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests;
