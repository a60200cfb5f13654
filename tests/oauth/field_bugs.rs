//! Faults that clients have met at other servers, numbered as clients reported them.

use serde_json::json;
use testkit::{CALLBACK, TestServer, both_engines};

use super::{
    flow::{Agent, Arrival, boxes, decide, signed_in},
    host, refused,
};
use crate::pages::consent::destination;

const WELL_KNOWN: [&str; 5] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/mcp",
    "/mcp/.well-known/openid-configuration",
];

/// Returns a client without a secret that registered itself.
async fn registered(server: &TestServer) -> Agent {
    let body = json!({"redirect_uris": ["https://agent.example/cb"], "token_endpoint_auth_method": "none"});
    Agent::register(server, &body, "https://agent.example/cb").await.0
}

#[both_engines]
async fn bug_01_metadata_offers_documents_and_registration(server: TestServer) {
    server.person("owner").await;
    let metadata = server.anyone().get(WELL_KNOWN[0]).await.json();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!(["client_secret_basic", "client_secret_post", "none", "private_key_jwt"])
    );
    assert_eq!(
        metadata["token_endpoint_auth_signing_alg_values_supported"],
        json!(["RS256", "PS256", "ES256"])
    );
    assert_ne!(server.anyone().post("/register", json!({})).await.status, 404);
}

#[both_engines("server.public_url = \"https://me.example\"")]
async fn bug_03_all_endpoints_share_the_host(server: TestServer) {
    let metadata = server.anyone().get(WELL_KNOWN[0]).await.json();
    for (name, value) in metadata.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint"))
    {
        assert!(value.as_str().unwrap().starts_with("https://me.example/oauth/"), "{name}: {value}");
    }
}

