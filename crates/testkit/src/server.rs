//! A whole server in the test's own process, on a real socket, on either engine, with a clock the test moves.

use doppel::{
    config::{Config, KeyMakers},
    server::{self, Running},
};
use identity::{NewAccount, Password};
use store::{Clock, Random, Timestamp};
use tempfile::TempDir;

use crate::{
    actor::{Actor, Person},
    postgres::Cluster,
};

/// Which engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file of its own.
    Sqlite,
    /// A schema of its own in the shared temporary cluster.
    Postgres,
}

impl Engine {
    /// A fresh database's address for `database.url`.
    pub fn fresh_url(self) -> String {
        match self {
            Self::Sqlite => "sqlite:doppel.db".into(),
            Self::Postgres => Cluster::shared().fresh_url(),
        }
    }
}

/// When a test's clock starts: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp(1_767_225_600_000);

/// The password of every person made by [`TestServer::person`].
pub const PASSWORD: &str = "correct horse battery";

/// A client that follows no redirects.
pub fn http() -> reqwest::Client {
    web::outgoing::prepare_tls();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("an HTTP client")
}

/// A server that lives as long as the test.
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

    /// Starts a server with the default configuration changed by lines of TOML. Everybody may make keys of the Hub, unless
    /// the lines set `hub.keys`.
    pub async fn configured(engine: Engine, lines: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut config = Config::from_toml(lines).expect("a valid configuration");
        if !lines.contains("hub.keys") {
            config.hub.keys = KeyMakers::Everybody;
        }
        config.data_dir = directory.path().to_owned();
        config.server.listen = "127.0.0.1:0".parse().expect("an address");
        config.database.url = engine.fresh_url();
        config.database.pool_size = 8;
        let clock = Clock::manual(START);
        let running = Box::pin(server::start(&config, clock.clone(), Random::system()))
            .await
            .expect("the server starts");
        let http = http();
        Self { running: Some(running), clock, config, directory, http }
    }

    /// A second server on the same database, as another process would be.
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

    /// Stops the server and tries to start it again; answers why it did not. It is down until the next
    /// [`TestServer::restart`].
    pub async fn refuses_to_start(&mut self) -> String {
        if let Some(running) = self.running.take() {
            running.stop().await.expect("the server stops");
        }
        match Box::pin(server::start(&self.config, self.clock.clone(), Random::system())).await {
            Ok(_) => panic!("the server starts"),
            Err(error) => format!("{error:#}"),
        }
    }

    /// The same with the default configuration changed by other lines of TOML.
    pub async fn restart_with(&mut self, lines: &str) {
        let mut config = Config::from_toml(lines).expect("a valid configuration");
        config.data_dir.clone_from(&self.config.data_dir);
        config.server.listen.clone_from(&self.config.server.listen);
        config.database.clone_from(&self.config.database);
        self.config = config;
        self.restart().await;
    }

    /// Somebody, after a restart: at the server's new address.
    pub fn again(&self, actor: &Actor) -> Actor {
        actor.at(&format!("http://{}", self.running().address))
    }

    /// The server's inside.
    pub fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }

    /// The server's address as it tells others: `http://127.0.0.1:PORT` unless configured.
    pub fn base_url(&self) -> &str {
        &self.running().base_url
    }

    /// The server's clock, to be moved.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The server's data directory.
    pub fn data_dir(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Someone without any credential.
    pub fn anyone(&self) -> Actor {
        Actor::new(self.http.clone(), &format!("http://{}", self.running().address))
    }

    /// Someone without any credential, at another server such as a [sibling](Self::sibling).
    pub fn anyone_at(&self, base_url: &str) -> Actor {
        self.anyone().at(base_url)
    }

    /// Someone who presents this as a bearer credential.
    pub fn bearer(&self, credential: &str) -> Actor {
        self.anyone().with("authorization", &format!("Bearer {credential}"))
    }

    /// Makes a person with an account; `name` makes the e-mail.
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
