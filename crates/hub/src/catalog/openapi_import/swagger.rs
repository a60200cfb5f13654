//! Converts Swagger 2.0 to OpenAPI 3.0. No I/O.
//!
//! Only the parts that an import reads are converted: servers, parameters, bodies, and security. Definitions
//! keep their places, so that references to them stay valid.

use serde_json::{Map, Value, json};

use super::{refs::Refs, text};

/// Maximum number of values of a converted document.
const MAX_VALUES: usize = 2_000_000;
/// Maximum number of parameters of an operation.
const MAX_PARAMETERS: usize = 200;
/// Members of a parameter that move to its schema.
const OF_SCHEMA: [&str; 18] = [
    "type",
    "format",
    "items",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "enum",
    "multipleOf",
    "properties",
    "allOf",
];
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// Converts a document.
///
/// # Errors
/// A message if the result would be too large.
pub(super) fn converted(document: &Value) -> Result<Value, String> {
    let mut converter = Converter { refs: Refs::new(document), document, left: MAX_VALUES };
    let paths = document.get("paths").and_then(Value::as_object);
    let mut converted_paths = Map::new();
    for (path, item) in paths.into_iter().flatten() {
        converted_paths.insert(path.clone(), converter.path(item)?);
    }
    let mut parameters = Map::new();
    for (name, parameter) in document.get("parameters").and_then(Value::as_object).into_iter().flatten() {
        parameters.insert(name.clone(), converter.parameter(parameter)?);
    }
    let mut whole = json!({
        "openapi": "3.0.3",
        "servers": servers(document),
        "components": {"securitySchemes": schemes(document)},
        "parameters": parameters,
    });
    if let Some(members) = whole.as_object_mut() {
        if paths.is_some() {
            members.insert("paths".into(), converted_paths.into());
        }
        for name in ["info", "definitions"] {
            if let Some(value) = document.get(name) {
                members.insert(name.into(), converter.copied(value)?);
            }
        }
    }
    Ok(whole)
}

struct Converter<'d> {
    refs: Refs<'d>,
    document: &'d Value,
    left: usize,
}

