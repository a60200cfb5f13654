//! Start-up time on an empty directory, and memory of an idle server.

use anyhow::Result;

use super::Bench;
use crate::{
    http::Response,
    process::{self, Server},
    progress,
    report::{Budget, Line},
};

/// Pairs of starts.
const STARTS: u32 = 10;
/// Time without requests before the memory is measured.
const IDLE: std::time::Duration = std::time::Duration::from_secs(5);

pub(crate) fn run(bench: &Bench) -> Result<Vec<Line>> {
    progress("start-up");
    let answer = Response { status: 200, headers: Vec::new(), body: "ready\n".to_owned() };
    let doppel =
        || -> Result<Server> { process::serve(process::doppel(&bench.doppel, &bench.fresh()?, &[])) };
    let bare = || process::bare(&answer);
    // Loads the program into the page cache, so that no start reads it from the disk.
    doppel()?;
    let milliseconds = |server: Server| server.start_up.as_secs_f64() * 1000.0;
    let mut start_up = Vec::new();
    for _ in 0..STARTS {
        start_up.push((milliseconds(doppel()?), milliseconds(bare()?)));
    }

    progress("idle memory");
    let mut servers = Vec::new();
    for _ in 0..bench.pairs {
        servers.push((doppel()?, bare()?));
    }
    std::thread::sleep(IDLE);
    let mut memory = Vec::new();
    for (doppel, bare) in &servers {
        memory.push((doppel.memory()?, bare.memory()?));
    }
    let line = |what: &str, unit, budget, pairs| Line {
        what: what.to_owned(),
        unit,
        baseline: "bare axum",
        budget,
        pairs,
        notes: String::new(),
    };
    let resident = memory.iter().map(|(doppel, bare)| (doppel.resident, bare.resident)).collect();
    let anonymous = memory.iter().map(|(doppel, bare)| (doppel.anonymous, bare.anonymous)).collect();
    Ok(vec![
        line(
            "start with an empty directory until `/readyz` returns 200",
            "ms",
            Budget::AtMost(150.0),
            start_up,
        ),
        line("memory (RSS) after 5 s idle", "MiB", Budget::AtMost(40.0), resident),
        line("anonymous part of it", "MiB", Budget::None, anonymous),
    ])
}
