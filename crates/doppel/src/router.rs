//! The complete router: the routes of all crates under their paths, behind the authentication middleware and
//! the boundary.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use agents::Agents;
use avatars::Avatars;
use axum::{
    Router,
    body::Body,
    extract::State,
    middleware::from_fn_with_state,
    response::Response,
    routing::{future::RouteFuture, get},
};
use chat::Chat;
use futures::{
    FutureExt,
    future::{BoxFuture, Either},
};
use http::{HeaderName, HeaderValue, Method, Request, header};
use hub::{Gateway, Hub};
use identity::{Cookies, Guard, Identity, guard};
use memory::Memory;
use plaza::Plaza;
use store::Database;
use tower::{Service, util::option_layer};
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, Predicate},
    cors::{AllowHeaders, AllowOrigin, CorsLayer},
};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use web::{ApiError, Code, boundary, server::Leaving};

use crate::{config::Config, older, openapi, reference, tools::HubTools};

/// Routes that need no caller, in addition to those of the console. Every other route needs one, so a new
/// route is closed by default.
const PUBLIC: &[&str] = &[
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/reference",
    "/reference/",
    "/reference/{*rest}",
    "/cdn/{key}",
    "/api/oauth/token/code",
    "/api/oauth/token/refresh",
    "/api/oauth/token/client",
    "/gate/lab/api/oauth/token/code",
    "/gate/lab/api/oauth/token/refresh",
    "/gate/lab/api/oauth/token/client",
];

/// Routes that are served even if the limit of requests in flight is reached.
pub(crate) const UNBOUNDED: &[&str] = &["/healthz", "/readyz"];

/// Sizes of JSON responses that are compressed, in bytes. Compressing smaller ones gains nothing; larger ones
/// would delay others.
const COMPRESSED_BYTES: std::ops::RangeInclusive<u64> = 1024..=131_072;

/// The services of all crates that the routes use.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) db: Database,
    pub(crate) identity: Identity,
    pub(crate) memory: Memory,
    pub(crate) chat: Chat,
    pub(crate) agents: Agents,
    pub(crate) avatars: Avatars,
    pub(crate) plaza: Plaza,
    pub(crate) hub: Hub,
    pub(crate) console: console::Console,
    /// The public base URL of the server, without a trailing slash.
    pub(crate) base_url: String,
}

/// Returns the routes that need no caller.
pub(crate) fn public_routes() -> impl Iterator<Item = &'static str> {
    PUBLIC
        .iter()
        .chain(agents::PUBLIC)
        .chain(avatars::PUBLIC)
        .chain(console::PUBLIC)
        .chain(identity::standard::PUBLIC)
        .chain(identity::program::PUBLIC)
        .copied()
}

/// Returns the routes of the API, relative to a base path.
fn api(services: &console::Services) -> OpenApiRouter {
    let identity = &services.identity;
    services
        .memory
        .api()
        .merge(services.chat.api())
        .merge(services.plaza.api())
        .merge(services.avatars.api())
        .merge(services.hub.api())
        .merge(identity::key::router(identity.clone()))
        .merge(identity::application::router(identity.clone()))
        .merge(identity::grant::router(identity.clone()))
        .merge(identity::program::router(identity.clone()))
}

/// Returns the API under both of its base paths, `/api` and `/gate/lab/api`.
fn api_router(services: &Services) -> Router {
    let (router, _) = api(&services.console.services()).split_for_parts();
    Router::new().nest("/api", router.clone()).nest("/gate/lab/api", router)
}

/// Returns the OpenAPI document of these services.
pub(crate) fn document(services: &console::Services) -> OpenApi {
    let (_, described) = api(services).split_for_parts();
    let session_cookie = Cookies::new(services.identity.settings().secure_cookies).session_name();
    let mut document = openapi::base(&session_cookie).nest("/api", described);
    openapi::complete(&mut document);
    document
}

/// Returns the OpenAPI document as JSON, for the pages with the documentation.
pub(crate) fn described(services: &console::Services) -> serde_json::Value {
    serde_json::to_value(document(services)).unwrap_or_default()
}

/// Builds the service for all requests: the gateway for calls of the Hub, and the router for everything else.
pub(crate) fn front(
    services: &Services,
    config: &Config,
    limits: boundary::Limits,
    leaving: Leaving,
) -> Result<Front, ApiError> {
    let process = services.db.random().bytes::<8>();
    let process = u64::from_be_bytes(process);
    let boundary = boundary::Boundary::new(limits, console::ERROR_PAGES, &services.base_url, process);
    let gateway = Gateway::new(services.hub.clone(), Arc::clone(&boundary));
    services.chat.use_tools(Arc::new(HubTools(gateway.clone())));
    if config.mcp.hub_tools_for_people {
        services.agents.use_hub(Arc::new(HubTools(gateway.clone())));
    }
    Ok(Front {
        router: router(services, config, Arc::clone(&boundary), &gateway, leaving)?,
        gateway,
        boundary,
    })
}

