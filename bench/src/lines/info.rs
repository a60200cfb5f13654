//! `user/info` with a key that was checked a moment ago.

use anyhow::Result;

use super::{Bench, Site, USER_INFO};
use crate::{
    process::{self, Server},
    progress,
    report::{Budget, Line, figure, median},
    wrk::{self, Found, Keys},
};

/// The baseline of everything `wrk` loads.
pub(super) const BASELINE: &str = "bare axum, same answer";

pub(crate) fn run(bench: &Bench) -> Result<Vec<Line>> {
    progress("user/info with one key");
    let site = Site::new(bench, &[])?;
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
        line("`user/info`, key in the cache", Budget::RatioAtLeast(0.6), pairs),
        memory("memory (RSS) after that load", Budget::None, doppel.resident, bare.resident),
        memory("of it anonymous", Budget::None, doppel.anonymous, bare.anonymous),
    ])
}

/// Both servers in turns, after a moment of warming up.
pub(super) fn measure(
    bench: &Bench,
    doppel: &Server,
    bare: &Server,
    keys: Keys<'_>,
) -> Result<Vec<(Found, Found)>> {
    let load = |server: &Server, time| wrk::run(&server.url(USER_INFO), bench.clients, time, keys);
    let moment = std::time::Duration::from_secs(1);
    load(doppel, moment)?;
    load(bare, moment)?;
    bench.pairs(|| load(doppel, bench.time), || load(bare, bench.time))
}

/// The line for a load by `wrk`.
pub(super) fn line(what: &str, budget: Budget, pairs: Vec<(Found, Found)>) -> Line {
    let middle = |of: fn(&(Found, Found)) -> f64| figure(median(pairs.iter().map(of)));
    let notes = format!(
        "p50 {} ms, p99 {} ms; bare {} and {} ms",
        middle(|(doppel, _)| doppel.p50),
        middle(|(doppel, _)| doppel.p99),
        middle(|(_, bare)| bare.p50),
        middle(|(_, bare)| bare.p99),
    );
    let pairs = pairs.iter().map(|(doppel, bare)| (doppel.rate, bare.rate)).collect();
    Line { what: what.to_owned(), unit: "a second", baseline: BASELINE, budget, pairs, notes }
}
