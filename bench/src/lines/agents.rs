//! Calls of tools over `/mcp`, as agents make them.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use super::{
    Bench, Site, USER_INFO,
    recall::{ASKED, QUESTIONS, fill, key, text},
    until_idle,
};
use crate::{
    load::{self, Load},
    progress,
    report::{Budget, Line, figure, median},
};

const MCP: &str = "/mcp";
/// Most key memories of the person.
const ENTRIES: usize = 10_000;

pub(crate) fn run(bench: &Bench) -> Result<Vec<Line>> {
    let own = bench.entries.min(ENTRIES);
    progress(&format!("adding {own} key memories for agents"));
    let unlimited = ("DOPPEL_MCP__REQUESTS_PER_MINUTE", "1000000".to_owned());
    let site = Site::new(bench, 1, &[unlimited])?;
    fill(bench, &site, 0, own)?;
    progress("waiting for their vectors");
    until_idle(&site.server)?;
    let key = key(bench, &site, 0)?;
    let mut lines = answers(bench, &site, &key, own)?;
    lines.extend(calls(bench, &site, &key)?);
    Ok(lines)
}

/// Measures the time of searches and recalls of one client. The baseline is the list of the newest 20.
fn answers(bench: &Bench, site: &Site, key: &str, own: usize) -> Result<Vec<Line>> {
    let count = AtomicU64::new(0);
    let next = || {
        let number = count.fetch_add(1, Ordering::Relaxed) % QUESTIONS;
        text(number.wrapping_add(1 << 40), ASKED)
    };
    let mut lines = Vec::new();
    for (tool, argument) in [("search", "query"), ("recall", "text")] {
        progress(&format!("{tool} over {MCP}"));
        let pairs = bench.pairs(
            || tools(bench, site, key, 1, || call(tool, &json!({argument: next()}))),
            || tools(bench, site, key, 1, || call("list_memories", &json!({}))),
        )?;
        for (load, _) in &pairs {
            check(load)?;
        }
        let p95 = |load: &Load| load.within(0.95);
        lines.push(Line {
            what: format!("`{tool}` over {MCP} for {ASKED} words in {own} key memories, p95"),
            unit: "ms",
            baseline: "`list_memories` of the newest 20",
            budget: Budget::AtMost(40.0),
            notes: format!(
                "one client, with the built-in model; p50 {} ms",
                figure(median(pairs.iter().map(|(load, _)| load.within(0.5))))
            ),
            pairs: pairs.iter().map(|(tool, list)| (p95(tool), p95(list))).collect(),
        });
    }
    Ok(lines)
}

/// Measures calls per second of all clients. The baseline is `user/info` with the same key.
fn calls(bench: &Bench, site: &Site, key: &str) -> Result<Vec<Line>> {
    let found = tools(bench, site, key, 1, || call("list_memories", &json!({"page_size": 1})))?;
    let found: Value = serde_json::from_slice(found.bodies.first().context("no list")?)?;
    let id = found.pointer("/result/structuredContent/items/0/id").context("no memory in the list")?;
    let mut lines = Vec::new();
    for (tool, arguments) in [("whoami", json!({})), ("fetch", json!({"id": id}))] {
        progress(&format!("calls of {tool}"));
        let pairs = bench.pairs(
            || tools(bench, site, key, bench.clients, || call(tool, &arguments)),
            || load::run(&site.server.host, bench.clients, bench.time, |_| info(site, key)),
        )?;
        for (load, _) in &pairs {
            check(load)?;
        }
        let within = |share| figure(median(pairs.iter().map(|(load, _)| load.within(share))));
        lines.push(Line {
            what: format!("`{tool}` over {MCP} by {} clients", bench.clients),
            unit: "per second",
            baseline: "`user/info` with the same key and load generator",
            budget: Budget::AtLeast(1000.0),
            notes: format!("p50 {} ms, p99 {} ms; each call is recorded", within(0.5), within(0.99)),
            pairs: pairs.iter().map(|(tools, info)| (tools.rate, info.rate)).collect(),
        });
    }
    Ok(lines)
}

fn call(tool: &str, arguments: &Value) -> String {
    let params = json!({"name": tool, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string()
}

/// Sends messages by so many clients for the time of a measurement.
fn tools(bench: &Bench, site: &Site, key: &str, clients: u32, message: impl Fn() -> String) -> Result<Load> {
    load::run(&site.server.host, clients, bench.time, |_| {
        let request = Request::post(MCP).header("host", &site.server.host);
        let request = request.header("authorization", format!("Bearer {key}"));
        let request = request.header("content-type", "application/json");
        let request = request.header("accept", "application/json, text/event-stream");
        request.body(Full::new(Bytes::from(message()))).context("a request")
    })
}

fn info(site: &Site, key: &str) -> Result<Request<Full<Bytes>>> {
    let request = Request::get(USER_INFO).header("host", &site.server.host);
    let request = request.header("authorization", format!("Bearer {key}"));
    request.body(Full::new(Bytes::new())).context("a request")
}

/// Checks that no call failed: failures of tools have the status 200.
fn check(load: &Load) -> Result<()> {
    for body in &load.bodies {
        let answer: Value = serde_json::from_slice(body)?;
        let is_error = answer.pointer("/result/isError").and_then(Value::as_bool);
        ensure!(is_error == Some(false), "{answer}");
    }
    Ok(())
}