/// The Hub's gateway and the router. The gateway comes first, because it recognizes its paths by their first
/// segment and always returns its own envelope. Routes, authentication and cookies of the router do not apply
/// to it.
#[derive(Clone)]
pub(crate) struct Front {
    gateway: Gateway,
    router: Router,
    boundary: Arc<boundary::Boundary>,
}

impl Front {
    /// Returns the gateway for calls of the Hub.
    pub(crate) fn gateway(&self) -> Gateway {
        self.gateway.clone()
    }
}

impl Service<Request<Body>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Both are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        older::rewrite(&mut request);
        if let Some(refused) = self.boundary.refuse(&request) {
            return Either::Right(Box::pin(std::future::ready(Ok(refused))));
        }
        if Gateway::takes(request.uri().path()) {
            Either::Right(Box::pin(self.gateway.clone().call(request).map(Ok)))
        } else {
            Either::Left(self.router.call(request))
        }
    }
}

/// Builds the router of the server.
fn router(
    services: &Services,
    config: &Config,
    boundary: Arc<boundary::Boundary>,
    gateway: &Gateway,
    leaving: Leaving,
) -> Result<Router, ApiError> {
    let described = services.console.services();
    let guarded = Guard::new(services.identity.clone(), public_routes());
    Ok(api_router(services)
        .merge(memory::file::download(services.memory.clone()))
        .merge(health(services.db.clone(), leaving))
        .merge(reference::router(move || document(&described)))
        .merge(console::router(services.console.clone()))
        .merge(identity::standard::router(services.identity.clone(), &services.base_url))
        .merge(services.chat.openai())
        .merge(services.avatars.older_api())
        .merge(services.hub.api())
        .merge(mcp(services, config, gateway))
        .merge(agents::skill_router(&services.base_url))
        .route_layer(from_fn_with_state(guarded, guard))
        .fallback(|| async { ApiError::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { ApiError::new(Code::MethodNotAllowed) })
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SmallJson))
        .layer(option_layer(cors(&config.server.cors_origins)))
        .layer(from_fn_with_state(boundary, boundary::layer)))
}

/// Returns the routes of the MCP servers: the person's, and the Hub's.
fn mcp(services: &Services, config: &Config, gateway: &Gateway) -> Router {
    let server = &config.server;
    let origins = [server.cors_origins.as_slice(), &config.mcp.allowed_origins].concat();
    let allowed = agents::Allowed::new(&services.base_url, &origins, server.listen.is_loopback());
    let hub = agents::Hub(hub::mcp::router(gateway.clone(), server.max_body_bytes));
    agents::router(services.agents.clone(), hub, allowed)
}

/// Selects the responses that are compressed on the fly: JSON that takes at most about a millisecond. Static
/// files are compressed once (`web::asset`). Pages are not compressed, because they contain secrets beside
/// text of the sender, and the compressed size would leak them. Streams are not compressed, because they must
/// not wait for a block to fill.
#[derive(Debug, Clone, Copy)]
struct SmallJson;

impl Predicate for SmallJson {
    fn should_compress<B: http_body::Body>(&self, response: &Response<B>) -> bool {
        let kind = response.headers().get(header::CONTENT_TYPE);
        kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
            && response.body().size_hint().exact().is_some_and(|bytes| COMPRESSED_BYTES.contains(&bytes))
    }
}

/// Returns the routes for liveness (`/healthz`) and readiness (`/readyz`).
fn health(db: Database, leaving: Leaving) -> Router {
    let ready = get(ready).with_state((db, leaving));
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", ready)
}

async fn ready(State((db, leaving)): State<(Database, Leaving)>) -> Result<&'static str, ApiError> {
    if leaving.has_begun() {
        return Err(ApiError::new(Code::Unavailable).because("the server is about to stop"));
    }
    db.ping().await.map_err(|error| ApiError::new(Code::Unavailable).because(error))?;
    Ok("ready\n")
}

/// Returns the CORS layer. Browsers may call the API from the configured origins with a key or a token;
/// cookies are only for the server's own pages.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let origin = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let layer = CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        // Clients of OpenAI and MCP send many headers of their own. Without cookies none of them is
        // dangerous.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            boundary::REQUEST_ID,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            HeaderName::from_static("mcp-session-id"),
        ])
        .max_age(Duration::from_secs(600));
    Some(layer)
}
