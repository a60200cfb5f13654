//! The baseline of HTTP: the least that answers the same bytes with the same libraries.

use std::io::{Read, Write};

use anyhow::{Context, Result};
use axum::{Router, body::Body, response::Response, routing::any, serve::ListenerExt};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::net::TcpListener;

use crate::{
    http::Answer,
    lines::{READY, USER_INFO},
};

/// Serves the answer on standard input, a JSON [`Answer`], under every path that is measured.
pub(crate) fn serve() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let answer: Answer = serde_json::from_str(&text).context("the answer to serve")?;
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
            // Without it the baseline is slower, which nobody can mistake.
            let _refused = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await?;
        Ok(())
    })
}
