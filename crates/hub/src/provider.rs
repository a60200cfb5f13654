//! What answers calls: what is built in, and other servers over HTTP.
//!
//! To build one in: a variant of [`ProviderSpec`], a type that implements [`Builtin`], and an arm in [`make`]; and an
//! entry in [`built_in`] if it is to be there without being defined.

mod echo;
mod mapping;
mod template;
mod upstream;
mod weather;

use std::sync::Arc;

use store::BoxFuture;
use web::ApiError;

pub(crate) use upstream::{Upstream, start};

use crate::{
    Hub, Settings,
    call::{Call, HubError, Outcome},
    catalogue::{ApiSpec, ProviderSpec},
    user_centre,
};

/// A provider that is part of this program.
pub trait Builtin: Send + Sync {
    /// What an action (written with underscores) needs; `None`: there is no such action.
    fn find(&self, action: &str) -> Option<Needs>;

    /// Answers a call of an action that [`Builtin::find`] knows.
    fn call<'c>(&'c self, hub: &'c Hub, call: &'c Call<'c>) -> BoxFuture<'c, Result<Outcome, HubError>>;
}

/// What an action needs besides what its API's definition says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Whether it may be called without a token: `None` as the API says.
    pub anonymous: Option<bool>,
    /// Whether it finds a key in its arguments, checks that key's lists itself and counts the call as the key's: then
    /// a call without a token is not one of those that all anonymous callers share.
    pub finds_key: bool,
}

/// What answers the calls of an API.
pub(crate) enum Provider {
    /// Part of this program.
    Builtin(Arc<dyn Builtin>),
    /// Another server.
    Http(Arc<Upstream>),
}

impl Provider {
    /// What an action (written with underscores) needs; `None`: there is no such action.
    pub(crate) fn find(&self, action: &str) -> Option<Needs> {
        match self {
            Self::Builtin(builtin) => builtin.find(action),
            Self::Http(upstream) => upstream.has(action).then(Needs::default),
        }
    }

    pub(crate) async fn call(&self, hub: &Hub, call: &Call<'_>) -> Result<Outcome, HubError> {
        match self {
            Self::Builtin(builtin) => builtin.call(hub, call).await,
            Self::Http(upstream) => Box::pin(upstream.call(hub, call)).await,
        }
    }
}

/// Makes what a definition asks for.
///
/// # Errors
/// When it cannot be made so; the message names the place.
pub(crate) fn make(spec: &ApiSpec) -> Result<Provider, ApiError> {
    Ok(match &spec.provider {
        ProviderSpec::Echo => Provider::Builtin(Arc::new(echo::Echo)),
        ProviderSpec::WeatherSample => Provider::Builtin(Arc::new(weather::Sample)),
        ProviderSpec::UserCentre => Provider::Builtin(Arc::new(user_centre::UserCentre)),
        ProviderSpec::UserCentreAdmin => Provider::Builtin(Arc::new(user_centre::Admin)),
        ProviderSpec::Http(http) => Provider::Http(Arc::new(Upstream::new(http, &spec.actions)?)),
    })
}

/// The APIs that are there without being defined.
pub(crate) fn built_in(settings: &Settings) -> Vec<ApiSpec> {
    let echo = settings.echo.then(echo::spec);
    let users = [user_centre::spec(), user_centre::admin_spec()];
    echo.into_iter().chain(weather::spec(&settings.weather)).chain(users).collect()
}

pub use weather::sample_spec;
