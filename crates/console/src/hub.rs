//! The pages about the Hub: the overview, calls from the page, keys, the call log, the catalog of APIs, and
//! the users of a key.

mod apis;
mod calls;
mod editor;
mod export;
mod keys;
mod overview;
mod period;
mod problems;
mod snippets;
pub(crate) mod texts;
mod try_it;
mod users;

use axum::{
    Router,
    routing::{get, post},
};
use hub::HubKeyId;
use web::{ApiError, Code, Language, id_in};

use crate::{Console, form::Fields};
use problems::problems;
use texts::Texts as HubTexts;

/// The path of the overview.
pub(crate) const PATH: &str = "/hub";
/// The path of the page that sends calls.
pub(crate) use try_it::PATH as TRY;

pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route(PATH, get(overview::show))
        .route(TRY, get(try_it::show).post(try_it::submit))
        .route(keys::PATH, get(keys::list).post(keys::create))
        .route("/hub/keys/new", get(keys::new))
        .route("/hub/keys/{id}", get(keys::show).post(keys::update))
        .route("/hub/keys/{id}/rotate", post(keys::rotate))
        .route("/hub/keys/{id}/delete", post(keys::delete))
        .route("/hub/keys/{id}/users", get(users::list).post(users::create))
        .route("/hub/keys/{id}/users/{user}", post(users::change))
        .route("/hub/calls", get(calls::list))
        .route(export::PATH, get(export::download))
        .route("/hub/apis", get(apis::list).post(apis::save))
        .route("/hub/apis/new", get(apis::new).post(apis::save_fields))
        .route("/hub/apis/import", post(apis::import))
        .route("/hub/apis/{code}", get(apis::show))
        .route("/hub/apis/{code}/delete", post(apis::delete))
}

fn texts(language: Language) -> &'static HubTexts {
    HubTexts::of(language)
}

/// Parses an id in a path. A text that is no id leads to the same error as an unknown id.
fn id(text: &str) -> Result<HubKeyId, ApiError> {
    id_in(text, Code::HubKeyNotFound)
}

/// Returns the lines of a text field that has one entry per line.
fn lines(fields: &Fields, name: &str) -> Vec<String> {
    let text = fields.text(name);
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Returns true if an error is about the form, which is then shown again.
fn is_about_form(error: &ApiError) -> bool {
    matches!(error.code(), Code::Unprocessable | Code::InvalidParam)
}
