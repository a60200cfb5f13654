//! Challenges: how a client learns where to sign in and which scopes to ask for (RFC 6750, RFC 9728). No I/O.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use identity::ScopeSet;
use serde_json::json;

/// The addresses that a challenge names, for one way of writing the server's path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Challenger<'c> {
    /// The public base URL of the server.
    pub(crate) base_url: &'c str,
    /// The path of the request: with or without a slash at the end.
    pub(crate) path: &'c str,
    /// The scopes that are asked for first.
    pub(crate) scopes: ScopeSet,
}

impl Challenger<'_> {
    fn metadata(&self) -> String {
        format!("{}/.well-known/oauth-protected-resource{}", self.base_url, self.path)
    }

    /// Returns 401 for a request without a credential.
    pub(crate) fn sign_in(&self) -> Response {
        let value = format!("Bearer resource_metadata=\"{}\", scope=\"{}\"", self.metadata(), self.scopes);
        respond(StatusCode::UNAUTHORIZED, &value, "unauthorized", "Sign in to use this server")
    }

    /// Returns 401 for a credential that is not valid here.
    pub(crate) fn invalid_token(&self) -> Response {
        let description = "The access token is unknown or no longer valid";
        let value = format!(
            "Bearer error=\"invalid_token\", error_description=\"{description}\", \
             resource_metadata=\"{}\", scope=\"{}\"",
            self.metadata(),
            self.scopes
        );
        respond(StatusCode::UNAUTHORIZED, &value, "invalid_token", description)
    }

    /// Returns the challenge for more scopes. `scopes` are the granted and the needed ones together, because
    /// some clients replace what they have by this list.
    pub(crate) fn more(&self, scopes: ScopeSet, description: &str) -> String {
        format!(
            "Bearer error=\"insufficient_scope\", scope=\"{scopes}\", resource_metadata=\"{}\", \
             error_description=\"{description}\"",
            self.metadata()
        )
    }

    /// Returns 403 for a caller who needs more scopes.
    pub(crate) fn insufficient(&self, scopes: ScopeSet, description: &str) -> Response {
        let value = self.more(scopes, description);
        respond(StatusCode::FORBIDDEN, &value, "insufficient_scope", description)
    }
}

fn respond(status: StatusCode, challenge: &str, error: &str, description: &str) -> Response {
    let body = json!({"error": error, "error_description": description});
    let mut response = web::envelope::json(status, &body);
    if let Ok(value) = HeaderValue::from_str(challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_as_clients_parse_them() {
        let scopes = ScopeSet::parse_list("userinfo memory.read memory.write note.write").unwrap();
        let challenger = Challenger { base_url: "https://me.example", path: "/mcp", scopes };
        let header =
            |response: &Response| response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned();
        assert_eq!(
            header(&challenger.sign_in()),
            "Bearer resource_metadata=\"https://me.example/.well-known/oauth-protected-resource/mcp\", \
             scope=\"userinfo memory.read memory.write note.write\""
        );
        assert_eq!(
            header(&challenger.invalid_token()),
            "Bearer error=\"invalid_token\", \
             error_description=\"The access token is unknown or no longer valid\", \
             resource_metadata=\"https://me.example/.well-known/oauth-protected-resource/mcp\", \
             scope=\"userinfo memory.read memory.write note.write\""
        );
        let more = ScopeSet::parse_list("userinfo memory.read chat.write").unwrap();
        assert_eq!(
            challenger.more(more, "Talking to the double was not allowed yet"),
            "Bearer error=\"insufficient_scope\", scope=\"userinfo memory.read chat.write\", \
             resource_metadata=\"https://me.example/.well-known/oauth-protected-resource/mcp\", \
             error_description=\"Talking to the double was not allowed yet\""
        );
        let with_slash = Challenger { path: "/mcp/", ..challenger };
        assert!(header(&with_slash.sign_in()).contains("oauth-protected-resource/mcp/\""));
    }
}
