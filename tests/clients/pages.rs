//! Every page of the console in Chromium.

use serde_json::Value;
use testkit::{
    model::{Model, Step, saying},
    process::{Binary, Serving},
};

/// Starts a server with the demo person and a mock model, and runs a script with their credentials.
pub async fn walk(script: &str, model: &Model) {
    let directory = tempfile::tempdir().unwrap();
    let server: Serving = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_MODEL__BASE_URL", &model.url())
        .with("DOPPEL_MODEL__NAME", "fake")
        // Pages behind links may be on this machine.
        .with("DOPPEL_OUTGOING__ALLOWED_NETWORKS", "[\"127.0.0.0/8\"]")
        .serve(&["--demo"]);
    let demo: Value = super::demo(directory.path());
    let text = |name: &str| demo[name].as_str().unwrap();
    let variables = [
        ("BASE_URL", server.base_url.as_str()),
        ("EMAIL", text("email")),
        ("PASSWORD", text("password")),
        ("API_KEY", text("api_key")),
        ("MODEL_URL", &model.url()),
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

/// Code of a new Hub key that runs as copied, calls from a page, pictures of posts, and the reference.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_runs_as_copied_and_calls_are_sent() {
    let model = Model::start().await;
    walk("hub_pages.mjs", &model).await;
}

/// Administration, a post, an app and a team, from end to end in both languages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_get_where_they_want_to_go() {
    let model = Model::start().await;
    walk("journeys.mjs", &model).await;
}

/// Streams the last message of the person back, in two pieces.
fn repeat(body: &Value) -> Option<Vec<Step>> {
    let last = body["messages"].as_array()?.last()?;
    let text = last["content"].as_str()?;
    let mut half = text.len() / 2;
    while !text.is_char_boundary(half) {
        half -= 1;
    }
    let (begin, end) = text.split_at(half);
    Some(saying(&[begin, end]))
}

/// In every field that takes text, and in a model's stream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_texts_stay_texts() {
    let model = Model::start().await;
    model.by_rule(repeat);
    walk("hostile.mjs", &model).await;
}

/// From the link that an empty server prints, in both languages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_gets_an_answer_and_a_call_in_six_clicks() {
    for locale in ["zh-CN", "en-US"] {
        let model = Model::start().await;
        let directory = tempfile::tempdir().unwrap();
        let server = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path()).serve(&[]);
        let link = loop {
            let printed = server.printed();
            if let Some(link) = printed.split_whitespace().find(|word| word.contains("/setup?link=")) {
                break link.to_owned();
            }
            tokio::task::yield_now().await;
        };
        let url = model.url();
        let variables = [("LINK", link.as_str()), ("MODEL_URL", url.as_str()), ("LOCALE", locale)];
        assert_eq!(testkit::clients::run("newcomer.mjs", &variables).await, "done\n", "{locale}");
    }
}
