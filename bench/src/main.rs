//! Benchmarks of the server, each paired with a baseline in the same run. `README.md` explains every line.

#![expect(clippy::disallowed_methods, reason = "a program of its own: its files are for one run")]

mod bare;
mod http;
mod lines;
mod load;
mod machine;
mod mock;
mod postgres;
mod process;
mod report;
mod wrk;

use std::{io::Write, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};

use crate::{lines::Bench, report::Report};

/// The same allocator as the server's, so that it makes no difference between Doppel and a baseline.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Doppel beside baselines and prints one table.
#[derive(Debug, Parser)]
struct Args {
    /// The binary to measure; default: `doppel` beside this program.
    #[arg(long, value_name = "FILE")]
    doppel: Option<PathBuf>,
    /// Directory for the databases that are measured. It should be on a disk: syncs to memory prove nothing.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Measure only these parts.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "start,info,create,lookup,hub,chat,quality,recall,agents,grant,visitors"
    )]
    only: Vec<Part>,
    /// Measurements of each side, taken alternately.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Duration of each measurement in seconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Connections that send one request after another.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,
    /// Keys in rotation.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..))]
    keys: u32,
    /// Key memories of the person who searches; first with a tenth of them.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(10..))]
    entries: u32,
    /// Key memories of other people in the same database.
    #[arg(long, default_value_t = 1_000_000)]
    others: u32,
    /// Numbers of posts on the Plaza, measured one after another.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "10000,100000,1000000",
        value_parser = clap::value_parser!(u32).range(100..),
    )]
    posts: Vec<u32>,
    /// Sockets of visitors that are open at the same time.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    visitors: u32,
    /// Print JSON with all single figures.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// A part of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Start-up and idle memory.
    Start,
    /// `user/info` with a key in the cache.
    Info,
    /// Creation of keys.
    Create,
    /// `user/info` with keys that must be looked up.
    Lookup,
    /// Calls of the Hub, compared with HAProxy and nginx.
    Hub,
    /// Streams of the double, compared with those of the model itself.
    Chat,
    /// Quality of search: questions that find their answers.
    Quality,
    /// Searching key memories, adding notes.
    Recall,
    /// Tools of agents over `/mcp`.
    Agents,
    /// OAuth2 tokens: issued, exchanged, refreshed, introspected.
    Grant,
    /// Visitors of an avatar: open sockets, answers, a flood.
    Visitors,
    /// The Plaza with each number of posts. Takes minutes, so it runs only if named.
    Plaza,
    /// The pages of a person with much data. Takes minutes, so it runs only if named.
    Pages,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the baseline: always the response that is read as JSON from standard input.
    #[command(hide = true)]
    Bare,
    /// Serve the mock of a model.
    #[command(hide = true)]
    Mock,
}

fn main() -> Result<()> {
    let args = Args::parse();
    match args.command {
        Some(Command::Bare) => return bare::serve(),
        Some(Command::Mock) => return mock::serve(),
        None => {}
    }
    let doppel = match &args.doppel {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("doppel"),
    };
    let doppel = doppel.canonicalize().with_context(|| format!("no server at {}", doppel.display()))?;
    let directory = tempfile::Builder::new().prefix("doppel-bench-").tempdir_in(&args.dir);
    let directory = directory.with_context(|| format!("cannot write to {}", args.dir.display()))?;
    let bench = Bench {
        doppel,
        directory: directory.path().canonicalize()?,
        pairs: args.pairs,
        time: Duration::from_secs(args.seconds.into()),
        clients: args.clients,
        keys: args.keys as usize,
        entries: args.entries as usize,
        others: args.others as usize,
        posts: args.posts.clone(),
        visitors: args.visitors as usize,
    };
    let mut report = Report::new(machine::facts(&bench.directory));
    let wanted = |part| args.only.contains(&part);
    if wanted(Part::Start) {
        report.extend(lines::start::run(&bench)?);
    }
    if wanted(Part::Info) {
        report.extend(lines::info::run(&bench)?);
    }
    if wanted(Part::Create) {
        report.extend(lines::create::on_sqlite(&bench)?);
        report.extend(lines::create::on_postgres(&bench)?);
    }
    if wanted(Part::Lookup) {
        report.extend(lines::lookup::run(&bench)?);
    }
    if wanted(Part::Hub) {
        report.extend(lines::hub::run(&bench)?);
    }
    if wanted(Part::Chat) {
        report.extend(lines::chat::run(&bench)?);
    }
    if wanted(Part::Quality) {
        report.extend(lines::recall::quality()?);
        report.extend(lines::recall::meaning()?);
    }
    if wanted(Part::Recall) {
        report.extend(lines::recall::speed(&bench)?);
        report.extend(lines::recall::notes(&bench)?);
        report.extend(lines::recall::import(&bench)?);
    }
    if wanted(Part::Agents) {
        report.extend(lines::agents::run(&bench)?);
    }
    if wanted(Part::Grant) {
        report.extend(lines::grant::on_sqlite(&bench)?);
        report.extend(lines::grant::on_postgres(&bench)?);
    }
    if wanted(Part::Visitors) {
        report.extend(lines::visitors::run(&bench)?);
    }
    if wanted(Part::Plaza) {
        report.extend(lines::plaza::run(&bench)?);
    }
    if wanted(Part::Pages) {
        report.extend(lines::pages::run(&bench)?);
    }
    let text = if args.json { report.json()? } else { report.table() };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Prints the current step to standard error.
fn progress(text: &str) {
    // Fails if nobody reads standard error, which does not matter.
    let _closed = writeln!(std::io::stderr(), "{text}");
}
