//! Apps whose id is the URL of a document, and that authenticate with a key.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
    },
};
use serde_json::{Value, json};
use testkit::{Response, START, TestServer, both_engines};

use super::{
    flow::{Agent, boxes, signed_in},
    host::{ClientHost, Hosted, fixture},
    refused,
};

const CALLBACK: &str = "https://agent.example/cb";
const PATH: &str = "/oauth/client.json";
const KEYS: &str = "/oauth/jwks.json";
const RSA_N: &str = "\
    vMUZ3n2PHLE80VjF-HY9oV2hD2HCgjP1WFcvMlTDHkzT2rblvakHyaa0KJCmQPbHoyKDSVgiBD3dhOLrxehga6b0qwd_BphFtw123B\
    n94yp3nn5z3GQuvbLAytg94syIsxx08kHisWwVr0A4l34V-UbFpwQM0k3szNKBJCFJtZDO9RmU11ry-Z4i10wTT48eiXNlMUrzqU_1\
    nN6tzuGA_5DIUElVsnKds4zHDk0UVxT0LR57fApjSVt99U24eaQv48u_PZ2Oh_zQqagF_6KUL06LWf95Nks6VsBZCmuKwRlwVMy9yz\
    t9sb0pBflHe1KNotiKBdDerts2quDZybBjjw";
const EC_X: &str = "kGaDweQRPFL5ZBqrAcf2wm7daPUy8d0VI3yp4koqEoY";
const EC_Y: &str = "ZIoiyUc9SsmFwd4M5eyoyJabRbpp-X8Dyf5RQYynb8M";
/// The time of the tests in seconds.
const NOW: i64 = START.as_millis() / 1000;

fn document(host: &ClientHost) -> Value {
    json!({
        "client_id": host.url(PATH), "client_name": "An agent",
        "redirect_uris": [CALLBACK, "http://localhost/callback"],
        "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
    })
}

/// Publishes a document of an agent with a key.
fn publish_with_keys(host: &ClientHost) {
    let mut described = document(host);
    described["token_endpoint_auth_method"] = json!("private_key_jwt");
    described["jwks_uri"] = json!(host.url(KEYS));
    host.json(PATH, &described);
    host.json(KEYS, &jwks());
}

