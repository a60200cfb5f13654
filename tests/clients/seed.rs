//! The JavaScript of the API's documentation as a client of the real binary.

use serde_json::Value;
use testkit::process::Binary;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_as_in_the_documentation() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path()).serve(&["--demo"]);
    let demo: Value = super::demo(directory.path());
    let text = |name: &str| demo[name].as_str().unwrap().to_owned();
    let (id, uri) = (text("client_id"), text("redirect_uri"));
    // An app with a token may request another code for itself.
    let request =
        serde_json::json!({"clientId": id, "redirectUri": uri, "scope": ["user.info", "chat"], "state": "s"});
    let answer = testkit::http()
        .post(format!("{}/api/oauth/authorize/external", server.base_url))
        .bearer_auth(text("access_token"))
        .json(&request)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    let variables = [
        ("BASE_URL", server.base_url.as_str()),
        ("CODE", answer["data"]["code"].as_str().unwrap()),
        ("CLIENT_ID", &id),
        ("CLIENT_SECRET", &text("client_secret")),
        ("REDIRECT_URI", &uri),
    ];
    assert_eq!(testkit::clients::run("seed.mjs", &variables).await, "done\n");
}