impl<'d> Converter<'d> {
    /// Copies a value and counts its parts.
    fn copied(&mut self, value: &Value) -> Result<Value, String> {
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            self.left = self.left.checked_sub(1).ok_or("the document is too large once it is converted")?;
            match value {
                Value::Array(list) => waiting.extend(list),
                Value::Object(members) => waiting.extend(members.values()),
                _ => {}
            }
        }
        Ok(value.clone())
    }

    fn path(&mut self, item: &'d Value) -> Result<Value, String> {
        let mut made = Map::new();
        if let Some(to) = item.get("$ref") {
            made.insert("$ref".into(), to.clone());
        }
        // In OpenAPI 3 only operations have bodies, so parameters of the path are copied to each.
        let shared = item.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                made.insert(method.into(), self.operation(shared, operation)?);
            }
        }
        Ok(made.into())
    }

    fn operation(&mut self, shared: &'d [Value], operation: &'d Value) -> Result<Value, String> {
        let mut made = Map::new();
        for name in ["operationId", "summary", "description", "callbacks"] {
            if let Some(value) = operation.get(name) {
                made.insert(name.into(), self.copied(value)?);
            }
        }
        if let Some(schemes) =
            operation.get("schemes").filter(|_| operation.get("schemes") != self.document.get("schemes"))
        {
            let servers = servers(&json!({
                "schemes": schemes,
                "host": self.document.get("host"),
                "basePath": self.document.get("basePath"),
            }));
            made.insert("servers".into(), servers);
        }
        let own =
            operation.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut parameters: Vec<&'d Value> = Vec::new();
        for parameter in shared.iter().chain(own).take(MAX_PARAMETERS) {
            let resolved = self.refs.resolved(parameter).unwrap_or(parameter);
            let same = |other: &&mut &'d Value| {
                other.get("name") == resolved.get("name")
                    && other.get("in") == resolved.get("in")
                    && resolved.get("name").is_some()
            };
            match parameters.iter_mut().find(same) {
                Some(other) => *other = resolved,
                None => parameters.push(resolved),
            }
        }
        let (mut converted, mut form, mut body) = (Vec::new(), Vec::new(), None);
        for parameter in parameters {
            match text(parameter, "in") {
                "body" => body = Some(parameter),
                "formData" => form.push(parameter),
                _ => converted.push(self.parameter(parameter)?),
            }
        }
        made.insert("parameters".into(), converted.into());
        if let Some(body) = self.body(operation, body, &form)? {
            made.insert("requestBody".into(), body);
        }
        Ok(made.into())
    }

    fn body(
        &mut self,
        operation: &'d Value,
        body: Option<&'d Value>,
        form: &[&'d Value],
    ) -> Result<Option<Value>, String> {
        let consumes = operation.get("consumes").or_else(|| self.document.get("consumes"));
        let consumes = consumes.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut types: Vec<&str> = consumes.take(20).collect();
        if let Some(body) = body {
            let schema = match body.get("schema") {
                Some(schema) => self.copied(schema)?,
                None => json!({}),
            };
            if types.is_empty() {
                types.push("application/json");
            }
            let content: Map<String, Value> =
                types.iter().map(|kind| ((*kind).to_owned(), json!({"schema": schema}))).collect();
            let required = body.get("required") == Some(&Value::Bool(true));
            return Ok(Some(json!({"required": required, "content": content})));
        }
        if form.is_empty() {
            return Ok(None);
        }
        let is_multipart = form.iter().any(|field| text(field, "type") == "file")
            || (types.contains(&MULTIPART) && !types.contains(&FORM));
        let (mut properties, mut required, mut encoding) = (Map::new(), Vec::new(), Map::new());
        for field in form {
            let name = text(field, "name");
            if field.get("required") == Some(&Value::Bool(true)) {
                required.push(name);
            }
            let made = self.parameter(field)?;
            let mut schema = made.get("schema").cloned().unwrap_or_default();
            if let (Some(schema), Some(about)) = (schema.as_object_mut(), made.get("description")) {
                schema.insert("description".into(), about.clone());
            }
            properties.insert(name.to_owned(), schema);
            encoding
                .insert(name.to_owned(), json!({"style": made.get("style"), "explode": made.get("explode")}));
        }
        let schema = json!({"type": "object", "properties": properties, "required": required});
        let kind = if is_multipart { MULTIPART } else { FORM };
        let content = json!({kind: {"schema": schema, "encoding": encoding}});
        Ok(Some(json!({"required": !required.is_empty(), "content": content})))
    }

    /// Converts a parameter: its schema, and its `collectionFormat` to a style.
    fn parameter(&mut self, parameter: &Value) -> Result<Value, String> {
        if let Some(to) = parameter.get("$ref") {
            return Ok(json!({"$ref": to}));
        }
        let mut made = Map::new();
        for name in ["name", "in", "description", "required"] {
            if let Some(value) = parameter.get(name) {
                made.insert(name.into(), self.copied(value)?);
            }
        }
        let mut schema = Map::new();
        for name in OF_SCHEMA {
            if let Some(value) = parameter.get(name) {
                schema.insert(name.into(), self.copied(value)?);
            }
        }
        let is_list = text(parameter, "type") == "array";
        made.insert("schema".into(), schema.into());
        if is_list {
            let (style, explode) = match (text(parameter, "collectionFormat"), text(parameter, "in")) {
                ("multi", _) => ("form", true),
                ("ssv", _) => ("spaceDelimited", false),
                ("tsv", _) => ("tabDelimited", false),
                ("pipes", _) => ("pipeDelimited", false),
                (_, "path" | "header") => ("simple", false),
                _ => ("form", false),
            };
            made.insert("style".into(), style.into());
            made.insert("explode".into(), explode.into());
        }
        Ok(made.into())
    }
}

/// Returns the servers made of scheme, host, and base path.
fn servers(document: &Value) -> Value {
    let host = text(document, "host");
    let path = text(document, "basePath");
    let path = if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    if host.is_empty() {
        return if path.is_empty() { json!([]) } else { json!([{"url": path}]) };
    }
    let schemes = document.get("schemes").and_then(Value::as_array);
    let schemes: Vec<&str> = schemes.into_iter().flatten().filter_map(Value::as_str).take(10).collect();
    let scheme = match schemes.as_slice() {
        [] => "https",
        // Preferred if there are several.
        schemes if schemes.contains(&"https") => "https",
        [first, ..] => first,
    };
    json!([{"url": format!("{scheme}://{host}{path}")}])
}

/// Converts the security schemes.
fn schemes(document: &Value) -> Value {
    let schemes = document.get("securityDefinitions").and_then(Value::as_object);
    let made = schemes.into_iter().flatten().take(100).map(|(name, scheme)| {
        let scheme = match text(scheme, "type") {
            "basic" => json!({"type": "http", "scheme": "basic"}),
            kind => json!({"type": kind, "in": scheme.get("in"), "name": scheme.get("name")}),
        };
        (name.clone(), scheme)
    });
    Value::Object(made.collect())
}
