//! The catalog: the defined APIs and their providers.
//!
//! It is one value in memory that is replaced as a whole; a call keeps the one that it started with.
//! Definitions come from the built-in APIs, a file, and the store; a later source overrides an earlier one.
//! A change over HTTP is in force with the next call, in other processes within half a second. A change of
//! the file is in force within a second.

mod apis;
pub(crate) mod health;
pub mod model;
pub mod openapi_import;
mod queries;
pub mod routes;
pub mod rules;
mod secrets;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, SystemTime},
};

use identity::AuditAction;
use store::params;
use web::{ApiError, Code, Issues, Tasks};

pub use apis::Api;
pub(crate) use apis::{Apis, Catalog};
pub use model::{
    ActionSpec, ApiResponse, ApiSpec, BodyType, CacheScope, EVERY_ACCOUNT, HttpSpec, ProviderSpec, Source,
    Style,
};
pub use secrets::SecretMap;

use crate::{Hub, provider};

/// The topic of notifications about the catalog.
pub(crate) const TOPIC: &str = "hub.catalogue";

/// Interval between checks for changes of the file or the store.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Maximum number of APIs in the store.
pub const MAX_APIS: i64 = 1000;

impl Hub {
    /// Returns all APIs, ordered by code.
    pub fn apis(&self) -> Vec<Arc<Api>> {
        let mut all: Vec<Arc<Api>> = self.catalog().now().all.values().cloned().collect();
        all.sort_by(|one, other| one.spec.code.cmp(&other.spec.code));
        all
    }

    /// Finds an API by its code.
    ///
    /// # Errors
    /// [`Code::HubApiNotFound`] if there is none.
    pub fn api_of(&self, code: &str) -> Result<Arc<Api>, ApiError> {
        self.catalog().now().find(code).cloned().ok_or_else(|| Code::HubApiNotFound.into())
    }

