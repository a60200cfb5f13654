//! The whole router: every room's routes under their paths, behind the guard and the boundary.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

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
use hub::{Door, Hub};
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

use crate::{config::Config, openapi, reference, tools::HubTools};

/// Routes that need no caller, beside the console's. Every other route does: a new one is closed by default.
const PUBLIC: &[&str] = &[
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/reference",
    "/reference/",
    "/reference/{*rest}",
    "/cdn/{key}",
    hub::mcp::PATH,
    "/api/oauth/token/code",
    "/api/oauth/token/refresh",
    "/api/oauth/token/client",
    "/gate/lab/api/oauth/token/code",
    "/gate/lab/api/oauth/token/refresh",
    "/gate/lab/api/oauth/token/client",
];

/// Routes that are served however many requests are in work.
pub(crate) const UNBOUNDED: &[&str] = &["/healthz", "/readyz"];

/// Sizes of JSON that are compressed. Less gains nothing; more would keep others waiting.
const COMPRESSED_BYTES: std::ops::RangeInclusive<u64> = 1024..=131_072;

/// Everything the routes stand on.
#[derive(Clone)]
pub(crate) struct Rooms {
    pub(crate) db: Database,
    pub(crate) identity: Identity,
    pub(crate) memory: Memory,
    pub(crate) chat: Chat,
    pub(crate) plaza: Plaza,
    pub(crate) hub: Hub,
    pub(crate) console: console::Console,
    /// The server's address as others see it, without a slash at the end.
    pub(crate) base_url: String,
}

/// The routes that need no caller.
pub(crate) fn public_routes() -> impl Iterator<Item = &'static str> {
    PUBLIC
        .iter()
        .chain(console::PUBLIC)
        .chain(identity::standard::PUBLIC)
        .chain(identity::program::PUBLIC)
        .copied()
}

/// The API's routes, relative to a base path.
fn api(rooms: &Rooms) -> OpenApiRouter {
    let identity = &rooms.identity;
    rooms
        .memory
        .api()
        .merge(rooms.chat.api())
        .merge(rooms.plaza.api())
        .merge(rooms.hub.api())
        .merge(identity::key::router(identity.clone()))
        .merge(identity::application::router(identity.clone()))
        .merge(identity::grant::router(identity.clone()))
        .merge(identity::program::router(identity.clone()))
}

/// The API under both base paths (contract §0.1).
fn api_router(rooms: &Rooms) -> Router {
    let (router, _) = api(rooms).split_for_parts();
    Router::new().nest("/api", router.clone()).nest("/gate/lab/api", router)
}

/// The OpenAPI document of this server.
pub(crate) fn document(rooms: &Rooms) -> OpenApi {
    let (_, described) = api(rooms).split_for_parts();
    let session_cookie = Cookies::new(rooms.identity.settings().secure_cookies).session_name();
    let mut document = openapi::base(&session_cookie).nest("/api", described);
    openapi::complete(&mut document);
    document
}

/// What the server answers with: calls of the Hub go through its door, everything else through the router.
pub(crate) fn front(
    rooms: &Rooms,
    config: &Config,
    limits: boundary::Limits,
    leaving: Leaving,
) -> Result<Front, ApiError> {
    let process = rooms.db.random().bytes::<8>();
    let process = u64::from_be_bytes(process);
    let boundary = boundary::Boundary::new(limits, console::ERROR_PAGES, &rooms.base_url, process);
    let door = Door::new(rooms.hub.clone(), Arc::clone(&boundary));
    rooms.chat.use_tools(Arc::new(HubTools(door.clone())));
    Ok(Front { router: router(rooms, config, Arc::clone(&boundary), &door, leaving)?, door, boundary })
}

/// The Hub's door and the router. The Hub is asked first because it knows its paths by their first segment alone, and
/// answers in a shape of its own whatever happens; nothing of the router (routes, guard, cookies) is meant for it.
#[derive(Clone)]
pub(crate) struct Front {
    door: Door,
    router: Router,
    boundary: Arc<boundary::Boundary>,
}

impl Service<Request<Body>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Neither ever makes anybody wait here.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if let Some(refused) = self.boundary.refuse(&request) {
            return Either::Right(Box::pin(std::future::ready(Ok(refused))));
        }
        if Door::takes(request.uri().path()) {
            Either::Right(Box::pin(self.door.clone().call(request).map(Ok)))
        } else {
            Either::Left(self.router.call(request))
        }
    }
}

/// The router of the server.
fn router(
    rooms: &Rooms,
    config: &Config,
    boundary: Arc<boundary::Boundary>,
    door: &Door,
    leaving: Leaving,
) -> Result<Router, ApiError> {
    let described = rooms.clone();
    let guarded = Guard::new(rooms.identity.clone(), public_routes());
    Ok(api_router(rooms)
        .merge(memory::file::download(rooms.memory.clone()))
        .merge(health(rooms.db.clone(), leaving))
        .merge(reference::router(move || document(&described)))
        .merge(console::router(rooms.console.clone()))
        .merge(identity::standard::router(rooms.identity.clone(), &rooms.base_url))
        .merge(rooms.chat.openai())
        .merge(rooms.hub.api())
        .merge(hub::mcp::router(door.clone(), config.server.max_body_bytes, agents(rooms, config)))
        .route_layer(from_fn_with_state(guarded, guard))
        .fallback(|| async { ApiError::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { ApiError::new(Code::MethodNotAllowed) })
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SmallJson))
        .layer(option_layer(cors(&config.server.cors_origins)))
        .layer(from_fn_with_state(boundary, boundary::layer)))
}

/// Who may use the MCP server.
fn agents(rooms: &Rooms, config: &Config) -> hub::mcp::Allowed {
    let server = &config.server;
    hub::mcp::Allowed::new(&rooms.base_url, &server.cors_origins, server.listen.is_loopback())
}

/// JSON that is compressed on its way: what takes no more than about a millisecond. Static files are compressed once
/// (`web::asset`). Not pages: they have secrets beside what the sender wrote, and the size of such a mixture gives the
/// secret away. Not streams: they must not wait for a block to fill.
#[derive(Debug, Clone, Copy)]
struct SmallJson;

impl Predicate for SmallJson {
    fn should_compress<B: http_body::Body>(&self, response: &Response<B>) -> bool {
        let kind = response.headers().get(header::CONTENT_TYPE);
        kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
            && response.body().size_hint().exact().is_some_and(|bytes| COMPRESSED_BYTES.contains(&bytes))
    }
}

/// Whether the process lives, and whether it can serve.
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

/// Browsers of the named origins may call the API with a key or a token; cookies are for our own pages alone.
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
        // OpenAI's and MCP's clients send many headers of their own; without cookies none of them is dangerous.
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
