//! `user/info` with a key in the cache.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Site, USER_INFO};
use crate::{
    process::{self, Server},
    progress,
    report::{Budget, Line, figure, median},
    wrk::{self, Found, Keys},
};

/// The baseline of the lines that `wrk` measures.
pub(super) const BASELINE: &str = "bare axum, same response";

pub(crate) fn run(bench: &Bench) -> Result<Vec<Line>> {
    progress("user/info with one key");
    let site = Site::new(bench, 1, &[])?;
    let key = site.key(bench)?;
    let bare = process::bare(&site.user_info(&key)?)?;
    let pairs = measure(bench, &site.server, &bare, Keys::One(&key))?;
    let (doppel, bare) = (site.server.memory()?, bare.memory()?);
    let memory = |what: &str, budget, doppel, bare| Line {
        what: what.to_owned(),
        unit: "MiB",
        baseline: "bare axum",
        budget,
        pairs: vec![(doppel, bare)],
        notes: "one sample".to_owned(),
    };
    Ok(vec![
        line("`user/info`, cached key", Budget::RatioAtLeast(0.6), pairs),
        memory("memory (RSS) after that load", Budget::None, doppel.resident, bare.resident),
        memory("anonymous part of it", Budget::None, doppel.anonymous, bare.anonymous),
    ])
}

/// The result of a load, and the server's processor time in microseconds per response.
pub(super) struct Loaded {
    found: Found,
    processor: f64,
}

/// Measures both servers alternately, after a warm-up of one second each.
pub(super) fn measure(
    bench: &Bench,
    doppel: &Server,
    bare: &Server,
    keys: Keys<'_>,
) -> Result<Vec<(Loaded, Loaded)>> {
    let load = |server: &Server, time| {
        let before = server.processor_time()?;
        let found = wrk::run(&server.url(USER_INFO), bench.clients, time, keys)?;
        let used = server.processor_time()?.saturating_sub(before);
        let processor = used.as_secs_f64() * 1e6 / found.answers;
        Ok(Loaded { found, processor })
    };
    let moment = Duration::from_secs(1);
    load(doppel, moment)?;
    load(bare, moment)?;
    bench.pairs(|| load(doppel, bench.time), || load(bare, bench.time))
}

/// Returns the line of a load by `wrk`.
pub(super) fn line(what: &str, budget: Budget, pairs: Vec<(Loaded, Loaded)>) -> Line {
    let middle = |of: fn(&(Loaded, Loaded)) -> f64| figure(median(pairs.iter().map(of)));
    let notes = format!(
        "p50 {} ms, p99 {} ms, CPU {} µs per response; bare {} ms, {} ms, {} µs",
        middle(|(doppel, _)| doppel.found.p50),
        middle(|(doppel, _)| doppel.found.p99),
        middle(|(doppel, _)| doppel.processor),
        middle(|(_, bare)| bare.found.p50),
        middle(|(_, bare)| bare.found.p99),
        middle(|(_, bare)| bare.processor),
    );
    let pairs = pairs.iter().map(|(doppel, bare)| (doppel.found.rate, bare.found.rate)).collect();
    Line { what: what.to_owned(), unit: "per second", baseline: BASELINE, budget, pairs, notes }
}
