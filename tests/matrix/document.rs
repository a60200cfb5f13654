//! The operations of the served OpenAPI document, and example requests for them.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Map, Value, json};
use testkit::{Actor, Response, TestServer};

/// The location of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Body,
}

/// An operation of the document.
#[derive(Debug)]
pub struct Operation {
    pub id: String,
    pub method: Method,
    pub path: String,
    /// The summary and the description.
    pub about: String,
    /// The names of the security schemes; empty for a public operation.
    pub security: Vec<String>,
    /// The names of the parameters in path and query, and of the members of the body.
    pub parameters: Vec<(Place, String)>,
    /// The content type of the body, and an example of it.
    body: Option<(String, Value)>,
}

/// Returns all operations of the document that a server serves.
pub async fn operations(server: &TestServer) -> Vec<Operation> {
    let document = server.anyone().get("/openapi.json").await.json();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push(Operation::read(&document, path, method, operation));
        }
    }
    assert!(all.len() > 80, "the document is read: {}", all.len());
    all
}

impl Operation {
    fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let text = |name: &str| operation[name].as_str().unwrap_or_default();
        let mut parameters = Vec::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let place = match parameter["in"].as_str().unwrap() {
                "path" => Place::Path,
                "query" => Place::Query,
                _ => continue,
            };
            parameters.push((place, parameter["name"].as_str().unwrap().to_owned()));
        }
        let in_path = path.matches('{').count();
        let described = parameters.iter().filter(|(place, _)| *place == Place::Path).count();
        assert_eq!(in_path, described, "{path}: every parameter of the path is described");
        let content =
            operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
        let body = content.map(|(kind, media)| {
            let schema = resolved(document, &media["schema"]);
            let members = schema["properties"].as_object().into_iter().flatten();
            parameters.extend(members.map(|(name, _)| (Place::Body, name.clone())));
            (kind.clone(), example(document, schema, 0))
        });
        Self {
            id: text("operationId").to_owned(),
            method: method.to_uppercase().parse().unwrap(),
            path: path.to_owned(),
            about: format!("{} {}", text("summary"), text("description")).replace('\n', " "),
            security: operation["security"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|requirement| requirement.as_object().unwrap().keys().cloned())
                .collect(),
            parameters,
            body,
        }
    }

    /// Returns true if it needs no credential.
    pub fn is_public(&self) -> bool {
        self.security.is_empty()
    }

    /// Returns true if it accepts a security scheme.
    pub fn takes(&self, scheme: &str) -> bool {
        self.security.iter().any(|name| name == scheme)
    }

    /// Returns the scopes that the description names, as in `Scope chat or chat.write.`, or `None` if it
    /// names none.
    pub fn scopes(&self) -> Option<Vec<&str>> {
        let at = self.about.find("Scope ").map(|at| at + 6).or_else(|| {
            let phrase = "A key needs scope ";
            self.about.find(phrase).map(|at| at + phrase.len())
        })?;
        let rest = self.about.get(at..).unwrap_or_default();
        let names = rest.split([' ', ',']).take_while(|word| !word.is_empty());
        let mut scopes = Vec::new();
        for word in names {
            if word == "or" {
                continue;
            }
            scopes.push(word.trim_end_matches('.'));
            if word.ends_with('.') || rest.get(rest.find(word)? + word.len()..)?.starts_with(',') {
                break;
            }
        }
        Some(scopes)
    }

    /// Calls it with an example body. The given values replace parameters.
    pub async fn call(&self, actor: &Actor, values: &[(Place, &str, &str)], members: &Value) -> Response {
        let mut path = self.path.clone();
        let mut query = Vec::new();
        let mut body = self.body.as_ref().map(|(_, example)| example.clone()).unwrap_or(json!({}));
        if let (Some(body), Some(members)) = (body.as_object_mut(), members.as_object()) {
            body.extend(members.clone());
        }
        for (place, name, value) in values {
            match place {
                Place::Path => {
                    let segment = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
                    path = path.replace(&format!("{{{name}}}"), &segment);
                }
                Place::Query => query.push((*name, *value)),
                Place::Body => body[*name] = json!(value),
            }
        }
        // Remaining path parameters get the id 1, which nothing has.
        while let (Some(start), Some(end)) = (path.find('{'), path.find('}')) {
            path.replace_range(start..=end, "1");
        }
        let request = actor.request(self.method.clone(), &path).query(&query);
        let request = match self.body.as_ref().map(|(kind, _)| kind.as_str()) {
            None => request,
            Some("application/json") => request.json(&body),
            Some("application/x-www-form-urlencoded") => request.form(&strings(&body)),
            Some("multipart/form-data") => {
                let part = reqwest::multipart::Part::bytes(super::fixtures::PNG.to_vec()).file_name("a.png");
                request.multipart(reqwest::multipart::Form::new().part("file", part))
            }
            Some(other) => panic!("{}: no example of {other}", self.id),
        };
        actor.send(request).await
    }
}

fn strings(body: &Value) -> Vec<(String, String)> {
    let members = body.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("a schema"),
        None => schema,
    }
}

/// Returns an example value of a schema: its example or default, else an object with the required members.
fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolved(document, schema);
    let given = [&schema["example"], &schema["examples"][0], &schema["default"], &schema["enum"][0]];
    if let Some(value) = given.into_iter().find(|value| !value.is_null()) {
        return value.clone();
    }
    if depth > 5 {
        return Value::Null;
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("string") => json!("x".repeat(schema["minLength"].as_u64().unwrap_or(4).max(4) as usize)),
        Some("integer" | "number") => schema["minimum"].as_i64().map_or(json!(1), |least| json!(least)),
        Some("boolean") => json!(false),
        Some("array") => {
            let least = schema["minItems"].as_u64().unwrap_or(0);
            Value::Array((0..least).map(|_| example(document, &schema["items"], depth + 1)).collect())
        }
        Some("object") => {
            let mut members = Map::new();
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for (name, member) in schema["properties"].as_object().into_iter().flatten() {
                if required.contains(&json!(name)) {
                    members.insert(name.clone(), example(document, member, depth + 1));
                }
            }
            Value::Object(members)
        }
        _ => schema["oneOf"]
            .as_array()
            .and_then(|one| one.first())
            .map_or(Value::Null, |one| example(document, one, depth + 1)),
    }
}
