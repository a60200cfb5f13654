//! Prometheus metrics, on their own listener so that they are never public by accident.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use axum::{Router, routing::get};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use store::Database;
use tokio::net::TcpListener;
use web::{
    Tasks,
    server::{ConnectionLimits, Leaving},
};

/// Buckets of the histograms of times, in seconds.
const BUCKETS: &[f64] =
    &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Buckets of the histogram of transactions in one commit.
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

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

/// Starts the recorder, and serves the metrics on `address`. Returns the address it listens on.
pub(crate) async fn start(address: SocketAddr, db: Database, tasks: &Tasks) -> Result<SocketAddr> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), BUCKETS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_transactions".into()), SIZES))
        .context("metrics")?
        .install_recorder()
        .context("metrics are counted already in this process")?;
    describe();
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} for metrics"))?;
    let address = listener.local_addr()?;
    let upkeep = recorder.clone();
    tasks.every(Duration::from_secs(5), move || {
        let upkeep = upkeep.clone();
        async move { upkeep.run_upkeep() }
    });
    let render = move || {
        let (recorder, db) = (recorder.clone(), db.clone());
        async move {
            observe(&db);
            recorder.render()
        }
    };
    let app = Router::new().route("/metrics", get(render));
    let serving = web::server::serve(listener.into(), app, LIMITS, Leaving::default(), tasks.clone());
    tasks.spawn(async move {
        serving.await;
    });
    Ok(address)
}

/// Registers the HELP texts.
fn describe() {
    describe_counter!("doppel_http_requests_total", "Requests answered, by method, route and status");
    describe_histogram!("doppel_http_request_seconds", Unit::Seconds, "Time until an answer began, by route");
    describe_histogram!(
        "doppel_store_commit_seconds",
        Unit::Seconds,
        "SQLite: time of a commit with its fsync"
    );
    describe_histogram!("doppel_store_group_transactions", "SQLite: transactions in one commit");
    describe_histogram!(
        "doppel_store_connection_wait_seconds",
        Unit::Seconds,
        "PostgreSQL: time until a connection of the pool was had"
    );
    describe_gauge!("doppel_store_queued_writes", "SQLite: transactions that wait for their commit");
    describe_gauge!("doppel_store_connections", "PostgreSQL: connections of the pool, by state");
    describe_counter!("doppel_jobs_total", "Background work, by kind and outcome");
    describe_counter!("doppel_http_errors_total", "Errors returned, by code; codes with 429 are limits");
    describe_counter!("doppel_hub_errors_total", "Errors returned by the Hub, by code");
    describe_counter!(
        "doppel_connections_closed_total",
        "Connections closed to make room, by manner and bound"
    );
    describe_gauge!("doppel_chat_streams", "Answers in progress");
    describe_gauge!("doppel_visitor_sockets", "Open WebSockets of visitors");
    describe_counter!("doppel_model_requests_total", "Requests to models, by model and outcome");
    describe_counter!("doppel_embedding_texts_total", "Texts sent to the embedding model, by outcome");
    describe_counter!("doppel_rerank_requests_total", "Requests to the reranking model, by outcome");
    describe_counter!("doppel_dreams_total", "Nightly looks over the facts of a person, by outcome");
    describe_counter!("doppel_dream_tokens_total", "Tokens of nightly looks over facts");
    describe_gauge!("doppel_embedding_waiting", "Entries without vectors of the current model");
    describe_gauge!("doppel_build_info", "1, with the version of the program");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Resident memory of the process");
    describe_gauge!("process_open_fds", "Open file descriptors of the process");
    describe_gauge!("process_threads", "Threads of the process");
    gauge!("doppel_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// Sets the gauges that are measured when the metrics are read.
fn observe(db: &Database) {
    let number = |value: usize| u32::try_from(value).map_or(f64::from(u32::MAX), f64::from);
    let load = db.load();
    if let Some(queued) = load.queued_writes {
        gauge!("doppel_store_queued_writes").set(number(queued));
    }
    if let Some((open, used, most)) = load.connections {
        for (state, value) in [("open", open), ("used", used), ("most", most)] {
            gauge!("doppel_store_connections", "state" => state).set(number(value));
        }
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(number(files.count()));
    }
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    if let Some(kilobytes) = status_number(&status, "VmRSS:") {
        gauge!("process_resident_memory_bytes").set(number(kilobytes) * 1024.0);
    }
    if let Some(threads) = status_number(&status, "Threads:") {
        gauge!("process_threads").set(number(threads));
    }
}

/// Returns the number after a word at the beginning of a line of `/proc/self/status`.
fn status_number(status: &str, word: &str) -> Option<usize> {
    let line = status.lines().find_map(|line| line.strip_prefix(word))?;
    line.split_whitespace().next()?.parse().ok()
}
