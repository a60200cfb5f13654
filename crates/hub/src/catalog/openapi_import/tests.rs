use serde_json::{Map, Value, json};

use super::*;
use crate::catalog::{BodyType, Style};

mod bodies;
mod schemas;
mod versions;

fn document(paths: &Value) -> Value {
    json!({"openapi": "3.0.3", "info": {"title": "Pet  store\n", "description": "Pets"},
    "servers": [{"url": "https://{host}/v1", "variables": {"host": {"default": "pets.example"}}}],
    "paths": paths,
    "components": {
        "schemas": {
            "Pet": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string", "example": "Rex"}, "tag": {"type": "string", "nullable": true},
                "example": {"type": "integer"}, "parent": {"$ref": "#/components/schemas/Pet"}}},
        },
        "parameters": {
            "Limit": {
                "name": "limit", "in": "query", "description": "How\nmany", "schema": {"type": "integer"},
            },
        },
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    }})
}

/// The definition and the notes of a document, which must be valid as a whole.
fn imported(document: &Value, choice: Choice<'_>) -> (ApiSpec, Vec<String>) {
    let import = import("pets", document, choice).unwrap();
    rules::check(&import.spec).unwrap();
    provider::make(&import.spec).unwrap();
    (import.spec, import.notes.into_iter().map(|note| format!("{}: {}", note.place, note.text)).collect())
}

/// The same of paths, without the note on security.
fn read(paths: &Value) -> (ApiSpec, Vec<String>) {
    let (spec, mut notes) = imported(&document(paths), Choice::default());
    assert!(notes.pop().unwrap().starts_with("components.securitySchemes.key: add the secret header X-Key"));
    (spec, notes)
}

fn http(spec: &ApiSpec) -> &HttpSpec {
    let ProviderSpec::Http(http) = &spec.provider else { panic!("{spec:?}") };
    http
}

#[test]
fn operations_become_actions() {
    let (spec, notes) = read(&json!({
        "/pets": {
            "get": {
                "operationId": "listPets",
                "summary": "List",
                "parameters": [{"$ref": "#/components/parameters/Limit"}],
            },
            "post": {"description": "Add a pet", "requestBody": {"required": true,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}},
        },
        "/pets/{petId}": {
            "parameters": [{"name": "petId", "in": "path", "required": true, "schema": {"type": "string"}}],
            "put": {"requestBody": {"content": {"application/json": {"schema": {"type": "array"}}}}},
            "delete": {"operationId": "removePet"},
        },
    }));
    assert_eq!(
        spec.actions.keys().collect::<Vec<_>>(),
        ["list-pets", "post-pets", "put-pets-pet-id", "remove-pet"]
    );
    assert_eq!((http(&spec).base_url.as_str(), spec.name.as_str()), ("https://pets.example/v1", "Pet store"));
    let list = &spec.actions["list-pets"];
    assert_eq!((list.method.as_str(), list.path.as_str(), &list.body), ("GET", "/pets", &None));
    assert_eq!(list.query, Some([("limit".to_owned(), "{limit}".to_owned())].into()));
    let limit =
        json!({"type": "object", "properties": {"limit": {"type": "integer", "description": "How many"}}});
    assert_eq!(list.parameters, Some(limit));
    let add = &spec.actions["post-pets"];
    let body = json!({"name": "{name}", "tag": "{tag}", "example": "{example}", "parent": "{parent}"});
    assert_eq!((&add.body, add.body_optional), (&Some(body), false));
    let parameters = add.parameters.as_ref().unwrap();
    assert_eq!(parameters["required"], json!(["name"]));
    assert_eq!(parameters["properties"]["name"], json!({"type": "string"}));
    assert_eq!(parameters["properties"]["tag"], json!({"type": ["string", "null"]}));
    assert_eq!(parameters["properties"]["parent"], json!({}), "recursion is cut");
    let put = &spec.actions["put-pets-pet-id"];
    assert_eq!((put.body.clone(), put.path.as_str()), (Some(json!("{body}")), "/pets/{petId}"));
    assert_eq!(put.parameters.as_ref().unwrap()["required"], json!(["petId"]));
    assert_eq!(notes, ["POST /pets: a schema is recursive, large or refers to nothing; it is cut"]);
}

