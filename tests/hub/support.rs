//! Keys and tokens for tests of the Hub, and checks of its envelopes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use testkit::{Actor, Response, TestServer};

/// The start of a test's clock, 2026-01-01T00:00:00Z, in seconds.
pub const NOW: i64 = testkit::START.0 / 1000;

/// A key and its owner.
pub struct Key {
    pub id: i64,
    pub ak: String,
    pub sk: String,
    /// The owner's session.
    pub owner: Actor,
}

/// Creates a person and a key of theirs.
pub async fn key(server: &TestServer, name: &str, request: Value) -> Key {
    let owner = server.person(name).await.signed_in().await;
    another(&owner, request).await
}

/// Creates another key of a signed-in person.
pub async fn another(owner: &Actor, mut request: Value) -> Key {
    if request.get("name").is_none() {
        request["name"] = json!("test");
    }
    let made = owner.post("/api/apikey/hub/keys/create", request).await.data();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    Key { id: made["id"].as_i64().unwrap(), ak: text("ak"), sk: text("sk"), owner: owner.clone() }
}

/// Creates an administrator, and returns their session.
pub async fn admin(server: &TestServer) -> Actor {
    let identity = &server.running().identity;
    let new = identity::NewAccount {
        email: "admin@example.com".into(),
        name: "admin".into(),
        password: identity::Password::new(testkit::PASSWORD),
        is_admin: true,
    };
    let account = identity.add_account(new).await.unwrap();
    let client = identity::session::Client { address: [127, 0, 0, 1].into(), user_agent: "test".into() };
    let secret = identity.start_session(account.id, &client).await.unwrap();
    server.anyone().with("cookie", &format!("doppel_session={}", secret.expose()))
}

impl Key {
    /// Returns the claims of an app-token, as in the documentation.
    pub fn app_claims(&self) -> Value {
        json!({"sub": self.ak, "iss": self.ak, "typ": "app_token", "iat": NOW, "exp": NOW + 7200})
    }

    /// Returns the claims of a person-token, as in the documentation.
    pub fn person_claims(&self, sub: &str) -> Value {
        json!({"sub": sub, "iss": self.ak, "typ": "person_token", "iat": NOW, "exp": NOW + 7200,
            "roles": ["SYS_ADMIN"], "groups": ["/技术部/运维部"]})
    }

    /// Returns a token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        signed(&json!({"alg": "HS256", "typ": "JWT"}).to_string(), &claims.to_string(), self.sk.as_bytes())
    }

    /// Returns a client with an app-token.
    pub fn app(&self, server: &TestServer) -> Actor {
        server.anyone().with("apihub-token", &self.token(&self.app_claims()))
    }

    /// Returns a client with a person-token.
    pub fn person(&self, server: &TestServer, sub: &str) -> Actor {
        server.anyone().with("apihub-token", &self.token(&self.person_claims(sub)))
    }

    /// Changes the key.
    pub async fn update(&self, request: Value) -> Value {
        self.owner.post(&format!("/api/apikey/hub/keys/{}/update", self.id), request).await.data()
    }
}

/// Signs any header and payload.
pub fn signed(header: &str, payload: &str, key: &[u8]) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn trace_of(answer: &Response, body: &Value) {
    let trace = body["trace"].as_str().unwrap();
    assert!(trace.len() == 32 && trace.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{trace}");
    assert_eq!(answer.header("x-request-id"), trace);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// Returns the `result` of a success. Checks that the envelope has exactly the documented members.
#[track_caller]
pub fn result(answer: &Response) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["result", "success", "trace"], "{body}");
    assert_eq!(body["success"], true);
    trace_of(answer, &body);
    body["result"].clone()
}

/// Checks the status and code of an error, and that the envelope has exactly the documented members.
#[track_caller]
pub fn refused(answer: &Response, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    let body = answer.json();
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["code", "detail", "msg", "success", "trace"], "{body}");
    assert_eq!((&body["success"], &body["code"]), (&json!(false), &json!(code)), "{body}");
    assert!(!body["msg"].as_str().unwrap().is_empty());
    trace_of(answer, &body);
    body
}
