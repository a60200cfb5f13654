//! Client id metadata documents: what a document says, and for how long a response is used. No I/O.

use serde::Deserialize;
use serde_json::Value;
use web::Language;

use crate::application::{
    auth::AuthMethods,
    client_id::{MAX_NAME, is_https},
    redirect::{self, MAX_REDIRECT_URIS},
};

/// Largest document in bytes.
pub(crate) const MAX_DOCUMENT: usize = 16 * 1024;
/// Shortest, longest, and usual time for which a response is used, in seconds.
const FRESH_SECONDS: (i64, i64, i64) = (300, 86_400, 3600);

/// The description of an app by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The URL of the document, which is the client id.
    pub url: String,
    /// The name of the app.
    pub name: String,
    /// The URIs to which a person may be redirected, at least one.
    pub redirect_uris: Vec<String>,
    /// The methods by which the app may authenticate.
    pub(crate) methods: AuthMethods,
    /// The URL of the app's keys; may be empty.
    pub(crate) jwks_uri: String,
    /// The app's keys as JSON; may be empty.
    pub(crate) jwks: String,
    /// The algorithm of the app's assertions; may be empty.
    pub(crate) signing_alg: String,
    /// The https URL of the app's web site; may be empty.
    pub client_uri: String,
    /// The https URL of a picture; may be empty.
    pub logo_uri: String,
}

/// The reason why a document is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The host is in a network that must not be called, or the URL cannot be called.
    Refused,
    /// There was no response, or none in time.
    Unreachable,
    /// The response had this status.
    Status(u16),
    /// The response is not JSON by its type.
    MediaType,
    /// The response is larger than this number of bytes.
    TooLarge(usize),
    /// The document is not a JSON object.
    Malformed,
    /// This member is missing or not valid.
    Member(&'static str),
    /// The document contains a secret, or names a method with a shared secret.
    Secret,
}

impl Problem {
    /// Returns the reason as text.
    pub(crate) fn text(&self, language: Language) -> String {
        let (zh, en) = match self {
            Self::Refused => ("该地址不允许访问", "this address may not be called"),
            Self::Unreachable => ("无法及时取得", "it could not be fetched in time"),
            Self::Status(status) => {
                return match language {
                    Language::Zh => format!("服务器返回了 {status}"),
                    Language::En => format!("its server returned {status}"),
                };
            }
            Self::MediaType => ("它不是 JSON", "it is not sent as JSON"),
            Self::TooLarge(limit) => {
                return match language {
                    Language::Zh => format!("它超过 {limit} 字节"),
                    Language::En => format!("it is larger than {limit} bytes"),
                };
            }
            Self::Malformed => ("它不是 JSON 对象", "it is not a JSON object"),
            Self::Member(name) => {
                return match language {
                    Language::Zh => format!("{name} 缺失或无效"),
                    Language::En => format!("its {name} is missing or not valid"),
                };
            }
            Self::Secret => ("它含有密钥或共享密钥方式", "it has a secret, or a method with a shared secret"),
        };
        match language {
            Language::Zh => zh.to_owned(),
            Language::En => en.to_owned(),
        }
    }
}

/// The members of a document that matter. Others are ignored, unknown grant types among them.
#[derive(Deserialize)]
struct Wire {
    client_id: Option<String>,
    client_name: Option<String>,
    redirect_uris: Option<Vec<Value>>,
    token_endpoint_auth_method: Option<Value>,
    token_endpoint_auth_methods_supported: Option<Value>,
    token_endpoint_auth_signing_alg: Option<String>,
    jwks_uri: Option<String>,
    jwks: Option<Value>,
    logo_uri: Option<String>,
    client_uri: Option<String>,
    client_secret: Option<Value>,
    client_secret_expires_at: Option<Value>,
}

