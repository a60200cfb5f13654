//! Calls of imported operations, as they reach the server behind the Hub.

use axum::{Router, extract::Request, response::Response};
use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};
use tokio::net::TcpListener;

use super::support::{Key, admin, another, refused, result};

const IMPORT: &str = "/api/apikey/hub/apis/import";

/// A server that responds with the request it got.
struct Mirror {
    address: String,
    tasks: web::Tasks,
}

impl Mirror {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let tasks = web::Tasks::default();
        let router = Router::new().fallback(mirror);
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, tasks }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

async fn mirror(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let headers: Value = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let uri = parts.uri;
    let answer = json!({"method": parts.method.as_str(), "host": parts.headers["host"].to_str().unwrap(),
        "path": uri.path(),
        "query": uri.query().unwrap_or_default(), "headers": headers,
        "body": String::from_utf8_lossy(&body)});
    axum::response::IntoResponse::into_response(axum::Json(answer))
}

/// Imports a document, adds secrets to it, and saves it.
async fn save(admin: &Actor, document: &Value, more: Value) -> Vec<String> {
    let mut request = json!({"code": "docs", "document": document});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let imported = admin.post(IMPORT, request).await.data();
    let mut api = imported["api"].clone();
    api["provider"]["secret_headers"] = json!({"x-secret": "planted-header"});
    api["provider"]["secret_query"] = json!({"secret": "planted-query"});
    api["provider"]["headers"] = json!({"x-tenant": "7"});
    api["provider"]["forward_headers"] = json!(["accept-language"]);
    admin.post("/api/apikey/hub/apis/save", api).await.data();
    let notes = imported["notes"].as_array().unwrap().iter();
    notes
        .map(|note| format!("{}: {}", note["place"].as_str().unwrap(), note["text"].as_str().unwrap()))
        .collect()
}

async fn caller(admin: &Actor, server: &TestServer) -> (Key, Actor) {
    let key = another(admin, json!({})).await;
    let app = key.app(server).with("accept-language", "de");
    (key, app)
}

#[both_engines]
async fn operations_with_servers_of_their_own_get_no_secrets(server: TestServer) {
    let admin = admin(&server).await;
    let (one, other) = (Mirror::start().await, Mirror::start().await);
    let document = json!({"openapi": "3.1.0", "servers": [{"url": format!("{}/v1", one.address)}], "paths": {
        "/a": {"get": {}},
        "/b": {"get": {"servers": [{"url": format!("{}/up", other.address)}]}},
        "/c": {"servers": [{"url": "/v2"}], "get": {}},
    }});
    let notes = save(&admin, &document, json!({})).await;
    assert!(
        notes[0].starts_with("GET /b: it has a server of its own") && notes[0].ends_with(&other.address),
        "{notes:?}"
    );
    let (_, app) = caller(&admin, &server).await;
    let call = async |action: &str| result(&app.get(&format!("/api/docs/{action}")).await);
    let a = call("get-a").await;
    assert_eq!((a["path"].as_str(), a["query"].as_str()), (Some("/v1/a"), Some("secret=planted-query")));
    assert_eq!(
        (&a["headers"]["x-secret"], &a["headers"]["accept-language"]),
        (&json!("planted-header"), &json!("de"))
    );
    assert!(a["headers"]["x-hub-app"].is_string());
    let b = call("get-b").await;
    assert_eq!(b["host"], other.address.strip_prefix("http://").unwrap());
    assert_eq!((b["path"].as_str(), b["query"].as_str()), (Some("/up/b"), Some("")));
    let sent = b.to_string();
    for secret in ["planted", "x-tenant", "x-hub-app", "accept-language"] {
        assert!(!sent.contains(secret), "{secret}: {sent}");
    }
    assert!(b["headers"]["x-hub-trace"].is_string());
    let c = call("get-c").await;
    assert_eq!(
        (c["path"].as_str(), &c["headers"]["x-secret"]),
        (Some("/v2/c"), &json!("planted-header")),
        "the same origin"
    );
    // The importer decides.
    let notes = save(&admin, &document, json!({"trustedOrigins": [other.address]})).await;
    assert_eq!(notes[0], format!("GET /b: it has a server of its own and is sent to {}/up", other.address));
    let b = call("get-b").await;
    assert_eq!(
        (b["query"].as_str(), &b["headers"]["x-secret"]),
        (Some("secret=planted-query"), &json!("planted-header"))
    );
}

