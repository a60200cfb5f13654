//! Tools as the protocol lists them. Schemas are flat, because one that a client cannot read removes all
//! tools there. No I/O.

use std::sync::{Arc, LazyLock};

use rmcp::model::{MetaObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use crate::spec::{ALL, Effect, Out, ParamKind, Spec};

/// All tools, in the order of [`ALL`].
pub(crate) static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| ALL.iter().map(tool).collect());

/// Returns the entry of a tool in the list.
fn tool(spec: &Spec) -> Tool {
    let (reads, destroys, repeats) = match spec.effect {
        Effect::Read => (true, false, true),
        Effect::Add => (false, false, false),
        Effect::Change => (false, true, true),
    };
    let annotations = ToolAnnotations::with_title(spec.title)
        .read_only(reads)
        .destructive(destroys)
        .idempotent(repeats)
        .open_world(false);
    let mut meta = MetaObject::new();
    let schemes = json!([{"type": "oauth2", "scopes": [spec.scope.name()]}]);
    meta.insert("securitySchemes".to_owned(), schemes);
    Tool::new(spec.name, spec.description, Arc::new(object(input(spec))))
        .with_title(spec.title)
        .with_raw_output_schema(Arc::new(object(output(spec.output))))
        .with_annotations(annotations)
        .with_meta(meta)
}

fn input(spec: &Spec) -> Value {
    let property = |kind: ParamKind, description: &str| match kind {
        ParamKind::Text { .. } => json!({"type": "string", "description": description}),
        ParamKind::Integer { min, max, default } => json!({
            "type": "integer", "description": description, "minimum": min, "maximum": max, "default": default
        }),
        ParamKind::Flag => json!({"type": "boolean", "description": description, "default": false}),
    };
    let properties: Map<String, Value> = spec
        .params
        .iter()
        .map(|param| (param.name.to_owned(), property(param.kind, param.description)))
        .collect();
    let required: Vec<&str> =
        spec.params.iter().filter(|param| param.is_required).map(|param| param.name).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if let Some(schema) = schema.as_object_mut() {
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
    schema
}

fn output(members: &[(&str, Out)]) -> Value {
    let property = |kind: Out| match kind {
        Out::Text | Out::TextOrAbsent => json!({"type": "string"}),
        Out::Integer => json!({"type": "integer"}),
        Out::Flag => json!({"type": "boolean"}),
        Out::Texts => json!({"type": "object"}),
        Out::List => json!({"type": "array", "items": {"type": "string"}}),
        Out::Items(members) => json!({"type": "array", "items": output(members)}),
    };
    let properties: Map<String, Value> =
        members.iter().map(|(name, kind)| ((*name).to_owned(), property(*kind))).collect();
    let is_required = |kind: Out| !matches!(kind, Out::TextOrAbsent);
    let required = members.iter().filter(|(_, kind)| is_required(*kind)).map(|(name, _)| *name);
    json!({"type": "object", "properties": properties, "required": required.collect::<Vec<_>>()})
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every schema is flat, and every tool says what it does.
    #[test]
    fn schemas_are_read_by_every_client() {
        assert_eq!(TOOLS.len(), 11);
        for tool in TOOLS.iter() {
            let tool = serde_json::to_value(tool).unwrap();
            let name = tool["name"].as_str().unwrap();
            assert!(name.len() <= 64 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert!(tool["description"].as_str().unwrap().chars().count() <= 1024, "{name}");
            let annotations = tool["annotations"].as_object().unwrap();
            assert_eq!(annotations["title"], tool["title"], "{name}");
            for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
                assert!(annotations[hint].is_boolean(), "{name} {hint}");
            }
            let schema = &tool["inputSchema"];
            assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)));
            for (property, schema) in schema["properties"].as_object().unwrap() {
                let kind = schema["type"].as_str().unwrap();
                assert!(["string", "integer", "boolean"].contains(&kind), "{name} {property}");
                assert!(!schema["description"].as_str().unwrap().is_empty(), "{name} {property}");
            }
            let text = tool.to_string();
            for word in ["$ref", "$defs", "anyOf", "oneOf", "allOf", "null", "\"format\""] {
                assert!(!text.contains(word), "{name} has {word}");
            }
            assert!(tool["_meta"]["securitySchemes"][0]["scopes"][0].is_string(), "{name}");
        }
    }

    #[test]
    fn the_search_tool_is_as_clients_know_it() {
        let query = json!({"type": "string", "description": "What to look for, in any language"});
        let text = json!({"type": "string"});
        let item = json!({
            "type": "object",
            "properties": {"id": text, "title": text, "url": text},
            "required": ["id", "title", "url"],
        });
        let expected = json!({
            "name": "search",
            "title": "Search my memory",
            "description": ALL[0].description,
            "inputSchema": {
                "type": "object",
                "properties": {"query": query},
                "required": ["query"],
                "additionalProperties": false,
            },
            "outputSchema": {
                "type": "object",
                "properties": {"results": {"type": "array", "items": item}},
                "required": ["results"],
            },
            "annotations": {
                "title": "Search my memory",
                "readOnlyHint": true,
                "destructiveHint": false,
                "idempotentHint": true,
                "openWorldHint": false,
            },
            "_meta": {"securitySchemes": [{"type": "oauth2", "scopes": ["memory.read"]}]},
        });
        assert_eq!(serde_json::to_value(&TOOLS[0]).unwrap(), expected);
        let whoami = TOOLS.iter().find(|tool| tool.name == "whoami").unwrap();
        let schema = Value::Object((*whoami.input_schema).clone());
        assert_eq!(schema, json!({"type":"object","properties":{},"additionalProperties":false}));
    }
}
