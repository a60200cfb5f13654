//! Leniency of registrations (RFC 7591 §2): what cannot be used is left out, and the response says what is in
//! force. No I/O.

use serde_json::{Map, Value};

use crate::{
    Scope, ScopeSet,
    application::{
        NewApplication, NewKeys,
        auth::{AuthMethod, AuthMethods},
        client_id::{MAX_NAME, is_https},
        redirect::{self, MAX_REDIRECT_URIS},
    },
    assertion,
    audience::MCP_PRESENT_SCOPES,
};

/// The name of an app that sends none.
const NAMELESS: &str = "App";
const CODE: &str = "authorization_code";
const GRANT_TYPES: [&str; 2] = [CODE, "refresh_token"];
/// Most scopes in a registration that are read.
const MAX_SCOPES: usize = 64;

/// A registration as it will be in force.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) new: NewApplication,
    pub(super) method: AuthMethod,
    pub(super) grant_types: Vec<&'static str>,
}

/// Reads a registration. Returns `None` if no redirect URI can be used. `http_hosts` are the hosts to which
/// plain http is allowed in redirect URIs.
pub(super) fn read(body: &Map<String, Value>, http_hosts: &[String]) -> Option<Registration> {
    let redirect_uris: Vec<String> = texts(body, "redirect_uris")
        .filter(|uri| redirect::is_usable(uri, http_hosts))
        .take(MAX_REDIRECT_URIS)
        .map(str::to_owned)
        .collect();
    if redirect_uris.is_empty() {
        return None;
    }
    let keys = keys(body);
    let is_local = redirect_uris.iter().all(|uri| redirect::is_local(uri));
    let method = match AuthMethod::parse(text(body, "token_endpoint_auth_method").unwrap_or_default()) {
        Some(AuthMethod::PrivateKeyJwt) if keys.is_empty() => fallback(is_local),
        Some(method) => method,
        None => fallback(is_local),
    };
    let asks_for = |known: &str| {
        texts(body, "grant_types").any(|names| names.split_whitespace().any(|name| name == known))
    };
    let mut grant_types: Vec<&str> = GRANT_TYPES.into_iter().filter(|known| asks_for(known)).collect();
    match grant_types.first() {
        None => grant_types = GRANT_TYPES.to_vec(),
        // The one response type, `code`, is of no use without it (RFC 7591 §2.1).
        Some(first) if *first != CODE => grant_types.insert(0, CODE),
        Some(_) => {}
    }
    let https = |name| text(body, name).filter(|url| is_https(url)).unwrap_or_default().to_owned();
    let new = NewApplication {
        name: name(client_name(body)),
        redirect_uris,
        scopes: scopes(&texts(body, "scope").collect::<Vec<_>>().join(" ")),
        is_public: method == AuthMethod::None,
        icon_url: https("logo_uri"),
        client_uri: https("client_uri"),
        auth_methods: AuthMethods::only(method),
        keys: if method == AuthMethod::PrivateKeyJwt { keys } else { NewKeys::default() },
        ..NewApplication::default()
    };
    Some(Registration { new, method, grant_types })
}

/// Returns the method of an app that names none that this server can use. A program on the person's machine
/// cannot keep a secret.
const fn fallback(is_local: bool) -> AuthMethod {
    if is_local { AuthMethod::None } else { AuthMethod::SecretBasic }
}

fn text<'b>(body: &'b Map<String, Value>, name: &str) -> Option<&'b str> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Returns the texts of a list, or a single text.
fn texts<'b>(body: &'b Map<String, Value>, name: &str) -> impl Iterator<Item = &'b str> {
    let value = body.get(name);
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.chain(value.filter(|value| value.is_string())).filter_map(Value::as_str)
}

/// Returns the name of the app, or the first one in some language (RFC 7591 §2.2).
fn client_name(body: &Map<String, Value>) -> Option<&str> {
    text(body, "client_name").or_else(|| {
        let mut names = body.keys().filter(|name| name.starts_with("client_name#"));
        names.find_map(|name| text(body, name))
    })
}

fn name(given: Option<&str>) -> String {
    let cleaned: String =
        web::names::cleaned(given.unwrap_or_default()).trim().chars().take(MAX_NAME).collect();
    if cleaned.trim().is_empty() { NAMELESS.to_owned() } else { cleaned.trim().to_owned() }
}

/// Returns the scopes in a list that apps may have, or those of the tools at `/mcp` if there are none.
fn scopes(list: &str) -> ScopeSet {
    let names = list.split([' ', ',', '+']).filter(|name| !name.is_empty()).take(MAX_SCOPES);
    let mut set = ScopeSet::EMPTY;
    for scope in names.filter_map(Scope::parse).filter(|scope| scope.is_for_apps()) {
        set.insert(scope);
    }
    if set.is_empty() { MCP_PRESENT_SCOPES } else { set }
}

