//! The command line.

mod account;
mod app;
mod args;
mod audit;
mod doctor;
mod health;
mod init;
mod key;
mod out;
mod relocate;
mod serve;
mod transfer;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Parser;
use identity::{Account, Identity};
use store::{Clock, Database, Location, Random};
use web::{ApiError, Language};

use crate::{config::Config, logging, server};
use args::{Args, Command};
use out::{Failure, say};

/// Runs the command line of this process.
///
/// Exit codes: 0 for success, 1 for a failure, 2 for wrong usage, input or configuration, 3 if there is no
/// such account, key or app.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return out::fail(&Failure::failed(error)),
    };
    let result = runtime.block_on(Box::pin(run(args)));
    // A second signal must not wait for tasks that still run.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(failure) => out::fail(&failure),
    }
}

async fn run(args: Args) -> Result<ExitCode, Failure> {
    if let Command::Init { file } = &args.command {
        init::run(file)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (file, flags) = (args.config.clone(), args.flags());
    let load = move || Config::load(file.as_deref(), &flags);
    let config = load().map_err(Failure::input)?;
    match args.command {
        // Needs no configuration, and was run above.
        Command::Init { .. } => {}
        Command::Health => health::run(&config)?,
        Command::Serve(serve) => return Box::pin(serve::run(&config, load, serve.demo)).await,
        Command::CheckConfig => {
            logging::check(&config.log).map_err(Failure::input)?;
            say(&config.shown().map_err(Failure::failed)?)?;
        }
        Command::Migrate(arguments) => migrate(&config, arguments.check).await?,
        Command::Account(command) => account::run(&config, command).await?,
        Command::Key(command) => key::run(&config, command).await?,
        Command::App(command) => app::run(&config, command).await?,
        Command::Audit { kind, refused, account, limit, json } => {
            let filter = identity::audit::Filter { kind, only_refused: refused, ..Default::default() };
            audit::run(&config, filter, account.as_deref(), limit, json).await?;
        }
        Command::Backup { file } => {
            require_database(&config)?;
            // Not migrated: a backup is best made before a migration.
            let db = server::open_as_it_is(&config, Clock::system(), Random::system())
                .await
                .map_err(Failure::failed)?;
            let bytes = db.backup(&file).await?;
            db.close().await?;
            say(&format!("{} ({bytes} bytes)", file.display()))?;
        }
        Command::Doctor { repair } => Box::pin(doctor::run(&config, repair)).await?,
        Command::Export { account, format, file } => {
            Box::pin(transfer::export(&config, &account, format, &file)).await?;
        }
        Command::Import(args) => Box::pin(transfer::import(&config, args)).await?,
        Command::Move { to } => Box::pin(relocate::run(&config, &to)).await?,
        Command::Openapi => say(&openapi(&config).await?)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate(config: &Config, only_check: bool) -> Result<(), Failure> {
    logging::start(&config.log).map_err(Failure::input)?;
    if only_check && missing_database(config)?.is_some() {
        let names = server::all_migrations(config).await.map_err(Failure::failed)?;
        say(&names.iter().map(|name| format!("pending {name}")).collect::<Vec<_>>().join("\n"))?;
        return Err(Failure::failed("migrations are pending: there is no database yet"));
    }
    let db =
        server::open_as_it_is(config, Clock::system(), Random::system()).await.map_err(Failure::failed)?;
    let names = if only_check { db.pending().await? } else { db.migrate(search::cut_again).await? };
    db.close().await?;
    let done = if only_check { "pending" } else { "applied" };
    if names.is_empty() {
        return say("the database is up to date");
    }
    say(&names.iter().map(|name| format!("{done} {name}")).collect::<Vec<_>>().join("\n"))?;
    if only_check { Err(Failure::failed("migrations are pending")) } else { Ok(()) }
}

/// Returns the OpenAPI document. Its routes need a database, so an empty one is created.
async fn openapi(config: &Config) -> Result<String, Failure> {
    server::document(config).await.map_err(Failure::failed)
}

/// Returns the path of the SQLite file of a configuration if it does not exist.
fn missing_database(config: &Config) -> Result<Option<PathBuf>, Failure> {
    let database = config.database_config().map_err(Failure::input)?;
    Ok(match database.location {
        Location::Sqlite(path) if !path.exists() => Some(path),
        Location::Sqlite(_) | Location::Postgres(_) => None,
    })
}

/// Fails if the database of a configuration does not exist, so that a command creates none.
fn require_database(config: &Config) -> Result<(), Failure> {
    match missing_database(config)? {
        None => Ok(()),
        Some(path) => Err(Failure::input(format!(
            "there is no database at {}: name the right --data-dir, or start doppel serve first",
            path.display()
        ))),
    }
}

/// Opens the existing database and its accounts for a command that may run beside a server.
async fn identity(config: &Config) -> Result<(Database, Identity), Failure> {
    require_database(config)?;
    new_identity(config).await
}

/// Opens the database and its accounts. Creates the database if it does not exist.
async fn new_identity(config: &Config) -> Result<(Database, Identity), Failure> {
    let db = server::open_beside(config, Clock::system(), Random::system()).await.map_err(Failure::failed)?;
    let base_url = server::base_url(config, None);
    let identity = server::identity(config, db.clone(), &base_url);
    Ok((db, identity))
}

/// Returns the account with an e-mail or id.
async fn account_of(identity: &Identity, text: &str) -> Result<Account, Failure> {
    let found = match text.parse() {
        Ok(id) => identity.account(id).await?,
        Err(_no_number) => identity.account_by_email(text).await?,
    };
    found.ok_or_else(|| Failure::not_found(format!("no account has the e-mail or id {text}")))
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let message = error.message(Language::En);
        match error.code().status().as_u16() {
            404 => Self::not_found(message),
            500.. => Self::failed(error.cause().unwrap_or(&message)),
            _ => Self::input(message),
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::failed(error)
    }
}
