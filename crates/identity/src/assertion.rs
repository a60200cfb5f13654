//! Apps that authenticate with an assertion, which they sign with a private key (RFC 7523).

pub(crate) mod jwk;
mod queries;
mod rules;

use sha2::{Digest, Sha256};
use store::params;
use web::{ApiError, Code};

pub(crate) use rules::{TYPE, subject};

use self::{
    jwk::Key,
    rules::{Accepted, Assertion, Invalid},
};
use crate::{
    Identity,
    application::{self, Credentials, model::Client},
    document::{Kind, rules::Problem},
};

/// True if JSON is a set of keys that can be used.
pub(crate) fn are_keys(json: &[u8]) -> bool {
    jwk::parse(json).is_ok_and(|keys| !keys.is_empty())
}

/// Returns the algorithms that are accepted, as the metadata lists them.
pub(crate) fn algorithms() -> Vec<&'static str> {
    jwk::Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect()
}

impl Identity {
    /// Checks the assertion of an app, and marks it as used.
    ///
    /// # Errors
    /// [`Code::OauthClientInvalid`] for every fault of the assertion. The reason goes to the log.
    pub(crate) async fn check_assertion(
        &self,
        client: &Client,
        credentials: &Credentials,
        presented: &application::Assertion,
    ) -> Result<(), ApiError> {
        let parsed = match rules::parse(&presented.text) {
            Ok(parsed) => parsed,
            Err(invalid) => return Err(refused(client, None, invalid)),
        };
        let checked = self.verify(client, credentials, presented, &parsed).await?;
        let accepted = match checked {
            Ok(accepted) => accepted,
            Err(invalid) => return Err(refused(client, parsed.key_id.as_deref(), invalid)),
        };
        let hash: [u8; 32] = Sha256::new()
            .chain_update(&client.id)
            .chain_update([0])
            .chain_update(&accepted.id)
            .finalize()
            .into();
        if self.db().execute(queries::USE, params![&hash, accepted.until]).await? == 0 {
            return Err(refused(client, parsed.key_id.as_deref(), Invalid::Replayed));
        }
        Ok(())
    }

    async fn verify(
        &self,
        client: &Client,
        credentials: &Credentials,
        presented: &application::Assertion,
        parsed: &Assertion<'_>,
    ) -> Result<Result<Accepted, Invalid>, ApiError> {
        let audiences = self.audiences(presented.is_for_revocation);
        let now = self.db().clock().now();
        let accepted = match parsed.check(&client.id, &client.signing_alg, &audiences, now) {
            Ok(accepted) => accepted,
            Err(invalid) => return Ok(Err(invalid)),
        };
        let keys = match self.client_keys(client, credentials, false).await? {
            Ok(keys) => keys,
            Err(_none) => return Ok(Err(Invalid::NoKeys)),
        };
        match parsed.verify(&keys) {
            // The app may have published a new key since.
            Err(Invalid::Key) if !client.jwks_uri.is_empty() => {}
            result => return Ok(result.map(|()| accepted)),
        }
        let keys = self.client_keys(client, credentials, true).await?;
        Ok(keys.map_err(|_none| Invalid::NoKeys).and_then(|keys| parsed.verify(&keys)).map(|()| accepted))
    }

    /// Returns the values of `aud` that stand for this server.
    fn audiences(&self, is_for_revocation: bool) -> Vec<String> {
        let issuer = &self.settings().public_url;
        let endpoints = ["", "/oauth/token", "/token"];
        let more = if is_for_revocation { Some("/oauth/revoke") } else { None };
        endpoints.into_iter().chain(more).map(|path| format!("{issuer}{path}")).collect()
    }

    /// Returns the keys of an app.
    async fn client_keys(
        &self,
        client: &Client,
        credentials: &Credentials,
        must_be_new: bool,
    ) -> Result<Result<Vec<Key>, Problem>, ApiError> {
        let parse = |body: &[u8]| jwk::parse(body).map_err(|_bad| Problem::Member("keys"));
        if client.jwks_uri.is_empty() {
            return Ok(parse(client.jwks.as_bytes()));
        }
        let is_good = |body: &[u8]| parse(body).map(|_| ());
        let loaded =
            self.load(Kind::Keys, &client.jwks_uri, credentials.address, must_be_new, is_good).await?;
        Ok(loaded.and_then(|stored| parse(&stored.body)))
    }
}

fn refused(client: &Client, key_id: Option<&str>, reason: Invalid) -> ApiError {
    let key_id: String = key_id.unwrap_or_default().chars().filter(|c| !c.is_control()).take(128).collect();
    tracing::warn!(client.id = client.id, key.id = key_id, %reason, "an app's assertion was refused");
    Code::OauthClientInvalid.into()
}
