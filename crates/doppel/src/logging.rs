//! Log output.

mod repeats;

use std::io::IsTerminal;

use anyhow::{Result, anyhow};
use tracing_subscriber::{
    EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::config::{Log, LogFormat};
use repeats::Repeats;
pub(crate) use repeats::sum_up;

/// Checks the settings of the log.
///
/// # Errors
/// If the filter is invalid.
pub fn check(log: &Log) -> Result<()> {
    filter(log).map(|_| ())
}

/// Sends this process's log lines to standard error.
///
/// # Errors
/// If the filter is invalid, or if logging was started before.
pub fn start(log: &Log) -> Result<()> {
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter(log)?);
    let started = match log.format {
        LogFormat::Text => {
            registry.with(lines.with_ansi(std::io::stderr().is_terminal()).with_filter(Repeats)).try_init()
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true).with_filter(Repeats)).try_init(),
    };
    started.map_err(|error| anyhow!("cannot start logging: {error}"))
}

fn filter(log: &Log) -> Result<EnvFilter> {
    EnvFilter::builder().parse(&log.filter).map_err(|error| {
        let given = &log.filter;
        anyhow!(
            "log.filter = {given:?}: expected a level as \"info\", or levels per module as \
            \"info,web=debug\": {error}"
        )
    })
}
