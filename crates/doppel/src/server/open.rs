//! Opening the database: for the server, for commands, or without a migration.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use store::{Backoff, Clock, Database, Random};

use crate::config::Config;

/// The pauses between attempts to reach a database at the start.
const BACKOFF: Backoff = Backoff::doubling(100, 2_000);

/// Opens the database of a configuration without migrating it, however old its schema is.
///
/// # Errors
/// If the data directory or the database cannot be opened.
pub async fn open_as_it_is(config: &Config, clock: Clock, random: Random) -> Result<Database> {
    let database = config.database_config().map_err(|error| anyhow!(error))?;
    let open = Database::open(database, &config.data_dir, clock, random).await;
    open.with_context(|| format!("cannot open the database (data_dir {})", config.data_dir.display()))
}

/// Opens the database of a configuration, and brings its schema up to date.
///
/// # Errors
/// Those of [`open_as_it_is`]; if the schema does not fit this program.
pub async fn open(config: &Config, clock: Clock, random: Random) -> Result<Database> {
    let db = Box::pin(open_as_it_is(config, clock, random)).await?;
    let applied = db.migrate(search::cut_again).await.context("cannot bring the database up to date")?;
    if !applied.is_empty() {
        tracing::info!(migrations = applied.join(" "), "database brought up to date");
    }
    Ok(db)
}

/// Like [`open`], for a server that may be started before its PostgreSQL. Retries for
/// `database.start_seconds`.
pub(super) async fn open_patiently(config: &Config, clock: Clock, random: Random) -> Result<Database> {
    let (patience, start) = (Duration::from_secs(config.database.start_seconds), Instant::now());
    let mut failures = 0;
    loop {
        let error = match Box::pin(open(config, clock.clone(), random.clone())).await {
            Ok(db) => return Ok(db),
            Err(error) => error,
        };
        let is_away = matches!(error.downcast_ref(), Some(store::Error::Unavailable(_)));
        failures += 1;
        let pause = BACKOFF.wait(failures);
        let is_server = config.database.url.starts_with("postgres");
        if !is_away || !is_server || start.elapsed() + pause > patience {
            return Err(error);
        }
        tracing::warn!(cause = format!("{error:#}"), "the database is away; trying again");
        tokio::time::interval_at((Instant::now() + pause).into(), pause).tick().await;
    }
}

/// Opens the database for a command, while a server may be running. A new database is migrated. An older
/// schema is an error, because a server of the older release may be using it: it is left to the server or to
/// `doppel migrate`.
///
/// # Errors
/// Those of [`open_as_it_is`]; if the schema is older or newer than this program's.
pub async fn open_beside(config: &Config, clock: Clock, random: Random) -> Result<Database> {
    let db = Box::pin(open_as_it_is(config, clock, random)).await?;
    if db.is_new().await? {
        db.migrate(search::cut_again).await.context("cannot bring the database up to date")?;
        return Ok(db);
    }
    let pending = db.pending().await?;
    if pending.is_empty() {
        return Ok(db);
    }
    db.close().await?;
    let names = pending.join(" ");
    Err(anyhow!(
        "the database is of an older release (to be applied: {names}): start this release's server on it, or \
         run \
         doppel migrate, once no server of the older release uses it any more"
    ))
}
