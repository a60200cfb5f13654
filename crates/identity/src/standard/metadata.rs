//! Metadata documents, from which programs discover the endpoints of this server. No I/O.

use serde_json::{Value, json};

use crate::{Audience, Scope, ScopeSet, application::auth::AuthMethod, assertion};

/// Returns the scopes that an app may request for a resource.
fn scopes(audience: Audience) -> Vec<&'static str> {
    audience.limit(ScopeSet::of(Scope::ALL)).names()
}

/// Returns every scope that an app may request, and the one with which clients ask for refresh tokens.
fn all_scopes(has_hub: bool) -> Vec<&'static str> {
    let is_used = |scope: &&Scope| scope.is_for_apps() && (has_hub || **scope != Scope::HubCall);
    let all = Scope::ALL.iter().filter(is_used).map(|scope| scope.name());
    all.chain(["offline_access"]).collect()
}

/// Returns the metadata of RFC 8414. The issuer is the server's URL without a slash at the end. `has_hub` is
/// true if agents may call the Hub.
pub(super) fn server(issuer: &str, may_register: bool, has_hub: bool) -> Value {
    let methods: Vec<&str> = AuthMethod::ALL.iter().map(|method| method.name()).collect();
    let with_a_secret = ["client_secret_basic", "client_secret_post"];
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "introspection_endpoint": format!("{issuer}/oauth/introspect"),
        "scopes_supported": all_scopes(has_hub),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": assertion::algorithms(),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": assertion::algorithms(),
        "introspection_endpoint_auth_methods_supported": with_a_secret,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
        "service_documentation": format!("{issuer}/docs"),
        "ui_locales_supported": ["zh-CN", "en"],
    });
    if may_register && let Some(members) = document.as_object_mut() {
        members.insert("registration_endpoint".into(), json!(format!("{issuer}/oauth/register")));
    }
    document
}

/// Returns the metadata of RFC 9728 for the resource at a path of this server. An empty path is the whole
/// server.
pub(super) fn resource(issuer: &str, path: &str) -> Value {
    protected(issuer, path, &scopes(Audience::Server))
}

/// Returns the metadata of RFC 9728 for the MCP server at a path. Clients request all scopes of it, so it has
/// only those that are asked for first.
pub(super) fn mcp(issuer: &str, path: &str, scopes: ScopeSet) -> Value {
    protected(issuer, path, &scopes.names())
}

fn protected(issuer: &str, path: &str, scopes: &[&str]) -> Value {
    json!({
        "resource": format!("{issuer}{path}"),
        "authorization_servers": [issuer],
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
        "resource_name": "Doppel",
        "resource_documentation": format!("{issuer}/docs"),
    })
}
