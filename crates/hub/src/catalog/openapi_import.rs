//! Imports the definition of an API from its OpenAPI document (Swagger 2.0, OpenAPI 3.0 to 3.2). No I/O.
//!
//! Each operation becomes an action. Its parameters and the members of its body become the action's
//! arguments. Operations that cannot be called through the Hub are left out, each with a note. References
//! to other documents are not fetched.

mod body;
#[cfg(test)]
mod fuzz_tests;
pub mod model;
mod names;
mod parameters;
mod pattern;
mod read;
mod refs;
pub mod routes;
mod schema;
mod servers;
mod swagger;

use std::collections::BTreeMap;

use serde_json::Value;
use web::Issues;

use model::Notes;
pub use model::{Import, Note};
use names::Names;
use parameters::Arguments;
pub use read::Document;
use refs::Refs;
use schema::Schemas;

use super::{
    model::{ActionSpec, ApiSpec, HttpSpec, ProviderSpec},
    rules::{self, MAX_ACTIONS},
};
use crate::provider;

/// Methods of operations that can be called.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Methods of operations that cannot be called.
const OTHERS: [&str; 4] = ["head", "options", "trace", "query"];
/// Maximum length of a summary, of a description of an API, and of a text that is read, in characters.
const MAX_SUMMARY: usize = 500;
const MAX_ABOUT: usize = 2000;
const MAX_READ: usize = 4000;
/// Maximum number of paths, and maximum length of a path in bytes.
const MAX_PATHS: usize = 5000;
const MAX_PATH: usize = 2000;
/// Maximum number of security schemes with a note.
const MAX_SCHEMES: usize = 20;

/// Decisions of the importer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'c> {
    /// The base URL, which overrides the document's own server.
    pub base_url: Option<&'c str>,
    /// Further origins that the API's headers and secrets are sent to.
    pub trusted_origins: &'c [String],
}

/// Imports a document.
///
/// # Errors
/// Notes on everything that keeps the document from being imported.
pub fn import(code: &str, document: &Value, choice: Choice<'_>) -> Result<Import, Vec<Note>> {
    let converted;
    let document = match version(document).as_str() {
        "2.0" => {
            converted = swagger::converted(document).map_err(|why| vec![Note::new("swagger", why)])?;
            &converted
        }
        version if ["3.0", "3.1", "3.2"].iter().any(|known| version.starts_with(known)) => document,
        version => {
            let found = if version.is_empty() { "no version" } else { version };
            let expected = format!("expected OpenAPI 3.0 to 3.2 or Swagger 2.0, found {found}");
            return Err(vec![Note::new("openapi", expected)]);
        }
    };
    let Some(paths) = document.get("paths").and_then(Value::as_object) else {
        return Err(vec![Note::new("paths", "is missing")]);
    };
    if paths.len() > MAX_PATHS {
        return Err(vec![Note::new("paths", format!("more than {MAX_PATHS} paths"))]);
    }
    let mut reader = Reader::new(code, document, choice);
    let mut actions = BTreeMap::new();
    for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
        reader.read_path(path, item, &mut actions);
    }
    reader.finish(code, document, choice, actions)
}

/// Returns the version of a document; empty if it has none.
fn version(document: &Value) -> String {
    let said = document.get("openapi").or_else(|| document.get("swagger"));
    match said {
        Some(Value::String(version)) => version.trim().chars().take(20).collect(),
        // YAML reads an unquoted 3.0 as a number.
        Some(Value::Number(version)) => format!("{:.1}", version.as_f64().unwrap_or_default()),
        _ => String::new(),
    }
}

fn place(method: &str, path: &str) -> String {
    let path: String = path.chars().take(200).collect();
    format!("{} {path}", method.to_uppercase())
}

/// Returns a member that is a text; empty if there is none.
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a text on one line of at most `max` characters.
fn line(text: &str, max: usize) -> String {
    let text: String = text.chars().take(MAX_READ).collect();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    web::names::cleaned(&words.collect::<Vec<_>>().join(" ")).chars().take(max).collect()
}

/// The state of an import.
struct Reader<'d> {
    refs: Refs<'d>,
    schemas: Schemas<'d>,
    notes: Notes,
    names: Names,
    /// The base URL of the API, or the reason why there is none.
    base: Result<String, String>,
    /// Origins that the API's headers and secrets are sent to.
    trusted: Vec<Option<String>>,
}

