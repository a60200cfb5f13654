//! The operations of the OpenAPI document, as the reference shows them. No I/O.

#![expect(clippy::indexing_slicing, reason = "a JSON value returns null for an absent member")]

use serde_json::Value;

use super::{
    example::{example, resolved, type_name},
    recorded,
};

/// The path below which the API is served, as the examples have it.
pub(crate) const BASE: &str = "/gate/lab";
/// The places of the server's address, and of that of its sockets, in a response.
const ADDRESS: &str = "{base}";
const SOCKETS: &str = "{ws}";
/// Maximum length of an example in characters.
const MAX_EXAMPLE: usize = 1600;

/// All operations, by the tag that they have in the document.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    pub(crate) groups: Vec<Group>,
}

/// The operations with one tag.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) tag: String,
    pub(crate) operations: Vec<Operation>,
}

impl Group {
    /// Returns the last segment of the page's path.
    pub(crate) fn slug(&self) -> String {
        self.tag.to_lowercase().replace(' ', "-")
    }

    pub(crate) fn path(&self) -> String {
        format!("/docs/api/{}", self.slug())
    }
}

/// The credential that an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    None,
    Session,
    KeyOrToken,
}

/// A parameter, or a member of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// `path`, `query` or `header`; empty for a member of the body.
    pub(crate) place: String,
    pub(crate) kind: String,
    pub(crate) is_required: bool,
    pub(crate) about: String,
}

/// An operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) credential: Credential,
    pub(crate) parameters: Vec<Field>,
    pub(crate) body: Vec<Field>,
    /// The path and query of the example.
    target: String,
    /// The body of the example, and true if it is a form.
    sent: Option<(String, bool)>,
    /// True if a file is sent.
    sends_file: bool,
    /// The name of the cookie of a session.
    cookie: String,
    /// The status of the response to the example.
    pub(crate) status: u64,
    /// The response to the example. The server's address is [`ADDRESS`] in it.
    response: String,
}

impl Reference {
    /// Reads the document. Groups are in the order of [`super::titles::GROUPS`], operations in that of their
    /// paths.
    pub(crate) fn new(document: &Value) -> Self {
        let mut reference = Self::default();
        for tag in super::titles::GROUPS {
            reference.groups.push(Group { tag: (*tag.0).to_owned(), operations: Vec::new() });
        }
        let paths = document["paths"].as_object().into_iter().flatten();
        for (path, item) in paths {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let tag = operation["tags"][0].as_str().unwrap_or("Other");
                let read = Operation::new(document, path, method, operation);
                match reference.groups.iter_mut().find(|group| group.tag == tag) {
                    Some(group) => group.operations.push(read),
                    None => reference.groups.push(Group { tag: tag.to_owned(), operations: vec![read] }),
                }
            }
        }
        reference.groups.retain(|group| !group.operations.is_empty());
        reference
    }
}

/// Returns a text of the document on one line, without the marks of code.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Operation {
    fn new(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let parameters: Vec<&Value> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| resolved(document, one))
            .collect();
        let mut summary = text(&operation["summary"]);
        let more = text(&operation["description"]);
        if !more.is_empty() {
            summary = format!("{summary} {more}");
        }
        let content = &operation["requestBody"]["content"];
        let (schema, is_form) =
            match (&content["application/json"], &content["application/x-www-form-urlencoded"]) {
                (Value::Null, Value::Null) => (&Value::Null, false),
                (Value::Null, form) => (&form["schema"], true),
                (json, _) => (&json["schema"], false),
            };
        let id = text(&operation["operationId"]);
        let sent = (!schema.is_null()).then(|| match recorded::body(&id) {
            Some(body) => body_example(body, is_form),
            None => body_example(&example(document, schema, true), is_form),
        });
        let cookie = text(&document["components"]["securitySchemes"]["session"]["name"]);
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary,
            credential: match credential(&operation["security"]) {
                Credential::KeyOrToken if recorded::needs_session(&id) => Credential::Session,
                credential => credential,
            },
            target: target(document, path, &parameters, &id),
            parameters: parameters.iter().map(|one| parameter(document, one)).collect(),
            body: members(document, schema),
            sent: sent.map(|text| (text, is_form)),
            sends_file: content["multipart/form-data"].is_object(),
            cookie,
            status: recorded::response(&id).and_then(|given| given["status"].as_u64()).unwrap_or(200),
            response: match recorded::response(&id).map(|given| &given["body"]) {
                Some(Value::String(text)) => text.clone(),
                Some(json) => cut(&serde_json::to_string_pretty(json).unwrap_or_default()),
                None => response(document, &operation["responses"]["200"]),
            },
            id,
        }
    }

    /// Returns the response to the example from a server at an address.
    pub(crate) fn response(&self, base: &str) -> String {
        self.response.replace(ADDRESS, base).replace(SOCKETS, &base.replacen("http", "ws", 1))
    }

    /// Returns the example request for a server at an address.
    pub(crate) fn request(&self, base: &str) -> String {
        let method = match (self.method.as_str(), &self.sent) {
            ("GET", _) | (_, Some(_)) => String::new(),
            _ if self.sends_file => String::new(),
            (method, None) => format!("-X {method} "),
        };
        let mut lines = vec![format!("curl {method}\"{base}{BASE}{}\"", self.target)];
        match self.credential {
            Credential::None => {}
            Credential::Session => lines.push(format!("-H \"Cookie: {}=$DOPPEL_SESSION\"", self.cookie)),
            Credential::KeyOrToken => {
                lines.push("-H \"Authorization: Bearer $DOPPEL_API_KEY\"".to_owned());
            }
        }
        if self.sends_file {
            lines.push("-F \"file=@picture.png\"".to_owned());
        }
        match &self.sent {
            Some((body, true)) => lines.push(body.clone()),
            Some((body, false)) => {
                lines.push("-H \"Content-Type: application/json\"".to_owned());
                lines.push(format!("-d '{}'", body.replace('\'', r"'\''")));
            }
            None => {}
        }
        lines.join(" \\\n  ")
    }
}

