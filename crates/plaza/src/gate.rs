//! Extractors that require a certificate. They run before the body is read, so a caller without one always
//! gets [`Code::PlazaGate`], however wrong the rest of the request is.

use axum::extract::FromRequestParts;
use http::request::Parts;
use identity::{
    Caller, Scoped,
    scope::{ReadPlaza, WritePlaza},
};
use store::AccountId;
use web::{ApiError, Code};

use crate::Plaza;

/// A caller with a certificate and the scope to read.
pub(crate) struct Reader(pub(crate) Caller);

/// A caller with a certificate and the scope to write, who is not banned.
pub(crate) struct Writer(pub(crate) Caller);

impl FromRequestParts<Plaza> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, plaza: &Plaza) -> Result<Self, ApiError> {
        let Scoped { caller, .. } = Scoped::<ReadPlaza>::from_request_parts(parts, plaza).await?;
        plaza.enter(caller.account()).await?;
        Ok(Self(caller))
    }
}

impl FromRequestParts<Plaza> for Writer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, plaza: &Plaza) -> Result<Self, ApiError> {
        let Scoped { caller, .. } = Scoped::<WritePlaza>::from_request_parts(parts, plaza).await?;
        plaza.speak(caller.account()).await?;
        Ok(Self(caller))
    }
}

impl Plaza {
    /// Checks that an account may read.
    ///
    /// # Errors
    /// [`Code::PlazaGate`] if it has no certificate.
    pub async fn enter(&self, account: AccountId) -> Result<(), ApiError> {
        self.certificate(account).await?.map(|_| ()).ok_or_else(|| Code::PlazaGate.into())
    }

    /// Checks that an account may write.
    ///
    /// # Errors
    /// [`Code::PlazaGate`] if it has no certificate; [`Code::PlazaBanned`] during a ban, with its reason and
    /// end.
    pub async fn speak(&self, account: AccountId) -> Result<(), ApiError> {
        let certificate = self.certificate(account).await?.ok_or(Code::PlazaGate)?;
        if certificate.banned_until <= self.db().clock().now() {
            return Ok(());
        }
        let why = format!("{} ({})", certificate.ban_reason, certificate.banned_until.iso8601());
        Err(ApiError::new(Code::PlazaBanned).with(why))
    }
}