impl<'d> Reader<'d> {
    fn new(code: &str, document: &'d Value, choice: Choice<'_>) -> Self {
        let refs = Refs::new(document);
        let mut notes = Notes::default();
        let base = match choice.base_url {
            Some(url) => Ok(url.trim().to_owned()),
            None => match servers::first(document) {
                Some((server, count)) => {
                    if count > 1 {
                        notes.add(
                            "servers",
                            format!("the first of {count} is used; give a base address for another"),
                        );
                    }
                    servers::address(server, None)
                }
                None => Err(servers::NO_BASE.to_owned()),
            },
        };
        let own = base.as_ref().ok().and_then(|base| rules::origin(base));
        let trusted = choice.trusted_origins.iter().map(|origin| rules::origin(origin));
        let trusted = std::iter::once(own).chain(trusted).collect();
        Self { refs, schemas: Schemas::new(refs), notes, names: Names::new(code), base, trusted }
    }

    fn note(&mut self, place: &str, text: impl Into<String>) {
        self.notes.add(place, text);
    }

    /// Imports the operations of a path.
    fn read_path(&mut self, path: &str, item: &'d Value, actions: &mut BTreeMap<String, ActionSpec>) {
        // Members beside a reference take precedence.
        let target = match item.get("$ref") {
            None => item,
            Some(_) => match self.refs.resolved(item) {
                Some(target) => target,
                None => {
                    self.note(&place("", path), "the path refers to nothing in the document; left out");
                    return;
                }
            },
        };
        let member = |name: &str| item.get(name).or_else(|| target.get(name));
        let others = OTHERS.iter().filter(|method| member(method).is_some());
        for method in others {
            self.note(&place(method, path), "this method is not called through the Hub; left out");
        }
        if member("additionalOperations").is_some() {
            self.note(&place("", path), "its additionalOperations are not called through the Hub; left out");
        }
        for method in METHODS {
            let Some(operation) = member(method) else { continue };
            let place = place(method, path);
            if actions.len() >= MAX_ACTIONS {
                self.note(&place, format!("an API has at most {MAX_ACTIONS} actions; left out"));
                continue;
            }
            let item =
                if item.get("parameters").or_else(|| item.get("servers")).is_some() { item } else { target };
            match self.action(&place, method, path, item, operation) {
                Ok(action) => {
                    let name =
                        self.names.action(text(operation, "operationId"), &method.to_uppercase(), path);
                    actions.insert(name, action);
                }
                Err(why) => self.note(&place, format!("{why}; left out")),
            }
        }
    }

    fn action(
        &mut self,
        place: &str,
        method: &str,
        path: &str,
        item: &'d Value,
        operation: &'d Value,
    ) -> Result<ActionSpec, String> {
        if path.len() > MAX_PATH || !path.starts_with('/') {
            return Err("its path does not begin with /, or is very long".to_owned());
        }
        if path.contains(['?', '#', '\\']) {
            return Err("its path has a ?, # or \\ in it, and would be another".to_owned());
        }
        let mut action = ActionSpec {
            method: method.to_uppercase(),
            base_url: self.own_server(place, item, operation)?,
            ..ActionSpec::default()
        };
        let mut arguments = Arguments::default();
        let sent = self.read_parameters(place, path, [item, operation], &mut arguments)?;
        (action.path, action.query, action.headers) = (sent.path, Some(sent.query), sent.headers);
        self.read_body(place, operation, &mut arguments, &mut action)?;
        if operation.get("callbacks").is_some() {
            self.note(place, "what it calls back is left out");
        }
        let summary = [text(operation, "summary"), text(operation, "description")];
        let summary = summary.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        action.summary = line(summary, MAX_SUMMARY);
        action.styles = std::mem::take(&mut arguments.styles);
        action.parameters = Some(arguments.schema());
        // An invalid action must not keep the others from being saved.
        let mut issues = Issues::body();
        rules::check_action(&mut issues, "action", &action);
        issues.finish().map_err(|error| error.message(web::Language::En))?;
        provider::check_action(&action)?;
        Ok(action)
    }

