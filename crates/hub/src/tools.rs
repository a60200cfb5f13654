//! Tools for a person's assistant: the actions that the person could call with a key of their own, or
//! anonymously.
//!
//! A call goes through the gateway ([`Gateway`]) with an app-token of the person's newest key that is in
//! force, so that the key's allowlists, limits, and records apply. Without a key the call is anonymous.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Limited};
use serde_json::{Map, Value, json};
use store::AccountId;
use web::paging::Page;

use crate::{
    Gateway,
    call::{TOKEN, may_call},
    mcp::tools::{name, path, schema},
};

/// Maximum size of a response in bytes.
const LARGEST: usize = 1 << 20;
/// Lifetime of the token of a call, in seconds.
const SECONDS: i64 = 60;
/// Maximum number of keys that are searched for one in force.
const KEYS: i64 = 20;
/// APIs that are never offered to a model: they manage other people and their passwords.
const NEVER: [&str; 2] = ["user-center", "user-center-admin"];

/// An action that is offered as a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The tool's name, such as `weather-basic__now`.
    pub name: String,
    /// The description.
    pub about: String,
    /// The JSON schema of its arguments.
    pub parameters: Value,
}

impl Gateway {
    /// Returns the actions that a person's assistant may use, ordered by name.
    pub async fn offers(&self, account: AccountId) -> Vec<Offer> {
        let headers = self.headers_of(account).await;
        let Ok(caller) = self.caller(&headers, IpAddr::V4(Ipv4Addr::LOCALHOST)).await else {
            return Vec::new();
        };
        let mut offers = Vec::new();
        for api in self.hub().apis().iter().filter(|api| api.spec.enabled) {
            if NEVER.contains(&api.spec.code.as_str()) {
                continue;
            }
            for (action, spec) in &api.spec.actions {
                let name = name(&api.spec.code, action);
                if !may_call(self.hub(), api, action, caller.as_ref()) {
                    continue;
                }
                let texts = [api.spec.name.as_str(), spec.summary.as_str(), api.spec.description.as_str()];
                let texts: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
                let parameters = Value::Object(schema(spec.parameters.as_ref()));
                offers.push(Offer { name, about: texts.join(" – "), parameters });
            }
        }
        offers.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        offers
    }

    /// Calls an action in a person's name and returns its result as JSON.
    ///
    /// # Errors
    /// The Hub's error as JSON with a code, or a message if there is no response.
    pub async fn call_for(
        &self,
        account: AccountId,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<String, String> {
        let path = path(self.hub(), name).ok_or("there is no such tool")?;
        let body = Body::from(Value::Object(arguments).to_string());
        let request = Request::builder().method(Method::POST).uri(path).body(body);
        let mut request = request.map_err(|error| error.to_string())?;
        *request.headers_mut() = self.headers_of(account).await;
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.extensions_mut().insert(web::Peer((Ipv4Addr::LOCALHOST, 0).into()));
        let response = self.clone().call(request).await;
        let whole = Limited::new(response.into_body(), LARGEST).collect().await;
        let whole = whole.map_err(|_error| "the answer is too large, or broke off")?.to_bytes();
        let text = String::from_utf8(whole.to_vec()).map_err(|_error| "the answer is no text")?;
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(mut envelope)) if envelope.get("success") == Some(&Value::Bool(true)) => {
                Ok(envelope.remove("result").unwrap_or_default().to_string())
            }
            Ok(Value::Object(mut envelope)) if envelope.contains_key("success") => {
                envelope.remove("success");
                Err(Value::Object(envelope).to_string())
            }
            // The upstream's response was passed through without an envelope.
            _ => Ok(text),
        }
    }

    /// Returns the headers of a call in a person's name.
    async fn headers_of(&self, account: AccountId) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(token) = self.token_of(account).await {
            headers.insert(TOKEN, token);
        }
        headers
    }

    async fn token_of(&self, account: AccountId) -> Option<HeaderValue> {
        let hub = self.hub();
        let now = hub.db().clock().now();
        let (keys, _) = hub.keys(account, Page { limit: KEYS, offset: 0 }).await.ok()?;
        let key = keys.into_iter().find(|key| key.is_live(now))?;
        let seconds = now.as_millis() / 1000;
        let claims = json!({
            "sub": key.ak, "iss": key.ak, "typ": "app_token", "iat": seconds, "exp": seconds + SECONDS,
        });
        let Value::Object(claims) = claims else { return None };
        let token = hub.issue_token(&key.ak, claims).await.ok()?;
        HeaderValue::from_str(&token).ok()
    }
}
