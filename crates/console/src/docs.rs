//! `/docs`: a quick start and guides, the error codes, and a reference of all operations of the API.

mod about;
mod contents;
mod errors;
mod example;
mod guide;
mod guides;
mod operations;
pub(crate) mod paths;
mod recorded;
mod reference;
mod search;
pub(crate) mod texts;
mod titles;

use axum::{Router, routing::get};

pub(crate) use self::operations::Reference;
use crate::Console;

pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route(paths::DOCS, get(guides::start))
        .route(paths::GUIDE, get(guides::show))
        .route(paths::ERRORS, get(errors::show))
        .route(paths::SEARCH, get(search::show))
        .route(paths::API, get(reference::index))
        .route(paths::GROUP, get(reference::group))
}
