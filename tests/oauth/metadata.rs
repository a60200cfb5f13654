//! `/.well-known/…` (RFC 8414, 9728)

use serde_json::json;
use testkit::{TestServer, both_engines};

#[both_engines("server.public_url = \"https://doppel.example\"")]
async fn a_program_finds_out_by_itself(server: TestServer) {
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        let answer = server.anyone().get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        let document = answer.json();
        assert_eq!(document["issuer"], "https://doppel.example");
        for (name, path) in [
            ("authorization_endpoint", "/oauth/authorize"),
            ("token_endpoint", "/oauth/token"),
            ("revocation_endpoint", "/oauth/revoke"),
            ("introspection_endpoint", "/oauth/introspect"),
        ] {
            assert_eq!(document[name], format!("https://doppel.example{path}"));
        }
        // No implicit grant, no password grant, and no plain challenge.
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(
            document["grant_types_supported"],
            json!(["authorization_code", "refresh_token", "client_credentials"])
        );
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        assert_eq!(document["registration_endpoint"], "https://doppel.example/oauth/register");
        assert_eq!(document["client_id_metadata_document_supported"], true);
        let scopes = document["scopes_supported"].as_array().unwrap();
        assert!(scopes.contains(&json!("user.info")) && scopes.contains(&json!("memory.read")));
        assert!(
            !scopes.contains(&json!("*"))
                && scopes.contains(&json!("memory.write"))
                && scopes.contains(&json!("offline_access"))
        );
    }
}

#[both_engines("server.public_url = \"https://doppel.example\"")]
async fn the_resources_name_their_server(server: TestServer) {
    for (path, resource) in [("", ""), ("/gate/lab", "/gate/lab"), ("/api", "/api")] {
        let answer = server.anyone().get(&format!("/.well-known/oauth-protected-resource{path}")).await;
        let document = answer.json();
        assert_eq!(document["resource"], format!("https://doppel.example{resource}"));
        assert_eq!(document["authorization_servers"], json!(["https://doppel.example"]));
        assert_eq!(document["bearer_methods_supported"], json!(["header"]));
    }
    for path in ["/%22x", &format!("/{}", "x".repeat(300)), "/%E4%BD%A0"] {
        server
            .anyone()
            .get(&format!("/.well-known/oauth-protected-resource{path}"))
            .await
            .refused(404, "resource.fetch.not_found");
    }
}
