//! The rule for names, in every place that accepts one.

use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

/// Returns the body of a request with a name.
type Body = fn(&str) -> Value;

/// Names that change the direction of text, or have invisible characters.
const DECEPTIVE: [&str; 6] =
    ["Bank\u{202e}knab", "a\u{200b}b", "\u{2066}a", "a\u{200f}", "soft\u{ad}hyphen", "a\u{3164}b"];
/// Names without visible characters.
const BLANK: [&str; 12] = [
    " ",
    "\u{3164}",
    "\u{2800}",
    "\u{200b}",
    "\u{2060}",
    "\u{180e}",
    "\u{ad}",
    "\u{200d}\u{feff}",
    "\u{115f}\u{1160}",
    "\u{2063}\u{fe0f}",
    "\u{e0020}\u{e007f}",
    "\u{17b4}\u{1d173}",
];
const GOOD: [&str; 4] = ["王小明 ✨", "👨‍👩‍👧 家", "می‌خواهم", "O’Brien 2.0"];

#[both_engines("accounts.sign_up = \"open\"\noauth.dynamic_registration = true")]
async fn no_name_is_invisible_or_turned_around(server: TestServer) {
    let person = server.person("a").await;
    let session = person.signed_in().await;
    let app = |name: &str| {
        json!({
            "appName": name, "redirectUris": ["https://x.example"], "allowedScopes": ["chat"],
        })
    };
    let fields: [(&str, Body); 4] = [
        ("/api/apikey/create", |name| json!({"name": name, "scopes": ["*"]})),
        ("/api/apikey/hub/keys/create", |name| json!({"name": name})),
        ("/api/secondme/user/profile", |name| json!({"name": name})),
        ("/api/secondme/user/shades/create", |name| json!({"shadeName": name})),
    ];
    for (path, body) in fields {
        for name in DECEPTIVE.iter().chain(&BLANK) {
            let refusal = session.post(path, body(name)).await.refused(422, "invalid.param");
            let kind = if BLANK.contains(name) { "string_too_short" } else { "string_control" };
            assert_eq!(refusal["detail"][0]["type"], kind, "{path} {name:?}");
        }
        for name in GOOD {
            session.post(path, body(name)).await.data();
        }
    }
    for (i, name) in GOOD.iter().chain(&DECEPTIVE).chain(&BLANK).enumerate() {
        // The person is an administrator, so they have a certificate.
        let circle = json!({"name": name, "circleRoute": format!("c{i}")});
        let made = session.post("/api/secondme/plaza/circles/create", circle).await;
        assert_eq!(made.status, if i < GOOD.len() { 200 } else { 422 }, "{name:?} {}", made.body);
    }
    for name in DECEPTIVE.iter().chain(&BLANK) {
        session.post("/api/applications/external/create", app(name)).await.refused(422, "invalid.param");
        // A program that registers itself gets a name without such characters.
        let wish = json!({"client_name": name, "redirect_uris": ["https://x.example"]});
        let made = server.anyone().post("/oauth/register", wish).await.json();
        let made = made["client_name"].as_str().unwrap_or_default();
        assert!(
            !made.is_empty() && !DECEPTIVE.contains(&made) && !BLANK.contains(&made),
            "{name:?}: {made:?}"
        );
    }
    for name in GOOD {
        let made = session.post("/api/applications/external/create", app(name)).await.data();
        assert_eq!(made["appName"], name);
    }
}

/// Invisible characters are removed from the name that a program gives itself.
#[both_engines]
async fn a_programs_name_is_cleaned(server: TestServer) {
    let person = server.person("a").await;
    let identity = &server.running().identity;
    for (agent, shown) in [("my-agent/1", "my-agent/1"), ("\t", "CLI")] {
        let code = identity.program_code(person.account.id, testkit::CHALLENGE).await.unwrap();
        let body = json!({"code": code.expose(), "codeVerifier": testkit::VERIFIER});
        server.anyone().with("user-agent", agent).post("/api/auth/skills/token", body).await.data();
        assert_eq!(identity.programs(person.account.id).await.unwrap()[0].name, shown);
    }
}
