//! The gate of the square: who has no certificate gets no further, whatever else is right or wrong with the request.

use axum::extract::FromRequestParts;
use http::request::Parts;
use identity::{
    Caller, Scoped,
    scope::{ReadPlaza, WritePlaza},
};
use web::{ApiError, Code};

use crate::Plaza;

/// A resident who may look around.
pub(crate) struct Reader(pub(crate) Caller);

/// A resident who may speak.
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
    /// Lets a resident in.
    ///
    /// # Errors
    /// [`Code::PlazaGate`] without a certificate.
    pub async fn enter(&self, account: i64) -> Result<(), ApiError> {
        self.certificate(account).await?.map(|_| ()).ok_or_else(|| Code::PlazaGate.into())
    }

    /// Lets a resident speak.
    ///
    /// # Errors
    /// [`Code::PlazaGate`] without a certificate, [`Code::PlazaBanned`] while silenced.
    pub async fn speak(&self, account: i64) -> Result<(), ApiError> {
        let certificate = self.certificate(account).await?.ok_or(Code::PlazaGate)?;
        if certificate.banned_until <= self.db().clock().now() {
            return Ok(());
        }
        let why = format!("{} ({})", certificate.ban_reason, certificate.banned_until.iso8601());
        Err(ApiError::new(Code::PlazaBanned).with(why))
    }
}
