//! Versions and notations of documents.

use super::*;

const SWAGGER: &str = r##"
swagger: "2.0"
info: {title: Pets, version: "1"}
host: pets.example
basePath: /v1
schemes: [http, https]
consumes: [application/json]
parameters:
  Limit: {name: limit, in: query, type: integer, maximum: 50, exclusiveMaximum: true}
  Body: {name: pet, in: body, required: true, schema: {$ref: '#/definitions/Pet'}}
definitions:
  Pet:
    type: object
    required: [name]
    properties: {name: {type: string}, tags: {type: array, items: {type: string}}}
securityDefinitions: {key: {type: apiKey, in: query, name: k}, basic: {type: basic}}
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - $ref: '#/parameters/Limit'
        - {name: tags, in: query, type: array, items: {type: string}, collectionFormat: multi}
        - {name: ids, in: query, type: array, items: {type: integer}}
        - {name: old, in: query, type: array, items: {type: integer}, collectionFormat: pipes}
    post: {operationId: addPet, parameters: [{$ref: '#/parameters/Body'}]}
  /pets/{id}:
    parameters: [{name: id, in: path, required: true, type: string}]
    put:
      operationId: renamePet
      consumes: [application/x-www-form-urlencoded]
      parameters:
        - {name: name, in: formData, type: string, required: true}
        - {name: tags, in: formData, type: array, items: {type: string}}
    patch:
      parameters: [{name: photo, in: formData, type: file, required: true}]
"##;

#[test]
fn swagger_is_converted() {
    let document = read::read(SWAGGER).unwrap();
    let (spec, notes) = imported(&document, Choice::default());
    assert_eq!(http(&spec).base_url, "https://pets.example/v1");
    assert_eq!(spec.actions.keys().collect::<Vec<_>>(), ["add-pet", "list-pets", "rename-pet"]);
    let list = &spec.actions["list-pets"];
    assert_eq!(
        list.parameters.as_ref().unwrap()["properties"]["limit"],
        json!({"type": "integer", "exclusiveMaximum": 50})
    );
    let styles = [("tags", Style::Multi), ("ids", Style::Comma), ("old", Style::Pipe)];
    assert_eq!(list.styles, styles.map(|(name, style)| (name.to_owned(), style)).into());
    let add = &spec.actions["add-pet"];
    assert_eq!(
        (&add.body, add.body_type),
        (&Some(json!({"name": "{name}", "tags": "{tags}"})), BodyType::Json)
    );
    assert_eq!(add.parameters.as_ref().unwrap()["required"], json!(["name"]));
    let rename = &spec.actions["rename-pet"];
    assert_eq!((rename.body_type, rename.path.as_str()), (BodyType::Form, "/pets/{id}"));
    assert_eq!(rename.styles, [("tags".to_owned(), Style::Comma)].into());
    assert_eq!(
        notes,
        [
            "PATCH /pets/{id}: its body is neither JSON nor a form (multipart/form-data); left out",
            "components.securitySchemes.basic: add the secret header authorization if the API needs it",
            "components.securitySchemes.key: add the secret query parameter k if the API needs it",
        ]
    );
}

#[test]
fn every_version_is_taken() {
    for version in ["3.0.0", "3.0.4", "3.1.0", "3.1.1", "3.2.0"] {
        let mut document = document(&json!({"/a": {"get": {}, "additionalOperations": {"LINK": {}}}}));
        document["openapi"] = json!(version);
        document["webhooks"] = json!({"w": {}});
        let (spec, notes) = imported(&document, Choice::default());
        assert_eq!(spec.actions.len(), 1, "{version}");
        assert_eq!(notes[0], " /a: its additionalOperations are not called through the Hub; left out");
        assert_eq!(notes[1], "webhooks: what the API calls is left out");
    }
    for text in ["openapi: 3.0\n", "openapi: '3.1.0'\n", "\u{feff}openapi: 3.2.0\n"] {
        let text = format!(
            "{text}servers: [{{url: https://a.example}}]\n\
             paths: {{/a: {{get: {{responses: {{200: {{description: on}}}}}}}}}}\n"
        );
        assert!(import("x", &read::read(&text).unwrap(), Choice::default()).is_ok(), "{text}");
    }
}
