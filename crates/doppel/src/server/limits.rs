//! The limits of requests and of connections.

use std::time::Duration;

use web::{boundary, server::ConnectionLimits};

use crate::{config::Config, router::UNBOUNDED};

/// Returns the limits of requests. `patience` is the additional time of routes that wait for a model.
pub(super) fn boundary_limits(config: &Config, patience: Duration) -> boundary::Limits {
    let server = &config.server;
    boundary::Limits {
        slow: [chat::SLOW, console::SLOW, agents::SLOW].concat(),
        slow_request: patience,
        request: Duration::from_secs(server.request_seconds),
        upload: Duration::from_secs(server.upload_seconds),
        upload_routes: [memory::file::UPLOAD_ROUTES, console::UPLOADS].concat(),
        unbounded: UNBOUNDED,
        in_flight: server.max_in_flight,
        in_flight_of_address: server.max_in_flight_per_address,
        body: server.max_body_bytes,
        trusted_proxies: server.trusted_proxies.clone(),
        metrics: !config.metrics.listen.is_empty(),
        access_log: config.log.access,
    }
}

/// Returns the limits of connections.
pub(super) fn connection_limits(config: &Config, base_url: &str) -> ConnectionLimits {
    let server = &config.server;
    ConnectionLimits {
        connections: server.max_connections,
        of_address: server.max_connections_per_address,
        trusted_proxies: server.trusted_proxies.clone(),
        https: base_url.starts_with("https://"),
        head: Duration::from_secs(server.head_seconds),
        write: Duration::from_secs(server.write_seconds),
        head_bytes: server.max_head_bytes,
        headers: server.max_headers,
        drain: Duration::from_secs(server.drain_seconds),
    }
}