    /// Creates or replaces the stored definition of an API. It is in force from the next call on.
    ///
    /// # Errors
    /// 422 for an invalid definition; [`Code::InvalidParam`] if the store holds [`MAX_APIS`] APIs.
    pub async fn save_api(&self, mut spec: ApiSpec) -> Result<Arc<Api>, ApiError> {
        self.keep_secrets(&mut spec).await?;
        rules::check(&spec)?;
        self.check_accounts(&spec).await?;
        // Fails before anything is stored if no provider can be created.
        provider::make(&spec)?;
        let (count,): (i64,) = self.db().fetch_one(queries::COUNT, params![]).await?;
        if count >= MAX_APIS {
            return Err(ApiError::new(Code::InvalidParam).with(format!("apis < {MAX_APIS}")));
        }
        let (public, secrets) = split(spec);
        let code = public.code.clone();
        let sealed = match secrets {
            Some(secrets) => {
                let json = serde_json::to_vec(&secrets).map_err(ApiError::internal)?;
                Some(self.sealer().seal(&purpose(&code), &json).await.map_err(ApiError::internal)?)
            }
            None => None,
        };
        let json = serde_json::to_string(&public).map_err(ApiError::internal)?;
        let now = self.db().clock().now();
        let row_code = code.clone();
        let entry = self.identity().audit(AuditAction::HubApiSaved, &code);
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                tx.execute(queries::SAVE, params![&row_code, &json, &sealed, now]).await?;
                entry.record(tx).await?;
                changed(tx).await
            })
        });
        write.await?;
        self.reload_catalog().await;
        self.api_of(&code)
    }

    /// Deletes a definition from the store. The built-in or file definition of the code, if any, is in
    /// force again.
    ///
    /// # Errors
    /// [`Code::HubApiNotFound`] if the store has no such definition.
    pub async fn delete_api(&self, code: &str) -> Result<(), ApiError> {
        let code = code.replace('_', "-");
        let entry = self.identity().audit(AuditAction::HubApiDeleted, &code);
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                if tx.execute(queries::DELETE, params![&code]).await? == 0 {
                    return Err(ApiError::new(Code::HubApiNotFound));
                }
                entry.record(tx).await?;
                changed(tx).await
            })
        });
        write.await?;
        self.reload_catalog().await;
        Ok(())
    }

    /// Checks that the accounts of a definition exist. Anybody could register an address that is free.
    pub(crate) async fn check_accounts(&self, spec: &ApiSpec) -> Result<(), ApiError> {
        let mut issues = Issues::body();
        for (at, email) in spec.accounts.iter().enumerate().filter(|(_, email)| *email != EVERY_ACCOUNT) {
            if self.identity().account_by_email(email).await?.is_none() {
                issues.add("value_error", &format!("accounts.{at}"), format!("There is no account {email}"));
            }
        }
        issues.finish()
    }

    /// Fills in the secrets that a request left empty, from the stored definition.
    async fn keep_secrets(&self, spec: &mut ApiSpec) -> Result<(), ApiError> {
        let ProviderSpec::Http(http) = &mut spec.provider else { return Ok(()) };
        let all = http.secret_headers.values().chain(http.secret_query.values());
        if all.filter(|value| value.is_empty()).count() == 0 {
            return Ok(());
        }
        let row: Option<(Option<Vec<u8>>,)> =
            self.db().fetch_optional(queries::SECRETS, params![&spec.code]).await?;
        let stored = match row.and_then(|(sealed,)| sealed) {
            Some(sealed) => self.opened_secrets(&spec.code, &sealed)?,
            None => Secrets::default(),
        };
        for (place, kept) in
            [(&mut http.secret_headers, stored.headers), (&mut http.secret_query, stored.query)]
        {
            for (name, value) in place.iter_mut().filter(|(_, value)| value.is_empty()) {
                if let Some(kept) = kept.get(name) {
                    value.clone_from(kept);
                }
            }
        }
        Ok(())
    }

    fn opened_secrets(&self, code: &str, sealed: &[u8]) -> Result<Secrets, ApiError> {
        let json = self.sealer().open(&purpose(code), sealed).map_err(ApiError::internal)?;
        serde_json::from_slice(&json).map_err(ApiError::internal)
    }

    /// Reloads the catalog. On failure the current one stays in force.
    pub(crate) async fn reload_catalog(&self) {
        let _one_at_a_time = self.catalog().reloading.lock().await;
        if let Err(error) = self.load_catalog().await {
            tracing::error!(
                cause = error.cause().unwrap_or_default(),
                "the Hub's catalog cannot be read; it stays as it was"
            );
        }
    }

    async fn load_catalog(&self) -> Result<(), ApiError> {
        let version: Option<(i64,)> = self.db().fetch_optional(queries::VERSION, params![]).await?;
        let stamp = self.file_stamp();
        let mut specs: BTreeMap<String, (ApiSpec, Source)> = BTreeMap::new();
        for spec in provider::built_in(&self.settings()) {
            specs.insert(rules::permission_name(&spec.code), (spec, Source::Builtin));
        }
        let before = self.catalog().now();
        // If the file cannot be read, its last definitions stay in force.
        let stays = || {
            before
                .all
                .values()
                .filter(|api| api.source == Source::File)
                .map(|api| api.whole.clone())
                .collect()
        };
        for spec in self.file_apis().unwrap_or_else(stays) {
            specs.insert(rules::permission_name(&spec.code), (spec, Source::File));
        }
        let rows: Vec<(String, String, Option<Vec<u8>>)> =
            self.db().fetch_all(queries::ALL, params![]).await?;
        for (code, json, sealed) in rows {
            match self.stored_api(&code, &json, sealed.as_deref()) {
                Ok(spec) => {
                    specs.insert(rules::permission_name(&spec.code), (spec, Source::Store));
                }
                Err(error) => {
                    let cause = error.cause().unwrap_or_default();
                    tracing::error!(api = code, cause, "an API of the Hub cannot be served");
                }
            }
        }
        let mut apis = HashMap::with_capacity(specs.len());
        for (permission, (spec, source)) in specs {
            // An unchanged API keeps its state: its response cache and its circuit breaker.
            let same = before.all.get(&permission).filter(|api| api.whole == spec && api.source == source);
            let api = match same {
                Some(api) => Arc::clone(api),
                None => match provider::make(&spec) {
                    Ok(provider) => {
                        let (public, _) = split(spec.clone());
                        let actions = public.actions.iter();
                        let actions =
                            actions.map(|(name, action)| (name.replace('-', "_"), action.clone())).collect();
                        let permission = permission.clone();
                        Arc::new(Api { spec: public, permission, source, provider, actions, whole: spec })
                    }
                    Err(error) => {
                        let cause = error.message(web::Language::En);
                        tracing::error!(api = spec.code, cause, "an API of the Hub cannot be served");
                        continue;
                    }
                },
            };
            apis.insert(permission, api);
        }
        let written = apis.values().map(|api| (api.spec.code.clone(), Arc::clone(api))).collect();
        *self.catalog().apis.write() = Arc::new(Apis { all: apis, written });
        *self.catalog().seen.lock() = (version.map_or(0, |(version,)| version), stamp);
        Ok(())
    }

    fn stored_api(&self, code: &str, json: &str, sealed: Option<&[u8]>) -> Result<ApiSpec, ApiError> {
        let mut spec: ApiSpec = serde_json::from_str(json).map_err(ApiError::internal)?;
        if let (ProviderSpec::Http(http), Some(sealed)) = (&mut spec.provider, sealed) {
            let secrets = self.opened_secrets(code, sealed)?;
            (http.secret_headers, http.secret_query) = (secrets.headers, secrets.query);
        }
        Ok(spec)
    }

    /// Reads the definitions of the file. Invalid ones are logged and left out. Returns `None` if the file
    /// cannot be read or parsed.
    fn file_apis(&self) -> Option<Vec<ApiSpec>> {
        let settings = self.settings();
        let path = &settings.catalogue_file;
        if path.as_os_str().is_empty() {
            return Some(Vec::new());
        }
        let shown = path.display();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, file = %shown, "the Hub's catalog file cannot be read");
                return None;
            }
        };
        let file: model::File = match toml::from_str(&text) {
            Ok(file) => file,
            Err(error) => {
                // The error's full text quotes the line, which may contain a secret.
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                let (line, error) = (before.matches('\n').count() + 1, error.message());
                tracing::error!(error, line, file = %shown, "the Hub's catalog file cannot be understood");
                return None;
            }
        };
        let is_good = |spec: &ApiSpec| match rules::check(spec) {
            Ok(()) => true,
            Err(error) => {
                let cause = error.message(web::Language::En);
                tracing::error!(
                    api = spec.code, cause, file = %shown, "an API of the Hub's catalog file is wrong",
                );
                false
            }
        };
        Some(file.api.into_iter().filter(is_good).collect())
    }

    fn file_stamp(&self) -> Option<(SystemTime, u64)> {
        let about = std::fs::metadata(&self.settings().catalogue_file).ok()?;
        Some((about.modified().ok()?, about.len()))
    }

    /// Reloads the catalog if the store or the file has changed.
    pub(crate) async fn look_at_catalog(&self) {
        let version: store::Result<Option<(i64,)>> =
            self.db().fetch_optional(queries::VERSION, params![]).await;
        let Ok(version) = version else { return };
        let found = (version.map_or(0, |(version,)| version), self.file_stamp());
        if *self.catalog().seen.lock() != found {
            self.reload_catalog().await;
        }
    }
}

