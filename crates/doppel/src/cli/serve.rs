//! `doppel serve`

use std::process::ExitCode;

use store::{Clock, Random};
use tokio::signal::unix::{SignalKind, signal};

use super::out::{Failure, say};
use crate::{
    config::Config,
    demo, logging, otlp, permissions,
    server::{self, Running},
};

/// The exit code that shells report for a program ended by an interrupt.
const INTERRUPTED: u8 = 130;

/// Signals, by their numbers on Linux, that end a process without a handler for them: SIGHUP, SIGQUIT,
/// SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGSTKFLT, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO and SIGPWR.
#[cfg(target_os = "linux")]
const DEADLY: &[i32] = &[1, 3, 10, 12, 13, 14, 16, 24, 25, 26, 27, 29, 30];
/// The real-time signals that programs may use.
#[cfg(target_os = "linux")]
const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;

/// Lets the process survive all signals except those that are meant to stop it. A handler stays installed for
/// good, even if nothing listens. Debuggers and analyzers keep some signals for themselves; these are left
/// alone.
fn outlive_other_signals() {
    #[cfg(target_os = "linux")]
    let kinds = DEADLY.iter().copied().chain(REAL_TIME).map(SignalKind::from_raw);
    #[cfg(not(target_os = "linux"))]
    let kinds =
        [SignalKind::hangup(), SignalKind::quit(), SignalKind::user_defined1(), SignalKind::user_defined2()];
    for kind in kinds {
        if let Err(error) = signal(kind) {
            tracing::debug!(%error, ?kind, "a signal cannot be handled");
        }
    }
}

/// Runs the server until it is told to stop. `load` reads the configuration again, on SIGHUP.
pub(super) async fn run(
    config: &Config,
    load: impl Fn() -> Result<Config, String>,
    with_demo: bool,
) -> Result<ExitCode, Failure> {
    logging::start(&config.log).map_err(Failure::input)?;
    outlive_other_signals();
    for warning in permissions::warnings(config) {
        tracing::warn!("{warning}");
    }
    if !config.foreign_variables.is_empty() {
        let names = config.foreign_variables.join(" ");
        tracing::warn!("these variables of the environment are no settings, and were passed over: {names}");
    }
    let exported = otlp::start(&config.traces, &server::outgoing(config)).map_err(Failure::failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Failure::failed)?;
    let prepared = Box::pin(server::prepare(config, Clock::system(), Random::system()))
        .await
        .map_err(Failure::failed)?;
    // Done before the server accepts connections, so that its first clients find the demo and its file.
    let demo = match with_demo {
        true => Some(Box::pin(demo::prepare(config, prepared.running())).await.map_err(Failure::failed)?),
        false => None,
    };
    let running = prepared.serve();
    announce(config, &running, demo).await?;

    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = hangup.recv() => reload(&running, load()).await,
        }
    }
    tracing::info!("stopping: open requests may finish, a second signal ends at once");
    tokio::select! {
        stopped = Box::pin(running.stop()) => {
            let in_time = stopped.map_err(Failure::failed)?;
            if let Some(exported) = exported {
                let _stopped = tokio::task::spawn_blocking(|| exported.stop()).await;
            }
            if in_time {
                tracing::info!("stopped");
            } else {
                tracing::warn!("stopped, and cut off what did not finish in time");
            }
            Ok(ExitCode::SUCCESS)
        }
        _ = interrupt.recv() => Ok(ExitCode::from(INTERRUPTED)),
        _ = terminate.recv() => Ok(ExitCode::from(INTERRUPTED)),
    }
}

/// Puts the configuration in force that was read again, and logs what came of it. The server runs on in any
/// case.
async fn reload(running: &Running, config: Result<Config, String>) {
    let reloaded = match config {
        Ok(config) => running.reload(&config).await.map_err(|error| format!("{error:#}")),
        Err(error) => Err(error),
    };
    match reloaded {
        Ok(waiting) if waiting.is_empty() => tracing::info!("the configuration was reloaded"),
        Ok(waiting) => tracing::warn!(
            "the configuration was reloaded; these changes need a restart: {}",
            waiting.join(", ")
        ),
        Err(error) => tracing::error!("the configuration was not reloaded: {error}"),
    }
}

/// Logs the addresses, and prints the first steps on an empty database. `demo` is `Some(None)` if a demo was
/// requested but not created.
async fn announce(
    config: &Config,
    running: &Running,
    demo: Option<Option<demo::Demo>>,
) -> Result<(), Failure> {
    let place = match running.address {
        Some(_) => running.base_url.clone(),
        None => config.server.listen.to_string(),
    };
    tracing::info!("Doppel listens on {place} ({})", running.db.engine_name());
    if let Some(address) = running.metrics {
        tracing::info!("metrics on http://{address}/metrics");
    }
    if let Some(demo) = demo {
        return match demo {
            Some(demo) => say(&demo.what_to_try()),
            None => {
                say("This database has accounts already and none of them is a demo; --demo changed nothing.")
            }
        };
    }
    if let Some(link) = running.identity.set_up_link().await? {
        let base_url = &running.base_url;
        say(&format!(
            "\nWelcome to Doppel. Nobody has an account yet; make yours within a day, with this link:\n\n    \
             {base_url}/setup?link={}\n",
            link.expose()
        ))?;
    }
    Ok(())
}
