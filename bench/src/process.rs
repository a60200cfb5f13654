//! Servers as separate processes: Doppel and the baselines.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    http::{self, Response},
    lines::READY,
};

/// The unit of processor time in `/proc` in milliseconds, the same on every Linux.
const TICK_MILLISECONDS: u64 = 10;

/// A server that listens, which is killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// The address, as `address:port`.
    pub(crate) host: String,
    /// Time from the start of the process to the first 200 of `/readyz`.
    pub(crate) start_up: Duration,
}

/// Memory of a process in MiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident memory.
    pub(crate) resident: f64,
    /// The part of it that is not backed by a file.
    pub(crate) anonymous: f64,
}

/// Returns a command that runs the binary on a data directory. Its environment holds only `PATH` and the
/// settings.
pub(crate) fn doppel(binary: &Path, data: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().envs(std::env::var("PATH").map(|path| ("PATH", path)));
    command.envs(settings.iter().copied()).arg("--data-dir").arg(data);
    command
}

/// Runs a subcommand to its end, and returns its standard output.
pub(crate) fn verb(mut command: Command, arguments: &[&str], input: &str) -> Result<String> {
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    child.stdin.take().context("a pipe")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("doppel {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Starts Doppel on a free port.
pub(crate) fn serve(mut command: Command) -> Result<Server> {
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    Server::start(command, "")
}

/// Starts the bare baseline, which always returns this response.
pub(crate) fn bare(answer: &Response) -> Result<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare");
    Server::start(command, &serde_json::to_string(answer)?)
}

/// Starts the mock of a model provider.
pub(crate) fn mock() -> Result<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("mock");
    Server::start(command, "")
}

impl Server {
    /// Starts another program that listens on `host`, and waits until it does.
    pub(crate) fn other(mut command: Command, host: &str) -> Result<Self> {
        let start = Instant::now();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("{command:?} does not start"))?;
        let mut server = Self { child, host: host.to_owned(), start_up: Duration::ZERO };
        while std::net::TcpStream::connect(host).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended before it listened: {status}");
            }
            if start.elapsed() > Duration::from_secs(10) {
                bail!("{command:?} does not listen on {host}");
            }
            std::thread::yield_now();
        }
        server.start_up = start.elapsed();
        Ok(server)
    }

    fn start(mut command: Command, input: &str) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let start = Instant::now();
        let mut child = command.spawn()?;
        child.stdin.take().context("a pipe")?.write_all(input.as_bytes())?;
        let log = BufReader::new(child.stderr.take().context("a pipe")?);
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // Reads to the end, so that the server never blocks on a full pipe.
            for line in log.lines().map_while(Result::ok) {
                let _nobody_waits = sender.send(line);
            }
        });
        let mut server = Self { child, host: String::new(), start_up: Duration::ZERO };
        let mut said = String::new();
        for line in lines {
            if let Some((_, rest)) = line.split_once("listens on http://") {
                rest.split(' ').next().unwrap_or_default().clone_into(&mut server.host);
                http::request("GET", &server.host, READY, &[], "")?;
                server.start_up = start.elapsed();
                return Ok(server);
            }
            said.push_str(&line);
            said.push('\n');
        }
        bail!("a server ended before it listened: {said}");
    }

    /// Returns the URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// Returns the processor time of all threads so far, including that spent in the kernel.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field is the program's name in brackets and may contain anything.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * TICK_MILLISECONDS))
    }

    /// Returns the memory in use now.
    pub(crate) fn memory(&self) -> Result<Memory> {
        let id = self.child.id();
        let resident = field(&fs::read_to_string(format!("/proc/{id}/status"))?, "VmRSS:")?;
        let anonymous = field(&fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?, "Anonymous:")?;
        Ok(Memory { resident, anonymous })
    }
}

/// Returns the value of a line such as `VmRSS:     1234 kB` in MiB.
fn field(text: &str, label: &str) -> Result<f64> {
    let value =
        text.lines().find_map(|line| line.strip_prefix(label)).with_context(|| format!("no {label}"))?;
    let kilobytes: f64 = value.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1024.0)
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}
