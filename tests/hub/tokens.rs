//! `Apihub-Token`: accepted tokens, and the error code of every kind of bad token.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

use super::support::{Key, NOW, another, key, refused, result, signed};

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Returns an app-token with changed claims. `null` removes a claim.
fn app(key: &Key, changes: Value) -> String {
    changed(key, key.app_claims(), changes)
}

fn person(key: &Key, changes: Value) -> String {
    changed(key, key.person_claims("u"), changes)
}

fn changed(key: &Key, mut claims: Value, changes: Value) -> String {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    key.token(&claims)
}

fn with_header(key: &Key, header: &str) -> String {
    signed(header, &key.app_claims().to_string(), key.sk.as_bytes())
}

fn with_payload(key: &Key, payload: &str) -> String {
    signed(HEADER, payload, key.sk.as_bytes())
}

/// Returns bad tokens, each with a description and the expected code.
fn bad_tokens(key: &Key, other: &Key) -> Vec<(&'static str, String, &'static str)> {
    const INVALID: &str = "TOKEN_INVALID";
    let good = key.token(&key.app_claims());
    let (head, tail) = good.split_once('.').unwrap();
    let (payload, signature) = tail.split_once('.').unwrap();
    let raw = |header: &str| format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header));
    let claims = key.app_claims().to_string();
    let decoded = STANDARD.decode(&key.sk).unwrap();
    let long = "x".repeat(9000);
    let mut flipped = URL_SAFE_NO_PAD.decode(signature).unwrap();
    flipped[0] ^= 1;
    let mut flipped_last = URL_SAFE_NO_PAD.decode(signature).unwrap();
    flipped_last[31] ^= 1;
    vec![
        ("empty", String::new(), "TOKEN_MISSING"),
        ("no token at all", "nonsense".into(), INVALID),
        ("null as text", "null".into(), INVALID),
        ("undefined as text", "undefined".into(), INVALID),
        ("one dot", "a.b".into(), INVALID),
        ("four parts", format!("{good}.x"), INVALID),
        ("five parts, as encrypted tokens", "a.b.c.d.e".into(), INVALID),
        ("Bearer alone", "Bearer ".into(), "TOKEN_MISSING"),
        ("with Bearer twice before it", format!("Bearer Bearer {good}"), INVALID),
        ("with another scheme before it", format!("Basic {good}"), INVALID),
        ("with Bearer joined to it", format!("Bearer{good}"), INVALID),
        ("with one quotation mark", format!("\"{good}"), INVALID),
        ("dots alone", "..".into(), INVALID),
        ("no header", format!(".{payload}.{signature}"), INVALID),
        ("no payload", format!("{head}..{signature}"), INVALID),
        ("no signature", format!("{head}.{payload}."), INVALID),
        ("padded base64", format!("{head}=.{payload}.{signature}"), INVALID),
        ("standard base64", format!("{head}.{payload}.{}", "+/".repeat(21)), INVALID),
        ("a signature of 31 bytes", format!("{head}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 31])), INVALID),
        ("a signature of 64 bytes", format!("{head}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 64])), INVALID),
        ("a signature of zeroes", format!("{head}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 32])), INVALID),
        (
            "first bit of the signature",
            format!("{head}.{payload}.{}", URL_SAFE_NO_PAD.encode(&flipped)),
            INVALID,
        ),
        (
            "last bit of the signature",
            format!("{head}.{payload}.{}", URL_SAFE_NO_PAD.encode(&flipped_last)),
            INVALID,
        ),
        ("header that is no JSON", raw("nonsense"), INVALID),
        ("header that is a list", raw(r#"["HS256"]"#), INVALID),
        ("header that is a text", raw(r#""HS256""#), INVALID),
        ("header without alg", with_header(key, r#"{"typ":"JWT"}"#), INVALID),
        ("alg none", with_header(key, r#"{"alg":"none","typ":"JWT"}"#), INVALID),
        (
            "alg none without a signature",
            format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#)),
            INVALID,
        ),
        ("alg None", with_header(key, r#"{"alg":"None"}"#), INVALID),
        ("alg in lower case", with_header(key, r#"{"alg":"hs256"}"#), INVALID),
        ("alg RS256", with_header(key, r#"{"alg":"RS256","typ":"JWT"}"#), INVALID),
        ("alg ES256", with_header(key, r#"{"alg":"ES256","typ":"JWT"}"#), INVALID),
        ("alg HS384", with_header(key, r#"{"alg":"HS384","typ":"JWT"}"#), INVALID),
        ("alg HS512", with_header(key, r#"{"alg":"HS512","typ":"JWT"}"#), INVALID),
        ("alg empty", with_header(key, r#"{"alg":""}"#), INVALID),
        ("alg null", with_header(key, r#"{"alg":null}"#), INVALID),
        ("alg a number", with_header(key, r#"{"alg":256}"#), INVALID),
        ("alg a list", with_header(key, r#"{"alg":["HS256"]}"#), INVALID),
        ("alg twice", with_header(key, r#"{"alg":"HS256","alg":"none"}"#), INVALID),
        ("alg with a blank", with_header(key, r#"{"alg":"HS256 "}"#), INVALID),
        ("typ JWE in the header", with_header(key, r#"{"alg":"HS256","typ":"JWE"}"#), INVALID),
        ("typ a number in the header", with_header(key, r#"{"alg":"HS256","typ":1}"#), INVALID),
        ("a critical extension", with_header(key, r#"{"alg":"HS256","crit":["exp"]}"#), INVALID),
        ("payload that is no JSON", with_payload(key, "nonsense"), INVALID),
        ("payload that is a list", with_payload(key, "[]"), INVALID),
        ("payload with something after it", with_payload(key, &format!("{claims}x")), INVALID),
        (
            "payload that is no UTF-8",
            with_payload(key, "").replace("..", &format!(".{}.", URL_SAFE_NO_PAD.encode([0xff, 0xfe]))),
            INVALID,
        ),
        (
            "iss twice",
            with_payload(key, &claims.replacen('{', &format!("{{\"iss\":\"{}\",", other.ak), 1)),
            INVALID,
        ),
        ("exp twice", with_payload(key, &claims.replacen('{', "{\"exp\":9999999999,", 1)), INVALID),
        ("no iss", app(key, json!({"iss": null})), INVALID),
        ("iss a number", app(key, json!({"iss": 7})), INVALID),
        (
            "iss unknown",
            app(key, json!({"iss": "0123456789abcdef01234567", "sub": "0123456789abcdef01234567"})),
            "KEY_NOT_FOUND",
        ),
        ("iss that is no AK", app(key, json!({"iss": "x"})), "KEY_NOT_FOUND"),
        ("iss empty", app(key, json!({"iss": ""})), "KEY_NOT_FOUND"),
        ("iss in capitals", app(key, json!({"iss": format!("{}F", &key.ak[..23])})), "KEY_NOT_FOUND"),
        ("iss in unicode", app(key, json!({"iss": "阿".repeat(8)})), "KEY_NOT_FOUND"),
        ("signed with another key's secret", signed(HEADER, &claims, other.sk.as_bytes()), INVALID),
        ("signed with nothing", signed(HEADER, &claims, b""), INVALID),
        ("signed with the AK", signed(HEADER, &claims, key.ak.as_bytes()), INVALID),
        ("signed with the decoded SK", signed(HEADER, &claims, &decoded), INVALID),
        ("another key's issuer", other.token(&key.app_claims()), INVALID),
        ("no typ", app(key, json!({"typ": null})), INVALID),
        ("typ JWT in the payload", app(key, json!({"typ": "JWT"})), INVALID),
        ("typ in capitals", app(key, json!({"typ": "APP_TOKEN"})), INVALID),
        ("typ a number", app(key, json!({"typ": 1})), INVALID),
        ("no iat", app(key, json!({"iat": null})), INVALID),
        ("no exp", app(key, json!({"exp": null})), INVALID),
        ("iat a text", app(key, json!({"iat": NOW.to_string()})), INVALID),
        ("exp a text", app(key, json!({"exp": (NOW + 60).to_string()})), INVALID),
        (
            "exp a fraction in the past",
            app(key, json!({"iat": NOW - 60, "exp": NOW as f64 - 0.5})),
            "TOKEN_EXPIRED",
        ),
        ("exp beyond doubles", app(key, json!({"exp": 1e300})), INVALID),
        (
            "7201 s in fractions",
            app(key, json!({"iat": NOW as f64 + 0.2, "exp": NOW as f64 + 7201.3})),
            "TOKEN_LIFETIME_TOO_LONG",
        ),
        ("exp in milliseconds", app(key, json!({"exp": (NOW + 60) * 1000})), "TOKEN_LIFETIME_TOO_LONG"),
        (
            "exp beyond all numbers",
            with_payload(key, &claims.replace(&(NOW + 7200).to_string(), "1e400")),
            INVALID,
        ),
        (
            "exp greater than 63 bits",
            with_payload(key, &claims.replace(&(NOW + 7200).to_string(), "18446744073709551615")),
            INVALID,
        ),
        ("iat the least number there is", app(key, json!({"iat": i64::MIN})), "TOKEN_LIFETIME_TOO_LONG"),
        ("iat 31 s ahead", app(key, json!({"iat": NOW + 31, "exp": NOW + 60})), INVALID),
        ("nbf ahead", app(key, json!({"nbf": NOW + 31})), INVALID),
        ("nbf a text", app(key, json!({"nbf": "now"})), INVALID),
        ("exp now", app(key, json!({"iat": NOW - 60, "exp": NOW})), "TOKEN_EXPIRED"),
        ("exp before now", app(key, json!({"iat": NOW - 60, "exp": NOW - 1})), "TOKEN_EXPIRED"),
        ("exp negative", app(key, json!({"exp": -1})), "TOKEN_EXPIRED"),
        ("expired and too long", app(key, json!({"iat": NOW - 9000, "exp": NOW - 1})), "TOKEN_EXPIRED"),
        ("7201 s", app(key, json!({"exp": NOW + 7201})), "TOKEN_LIFETIME_TOO_LONG"),
        (
            "7201 s, mostly past",
            app(key, json!({"iat": NOW - 7191, "exp": NOW + 10})),
            "TOKEN_LIFETIME_TOO_LONG",
        ),
        ("a year", app(key, json!({"exp": NOW + 31_536_000})), "TOKEN_LIFETIME_TOO_LONG"),
        ("ends before it begins", app(key, json!({"iat": NOW + 30, "exp": NOW + 20})), INVALID),
        ("no sub", app(key, json!({"sub": null})), INVALID),
        ("sub of an app that is not the AK", app(key, json!({"sub": "someone"})), INVALID),
        ("sub a number", person(key, json!({"sub": 7})), INVALID),
        ("sub empty", person(key, json!({"sub": ""})), INVALID),
        ("sub too long", person(key, json!({"sub": "x".repeat(257)})), INVALID),
        ("sub with a line break", person(key, json!({"sub": "a\r\nX-Hub-Roles: ADMIN"})), INVALID),
        ("sub with a NUL", person(key, json!({"sub": "a\u{0}"})), INVALID),
        ("roles a text", person(key, json!({"roles": "ADMIN"})), INVALID),
        ("roles of numbers", person(key, json!({"roles": [1]})), INVALID),
        ("101 roles", person(key, json!({"roles": vec!["r"; 101]})), INVALID),
        ("a role with a line break", person(key, json!({"roles": ["a\nb"]})), INVALID),
        ("groups that are no paths", person(key, json!({"groups": ["技术部"]})), INVALID),
        ("groups an object", person(key, json!({"groups": {"a": "/b"}})), INVALID),
        ("actions a text", person(key, json!({"actions": "*"})), INVALID),
        ("username a number", person(key, json!({"username": 7})), INVALID),
        ("9000 bytes", format!("{good}{long}"), INVALID),
        ("9000 bytes, signed", app(key, json!({"more": long})), INVALID),
    ]
}

#[both_engines]
async fn the_documentations_tokens_are_let_in(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    result(&key.app(&server).get("/api/echo/x").await);
    result(&key.person(&server, "user_id").get("/api/echo/x").await);
    for name in ["apihub-token", "Apihub-Token", "APIHUB-TOKEN", "aPiHuB-tOkEn"] {
        result(&server.anyone().with(name, &key.token(&key.app_claims())).get("/api/echo/x").await);
    }
}

#[both_engines]
async fn good_tokens_at_the_edges(server: TestServer) {
    let key = key(&server, "a", json!({"perSecond": 1000, "perPersonSecond": 1000})).await;
    let long = "x".repeat(5000);
    for (what, token) in [
        ("7200 s", app(&key, json!({"exp": NOW + 7200}))),
        ("fractions", app(&key, json!({"iat": NOW as f64 + 0.75, "exp": NOW as f64 + 7200.75}))),
        ("doubles", app(&key, json!({"iat": NOW as f64, "nbf": NOW as f64, "exp": NOW as f64 + 60.0}))),
        ("one second left", app(&key, json!({"iat": NOW - 7199, "exp": NOW + 1}))),
        ("iat 30 s ahead", app(&key, json!({"iat": NOW + 30, "exp": NOW + 7230}))),
        ("nbf 30 s ahead", app(&key, json!({"nbf": NOW + 30}))),
        ("no typ in the header", with_header(&key, r#"{"alg":"HS256"}"#)),
        ("typ in lower case", with_header(&key, r#"{"alg":"HS256","typ":"jwt"}"#)),
        ("a kid that nobody asked for", with_header(&key, r#"{"kid":"../../x","alg":"HS256"}"#)),
        ("members nobody knows", app(&key, json!({"aud": "x", "more": {"a": [1]}}))),
        ("5000 bytes", app(&key, json!({"more": long}))),
        ("a Chinese sub", person(&key, json!({"sub": "用户七"}))),
        ("no roles and groups", person(&key, json!({"roles": null, "groups": null}))),
        ("empty roles and groups", person(&key, json!({"roles": [], "groups": []}))),
        ("256 characters of sub", person(&key, json!({"sub": "用".repeat(256)}))),
        ("blanks around it", format!("  {} ", key.token(&key.app_claims()))),
        ("Bearer before it", format!("Bearer {}", key.token(&key.app_claims()))),
        ("bearer and blanks before it", format!(" bearer \t {}", key.token(&key.app_claims()))),
        ("quotation marks around it", format!("\"{}\"", key.token(&key.app_claims()))),
        ("both", format!("BEARER \"{}\"", key.token(&key.app_claims()))),
        (
            "no fraction of an exponent",
            with_payload(&key, &{
                let claims = key.app_claims().to_string();
                claims.replace(&(NOW + 7200).to_string(), &format!("{}e0", NOW + 7200))
            }),
        ),
        ("a fraction of nbf in the past", app(&key, json!({"nbf": NOW as f64 - 0.25}))),
        ("a fraction at the end", app(&key, json!({"iat": NOW as f64 - 7198.5, "exp": NOW as f64 + 1.5}))),
    ] {
        let answer = server.anyone().with("apihub-token", &token).get("/api/echo/x").await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
    }
}

#[both_engines]
async fn each_bad_token_gets_its_code(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let other = another(&key.owner, json!({})).await;
    let table = bad_tokens(&key, &other);
    assert!(table.len() >= 60);
    for (what, token, code) in table {
        // Twice, to test the cache as well.
        for _ in 0..2 {
            let answer = server.anyone().with("apihub-token", &token).get("/api/echo/x").await;
            assert_eq!(
                (answer.status, answer.json()["code"].as_str().unwrap()),
                (401, code),
                "{what}: {}",
                answer.body
            );
            let body = refused(&answer, 401, code);
            assert!(!body.to_string().contains(&key.sk), "{what}");
        }
    }
    result(&key.app(&server).get("/api/echo/x").await);
}

#[both_engines]
async fn tokens_that_no_header_can_hold_so(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let good = key.token(&key.app_claims());
    // Two headers: the same twice, different ones, and a good and an empty one.
    for second in [good.as_str(), "other", ""] {
        let twice = server.anyone().with("apihub-token", &good).with("apihub-token", second);
        refused(&twice.get("/api/echo/x").await, 401, "TOKEN_INVALID");
    }
    refused(&server.anyone().with("apihub-token", "令牌").get("/api/echo/x").await, 401, "TOKEN_INVALID");
    refused(
        &server.anyone().with("apihub-token", &format!("{good},{good}")).get("/api/echo/x").await,
        401,
        "TOKEN_INVALID",
    );
    // 64 KiB do not fit into the head of a request, which is refused before the token is read.
    let answer = server.anyone().with("apihub-token", &"x".repeat(64 << 10)).get("/api/echo/x").await;
    assert_eq!(answer.status, 431);
    // Tokens in other headers are ignored.
    for (name, value) in
        [("authorization", format!("Bearer {good}")), ("cookie", format!("apihub-token={good}"))]
    {
        let answer = server.anyone().with(name, &value).get("/api/echo/x").await;
        assert_eq!(result(&answer)["identity"]["app"], "anonymous", "{name}");
        server.clock().advance_ms(1_000);
    }
}

#[both_engines]
async fn a_decoded_secret_is_named_as_the_likely_cause(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let decoded = STANDARD.decode(&key.sk).unwrap();
    let token = signed(HEADER, &key.app_claims().to_string(), &decoded);
    let body =
        refused(&server.anyone().with("apihub-token", &token).get("/api/echo/x").await, 401, "TOKEN_INVALID");
    assert!(body["detail"].as_str().unwrap().contains("base64-decoded SK"), "{body}");
    let other = signed(HEADER, &key.app_claims().to_string(), b"another");
    let body =
        refused(&server.anyone().with("apihub-token", &other).get("/api/echo/x").await, 401, "TOKEN_INVALID");
    assert!(!body["detail"].as_str().unwrap().contains("base64"), "{body}");
}

#[both_engines]
async fn a_token_that_was_let_in_ends_at_its_end(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let app = key.app(&server);
    result(&app.get("/api/echo/x").await);
    server.clock().advance_ms(7_199_999);
    result(&app.get("/api/echo/x").await);
    server.clock().advance_ms(1);
    refused(&app.get("/api/echo/x").await, 401, "TOKEN_EXPIRED");
}
