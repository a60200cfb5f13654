//! Documents of known clients, for servers whose requests the client's host refuses: several hosts answer 403
//! to addresses of data centers. Recorded in September 2026. No I/O.

use super::rules::{Document, parse};

/// A client with one document.
struct KnownClient {
    url: &'static str,
    name: &'static str,
    redirect_uris: &'static [&'static str],
    /// The URL of the client's keys, or empty for a client without a key.
    jwks_uri: &'static str,
}

/// The keys of ChatGPT and Codex. Keys are never built in.
const CHATGPT_KEYS: &str = "https://chatgpt.com/oauth/jwks.json";
const CHATGPT: &str = "https://chatgpt.com/oauth/";
const CLIENT_JSON: &str = "/client.json";

const KNOWN: &[KnownClient] = &[
    KnownClient {
        url: "https://claude.ai/oauth/mcp-oauth-client-metadata",
        name: "Claude",
        redirect_uris: &["https://claude.ai/api/mcp/auth_callback"],
        jwks_uri: "",
    },
    KnownClient {
        url: "https://claude.ai/oauth/claude-code-client-metadata",
        name: "Claude Code",
        redirect_uris: &["http://localhost/callback", "http://127.0.0.1/callback"],
        jwks_uri: "",
    },
    KnownClient {
        url: "https://chatgpt.com/oauth/client.json",
        name: "ChatGPT",
        redirect_uris: &["https://chatgpt.com/connector_platform_oauth_redirect"],
        jwks_uri: CHATGPT_KEYS,
    },
    KnownClient {
        url: "https://chatgpt.com/oauth/codex/client.json",
        name: "Codex",
        redirect_uris: &["http://127.0.0.1/callback", "http://localhost/callback"],
        jwks_uri: CHATGPT_KEYS,
    },
    KnownClient {
        url: "https://vscode.dev/oauth/client-metadata.json",
        name: "Visual Studio Code",
        redirect_uris: &["http://127.0.0.1:33418/", "https://vscode.dev/redirect"],
        jwks_uri: "",
    },
    KnownClient {
        url: "https://opencode.ai/oauth/opencode/client.json",
        name: "opencode",
        redirect_uris: &["http://127.0.0.1/callback", "http://localhost/callback"],
        jwks_uri: "",
    },
    KnownClient {
        url: "https://zed.dev/oauth/client-metadata.json",
        name: "Zed",
        redirect_uris: &["http://127.0.0.1/callback"],
        jwks_uri: "",
    },
    KnownClient {
        url: "https://grok.com/oauth/mcp-client.json",
        name: "Grok",
        redirect_uris: &["https://grok.com/connectors-oauth-exchange-code/"],
        jwks_uri: "",
    },
];

/// Returns the document of a known client, by its exact URL. `more` are documents from the settings.
pub(super) fn find(url: &str, more: &[String], http_hosts: &[String]) -> Option<Document> {
    if let Some(known) = KNOWN.iter().find(|known| known.url == url) {
        let uris = known.redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
        return document(url, known.name, uris, known.jwks_uri, http_hosts);
    }
    let own = more.iter().find_map(|text| parse(url, text.as_bytes(), http_hosts).ok());
    own.or_else(|| connector(url, http_hosts))
}

/// Returns the document of one connector of ChatGPT or of one installation of Codex, whose URL has the id of
/// its callback.
fn connector(url: &str, http_hosts: &[String]) -> Option<Document> {
    let id = url.strip_prefix(CHATGPT)?.strip_suffix(CLIENT_JSON)?;
    let (is_codex, id) = id.strip_prefix("codex/").map_or((false, id), |id| (true, id));
    let is_id = (1..=200).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_id {
        return None;
    }
    let (name, uris) = if is_codex {
        ("Codex", ["127.0.0.1", "localhost"].map(|host| format!("http://{host}/callback/{id}")).to_vec())
    } else {
        ("ChatGPT", vec![format!("https://chatgpt.com/connector/oauth/{id}")])
    };
    document(url, name, uris, CHATGPT_KEYS, http_hosts)
}

fn document(
    url: &str,
    name: &str,
    uris: Vec<String>,
    jwks_uri: &str,
    http_hosts: &[String],
) -> Option<Document> {
    let mut value = serde_json::json!({"client_id": url, "client_name": name, "redirect_uris": uris});
    if !jwks_uri.is_empty()
        && let Some(members) = value.as_object_mut()
    {
        members.insert("token_endpoint_auth_method".into(), "private_key_jwt".into());
        members.insert(
            "token_endpoint_auth_methods_supported".into(),
            ["none", "private_key_jwt"].as_slice().into(),
        );
        members.insert("token_endpoint_auth_signing_alg".into(), "RS256".into());
        members.insert("jwks_uri".into(), jwks_uri.into());
    }
    parse(url, value.to_string().as_bytes(), http_hosts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::client_id::is_url;

    #[test]
    fn known_documents_are_valid() {
        for known in KNOWN {
            let found = find(known.url, &[], &[]).unwrap();
            assert!(is_url(known.url), "{}", known.url);
            assert_eq!(found.redirect_uris, known.redirect_uris, "{}", known.url);
            assert_eq!(found.jwks_uri, known.jwks_uri);
        }
    }

    #[test]
    fn connectors_have_documents_of_their_own() {
        let uris = |url: &str| find(url, &[], &[]).map(|found| found.redirect_uris);
        assert_eq!(
            uris("https://chatgpt.com/oauth/cb_1/client.json").unwrap(),
            ["https://chatgpt.com/connector/oauth/cb_1"]
        );
        assert_eq!(
            uris("https://chatgpt.com/oauth/codex/x-1/client.json").unwrap()[0],
            "http://127.0.0.1/callback/x-1"
        );
        for url in [
            "https://chatgpt.com/oauth//client.json",
            "https://chatgpt.com/oauth/a/b/client.json",
            "https://chatgpt.com/oauth/codex/a/b/client.json",
            "https://chatgpt.com/oauth/a%2Fb/client.json",
            "https://chatgpt.com.evil.example/oauth/a/client.json",
            "https://chatgpt.com/oauth/jwks.json",
            "https://claude.ai/oauth/mcp-oauth-client-metadata/",
            "https://claude.ai/oauth/other",
        ] {
            assert_eq!(uris(url), None, "{url}");
        }
    }

    #[test]
    fn settings_add_more() {
        let uris = r#""redirect_uris":["https://a.example/cb"]"#;
        let own = format!(r#"{{"client_id":"https://a.example/c","client_name":"A",{uris}}}"#);
        let more = [own, "{}".to_owned()];
        assert_eq!(find("https://a.example/c", &more, &[]).unwrap().name, "A");
        assert!(find("https://b.example/c", &more, &[]).is_none());
    }
}
