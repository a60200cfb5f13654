//! Starting the server from a configuration, and stopping it in order.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use chat::Chat;
use hub::Hub;
use identity::Identity;
use memory::Memory;
use plaza::Plaza;
use store::{Clock, Database, Random};
use tokio::{net::TcpListener, sync::Notify};
use web::{
    Archive, Outgoing, Tasks, boundary,
    server::{ConnectionLimits, Leaving},
};

use crate::{
    config::{self, Config},
    logging, metrics,
    router::{Rooms, UNBOUNDED, front},
};

/// How long background work may take to end after the last request.
const LAST_WORK: Duration = Duration::from_secs(5);

/// How long before open streams are cut their answers are stopped, to be stored and to say so.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often the clock is looked at, and how far it must have been set, back or ahead, to be worth a line.
const CLOCK_EVERY: Duration = Duration::from_secs(1);
const CLOCK_BACK_MS: i64 = 2_000;
const CLOCK_AHEAD_MS: i64 = 60_000;

/// How often it is looked whether a newer release has migrated the database.
const SCHEMA_EVERY: Duration = Duration::from_secs(5);

/// First and longest pause between attempts to reach a database at the start.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// A server that runs.
pub struct Running {
    /// The address it listens on.
    pub address: SocketAddr,
    /// The address of `/metrics`, if that is on.
    pub metrics: Option<SocketAddr>,
    /// The server's address as others see it, without a slash at the end.
    pub base_url: String,
    /// The database it stands on.
    pub db: Database,
    /// Its accounts and keys.
    pub identity: Identity,
    /// Its profiles and files.
    pub memory: Memory,
    /// Its keys and APIs for others.
    pub hub: Hub,
    /// Its doubles.
    pub chat: Chat,
    /// Its square.
    pub plaza: Plaza,
    leaving: Leaving,
    lame: Duration,
    tasks: Tasks,
    served: Arc<Notify>,
    drained: Arc<std::sync::atomic::AtomicBool>,
}

/// Opens the database of a configuration, as old as its schema may be.
///
/// # Errors
/// When the data directory or the database cannot be opened.
pub async fn open_as_it_is(config: &Config, clock: Clock, random: Random) -> Result<Database> {
    let database = config.database_config().map_err(|error| anyhow!(error))?;
    let open = Database::open(database, &config.data_dir, clock, random).await;
    open.with_context(|| format!("cannot open the database (data_dir {})", config.data_dir.display()))
}

/// Opens the database of a configuration and brings its schema up to date.
///
/// # Errors
/// As [`open_as_it_is`]; when the schema does not fit this program.
pub async fn open(config: &Config, clock: Clock, random: Random) -> Result<Database> {
    let db = Box::pin(open_as_it_is(config, clock, random)).await?;
    let applied = db.migrate().await.context("cannot bring the database up to date")?;
    if !applied.is_empty() {
        tracing::info!(migrations = applied.join(" "), "database brought up to date");
    }
    Ok(db)
}

/// Like [`open`], for a server that may be started before its PostgreSQL: tries for `database.start_seconds`.
async fn open_patiently(config: &Config, clock: Clock, random: Random) -> Result<Database> {
    let (patience, start) = (Duration::from_secs(config.database.start_seconds), Instant::now());
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match Box::pin(open(config, clock.clone(), random.clone())).await {
            Ok(db) => return Ok(db),
            Err(error) => error,
        };
        let is_away = matches!(error.downcast_ref(), Some(store::Error::Unavailable(_)));
        let is_server = config.database.url.starts_with("postgres");
        if !is_away || !is_server || start.elapsed() + pause > patience {
            return Err(error);
        }
        tracing::warn!(cause = format!("{error:#}"), "the database is away; trying again");
        tokio::time::interval_at((Instant::now() + pause).into(), pause).tick().await;
        pause = LAST_PAUSE.min(pause * 2);
    }
}