/// An imported document of a public API cannot lead callers into the private network of the server.
#[both_engines]
async fn operations_do_not_lead_into_private_networks(server: TestServer) {
    let admin = admin(&server).await;
    let inside = Mirror::start().await;
    let document = json!({"openapi": "3.1.0", "servers": [{"url": "http://api.example"}], "paths": {
        "/a": {"get": {"servers": [{"url": inside.address}]}},
        "/b": {"get": {"servers": [{"url": inside.address.replace("127.0.0.1", "localhost")}]}},
    }});
    save(&admin, &document, json!({})).await;
    let (_, app) = caller(&admin, &server).await;
    for action in ["get-a", "get-b"] {
        let body = refused(&app.get(&format!("/api/docs/{action}")).await, 502, "UPSTREAM_ERROR");
        assert!(body["detail"].as_str().unwrap().contains("private network"), "{body}");
    }
    save(&admin, &document, json!({"trustedOrigins": [inside.address]})).await;
    assert_eq!(result(&app.get("/api/docs/get-a").await)["path"], "/a");
    for wrong in ["https://a.example/x", "a.example", "ftp://a.example", ""] {
        let request = json!({"code": "docs", "document": document, "trustedOrigins": [wrong]});
        let answer = admin.post(IMPORT, request).await;
        assert!(answer.status == 422 && answer.body.contains("trusted_origins"), "{wrong} {}", answer.body);
    }
}

#[both_engines]
async fn arguments_are_sent_as_the_document_says(server: TestServer) {
    let admin = admin(&server).await;
    let up = Mirror::start().await;
    let list = |name: &str, more: Value| {
        let mut list =
            json!({"name": name, "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}});
        list.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        list
    };
    let form = json!({
        "type": "object",
        "properties": {
            "to": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "meta": {"type": "object"},
        },
    });
    let header = |name: &str, required: bool, schema: Value| {
        json!({
            "name": name, "in": "header", "required": required, "schema": schema,
        })
    };
    let document = json!({"openapi": "3.0.3", "servers": [{"url": up.address}], "paths": {
        "/lists/{ids}": {"get": {"operationId": "lists", "parameters": [
            list("multi", json!({})), list("comma", json!({"explode": false})),
            list("pipe", json!({"style": "pipeDelimited", "explode": false})),
            list("filter[x]", json!({"style": "deepObject", "schema": {"type": "object"}})),
            list("ids", json!({"in": "path", "required": true})),
        ]}},
        "/form": {
            "post": {
                "operationId": "form",
                "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": form}}},
            },
        },
        "/json": {
            "post": {
                "operationId": "json", "requestBody": {"content": {"application/json": {"schema": form}}},
            },
        },
        "/none": {"post": {"operationId": "none"}},
        "/headers": {"get": {"operationId": "headers", "parameters": [
            header("box-version", true, json!({"enum": ["2025.0"]})),
            header("If-Match", true, json!({"type": "string"})),
            header("Authorization", true, json!({"type": "string"})),
            header("X-Secret", false, json!({"type": "string"})),
        ]}},
    }});
    save(&admin, &document, json!({})).await;
    let (_, app) = caller(&admin, &server).await;
    let call = async |action: &str, arguments: Value| {
        result(&app.post(&format!("/api/docs/{action}"), arguments).await)
    };
    let arguments =
        json!({"multi": [1, 2], "comma": [1, 2], "pipe": [1, 2], "filter_x": {"a": {"b": 1}}, "ids": [7, 8]});
    let lists = call("lists", arguments).await;
    assert_eq!(lists["path"], "/lists/7%2C8");
    assert_eq!(
        lists["query"],
        "comma=1%2C2&filter%5Bx%5D%5Ba%5D%5Bb%5D=1&multi=1&multi=2&pipe=1%7C2&secret=planted-query"
    );
    let sent = call("form", json!({"to": "a b", "tags": ["x", "y"], "meta": {"k": "v"}})).await;
    assert_eq!(sent["headers"]["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(sent["body"], "meta%5Bk%5D=v&tags=x&tags=y&to=a+b");
    for action in ["form", "json", "none"] {
        let sent = call(action, json!({})).await;
        assert_eq!((&sent["body"], &sent["headers"]["content-type"]), (&json!(""), &Value::Null), "{action}");
        assert_eq!(sent["headers"]["content-length"], "0", "{action}");
    }
    assert_eq!(call("json", json!({"to": "a"})).await["body"], "{\"to\":\"a\"}");
    let headers =
        call("headers", json!({"If-Match": "\"1\"", "X-Secret": "mine", "Authorization": "Bearer mine"}))
            .await["headers"]
            .clone();
    assert_eq!((&headers["box-version"], &headers["if-match"]), (&json!("2025.0"), &json!("\"1\"")));
    assert_eq!(
        (&headers["x-secret"], &headers["authorization"]),
        (&json!("planted-header"), &Value::Null),
        "the API's own win"
    );
    for value in ["a\r\nx-evil: 1", "a\nb", "é"] {
        refused(&app.post("/api/docs/headers", json!({"If-Match": value})).await, 400, "INVALID_PARAMS");
    }
}

#[both_engines]
async fn large_documents_are_imported_on_this_route_only(server: TestServer) {
    let admin = admin(&server).await;
    let summary = "A summary of some length. ".repeat(18);
    let paths: serde_json::Map<String, Value> = (0..4000)
        .map(|at| (format!("/p{at}"), json!({"get": {"summary": summary, "description": summary}})))
        .collect();
    let document = json!({"openapi": "3.1.0", "servers": [{"url": "https://a.example"}], "paths": paths});
    let text = document.to_string();
    assert!((3_000_000..16 << 20).contains(&text.len()), "{}", text.len());
    for document in [document.clone(), json!(text)] {
        let made =
            admin.post(IMPORT, json!({"code": "docs", "document": document, "save": true})).await.data();
        assert_eq!(made["api"]["actions"].as_object().unwrap().len(), 500);
        assert_eq!(made["notes"].as_array().unwrap().len(), 2001);
        // What was imported can be changed.
        admin.post("/api/apikey/hub/apis/save", made["api"].clone()).await.data();
    }
    let elsewhere = admin.post("/api/apikey/hub/keys/create", json!({"name": text})).await;
    assert_eq!(elsewhere.status, 413, "{}", elsewhere.body);
    let too_large = admin.post(IMPORT, json!({"code": "docs", "document": " ".repeat(25 << 20)})).await;
    assert_eq!(too_large.status, 413);
    let large_text =
        admin.post(IMPORT, json!({"code": "docs", "document": " ".repeat((16 << 20) + 1)})).await;
    assert!(large_text.status == 422 && large_text.body.contains("larger than"), "{}", large_text.body);
    // Nobody else's large body is read.
    let somebody = server.person("somebody").await.signed_in().await;
    somebody
        .post(IMPORT, json!({"code": "docs", "document": text}))
        .await
        .refused(403, "auth.admin.required");
}

#[both_engines]
async fn yaml_and_swagger_are_imported_and_bombs_are_refused(server: TestServer) {
    let admin = admin(&server).await;
    let up = Mirror::start().await;
    let host = up.address.strip_prefix("http://").unwrap();
    let swagger = format!(
        "\u{feff}swagger: '2.0'\nhost: '{host}'\nschemes: [http]\nbasePath: /v1\npaths:\n  /p/{{id}}:\n    \
         get:\n      operationId: one\n      parameters:\n        \
         - {{name: id, in: path, required: true, type: string}}\n        \
         - {{name: tags, in: query, type: array, items: {{type: string}}, collectionFormat: multi}}\n  \
         /x#y: {{get: {{}}}}\n"
    );
    let made = admin.post(IMPORT, json!({"code": "docs", "document": swagger, "save": true})).await.data();
    assert_eq!(made["notes"][0]["place"], "GET /x#y");
    let (_, app) = caller(&admin, &server).await;
    let sent = result(&app.post("/api/docs/one", json!({"id": "7", "tags": ["a", "b"]})).await);
    assert_eq!((sent["path"].as_str(), sent["query"].as_str()), (Some("/v1/p/7"), Some("tags=a&tags=b")));
    let aliases: String = (1..12)
        .map(|at| format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 10].join(",")))
        .collect();
    for text in [
        format!("openapi: 3.1.0\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n{aliases}"),
        "[".repeat(1_000_000),
        format!("a: {}", "{a: ".repeat(100_000)),
        format!("[{}0]", "0,".repeat(1_000_001)),
    ] {
        let answer = admin.post(IMPORT, json!({"code": "docs", "document": text})).await;
        assert!(answer.status == 422 && answer.body.len() < 5000, "{} {}", answer.status, answer.body.len());
    }
    let deep = format!("{{\"code\":\"docs\",\"document\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let request =
        admin.request(reqwest::Method::POST, IMPORT).header("content-type", "application/json").body(deep);
    assert_eq!(admin.send(request).await.status, 422);
}

