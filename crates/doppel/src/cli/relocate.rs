//! `doppel move`

use std::io::{IsTerminal, Write};

use store::{Clock, Progress, Random, Relocated};

use super::out::{Failure, say};
use crate::{config::Config, server};

pub(super) async fn run(config: &Config, to: &str) -> Result<(), Failure> {
    let mut target = config.clone();
    target.database.url = match to {
        "-" => {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map_err(Failure::failed)?;
            line.trim().into()
        }
        url => url.into(),
    };
    target.database_config().map_err(|error| Failure::input(error.replace("database.url", "--to")))?;
    if is_sqlite(config) == is_sqlite(&target) {
        return Err(Failure::input(
            "--to: the address names the same engine; copy SQLite with `doppel backup`, and PostgreSQL with \
             pg_dump",
        ));
    }
    let (clock, random) = (Clock::system(), Random::system());
    super::require_database(config)?;
    let from = server::open_beside(config, clock.clone(), random.clone()).await.map_err(Failure::failed)?;
    let into = server::open_as_it_is(&target, clock, random).await.map_err(Failure::failed)?;
    let moved = Box::pin(from.relocate(&into, show)).await;
    into.close().await?;
    from.close().await?;
    say(&instructions(config, &target, moved?))
}

fn is_sqlite(config: &Config) -> bool {
    config.database.url.starts_with("sqlite:")
}

/// Prints the progress if a person is looking.
fn show(progress: Progress<'_>) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        // A display that cannot be written is no reason to stop.
        let _unseen = match progress {
            Progress::Copied(table, rows) => writeln!(out, "{table}: {rows} rows copied"),
            Progress::Compared(table, rows) => writeln!(out, "{table}: {rows} rows compared"),
        };
    }
}

/// Returns the steps that are left to the operator.
fn instructions(config: &Config, target: &Config, moved: Relocated) -> String {
    let engine = if is_sqlite(target) { "SQLite" } else { "PostgreSQL" };
    let key = if config.secrets.key.is_empty() {
        format!(
            "keep {}: it opens the sealed secrets (on another machine copy it there, or set secrets.key)",
            config.data_dir.join("seal.key").display()
        )
    } else {
        "keep secrets.key as it is: it opens the sealed secrets".to_owned()
    };
    format!(
        "moved {} tables with {} rows to {engine}; all rows were compared\n\
         1. set database.url to the new address\n\
         2. {key}\n\
         3. uploaded files stay in {}: every process needs this directory (files.dir)\n\
         4. start the server and run `doppel doctor`\n\
         The old database is unchanged. Do not start a server on it again.",
        moved.tables,
        moved.rows,
        config.files_dir().display()
    )
}