/// Opens the database for a verb of the command line, beside a server that may be running. A new database is migrated; an
/// older schema is left to the server or `doppel migrate`, because a server of the older release may be using it.
///
/// # Errors
/// As [`open_as_it_is`]; when the schema is older or newer than this program's.
pub async fn open_beside(config: &Config, clock: Clock, random: Random) -> Result<Database> {
    let db = Box::pin(open_as_it_is(config, clock, random)).await?;
    if db.is_new().await? {
        db.migrate().await.context("cannot bring the database up to date")?;
        return Ok(db);
    }
    let pending = db.pending().await?;
    if pending.is_empty() {
        return Ok(db);
    }
    db.close().await?;
    let names = pending.join(" ");
    Err(anyhow!(
        "the database is of an older release (to be applied: {names}): start this release's server on it, or run \
         doppel migrate, once no server of the older release uses it any more"
    ))
}

/// The accounts of an open database, with the settings of a configuration.
pub fn identity(config: &Config, db: Database, base_url: &str) -> Identity {
    let accounts = &config.accounts;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = identity::Settings {
        sign_up: match accounts.sign_up {
            config::SignUp::Open => identity::SignUp::Open,
            config::SignUp::Invitation => identity::SignUp::Invitation,
            config::SignUp::Closed => identity::SignUp::Closed,
        },
        session: Duration::from_secs(accounts.session_days * 86_400),
        max_keys: accounts.max_keys,
        hashes_at_once: if accounts.hashes_at_once == 0 { processors } else { accounts.hashes_at_once },
        hash_queue: accounts.hash_queue,
        limits: limits(config),
        recheck: Duration::from_millis(accounts.recheck_milliseconds),
        secure_cookies: base_url.starts_with("https://"),
        oauth: oauth(&config.oauth),
        webhook: identity::webhook::Settings {
            outgoing: outgoing(config),
            signature_header: config.oauth.webhook_signature_header.clone(),
        },
        seal: store::SealSettings {
            key: config.secrets.key.clone(),
            older: config.secrets.older_keys.clone(),
            lost: config.secrets.lost_keys.clone(),
            directory: config.data_dir.clone(),
        },
    };
    Identity::new(db, settings)
}

fn oauth(config: &config::Oauth) -> identity::grant::Settings {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    identity::grant::Settings {
        code_seconds: number(config.code_seconds),
        access_seconds: number(config.access_seconds),
        refresh_seconds: number(config.refresh_seconds),
        app_token_seconds: number(config.app_token_seconds),
        max_applications: number(config.max_applications),
        dynamic_registration: config.dynamic_registration,
        rotation_grace_seconds: number(config.rotation_grace_seconds),
    }
}

/// The profiles and files of an open database, with the settings of a configuration.
pub fn memory(config: &Config, db: Database, identity: Identity, base_url: &str) -> Memory {
    let settings = memory::Settings {
        public_url: base_url.to_owned(),
        files: config.files_dir(),
        max_upload: config.files.max_upload_bytes,
        max_stored: config.files.max_stored_bytes,
        recheck: Duration::from_millis(config.accounts.recheck_milliseconds),
        pages: config.notes.settings(),
        quota: config.quota.settings(),
        embedding: config.embedding.settings(),
    };
    Memory::new(db, identity, outgoing(config), settings)
}

/// Everything that an open database has of people, as archives hold it.
///
/// # Errors
/// When this process cannot make calls.
pub fn archive(config: &Config, db: &Database, identity: &Identity, base_url: &str) -> Result<Archive> {
    let memory = memory(config, db.clone(), identity.clone(), base_url);
    let chat = chat(config, db, &memory, &outgoing(config))?;
    let plaza = Plaza::new(db.clone(), identity.clone(), memory.clone(), config.plaza.settings());
    Ok(Archive::new(sections(&memory, &chat, &plaza)))
}

/// What the rooms have of a person. What others refer to comes first.
pub fn sections(memory: &Memory, chat: &Chat, plaza: &Plaza) -> Vec<Box<dyn web::archive::Section>> {
    let mut sections = memory.sections();
    sections.extend(chat.sections());
    sections.extend(plaza.sections());
    sections
}

