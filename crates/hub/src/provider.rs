//! Providers, which serve the calls of an API: built-in ones, and other servers over HTTP.
//!
//! To add a built-in one, add a variant of [`ProviderSpec`], a type that implements [`Builtin`], and an arm
//! in [`make`]. Add an entry in [`built_in`] if it is to exist without a definition.

mod echo;
mod mapping;
mod template;
mod upstream;
mod weather;

use std::sync::Arc;

use store::BoxFuture;
use web::ApiError;

pub(crate) use upstream::Upstream;

use crate::{
    Services, Settings,
    call::{Call, HubError, Outcome},
    catalog::{ActionSpec, ApiSpec, ProviderSpec},
    user_center,
};

/// A provider that is part of this program.
pub trait Builtin: Send + Sync {
    /// Returns the requirements of an action, whose name has underscores, or `None` if there is no such
    /// action.
    fn find(&self, action: &str) -> Option<Needs>;

    /// Serves a call of an action that [`Builtin::find`] knows.
    fn call<'c>(
        &'c self,
        services: &'c Services,
        call: &'c Call<'c>,
    ) -> BoxFuture<'c, Result<Outcome, HubError>>;
}

/// Requirements of an action in addition to those of its API's definition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// True if the action may be called without a token; `None`: as the API's definition says.
    pub anonymous: Option<bool>,
    /// True if the action finds a key in its arguments, checks that key's allowlists itself, and counts the
    /// call as the key's. A call without a token does not count into the limit that anonymous callers share
    /// then.
    pub finds_key: bool,
}

/// The provider of an API.
pub(crate) enum Provider {
    /// A provider that is part of this program.
    Builtin(Arc<dyn Builtin>),
    /// Another server over HTTP.
    Http(Arc<Upstream>),
}

impl Provider {
    /// Returns the requirements of an action, whose name has underscores, or `None` if there is no such
    /// action.
    pub(crate) fn find(&self, action: &str) -> Option<Needs> {
        match self {
            Self::Builtin(builtin) => builtin.find(action),
            Self::Http(upstream) => upstream.has(action).then(Needs::default),
        }
    }

    pub(crate) async fn call(&self, services: &Services, call: &Call<'_>) -> Result<Outcome, HubError> {
        match self {
            Self::Builtin(builtin) => builtin.call(services, call).await,
            Self::Http(upstream) => Box::pin(upstream.call(services, call)).await,
        }
    }
}

/// Creates the provider of a definition.
///
/// # Errors
/// If the definition is invalid; the message names the place.
pub(crate) fn make(spec: &ApiSpec) -> Result<Provider, ApiError> {
    Ok(match &spec.provider {
        ProviderSpec::Echo => Provider::Builtin(Arc::new(echo::Echo)),
        ProviderSpec::WeatherSample => Provider::Builtin(Arc::new(weather::Sample)),
        ProviderSpec::UserCenter => Provider::Builtin(Arc::new(user_center::UserCenter)),
        ProviderSpec::UserCenterAdmin => Provider::Builtin(Arc::new(user_center::Admin)),
        ProviderSpec::Http(http) => Provider::Http(Arc::new(Upstream::new(http, &spec.actions)?)),
    })
}

/// Checks that the calls of an action can be forwarded.
///
/// # Errors
/// A message that names the problem.
pub(crate) fn check_action(action: &ActionSpec) -> Result<(), String> {
    upstream::check_action(action)
}

/// Returns the APIs that exist without a definition.
pub(crate) fn built_in(settings: &Settings) -> Vec<ApiSpec> {
    let echo = settings.echo.then(echo::spec);
    let users = [user_center::spec(), user_center::admin_spec()];
    echo.into_iter().chain(weather::spec(&settings.weather)).chain(users).collect()
}

pub use weather::sample_spec;
