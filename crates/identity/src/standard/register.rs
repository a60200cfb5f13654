//! Apps that register themselves (RFC 7591).

mod rules;

use std::net::IpAddr;

use serde_json::{Map, Value};
use web::{ApiError, Code};

use super::model::RegisteredResponse;
use crate::Identity;

/// Largest registration in bytes.
pub(super) const MAX_BYTES: usize = 16 * 1024;

/// Registers an app; the first administrator becomes its owner.
///
/// # Errors
/// [`Code::OauthRedirectInvalid`] if no redirect URI can be used; those of
/// [`Identity::register_application`].
pub(super) async fn register(
    identity: &Identity,
    body: &Map<String, Value>,
    address: IpAddr,
) -> Result<RegisteredResponse, ApiError> {
    let read = rules::read(body, &identity.settings().http_redirect_hosts);
    let read = read.ok_or_else(|| ApiError::new(Code::OauthRedirectInvalid).with("redirect_uris"))?;
    let keys = read.new.keys.clone();
    let client_uri = read.new.client_uri.clone();
    let (made, secret) = identity.register_application(read.new, address).await?;
    let secret = read.method.is_secret().then(|| secret.expose().to_owned());
    Ok(RegisteredResponse {
        client_id: made.id,
        client_id_issued_at: made.created_at.as_millis() / 1000,
        client_secret_expires_at: secret.is_some().then_some(0),
        client_secret: secret,
        client_name: made.name,
        redirect_uris: made.redirect_uris,
        logo_uri: made.icon_url,
        client_uri,
        jwks: serde_json::from_str(&keys.jwks).ok(),
        jwks_uri: keys.jwks_uri,
        scope: made.scopes.to_string(),
        token_endpoint_auth_method: read.method.name(),
        grant_types: read.grant_types,
        response_types: ["code"],
    })
}
