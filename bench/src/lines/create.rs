//! Creation of API keys: one durable write per request.

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

/// Accounts that create keys at the same time: as many as the pool has connections.
const MANY: u32 = 16;

pub(crate) fn on_sqlite(bench: &Bench) -> Result<Vec<Line>> {
    progress("creating keys on SQLite");
    let site = Site::new(bench, 1, &[])?;
    let file = site.data.join("probe");
    let pairs = measure(bench, &site, 1, || syncs(&file, bench.time))?;
    Ok(vec![line(bench, "one account, SQLite", "sequential 4 KiB appends with fsync", &pairs)])
}

pub(crate) fn on_postgres(bench: &Bench) -> Result<Vec<Line>> {
    progress("creating keys on PostgreSQL");
    let Some(database) = Database::start() else {
        progress("PostgreSQL is not measured");
        return Ok(Vec::new());
    };
    let fsync = database.fsync()?;
    let site = Site::new(bench, MANY, &[("DOPPEL_DATABASE__URL", database.url().to_owned())])?;
    let mut lines = Vec::new();
    for (accounts, whose) in [(1, "one account".to_owned()), (MANY, format!("{MANY} accounts"))] {
        let pairs = measure(bench, &site, accounts, || database.inserts(bench.time))?;
        let what = format!("{whose}, PostgreSQL with fsync {fsync}");
        lines.push(line(bench, &what, "sequential inserts, one connection", &pairs));
    }
    Ok(lines)
}

/// Creates keys and measures the baseline alternately.
fn measure(
    bench: &Bench,
    site: &Site,
    accounts: u32,
    baseline: impl FnMut() -> Result<f64>,
) -> Result<Vec<(Load, f64)>> {
    let cookies = (0..accounts).map(|number| site.sign_in(number)).collect::<Result<Vec<_>>>()?;
    let warm = site.create_keys(bench, &cookies)?;
    // Keys that were acknowledged must work.
    for body in warm.bodies.iter().take(3) {
        site.user_info(&key_of(body)?)?;
    }
    bench.pairs(|| site.create_keys(bench, &cookies), baseline)
}

fn line(bench: &Bench, engine: &str, baseline: &'static str, pairs: &[(Load, f64)]) -> Line {
    let within = |share| figure(median(pairs.iter().map(|(load, _)| load.within(share))));
    Line {
        what: format!("API keys created by {} clients for {engine}", bench.clients),
        unit: "per second",
        baseline,
        budget: Budget::None,
        notes: format!("p50 {} ms, p99 {} ms", within(0.5), within(0.99)),
        pairs: pairs.iter().map(|(load, baseline)| (load.rate, *baseline)).collect(),
    }
}

/// Returns the syncs per second of a file that grows by 4 KiB each time: the limit of a database without
/// group commit.
pub(super) fn syncs(file: &Path, time: Duration) -> Result<f64> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    let (mut count, start) = (0_u32, Instant::now());
    while start.elapsed() < time {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}
