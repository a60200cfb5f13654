//! OpenAI's client libraries as callers, and an independent server of OpenAI's protocol as the provider.

use serde_json::{Value, json};
use testkit::{
    Engine, TestServer,
    embedding::Embeddings,
    model::{Model, Step, events, saying, status},
    process::Binary,
};

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

/// Chooses what the mock provider says by the name of the model.
fn by_model(body: &Value) -> Option<Vec<Step>> {
    let has_result = || body["messages"].as_array().unwrap().iter().any(|message| message["role"] == "tool");
    let call = json!({
        "choices": [{
            "delta": {
                "tool_calls": [{"index": 0, "id": "c1", "function": {"name": "now", "arguments": "{}"}}],
            },
        }],
    });
    match body["model"].as_str().unwrap() {
        "json" => Some(saying(&["{\"good\"", ": true}"])),
        "steps" if has_result() => Some(saying(&["12:00", " Uhr"])),
        "steps" | "tools" => {
            Some(events(&[call, json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})]))
        }
        "broken" => Some(status("500 Internal Server Error", "")),
        _ => None,
    }
}

/// Runs a script of a client against a server with a mock model and a mock embedding endpoint.
async fn with_models(script: &str) {
    let (model, embeddings) = (Model::start().await, Embeddings::start().await);
    model.by_rule(by_model);
    let lines = format!(
        "model.base_url = {:?}\nmodel.name = \"other\"\nmodel.tools = true\n\
         model.names = {{ json = \"json\", steps = \"steps\", tools = \"tools\", broken = \"broken\" }}\n{}",
        model.url(),
        embeddings.lines("fake")
    );
    let server = TestServer::configured(Engine::Sqlite, &lines).await;
    let (_, key) = server.person("a").await.new_key("chat", None).await;
    let variables = [("BASE_URL", server.base_url()), ("API_KEY", key.as_str())];
    assert_eq!(testkit::clients::run(script, &variables).await, "done\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_and_embeddings_in_python() {
    with_models("openai_more.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ai_sdk() {
    with_models("ai_sdk.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm() {
    with_models("litellm_chat.py").await;
}
