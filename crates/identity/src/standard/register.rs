//! Apps that register themselves (RFC 7591).

use std::net::IpAddr;

use http::StatusCode;
use web::{ApiError, Code, Issues};

use super::model::{RegisterRequest, RegisteredOut};
use crate::{
    Audience, Identity, Scope, ScopeSet,
    application::{NewApplication, redirect::Policy, rules},
    grant,
};

/// The name of an app that sends none.
const NAMELESS: &str = "App";
const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];
const RESPONSE_TYPES: [&str; 1] = ["code"];

/// An error of a registration, by the names of RFC 7591 §3.2.2.
pub(super) enum Wrong {
    Redirect(ApiError),
    Metadata(ApiError),
    Other(ApiError),
}

impl Wrong {
    pub(super) fn name(&self) -> Option<&'static str> {
        match self {
            Self::Redirect(_) => Some("invalid_redirect_uri"),
            Self::Metadata(_) => Some("invalid_client_metadata"),
            Self::Other(_) => None,
        }
    }

    pub(super) fn error(self) -> ApiError {
        match self {
            Self::Redirect(error) | Self::Metadata(error) | Self::Other(error) => error,
        }
    }

    pub(super) const STATUS: StatusCode = StatusCode::BAD_REQUEST;
}

/// Validates a registration. Returns the app and its authentication method. Unsupported grant types, response
/// types, and scopes are left out, and the response shows what was registered (RFC 7591 §2). A registration
/// without any supported one is refused.
fn read(request: RegisterRequest, policy: Policy) -> Result<(NewApplication, String), Wrong> {
    let metadata = |text: &str| Wrong::Metadata(ApiError::new(Code::InvalidParam).with(text));
    let method = request.token_endpoint_auth_method.unwrap_or_else(|| "client_secret_basic".into());
    if !["none", "client_secret_basic", "client_secret_post"].contains(&method.as_str()) {
        return Err(metadata("token_endpoint_auth_method"));
    }
    let served = |requested: &Option<Vec<String>>, all: &[&str]| {
        requested
            .as_ref()
            .is_none_or(|list| list.is_empty() || list.iter().any(|one| all.contains(&one.as_str())))
    };
    if !served(&request.grant_types, &GRANT_TYPES) {
        return Err(metadata("grant_types"));
    }
    if !served(&request.response_types, &RESPONSE_TYPES) {
        return Err(metadata("response_types"));
    }
    let uris = request.redirect_uris.unwrap_or_default();
    if !(1..=rules::MAX_REDIRECT_URIS).contains(&uris.len()) {
        return Err(Wrong::Redirect(ApiError::new(Code::OauthRedirectInvalid).with("redirect_uris")));
    }
    rules::check_redirects(&uris, policy).map_err(Wrong::Redirect)?;
    let mut issues = Issues::body();
    let name = request.client_name.unwrap_or_else(|| NAMELESS.into());
    let name = issues.name("client_name", Some(&name), rules::MAX_NAME);
    issues.finish().map_err(Wrong::Metadata)?;
    let icon_url = request.logo_uri.filter(|url| rules::is_picture(url)).unwrap_or_default();
    let scopes = scopes(request.scope.as_deref());
    if scopes.is_empty() {
        return Err(metadata("scope"));
    }
    let new = NewApplication {
        name,
        description: String::new(),
        redirect_uris: uris,
        scopes,
        is_public: method == "none",
        icon_url,
        ..NewApplication::default()
    };
    Ok((new, method))
}

/// Returns the scopes that the app may request: those in its list that exist, or all of them if it names
/// none.
fn scopes(list: Option<&str>) -> ScopeSet {
    grant::rules::asked(list, Audience::Server.limit(ScopeSet::of(Scope::ALL)))
}

/// Registers an app; the first administrator becomes its owner.
pub(super) async fn register(
    identity: &Identity,
    request: RegisterRequest,
    address: IpAddr,
) -> Result<RegisteredOut, Wrong> {
    let (new, method) = read(request, identity.settings().oauth.redirects)?;
    let (made, secret) = identity.register_application(new, address).await.map_err(Wrong::Other)?;
    let secret = (!made.is_public).then(|| secret.expose().to_owned());
    Ok(RegisteredOut {
        client_id: made.id,
        client_id_issued_at: made.created_at.as_millis() / 1000,
        client_secret_expires_at: secret.is_some().then_some(0),
        client_secret: secret,
        client_name: made.name,
        redirect_uris: made.redirect_uris,
        logo_uri: made.icon_url,
        scope: made.scopes.to_string(),
        token_endpoint_auth_method: method,
        grant_types: GRANT_TYPES,
        response_types: RESPONSE_TYPES,
    })
}
