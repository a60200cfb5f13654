//! The download of a person's archive.

use archive::Manifest;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
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