/// The limits per client address.
fn limits(config: &Config) -> identity::Limits {
    let (accounts, oauth) = (&config.accounts, &config.oauth);
    let rate = |actions: u64, seconds: u64| {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        identity::Rate::per_seconds(number(actions), number(seconds))
    };
    identity::Limits {
        sign_up: rate(accounts.sign_up_limit, accounts.sign_up_window_seconds),
        device: rate(accounts.device_limit, accounts.device_window_seconds),
        user_code: rate(accounts.user_code_limit, accounts.user_code_window_seconds),
        registration: rate(oauth.registration_limit, oauth.registration_window_seconds),
    }
}

/// The server's address as others see it.
///
/// `listening` is where it listens, if it does already.
pub fn base_url(config: &Config, listening: Option<SocketAddr>) -> String {
    if !config.server.public_url.is_empty() {
        return config.server.public_url.clone();
    }
    let listen = &config.server.listen;
    let Some(mut shown) = listening.or_else(|| listen.address()) else {
        return format!("http://{listen}");
    };
    if shown.ip().is_unspecified() {
        shown.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{shown}")
}

fn hub_settings(config: &Config) -> hub::Settings {
    let hub = &config.hub;
    hub::Settings {
        always_200: hub.always_200,
        anonymous: hub.anonymous,
        anonymous_quota: (hub.anonymous_per_second, hub.anonymous_per_day),
        address_quota: (hub.address_per_second, hub.address_burst),
        bounds: hub::key::rules::Bounds {
            per_second: (hub.per_second, hub.max_per_second),
            per_person_second: (hub.person_per_second, hub.max_person_per_second),
            per_day: (hub.per_day, hub.max_per_day),
        },
        key_makers: match hub.keys {
            config::KeyMakers::Admins => hub::KeyMakers::Admins,
            config::KeyMakers::Everybody => hub::KeyMakers::Everybody,
        },
        max_keys: i64::try_from(hub.max_keys).unwrap_or(i64::MAX),
        recheck: Duration::from_millis(config.accounts.recheck_milliseconds),
        catalogue_file: hub.catalogue_file.clone(),
        echo: hub.echo,
        weather: hub::WeatherSettings {
            base_url: hub.weather.base_url.clone(),
            api_key: hub.weather.api_key.clone(),
            cache_seconds: hub.weather.cache_seconds,
        },
        log: match hub.call_log {
            config::CallLog::All => hub::log::Level::All,
            config::CallLog::Errors => hub::log::Level::Errors,
            config::CallLog::Off => hub::log::Level::Off,
        },
        log_unknown_per_minute: hub.call_log_unknown_per_minute,
        log_days: i64::try_from(hub.call_log_days).unwrap_or(i64::MAX),
        log_rows: i64::try_from(hub.call_log_rows).unwrap_or(i64::MAX),
    }
}

/// The clients for calls to addresses that people and apps have named.
pub(crate) fn outgoing(config: &Config) -> Outgoing {
    Outgoing::new(web::outgoing::Settings {
        allowed: config.outgoing.allowed_networks.clone(),
        connect: Duration::from_secs(config.outgoing.connect_seconds),
    })
}

pub(crate) fn chat(config: &Config, db: &Database, memory: &Memory, outgoing: &Outgoing) -> Result<Chat> {
    let provider = |provider: &config::Model| chat::provider::Settings {
        base_url: provider.base_url.clone(),
        api_key: provider.api_key.clone(),
        name: provider.name.clone(),
        names: provider.names.clone(),
        images: provider.images,
        tools: provider.tools,
        json: match provider.json {
            config::Json::Auto => chat::provider::JsonSupport::Auto,
            config::Json::None => chat::provider::JsonSupport::None,
            config::Json::JsonObject => chat::provider::JsonSupport::JsonObject,
            config::Json::JsonSchema => chat::provider::JsonSupport::JsonSchema,
        },
        tokens_member: match provider.tokens_member {
            config::TokensMember::Auto => chat::provider::TokensMember::Auto,
            config::TokensMember::MaxTokens => chat::provider::TokensMember::MaxTokens,
            config::TokensMember::MaxCompletionTokens => chat::provider::TokensMember::MaxCompletionTokens,
            config::TokensMember::None => chat::provider::TokensMember::None,
        },
        stream_options: provider.stream_options,
        strict_turns: provider.strict_turns,
        system_role: provider.system_role,
        omit: provider.omit.clone(),
        opens_thinking: provider.opens_thinking,
        connect: Duration::from_secs(provider.connect_seconds),
        first_token: Duration::from_secs(provider.first_token_seconds),
        idle: Duration::from_secs(provider.idle_seconds),
        total: Duration::from_secs(provider.total_seconds),
    };
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let drain = Duration::from_secs(config.server.drain_seconds).saturating_sub(LAST_WORDS);
    let settings = chat::Settings {
        providers: config.model.providers().map(provider).collect(),
        prompt_tokens: number(config.chat.prompt_tokens),
        recall_tokens: number(config.chat.recall_tokens),
        max_streams: number(config.chat.max_streams),
        daily_tokens: i64::try_from(config.chat.daily_tokens).unwrap_or(i64::MAX),
        distill: config.chat.distill,
        distill_after: Duration::from_secs(config.chat.distill_after_seconds),
        max_body: number(config.chat.max_body_bytes),
        search_url: config.chat.search_url.clone(),
        drain,
    };
    Chat::new(db.clone(), memory.clone(), outgoing, settings).context("cannot call models")
}

fn rooms(config: &Config, db: &Database, identity: &Identity, base_url: &str) -> Result<Rooms> {
    let memory = memory(config, db.clone(), identity.clone(), base_url);
    let outgoing = outgoing(config);
    let chat = chat(config, db, &memory, &outgoing)?;
    let plaza = Plaza::new(db.clone(), identity.clone(), memory.clone(), config.plaza.settings());
    let hub = Hub::new(db.clone(), identity.clone(), outgoing, hub_settings(config));
    let behind = console::Rooms {
        identity: identity.clone(),
        archive: Archive::new(sections(&memory, &chat, &plaza)),
        memory: memory.clone(),
        chat: chat.clone(),
        plaza: plaza.clone(),
        hub: hub.clone(),
    };
    let console = console::Console::new(behind, db.clock().clone(), db.random().clone(), base_url);
    let base_url = base_url.to_owned();
    Ok(Rooms { db: db.clone(), identity: identity.clone(), memory, chat, plaza, hub, console, base_url })
}

/// The OpenAPI document as JSON. The routes that it describes need a database, so it gets an empty one.
///
/// # Errors
/// When no temporary directory can be had.
pub async fn document(config: &Config) -> Result<String> {
    let directory = tempfile::tempdir().context("cannot make a temporary directory")?;
    let mut config = config.clone();
    config.data_dir = directory.path().to_owned();
    config.database.url = "sqlite:openapi.db".into();
    let db = Box::pin(open_as_it_is(&config, Clock::system(), Random::system())).await?;
    let base_url = base_url(&config, None);
    let identity = identity(&config, db.clone(), &base_url);
    let document = crate::router::document(&rooms(&config, &db, &identity, &base_url)?).to_pretty_json()?;
    db.close().await?;
    Ok(document)
}

/// Starts a server: database, rooms, listeners, background work.
///
/// # Errors
/// When a directory, the database or an address cannot be had.
pub async fn start(config: &Config, clock: Clock, random: Random) -> Result<Running> {
    Ok(Box::pin(prepare(config, clock, random)).await?.serve())
}

/// A server that has its address and works in the background, and does not take connections yet: those wait.
pub struct Prepared {
    running: Running,
    begin: Box<dyn FnOnce() + Send>,
}

impl Prepared {
    /// The server, for what has to be done before anybody is served.
    #[must_use]
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Takes connections from now on.
    #[must_use]
    pub fn serve(self) -> Running {
        (self.begin)();
        self.running
    }
}

/// Does all of [`start`] but take connections.
///
/// # Errors
/// As of [`start`].
pub async fn prepare(config: &Config, clock: Clock, random: Random) -> Result<Prepared> {
    let db = Box::pin(open_patiently(config, clock, random)).await?;
    let listen = &config.server.listen;
    let listener =
        TcpListener::bind(listen.as_str()).await.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let base_url = base_url(config, Some(address));
    let identity = identity(config, db.clone(), &base_url);
    identity.sealer().check().await?;
    let rooms = rooms(config, &db, &identity, &base_url)?;

    let tasks = Tasks::default();
    let metrics_address = config.metrics_address().map_err(|error| anyhow!(error))?;
    let metrics = match metrics_address {
        Some(address) => Some(metrics::start(address, db.clone(), &tasks).await?),
        None => None,
    };
    watch(&db, &tasks);
    rooms.hub.load().await;
    let leaving = Leaving::default();
    let limits = boundary_limits(config, rooms.chat.patience());
    let app = front(&rooms, config, limits, leaving.clone())
        .map_err(|error| anyhow!("{}", error.cause().unwrap_or("cannot assemble the routes")))?;
    identity.start(&tasks);
    rooms.memory.start(&tasks);
    rooms.chat.start(&tasks);
    rooms.hub.start(&tasks);

    let (served, drained) = (Arc::new(Notify::new()), Arc::new(std::sync::atomic::AtomicBool::new(true)));
    let (done, in_time) = (Arc::clone(&served), Arc::clone(&drained));
    let serving = web::server::serve(
        listener,
        app,
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
    let Rooms { memory, hub, chat, plaza, .. } = rooms;
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
        plaza,
        leaving,
        lame,
        tasks,
        served,
        drained,
    };
    Ok(Prepared { running, begin })
}

/// Looks for what changes under a running server: a schema of a newer release, and a clock that is set.
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
            // Told once by the store; whether the database is away is others' to say.
            let _fits = db.check_schema().await;
        }
    });
}

