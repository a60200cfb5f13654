//! Schemas as JSON Schema 2020-12.

use super::*;

/// A schema as the argument `x` has it; it must be a valid schema.
fn written(schema: Value) -> Value {
    let paths = json!({
        "/a": {
            "get": {
                "parameters": [{
                    "name": "x", "in": "query", "content": {"application/json": {"schema": schema}},
                }],
            },
        },
    });
    let import = import("pets", &document(&paths), Choice::default()).unwrap();
    let parameters = import.spec.actions["get-a"].parameters.clone().unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&parameters), "{parameters}");
    parameters["properties"]["x"].clone()
}

#[test]
fn older_notations_become_json_schema() {
    for (schema, expected) in [
        (
            json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}),
            json!({"type": "integer", "exclusiveMinimum": 1}),
        ),
        (
            json!({"type": "number", "maximum": 5, "exclusiveMaximum": false}),
            json!({"type": "number", "maximum": 5}),
        ),
        (json!({"exclusiveMinimum": true}), json!({})),
        (
            json!({"type": "string", "nullable": true, "enum": ["a", "b"]}),
            json!({"type": ["string", "null"], "enum": ["a", "b", null]}),
        ),
        (json!({"enum": ["a"], "nullable": true}), json!({"enum": ["a", null]})),
        (
            json!({"nullable": true, "oneOf": [{"type": "string"}, {"type": "integer"}]}),
            json!({"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}),
        ),
        (json!({"nullable": true}), json!({})),
        (json!({"type": ["string", "null"], "nullable": true}), json!({"type": ["string", "null"]})),
        (json!({"type": "array"}), json!({"type": "array", "items": {}})),
        (
            json!({"type": "array", "items": [{"type": "string"}]}),
            json!({"type": "array", "prefixItems": [{"type": "string"}]}),
        ),
        (json!({"type": "file"}), json!({"type": "string"})),
        (json!({"type": "any"}), json!({})),
        (
            json!({"type": "object", "properties": {"a": {"required": true}}}),
            json!({"type": "object", "properties": {"a": {}}, "required": ["a"]}),
        ),
        (json!({"required": true, "type": "string"}), json!({"type": "string"})),
        (
            json!({"minLength": -1, "maxLength": 2.0, "minItems": "3", "multipleOf": 0, "pattern": "(?i)a"}),
            json!({"maxLength": 2}),
        ),
        (
            json!({
                "example": 1,
                "xml": {},
                "x-y": 1,
                "discriminator": {"propertyName": "a"},
                "$schema": "x",
                "$id": "y",
            }),
            json!({}),
        ),
        (
            json!({
                "enum": [],
                "anyOf": [],
                "title": 5,
                "format": null,
                "uniqueItems": "yes",
                "required": ["a", "a", 1],
            }),
            json!({"required": ["a"]}),
        ),
        (
            json!({"properties": {"a": true, "b": false, "c": 5, "type": {"type": "string"}}}),
            json!({"properties": {"a": {}, "b": {"not": {}}, "c": {}, "type": {"type": "string"}}}),
        ),
        (
            json!({"$ref": "#/components/schemas/Pet", "description": "mine"}),
            json!({"type": "object", "required": ["name"], "description": "mine",
            "properties": {
                "name": {"type": "string"},
                "tag": {"type": ["string", "null"]},
                "example": {"type": "integer"},
                "parent": {},
            }}),
        ),
    ] {
        assert_eq!(written(schema.clone()), expected, "{schema}");
    }
}

#[test]
fn parts_that_hold_together_are_one_where_that_is_simple() {
    for (schema, expected) in [
        (
            json!({
                "allOf": [
                    {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"b": {}}, "required": ["b"]},
                ],
                "description": "both",
            }),
            json!({
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {}},
                "required": ["a", "b"],
                "description": "both",
            }),
        ),
        (json!({"allOf": [{"type": "string"}]}), json!({"type": "string"})),
        (
            json!({"allOf": [{"type": "number"}, {"type": "integer", "minimum": 1}]}),
            json!({"type": "integer", "minimum": 1}),
        ),
        (json!({"allOf": [{"type": "string"}], "nullable": true}), json!({"type": ["string", "null"]})),
        (
            json!({
                "allOf": [
                    {"type": "object", "additionalProperties": false, "properties": {"a": {}}},
                    {"properties": {"b": {}}},
                ],
            }),
            json!({"type": "object", "properties": {"a": {}, "b": {}}}),
        ),
        (
            json!({"allOf": [{"type": "object", "additionalProperties": false}]}),
            json!({"type": "object", "additionalProperties": false}),
        ),
        (
            json!({"allOf": [{"minLength": 1}, {"minLength": 2}]}),
            json!({"allOf": [{"minLength": 1}, {"minLength": 2}]}),
        ),
        (
            json!({"allOf": [{"type": "string"}, {"type": "object"}]}),
            json!({"allOf": [{"type": "string"}, {"type": "object"}]}),
        ),
        (json!({"allOf": []}), json!({})),
        (
            json!({"allOf": [{"anyOf": [{"type": "string"}]}], "nullable": true}),
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ),
    ] {
        assert_eq!(written(schema.clone()), expected, "{schema}");
    }
}

#[test]
fn members_of_answers_only_are_left_out() {
    let schema = json!({
        "type": "object",
        "required": ["id", "name"],
        "properties": {
            "id": {"type": "string", "readOnly": true},
            "name": {},
            "made": {"$ref": "#/components/schemas/Made"},
        },
    });
    let mut document = document(&json!({
        "/a": {
            "post": {
                "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}},
            },
        },
    }));
    document["components"]["schemas"]["Made"] = json!({"type": "string", "readOnly": true});
    let (spec, notes) = imported(&document, Choice::default());
    let action = &spec.actions["post-a"];
    assert_eq!(action.body, Some(json!({"name": "{name}"})));
    assert_eq!(action.parameters.as_ref().unwrap()["required"], json!(["name"]));
    assert_eq!(notes[0], "POST /a: id, made are in answers only; left out");
}

#[test]
fn deep_schemas_are_cut_between_schemas_alone() {
    let deep = (0..200).fold(
        json!({"type": "string", "title": "end"}),
        |inner, _| json!({"type": "object", "title": "t", "properties": {"a": inner}}),
    );
    let wide: Map<String, Value> =
        (0..5000).map(|at| (format!("m{at}"), json!({"type": "string"}))).collect();
    for schema in
        [deep, json!({"type": "object", "properties": wide}), json!({"enum": vec!["x".repeat(3000); 400]})]
    {
        let text = serde_json::to_string(&written(schema)).unwrap();
        assert!(text.len() < 200_000, "{}", text.len());
        assert!(!text.contains("\"type\":{}") && !text.contains("\"title\":{}"), "{text}");
    }
}