pub fn jwks() -> Value {
    json!({"keys": [
        {"kty": "RSA", "n": RSA_N, "e": "AQAB", "kid": "r"},
        {"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y, "kid": "e"},
    ]})
}

fn agent(server: &TestServer, host: &ClientHost) -> Agent {
    Agent::new(server, &host.url(PATH), CALLBACK)
}

/// Signs an assertion with the keys of the tests, by the algorithm in the header.
pub fn signed(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let random = SystemRandom::new();
    let rsa = RsaKeyPair::from_pkcs8(&std::fs::read(fixture("client.pk8")).unwrap()).unwrap();
    let signature = match header["alg"].as_str().unwrap_or_default() {
        "ES256" => {
            let key = std::fs::read(fixture("client-ec.pk8")).unwrap();
            let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key, &random).unwrap();
            key.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec()
        }
        name => {
            let mut signature = vec![0; rsa.public().modulus_len()];
            let padding: &dyn ring::signature::RsaEncoding =
                if name == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
            rsa.sign(padding, &random, message.as_bytes(), &mut signature).unwrap();
            signature
        }
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn claims(server: &TestServer, host: &ClientHost, id: &str) -> Value {
    json!({
        "iss": host.url(PATH), "sub": host.url(PATH), "aud": format!("{}/oauth/token", server.base_url()),
        "jti": id, "exp": NOW + 300, "iat": NOW,
    })
}

/// Returns the agent with an assertion as its proof.
pub fn proving(agent: &Agent, assertion: String) -> Agent {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let proof = vec![
        ("client_id".to_owned(), agent.client_id.clone()),
        ("client_assertion_type".to_owned(), kind.to_owned()),
        ("client_assertion".to_owned(), assertion),
    ];
    Agent { proof, ..agent.clone() }
}

/// Checks that a page refuses the request, and says why.
#[track_caller]
fn says(page: &Response, reason: &str) {
    assert!(page.status == 400 && page.body.contains(reason), "{} {}", page.status, page.body);
    assert_eq!(page.header("location"), "");
}

#[both_engines]
async fn a_described_agent_connects(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    host.json(PATH, &document(&host));
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = agent(&server, &host);
    let page = browser.get(&agent.address("")).await;
    let name = host.url("").replace("https://", "");
    assert!(page.body.contains(&format!("Verified: described by {name}")), "{}", page.body);
    assert!(
        page.body.contains("redirected to agent.example") && !page.body.contains("Any program"),
        "{}",
        page.body
    );
    let head = host.head(PATH).to_lowercase();
    assert!(head.contains("accept: application/json") && head.contains("user-agent: doppel/"), "{head}");
    let tokens = agent.connect(&server, &mut browser).await;
    let next = agent.refresh(&server, tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(next.status, 200, "{}", next.body);
    assert_eq!(host.asked(PATH), 1, "the document is cached");
    // An https URI of the document proves the agent, a port of the machine does not.
    assert_eq!(browser.get(&agent.address("")).await.status, 302);
    let local = Agent { redirect_uri: "http://localhost:3118/callback".into(), ..agent };
    let page = browser.get(&local.address("")).await;
    assert!(page.status == 200 && page.body.contains("Any program on this computer"), "{}", page.body);
    // Such an app is not among those that somebody registered here.
    let list = browser.get("/apps").await;
    assert!(!list.body.contains("An agent"), "{}", list.body);
}

/// The picture comes from this server, by the rules of the document, and only if it is one.
#[both_engines]
async fn the_picture_of_a_described_agent_is_served_from_here(hosted: Hosted) {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n picture";
    let Hosted { server, host } = hosted;
    let mut browser = signed_in(&server, "a@example.com").await;
    let address = |path: &str| {
        let url =
            reqwest::Url::parse_with_params("http://x/oauth/logo", [("client_id", host.url(path))]).unwrap();
        format!("{}?{}", url.path(), url.query().unwrap())
    };
    let png = [("content-type", "image/png")];
    host.set("/good.png", "200 OK", &png, PNG);
    host.set("/large.png", "200 OK", &png, [PNG, &[0; 256 * 1024]].concat());
    host.set("/page.png", "200 OK", &png, "<svg onload=\"alert(1)\">");
    host.set("/away.png", "302 Found", &[("location", "/good.png")], "");
    for (number, (logo, status)) in
        [("/good.png", 200), ("/large.png", 404), ("/page.png", 404), ("/away.png", 404), ("/none.png", 404)]
            .into_iter()
            .enumerate()
    {
        let path = format!("/client-{number}.json");
        let mut described = document(&host);
        described["client_id"] = json!(host.url(&path));
        described["logo_uri"] = json!(host.url(logo));
        host.json(&path, &described);
        let page = browser.get(&Agent::new(&server, &host.url(&path), CALLBACK).address("")).await;
        let shown = address(&path);
        assert!(page.body.contains(&shown), "{logo}: {}", page.body);
        assert!(!page.body.contains(&host.url(logo)), "{logo}: {}", page.body);
        let picture = browser.get(&address(&path)).await;
        assert_eq!(picture.status, status, "{logo}");
        if status == 200 {
            assert_eq!(picture.header("content-type"), "image/png");
            assert_eq!(picture.header("x-content-type-options"), "nosniff");
        }
        server.clock().advance_ms(60_000);
    }
    assert_eq!(host.asked("/good.png"), 1, "a redirect is not followed");
    browser.get(&address("/client-0.json")).await;
    assert_eq!(host.asked("/good.png"), 1, "it is kept");
    assert_ne!(server.anyone().get(&address("/client-0.json")).await.status, 200);
}

#[both_engines]
async fn documents_that_cannot_be_used_are_named(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    let mut browser = signed_in(&server, "a@example.com").await;
    let json = [("content-type", "application/json")];
    let good = document(&host).to_string();
    let mut secret = document(&host);
    secret["client_secret"] = json!("x");
    let mut other = document(&host);
    other["client_id"] = json!(host.url("/other.json"));
    for (status, headers, body, reason) in [
        ("403 Forbidden", &json[..], good.clone(), "returned 403"),
        ("302 Found", &[("location", "/elsewhere")], String::new(), "returned 302"),
        ("200 OK", &[("content-type", "text/html")], good.clone(), "not sent as JSON"),
        ("200 OK", &json, format!("{good}{}", " ".repeat(16 * 1024)), "larger than 16384 bytes"),
        ("200 OK", &json, "[]".to_owned(), "not a JSON object"),
        ("200 OK", &json, secret.to_string(), "has a secret"),
        ("200 OK", &json, other.to_string(), "its client_id is missing or not valid"),
    ] {
        host.set(PATH, status, headers, body);
        server.clock().advance_ms(301_000);
        let page = browser.get(&agent(&server, &host).address("")).await;
        says(&page, reason);
        assert!(page.body.contains(&host.url(PATH)), "{}", page.body);
    }
    assert_eq!(host.asked("/elsewhere"), 0, "no redirect is followed");
    refused(&agent(&server, &host).exchange(&server, "x").await, 401, "invalid_client");
    // Ids that are no such URLs lead nowhere.
    for id in [
        host.url("/"),
        host.url("/a/../c"),
        format!("{}#x", host.url(PATH)),
        host.url(PATH).replace("https", "http"),
    ] {
        assert_eq!(browser.get(&Agent::new(&server, &id, CALLBACK).address("")).await.status, 404, "{id}");
    }
}

#[both_engines]
async fn the_last_good_document_outlives_a_failure(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    host.set(
        PATH,
        "200 OK",
        &[("content-type", "application/json"), ("cache-control", "max-age=600")],
        document(&host).to_string(),
    );
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = agent(&server, &host);
    assert_eq!(browser.get(&agent.address("")).await.status, 200);
    host.set(PATH, "500 Oops", &[], "");
    server.clock().advance_ms(600_000);
    assert_eq!(browser.get(&agent.address("")).await.status, 200);
    assert_eq!(host.asked(PATH), 2);
    assert_eq!(browser.get(&agent.address("")).await.status, 200);
    assert_eq!(host.asked(PATH), 2, "a host that failed has a pause");
    server.clock().advance_ms(30 * 86_400_000 - 600_000);
    let mut browser = signed_in(&server, "a@example.com").await;
    says(&browser.get(&agent.address("")).await, "returned 500");
}

#[both_engines]
async fn an_agent_that_has_changed_asks_again(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    host.json(PATH, &document(&host));
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = agent(&server, &host);
    agent.connect(&server, &mut browser).await;
    assert_eq!(browser.get(&agent.address("")).await.status, 302);
    for change in [
        json!({"redirect_uris": [CALLBACK]}),
        json!({"redirect_uris": [CALLBACK], "jwks_uri": host.url(KEYS),
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"]}),
    ] {
        let mut changed = document(&host);
        for (name, value) in change.as_object().unwrap() {
            changed[name] = value.clone();
        }
        host.json(PATH, &changed);
        server.clock().advance_ms(3_600_000);
        assert_eq!(browser.get(&agent.address("")).await.status, 200, "{changed}");
        agent.connect(&server, &mut browser).await;
        assert_eq!(browser.get(&agent.address("")).await.status, 302);
    }
    // A new name alone is no other agent, and more scopes are asked about.
    let more = agent.asking("userinfo chat.write");
    let page = browser.get(&more.address("")).await;
    assert_eq!(boxes(&page).0, ["userinfo", "chat.write"]);
}

#[both_engines]
async fn only_so_many_documents_are_fetched(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    let mut browser = signed_in(&server, "a@example.com").await;
    for number in 0..10 {
        let agent = Agent::new(&server, &host.url(&format!("/{number}.json")), CALLBACK);
        says(&browser.get(&agent.address("")).await, "returned 404");
    }
    let eleventh = Agent::new(&server, &host.url("/10.json"), CALLBACK);
    assert_eq!(browser.get(&eleventh.address("")).await.status, 429);
    assert_eq!(host.asked("/10.json"), 0);
    server.clock().advance_ms(60_000);
    says(&browser.get(&eleventh.address("")).await, "returned 404");
}

#[both_engines]
async fn an_agent_proves_itself_with_a_key(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    publish_with_keys(&host);
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = agent(&server, &host);
    let mut number = 0;
    for header in
        [json!({"alg": "RS256", "kid": "r"}), json!({"alg": "PS256", "kid": "r"}), json!({"alg": "ES256"})]
    {
        for (aud, resource) in [
            (json!(format!("{}/oauth/token", server.base_url())), true),
            (json!(["https://other.example", server.base_url()]), true),
            (json!(format!("{}/token", server.base_url())), false),
        ] {
            number += 1;
            let mut said = claims(&server, &host, &format!("id {number}"));
            said["aud"] = aud;
            let code = agent.allow(&mut browser).await;
            let proven = proving(&agent, signed(&header, &said));
            let proven = if resource { proven } else { Agent { resource: None, ..proven } };
            let answer = proven.exchange(&server, code.get("code")).await;
            assert_eq!(answer.status, 200, "{header} {said}: {}", answer.body);
            let keep = answer.json()["refresh_token"].as_str().unwrap().to_owned();
            number += 1;
            let proven = proving(&agent, signed(&header, &claims(&server, &host, &format!("id {number}"))));
            let next = proven.refresh(&server, &keep).await;
            assert_eq!((next.status, &next.json()["refresh_token"]), (200, &json!(keep)), "{}", next.body);
        }
    }
    assert_eq!(host.asked(KEYS), 1, "keys are cached");
}

#[both_engines]
async fn bug_13_assertions_that_are_refused(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    publish_with_keys(&host);
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = agent(&server, &host);
    let code = agent.allow(&mut browser).await.get("code").to_owned();
    let header = json!({"alg": "RS256", "kid": "r"});
    let said = |name: &str, value: Value| {
        let mut said = claims(&server, &host, "one");
        said[name] = value;
        said
    };
    let base = server.base_url();
    let forged = |header: Value| signed(&header, &claims(&server, &host, "one"));
    let good = signed(&header, &claims(&server, &host, "one"));
    let (message, _) = good.rsplit_once('.').unwrap();
    for (name, text) in [
        ("a path with two slashes", signed(&header, &said("aud", json!(format!("{base}//token"))))),
        ("another host", signed(&header, &said("aud", json!("https://other.example/oauth/token")))),
        ("the tools", signed(&header, &said("aud", json!(format!("{base}/mcp"))))),
        ("expired", signed(&header, &said("exp", json!(NOW - 60)))),
        ("too far ahead", signed(&header, &said("exp", json!(NOW + 661)))),
        ("without an end", signed(&header, &said("exp", Value::Null))),
        ("from the future", signed(&header, &said("iat", json!(NOW + 61)))),
        ("without an id", signed(&header, &said("jti", Value::Null))),
        ("another issuer", signed(&header, &said("iss", json!("https://evil.example/c")))),
        ("HS256", forged(json!({"alg": "HS256", "kid": "r"}))),
        ("none", forged(json!({"alg": "none"}))),
        ("another key's name", forged(json!({"alg": "RS256", "kid": "e"}))),
        ("an unknown key", forged(json!({"alg": "RS256", "kid": "x"}))),
        ("its own key", forged(json!({"alg": "RS256", "kid": "r", "jwk": jwks()["keys"][0]}))),
        ("a key from elsewhere", forged(json!({"alg": "RS256", "kid": "r", "jku": host.url("/evil.json")}))),
        ("without a signature", format!("{message}.")),
        ("another signature", format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 256]))),
        ("not a JWT", "x".to_owned()),
    ] {
        let answer = proving(&agent, text).exchange(&server, &code).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (401, &json!("invalid_client")),
            "{name}: {}",
            answer.body
        );
        assert!(!answer.body.contains("jti"), "{name}: the reason is not told: {}", answer.body);
    }
    assert_eq!(host.asked("/evil.json"), 0);
    // Without an assertion the document's only method is missing.
    refused(&agent.exchange(&server, &code).await, 401, "invalid_client");
    // None of these has used the code or the id up.
    let answer = proving(&agent, good.clone()).exchange(&server, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let refresh = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    refused(&proving(&agent, good.clone()).refresh(&server, &refresh).await, 401, "invalid_client");
    let again = signed(&json!({"alg": "PS256", "kid": "r"}), &claims(&server, &host, "one"));
    refused(&proving(&agent, again).refresh(&server, &refresh).await, 401, "invalid_client");
    // An id may be used again once the assertion has expired.
    server.clock().advance_ms(361_000);
    while server.running().identity.remove_expired().await.unwrap() {}
    let mut later = claims(&server, &host, "one");
    later["exp"] = json!(NOW + 600);
    later["iat"] = json!(NOW + 361);
    let answer = proving(&agent, signed(&header, &later)).refresh(&server, &refresh).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // An assertion for the revocation endpoint is good there alone.
    let revoke = |id: &str, path: &str| {
        let mut said = claims(&server, &host, id);
        said["aud"] = json!(format!("{base}{path}"));
        said["exp"] = json!(NOW + 900);
        proving(&agent, signed(&header, &said))
    };
    refused(&revoke("two", "/oauth/revoke").refresh(&server, &refresh).await, 401, "invalid_client");
    let proof = revoke("three", "/oauth/revoke").proof;
    let mut form: Vec<(&str, &str)> =
        proof.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    form.push(("token", &refresh));
    assert_eq!(server.anyone().post_form("/oauth/revoke", &form).await.status, 200);
    refused(&revoke("four", "/oauth/token").refresh(&server, &refresh).await, 400, "invalid_grant");
}

#[both_engines]
async fn many_uses_of_one_assertion_succeed_once(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    publish_with_keys(&host);
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = agent(&server, &host);
    let code = agent.allow(&mut browser).await.get("code").to_owned();
    let first =
        proving(&agent, signed(&json!({"alg": "ES256", "kid": "e"}), &claims(&server, &host, "first")));
    let refresh = first.exchange(&server, &code).await.json()["refresh_token"].as_str().unwrap().to_owned();
    let proven =
        proving(&agent, signed(&json!({"alg": "ES256", "kid": "e"}), &claims(&server, &host, "same")));
    let answers = futures::future::join_all((0..8).map(|_| proven.refresh(&server, &refresh))).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
}

#[both_engines]
async fn new_keys_are_found(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    publish_with_keys(&host);
    host.json(KEYS, &json!({"keys": [{"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y, "kid": "e"}]}));
    let mut browser = signed_in(&server, "a@example.com").await;
    let agent = agent(&server, &host);
    let code = agent.allow(&mut browser).await.get("code").to_owned();
    let first = proving(&agent, signed(&json!({"alg": "ES256"}), &claims(&server, &host, "1")));
    let refresh = first.exchange(&server, &code).await.json()["refresh_token"].as_str().unwrap().to_owned();
    host.json(KEYS, &jwks());
    let with_new =
        |id: &str| proving(&agent, signed(&json!({"alg": "RS256", "kid": "r"}), &claims(&server, &host, id)));
    // The set was fetched less than a minute ago.
    refused(&with_new("2").refresh(&server, &refresh).await, 401, "invalid_client");
    assert_eq!(host.asked(KEYS), 1);
    server.clock().advance_ms(60_000);
    assert_eq!(with_new("3").refresh(&server, &refresh).await.status, 200);
    assert_eq!(host.asked(KEYS), 2);
}
