//! The HTTP baseline: a minimal server with the same libraries that returns the same bytes.

use std::io::{Read, Write};

use anyhow::{Context, Result};
use axum::{Router, body::Body, response::Response, routing::any, serve::ListenerExt};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::net::TcpListener;

use crate::{
    http as single,
    lines::{READY, USER_INFO},
};

/// Reads a response from standard input, a JSON [`Response`](single::Response), and returns it for every
/// request.
pub(crate) fn serve() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let answer: single::Response = serde_json::from_str(&text).context("the answer to serve")?;
    let body = Bytes::from(answer.body);
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    let handler = any(move || async move {
        let mut response = Response::new(Body::from(body));
        *response.headers_mut() = headers;
        response
    });
    let app = Router::new()
        .route(USER_INFO, handler.clone())
        .route(READY, handler.clone())
        .route("/{*rest}", handler);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stderr(), "bare listens on http://{}", listener.local_addr()?)?;
        let listener = listener.tap_io(|stream| {
            // If this fails, the baseline is visibly slower.
            let _refused = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await?;
        Ok(())
    })
}