async fn changed(tx: &mut store::Tx<'_>) -> Result<(), ApiError> {
    tx.execute(queries::CHANGED, params![]).await?;
    Ok(tx.notify(TOPIC, "").await?)
}

/// The values of an API's secrets, as they are sealed.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Secrets {
    headers: SecretMap,
    query: SecretMap,
}

/// Splits a definition into one with empty secrets, and the secrets if there are any.
fn split(mut spec: ApiSpec) -> (ApiSpec, Option<Secrets>) {
    let ProviderSpec::Http(http) = &mut spec.provider else { return (spec, None) };
    let blank = |map: &SecretMap| map.keys().map(|name| (name.clone(), String::new())).collect();
    let empty = (blank(&http.secret_headers), blank(&http.secret_query));
    let headers = std::mem::replace(&mut http.secret_headers, empty.0);
    let query = std::mem::replace(&mut http.secret_query, empty.1);
    let has_any = !headers.is_empty() || !query.is_empty();
    (spec, has_any.then_some(Secrets { headers, query }))
}

fn purpose(code: &str) -> String {
    format!("the secrets of the API {code}")
}

pub(crate) fn start(hub: &Hub, tasks: &Tasks) {
    let hub = hub.clone();
    tasks.every(LOOK_EVERY, move || {
        let hub = hub.clone();
        async move { hub.look_at_catalog().await }
    });
}
