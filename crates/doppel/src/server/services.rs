//! Construction of the services of each crate from the configuration.

use std::{net::SocketAddr, time::Duration};

use agents::Agents;
use anyhow::{Context, Result};
use archive::Archive;
use avatars::Avatars;
use chat::Chat;
use hub::Hub;
use identity::Identity;
use memory::Memory;
use outgoing::Outgoing;
use plaza::Plaza;
use store::Database;

use crate::{
    config::{self, Config},
    router::Services,
};

/// Time before open streams are cut at which their responses are stopped, so that they can be stored and say
/// so.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Creates the service for accounts.
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
        audit_days: i64::try_from(accounts.audit_days).unwrap_or(i64::MAX),
        secure_cookies: base_url.starts_with("https://"),
        public_url: base_url.trim_end_matches('/').into(),
        known_clients: config.mcp.known_clients.clone(),
        http_redirect_hosts: config.oauth.http_redirect_hosts.clone(),
        oauth: oauth(config),
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

fn oauth(config: &Config) -> identity::grant::Settings {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let (config, mcp) = (&config.oauth, &config.mcp);
    identity::grant::Settings {
        code_seconds: number(config.code_seconds),
        access_seconds: number(config.access_seconds),
        mcp_access_seconds: number(mcp.access_seconds),
        mcp_scopes: mcp.scopes(),
        mcp_hub: mcp.hub_tools_for_people,
        mcp_refresh_seconds: number(mcp.refresh_seconds),
        refresh_seconds: number(config.refresh_seconds),
        app_token_seconds: number(config.app_token_seconds),
        max_applications: number(config.max_applications),
        redirects: identity::application::redirect::Policy {
            app_schemes: config.redirect_app_schemes,
            private_networks: config.redirect_private_networks,
        },
        dynamic_registration: config.dynamic_registration,
        rotation_grace_seconds: number(config.rotation_grace_seconds),
    }
}

/// Creates the service for profiles, memories and files.
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
        embedding_limits: config.embedding.limits(),
        rerank: config.rerank.settings(),
        rerank_limit: config.rerank.limit(),
    };
    Memory::new(db, identity, outgoing(config), settings)
}

/// Creates the archive, which exports and imports all data of a person.
///
/// # Errors
/// If this process cannot make HTTP requests.
pub fn archive(config: &Config, db: &Database, identity: &Identity, base_url: &str) -> Result<Archive> {
    let memory = memory(config, db.clone(), identity.clone(), base_url);
    let chat = chat(config, db, identity, &memory, &outgoing(config))?;
    let plaza = Plaza::new(db.clone(), identity.clone(), memory.clone(), config.plaza.settings());
    let settings = config.avatars.settings(base_url);
    let avatars = Avatars::new(db.clone(), identity.clone(), memory.clone(), chat.clone(), settings);
    Ok(Archive::new(sections(&memory, &chat, &plaza, &avatars)))
}

/// Returns the archive sections of all crates. Sections that others refer to come first.
pub fn sections(
    memory: &Memory,
    chat: &Chat,
    plaza: &Plaza,
    avatars: &Avatars,
) -> Vec<Box<dyn archive::Section>> {
    let mut sections = memory.sections();
    sections.extend(chat.sections());
    sections.extend(plaza.sections());
    sections.extend(avatars.sections());
    sections
}

/// Returns the limits per client address.
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

