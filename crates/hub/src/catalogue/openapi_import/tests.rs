use proptest::prelude::*;

use super::*;

fn document(paths: Value) -> Value {
    json!({"openapi": "3.0.3", "info": {"title": "Pet  store\n", "description": "Pets"},
    "servers": [{"url": "https://{host}/v1", "variables": {"host": {"default": "pets.example"}}}],
    "paths": paths,
    "components": {
        "schemas": {
            "Pet": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string", "example": "Rex"}, "tag": {"type": "string", "nullable": true},
                "example": {"type": "integer"}, "parent": {"$ref": "#/components/schemas/Pet"}}},
        },
        "parameters": {"Limit": {"name": "limit", "in": "query", "description": "How\nmany", "schema": {"type": "integer"}}},
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    }})
}

fn read(paths: Value) -> (ApiSpec, Vec<String>) {
    let import = import("pets", &document(paths), None).unwrap();
    (import.spec, import.notes.into_iter().map(|note| format!("{}: {}", note.place, note.text)).collect())
}

#[test]
fn operations_become_actions() {
    let (spec, notes) = read(json!({
        "/pets": {
            "get": {"operationId": "listPets", "summary": "List", "parameters": [{"$ref": "#/components/parameters/Limit"}]},
            "post": {"description": "Add a pet", "requestBody": {"required": true,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}},
        },
        "/pets/{petId}": {
            "parameters": [{"name": "petId", "in": "path", "required": true, "schema": {"type": "string"}}],
            "put": {"requestBody": {"content": {"application/json": {"schema": {"type": "array"}}}}},
            "delete": {"operationId": "listPets"},
        },
    }));
    assert_eq!(
        spec.actions.keys().collect::<Vec<_>>(),
        ["list-pets", "list-pets-2", "post-pets", "put-pets-pet-id"]
    );
    let ProviderSpec::Http(http) = &spec.provider else { panic!() };
    assert_eq!((http.base_url.as_str(), spec.name.as_str()), ("https://pets.example/v1", "Pet store"));
    let list = &spec.actions["list-pets"];
    assert_eq!((list.method.as_str(), list.path.as_str(), &list.body), ("GET", "/pets", &None));
    assert_eq!(list.query, Some([("limit".to_owned(), "{limit}".to_owned())].into()));
    assert_eq!(
        list.parameters,
        Some(
            json!({"type": "object", "properties": {"limit": {"type": "integer", "description": "How many"}}})
        )
    );
    let add = &spec.actions["post-pets"];
    assert_eq!(
        add.body,
        Some(json!({"name": "{name}", "tag": "{tag}", "example": "{example}", "parent": "{parent}"}))
    );
    let parameters = add.parameters.as_ref().unwrap();
    assert_eq!(parameters["required"], json!(["name"]));
    assert_eq!(parameters["properties"]["name"], json!({"type": "string"}));
    assert_eq!(parameters["properties"]["tag"], json!({"type": ["string", "null"]}));
    assert_eq!(parameters["properties"]["parent"], json!({}), "recursion is cut");
    let put = &spec.actions["put-pets-pet-id"];
    assert_eq!((put.body.clone(), put.path.as_str()), (Some(json!("{body}")), "/pets/{petId}"));
    assert_eq!(put.parameters.as_ref().unwrap()["required"], json!(["petId"]));
    assert_eq!(
        notes,
        [
            "POST /pets: a schema is recursive, large or refers to nothing; it is cut",
            "components.securitySchemes.key: add the secret header X-Key if the API needs it",
        ]
    );
    super::super::rules::check(&spec).unwrap();
    crate::provider::make(&spec).unwrap();
}

#[test]
fn what_cannot_be_called_is_left_out_and_said_so() {
    let (spec, notes) = read(json!({
        "/a": {"get": {"parameters": [{"name": "X-Id", "in": "header", "required": true}]}, "head": {}},
        "/b": {"get": {"parameters": [{"name": "X-Id", "in": "header"}, {"name": "ids", "in": "query", "schema": {"type": "array"}}]}},
        "/c": {"post": {"requestBody": {"required": true, "content": {"multipart/form-data": {}}}}},
        "/d": {"get": {"parameters": [{"$ref": "#/components/parameters/None"}]}},
        "/e": {"get": {"parameters": [{"name": "a|b", "in": "query"}]}},
    }));
    assert_eq!(spec.actions.keys().collect::<Vec<_>>(), ["get-b"]);
    assert_eq!(
        notes[..notes.len() - 1],
        [
            "HEAD /a: this method is not called through the Hub; left out",
            "GET /a: it needs X-Id in header, which the Hub does not send; left out",
            "GET /b: X-Id in header is not sent",
            "GET /b: ids is a list: it is sent as JSON in one parameter",
            "POST /c: its body is not JSON; left out",
            "GET /d: a parameter refers to nothing in the document; left out",
            "GET /e: a parameter has the name \"a|b\"; left out",
        ]
    );
}

#[test]
fn what_is_no_document_is_refused_with_its_place() {
    let refused = |document: &Value| {
        let notes = import("x", document, None).unwrap_err();
        notes.into_iter().map(|note| note.place).collect::<Vec<_>>()
    };
    assert_eq!(refused(&json!({"swagger": "2.0"})), ["openapi"]);
    assert_eq!(refused(&json!({"openapi": "3.1.0"})), ["paths"]);
    assert_eq!(refused(&json!({"openapi": "3.1.0", "paths": {}})), ["paths"]);
    assert_eq!(refused(&json!([])), ["openapi"]);
    let relative = json!({"openapi": "3.1.0", "servers": [{"url": "/v1"}], "paths": {"/a": {"get": {}}}});
    assert_eq!(refused(&relative), ["servers"]);
    assert!(import("x", &relative, Some(" https://a.example ")).is_ok());
}

#[test]
fn many_operations_are_bounded() {
    let paths: Map<String, Value> = (0..600).map(|at| (format!("/p{at}"), json!({"get": {}}))).collect();
    let (spec, notes) = read(Value::Object(paths));
    assert_eq!(spec.actions.len(), MAX_ACTIONS);
    assert_eq!(notes.len(), 100 + 1);
}

proptest! {
    #[test]
    fn any_name_is_a_name(text in "\\PC{0,200}") {
        let slug = slug(&text);
        prop_assert!(slug.len() <= MAX_NAME && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
    }

    #[test]
    fn any_operation_makes_a_definition_that_is_good(path in "/[a-z{}/]{0,12}", name in "\\PC{0,8}", place in "query|path|header|x") {
        let parameters = json!([{"name": name, "in": place}]);
        let result = import("x", &document(json!({path: {"get": {"parameters": parameters}}})), None);
        if let Ok(import) = result {
            // An invalid path is reported when the API is defined; it never panics.
            let _ = super::super::rules::check(&import.spec).and_then(|()| crate::provider::make(&import.spec).map(|_| ()));
        }
    }
}
