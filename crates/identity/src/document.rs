//! Apps that are described by a document at their client id
//! (draft-ietf-oauth-client-id-metadata-document-00).
//!
//! The client id is an https URL. What the document there says is used like a registration; the host of the
//! URL proves who describes the app. Nothing is stored about an app before a person consents, except the
//! document itself.

mod fetch;
mod known;
pub(crate) mod load;
mod logo;
mod queries;
pub mod rules;

use std::net::IpAddr;

use store::params;
use web::{ApiError, Code, Language};

pub(crate) use fetch::Kind;
pub use logo::Logo;
pub use rules::Document;

use crate::{
    Identity,
    application::{self, Application, client_id},
};

/// True if a text is a document that can be used, for the settings.
pub fn is_valid(text: &str) -> bool {
    let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let url = value.as_ref().and_then(|value| value.get("client_id")).and_then(|url| url.as_str());
    url.is_some_and(|url| client_id::is_url(url) && rules::parse(url, text.as_bytes(), &[]).is_ok())
}

impl Identity {
    /// Returns the document at a client id. If its host does not give it, the document of a known client is
    /// used.
    ///
    /// # Errors
    /// [`Code::OauthDocumentInvalid`] with the reason; [`Code::RateLimited`].
    pub(crate) async fn document(&self, url: &str, address: IpAddr) -> Result<Document, ApiError> {
        if !client_id::is_url(url) {
            return Err(Code::OauthApplicationNotFound.into());
        }
        let settings = self.settings();
        let parse = |body: &[u8]| rules::parse(url, body, &settings.http_redirect_hosts);
        let known = || known::find(url, &settings.known_clients, &settings.http_redirect_hosts);
        let loaded = match self.load(Kind::Client, url, address, false, |body| parse(body).map(|_| ())).await
        {
            Ok(loaded) => loaded,
            Err(error) => return known().ok_or(error),
        };
        match loaded.and_then(|stored| parse(&stored.body)) {
            Ok(document) => Ok(document),
            Err(problem) => known().ok_or_else(|| {
                let reason = |language| format!("{} ({})", problem.text(language), web::names::cleaned(url));
                ApiError::new(Code::OauthDocumentInvalid)
                    .with_both(reason(Language::Zh), reason(Language::En))
            }),
        }
    }

    /// Returns the app that a document describes, with what this server has stored about it.
    ///
    /// # Errors
    /// Those of [`Identity::document`].
    pub(crate) async fn documented_application(
        &self,
        url: &str,
        address: IpAddr,
    ) -> Result<Application, ApiError> {
        let document = self.document(url, address).await?;
        let now = self.db().clock().now();
        let stored = self.stored_application(url).await?;
        let is_same = stored.as_ref().is_none_or(|stored| stored.is_described_by(&document));
        let mut application = Application::described(document, now);
        if let Some(stored) = stored {
            application.status = stored.status;
            application.created_at = stored.created_at;
            application.owner = stored.owner;
            // A person who consented to other redirect URIs or keys is asked again.
            application.updated_at = if is_same { stored.updated_at } else { now };
        }
        Ok(application)
    }

    /// Stores an app that a document describes, before a person's consent for it. Other apps are left as they
    /// are.
    ///
    /// # Errors
    /// [`Code::OauthApplicationUnauthorized`] if there is no administrator, to whom such apps belong.
    pub async fn keep_described(&self, application: &Application) -> Result<(), ApiError> {
        let Some(document) = &application.document else { return Ok(()) };
        let owner = self.first_administrator().await?.ok_or(Code::OauthApplicationUnauthorized)?;
        let uris = application::rules::uris_as_text(&document.redirect_uris);
        let scopes = application.scopes.to_string();
        let (secret, person_key): ([u8; 32], [u8; 32]) =
            (self.db().random().bytes(), self.db().random().bytes());
        let methods = document.methods.to_string();
        let values = params![
            &application.id,
            owner,
            &application.name,
            &uris,
            &scopes,
            application.status.name(),
            &secret,
            &person_key,
            application.updated_at,
            application.is_public,
            &methods,
            &document.jwks_uri,
            &document.jwks,
            &document.signing_alg,
            &document.client_uri
        ];
        self.db().execute(application::queries::KEEP_DESCRIBED, values).await?;
        Ok(())
    }
}
