//! Runs `wrk` and parses its output.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

/// The result of a run of `wrk`.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    /// Responses per second.
    pub(crate) rate: f64,
    /// The number of responses.
    pub(crate) answers: f64,
    /// Median latency in milliseconds.
    pub(crate) p50: f64,
    /// 99th percentile of the latency in milliseconds.
    pub(crate) p99: f64,
}

/// Credentials or bodies of the requests.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keys<'k> {
    /// This key in all requests.
    One(&'k str),
    /// This header line in all requests.
    Header(&'k str),
    /// Nothing.
    Nothing,
    /// In each request the next line of this file: a key, or a whole header.
    Rotating(&'k Path),
    /// A POST request with the next line of this file as a form.
    Forms(&'k Path),
}

/// The script with which `wrk` rotates through a file of keys.
const KEYS: &str = include_str!("../keys.lua");
/// The script with which `wrk` rotates through a file of forms.
const FORMS: &str = include_str!("../forms.lua");

/// Loads a URL for a time, with one thread.
pub(crate) fn run(url: &str, clients: u32, time: Duration, keys: Keys<'_>) -> Result<Found> {
    let mut command = Command::new("wrk");
    command
        .args(["-t1", "--latency", "-c"])
        .arg(clients.to_string())
        .arg(format!("-d{}s", time.as_secs().max(1)));
    match keys {
        Keys::One(key) => {
            command.arg("-H").arg(format!("Authorization: Bearer {key}")).arg(url);
        }
        Keys::Header(line) => {
            command.arg("-H").arg(line).arg(url);
        }
        Keys::Nothing => {
            command.arg(url);
        }
        Keys::Rotating(file) => with_script(&mut command, KEYS, url, file)?,
        Keys::Forms(file) => with_script(&mut command, FORMS, url, file)?,
    }
    let output = command.output().context("wrk does not start: is it installed?")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || text.contains("Non-2xx") || text.contains("Socket errors") {
        bail!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr));
    }
    parse(&text).with_context(|| format!("wrk printed something unexpected: {text}"))
}

fn with_script(command: &mut Command, text: &str, url: &str, file: &Path) -> Result<()> {
    let script = file.with_extension("lua");
    std::fs::write(&script, text)?;
    command.arg("-s").arg(script).arg(url).arg("--").arg(file);
    Ok(())
}

fn parse(text: &str) -> Option<Found> {
    let after = |label: &str| text.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim);
    Some(Found {
        rate: after("Requests/sec:")?.parse().ok()?,
        answers: text.lines().find_map(|line| line.trim().split_once(" requests in "))?.0.parse().ok()?,
        p50: milliseconds(after("50%")?)?,
        p99: milliseconds(after("99%")?)?,
    })
}

/// Parses a duration of `wrk`, such as `812.00us`, `1.25ms`, `1.02s` or `1.10m`, to milliseconds.
fn milliseconds(text: &str) -> Option<f64> {
    let (number, factor) = [("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)]
        .into_iter()
        .find_map(|(unit, factor)| text.strip_suffix(unit).map(|number| (number, factor)))?;
    number.parse::<f64>().ok().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_prints_is_understood() {
        let text = "  Latency Distribution\n     50%  812.00us\n     75%    1.02ms\n     90%    1.20ms\n     \
                    99%    2.50ms\n  90000 requests in 3.00s\nRequests/sec:  30000.12\n\
                    Transfer/sec:     9.00MB\n";
        assert_eq!(parse(text), Some(Found { rate: 30_000.12, answers: 90_000.0, p50: 0.812, p99: 2.5 }));
        assert_eq!(milliseconds("1.50s"), Some(1500.0));
        assert_eq!(parse("unable to connect"), None);
    }
}
