//! The measurements, one module for each part of the table.

pub(crate) mod agents;
pub(crate) mod chat;
pub(crate) mod create;
pub(crate) mod grant;
pub(crate) mod hub;
pub(crate) mod info;
pub(crate) mod lookup;
pub(crate) mod pages;
pub(crate) mod plaza;
pub(crate) mod recall;
pub(crate) mod start;
pub(crate) mod visitors;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::{
    http::{self as single, Response},
    load::{self, Load},
    process::{self, Server},
};

/// The endpoint that measures the cost of authentication: it needs the key, the account and the profile.
pub(crate) const USER_INFO: &str = "/api/secondme/user/info";
/// The readiness endpoint, which returns 200 once the server can serve.
pub(crate) const READY: &str = "/readyz";

const CREATE: &str = "/api/apikey/create";
const PASSWORD: &str = "correct horse battery staple";

/// Settings of a run.
pub(crate) struct Bench {
    pub(crate) doppel: PathBuf,
    /// An empty directory on the disk to measure, which is removed after the run.
    pub(crate) directory: PathBuf,
    pub(crate) pairs: u32,
    pub(crate) time: Duration,
    pub(crate) clients: u32,
    pub(crate) keys: usize,
    pub(crate) entries: usize,
    pub(crate) others: usize,
    pub(crate) posts: Vec<u32>,
    pub(crate) visitors: usize,
}

impl Bench {
    /// Creates a new directory inside the run's directory.
    fn fresh(&self) -> Result<PathBuf> {
        Ok(tempfile::Builder::new().tempdir_in(&self.directory)?.keep())
    }

    /// Measures Doppel and the baseline alternately.
    fn pairs<T, U>(
        &self,
        mut doppel: impl FnMut() -> Result<T>,
        mut baseline: impl FnMut() -> Result<U>,
    ) -> Result<Vec<(T, U)>> {
        (0..self.pairs).map(|_| Ok((doppel()?, baseline()?))).collect()
    }
}

/// Limits of an account that are switched off.
const QUOTAS: [&str; 6] = [
    "DOPPEL_QUOTA__MEMORIES",
    "DOPPEL_QUOTA__NOTES",
    "DOPPEL_QUOTA__AGENT_EVENTS",
    "DOPPEL_QUOTA__MESSAGES",
    "DOPPEL_QUOTA__BYTES",
    "DOPPEL_QUOTA__ADDITIONS_PER_HOUR",
];

/// A running server with accounts.
struct Site {
    data: PathBuf,
    settings: Vec<(&'static str, String)>,
    server: Server,
}

impl Site {
    /// Creates the accounts and starts a server.
    fn new(bench: &Bench, accounts: u32, settings: &[(&'static str, String)]) -> Result<Self> {
        let data = bench.fresh()?;
        let mut settings = settings.to_vec();
        settings.push(("DOPPEL_ACCOUNTS__MAX_KEYS", "10000000".to_owned()));
        // One account does the work of many.
        for limit in QUOTAS {
            settings.push((limit, "0".to_owned()));
        }
        for number in 0..accounts {
            let add = ["account", "add", "--email", &email(number), "--name", "Bench", "--password-stdin"];
            process::verb(command(bench, &data, &settings), &add, PASSWORD)?;
        }
        let server = process::serve(command(bench, &data, &settings))?;
        Ok(Self { data, settings, server })
    }

    /// Restarts the server with another setting.
    fn restarted(self, bench: &Bench, name: &'static str, value: &str) -> Result<Self> {
        let Self { data, mut settings, server } = self;
        drop(server);
        settings.push((name, value.to_owned()));
        let server = process::serve(command(bench, &data, &settings))?;
        Ok(Self { data, settings, server })
    }

    /// Creates a key of the first account from the command line, with the scope `user.info`.
    fn key(&self, bench: &Bench) -> Result<String> {
        self.key_for(bench, "user.info")
    }

    /// Creates a key of the first account from the command line, with these scopes.
    fn key_for(&self, bench: &Bench, scopes: &str) -> Result<String> {
        let create = ["key", "create", "--account", &email(0), "--name", "bench", "--scopes", scopes];
        let printed = process::verb(command(bench, &self.data, &self.settings), &create, "")?;
        Ok(printed.trim().to_owned())
    }

    /// Signs a person in, and returns the session cookie.
    fn sign_in(&self, number: u32) -> Result<String> {
        let page = single::request("GET", &self.server.host, "/sign-in", &[], "")?;
        let visitor = page.cookie("doppel_visitor").context("no visitor cookie on the sign-in page")?;
        let csrf =
            page.body.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split('"').next());
        let csrf = csrf.context("no form token on the sign-in page")?;
        let email = email(number);
        let form = format!("csrf={csrf}&email={email}&password={PASSWORD}&next=")
            .replace('@', "%40")
            .replace(' ', "+");
        let headers = [("cookie", visitor.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let answer = single::request("POST", &self.server.host, "/sign-in", &headers, &form)?;
        answer.cookie("doppel_session").context("the sign-in failed")
    }

    /// Returns the response of `user/info` to a key.
    fn user_info(&self, key: &str) -> Result<Response> {
        let bearer = format!("Bearer {key}");
        single::request("GET", &self.server.host, USER_INFO, &[("authorization", &bearer)], "")
    }

    /// Creates keys with all clients for the time of a measurement. The clients share the cookies.
    fn create_keys(&self, bench: &Bench, cookies: &[String]) -> Result<Load> {
        let body = Bytes::from_static(br#"{"name":"bench","scopes":["user.info"]}"#);
        load::run(&self.server.host, bench.clients, bench.time, |client| {
            let cookie = cookies.get(client % cookies.len()).context("nobody is signed in")?;
            let request = Request::post(CREATE).header("host", &self.server.host).header("cookie", cookie);
            Ok(request.header("content-type", "application/json").body(Full::new(body.clone()))?)
        })
    }
}

fn command(
    bench: &Bench,
    data: &std::path::Path,
    settings: &[(&'static str, String)],
) -> std::process::Command {
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    process::doppel(&bench.doppel, data, &settings)
}

/// Returns the e-mail address of an account.
fn email(number: u32) -> String {
    format!("bench{number}@example.com")
}

/// Returns the key from the response to its creation.
fn key_of(body: &[u8]) -> Result<String> {
    let answer: serde_json::Value = serde_json::from_slice(body)?;
    Ok(answer
        .pointer("/data/key")
        .and_then(|key| key.as_str())
        .context("an answer without a key")?
        .to_owned())
}

/// Waits until the server has nothing to do: it makes vectors of new entries in the background.
fn until_idle(server: &Server) -> Result<()> {
    const LONGEST: Duration = Duration::from_secs(3600);
    const PAUSE: Duration = Duration::from_secs(2);
    let start = Instant::now();
    let mut before = server.processor_time()?;
    while start.elapsed() < LONGEST {
        std::thread::sleep(PAUSE);
        let now = server.processor_time()?;
        if now.saturating_sub(before) < PAUSE / 20 {
            return Ok(());
        }
        before = now;
    }
    anyhow::bail!("the server is still busy after {} s", LONGEST.as_secs())
}