#[test]
fn operations_that_cannot_be_called_are_left_out_with_a_note() {
    let (spec, notes) = read(&json!({
        "/a": {
            "get": {"parameters": [{"name": "session", "in": "cookie", "required": true}]},
            "head": {},
            "query": {},
        },
        "/b": {
            "get": {
                "parameters": [
                    {"name": "session", "in": "cookie"}, {"name": "X-Forwarded-For", "in": "header"},
                ],
            },
        },
        "/c": {"post": {"requestBody": {"required": true, "content": {"multipart/form-data": {}}}}},
        "/d": {"get": {"parameters": [{"$ref": "#/components/parameters/None"}]}},
        "/e": {"get": {"parameters": [{"name": "Cookie", "in": "header", "required": true}]}},
        "/f#g": {"get": {}}, "/f?g=1": {"get": {}}, "/f\\g": {"get": {}}, "/{f": {"get": {}},
        "f": {"get": {}}, "/../f": {"get": {}},
        "x-internal": {"get": {}},
        "/g": {"$ref": "other.yaml#/g"},
        "/h": {"get": {"parameters": [{"name": "q", "in": "querystring", "required": true}]}},
    }));
    assert_eq!(spec.actions.keys().collect::<Vec<_>>(), ["get-b"]);
    assert_eq!(
        notes,
        [
            "GET /../f: actions.action.path: left out".replace(
                "actions.action.path: left out",
                "action.path: Input should be a path without ?, # and ..; left out"
            ),
            "HEAD /a: this method is not called through the Hub; left out".to_owned(),
            "QUERY /a: this method is not called through the Hub; left out".to_owned(),
            "GET /a: it needs session in cookie, which the Hub does not send; left out".to_owned(),
            "GET /b: session in cookie is not sent".to_owned(),
            "GET /b: X-Forwarded-For in header is not sent".to_owned(),
            "POST /c: its body is neither JSON nor a form (multipart/form-data); left out".to_owned(),
            "GET /d: a parameter refers to nothing in the document; left out".to_owned(),
            "GET /e: it needs Cookie in header, which the Hub does not send; left out".to_owned(),
            "GET /f#g: its path has a ?, # or \\ in it, and would be another; left out".to_owned(),
            "GET /f?g=1: its path has a ?, # or \\ in it, and would be another; left out".to_owned(),
            "GET /f\\g: its path has a ?, # or \\ in it, and would be another; left out".to_owned(),
            " /g: the path refers to nothing in the document; left out".to_owned(),
            "GET /h: it needs q in querystring, which the Hub does not send; left out".to_owned(),
            "GET /{f: its path has a { without its }; left out".to_owned(),
            "GET f: its path does not begin with /, or is very long; left out".to_owned(),
        ]
    );
}

#[test]
fn headers_become_arguments_constants_or_nothing() {
    let header = |name: &str, required: bool, schema: Value| {
        json!({
            "name": name, "in": "header", "required": required, "schema": schema,
        })
    };
    let (spec, notes) = read(&json!({"/a": {"get": {"parameters": [
        header("Authorization", true, json!({"type": "string"})),
        header("content-type", true, json!({"enum": ["application/json"]})),
        header("Accept", true, json!({})),
        header("box-version", true, json!({"type": "string", "enum": ["2025.0"]})),
        header("X-Const", true, json!({"const": "a{b}"})),
        header("X-Any", false, json!({"type": "string", "enum": ["x"]})),
        header("If-Match", true, json!({"type": "string"})),
        header("X-List", false, json!({"type": "array", "items": {"type": "string"}})),
        {
            "name": "api-version",
            "in": "query",
            "required": true,
            "schema": {"type": "string", "enum": ["2024-01-01"]},
        },
    ]}}}));
    let action = &spec.actions["get-a"];
    let headers = [
        ("If-Match", "{If-Match}"),
        ("X-Any", "{X-Any}"),
        ("X-Const", "a{{b}}"),
        ("X-List", "{X-List}"),
        ("box-version", "2025.0"),
    ];
    let headers = headers.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(action.headers, headers.into());
    assert_eq!(action.query, Some([("api-version".to_owned(), "2024-01-01".to_owned())].into()));
    assert_eq!(action.styles, [("X-List".to_owned(), Style::Comma)].into());
    let parameters = action.parameters.as_ref().unwrap();
    assert_eq!(parameters["required"], json!(["If-Match"]));
    assert_eq!(parameters["properties"].as_object().unwrap().len(), 3);
    assert_eq!(notes.len(), 3);
    assert!(
        notes.iter().all(|note| note.ends_with("is no parameter, as OpenAPI says; ignored")),
        "{notes:?}"
    );
}

