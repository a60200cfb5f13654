//! The picture of an app on the consent page.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use web::{ApiError, Code, Query};

use crate::{Console, page::Member, sign_in::Browser};

/// The path of the picture.
pub(crate) const LOGO: &str = "/oauth/logo";

/// The query of the picture.
#[derive(serde::Deserialize)]
pub(crate) struct LogoParams {
    client_id: String,
}

/// Returns the address of the picture of an app.
pub(super) fn address(client_id: &str) -> String {
    let client_id: String = form_urlencoded::byte_serialize(client_id.as_bytes()).collect();
    format!("{LOGO}?client_id={client_id}")
}

/// Sends the picture of an app that is described by a document at its id.
pub(crate) async fn show(
    State(console): State<Console>,
    _member: Member,
    browser: Browser,
    Query(params): Query<LogoParams>,
) -> Result<Response, ApiError> {
    let logo = console.identity.logo(&params.client_id, browser.client.address).await?;
    let logo = logo.ok_or(Code::NotFound)?;
    let headers = [(header::CONTENT_TYPE, logo.media_type), (header::CACHE_CONTROL, "private, max-age=3600")];
    Ok((headers, logo.bytes).into_response())
}
