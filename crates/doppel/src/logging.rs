//! Where log lines go.

use std::io::IsTerminal;

use anyhow::{Result, anyhow};
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Checks the settings of the log.
///
/// # Errors
/// When the filter cannot be understood.
pub fn check(log: &Log) -> Result<()> {
    filter(log).map(|_| ())
}

/// Sends this process's log lines to standard error.
///
/// # Errors
/// When the filter cannot be understood.
pub fn start(log: &Log) -> Result<()> {
    let lines = fmt().with_env_filter(filter(log)?).with_writer(std::io::stderr).with_target(false);
    let started = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow!("cannot start logging: {error}"))
}

fn filter(log: &Log) -> Result<EnvFilter> {
    EnvFilter::builder().parse(&log.filter).map_err(|error| {
        let given = &log.filter;
        anyhow!("log.filter = {given:?}: expected a level as \"info\", or levels per module as \"info,web=debug\": {error}")
    })
}
