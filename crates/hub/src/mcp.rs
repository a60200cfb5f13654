//! The catalog for agents: an MCP server over streamable HTTP. Its tools are the actions that the caller
//! may call.
//!
//! The caller is identified by a token as in a call, in `Apihub-Token` or as a bearer token, which is all
//! that many clients can send. Without a token the caller is anonymous. A tool call goes through the
//! gateway ([`Gateway`]) as any other call, with the same limits, allowlists, records, and errors. There are
//! no MCP sessions, so any process can serve any request.

pub(crate) mod tools;

use std::{io, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, Implementation, ListToolsResult, PaginatedRequestParams,
        ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
    },
};

use crate::{
    Gateway,
    call::{HubCode, HubError, TOKEN, address},
};

const INSTRUCTIONS: &str = "Each tool is an action of an API behind this hub. A tool's result is the \
    action's result; \
     an error has a code to branch on, and a trace to ask the hub's owner about.";

/// Returns the service, at whatever path it is mounted. Request bodies over `largest` bytes are refused. What
/// is in front of it checks origins, and adapts content types.
pub fn router(gateway: Gateway, largest: usize) -> Router {
    let mut config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts();
    config.max_request_body_bytes = largest;
    let served = Server { gateway: gateway.clone() };
    let sessions = Arc::new(NeverSessionManager::default());
    let service = StreamableHttpService::new(move || Ok::<_, io::Error>(served.clone()), sessions, config);
    Router::new().fallback_service(service).layer(from_fn_with_state(gateway, known))
}

/// Middleware: refuses a caller with an invalid token before the request is parsed. Moves a bearer token to
/// the header where a call has it.
async fn known(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    bearer_as_token(request.headers_mut());
    let address = address(request.extensions());
    match gateway.caller(request.headers(), address).await {
        Ok(_caller) => next.run(request).await,
        Err(error) => {
            let mut response = gateway.refusal(&error, request.headers());
            // Only a 401 can be fixed with another token.
            let how = match error.code() {
                HubCode::TokenMissing => Some("Bearer"),
                code if code.status() == StatusCode::UNAUTHORIZED => Some("Bearer error=\"invalid_token\""),
                _ => None,
            };
            if let Some(how) = how {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(how));
            }
            response
        }
    }
}

/// Copies a bearer token into the header `Apihub-Token`, unless that is present.
fn bearer_as_token(headers: &mut HeaderMap) {
    if headers.contains_key(TOKEN) {
        return;
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().split_at_checked(7));
    let token = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
    if let Some(Ok(token)) = token.map(|(_, token)| HeaderValue::from_bytes(token)) {
        headers.insert(TOKEN, token);
    }
}

/// The MCP request handler.
#[derive(Clone)]
struct Server {
    gateway: Gateway,
}

/// Returns the head of the HTTP request that carried a message.
fn parts(context: &RequestContext<RoleServer>) -> Result<&Parts, ErrorData> {
    context
        .extensions
        .get::<Parts>()
        .ok_or_else(|| ErrorData::internal_error("the request has no headers", None))
}

fn refused(error: &HubError) -> ErrorData {
    ErrorData::invalid_request(error.code().name(), Some(error.detail.clone()))
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("doppel-hub", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let parts = parts(&context)?;
        let caller = self.gateway.caller(&parts.headers, address(&parts.extensions)).await;
        let caller = caller.map_err(|error| refused(&error))?;
        let after = request.and_then(|request| request.cursor);
        Ok(tools::page(self.gateway.hub(), caller.as_ref(), after.as_deref()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let parts = parts(&context)?;
        let arguments = request.arguments.unwrap_or_default();
        let (path, arguments) = tools::asked(self.gateway.hub(), &request.name, arguments)
            .map_err(|why| ErrorData::invalid_params(why, None))?;
        let body = serde_json::to_vec(&arguments);
        let body = body.map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
        let call = tools::call(parts, &path, body)
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        let response = self.gateway.clone().call(call).await;
        Ok(tools::result(response).await.into())
    }
}