/// What to say of a clock that moved so many milliseconds more than time passed.
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
    /// Stops in order: for `server.lame_seconds` requests are served and readiness is refused, then no new connections, open requests and streams end, background work writes what it
    /// holds, the store closes. Answers false when something had to be cut off.
    ///
    /// # Errors
    /// When the store cannot be closed cleanly.
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
        // What the last requests left to be written was counted after the batch writer's own last round.
        let _logged = self.identity.flush().await;
        self.hub.flush().await;
        self.db.close().await.context("cannot close the database")?;
        Ok(finished && self.drained.load(std::sync::atomic::Ordering::Acquire))
    }
}

fn boundary_limits(config: &Config, patience: Duration) -> boundary::Limits {
    let server = &config.server;
    boundary::Limits {
        slow: [chat::SLOW, console::SLOW].concat(),
        slow_request: patience,
        request: Duration::from_secs(server.request_seconds),
        upload: Duration::from_secs(server.upload_seconds),
        upload_routes: memory::file::UPLOAD_ROUTES.to_vec(),
        unbounded: UNBOUNDED,
        in_flight: server.max_in_flight,
        in_flight_of_address: server.max_in_flight_per_address,
        body: server.max_body_bytes,
        trusted_proxies: server.trusted_proxies.clone(),
        metrics: !config.metrics.listen.is_empty(),
    }
}

fn connection_limits(config: &Config, base_url: &str) -> ConnectionLimits {
    let server = &config.server;
    ConnectionLimits {
        connections: server.max_connections,
        of_address: server.max_connections_per_address,
        trusted_proxies: server.trusted_proxies.clone(),
        https: base_url.starts_with("https://"),
        head: Duration::from_secs(server.head_seconds),
        write: Duration::from_secs(server.write_seconds),
        head_bytes: server.max_head_bytes,
        headers: server.max_headers,
        drain: Duration::from_secs(server.drain_seconds),
    }
}
