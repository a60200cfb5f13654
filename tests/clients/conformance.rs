//! Conformance of the server with its own OpenAPI document. Schemathesis generates requests from the
//! document, and checks the responses against it. `conformance.py` has its configuration.

use testkit::{model::Model, process::Binary};

/// Generated cases per operation, in addition to examples and boundary values. Bounds the time to about a
/// minute.
const EXAMPLES: &str = "20";

/// Runs the tester for the operations of one credential, and returns its output.
async fn tested(credential: &[(&str, &str)]) -> String {
    let (directory, model) = (tempfile::tempdir().unwrap(), Model::start().await);
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_MODEL__BASE_URL", &model.url())
        .with("DOPPEL_MODEL__NAME", "fake")
        // The server must not call generated addresses.
        .with("DOPPEL_NOTES__READ_LINKS", "false");
    doppel.ok(
        &["account", "add", "--email", "a@b", "--name", "A", "--admin", "--password-stdin"],
        "a good password",
    );
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "*"], "");
    let server = doppel.serve(&[]);
    let mut variables = vec![
        ("BASE_URL", server.base_url.as_str()),
        ("KEY", key.trim()),
        ("EMAIL", "a@b"),
        ("PASSWORD", "a good password"),
        ("EXAMPLES", EXAMPLES),
    ];
    variables.extend(credential);
    let printed = testkit::clients::run("conformance.py", &variables).await;
    // The credential was accepted, and requests were carried out.
    let notes = format!("{}/api/secondme/note/search", server.base_url);
    let request = testkit::http().get(notes).bearer_auth(key.trim());
    let notes: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    assert!(!credential.is_empty() || notes["data"]["total"].as_i64().unwrap() > 0, "{notes}");
    printed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operations_of_an_api_key() {
    tested(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operations_of_a_signed_in_person() {
    tested(&[("SESSION", "1")]).await;
}