#[test]
fn servers_of_operations_are_used_and_get_no_secrets_by_default() {
    let own = |url: &str| json!({"servers": [{"url": url}]});
    let paths = json!({
        "/a": {"get": {}},
        "/b": {"get": own("https://uploads.example/v2/")},
        "/c": {"servers": [{"url": "/v3"}], "get": {}, "post": own("https://other.example")},
        "/d": {"get": own("ftp://x")},
        "/e": {"get": own("https://pets.example/v1")},
        "/f": {"get": own("http://pets.example/v1")},
    });
    let (spec, notes) = read(&paths);
    let address = |name: &str| spec.actions[name].base_url.as_str();
    assert_eq!(address("get-a"), "");
    assert_eq!(address("get-b"), "https://uploads.example/v2");
    assert_eq!(address("get-c"), "https://pets.example/v3");
    assert_eq!(address("post-c"), "https://other.example");
    assert_eq!(address("get-e"), "", "the API's own");
    assert_eq!(address("get-f"), "http://pets.example/v1");
    assert!(http(&spec).trusted_origins.is_empty() && !spec.actions.contains_key("get-d"));
    let without = |url: &str, origin: &str| {
        format!(
            "it has a server of its own and is sent to {url}, without the API's headers, secrets and callers \
             unless provider.trusted_origins has {origin}"
        )
    };
    assert_eq!(
        notes,
        [
            format!("GET /b: {}", without("https://uploads.example/v2", "https://uploads.example")),
            "GET /c: it has a server of its own and is sent to https://pets.example/v3".to_owned(),
            format!("POST /c: {}", without("https://other.example", "https://other.example")),
            "GET /d: its server \"ftp://x\" is no http or https address; left out".to_owned(),
            format!("GET /f: {}", without("http://pets.example/v1", "http://pets.example")),
        ]
    );
    let trusted = ["https://uploads.example".to_owned()];
    let choice = Choice { base_url: Some("https://proxy.example/pets"), trusted_origins: &trusted };
    let (spec, notes) = imported(&document(&paths), choice);
    assert_eq!(http(&spec).base_url, "https://proxy.example/pets");
    assert_eq!(http(&spec).trusted_origins, trusted);
    assert_eq!(spec.actions["get-c"].base_url, "https://proxy.example/v3");
    assert_eq!(notes[0], "GET /b: it has a server of its own and is sent to https://uploads.example/v2");
    // Without a server of the document, only operations with one are there.
    let mut bare = document(&paths);
    bare.as_object_mut().unwrap().remove("servers");
    let (spec, _) = imported(&bare, Choice::default());
    assert_eq!(spec.actions.len(), 4);
    assert!(!spec.actions.contains_key("get-a") && http(&spec).base_url.starts_with("https://"));
}

#[test]
fn paths_may_be_references() {
    let mut document = document(&json!({
        "/a/{id}": {
            "get": {
                "operationId": "one",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
            },
        },
        "/b/{id}": {"$ref": "#/paths/~1a~1%7Bid%7D"},
        "/c": {"$ref": "#/components/pathItems/C", "post": {"operationId": "own"}},
        "/d": {"$ref": "#/paths/~1d"},
    }));
    document["components"]["pathItems"] =
        json!({"C": {"get": {"operationId": "shared"}, "post": {"operationId": "hidden"}}});
    let (spec, notes) = imported(&document, Choice::default());
    let paths: Vec<(&str, &str)> =
        spec.actions.iter().map(|(name, action)| (name.split_at(3).0, action.path.as_str())).collect();
    assert_eq!(paths, [("one", "/a/{id}"), ("one", "/b/{id}"), ("own", "/c"), ("sha", "/c")]);
    assert!(notes.contains(&" /d: the path refers to nothing in the document; left out".to_owned()));
}

#[test]
fn lists_are_sent_as_the_document_says() {
    let parameter = |name: &str, more: Value| {
        let mut parameter =
            json!({"name": name, "in": "query", "schema": {"type": "array", "items": {"type": "string"}}});
        parameter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        parameter
    };
    let (spec, notes) = read(&json!({"/a/{ids}": {"get": {"parameters": [
        parameter("multi", json!({})),
        parameter("comma", json!({"explode": false})),
        parameter("space", json!({"style": "spaceDelimited", "explode": false})),
        parameter("pipe", json!({"style": "pipeDelimited", "explode": false})),
        parameter("filter[x]", json!({"style": "deepObject", "schema": {"type": "object"}})),
        parameter(
            "json", json!({"schema": null, "content": {"application/json": {"schema": {"type": "array"}}}}),
        ),
        parameter("object", json!({"schema": {"type": "object"}})),
        parameter("scalar", json!({"schema": {"type": "string"}})),
        parameter("ids", json!({"in": "path", "required": true})),
    ]}}}));
    let action = &spec.actions["get-a-ids"];
    let styles = [
        ("multi", Style::Multi),
        ("comma", Style::Comma),
        ("space", Style::Space),
        ("pipe", Style::Pipe),
        ("filter_x", Style::Deep),
        ("ids", Style::Comma),
    ];
    assert_eq!(action.styles, styles.map(|(name, style)| (name.to_owned(), style)).into());
    assert_eq!(action.query.as_ref().unwrap()["filter[x]"], "{filter_x}");
    assert_eq!(notes, ["GET /a/{ids}: object has the style form, which is not written; it is sent as JSON"]);
}

