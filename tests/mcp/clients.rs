//! Published clients of the protocol at `/mcp`, from sign-in to revocation, and the protocol's conformance
//! suite. That of `rmcp` is in `tests/mcp/rmcp_client.rs`.

use std::{io::Write, path::PathBuf};

use testkit::{TestServer, both_engines};

/// Runs a script for a signed-in person. `more` are further variables.
async fn run(server: &TestServer, script: &str, more: &[(&str, &str)]) {
    server.person("owner").await;
    let person = server.person("ann").await;
    let (session, (_, key)) = (person.session().await, person.new_key("*", None).await);
    let clients = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients");
    let clients = clients.canonicalize().unwrap().display().to_string();
    let mut variables = vec![
        ("BASE_URL", server.base_url()),
        ("SESSION", session.as_str()),
        ("KEY", key.as_str()),
        ("CLIENTS", clients.as_str()),
    ];
    variables.extend(more);
    assert_eq!(testkit::clients::run(script, &variables).await, "done\n");
}

/// Returns the folder of a client that may be missing. A test that is left out says so.
fn installed(name: &str) -> Option<PathBuf> {
    let folder = testkit::clients::optional(name);
    if folder.is_none() {
        let _ = writeln!(std::io::stderr(), "left out: scripts/clients could not install {name}");
    }
    folder
}

#[both_engines]
async fn python_client_uses_the_tools(server: TestServer) {
    run(&server, "mcp_person.py", &[]).await;
}

#[both_engines]
async fn version_1_of_the_python_client_uses_the_tools(server: TestServer) {
    let Some(folder) = installed("mcp1") else { return };
    run(&server, "mcp1_person.py", &[("PYTHONPATH", folder.to_str().unwrap())]).await;
}

#[both_engines]
async fn javascript_client_uses_the_tools(server: TestServer) {
    run(&server, "mcp_person.mjs", &[]).await;
}

#[both_engines]
async fn version_2_of_the_javascript_client_uses_the_tools(server: TestServer) {
    run(&server, "mcp_client2.mjs", &[]).await;
}

#[both_engines]
async fn mcp_remote_joins_a_client_that_starts_programs(server: TestServer) {
    run(&server, "mcp_remote.mjs", &[]).await;
}

#[both_engines]
async fn the_inspector_uses_the_tools(server: TestServer) {
    if installed("inspector").is_some() {
        run(&server, "mcp_inspector.mjs", &[]).await;
    }
}

#[both_engines("[mcp]\nrequests_per_minute = 100000")]
async fn conformance_suite_passes(server: TestServer) {
    run(&server, "mcp_conformance.mjs", &[]).await;
}