    /// Returns the base URL of an operation that has, or whose path has, its own servers; otherwise an empty
    /// text.
    fn own_server(&mut self, place: &str, item: &Value, operation: &Value) -> Result<String, String> {
        let Some((server, count)) = servers::first(operation).or_else(|| servers::first(item)) else {
            return match &self.base {
                Ok(_) => Ok(String::new()),
                Err(why) => Err(why.clone()),
            };
        };
        let url = servers::address(server, self.base.as_deref().ok())?;
        if count > 1 {
            self.note(place, format!("the first of its {count} servers is used"));
        }
        if self.base.as_ref().is_ok_and(|base| base.trim_end_matches('/') == url) {
            return Ok(String::new());
        }
        let origin = rules::origin(&url);
        if origin.is_some() && self.trusted.contains(&origin) {
            self.note(place, format!("it has a server of its own and is sent to {url}"));
        } else {
            let origin = origin.unwrap_or_default();
            self.note(
                place,
                format!(
                    "it has a server of its own and is sent to {url}, without the API's headers, secrets and \
                     callers \
                     unless provider.trusted_origins has {origin}"
                ),
            );
        }
        Ok(url)
    }

    /// Converts a schema, with a note on each kind of loss.
    fn schema(&mut self, place: &str, schema: &'d Value) -> Value {
        let written = self.schemas.written(schema);
        if written.is_cut {
            self.note(place, "a schema is recursive, large or refers to nothing; it is cut");
        }
        if written.has_lost_pattern {
            self.note(place, "an expression (pattern) that not every client reads is left out");
        }
        if !written.read_only.is_empty() {
            let mut names = written.read_only;
            names.sort_unstable();
            names.dedup();
            names.truncate(20);
            self.note(place, format!("{} are in answers only; left out", names.join(", ")));
        }
        written.schema
    }

    /// Builds the definition.
    fn finish(
        mut self,
        code: &str,
        document: &'d Value,
        choice: Choice<'_>,
        actions: BTreeMap<String, ActionSpec>,
    ) -> Result<Import, Vec<Note>> {
        let own = actions.values().find(|action| !action.base_url.is_empty());
        let base_url = match (&self.base, own) {
            (Ok(url), _) => url.clone(),
            (Err(_), Some(action)) => action.base_url.clone(),
            (Err(why), None) => {
                let why = why.clone();
                self.note("servers", why);
                return Err(self.notes.into_list());
            }
        };
        if actions.is_empty() {
            self.note("paths", "no operation can be called through the Hub");
            return Err(self.notes.into_list());
        }
        if document.get("webhooks").and_then(Value::as_object).is_some_and(|webhooks| !webhooks.is_empty()) {
            self.note("webhooks", "what the API calls is left out");
        }
        self.security(document);
        let about = document.get("info").unwrap_or(&Value::Null);
        let mut http = HttpSpec::of(base_url);
        http.trusted_origins = choice.trusted_origins.to_vec();
        let spec = ApiSpec {
            code: code.to_owned(),
            name: line(text(about, "title"), 100),
            description: text(about, "description").chars().take(MAX_ABOUT).collect(),
            enabled: true,
            anonymous: false,
            accounts: Vec::new(),
            keys: Vec::new(),
            roles: Vec::new(),
            groups: Vec::new(),
            provider: ProviderSpec::Http(Box::new(http)),
            actions,
        };
        Ok(Import { spec, notes: self.notes.into_list() })
    }

    /// Adds notes on the credentials that have to be added by hand.
    fn security(&mut self, document: &'d Value) {
        let schemes = document.pointer("/components/securitySchemes").and_then(Value::as_object);
        for (name, scheme) in schemes.into_iter().flatten().take(MAX_SCHEMES) {
            let name: String = name.chars().take(100).collect();
            let place = format!("components.securitySchemes.{name}");
            let scheme = self.refs.resolved(scheme).unwrap_or(scheme);
            let part = |member: &str| text(scheme, member).chars().take(100).collect::<String>();
            let what = match (text(scheme, "type"), text(scheme, "in")) {
                ("apiKey", "header") => format!("add the secret header {} if the API needs it", part("name")),
                ("apiKey", "query") => {
                    format!("add the secret query parameter {} if the API needs it", part("name"))
                }
                ("http", _) => "add the secret header authorization if the API needs it".to_owned(),
                _ => {
                    format!(
                        "{} is not obtained by the Hub: add a secret header if the API needs one",
                        part("type")
                    )
                }
            };
            self.note(&place, what);
        }
    }
}

#[cfg(test)]
mod tests;