#[test]
fn arguments_have_names_that_every_client_takes() {
    let (spec, notes) = read(&json!({"/a/{id}/{+path}": {"post": {
        "parameters": [
            {"name": "id", "in": "path", "required": true}, {"name": "id", "in": "query"},
            {"name": "a|b", "in": "query"},
            {"name": "gone", "in": "path"},
        ],
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {"type": "object", "properties": {"id": {}, "{x}": {}, "$top": {}}},
                },
            },
        },
    }}}));
    let action = &spec.actions["post-a-id-path"];
    assert_eq!(action.path, "/a/{id}/{path}");
    let query =
        [("a|b", "{a_b}"), ("id", "{id_query}")].map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(action.query, Some(query.into()));
    assert_eq!(action.body, Some(json!({"id": "{id_body}", "{x}": "{x}", "$top": "{top}"})));
    assert_eq!(action.parameters.as_ref().unwrap()["required"], json!(["id", "path"]));
    assert_eq!(
        notes,
        [
            "POST /a/{id}/{+path}: gone is not in the path; left out",
            "POST /a/{id}/{+path}: +path in the path is not described; taken as a text",
        ]
    );
}

#[test]
fn documents_that_are_none_are_refused_with_their_place() {
    let refused = |document: &Value| {
        let notes = import("x", document, Choice::default()).unwrap_err();
        notes.into_iter().map(|note| note.place).collect::<Vec<_>>()
    };
    assert_eq!(refused(&json!({"swagger": "1.2"})), ["openapi"]);
    assert_eq!(refused(&json!({"swagger": "2.0"})), ["paths"]);
    assert_eq!(refused(&json!({"openapi": "3.1.0"})), ["paths"]);
    assert_eq!(
        refused(&json!({"openapi": "3.1.0", "servers": [{"url": "https://a.example"}], "paths": {}})),
        ["paths"]
    );
    assert_eq!(refused(&json!([])), ["openapi"]);
    assert_eq!(refused(&json!("openapi: 3.1.0")), ["openapi"]);
    let relative = json!({"openapi": "3.1.0", "servers": [{"url": "/v1"}], "paths": {"/a": {"get": {}}}});
    assert_eq!(refused(&relative), ["GET /a", "servers"]);
    let choice = Choice { base_url: Some(" https://a.example "), ..Choice::default() };
    assert!(import("x", &relative, choice).is_ok());
}

#[test]
fn everything_is_bounded() {
    let paths: Map<String, Value> = (0..600).map(|at| (format!("/p{at}"), json!({"get": {}}))).collect();
    let (spec, notes) = read(&Value::Object(paths));
    assert_eq!(spec.actions.len(), MAX_ACTIONS);
    assert_eq!(notes.len(), 100);
    // Small documents that would become large ones.
    let text = "x".repeat(200_000);
    let many: Vec<Value> = (0..90)
        .map(|at| {
            json!({
                "name": format!("p{at}"), "in": "query", "schema": {"$ref": "#/components/schemas/Large"},
            })
        })
        .collect();
    let wide: Map<String, Value> =
        (0..100).map(|at| (format!("m{at}"), json!({"$ref": "#/components/schemas/Wide2"}))).collect();
    let mut paths: Map<String, Value> =
        (0..400).map(|at| (format!("/r{at}"), json!({"$ref": "#/components/pathItems/One"}))).collect();
    paths.insert("/long".repeat(1000), json!({"get": {}}));
    let mut bomb = document(&Value::Object(paths));
    bomb["components"]["pathItems"] = json!({"One": {"get": {
        "operationId": text, "summary": text, "parameters": many,
    },
        "head": {}, "post": {"parameters": vec![json!({"name": "a", "in": "query"}); 5000]},
        "put": {"parameters": [{"name": text, "in": "query"}]}}});
    bomb["components"]["schemas"] = json!({"Large": {"description": text, "enum": [text], "default": [text],
        "title": text,
        "properties": {"w": {"$ref": "#/components/schemas/Wide"}}},
        "Wide": {"type": "object", "properties": wide}, "Wide2": {"type": "object", "properties": wide}});
    bomb["servers"] = json!([{"url": format!("https://a.example/{}", "{v}".repeat(10))}]);
    bomb["servers"][0]["variables"] = json!({"v": {"default": "v"}});
    let began = std::time::Instant::now();
    let made = import("pets", &bomb, Choice::default()).unwrap();
    let written = serde_json::to_string(&made.spec).unwrap();
    assert!(written.len() < 8 << 20 && made.notes.len() <= 2001, "{} {}", written.len(), made.notes.len());
    assert!(serde_json::to_string(&made.notes).unwrap().len() < 1 << 20);
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
}
