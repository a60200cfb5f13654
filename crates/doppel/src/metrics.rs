//! Prometheus metrics on a listener of their own, so that they are never public by accident.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use axum::{Router, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio::net::TcpListener;
use web::{
    Tasks,
    server::{ConnectionLimits, Leaving},
};

/// Bounds of the histogram of request times, in seconds.
const BUCKETS: &[f64] =
    &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

const LIMITS: ConnectionLimits = ConnectionLimits {
    connections: 64,
    of_address: 32,
    trusted_proxies: Vec::new(),
    https: false,
    head: Duration::from_secs(10),
    write: Duration::from_secs(10),
    head_bytes: 16 * 1024,
    headers: 50,
    drain: Duration::from_secs(1),
};

/// Starts to count, and to serve the counts on `address`. Answers the address it listens on.
pub(crate) async fn start(address: SocketAddr, tasks: &Tasks) -> Result<SocketAddr> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("doppel_http_request_seconds".into()), BUCKETS)
        .context("metrics")?
        .install_recorder()
        .context("metrics are counted already in this process")?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} for metrics"))?;
    let address = listener.local_addr()?;
    let upkeep = recorder.clone();
    tasks.every(Duration::from_secs(5), move || {
        let upkeep = upkeep.clone();
        async move { upkeep.run_upkeep() }
    });
    let app = Router::new().route("/metrics", get(move || async move { recorder.render() }));
    let serving = web::server::serve(listener, app, LIMITS, Leaving::default(), tasks.clone());
    tasks.spawn(async move {
        serving.await;
    });
    Ok(address)
}
