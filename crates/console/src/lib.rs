//! The web pages for people, such as sign-in, consent, API keys, memories, chat, the Plaza and the Hub.
//!
//! Pages are rendered on the server and work without scripts. Permissions and rules are decided in the other
//! crates. This crate decides about layout and wording.

mod account;
mod admin;
mod agents;
mod apps;
mod ask;
mod assets;
mod chart;
mod chat;
mod consent;
mod cookies;
mod docs;
mod error_page;
mod form;
mod home;
mod hub;
mod icons;
mod keys;
mod language;
mod listen;
mod markdown;
mod memories;
mod new_password;
mod next;
mod notes;
mod page;
mod paths;
mod people;
mod plaza;
mod policy;
mod problems;
mod profile;
mod programs;
mod search;
mod sign_in;
mod sign_up;
mod snippet;
mod texts;
mod theme;
mod visitors;
mod when;

use std::sync::{Arc, PoisonError, RwLock};

use ::agents::Agents;
use ::avatars::Avatars;
use ::chat::Chat;
use ::plaza::Plaza;
use archive::Archive;
use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use identity::{Cookies, Identity};
use memory::Memory;
use web::boundary::ErrorPages;

/// The routes that need no caller.
pub const PUBLIC: &[&str] = &[
    sign_in::PATH,
    paths::SIGN_UP,
    paths::SETUP,
    paths::NEW_PASSWORD,
    language::PATH,
    theme::PATH,
    assets::PATH,
    assets::FAVICON,
    assets::WEB_MANIFEST,
    paths::PERSON,
    people::talk::PATH,
    people::talk::AVATAR,
    people::talk::LISTEN,
    people::share::PERSON_QR,
    people::share::AVATAR_QR,
    people::widget::SCRIPT,
    people::widget::FRAME,
    docs::paths::DOCS,
    docs::paths::GUIDE,
    docs::paths::ERRORS,
    docs::paths::SEARCH,
    docs::paths::API,
    docs::paths::GROUP,
];

/// The ends of the paths of forms with files.
pub const UPLOADS: &[&str] = &[profile::picture::UPLOAD, memories::import::PATH, plaza::publish::PATH];

/// The connection to what imports files.
pub mod import {
    pub use crate::memories::import::{Importer, Left, Report, Step, Work};
}

/// The connection to the server's configuration and its backups.
pub use admin::upkeep;

/// Pages whose response waits for the complete response of a model or of an API, or for a backup.
pub const SLOW: &[&str] = &[
    admin::MODELS,
    admin::TEST,
    admin::SEARCH,
    admin::BACK_UP,
    chat::PATH,
    hub::TRY,
    people::talk::PATH,
    people::talk::AVATAR,
    people::talk::LISTEN,
    listen::PATH,
    people::widget::FRAME,
];

/// The crates whose data the pages show and change.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the room of its name")]
pub struct Services {
    pub identity: Identity,
    pub memory: Memory,
    pub archive: Archive,
    pub chat: Chat,
    pub agents: Agents,
    pub avatars: Avatars,
    pub plaza: Plaza,
    pub hub: ::hub::Hub,
}

/// The parts of the server behind the pages that exist once it is complete.
#[derive(Default)]
struct Server {
    gateway: Option<::hub::Gateway>,
    upkeep: Option<Arc<dyn upkeep::Upkeep>>,
}

/// The state of this crate; cheap to clone.
#[derive(Clone)]
pub struct Console {
    identity: Identity,
    memory: Memory,
    archive: Archive,
    chat: Chat,
    agents: Agents,
    avatars: Avatars,
    plaza: Plaza,
    hub: ::hub::Hub,
    clock: store::Clock,
    random: store::Random,
    public_url: Arc<str>,
    /// The start of this process.
    started: store::Timestamp,
    imports: memories::import::job::Imports,
    /// The parts that the server sets once it is complete.
    server: Arc<RwLock<Server>>,
    /// Returns the OpenAPI document of these services.
    document: fn(&Services) -> serde_json::Value,
}

impl Console {
    /// Creates the state. `public_url` is the public address of the server, which is part of links and
    /// example commands.
    #[must_use]
    pub fn new(services: Services, clock: store::Clock, random: store::Random, public_url: &str) -> Self {
        let Services { identity, memory, archive, chat, agents, avatars, plaza, hub } = services;
        let public_url = public_url.trim_end_matches('/').into();
        let (started, imports) = (clock.now(), memories::import::job::Imports::default());
        Self {
            identity,
            memory,
            archive,
            chat,
            agents,
            avatars,
            plaza,
            hub,
            clock,
            random,
            public_url,
            started,
            imports,
            server: Arc::default(),
            document: |_services| serde_json::Value::Null,
        }
    }

    /// Sets what returns the OpenAPI document, for the reference.
    #[must_use]
    pub fn described_by(self, document: fn(&Services) -> serde_json::Value) -> Self {
        Self { document, ..self }
    }

