//! Converts the body of an operation to arguments of an action.

use serde_json::{Map, Value, json};

use super::{
    Reader,
    parameters::{Arguments, template},
    text,
};
use crate::catalog::{ActionSpec, BodyType, Style};

/// The name of the argument that contains a whole body.
const BODY: &str = "body";
/// Maximum number of media types that are considered, and of members that become arguments.
const MAX_TYPES: usize = 50;
const MAX_MEMBERS: usize = 200;
/// Keywords of a schema whose members can become arguments.
const PLAIN: [&str; 12] = [
    "type",
    "properties",
    "required",
    "title",
    "description",
    "additionalProperties",
    "default",
    "deprecated",
    "minProperties",
    "maxProperties",
    "format",
    "writeOnly",
];

/// Returns the encoding for a media type, or `None` if it is not supported.
fn body_type(kind: &str) -> Option<BodyType> {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" | "text/json" | "*/*" | "application/*" => Some(BodyType::Json),
        "application/x-www-form-urlencoded" => Some(BodyType::Form),
        kind if kind.ends_with("+json") => Some(BodyType::Json),
        _ => None,
    }
}

/// Returns true if alternatives only list required members.
fn only_asks(alternatives: &Value) -> bool {
    let names = |schema: &Value| {
        schema
            .as_object()
            .is_some_and(|schema| schema.keys().all(|name| name == "required" || name == "type"))
    };
    alternatives.as_array().is_some_and(|list| list.iter().all(names))
}

/// Returns the members of a schema if each can become an argument.
fn members(schema: &Value) -> Option<&Map<String, Value>> {
    let is_plain = |(name, value): (&String, &Value)| {
        PLAIN.contains(&name.as_str()) || (matches!(name.as_str(), "anyOf" | "oneOf") && only_asks(value))
    };
    let members = schema.get("properties")?.as_object()?;
    let is_open = schema.get("additionalProperties").is_none_or(Value::is_boolean);
    let can_be_null = schema.get("type").is_some_and(Value::is_array);
    let is_good = !members.is_empty()
        && members.len() <= MAX_MEMBERS
        && is_open
        && !can_be_null
        && schema.as_object()?.iter().all(is_plain);
    is_good.then_some(members)
}

impl<'d> Reader<'d> {
    /// Converts the body of an operation.
    ///
    /// # Errors
    /// The reason why the operation cannot be called.
    pub(super) fn read_body(
        &mut self,
        place: &str,
        operation: &'d Value,
        arguments: &mut Arguments,
        action: &mut ActionSpec,
    ) -> Result<(), String> {
        if !matches!(action.method.as_str(), "GET" | "DELETE") {
            action.body_type = BodyType::None;
        }
        let Some(body) = operation.get("requestBody") else { return Ok(()) };
        let body = self.refs.resolved(body).ok_or("its body refers to nothing in the document")?;
        let is_required = body.get("required") == Some(&Value::Bool(true));
        if action.method == "GET" {
            // OpenAPI leaves the meaning undefined.
            self.note(place, "a body is not sent with GET");
            return Ok(());
        }
        let content = body.get("content").and_then(Value::as_object);
        let types = || content.into_iter().flatten().take(MAX_TYPES);
        let of_type = |wanted| types().find(|(kind, _)| body_type(kind) == Some(wanted));
        let found = of_type(BodyType::Json).map(|(_, media)| (BodyType::Json, media));
        let found = found.or_else(|| of_type(BodyType::Form).map(|(_, media)| (BodyType::Form, media)));
        let Some((kind, media)) = found else {
            let kinds: Vec<String> =
                types().take(3).map(|(kind, _)| kind.chars().take(60).collect()).collect();
            let kinds = if kinds.is_empty() { "of no type".to_owned() } else { kinds.join(", ") };
            if is_required {
                return Err(format!("its body is neither JSON nor a form ({kinds})"));
            }
            self.note(place, format!("its body is neither JSON nor a form ({kinds}) and is not sent"));
            return Ok(());
        };
        (action.body_type, action.body_optional) = (kind, !is_required);
        let schema = match media.get("schema") {
            Some(schema) => self.schema(place, schema),
            None => json!({}),
        };
        action.body = Some(self.add_members(media, &schema, is_required, arguments));
        Ok(())
    }

    /// Adds the members of a body, or the whole body, to the arguments. Returns the template of the body.
    fn add_members(
        &mut self,
        media: &'d Value,
        schema: &Value,
        is_required: bool,
        arguments: &mut Arguments,
    ) -> Value {
        let Some(members) = members(schema) else {
            return json!(template(&arguments.add(BODY, BODY, schema.clone(), is_required)));
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
            let is_needed = is_required && needed.contains(&name.as_str());
            let argument = arguments.add(name, BODY, member.clone(), is_needed);
            let encoding = media.get("encoding").and_then(|encoding| encoding.get(name));
            if let Some(style) = encoding.and_then(form_style) {
                arguments.styles.insert(argument.clone(), style);
            }
            sent.insert(name.clone(), json!(template(&argument)));
        }
        Value::Object(sent)
    }
}

/// Returns the serialization of a form's member.
fn form_style(encoding: &Value) -> Option<Style> {
    let explodes = encoding.get("explode").and_then(Value::as_bool);
    match (text(encoding, "style"), explodes) {
        ("deepObject", _) => Some(Style::Deep),
        ("spaceDelimited", Some(false) | None) => Some(Style::Space),
        ("pipeDelimited", Some(false) | None) => Some(Style::Pipe),
        ("tabDelimited", Some(false) | None) => Some(Style::Tab),
        ("form" | "", Some(false)) => Some(Style::Comma),
        _ => None,
    }
}
