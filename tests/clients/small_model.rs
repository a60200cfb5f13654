//! A real small model behind the assistant, run by llama.cpp on two threads. Left out where the model
//! cannot be had, or is too slow to end within minutes.

use testkit::process::Binary;

/// Numbers of seconds that suit a processor under load.
const PATIENCE: [(&str, &str); 3] = [
    ("DOPPEL_MODEL__FIRST_TOKEN_SECONDS", "300"),
    ("DOPPEL_MODEL__IDLE_SECONDS", "120"),
    ("DOPPEL_MODEL__TOTAL_SECONDS", "600"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_model_answers_decides_and_learns() {
    let Some(model) = testkit::clients::small_model() else {
        eprintln!("left out: scripts/clients could not install the small model");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_MODEL__BASE_URL", &format!("http://127.0.0.1:{port}/v1"))
        .with("DOPPEL_MODEL__NAME", "smollm2")
        .with("DOPPEL_CHAT__DISTILL_AFTER_SECONDS", "0");
    for (name, value) in PATIENCE {
        doppel = doppel.with(name, value);
    }
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "Ada", "--password-stdin"], "a good password");
    doppel.ok(&["account", "add", "--email", "c@d", "--name", "Bo", "--password-stdin"], "a good password");
    let key =
        |account| doppel.ok(&["key", "create", "--account", account, "--name", "k", "--scopes", "*"], "");
    let (key, other) = (key("a@b"), key("c@d"));
    let server = doppel.serve(&[]);
    let variables = [
        ("BASE_URL", server.base_url.as_str()),
        ("API_KEY", key.trim()),
        ("OTHER_KEY", other.trim()),
        ("PROVIDER_PORT", port.as_str()),
        ("MODEL_PATH", model.to_str().unwrap()),
    ];
    let printed = testkit::clients::run("small_model.mjs", &variables).await;
    println!("{printed}");
    assert!(printed.ends_with("done\n") || printed.contains("left out: "), "{printed}");
}
