//! A complete server in the process of the test, on a real socket and either engine, with a clock that the
//! test sets.

use doppel::{
    config::{Config, KeyMakers},
    server::{self, Running},
};
use identity::{NewAccount, Password};
use store::{Clock, Random, Timestamp};
use tempfile::TempDir;

use crate::{
    Engine, Fixture,
    actor::{Actor, Person},
};

/// The start of every test's clock: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp(1_767_225_600_000);

/// The password of every person made by [`TestServer::person`].
pub const PASSWORD: &str = "correct horse battery";

/// Returns an HTTP client that follows no redirects.
pub fn http() -> reqwest::Client {
    outgoing::prepare_tls();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("an HTTP client")
}

/// A server, which runs until it is dropped.
pub struct TestServer {
    running: Option<Running>,
    clock: Clock,
    config: Config,
    directory: TempDir,
    http: reqwest::Client,
}

impl TestServer {
    /// Starts a server with the default configuration.
    pub async fn start(engine: Engine) -> Self {
        Self::configured(engine, "").await
    }

    /// Starts a server with the default configuration and lines of TOML that override it. Everybody may
    /// create Hub keys, unless the lines set `hub.keys`.
    pub async fn configured(engine: Engine, lines: &str) -> Self {
        Self::on_database(engine.fresh_url(), lines).await
    }

    /// Starts a server on the database of a URL, as [`configured`](Self::configured) does.
    pub async fn on_database(url: String, lines: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut config = configuration(lines);
        if !lines.contains("hub.keys") {
            config.hub.keys = KeyMakers::Everybody;
        }
        config.data_dir = directory.path().to_owned();
        config.server.listen = "127.0.0.1:0".parse().expect("an address");
        config.database.url = url.into();
        config.database.pool_size = 8;
        let clock = Clock::manual(START);
        let running = Box::pin(server::start(&config, clock.clone(), Random::system()))
            .await
            .expect("the server starts");
        let http = http();
        Self { running: Some(running), clock, config, directory, http }
    }

    /// Starts a second server on the same database, as another process would be.
    pub async fn sibling(&self) -> Running {
        Box::pin(server::start(&self.config, self.clock.clone(), Random::system()))
            .await
            .expect("the sibling starts")
    }

    /// Stops the server and starts it again on the same data.
    pub async fn restart(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await.expect("the server stops");
        }
        let started = Box::pin(server::start(&self.config, self.clock.clone(), Random::system())).await;
        self.running = Some(started.expect("the server starts again"));
    }

    /// Stops the server and tries to start it again, which must fail, and returns the error. The server is
    /// down until the next [`TestServer::restart`].
    pub async fn refuses_to_start(&mut self) -> String {
        if let Some(running) = self.running.take() {
            running.stop().await.expect("the server stops");
        }
        match Box::pin(server::start(&self.config, self.clock.clone(), Random::system())).await {
            Ok(_) => panic!("the server starts"),
            Err(error) => format!("{error:#}"),
        }
    }

    /// Restarts the server with the default configuration and other lines of TOML.
    pub async fn restart_with(&mut self, lines: &str) {
        let mut config = configuration(lines);
        config.data_dir.clone_from(&self.config.data_dir);
        config.server.listen.clone_from(&self.config.server.listen);
        config.database.clone_from(&self.config.database);
        self.config = config;
        self.restart().await;
    }

    /// Returns a copy of a client for the server's new address after a restart.
    pub fn again(&self, actor: &Actor) -> Actor {
        actor.at(&format!("http://{}", self.running().address.expect("a TCP listener")))
    }

    /// Returns the running server's state.
    pub fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }

    /// Returns the server's public base URL: `http://127.0.0.1:PORT` unless configured.
    pub fn base_url(&self) -> &str {
        &self.running().base_url
    }

    /// Returns the server's clock, which the test can set.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns the server's data directory.
    pub fn data_dir(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Returns a client without a credential.
    pub fn anyone(&self) -> Actor {
        Actor::new(self.http.clone(), &format!("http://{}", self.running().address.expect("a TCP listener")))
    }

    /// Returns a client without a credential for another server, such as a [sibling](Self::sibling).
    pub fn anyone_at(&self, base_url: &str) -> Actor {
        self.anyone().at(base_url)
    }

    /// Returns a client with this bearer credential.
    pub fn bearer(&self, credential: &str) -> Actor {
        self.anyone().with("authorization", &format!("Bearer {credential}"))
    }

    /// Creates a person with an account, with the e-mail address `NAME@example.com`.
    pub async fn person(&self, name: &str) -> Person {
        let new = NewAccount {
            email: format!("{name}@example.com"),
            name: name.to_owned(),
            password: Password::new(PASSWORD),
            is_admin: false,
        };
        let identity = self.running().identity.clone();
        let account = identity.add_account(new).await.expect("an account is made");
        Person { account, identity, nobody: self.anyone() }
    }
}

impl Fixture for TestServer {
    async fn set_up(engine: Engine, settings: &str) -> Self {
        Self::configured(engine, settings).await
    }
}

/// Parses lines of TOML. The built-in embedding model is off unless they say otherwise: most tests do not
/// need it, and its work would slow down all of them.
fn configuration(lines: &str) -> Config {
    let mut config = Config::from_toml(lines).expect("a valid configuration");
    config.embedding.built_in &= lines.contains("embedding.built_in");
    config
}
