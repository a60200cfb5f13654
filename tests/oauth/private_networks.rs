//! Documents of apps lead to no request into private networks (SSRF).

use serde_json::json;
use testkit::{TestServer, both_engines};

use super::{
    flow::{Agent, signed_in},
    host::{ClientHost, Hosted},
    refused,
};

const CALLBACK: &str = "https://agent.example/cb";

/// Addresses of the machine, of networks that are not public, and of cloud providers' metadata, in the forms
/// in which they are written.
const PRIVATE: [&str; 14] = [
    "localhost",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "169.254.169.254",
    "10.0.0.1",
    "192.168.0.1",
    "[fd00::1]",
];

/// Without an exception by the operator no address of these is asked.
#[both_engines]
async fn client_ids_are_not_fetched_from_private_networks(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let host = ClientHost::start().await;
    host.json("/c.json", &json!({}));
    let port = host.url("").rsplit(':').next().unwrap().to_owned();
    for name in PRIVATE {
        let id = format!("https://{name}:{port}/c.json");
        let agent = Agent::new(&server, &id, CALLBACK);
        let page = browser.get(&agent.address("")).await;
        assert!(
            page.status == 404 || page.status == 400 && page.body.contains("may not be called"),
            "{name}: {} {}",
            page.status,
            page.body
        );
        assert_eq!(page.header("location"), "", "{name}");
        let answer = agent.exchange(&server, "x").await;
        assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("invalid_client")), "{name}");
        server.clock().advance_ms(60_000);
    }
    assert_eq!(host.asked("/c.json"), 0);
}

/// The operator's exception is for its network alone: what a document names is checked once more.
#[both_engines]
async fn keys_and_pictures_are_not_fetched_from_private_networks(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    let mut browser = signed_in(&server, "a@example.com").await;
    for (number, name) in ["10.0.0.1", "169.254.169.254", "[fd00::1]", "192.168.0.1"].into_iter().enumerate()
    {
        let path = format!("/{number}.json");
        let inside = format!("https://{name}/inside");
        host.json(
            &path,
            &json!({
                "client_id": host.url(&path), "client_name": "An agent", "redirect_uris": [CALLBACK],
                "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": inside, "logo_uri": inside,
            }),
        );
        let agent = Agent::new(&server, &host.url(&path), CALLBACK);
        let code = agent.allow(&mut browser).await.get("code").to_owned();
        let mut proven = agent.clone();
        for (name, value) in [
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"),
        ] {
            proven.proof.push((name.to_owned(), value.to_owned()));
        }
        refused(&proven.exchange(&server, &code).await, 401, "invalid_client");
        let query = reqwest::Url::parse_with_params("http://x/oauth/logo", [("client_id", host.url(&path))]);
        let logo = browser.get(&format!("/oauth/logo?{}", query.unwrap().query().unwrap())).await;
        assert_eq!(logo.status, 404, "{name}");
        server.clock().advance_ms(60_000);
    }
}