/// Returns the keys of the app, if it sends any that can be used.
fn keys(body: &Map<String, Value>) -> NewKeys {
    let jwks = body.get("jwks").filter(|set| assertion::are_keys(set.to_string().as_bytes()));
    NewKeys {
        jwks_uri: text(body, "jwks_uri").filter(|url| is_https(url)).unwrap_or_default().to_owned(),
        jwks: jwks.map(ToString::to_string).unwrap_or_default(),
        signing_alg: text(body, "token_endpoint_auth_signing_alg")
            .unwrap_or_default()
            .chars()
            .take(16)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_json(body: Value) -> Option<Registration> {
        read(body.as_object().unwrap(), &[])
    }

    #[test]
    fn what_cannot_be_used_is_left_out() {
        let body = json!({
            "redirect_uris":
                ["https://a.example/cb", "javascript:alert(1)", "http://evil.example/", null, ""],
            "client_name": "x".repeat(101), "logo_uri": "http://a.example/l.png",
            "client_uri": "https://a.example",
            "grant_types": ["implicit", "refresh_token"], "response_types": ["token"],
            "application_type": "native",
            "scope": "openid memory.read *", "token_endpoint_auth_method": null, "software_id": "",
            "jwks": {"keys": []},
        });
        let read = read_json(body).unwrap();
        assert_eq!(read.new.redirect_uris, ["https://a.example/cb"]);
        assert_eq!(
            (read.new.name.len(), read.new.icon_url.as_str(), read.new.client_uri.as_str()),
            (100, "", "https://a.example")
        );
        assert_eq!(
            (read.grant_types, read.new.scopes.to_string()),
            (vec!["authorization_code", "refresh_token"], "memory.read".into())
        );
        assert_eq!((read.method, read.new.is_public), (AuthMethod::SecretBasic, false));
    }

    #[test]
    fn members_of_other_types_are_read_as_they_are_meant() {
        let registered = |more: Value| {
            let mut body = json!({"redirect_uris": ["https://a.example/cb"]});
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            read_json(body).unwrap()
        };
        let both = vec!["authorization_code", "refresh_token"];
        for (grants, expected) in [
            (json!("authorization_code"), vec!["authorization_code"]),
            (json!("authorization_code refresh_token"), both.clone()),
            (json!(["refresh_token"]), both.clone()),
            (json!(["implicit"]), both.clone()),
            (json!({"authorization_code": true}), both.clone()),
            (json!(null), both),
        ] {
            assert_eq!(registered(json!({"grant_types": grants})).grant_types, expected, "{grants}");
        }
        for (scope, expected) in [
            (json!(["memory.read", "note.write", 7]), "memory.read note.write".to_owned()),
            (json!("memory.read,  note.write"), "memory.read note.write".to_owned()),
            (json!(["memory.read note.write"]), "memory.read note.write".to_owned()),
            (json!([]), MCP_PRESENT_SCOPES.to_string()),
            (json!({"memory.read": true}), MCP_PRESENT_SCOPES.to_string()),
        ] {
            assert_eq!(registered(json!({"scope": scope})).new.scopes.to_string(), expected, "{scope}");
        }
        for (names, expected) in [
            (json!({"client_name#zh-Hans": "日记", "client_name": "Diary"}), "Diary"),
            (json!({"client_name#zh-Hans": "日记"}), "日记"),
            (json!({"client_name": ["Diary"]}), "App"),
            (json!({"client_name": null, "contacts": "a@b", "software_version": 1.5}), "App"),
        ] {
            assert_eq!(registered(names.clone()).new.name, expected, "{names}");
        }
    }

    #[test]
    fn the_method_follows_from_where_the_app_runs() {
        for (uris, method, expected) in [
            (json!(["http://127.0.0.1:33418/"]), json!(null), AuthMethod::None),
            (json!(["cursor://anysphere.cursor-mcp/oauth/callback"]), json!(""), AuthMethod::None),
            (json!(["http://localhost/cb", "https://a.example/cb"]), json!(null), AuthMethod::SecretBasic),
            (json!(["https://a.example/cb"]), json!("tls_client_auth"), AuthMethod::SecretBasic),
            (json!(["https://a.example/cb"]), json!("private_key_jwt"), AuthMethod::SecretBasic),
            (json!(["http://127.0.0.1/cb"]), json!("client_secret_post"), AuthMethod::SecretPost),
            (json!("https://a.example/cb"), json!("none"), AuthMethod::None),
        ] {
            let body = json!({"redirect_uris": uris, "token_endpoint_auth_method": method});
            assert_eq!(read_json(body.clone()).unwrap().method, expected, "{body}");
        }
        let body = json!({
            "redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": "private_key_jwt",
            "jwks_uri": "https://a.example/jwks.json",
        });
        let read = read_json(body).unwrap();
        assert_eq!(
            (read.method, read.new.keys.jwks_uri.as_str()),
            (AuthMethod::PrivateKeyJwt, "https://a.example/jwks.json")
        );
    }

    #[test]
    fn an_app_without_a_usable_redirect_uri_is_refused() {
        for uris in [json!(null), json!([]), json!(["http://a.example/cb"]), json!(["nodot://x"]), json!({})]
        {
            assert!(read_json(json!({"redirect_uris": uris})).is_none(), "{uris}");
        }
        let many: Vec<String> = (0..30).map(|number| format!("https://a.example/{number}")).collect();
        assert_eq!(read_json(json!({"redirect_uris": many})).unwrap().new.redirect_uris.len(), 20);
        let none = read_json(
            json!({"redirect_uris": ["https://a.example/cb"], "scope": "openid", "client_name": " "}),
        )
        .unwrap();
        assert_eq!((none.new.name.as_str(), none.new.scopes), ("App", MCP_PRESENT_SCOPES));
    }
}
