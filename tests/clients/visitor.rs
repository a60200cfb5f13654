//! An app that embeds an avatar, with the WebSocket of Node.js.

use serde_json::Value;
use testkit::{
    model::{Model, Rule, saying},
    process::Binary,
};

const ANSWER: &str = "你好！我是主人的分身，很高兴认识你。\
    我可以介绍主人公开的兴趣和经历；如果你想知道别的，也可以直接问我，不知道的我会如实说不知道。\
    你想从哪里聊起呢？";

/// Sends the answer in pieces of a few characters, as models do.
const IN_PIECES: Rule = |_| {
    let characters: Vec<char> = ANSWER.chars().collect();
    let pieces: Vec<String> = characters.chunks(3).map(|piece| piece.iter().collect()).collect();
    Some(saying(&pieces.iter().map(String::as_str).collect::<Vec<_>>()))
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_embeds_an_avatar() {
    let (directory, model) = (tempfile::tempdir().unwrap(), Model::start().await);
    model.by_rule(IN_PIECES);
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_MODEL__BASE_URL", &model.url())
        .with("DOPPEL_MODEL__NAME", "fake");
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let scopes = "avatar.read,avatar.write";
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", scopes], "");
    let arguments = [
        "app",
        "create",
        "--account",
        "a@b",
        "--name",
        "Bot",
        "--redirect-uri",
        "https://app.example/cb",
        "--scopes",
        "chat.write",
        "--json",
    ];
    let app: Value = serde_json::from_str(&doppel.ok(&arguments, "")).unwrap();
    let server = doppel.serve(&[]);
    let variables = [
        ("BASE_URL", server.base_url.as_str()),
        ("OWNER_KEY", key.trim()),
        ("CLIENT_ID", app["clientId"].as_str().unwrap()),
        ("CLIENT_SECRET", app["clientSecret"].as_str().unwrap()),
        ("ANSWER", ANSWER),
    ];
    assert_eq!(testkit::clients::run("visitor.mjs", &variables).await, "done\n");
}