/// True if a media type is JSON: `application/json` or one that ends in `+json`.
pub(crate) fn is_json(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Returns the seconds for which a response may be used, from its `Cache-Control`.
pub(crate) fn fresh_seconds(cache_control: Option<&str>) -> i64 {
    let (least, most, usual) = FRESH_SECONDS;
    let parts = cache_control.unwrap_or_default().split(',').map(str::trim);
    let mut seconds =
        parts.filter_map(|part| part.to_ascii_lowercase().strip_prefix("max-age=")?.parse().ok());
    seconds.next_back().map_or(usual, |seconds: i64| seconds.clamp(least, most))
}

/// Parses the document at a URL. `http_hosts` are the hosts to which plain http is allowed in redirect URIs.
///
/// # Errors
/// The first problem.
pub(crate) fn parse(url: &str, body: &[u8], http_hosts: &[String]) -> Result<Document, Problem> {
    if body.len() > MAX_DOCUMENT {
        return Err(Problem::TooLarge(MAX_DOCUMENT));
    }
    let wire: Wire = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data if body.trim_ascii_start().starts_with(b"{") => {
            Problem::Member("JSON")
        }
        _ => Problem::Malformed,
    })?;
    if wire.client_id.as_deref() != Some(url) {
        return Err(Problem::Member("client_id"));
    }
    if wire.client_secret.is_some() || wire.client_secret_expires_at.is_some() {
        return Err(Problem::Secret);
    }
    let name: String =
        web::names::cleaned(&wire.client_name.unwrap_or_default()).chars().take(MAX_NAME).collect();
    if name.trim().is_empty() {
        return Err(Problem::Member("client_name"));
    }
    let uris = wire.redirect_uris.unwrap_or_default();
    let uris = uris.iter().filter_map(Value::as_str).take(MAX_REDIRECT_URIS);
    let redirect_uris: Vec<String> =
        uris.filter(|uri| redirect::is_usable(uri, http_hosts)).map(str::to_owned).collect();
    if redirect_uris.is_empty() {
        return Err(Problem::Member("redirect_uris"));
    }
    let methods = methods(wire.token_endpoint_auth_method, wire.token_endpoint_auth_methods_supported)?;
    let jwks_uri = wire.jwks_uri.filter(|url| is_https(url)).unwrap_or_default();
    let jwks = wire.jwks.filter(Value::is_object).map(|set| set.to_string()).unwrap_or_default();
    if methods == AuthMethods::KEY && jwks_uri.is_empty() && jwks.is_empty() {
        return Err(Problem::Member("jwks_uri"));
    }
    let https = |url: Option<String>| url.filter(|url| is_https(url)).unwrap_or_default();
    Ok(Document {
        url: url.to_owned(),
        name: name.trim().to_owned(),
        redirect_uris,
        methods,
        jwks_uri,
        jwks,
        signing_alg: wire.token_endpoint_auth_signing_alg.unwrap_or_default(),
        client_uri: https(wire.client_uri),
        logo_uri: https(wire.logo_uri),
    })
}