#[both_engines]
async fn bug_05_the_old_default_endpoints_work(server: TestServer) {
    server.person("a").await;
    let made = server.anyone().post("/register", json!({"redirect_uris": ["http://localhost:1/cb"]})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let agent = Agent::new(&server, made.json()["client_id"].as_str().unwrap(), "http://localhost:1/cb");
    let mut browser = signed_in(&server, "a@example.com").await;
    let page = browser.get(&agent.address_at("/authorize", "")).await;
    let arrival = Arrival::parse(&destination(&decide(&mut browser, &page, "allow", &["memory.read"]).await));
    assert_eq!(arrival.get("iss"), server.base_url());
    let form = [
        ("grant_type", "authorization_code"),
        ("code", arrival.get("code")),
        ("redirect_uri", "http://localhost:1/cb"),
        ("client_id", &agent.client_id),
        ("code_verifier", testkit::VERIFIER),
    ];
    let tokens = server.anyone().post_form("/token", &form).await;
    assert_eq!(
        (tokens.status, &tokens.json()["scope"]),
        (200, &json!("userinfo memory.read")),
        "{}",
        tokens.body
    );
    // Nobody who is not signed in gets past the sign-in.
    let door = server.anyone().get(&agent.address_at("/authorize", "")).await;
    assert!(
        door.status == 303 && door.header("location").starts_with("/sign-in?next=%2Fauthorize"),
        "{}",
        door.header("location")
    );
}

#[both_engines("server.public_url = \"https://me.example\"")]
async fn bug_06_metadata_answers_wherever_clients_look(server: TestServer) {
    let expected = server.anyone().get(WELL_KNOWN[0]).await.body;
    for path in WELL_KNOWN {
        let answer = server.anyone().get(path).await;
        assert_eq!((answer.status, &answer.body), (200, &expected), "{path}");
        assert_eq!(answer.json()["code_challenge_methods_supported"], json!(["S256"]));
        let head = server.anyone().request(reqwest::Method::HEAD, path).send().await.unwrap();
        assert_eq!(head.status().as_u16(), 200, "{path}");
    }
}

#[both_engines]
async fn bug_07_a_host_that_refuses_is_worked_around_or_named(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    // The guard refuses the host of the tests, as a host may refuse this server.
    let host = host::ClientHost::start().await;
    let other = Agent::new(&server, &host.url("/client.json"), "https://agent.example/cb");
    let page = browser.get(&other.address("")).await;
    assert!(page.status == 400 && page.body.contains(&host.url("/client.json")), "{}", page.body);
    assert!(page.body.contains("may not be called"), "{}", page.body);
    assert_eq!(host.asked("/client.json"), 0);
    host::stay_offline(&server).await;
    let code = Agent::new(
        &server,
        "https://claude.ai/oauth/claude-code-client-metadata",
        "http://localhost:3118/callback",
    );
    code.connect(&server, &mut browser).await;
}

#[both_engines]
async fn bug_08_a_secret_is_good_either_way(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let body = json!({"redirect_uris": ["https://agent.example/cb"],
    "token_endpoint_auth_method": "client_secret_basic"});
    let (agent, made) = Agent::register(&server, &body, "https://agent.example/cb").await;
    let tokens = agent.connect(&server, &mut browser).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{id}:{secret}"));
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_secret", "")];
    let answer = server
        .anyone()
        .with("authorization", &format!("Basic {basic}"))
        .post_form("/oauth/token", &form)
        .await;
    assert_eq!(answer.status, 200, "an empty secret counts as none: {}", answer.body);
}

#[both_engines]
async fn bug_09_a_loopback_port_is_free(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    host::stay_offline(&server).await;
    let id = "https://claude.ai/oauth/claude-code-client-metadata";
    for callback in [
        "http://localhost/callback",
        "http://localhost:1/callback",
        "http://localhost:65535/callback",
        "http://127.0.0.1:8/callback",
    ] {
        Agent::new(&server, id, callback).connect(&server, &mut browser).await;
    }
    for callback in [
        "http://localhost:1/other",
        "http://localhost:1/callback?x=1",
        "https://localhost/callback",
        "http://[::1]/callback",
    ] {
        assert_eq!(
            browser.get(&Agent::new(&server, id, callback).address("")).await.status,
            400,
            "{callback}"
        );
    }
}

#[both_engines]
async fn bug_10_refreshes_overlap(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = registered(&server).await;
    let first = agent.connect(&server, &mut browser).await["refresh_token"].as_str().unwrap().to_owned();
    let (one, two) = tokio::join!(agent.refresh(&server, &first), agent.refresh(&server, &first));
    assert_eq!((one.status, one.json()["access_token"].clone()), (200, two.json()["access_token"].clone()));
    server.clock().advance_ms(80_000);
    let later = agent.refresh(&server, &first).await;
    assert_eq!(
        (later.status, later.json()["refresh_token"].clone()),
        (200, one.json()["refresh_token"].clone())
    );
    server.clock().advance_ms(41_000);
    refused(&agent.refresh(&server, &first).await, 400, "invalid_grant");
    let second = one.json()["refresh_token"].as_str().unwrap().to_owned();
    refused(&agent.refresh(&server, &second).await, 400, "invalid_grant");
}

#[both_engines]
async fn bug_11_a_refresh_needs_no_resource(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = registered(&server).await;
    let tokens = agent.connect(&server, &mut browser).await;
    let silent = Agent { resource: None, ..agent.clone() };
    let next = silent.refresh(&server, tokens["refresh_token"].as_str().unwrap()).await.json();
    assert_eq!(
        (&next["expires_in"], &next["scope"]),
        (&json!(86_400), &tokens["scope"]),
        "still for the tools: {next}"
    );
    let wider = Agent { resource: Some(server.base_url().to_owned()), ..agent };
    refused(&wider.refresh(&server, next["refresh_token"].as_str().unwrap()).await, 400, "invalid_target");
}

#[both_engines]
async fn bug_12_a_step_up_ends_with_more_scopes(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = registered(&server).await.asking("userinfo memory.read");
    let before = agent.connect(&server, &mut browser).await;
    assert_eq!(before["scope"], "userinfo memory.read");
    let more = agent.asking("userinfo memory.read chat.write");
    let page = browser.get(&more.address("")).await;
    assert!(page.body.matches("class=\"caution\">New</span>").count() == 1, "{}", page.body);
    let after = more.connect(&server, &mut browser).await;
    assert_eq!(after["scope"], "userinfo memory.read chat.write");
    let next = agent.refresh(&server, after["refresh_token"].as_str().unwrap()).await.json();
    assert_eq!(next["scope"], "userinfo memory.read chat.write");
    // The older tokens stay valid.
    assert_eq!(agent.refresh(&server, before["refresh_token"].as_str().unwrap()).await.status, 200);
}

#[both_engines]
async fn bug_17_the_answer_leaves_by_script(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    for callback in [
        "https://agent.example/cb",
        "http://localhost:8787/callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
    ] {
        let body = json!({"redirect_uris": [callback], "token_endpoint_auth_method": "none"});
        let (agent, _) = Agent::register(&server, &body, callback).await;
        for decision in ["allow", "deny"] {
            let page = browser.get(&agent.address("")).await;
            let answer = decide(&mut browser, &page, decision, &["memory.read"]).await;
            assert_eq!((answer.status, answer.header("location")), (200, ""), "{callback}");
            assert!(answer.body.contains("<script src=\"/assets/leave.js?v="), "{}", answer.body);
            let origin = callback.split_inclusive('/').take(3).collect::<String>();
            let origin =
                if callback.starts_with("cursor") { "cursor:" } else { origin.trim_end_matches('/') };
            let policy = answer.header("content-security-policy");
            for page in [&page, &answer] {
                let policy = page.header("content-security-policy");
                assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
                assert_eq!(page.header("x-frame-options"), "DENY");
            }
            assert!(
                policy.contains(&format!("form-action 'self' {origin};"))
                    && policy.contains("script-src 'self'"),
                "{policy}"
            );
            assert_eq!(
                (answer.header("cache-control"), answer.header("referrer-policy")),
                ("no-store", "no-referrer")
            );
            assert!(destination(&answer).starts_with(callback), "{}", destination(&answer));
        }
    }
    assert_eq!(server.anyone().get("/assets/leave.js").await.status, 200);
}

#[both_engines]
async fn bug_18_there_is_one_issuer(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let issuer = server.anyone().get(WELL_KNOWN[0]).await.json()["issuer"].as_str().unwrap().to_owned();
    let resource = server.anyone().get("/.well-known/oauth-protected-resource").await.json();
    assert_eq!(resource["authorization_servers"], json!([issuer]));
    let agent = registered(&server).await;
    assert_eq!(agent.allow(&mut browser).await.get("iss"), issuer);
    let page = browser.get(&agent.address("")).await;
    let denied = Arrival::parse(&destination(&decide(&mut browser, &page, "deny", &[]).await));
    assert_eq!(
        (denied.get("error"), denied.get("iss"), denied.get("state")),
        ("access_denied", issuer.as_str(), "s/1")
    );
    for (more, error) in
        [("&resource=https%3A%2F%2Fevil.example", "invalid_target"), ("&prompt=none", "consent_required")]
    {
        let arrival = Arrival::parse(&destination(&browser.get(&agent.address(more)).await));
        assert_eq!(
            (arrival.get("error"), arrival.get("iss"), arrival.get("state")),
            (error, issuer.as_str(), "s/1")
        );
    }
}

#[both_engines("server.public_url = \"https://me.example\"")]
async fn bug_19_a_proxy_may_rewrite_the_host(server: TestServer) {
    for path in WELL_KNOWN {
        let document = server.anyone().with("host", "upstream:8080").get(path).await.json();
        assert_eq!(document["issuer"], "https://me.example", "{path}");
    }
}

#[both_engines]
async fn bug_20_ended_in_the_console_is_ended(server: TestServer) {
    let person = server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = registered(&server).await;
    let tokens = agent.connect(&server, &mut browser).await;
    let standing =
        server.running().identity.standing(person.account.id, &agent.client_id).await.unwrap().unwrap();
    let page = browser.get("/account").await;
    let ended = browser
        .post(&format!("/account/apps/{}/revoke", standing.id), &[("csrf", &page.hidden("csrf"))])
        .await;
    assert_eq!(ended.status, 303, "{}", ended.body);
    refused(&agent.refresh(&server, tokens["refresh_token"].as_str().unwrap()).await, 400, "invalid_grant");
}

#[both_engines]
async fn bug_21_a_refused_scope_is_remembered(server: TestServer) {
    let person = server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = registered(&server).await;
    let page = browser.get(&agent.address("")).await;
    let (all, ticked) = boxes(&page);
    assert_eq!((all.len(), ticked.len()), (4, 4), "{all:?}");
    let back = decide(&mut browser, &page, "allow", &["userinfo", "memory.read", "note.write"]).await;
    let tokens = agent.exchange(&server, Arrival::parse(&destination(&back)).get("code")).await.json();
    assert_eq!(tokens["scope"], "userinfo memory.read note.write");
    let standing =
        server.running().identity.standing(person.account.id, &agent.client_id).await.unwrap().unwrap();
    assert_eq!(standing.asked.refused(standing.scopes).names(), ["memory.write"]);
    // Asked again, it is shown without a tick.
    let page = browser.get(&agent.address("")).await;
    let (all, ticked) = boxes(&page);
    assert!(
        all.contains(&"memory.write".to_owned()) && !ticked.contains(&"memory.write".to_owned()),
        "{ticked:?}"
    );
    assert!(page.body.contains("Denied before"), "{}", page.body);
}

#[both_engines]
async fn a_resource_of_another_server_is_refused(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = registered(&server).await;
    let code = agent.allow(&mut browser).await.get("code").to_owned();
    for (resource, error) in [
        ("https://evil.example/mcp".to_owned(), "invalid_target"),
        (server.base_url().to_owned(), "invalid_target"),
        (format!("{}/api", server.base_url()), "invalid_target"),
    ] {
        let other = Agent { resource: Some(resource), ..agent.clone() };
        refused(&other.exchange(&server, &code).await, 400, error);
    }
    let same = Agent { resource: Some(format!("{}/mcp/", server.base_url())), ..agent };
    assert_eq!(same.exchange(&server, &code).await.status, 200, "the code is still there");
}

#[both_engines]
async fn a_token_without_a_resource_is_for_the_server(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.public_app("userinfo memory.read memory.write").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = Agent { resource: None, ..Agent::new(&server, &app.id, CALLBACK) };
    let page = browser.get(&agent.address("")).await;
    let (all, _) = boxes(&page);
    assert!(!all.contains(&"memory.write".to_owned()), "{all:?}");
    let back = decide(&mut browser, &page, "allow", &["memory.read"]).await;
    let code = Arrival::parse(&destination(&back)).get("code").to_owned();
    let tokens = agent.exchange(&server, &code).await.json();
    assert_eq!(tokens["scope"], "userinfo memory.read", "{tokens}");
    server.bearer(tokens["access_token"].as_str().unwrap()).get("/api/secondme/user/info").await.data();
    assert!(server.running().identity.standing(person.account.id, &app.id).await.unwrap().is_some());
}
