//! Every page of the console in Chromium.

use serde_json::Value;
use testkit::{
    model::{Model, saying},
    process::{Binary, Serving},
};

/// Starts a server with the demo person and a mock model, and runs a script with their credentials.
async fn walk(script: &str, model: &Model) {
    let directory = tempfile::tempdir().unwrap();
    let server: Serving = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_MODEL__BASE_URL", &model.url())
        .with("DOPPEL_MODEL__NAME", "fake")
        .serve(&["--demo"]);
    let demo: Value = super::demo(directory.path());
    let text = |name: &str| demo[name].as_str().unwrap();
    let variables = [
        ("BASE_URL", server.base_url.as_str()),
        ("EMAIL", text("email")),
        ("PASSWORD", text("password")),
        ("API_KEY", text("api_key")),
    ];
    assert_eq!(testkit::clients::run(script, &variables).await, "done\n");
}

/// In both languages and themes, from 320 to 1920 px.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_and_fits() {
    let model = Model::start().await;
    let answer = [
        "## Plan\n\n**Saturday** and `code`\n\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n```rust\nfn main() {}\n```\n",
    ];
    model.next(saying(&answer));
    walk("pages.mjs", &model).await;
}
