//! Requests with a person's credential, and those without one.

use std::{io, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use identity::{Access, Caller};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use serde_json::{Value, json};

use super::{accept, body};
use crate::{
    Agents, PATH, PATH_WITH_SLASH,
    challenge::Challenger,
    gate,
    limit::Action,
    server::{Server, is_challenged_in_results},
};

type Transport = StreamableHttpService<Server, NeverSessionManager>;

/// The person's server with its checks.
#[derive(Clone)]
pub(super) struct PersonServer {
    agents: Agents,
    transport: Transport,
}

impl PersonServer {
    pub(super) fn new(agents: Agents) -> Self {
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            // The layer in front checks hosts.
            .disable_allowed_hosts();
        let server = Server { agents: agents.clone() };
        let sessions = Arc::new(NeverSessionManager::default());
        let transport =
            StreamableHttpService::new(move || Ok::<_, io::Error>(server.clone()), sessions, config);
        Self { agents, transport }
    }

    fn challenger(&self, request: &Request) -> Challenger<'_> {
        let settings = self.agents.settings();
        // Clients compare the resource with the URL that the person typed.
        let path = if request.uri().path() == PATH_WITH_SLASH { PATH_WITH_SLASH } else { PATH };
        Challenger { base_url: &settings.base_url, path, scopes: settings.scopes }
    }

    /// Returns the challenge for a request without a credential.
    pub(super) async fn sign_in(&self, request: Request) -> Response {
        let response = self.challenger(&request).sign_in();
        body::discard(request.into_body()).await;
        response
    }

    /// Serves a request with a bearer credential.
    pub(super) async fn serve(&self, token: &str, request: Request) -> Response {
        let challenger = self.challenger(&request);
        let caller = match self.agents.identity().agent_caller(token).await {
            Ok(caller) => caller,
            Err(error) if error.code().status().is_client_error() => {
                body::discard(request.into_body()).await;
                return challenger.invalid_token();
            }
            Err(error) => return error.into_response(),
        };
        let agent = (caller.account(), caller.client());
        let take = |action| self.agents.limits().take(&agent, action, self.agents.db().clock().now());
        if let Err(wait) = take(Action::Request) {
            body::discard(request.into_body()).await;
            return slow_down(wait);
        }
        if request.method() != Method::POST {
            body::discard(request.into_body()).await;
            return only_post();
        }
        let (mut parts, content) = request.into_parts();
        let body::Message { mut value, mut bytes } = match body::read(&parts.headers, content).await {
            Ok(message) => message,
            Err(refused) => return refused,
        };
        if let Some(refused) = self.check_scope(challenger, &caller, &value) {
            return refused;
        }
        if let Some(Err(wait)) = gate::action(&value).map(take) {
            return slow_down(wait);
        }
        let version = parts.headers.get("mcp-protocol-version").map(HeaderValue::to_str);
        if gate::is_unknown_version(version.map(Result::unwrap_or_default), &value) {
            let text = format!("Unsupported MCP-Protocol-Version; supported: {}", gate::VERSIONS.join(", "));
            return body::refusal(StatusCode::BAD_REQUEST, -32600, &text);
        }
        if gate::wrap_arguments(&mut value) {
            bytes = Bytes::from(value.to_string());
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        let accepted = accept::adapt(&parts.method, &mut parts.headers);
        parts.extensions.insert(caller);
        let request = Request::from_parts(parts, Body::from(bytes));
        let response = self.transport.handle(request).await.map(Body::new);
        accepted.apply(no_store(body::explain(response))).await
    }

    /// Returns the challenge if a message needs a scope that the person was not asked for.
    fn check_scope(&self, challenger: Challenger<'_>, caller: &Caller, message: &Value) -> Option<Response> {
        let need = gate::need(message).or_else(|| self.agents.hub_need(message))?;
        if caller.access(need.ability) != Access::NotAsked {
            return None;
        }
        // Some clients read challenges of tools in results only.
        if is_challenged_in_results(caller) && gate::method(message) == "tools/call" {
            return None;
        }
        let scopes = need.with(caller.scopes());
        Some(challenger.insufficient(scopes, need.missing))
    }
}

fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn only_post() -> Response {
    let mut response = body::refusal(StatusCode::METHOD_NOT_ALLOWED, -32600, "Only POST is served here");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

fn slow_down(wait: u64) -> Response {
    let description = format!("Too many requests of this agent: wait {wait} seconds");
    let body = json!({"error": "too_many_requests", "error_description": description});
    let mut response = web::envelope::json(StatusCode::TOO_MANY_REQUESTS, &body);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    response
}
