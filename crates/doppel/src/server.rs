//! Starting the server from a configuration, and stopping it in order.

pub mod backups;
mod limits;
mod open;
mod reload;
mod services;
mod tls;
mod upkeep;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use agents::Agents;
use anyhow::{Context, Result, anyhow};
use avatars::Avatars;
use chat::Chat;
use hub::Hub;
use identity::Identity;
use memory::Memory;
use plaza::Plaza;
use store::{Clock, Database, Random};
use tokio::sync::Notify;
use web::{
    Tasks,
    server::{Leaving, Listener},
};

use crate::{config::Config, logging, metrics, router::Services};

use limits::connection_limits;
use open::open_patiently;
pub use open::{open, open_as_it_is, open_beside};
use reload::Reloading;
use services::services;
pub use services::{archive, base_url, identity, memory, sections};
pub(crate) use services::{chat, outgoing};

/// Time limit for background work to end after the last request.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Interval between checks of the clock. A change by more than the limits below, back or ahead, is logged.
const CLOCK_EVERY: Duration = Duration::from_secs(1);
const CLOCK_BACK_MS: i64 = 2_000;
const CLOCK_AHEAD_MS: i64 = 60_000;

/// Interval between checks if a newer release has migrated the database.
const SCHEMA_EVERY: Duration = Duration::from_secs(5);

/// A running server.
pub struct Running {
    /// The address it listens on; `None` for a Unix socket.
    pub address: Option<SocketAddr>,
    /// The address of `/metrics`, if that is on.
    pub metrics: Option<SocketAddr>,
    /// The public base URL of the server, without a trailing slash.
    pub base_url: String,
    /// The database.
    pub db: Database,
    /// Accounts and keys.
    pub identity: Identity,
    /// Profiles, memories and files.
    pub memory: Memory,
    /// The Hub: APIs for other programs, and their keys.
    pub hub: Hub,
    /// Conversations with the assistant.
    pub chat: Chat,
    /// The MCP server, and the log of what agents do.
    pub agents: Agents,
    /// Avatars, and the conversations of their visitors.
    pub avatars: Avatars,
    /// The Plaza.
    pub plaza: Plaza,
    reloading: Reloading,
    leaving: Leaving,
    lame: Duration,
    tasks: Tasks,
    served: Arc<Notify>,
    drained: Arc<std::sync::atomic::AtomicBool>,
}

/// Creates an empty database in a temporary directory. Dropping the directory deletes it.
async fn temporary(config: &Config) -> Result<(tempfile::TempDir, Config, Database)> {
    let directory = tempfile::tempdir().context("cannot make a temporary directory")?;
    let mut config = config.clone();
    config.data_dir = directory.path().to_owned();
    config.database.url = "sqlite:openapi.db".into();
    let db = Box::pin(open_as_it_is(&config, Clock::system(), Random::system())).await?;
    Ok((directory, config, db))
}

/// Returns the OpenAPI document as JSON. The routes need a database, so an empty one is created.
///
/// # Errors
/// If no temporary directory can be created.
pub async fn document(config: &Config) -> Result<String> {
    let (_directory, config, db) = temporary(config).await?;
    let base_url = base_url(&config, None);
    let identity = identity(&config, db.clone(), &base_url);
    let document = crate::router::document(&services(&config, &db, &identity, &base_url)?.console.services())
        .to_pretty_json()?;
    db.close().await?;
    Ok(document)
}

/// Returns the names of all migrations.
///
/// # Errors
/// If no temporary directory can be created.
pub async fn all_migrations(config: &Config) -> Result<Vec<&'static str>> {
    let (_directory, _config, db) = temporary(config).await?;
    let names = db.pending().await?;
    db.close().await?;
    Ok(names)
}

/// Starts a server: database, services, listeners and background tasks.
///
/// # Errors
/// If a directory, the database or an address is not available.
pub async fn start(config: &Config, clock: Clock, random: Random) -> Result<Running> {
    Ok(Box::pin(prepare(config, clock, random)).await?.serve())
}

/// A server that listens and runs its background tasks, but does not accept connections yet. Clients wait
/// meanwhile.
pub struct Prepared {
    running: Running,
    begin: Box<dyn FnOnce() + Send>,
}

impl Prepared {
    /// Returns the server, for work that has to be done before anybody is served.
    #[must_use]
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Accepts connections from now on.
    #[must_use]
    pub fn serve(self) -> Running {
        (self.begin)();
        self.running
    }
}