/// Returns the credential of an operation. The document names the schemes that are accepted.
fn credential(security: &Value) -> Credential {
    let schemes: Vec<&str> = security
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(|one| one.keys().map(String::as_str))
        .collect();
    if schemes.contains(&"bearer") {
        Credential::KeyOrToken
    } else if schemes.contains(&"session") {
        Credential::Session
    } else {
        Credential::None
    }
}

fn parameter(document: &Value, parameter: &Value) -> Field {
    Field {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        kind: type_name(document, &parameter["schema"]),
        is_required: parameter["required"] == true,
        about: text(&parameter["description"]),
    }
}

/// Returns the members of a body. Of one that is a list, those of its entries.
fn members(document: &Value, schema: &Value) -> Vec<Field> {
    let schema = resolved(document, schema);
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let member = |(name, member): (&String, &Value)| Field {
        name: name.clone(),
        place: String::new(),
        kind: type_name(document, member),
        is_required: required.contains(&name.as_str()),
        about: text(&resolved(document, member)["description"]),
    };
    schema["properties"].as_object().into_iter().flatten().map(member).collect()
}

fn encoded(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Returns path and query of an example: with values in the path, and with required and exemplary parameters.
fn target(document: &Value, path: &str, parameters: &[&Value], operation: &str) -> String {
    let mut target = path.to_owned();
    let mut query = Vec::new();
    for parameter in parameters {
        let name = parameter["name"].as_str().unwrap_or_default();
        let has_own = recorded::has_request(operation);
        let own = recorded::parameter(operation, name);
        // An example of its own has no other optional parameters.
        let of_document = [&parameter["example"], &parameter["schema"]["example"]];
        let of_document = of_document.into_iter().filter(|_| !has_own || parameter["required"] == true);
        let given = [own].into_iter().chain(of_document).find(|value| !value.is_null());
        let value = given.cloned().unwrap_or_else(|| example(document, &parameter["schema"], true));
        match parameter["in"].as_str() {
            Some("path") => {
                let value = if value == "…" { name.to_uppercase() } else { encoded(&value) };
                target = target.replace(&format!("{{{name}}}"), &value);
            }
            Some("query") if parameter["required"] == true || given.is_some() => {
                query.push(format!("{name}={}", encoded(&value)));
            }
            _ => {}
        }
    }
    if query.is_empty() { target } else { format!("{target}?{}", query.join("&")) }
}

fn body_example(value: &Value, is_form: bool) -> String {
    if !is_form {
        return recorded::json(value);
    }
    let pairs = value.as_object().into_iter().flatten().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = if text == "…" { name.to_uppercase() } else { text };
        format!("--data-urlencode {name}='{}'", text.replace('\'', r"'\''"))
    });
    pairs.collect::<Vec<_>>().join(" \\\n  ")
}

/// Returns an example of a successful response; empty if it has no JSON.
fn response(document: &Value, response: &Value) -> String {
    let schema = &resolved(document, response)["content"]["application/json"]["schema"];
    if schema.is_null() {
        return String::new();
    }
    cut(&serde_json::to_string_pretty(&example(document, schema, false)).unwrap_or_default())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_EXAMPLE) {
        Some((end, _)) => format!("{}\n…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn operation() -> Operation {
        let document = json!({"paths": {"/api/notes/{id}/update": {"post": {
            "operationId": "changeNote", "tags": ["Notes"], "summary": "Change\na note.",
            "security": [{"bearer": []}],
            "parameters": [{"in": "path", "name": "id", "required": true, "schema": {"type": "integer"}},
                {"in": "query", "name": "q", "example": "a b", "schema": {"type": "string"}}],
            "requestBody": {"content": {"application/json": {"schema": {
                "type": "object", "required": ["text"],
                "properties": {"text": {"type": "string", "example": "it's"}, "more": {"type": "string"}}}}}},
            "responses": {"200": {"content": {"application/json": {"schema": {"type": "object",
                "properties": {"code": {"type": "integer"}}}}}}},
        }}}});
        let mut reference = Reference::new(&document);
        assert_eq!(reference.groups.len(), 1);
        reference.groups.remove(0).operations.remove(0)
    }

    #[test]
    fn an_example_is_a_command() {
        let operation = operation();
        assert_eq!(
            operation.request("http://a"),
            "curl \"http://a/gate/lab/api/notes/1/update?q=a+b\" \\\n  -H \"Authorization: Bearer \
             $DOPPEL_API_KEY\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{\"text\":\"it'\\''s\"}'"
        );
        assert_eq!(operation.summary, "Change a note.");
        assert_eq!(operation.response(""), "{\n  \"code\": 1\n}");
    }

    #[test]
    fn fields_say_what_is_required() {
        let operation = operation();
        let required = |fields: &[Field]| -> Vec<String> {
            fields.iter().filter(|field| field.is_required).map(|field| field.name.clone()).collect()
        };
        assert_eq!(
            (required(&operation.parameters), required(&operation.body)),
            (vec!["id".into()], vec!["text".into()])
        );
    }
}
