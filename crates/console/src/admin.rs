//! The pages for administrators: the overview of the server, and the models.

mod audit;
mod form;
mod models;
mod overview;
mod people;
mod settings;
pub(crate) mod texts;
pub mod upkeep;
mod view;

use axum::{
    Router,
    extract::FromRequestParts,
    routing::{get, post},
};
use http::request::Parts;
use web::{ApiError, Code};

use crate::{Console, page::Member};

/// The path of the page of models, and of the tests on it.
pub(crate) const MODELS: &str = "/admin/models";
pub(crate) const TEST: &str = "/admin/models/test";
pub(crate) const SEARCH: &str = "/admin/models/search";
/// The path of the form that makes a backup.
pub(crate) const BACK_UP: &str = settings::BACK_UP;

pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route("/admin", get(overview::show))
        .route(audit::PATH, get(audit::show))
        .route(people::PATH, get(people::show).post(people::change))
        .route("/admin/people/invite", post(people::invite))
        .route("/admin/people/sign-up", post(people::set_sign_up))
        .route(settings::PATH, get(settings::show))
        .route(settings::BACK_UP, post(settings::back_up))
        .route(MODELS, get(models::show).post(models::save))
        .route(TEST, post(models::test))
        .route("/admin/models/move", post(models::reorder))
        .route("/admin/models/delete", post(models::delete))
        .route("/admin/models/found", post(models::connect))
        .route(SEARCH, post(models::save_search))
}

/// Extracts the page of an administrator. For others it does not exist.
pub(crate) struct Admin(Member);

impl FromRequestParts<Console> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, ApiError> {
        let member = Member::from_request_parts(parts, console).await?;
        // Read anew: the copy of the account that pages show may be from before a change of the role.
        let account = console.identity.account(member.account.id).await?;
        let is_admin = account.is_some_and(|account| account.is_admin);
        if is_admin { Ok(Self(member)) } else { Err(Code::NotFound.into()) }
    }
}
