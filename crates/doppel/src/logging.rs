//! Log output.

mod repeats;

use std::{io::IsTerminal, sync::OnceLock};

use anyhow::{Result, anyhow};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, fmt, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

use crate::config::{Log, LogFormat};
use repeats::Repeats;
pub(crate) use repeats::sum_up;

/// The filter in force, once logging was started.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

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
    let (filter, handle) = reload::Layer::new(filter(log)?);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match log.format {
        LogFormat::Text => {
            registry.with(lines.with_ansi(std::io::stderr().is_terminal()).with_filter(Repeats)).try_init()
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true).with_filter(Repeats)).try_init(),
    };
    started.map_err(|error| anyhow!("cannot start logging: {error}"))?;
    let _started_before = FILTER.set(handle);
    Ok(())
}

/// Uses the filter of other settings from now on. The format stays.
///
/// # Errors
/// If the filter is invalid.
pub(crate) fn reload(log: &Log) -> Result<()> {
    let filter = filter(log)?;
    // Without a handle, logging was not started by this program but by a test.
    FILTER
        .get()
        .map_or(Ok(()), |handle| handle.reload(filter))
        .map_err(|error| anyhow!("log.filter: {error}"))
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
