//! OpenAI's client libraries as callers, and an independent server of OpenAI's protocol as the provider.

use testkit::{model::Model, process::Binary};

fn key(doppel: &Binary) -> String {
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "chat"], "");
    key.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_client() {
    let (directory, model) = (tempfile::tempdir().unwrap(), Model::start().await);
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_MODEL__BASE_URL", &model.url())
        .with("DOPPEL_MODEL__NAME", "fake");
    let key = key(&doppel);
    let server = doppel.serve(&[]);
    let variables = [("BASE_URL", server.base_url.as_str()), ("API_KEY", &key)];
    assert_eq!(testkit::clients::run("openai_chat.py", &variables).await, "done\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_javascript_client_with_another_server_behind_the_double() {
    let directory = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_MODEL__BASE_URL", &format!("http://127.0.0.1:{port}/v1"))
        .with("DOPPEL_MODEL__NAME", "gpt-4o-mini");
    let key = key(&doppel);
    let server = doppel.serve(&[]);
    let variables =
        [("BASE_URL", server.base_url.as_str()), ("API_KEY", &key), ("PROVIDER_PORT", port.as_str())];
    assert_eq!(testkit::clients::run("openai_chat.mjs", &variables).await, "done\n");
}
