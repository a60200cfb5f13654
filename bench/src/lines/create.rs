//! Making API keys: durable writes, one of each request.

use std::{
    fs::OpenOptions,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{Bench, Site, key_of};
use crate::{
    load::Load,
    postgres::Database,
    progress,
    report::{Budget, Line, figure, median},
};

pub(crate) fn on_sqlite(bench: &Bench) -> Result<Vec<Line>> {
    progress("making keys on SQLite");
    let site = Site::new(bench, &[])?;
    let file = site.data.join("probe");
    let pairs = measure(bench, &site, || syncs(&file, bench.time))?;
    Ok(vec![line(bench, "SQLite", "4 KiB appended and synced, one after another", &pairs)])
}

pub(crate) fn on_postgres(bench: &Bench) -> Result<Vec<Line>> {
    progress("making keys on PostgreSQL");
    let Some(database) = Database::start() else {
        progress("PostgreSQL left out");
        return Ok(Vec::new());
    };
    let site = Site::new(bench, &[("DOPPEL_DATABASE__URL", database.url().to_owned())])?;
    let pairs = measure(bench, &site, || database.inserts(bench.time))?;
    let what = format!("PostgreSQL with fsync {}", database.fsync()?);
    Ok(vec![line(bench, &what, "one row inserted after another, one connection", &pairs)])
}

/// Makes keys and measures the baseline in turns.
fn measure(bench: &Bench, site: &Site, baseline: impl FnMut() -> Result<f64>) -> Result<Vec<(Load, f64)>> {
    let cookie = site.sign_in()?;
    let warm = site.create_keys(bench, &cookie)?;
    // What was acknowledged must be so.
    for body in warm.bodies.iter().take(3) {
        site.user_info(&key_of(body)?)?;
    }
    bench.pairs(|| site.create_keys(bench, &cookie), baseline)
}

fn line(bench: &Bench, engine: &str, baseline: &'static str, pairs: &[(Load, f64)]) -> Line {
    let within = |share| figure(median(pairs.iter().map(|(load, _)| load.within(share))));
    Line {
        what: format!("keys made by {} clients, {engine}", bench.clients),
        unit: "a second",
        baseline,
        budget: Budget::None,
        notes: format!("p50 {} ms, p99 {} ms", within(0.5), within(0.99)),
        pairs: pairs.iter().map(|(load, baseline)| (load.rate, *baseline)).collect(),
    }
}

/// Syncs a second of a file that grows by a page each time: what a database without group commit could do.
fn syncs(file: &Path, time: Duration) -> Result<f64> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    let (mut count, start) = (0_u32, Instant::now());
    while start.elapsed() < time {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}