/// Does all of [`start`], except for accepting connections.
///
/// # Errors
/// Those of [`start`].
pub async fn prepare(config: &Config, clock: Clock, random: Random) -> Result<Prepared> {
    let listen = &config.server.listen;
    let refused = || format!("cannot listen on {listen}");
    // A port that is taken is reported before a database is created. It is opened only after the database,
    // so that nobody connects to a server that cannot answer yet.
    if listen.socket().is_none() {
        drop(Listener::tcp(listen.as_str()).await.with_context(refused)?);
    }
    let db = Box::pin(open_patiently(config, clock, random)).await?;
    let listener = match listen.socket() {
        Some(path) => Listener::unix(path).await,
        None => Listener::tcp(listen.as_str()).await,
    };
    let listener = listener.with_context(refused)?;
    let address = listener.address()?;
    let base_url = base_url(config, address);
    let identity = identity(config, db.clone(), &base_url);
    identity.sealer().check().await?;
    let services = services(config, &db, &identity, &base_url)?;

    let tasks = Tasks::default();
    let tls = tls::start(config, &tasks)?;
    tls::redirect(config, &base_url, &tasks).await?;
    let metrics_address = config.metrics_address().map_err(|error| anyhow!(error))?;
    let metrics = match metrics_address {
        Some(address) => Some(metrics::start(address, db.clone(), &tasks).await?),
        None => None,
    };
    watch(&db, &tasks);
    if let Some(backups) = backups::Backups::of(config, &db) {
        backups.start(&tasks);
    }
    services.hub.load().await;
    services.chat.reload_models().await;
    let leaving = Leaving::default();
    let reloading = Reloading::new(config, services.clone(), tls.clone(), leaving.clone())?;
    identity.start(&tasks);
    services.memory.start(&tasks);
    services.chat.start(&tasks);
    services.agents.start(&tasks);
    services.avatars.start(&tasks);
    services.console.start(&tasks);
    services.hub.start(&tasks);

    let (served, drained) = (Arc::new(Notify::new()), Arc::new(std::sync::atomic::AtomicBool::new(true)));
    let (done, in_time) = (Arc::clone(&served), Arc::clone(&drained));
    let serving = web::server::serve(
        listener.with_tls(tls),
        reloading.service(),
        connection_limits(config, &base_url),
        leaving.clone(),
        tasks.clone(),
    );
    let server_tasks = tasks.clone();
    let begin = Box::new(move || {
        server_tasks.spawn(async move {
            in_time.store(serving.await, std::sync::atomic::Ordering::Release);
            done.notify_one();
        });
    });
    let Services { memory, hub, chat, agents, avatars, plaza, .. } = services;
    let lame = Duration::from_secs(config.server.lame_seconds);
    let running = Running {
        address,
        metrics,
        base_url,
        db,
        identity,
        memory,
        hub,
        chat,
        agents,
        avatars,
        plaza,
        reloading,
        leaving,
        lame,
        tasks,
        served,
        drained,
    };
    Ok(Prepared { running, begin })
}

/// Watches for changes under a running server: a schema of a newer release, and a changed clock.
fn watch(db: &Database, tasks: &Tasks) {
    let (clock, started) = (db.clock().clone(), Instant::now());
    let offset = move || clock.now().as_millis() - i64::try_from(started.elapsed().as_millis()).unwrap_or(0);
    let mut before = offset();
    tasks.every(CLOCK_EVERY, move || {
        let (now, last) = (offset(), before);
        before = now;
        if let Some(text) = clock_jump(now - last) {
            tracing::warn!(seconds = (now - last) / 1000, "{text}");
        }
        logging::sum_up();
        std::future::ready(())
    });
    let db = db.clone();
    tasks.every(SCHEMA_EVERY, move || {
        let db = db.clone();
        async move {
            // The store logs it once. Failures to reach the database are reported elsewhere.
            let _fits = db.check_schema().await;
        }
    });
}

/// Returns the warning for a clock that moved this many milliseconds more than time passed.
const fn clock_jump(ms: i64) -> Option<&'static str> {
    if ms < -CLOCK_BACK_MS {
        Some("the clock was set back: limits and leases of the time that is undone are cut short")
    } else if ms > CLOCK_AHEAD_MS {
        Some("the clock was set ahead, or the machine was asleep")
    } else {
        None
    }
}

impl Running {
    /// Puts a configuration in force, as far as a running server can. Returns the changed keys that need a
    /// restart.
    ///
    /// # Errors
    /// If a part cannot be put in force, such as a certificate that cannot be read.
    pub async fn reload(&self, config: &Config) -> Result<Vec<String>> {
        self.reloading.reload(config).await
    }

    /// Stops in order. For `server.lame_seconds`, requests are served and readiness is refused. Then no
    /// connections are accepted, open requests and streams end, background tasks write their data, and the
    /// store closes. Returns false if something had to be cut off.
    ///
    /// # Errors
    /// If the store cannot be closed cleanly.
    pub async fn stop(self) -> Result<bool> {
        self.leaving.begin();
        if !self.lame.is_zero() {
            #[expect(
                clippy::disallowed_methods,
                reason = "a fixed time for balancers, not a wait for an event"
            )]
            tokio::time::sleep(self.lame).await;
        }
        self.tasks.stop();
        self.served.notified().await;
        let finished = self.tasks.drained(LAST_WORK).await;
        // What the last requests left to be written may have come after the batch writer's last round.
        let _logged = self.identity.flush().await;
        self.hub.flush().await;
        self.db.close().await.context("cannot close the database")?;
        Ok(finished && self.drained.load(std::sync::atomic::Ordering::Acquire))
    }
}
