//! The downloads of a person's archive, and of their notes and facts as Markdown.

use archive::Manifest;
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use futures::TryStreamExt;
use http::header;
use identity::AuditAction;
use web::ApiError;

use crate::{Console, page::Member};

/// Sends the archive while it is created.
pub(crate) async fn download(State(console): State<Console>, member: Member) -> Result<Response, ApiError> {
    console.identity.record(console.identity.audit(AuditAction::DataExported, &member.account.email)).await?;
    let now = console.clock.now();
    let about = Manifest::new(&member.account.email, &member.account.name, now);
    let body = console.archive.body(member.account.id, &about, now);
    // The route has only letters and digits, so it needs no escaping.
    let name = format!("attachment; filename=\"doppel-{}-{}.tar\"", member.account.route, now.date());
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, body).into_response())
}

/// Sends notes and facts as a zip of Markdown files.
pub(crate) async fn markdown(State(console): State<Console>, member: Member) -> Result<Response, ApiError> {
    console.identity.record(console.identity.audit(AuditAction::DataExported, &member.account.email)).await?;
    let zone = console.memory.zone(member.account.id).await?.unwrap_or_default();
    let body = console.memory.markdown(member.account.id, zone).map_err(|error| {
        tracing::error!(cause = error.cause().unwrap_or_default(), "an export broke off");
        std::io::Error::other("the export broke off")
    });
    let date = console.clock.now().date();
    let name = format!("attachment; filename=\"doppel-{}-{date}-markdown.zip\"", member.account.route);
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}
