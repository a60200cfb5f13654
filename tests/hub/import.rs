//! `/api/apikey/hub/apis/import`

use serde_json::json;
use testkit::{TestServer, both_engines};

use super::support::{admin, another, result};

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.0/8\"]")]
async fn an_api_is_imported_from_its_document(server: TestServer) {
    let admin = admin(&server).await;
    // The document describes endpoints of the server itself, so the calls can be tested.
    let document = json!({"openapi": "3.1.0", "info": {"title": "Health"}, "servers": [{"url": "/"}],
        "paths": {
        "/healthz": {"get": {"operationId": "isAlive", "summary": "Alive?"}},
        "/api/echo/{what}": {
            "parameters": [{"name": "what", "in": "path", "required": true, "schema": {"type": "string"}}],
            "post": {"operationId": "sayIt",
                "parameters": [{"name": "loud", "in": "query", "schema": {"type": "boolean"}}],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "object", "properties": {"text": {"type": "string"}}},
                        },
                    },
                }}},
        "/upload": {"post": {"requestBody": {"required": true, "content": {"multipart/form-data": {}}}}},
    }});
    let path = "/api/apikey/hub/apis/import";
    let request = |save: bool| {
        json!({
            "code": "self", "document": document, "baseUrl": server.base_url(), "save": save,
        })
    };
    let shown = admin.post(path, request(false)).await.data();
    assert_eq!(
        (&shown["saved"], &shown["api"]["actions"]["say-it"]["path"]),
        (&json!(false), &json!("/api/echo/{what}"))
    );
    assert_eq!(
        shown["notes"],
        json!([{
            "place": "POST /upload",
            "text": "its body is neither JSON nor a form (multipart/form-data); left out",
        }])
    );
    let app = another(&admin, json!({})).await.app(&server);
    assert_eq!(app.get("/api/self/say-it").await.status, 404, "only shown");
    assert_eq!(admin.post(path, request(true)).await.data()["saved"], true);
    let said =
        result(&app.post("/api/self/say-it", json!({"what": "a/b", "loud": true, "text": "hi"})).await);
    assert_eq!(said["result"]["action"], "a%2Fb");
    assert_eq!(said["result"]["arguments"], json!({"loud": "true", "text": "hi"}));
    // A document given as text leads to the same definition.
    let text = json!({"code": "self", "document": document.to_string(), "baseUrl": server.base_url()});
    assert_eq!(admin.post(path, text).await.data()["api"]["actions"], shown["api"]["actions"]);
}

#[both_engines]
async fn what_is_wrong_is_said_line_by_line(server: TestServer) {
    let admin = admin(&server).await;
    let path = "/api/apikey/hub/apis/import";
    for (request, place) in [
        (json!({"code": "x", "document": "openapi: 3.1.0"}), "document: paths"),
        (json!({"code": "x", "document": "openapi: [3.1.0"}), "document"),
        (json!({"code": "x", "document": {"swagger": "1.2"}}), "document: openapi"),
        (
            json!({"code": "x", "document": {"openapi": "3.1.0", "paths": {"/a": {"get": {}}}}}),
            "document: servers",
        ),
        (
            json!({
                "code": "X",
                "document": {"openapi": "3.1.0", "paths": {"/a": {"get": {}}}},
                "baseUrl": "https://a.example",
            }),
            "code",
        ),
        (
            json!({
                "code": "x",
                "document": {"openapi": "3.1.0", "paths": {"/a": {"get": {}}}},
                "baseUrl": "ftp://a",
            }),
            "provider.base_url",
        ),
        (json!({"document": {}}), "code"),
    ] {
        let answer = admin.post(path, request.clone()).await;
        assert_eq!(answer.status, 422, "{request} {}", answer.body);
        assert!(answer.body.contains(place), "{place}: {}", answer.body);
    }
    let somebody = server.person("a").await.signed_in().await;
    somebody.post(path, json!({"code": "x", "document": {}})).await.refused(403, "auth.admin.required");
}