/// Returns the methods in both of the document's members: the list, or without it the single one.
fn methods(single: Option<Value>, list: Option<Value>) -> Result<AuthMethods, Problem> {
    let names: Vec<String> = match (list, single) {
        (Some(Value::Array(list)), single) => {
            list.into_iter().chain(single).filter_map(|name| name.as_str().map(str::to_owned)).collect()
        }
        (_, Some(Value::String(name))) if !name.is_empty() => vec![name],
        _ => vec!["none".to_owned()],
    };
    if names.iter().any(|name| name.starts_with("client_secret")) {
        return Err(Problem::Secret);
    }
    let methods = AuthMethods::of(names.iter().map(String::as_str)).and(AuthMethods::WITHOUT_SECRET);
    if methods.is_empty() { Err(Problem::Member("token_endpoint_auth_method")) } else { Ok(methods) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const URL: &str = "https://client.example/oauth/client.json";

    fn document() -> Value {
        json!({"client_id": URL, "client_name": "A client", "redirect_uris": ["http://127.0.0.1/callback"]})
    }

    fn read(value: &Value) -> Result<Document, Problem> {
        parse(URL, value.to_string().as_bytes(), &[])
    }

    #[test]
    fn a_document_is_read_leniently() {
        let found = read(&document()).unwrap();
        assert_eq!((found.name.as_str(), found.methods), ("A client", AuthMethods::NONE));
        let mut rich = document();
        rich["grant_types"] = json!(["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]);
        rich["redirect_uris"] =
            json!(["https://client.example/cb", "javascript:alert(1)", "http://evil.example/cb", 1]);
        rich["logo_uri"] = json!("http://client.example/logo.png");
        rich["client_uri"] = json!("https://client.example");
        let found = read(&rich).unwrap();
        assert_eq!(found.redirect_uris, ["https://client.example/cb"]);
        assert_eq!((found.logo_uri.as_str(), found.client_uri.as_str()), ("", "https://client.example"));
    }

    #[test]
    fn methods_are_those_without_a_secret() {
        let keys = "https://client.example/jwks.json";
        for (single, list, expected) in [
            (json!(null), json!(null), Ok(AuthMethods::NONE)),
            (json!("none"), json!(null), Ok(AuthMethods::NONE)),
            (json!("private_key_jwt"), json!(null), Ok(AuthMethods::KEY)),
            (json!("private_key_jwt"), json!(["none", "private_key_jwt"]), Ok(AuthMethods::WITHOUT_SECRET)),
            (json!("client_secret_post"), json!(null), Err(Problem::Secret)),
            (json!(null), json!(["none", "client_secret_basic"]), Err(Problem::Secret)),
            (json!("tls_client_auth"), json!(null), Err(Problem::Member("token_endpoint_auth_method"))),
        ] {
            let mut value = document();
            value["token_endpoint_auth_method"] = single;
            value["token_endpoint_auth_methods_supported"] = list;
            value["jwks_uri"] = json!(keys);
            assert_eq!(read(&value).map(|found| found.methods), expected, "{value}");
        }
        let mut value = document();
        value["token_endpoint_auth_method"] = json!("private_key_jwt");
        assert_eq!(read(&value).err(), Some(Problem::Member("jwks_uri")));
        value["jwks_uri"] = json!("http://client.example/jwks.json");
        assert_eq!(read(&value).err(), Some(Problem::Member("jwks_uri")));
    }

    #[test]
    fn documents_that_are_not_used() {
        for (name, value, problem) in [
            ("client_id", json!("https://client.example/oauth/other.json"), Problem::Member("client_id")),
            ("client_id", json!("https://client.example/oauth/client.json/"), Problem::Member("client_id")),
            ("client_id", Value::Null, Problem::Member("client_id")),
            ("client_name", json!(" "), Problem::Member("client_name")),
            ("client_name", Value::Null, Problem::Member("client_name")),
            ("redirect_uris", json!([]), Problem::Member("redirect_uris")),
            ("redirect_uris", json!(["http://evil.example/cb"]), Problem::Member("redirect_uris")),
            ("client_secret", json!("x"), Problem::Secret),
            ("client_secret_expires_at", json!(0), Problem::Secret),
            ("client_name", json!(1), Problem::Member("JSON")),
        ] {
            let mut changed = document();
            changed[name] = value;
            assert_eq!(read(&changed).err(), Some(problem), "{changed}");
        }
        for text in ["", "[]", "x", "null"] {
            assert!(parse(URL, text.as_bytes(), &[]).is_err(), "{text}");
        }
        assert_eq!(parse(URL, &[b' '; MAX_DOCUMENT + 1], &[]).err(), Some(Problem::TooLarge(MAX_DOCUMENT)));
    }

    #[test]
    fn responses_are_kept_for_minutes_to_a_day() {
        for (value, seconds) in [
            (None, 3600),
            (Some("no-store"), 3600),
            (Some("public, max-age=600"), 600),
            (Some("Max-Age=600"), 600),
            (Some("max-age=0"), 300),
            (Some("max-age=999999999"), 86_400),
            (Some("max-age=x"), 3600),
        ] {
            assert_eq!(fresh_seconds(value), seconds, "{value:?}");
        }
        assert!(is_json("application/json; charset=utf-8") && is_json("Application/CIMD+JSON"));
        assert!(!is_json("text/html") && !is_json("text/json+json") && !is_json(""));
    }

    proptest! {
        #[test]
        fn any_document_is_read_or_refused(text in "\\PC{0,80}") {
            let _ = parse(URL, text.as_bytes(), &[]);
        }
    }
}
