//! Certificates over HTTP.

use axum::extract::State;
use identity::Caller;
use store::AccountId;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, ApiResult, Data, Envelope, Query};

use super::model::{Access, CertificateResponse, Standing, Whose};
use crate::Plaza;

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show))
        // Clients drop their credential when they are redirected, so both forms answer.
        .route("/certificate", axum::routing::get(show))
        // For clients of the older API.
        .route("/certificate/access", axum::routing::get(access))
        .with_state(plaza)
}

/// Get a person's certificate, which the Plaza requires. Any valid credential of a person.
#[utoipa::path(
    get,
    path = "/certificate/",
    operation_id = "getCertificate",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(Whose),
    responses((status = 200, description = "The certificate, if there is one", body = Envelope<Standing>)),
)]
async fn show(
    State(plaza): State<Plaza>,
    caller: Caller,
    Query(Whose { user_id }): Query<Whose>,
) -> ApiResult<Standing> {
    let asked = user_id.filter(|id| !id.is_empty());
    let account = asked.map_or(Some(caller.account()), |id| id.parse().ok());
    let certificate = match account {
        Some(account) => plaza.shown_certificate(account).await?,
        None => None,
    };
    Ok(Data(Standing { has_certificate: certificate.is_some(), certificate }))
}

/// Returns the caller's certificate in the form of the older API.
async fn access(State(plaza): State<Plaza>, caller: Caller) -> ApiResult<Access> {
    let certificate = plaza.shown_certificate(caller.account()).await?;
    let is_there = certificate.is_some();
    let (number, issued) = certificate.map(|found| (found.certificate_number, found.issued_at)).unzip();
    Ok(Data(Access { activated: is_there, certificate_number: number, issued_at: issued }))
}

impl Plaza {
    async fn shown_certificate(&self, account: AccountId) -> Result<Option<CertificateResponse>, ApiError> {
        let Some(certificate) = self.certificate(account).await? else { return Ok(None) };
        let people = self.0.memory.people([account]).await?;
        let Some(person) = people.get(&account) else { return Ok(None) };
        let is_banned = certificate.banned_until > self.db().clock().now();
        Ok(Some(CertificateResponse {
            id: certificate.id,
            certificate_number: certificate.number,
            user_id: account.to_string(),
            issued_at: certificate.issued_at.iso8601(),
            status: if is_banned { "suspended" } else { "active" },
            name: person.0.name.clone(),
            avatar: person.1.avatar.clone(),
        }))
    }
}