    /// Returns the operations of the API. They are read at the first use, and are the same for all servers of
    /// a process.
    fn reference(&self) -> &'static docs::Reference {
        static READ: std::sync::OnceLock<docs::Reference> = std::sync::OnceLock::new();
        READ.get_or_init(|| docs::Reference::new(&(self.document)(&self.services())))
    }

    /// Returns the crates behind the pages.
    pub fn services(&self) -> Services {
        let Self { identity, memory, archive, chat, agents, avatars, plaza, hub, .. } = self.clone();
        Services { identity, memory, archive, chat, agents, avatars, plaza, hub }
    }

    /// Sets the gateway through which the pages call APIs of the Hub, and what knows the configuration. A
    /// reload of the configuration sets both again.
    pub fn use_server(&self, gateway: ::hub::Gateway, upkeep: Arc<dyn upkeep::Upkeep>) {
        let mut server = self.server.write().unwrap_or_else(PoisonError::into_inner);
        *server = Server { gateway: Some(gateway), upkeep: Some(upkeep) };
    }

    fn gateway(&self) -> Option<::hub::Gateway> {
        self.server.read().unwrap_or_else(PoisonError::into_inner).gateway.clone()
    }

    fn upkeep(&self) -> Option<Arc<dyn upkeep::Upkeep>> {
        self.server.read().unwrap_or_else(PoisonError::into_inner).upkeep.clone()
    }

    /// Sets what imports files.
    #[must_use]
    pub fn importing_with(self, importer: Arc<dyn import::Importer>) -> Self {
        self.imports.use_importer(importer);
        self
    }

    /// Allows imports in the background.
    pub fn start(&self, tasks: &web::Tasks) {
        self.imports.use_tasks(tasks);
    }

    fn cookies(&self) -> Cookies {
        Cookies::new(self.identity.settings().secure_cookies)
    }
}

/// Returns the routes of the pages, with their security headers. The server adds the guard.
pub fn router(console: Console) -> Router {
    Router::new()
        .route("/", get(home::show))
        .route(home::DISMISS, post(home::dismiss))
        .route(sign_in::PATH, get(sign_in::show).post(sign_in::submit))
        .route("/sign-out", post(sign_in::sign_out))
        .route(paths::SIGN_UP, get(sign_up::show).post(sign_up::submit))
        .route(paths::NEW_PASSWORD, get(new_password::show).post(new_password::submit))
        .route(paths::SETUP, get(sign_up::show_setup).post(sign_up::submit_setup))
        .route(language::PATH, post(language::choose))
        .route(theme::PATH, post(theme::choose))
        .route(keys::PATH, get(keys::show).post(keys::create::submit))
        .route("/keys/new", get(keys::create::show))
        .route("/keys/{id}", get(keys::detail::show))
        .route("/keys/{id}/rotate", post(keys::change::rotate))
        .route("/keys/{id}/delete", post(keys::change::delete))
        .route(account::PATH, get(account::show))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions/{id}/end", post(account::end_session))
        .route("/account/apps/{id}", get(account::access::show).post(account::access::change))
        .route("/account/apps/{id}/revoke", post(account::apps::revoke))
        .route("/account/programs/{id}/end", post(account::apps::end_program))
        .route(apps::PATH, get(apps::show).post(apps::create::submit))
        .route("/apps/new", get(apps::create::show))
        .route("/apps/{id}", get(apps::detail::show).post(apps::change::edit))
        .route("/apps/{id}/secret", post(apps::change::regenerate))
        .route("/apps/{id}/test", post(apps::change::test))
        .route("/apps/{id}/delete", post(apps::change::delete))
        .route(programs::SKILLS, get(programs::show_skill).post(programs::make_code))
        .route(programs::CLI, get(programs::show_device).post(programs::let_in))
        .route("/account/sessions/end-others", post(account::end_other_sessions))
        .merge(memories::router())
        .merge(notes::router())
        .route(chat::PATH, get(chat::show).post(chat::submit))
        .route(chat::settings::PATH, get(chat::settings::show).post(chat::settings::save))
        .route(search::PATH, get(search::show))
        .route(chat::live::SAY, post(chat::live::say))
        .route("/chat/live", get(chat::live::follow))
        .route(listen::PATH, post(listen::own))
        .route("/chat/stop", post(chat::live::stop))
        .route("/chat/rename", post(chat::change::rename))
        .route("/chat/pin", post(chat::change::pin))
        .route("/chat/version", post(chat::change::version))
        .route("/chat/delete", post(chat::change::delete))
        .route("/chat/restore", post(chat::change::restore))
        .route("/chat/export", get(chat::change::export))
        .route("/chat/messages/{id}", get(chat::sent::show))
        .merge(people::router())
        .merge(visitors::router())
        .merge(admin::router())
        .merge(docs::router())
        .merge(agents::router())
        .merge(consent_routes())
        .merge(plaza::router())
        .merge(profile::router())
        .merge(hub::router())
        .route(assets::PATH, get(assets::serve))
        .route(assets::FAVICON, get(assets::favicon))
        .route(assets::WEB_MANIFEST, get(assets::web_manifest))
        .layer(from_fn_with_state(console.clone(), ask::layer))
        .layer(from_fn(error_page::layer))
        .with_state(console)
}

/// Returns the routes of the consent page.
fn consent_routes() -> Router<Console> {
    consent::PATHS
        .iter()
        .fold(Router::new(), |router, path| router.route(path, get(consent::show).post(consent::submit)))
        .route(consent::logo::LOGO, get(consent::logo::show))
}

/// The functions with which the HTTP boundary renders errors for browsers.
pub const ERROR_PAGES: ErrorPages = ErrorPages { language: language::of, render: error_page::render };
