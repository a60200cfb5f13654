//! Who calls a server in a test, and what it is answered.

use std::net::{IpAddr, Ipv4Addr};

use identity::{
    Account, Identity, ScopeSet,
    application::{Credentials, NewApplication},
    grant::{Consent, Exchange, Tokens},
    key::NewKey,
    session::Client,
};
use reqwest::{Method, header::HeaderMap};
use serde_json::Value;
use store::Timestamp;

use crate::documented;

/// Someone who sends requests: a base address and the headers that go with each.
#[derive(Debug, Clone)]
pub struct Actor {
    http: reqwest::Client,
    base_url: String,
    headers: Vec<(String, String)>,
}

impl Actor {
    /// Somebody at a server, with no headers yet.
    pub fn new(http: reqwest::Client, base_url: &str) -> Self {
        Self { http, base_url: base_url.to_owned(), headers: Vec::new() }
    }

    pub(crate) fn at(&self, base_url: &str) -> Self {
        Self { base_url: base_url.to_owned(), ..self.clone() }
    }

    /// The same, with another header.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// The same, asking for English.
    #[must_use]
    pub fn in_english(&self) -> Self {
        self.with("accept-language", "en")
    }

    /// A request to be filled in by hand.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base_url));
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Sends a request made by [`Actor::request`]. A status that the OpenAPI document does not name fails the test.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().expect("a request");
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let response = self.http.execute(request).await.expect("an answer");
        documented::check(&method, &path, response.status().as_u16());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await.expect("a body of text");
        Answer { status, headers, body }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// POST with a form body.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).form(fields)).await
    }

    /// POST of a file as a multipart form.
    pub async fn upload(&self, path: &str, name: &str, bytes: Vec<u8>) -> Answer {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", part);
        self.send(self.request(Method::POST, path).multipart(form)).await
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The `data` of a success; anything else fails the test.
    #[track_caller]
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        let mut body = self.json();
        assert_eq!(body.get("code"), Some(&Value::from(0)), "{body}");
        body.get_mut("data").map(Value::take).unwrap_or_else(|| panic!("no data in {body}"))
    }

    /// Checks an error: its status and code, and that the body is the whole envelope (contract §0.5).
    #[track_caller]
    pub fn refused(&self, status: u16, sub_code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        let body = self.json();
        assert_eq!(body.get("code"), Some(&Value::from(status)), "{body}");
        assert_eq!(body.get("subCode"), Some(&Value::from(sub_code)), "{body}");
        assert_eq!(body.get("error_code"), Some(&Value::from(sub_code)), "{body}");
        assert!(body.get("message").and_then(Value::as_str).is_some_and(|text| !text.is_empty()), "{body}");
        assert!(body.get("data").is_none(), "{body}");
        assert_eq!(self.header("content-type"), "application/json");
        body
    }

    /// A header's text, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The value of a cookie that the answer sets.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
        lines
            .filter_map(|line| line.strip_prefix(&format!("{name}=")))
            .map(|rest| rest.split(';').next().unwrap_or_default().to_owned())
            .next_back()
    }

    /// The value of a hidden field of a form in a page.
    pub fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest =
            self.body.split_once(&start).unwrap_or_else(|| panic!("no field {name} in {}", self.body)).1;
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

/// Someone with an account.
pub struct Person {
    /// The account.
    pub account: Account,
    pub(crate) identity: Identity,
    pub(crate) nobody: Actor,
}

impl Person {
    /// The person in a browser, signed in.
    pub async fn signed_in(&self) -> Actor {
        let client = Client { address: IpAddr::V4(Ipv4Addr::LOCALHOST), user_agent: "test".into() };
        let secret = self.identity.start_session(self.account.id, &client).await.expect("a session starts");
        self.nobody.with("cookie", &format!("doppel_session={}", secret.expose()))
    }

    /// Makes an API key; answers its id and the key.
    pub async fn new_key(&self, scopes: &str, expires_at: Option<Timestamp>) -> (i64, String) {
        let scopes = ScopeSet::parse_list(scopes).expect("scopes that exist");
        let new = NewKey { name: "test".into(), scopes, expires_at };
        let (key, secret) = self.identity.create_key(self.account.id, new).await.expect("a key is made");
        (key.id, secret.expose().to_owned())
    }

    /// Registers an application that may ask for these scopes.
    pub async fn app(&self, scopes: &str) -> App {
        self.make_app(scopes, false).await
    }

