//! Sends a call through the gateway, as the form describes it.

use std::time::Instant;

use axum::body::{Body, to_bytes};
use http::{HeaderValue, Method, Request, header};
use hub::key::HubKey;
use serde_json::{Map, Value, json};
use web::{ClientAddress, Language};

use super::arguments;
use crate::{Console, chart::milliseconds};

/// Largest response that is read, in bytes.
const LARGEST: usize = 1 << 20;
/// Maximum length of a response on the page, in characters.
const SHOWN: usize = 20_000;
/// The header that carries a token.
const TOKEN: &str = "apihub-token";

/// A call, ready to be sent.
pub(super) struct Prepared {
    /// The address, with its query.
    pub(super) url: String,
    /// The path and the query.
    target: String,
    /// The body of a POST.
    pub(super) body: Option<String>,
}

impl Prepared {
    pub(super) fn new(public_url: &str, path: &str, is_post: bool, values: Map<String, Value>) -> Self {
        let (target, body) = if is_post {
            (path.to_owned(), Some(Value::Object(values).to_string()))
        } else if values.is_empty() {
            (path.to_owned(), None)
        } else {
            (format!("{path}?{}", arguments::query(&values)), None)
        };
        Self { url: format!("{public_url}{target}"), target, body }
    }
}

/// The caller that the form describes.
pub(super) struct Caller<'a> {
    pub(super) who: &'a str,
    pub(super) key: Option<&'a HubKey>,
    pub(super) sub: &'a str,
    pub(super) origin: &'a str,
    pub(super) seconds: i64,
    pub(super) client: ClientAddress,
}

/// A response, as the page shows it.
pub(super) struct Sent {
    pub(super) status: u16,
    pub(super) class: &'static str,
    pub(super) took: String,
    pub(super) trace: String,
    pub(super) body: String,
    pub(super) is_cut: bool,
    pub(super) token: Option<String>,
}

/// Signs a token if the caller has one, and sends the call.
///
/// # Errors
/// A message about an invalid field of the form, in the person's language.
pub(super) async fn send(
    console: &Console,
    call: &Prepared,
    caller: &Caller<'_>,
    language: Language,
) -> Result<Sent, String> {
    let gateway = console.gateway().ok_or_else(|| "the gateway is not running".to_owned())?;
    let token = match caller.key.filter(|_| caller.who != "anonymous") {
        Some(key) => Some(sign(console, key, caller, language).await?),
        None => None,
    };
    let mut request = Request::new(Body::from(call.body.clone().unwrap_or_default()));
    *request.method_mut() = if call.body.is_some() { Method::POST } else { Method::GET };
    *request.uri_mut() = call.target.parse().map_err(|error| format!("{error}"))?;
    let headers = request.headers_mut();
    let tag = HeaderValue::from_static(language.tag());
    headers.insert(header::ACCEPT_LANGUAGE, tag);
    if call.body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, text) in [(TOKEN, token.as_deref().unwrap_or_default()), ("origin", caller.origin)] {
        if !text.is_empty() {
            headers.insert(name, HeaderValue::from_str(text).map_err(|error| format!("{name}: {error}"))?);
        }
    }
    // The gateway finds the address of the person as it would of any other caller.
    request.extensions_mut().insert(web::Peer((caller.client.0, 0).into()));
    let began = Instant::now();
    let response = gateway.call(request).await;
    let status = response.status().as_u16();
    let trace = response.headers().get(web::boundary::REQUEST_ID).and_then(|value| value.to_str().ok());
    let trace = trace.unwrap_or_default().to_owned();
    let bytes = to_bytes(response.into_body(), LARGEST).await.map_err(|error| error.to_string())?;
    let took_us = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
    let text = String::from_utf8_lossy(&bytes);
    let pretty =
        serde_json::from_str::<Value>(&text).ok().and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = pretty.unwrap_or_else(|| text.into_owned());
    let body: String = text.chars().take(SHOWN).collect();
    Ok(Sent {
        status,
        class: match status {
            ..=399 => "good",
            400..=499 => "warn",
            _ => "bad",
        },
        took: milliseconds(took_us),
        trace,
        is_cut: body.len() < text.len(),
        body,
        token,
    })
}

/// Signs a token with a key of the person's own.
async fn sign(
    console: &Console,
    key: &HubKey,
    caller: &Caller<'_>,
    language: Language,
) -> Result<String, String> {
    let iat = console.clock.now().as_millis() / 1000;
    let (sub, typ) = match caller.who {
        "person" => (caller.sub, "person_token"),
        _ => (key.ak.as_str(), "app_token"),
    };
    let claims = json!({"sub": sub, "typ": typ, "iat": iat, "exp": iat + caller.seconds});
    let Value::Object(claims) = claims else { return Err(String::new()) };
    let token = console.hub.issue_token(&key.ak, claims).await;
    token.map_err(|error| error.code().template(language).to_owned())
}
