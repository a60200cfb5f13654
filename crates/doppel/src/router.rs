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
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version, header};
use hub::{Door, Hub};
use identity::{Guard, Identity, guard};
use memory::Memory;
use plaza::Plaza;
use store::Database;
use tower::{Service, util::option_layer};
use tower_http::{
    compression::{CompressionLayer, Predicate, predicate::SizeAbove},
    cors::{AllowOrigin, CorsLayer},
};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use web::{ApiError, Code, boundary};

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

/// Answers below this many bytes are sent as they are.
const MIN_COMPRESSED: u64 = 1024;

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
    let mut document = openapi::base().nest("/api", described);
    openapi::complete(&mut document);
    document
}

/// What the server answers with: calls of the Hub go through its door, everything else through the router.
pub(crate) fn front(rooms: &Rooms, config: &Config, limits: boundary::Limits) -> Result<Front, ApiError> {
    let process = rooms.db.random().bytes::<8>();
    let process = u64::from_be_bytes(process);
    let boundary = boundary::Boundary::new(limits, console::ERROR_PAGES, &rooms.base_url, process);
    let door = Door::new(rooms.hub.clone(), Arc::clone(&boundary));
    rooms.chat.use_tools(Arc::new(HubTools(door.clone())));
    Ok(Front { router: router(rooms, config, boundary, &door)?, door })
}

/// The Hub's door and the router. The Hub is asked first because it knows its paths by their first segment alone, and
/// answers in a shape of its own whatever happens; nothing of the router (routes, guard, cookies) is meant for it.
#[derive(Clone)]
pub(crate) struct Front {
    door: Door,
    router: Router,
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
) -> Result<Router, ApiError> {
    let described = rooms.clone();
    let guarded = Guard::new(rooms.identity.clone(), public_routes());
    Ok(api_router(rooms)
        .merge(memory::file::download(rooms.memory.clone()))
        .merge(health(rooms.db.clone()))
        .merge(reference::router(move || document(&described)))
        .merge(console::router(rooms.console.clone()))
        .merge(identity::standard::router(rooms.identity.clone(), &rooms.base_url))
        .merge(rooms.chat.openai())
        .merge(rooms.hub.api())
        .merge(hub::mcp::router(door.clone(), config.server.max_body_bytes))
        .route_layer(from_fn_with_state(guarded, guard))
        .fallback(|| async { ApiError::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { ApiError::new(Code::MethodNotAllowed) })
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(MIN_COMPRESSED).and(may_compress)))
        .layer(option_layer(cors(&config.server.cors_origins)))
        .layer(from_fn_with_state(boundary, boundary::layer)))
}

/// JSON and static text. Not pages: they have secrets beside what the sender wrote, and the size of such a
/// mixture gives the secret away. Not streams: they must not wait for a block to fill.
fn may_compress(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["application/json", "text/css", "text/javascript", "application/javascript", "image/svg+xml"]
        .iter()
        .any(|compressed| kind.starts_with(compressed))
}

/// Whether the process lives, and whether it can serve.
fn health(db: Database) -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready)).with_state(db)
}

async fn ready(State(db): State<Database>) -> Result<&'static str, ApiError> {
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
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("x-app-id")])
        .expose_headers([boundary::REQUEST_ID, header::RETRY_AFTER])
        .max_age(Duration::from_secs(600));
    Some(layer)
}