#[both_engines]
async fn tools_of_imported_operations_are_valid(server: TestServer) {
    let admin = admin(&server).await;
    let long = "Long".repeat(30);
    let document = json!({"openapi": "3.0.3", "servers": [{"url": "https://a.example"}], "paths": {
        "/a": {
            "get": {
                "operationId": long,
                "parameters": [{
                    "name": "n",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 1, "exclusiveMinimum": true, "nullable": true},
                }],
            },
        },
        "/b": {"get": {"operationId": format!("{long}B")}},
    }});
    let names = async || {
        let code = "a".repeat(40);
        admin.post(IMPORT, json!({"code": code, "document": document, "save": true})).await.data();
        let key = another(&admin, json!({})).await;
        let agent = server.anyone().with("apihub-token", &key.token(&key.app_claims()));
        let list =
            agent.post("/mcp/hub", json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await.json();
        let tools = list["result"]["tools"].as_array().unwrap().clone();
        tools
            .into_iter()
            .filter(|tool| tool["name"].as_str().unwrap().starts_with(&code))
            .collect::<Vec<Value>>()
    };
    let tools = names().await;
    assert_eq!(tools.len(), 2);
    assert_ne!(tools[0]["name"], tools[1]["name"]);
    for tool in &tools {
        assert!(tool["name"].as_str().unwrap().len() <= 64, "{tool}");
    }
    let schema =
        tools.iter().map(|tool| &tool["inputSchema"]["properties"]["n"]).find(|schema| schema.is_object());
    assert_eq!(schema, Some(&json!({"type": ["integer", "null"], "exclusiveMinimum": 1})));
    assert_eq!(names().await, tools, "the same after another import");
}