    /// Registers an application without a secret.
    pub async fn public_app(&self, scopes: &str) -> App {
        self.make_app(scopes, true).await
    }

    async fn make_app(&self, scopes: &str, is_public: bool) -> App {
        let new = NewApplication {
            name: "Example App".into(),
            description: "An example".into(),
            redirect_uris: vec![CALLBACK.into()],
            scopes: ScopeSet::parse_list(scopes).expect("scopes that exist"),
            is_public,
            ..NewApplication::default()
        };
        let made = self.identity.create_application(self.account.id, new).await;
        let (application, secret) = made.expect("an application is made");
        App { id: application.id, secret: secret.expose().to_owned(), identity: self.identity.clone() }
    }

    /// Allows an application these scopes; answers the code that goes to it.
    pub async fn allow(&self, app: &App, scopes: &str) -> String {
        self.allow_with(app, scopes, None).await
    }

    /// The same for an application that holds [`VERIFIER`].
    pub async fn allow_with_challenge(&self, app: &App, scopes: &str) -> String {
        self.allow_with(app, scopes, Some(CHALLENGE.to_owned())).await
    }

    async fn allow_with(&self, app: &App, scopes: &str, challenge: Option<String>) -> String {
        let granted = ScopeSet::parse_list(scopes).expect("scopes that exist");
        let consent = Consent {
            application: app.id.clone(),
            redirect_uri: CALLBACK.into(),
            asked: granted,
            granted,
            challenge,
            is_answer: true,
        };
        let code = self.identity.consent(self.account.id, consent).await.expect("consent is noted");
        code.expose().to_owned()
    }

    /// Allows an application these scopes; answers what the application gets for the code.
    pub async fn tokens(&self, app: &App, scopes: &str) -> Tokens {
        let exchange = Exchange {
            client: app.credentials(),
            code: self.allow(app, scopes).await,
            redirect_uri: CALLBACK.into(),
            verifier: None,
        };
        self.identity.exchange_code(exchange).await.expect("tokens")
    }

    /// An application in the person's name, allowed these scopes.
    pub async fn with_token(&self, app: &App, scopes: &str) -> Actor {
        let tokens = self.tokens(app, scopes).await;
        self.nobody.with("authorization", &format!("Bearer {}", tokens.access.expose()))
    }

    /// Takes back what an application was allowed.
    pub async fn revoke(&self, app: &App) {
        let standing = self.identity.standing(self.account.id, &app.id).await.expect("a look");
        let id = standing.expect("an authorization").id;
        assert!(self.identity.revoke_authorization(self.account.id, id).await.expect("a revocation"));
    }

    /// The token of a program that the person signs in.
    pub async fn program_token(&self) -> String {
        let code = self.identity.program_code(self.account.id, CHALLENGE).await.expect("a code");
        let token = self.identity.exchange_program_code(code.expose(), VERIFIER.into(), "test".into()).await;
        token.expect("a token").expose().to_owned()
    }

    /// The person's program, with a key of these scopes.
    pub async fn with_key(&self, scopes: &str) -> Actor {
        let (_, key) = self.new_key(scopes, None).await;
        self.nobody.with("authorization", &format!("Bearer {key}"))
    }
}

/// The address every [`App`] is called back at.
pub const CALLBACK: &str = "https://app.example/callback?from=doppel";

/// The PKCE verifier of RFC 7636, appendix B, and its challenge.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// See [`VERIFIER`].
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An application.
#[derive(Clone)]
pub struct App {
    /// Its `client_id`.
    pub id: String,
    /// Its `client_secret`.
    pub secret: String,
    identity: Identity,
}

impl App {
    /// A token in the application's own name.
    pub async fn own_token(&self) -> String {
        let tokens = self.identity.app_token(&self.credentials(), None).await.expect("a token");
        tokens.access.expose().to_owned()
    }

    fn credentials(&self) -> Credentials {
        Credentials { id: self.id.clone(), secret: Some(self.secret.clone()) }
    }

    /// The form that exchanges a code, to be changed by a test.
    pub fn exchange<'a>(&'a self, code: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("client_id", &self.id),
            ("client_secret", &self.secret),
        ]
    }

    /// The form that asks for a new access token.
    pub fn refresh<'a>(&'a self, token: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", &self.id),
            ("client_secret", &self.secret),
        ]
    }
}
