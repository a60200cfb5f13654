//! Reloading the configuration of a running server.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::{Result, anyhow};
use axum::{body::Body, response::Response};
use http::Request;
use identity::AuditAction;
use parking_lot::{Mutex, RwLock};
use tower::Service;
use web::server::{Leaving, Tls};

use super::{limits::boundary_limits, services, tls, upkeep::ServerUpkeep};
use crate::{
    config::Config,
    logging,
    router::{Front, Services, front},
};

/// Keys, or sections that end with a dot, that take effect when the configuration is reloaded.
const RELOADED: &[&str] = &[
    "chat.daily_tokens",
    "chat.distill",
    "chat.distill_after_seconds",
    "chat.max_streams",
    "chat.prompt_tokens",
    "chat.recall_tokens",
    "hub.address_burst",
    "hub.address_per_second",
    "hub.always_200",
    "hub.anonymous",
    "hub.anonymous_per_day",
    "hub.anonymous_per_second",
    "hub.call_log_days",
    "hub.call_log_rows",
    "hub.catalogue_file",
    "hub.echo",
    "hub.keys",
    "hub.max_keys",
    "hub.max_per_day",
    "hub.max_per_second",
    "hub.max_person_per_second",
    "hub.per_day",
    "hub.per_second",
    "hub.person_per_second",
    "hub.weather.",
    "log.access",
    "log.filter",
    "mcp.allowed_origins",
    "model.",
    "server.cors_origins",
    "server.max_body_bytes",
    "server.max_in_flight",
    "server.max_in_flight_per_address",
    "server.request_seconds",
    "server.upload_seconds",
    "tls.cert_file",
    "tls.key_file",
];

/// The service for all requests, which a reload replaces. Clones share it.
#[derive(Clone)]
pub(super) struct Current(Arc<RwLock<Front>>);

impl Service<Request<Body>> for Current {
    type Response = Response;
    type Error = Infallible;
    type Future = <Front as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // It is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut front = self.0.read().clone();
        front.call(request)
    }
}

/// The parts of a running server that a reload changes.
pub(super) struct Reloading {
    config: Mutex<Config>,
    services: Services,
    current: Current,
    tls: Option<Tls>,
    leaving: Leaving,
}

impl Reloading {
    /// Assembles the service for all requests.
    ///
    /// # Errors
    /// If the routes cannot be assembled.
    pub(super) fn new(
        config: &Config,
        services: Services,
        tls: Option<Tls>,
        leaving: Leaving,
    ) -> Result<Self> {
        let current = Current(Arc::new(RwLock::new(assemble(config, &services, leaving.clone())?)));
        Ok(Self { config: Mutex::new(config.clone()), services, current, tls, leaving })
    }

    /// Returns the service for all requests.
    pub(super) fn service(&self) -> Current {
        self.current.clone()
    }

    /// Puts a configuration in force, as far as a running server can. Certificates are read again even if
    /// nothing changed. Returns the changed keys that need a restart.
    ///
    /// # Errors
    /// If a certificate or the log's filter cannot be used; then everything stays as it was. If the routes
    /// cannot be assembled; then those in force stay.
    pub(super) async fn reload(&self, config: &Config) -> Result<Vec<String>> {
        let server = tls::from_files(config)?;
        logging::reload(&config.log)?;
        if let (Some(tls), Some(server)) = (&self.tls, server) {
            tls.replace(server);
        }
        self.services.chat.replace_settings(services::chat_settings(config));
        self.services.chat.reload_models().await;
        self.services
            .hub
            .replace_settings(
                config.hub.settings(Duration::from_millis(config.accounts.recheck_milliseconds)),
            )
            .await;
        // After the models, whose timeouts are part of the limits of requests.
        let front = assemble(config, &self.services, self.leaving.clone())?;
        *self.current.0.write() = front;
        let entry = self.services.identity.audit(AuditAction::ServerReloaded, "");
        if let Err(error) = self.services.identity.record(entry).await {
            tracing::error!(cause = error.cause(), "the reload is in force, but not in the audit log");
        }
        let before = std::mem::replace(&mut *self.config.lock(), config.clone());
        let mut changed = changes(&before, config)?;
        changed.retain(|key| !is_reloaded(key) || (key.starts_with("tls.") && self.tls.is_none()));
        Ok(changed)
    }
}

fn assemble(config: &Config, services: &Services, leaving: Leaving) -> Result<Front> {
    let limits = boundary_limits(config, services.chat.patience());
    let front = front(services, config, limits, leaving)
        .map_err(|error| anyhow!("{}", error.cause().unwrap_or("cannot assemble the routes")))?;
    services.console.use_server(front.gateway(), Arc::new(ServerUpkeep::new(config, &services.db)));
    Ok(front)
}

fn is_reloaded(key: &str) -> bool {
    RELOADED.iter().any(|known| key == *known || (known.ends_with('.') && key.starts_with(known)))
}

/// Returns the keys whose values differ, such as `server.listen`.
fn changes(before: &Config, after: &Config) -> Result<Vec<String>> {
    let flat = |config: &Config| {
        let mut values = BTreeMap::new();
        flatten("", toml::Value::try_from(config)?, &mut values);
        Ok::<_, anyhow::Error>(values)
    };
    let (before, after) = (flat(before)?, flat(after)?);
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    Ok(keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect())
}

fn flatten(name: &str, value: toml::Value, values: &mut BTreeMap<String, toml::Value>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let name = if name.is_empty() { key } else { format!("{name}.{key}") };
                flatten(&name, value, values);
            }
        }
        value => {
            values.insert(name.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reloaded_keys_exist() {
        let mut values = BTreeMap::new();
        let config = Config::from_toml("").unwrap();
        flatten("", toml::Value::try_from(&config).unwrap(), &mut values);
        for known in RELOADED {
            let exists =
                values.keys().any(|key| key == known || (known.ends_with('.') && key.starts_with(known)));
            assert!(exists, "{known}");
        }
    }

    #[test]
    fn changes_are_named_by_their_keys() {
        let before = Config::from_toml("").unwrap();
        let after = Config::from_toml(
            "[server]\nlisten = \"[::]:1\"\ncors_origins = [\"*\"]\n[hub.weather]\ncache_seconds = 7",
        )
        .unwrap();
        let changed = changes(&before, &after).unwrap();
        assert_eq!(changed, ["hub.weather.cache_seconds", "server.cors_origins", "server.listen"]);
        let need_restart: Vec<&String> = changed.iter().filter(|key| !is_reloaded(key)).collect();
        assert_eq!(need_restart, ["server.listen"]);
    }
}
