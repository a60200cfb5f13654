//! An agent that connects: authorization request, consent by a person, tokens.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use testkit::{CHALLENGE, PASSWORD, Response, TestServer, VERIFIER};

use crate::pages::{consent::destination, sign_in::Browser};

/// The scopes that an agent asks for first.
pub const SCOPES: &str = "userinfo memory.read memory.write note.write";

/// An agent, and what it sends.
#[derive(Clone)]
pub struct Agent {
    pub client_id: String,
    pub redirect_uri: String,
    pub resource: Option<String>,
    pub scope: String,
    /// Further fields of requests to the token endpoint, such as a secret.
    pub proof: Vec<(String, String)>,
}

/// The parameters of a redirect to the agent.
#[derive(Debug)]
pub struct Arrival {
    pub uri: String,
    pub pairs: Vec<(String, String)>,
}

impl Arrival {
    /// Parses the address to which the person's browser goes.
    pub fn parse(location: &str) -> Self {
        let (uri, query) = location.split_once('?').unwrap_or((location, ""));
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned()
        };
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self {
            uri: uri.to_owned(),
            pairs: pairs.map(|(name, value)| (name.to_owned(), decode(value))).collect(),
        }
    }

    /// Returns a parameter, or an empty text.
    pub fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value.as_str())
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Returns the browser of a person who is signed in.
pub async fn signed_in(server: &TestServer, email: &str) -> Browser {
    let mut browser = Browser::new(server);
    let answer = browser.sign_in(email, PASSWORD, "/").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser
}

/// Returns the names of the boxes on a consent page, and of those that are ticked.
pub fn boxes(page: &Response) -> (Vec<String>, Vec<String>) {
    let (mut all, mut ticked) = (Vec::new(), Vec::new());
    for rest in page.body.split("name=\"scope\" value=\"").skip(1) {
        let name = rest.split('"').next().unwrap().to_owned();
        if rest.split('>').next().unwrap().contains(" checked") {
            ticked.push(name.clone());
        }
        all.push(name);
    }
    (all, ticked)
}

/// Sends the form of a consent page.
pub async fn decide(browser: &mut Browser, page: &Response, decision: &str, scopes: &[&str]) -> Response {
    assert_eq!(page.status, 200, "{}", page.body);
    let (csrf, query) =
        (page.hidden("csrf"), page.hidden("query").replace("&amp;", "&").replace("&#38;", "&"));
    let mut fields = vec![("csrf", csrf.as_str()), ("query", query.as_str()), ("decision", decision)];
    fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
    let action = page.body.split_once("\" class=\"stack\">").expect("the form").0;
    let action = action.rsplit_once("action=\"").expect("its action").1;
    browser.post(action, &fields).await
}

impl Agent {
    /// Creates an agent that asks for the tools of a server.
    pub fn new(server: &TestServer, client_id: &str, redirect_uri: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            resource: Some(format!("{}/mcp", server.base_url())),
            scope: SCOPES.to_owned(),
            proof: vec![("client_id".to_owned(), client_id.to_owned())],
        }
    }

    /// Registers an agent, and creates it with the callback that it uses.
    pub async fn register(server: &TestServer, body: &Value, callback: &str) -> (Self, Value) {
        let answer = server.anyone().post("/oauth/register", body.clone()).await;
        assert_eq!(answer.status, 201, "{body}: {}", answer.body);
        let made = answer.json();
        let mut agent = Self::new(server, made["client_id"].as_str().unwrap(), callback);
        if let Some(secret) = made["client_secret"].as_str() {
            agent.proof.push(("client_secret".to_owned(), secret.to_owned()));
        }
        (agent, made)
    }

    /// Returns the same agent with other scopes.
    pub fn asking(&self, scope: &str) -> Self {
        Self { scope: scope.to_owned(), ..self.clone() }
    }

    /// Returns the address of the consent page on a route.
    pub fn address_at(&self, route: &str, more: &str) -> String {
        let resource = self
            .resource
            .as_ref()
            .map(|resource| format!("&resource={}", encoded(resource)))
            .unwrap_or_default();
        format!(
            "{route}?response_type=code&client_id={}&redirect_uri={}&scope={}&state=s%2F1\
             &code_challenge={CHALLENGE}&code_challenge_method=S256{resource}{more}",
            encoded(&self.client_id),
            encoded(&self.redirect_uri),
            encoded(&self.scope),
        )
    }

    /// Returns the address of the consent page.
    pub fn address(&self, more: &str) -> String {
        self.address_at("/oauth/authorize", more)
    }

    /// Has the person allow everything that is ticked, unless they are not asked. Returns where their browser
    /// goes.
    pub async fn allow(&self, browser: &mut Browser) -> Arrival {
        let page = browser.get(&self.address("")).await;
        let location = if page.status == 302 {
            page.header("location").to_owned()
        } else {
            let (_, ticked) = boxes(&page);
            let ticked: Vec<&str> = ticked.iter().map(String::as_str).collect();
            destination(&decide(browser, &page, "allow", &ticked).await)
        };
        let arrival = Arrival::parse(&location);
        assert_eq!((arrival.uri.as_str(), arrival.get("state")), (self.redirect_uri.as_str(), "s/1"));
        arrival
    }

    /// Sends a request to the token endpoint.
    pub async fn token(&self, server: &TestServer, fields: &[(&str, &str)]) -> Response {
        let resource = self.resource.iter().map(|resource| ("resource", resource.as_str()));
        let proof = self.proof.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let form: Vec<(&str, &str)> = fields.iter().copied().chain(proof).chain(resource).collect();
        server.anyone().post_form("/oauth/token", &form).await
    }

    /// Exchanges a code.
    pub async fn exchange(&self, server: &TestServer, code: &str) -> Response {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.token(server, &form).await
    }

    /// Uses a refresh token.
    pub async fn refresh(&self, server: &TestServer, token: &str) -> Response {
        self.token(server, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Connects, and returns the response with the tokens.
    pub async fn connect(&self, server: &TestServer, browser: &mut Browser) -> Value {
        let arrival = self.allow(browser).await;
        let answer = self.exchange(server, arrival.get("code")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }
}