/// Returns the public base URL of the server.
///
/// `listening` is the address it listens on, if it does already.
pub fn base_url(config: &Config, listening: Option<SocketAddr>) -> String {
    if !config.server.public_url.is_empty() {
        return config.server.public_url.clone();
    }
    let listen = &config.server.listen;
    if listen.socket().is_some() {
        return "http://localhost".into();
    }
    let scheme = if config.tls.is_on() { "https" } else { "http" };
    let address = listening.or_else(|| listen.address());
    if let Some(domain) = config.tls.acme_domains.first() {
        return match address.map(|address| address.port()) {
            None | Some(443) => format!("https://{domain}"),
            Some(port) => format!("https://{domain}:{port}"),
        };
    }
    let Some(mut shown) = address else { return format!("{scheme}://{listen}") };
    if shown.ip().is_unspecified() {
        shown.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("{scheme}://{shown}")
}

/// Creates the clients for requests to addresses that people and apps have given.
pub(crate) fn outgoing(config: &Config) -> Outgoing {
    Outgoing::new(outgoing::Settings {
        allowed: config.outgoing.allowed_networks.clone(),
        connect: Duration::from_secs(config.outgoing.connect_seconds),
        // The configuration was checked when it was loaded.
        authorities: config.outgoing.authorities().unwrap_or_default(),
    })
}

pub(crate) fn chat(
    config: &Config,
    db: &Database,
    identity: &Identity,
    memory: &Memory,
    outgoing: &Outgoing,
) -> Result<Chat> {
    let sealer = identity.sealer().clone();
    Chat::new(db.clone(), memory.clone(), outgoing, sealer, chat_settings(config))
        .context("cannot call models")
}

pub(super) fn chat_settings(config: &Config) -> chat::Settings {
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let drain = Duration::from_secs(config.server.drain_seconds).saturating_sub(LAST_WORDS);
    chat::Settings {
        providers: config.model.settings(),
        prompt_tokens: number(config.chat.prompt_tokens),
        recall_tokens: number(config.chat.recall_tokens),
        max_streams: number(config.chat.max_streams),
        daily_tokens: i64::try_from(config.chat.daily_tokens).unwrap_or(i64::MAX),
        distill: config.chat.distill,
        distill_after: Duration::from_secs(config.chat.distill_after_seconds),
        dream: config.chat.dream,
        dream_tokens: number(config.chat.dream_tokens),
        max_body: number(config.chat.max_body_bytes),
        search_url: config.chat.search_url.clone(),
        speech: config.speech.settings(),
        transcription: config.transcription.settings(),
        look_for: config.chat.look_for_models.clone(),
        drain,
    }
}

pub(super) fn services(
    config: &Config,
    db: &Database,
    identity: &Identity,
    base_url: &str,
) -> Result<Services> {
    let memory = memory(config, db.clone(), identity.clone(), base_url);
    let outgoing = outgoing(config);
    let chat = chat(config, db, identity, &memory, &outgoing)?;
    let settings = config.mcp.settings(base_url);
    let agents = Agents::new(db.clone(), identity.clone(), memory.clone(), chat.clone(), settings);
    let plaza = Plaza::new(db.clone(), identity.clone(), memory.clone(), config.plaza.settings());
    let settings = config.avatars.settings(base_url);
    let avatars = Avatars::new(db.clone(), identity.clone(), memory.clone(), chat.clone(), settings);
    let recheck = Duration::from_millis(config.accounts.recheck_milliseconds);
    let hub = Hub::new(db.clone(), identity.clone(), outgoing, config.hub.settings(recheck));
    let behind = console::Services {
        identity: identity.clone(),
        archive: Archive::new(sections(&memory, &chat, &plaza, &avatars)),
        memory: memory.clone(),
        chat: chat.clone(),
        agents: agents.clone(),
        avatars: avatars.clone(),
        plaza: plaza.clone(),
        hub: hub.clone(),
    };
    let archive = Archive::new(sections(&memory, &chat, &plaza, &avatars));
    let sizes = (config.files.max_upload_bytes, config.files.max_import_bytes);
    let importer = crate::import::pages::PageImporter::new(archive, memory.clone(), sizes);
    let console = console::Console::new(behind, db.clock().clone(), db.random().clone(), base_url)
        .importing_with(std::sync::Arc::new(importer))
        .described_by(crate::router::described);
    let base_url = base_url.to_owned();
    let (db, identity) = (db.clone(), identity.clone());
    Ok(Services { db, identity, memory, chat, agents, avatars, plaza, hub, console, base_url })
}
