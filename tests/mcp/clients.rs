//! Published clients of the protocol at `/mcp`, from sign-in to revocation, and the protocol's conformance
//! suite.

use testkit::{TestServer, both_engines};

async fn run(server: &TestServer, script: &str) {
    server.person("owner").await;
    let session = server.person("ann").await.session().await;
    let variables = [("BASE_URL", server.base_url()), ("SESSION", session.as_str())];
    assert_eq!(testkit::clients::run(script, &variables).await, "done\n");
}

#[both_engines("oauth.dynamic_registration = true")]
async fn python_client_uses_the_tools(server: TestServer) {
    run(&server, "mcp_person.py").await;
}

#[both_engines("oauth.dynamic_registration = true")]
async fn javascript_client_uses_the_tools(server: TestServer) {
    run(&server, "mcp_person.mjs").await;
}

#[both_engines("[mcp]\nrequests_per_minute = 100000")]
async fn conformance_suite_passes(server: TestServer) {
    let (_, key) = server.person("ann").await.new_key("*", None).await;
    let clients = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients");
    let clients = clients.canonicalize().unwrap().display().to_string();
    let variables = [("BASE_URL", server.base_url()), ("KEY", key.as_str()), ("CLIENTS", &clients)];
    assert_eq!(testkit::clients::run("mcp_conformance.mjs", &variables).await, "done\n");
}
