//! The OpenAPI document is part of the contract: a change in it is a reviewed change.

use testkit::{Engine, TestServer, both_engines};

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_as_reviewed() {
    let server = TestServer::start(Engine::Sqlite).await;
    let document = server.anyone().get("/openapi.json").await.json();
    insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("openapi", document);
    });
}

both_engines! {
    async fn every_operation_has_an_id_of_its_own_and_says_how_it_fails(server) {
        let document = server.anyone().get("/openapi.json").await.json();
        let mut ids = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                ids.push(operation["operationId"].as_str().unwrap().to_owned());
                assert!(operation["summary"].is_string(), "{method} {path}");
                assert!(operation["responses"]["default"].is_object(), "{method} {path}");
                assert!(operation["security"].is_array(), "{method} {path}");
            }
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    /// The pages bring all they need: nothing is fetched from elsewhere.
    async fn the_reference_stands_alone(server) {
        let page = server.anyone().get("/reference/").await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("http://") && !page.body.contains("https://") && !page.body.contains("src=\"//"), "{}", page.body);
        for asset in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js", "index.css"] {
            assert_eq!(server.anyone().get(&format!("/reference/{asset}")).await.status, 200, "{asset}");
        }
        assert_eq!(server.anyone().get("/reference").await.header("location"), "/reference/");
    }
}
