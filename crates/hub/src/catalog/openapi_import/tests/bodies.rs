//! Bodies of operations.

use super::*;

fn posted(body: Value) -> (ActionSpec, Vec<String>) {
    let (mut spec, notes) = read(&json!({"/a": {"post": {"requestBody": body}}, "/b": {"get": {}}}));
    (spec.actions.remove("post-a").unwrap_or_default(), notes)
}

#[test]
fn forms_are_sent_as_forms() {
    let schema = json!({"type": "object", "required": ["to"], "properties": {
        "to": {"type": "string"}, "expand": {"type": "array", "items": {"type": "string"}},
        "metadata": {"type": "object"}}});
    let form = json!({
        "application/x-www-form-urlencoded": {
            "schema": schema, "encoding": {"expand": {"style": "deepObject", "explode": true}},
        },
    });
    let (action, notes) = posted(json!({"required": true, "content": form}));
    assert_eq!((action.body_type, action.body_optional), (BodyType::Form, false));
    assert_eq!(action.body, Some(json!({"to": "{to}", "expand": "{expand}", "metadata": "{metadata}"})));
    assert_eq!(action.styles, [("expand".to_owned(), Style::Deep)].into());
    assert_eq!(action.parameters.unwrap()["required"], json!(["to"]));
    assert!(notes.is_empty(), "{notes:?}");
    let (action, _) = posted(json!({"content": form}));
    assert!(action.body_optional && action.parameters.unwrap().get("required").is_none());
    let free = json!({
        "content": {
            "application/x-www-form-urlencoded": {"schema": {"type": "object", "additionalProperties": {}}},
        },
    });
    let (action, _) = posted(free);
    assert_eq!((action.body_type, action.body), (BodyType::Form, Some(json!("{body}"))));
}

#[test]
fn json_is_preferred_and_other_types_are_named() {
    let both = json!({
        "content": {
            "application/x-www-form-urlencoded": {}, "application/vnd.x+json; charset=utf-8": {"schema": {}},
        },
    });
    assert_eq!(posted(both).0.body_type, BodyType::Json);
    let (action, notes) = posted(json!({"content": {"text/plain": {}, "image/png": {}}}));
    assert_eq!((action.body_type, action.body), (BodyType::None, None));
    assert_eq!(
        notes,
        ["POST /a: its body is neither JSON nor a form (image/png, text/plain) and is not sent"]
    );
    let (action, notes) = posted(json!({"required": true, "content": {"application/octet-stream": {}}}));
    assert_eq!(action, ActionSpec::default());
    assert_eq!(notes, ["POST /a: its body is neither JSON nor a form (application/octet-stream); left out"]);
    let (action, _) = posted(json!({"$ref": "#/components/requestBodies/None"}));
    assert_eq!(action, ActionSpec::default());
}

#[test]
fn operations_without_a_body_send_none() {
    let (spec, notes) = read(&json!({
        "/a": {
            "post": {},
            "put": {},
            "patch": {},
            "delete": {},
            "get": {"requestBody": {"content": {"application/json": {}}}},
        },
    }));
    for name in ["post-a", "put-a", "patch-a"] {
        assert_eq!(
            (spec.actions[name].body_type, &spec.actions[name].body),
            (BodyType::None, &None),
            "{name}"
        );
    }
    assert_eq!(spec.actions["delete-a"].body_type, BodyType::Json);
    assert_eq!(notes, ["GET /a: a body is not sent with GET"]);
}

#[test]
fn members_become_arguments_where_nothing_is_lost() {
    let of =
        |schema: Value| posted(json!({"content": {"application/json": {"schema": schema}}})).0.body.unwrap();
    let properties = json!({"a": {}, "b": {}});
    for (more, is_flat) in [
        (json!({}), true),
        (json!({"additionalProperties": false}), true),
        (json!({"additionalProperties": {"type": "string"}}), false),
        (json!({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}), true),
        (json!({"oneOf": [{"properties": {"c": {}}}]}), false),
        (json!({"nullable": true, "type": "object"}), false),
        (json!({"not": {"required": ["a"]}}), false),
        (json!({"allOf": [{"properties": {"c": {}}}]}), true),
    ] {
        let mut schema = json!({"properties": properties});
        schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(of(schema).is_object(), is_flat, "{more}");
    }
    assert_eq!(of(json!({"type": "string"})), json!("{body}"));
}
