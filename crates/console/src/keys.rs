//! The pages about API keys: the list, and creating, showing, rotating and deleting keys.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod detail;
pub(crate) mod expiry;
mod shown;
pub(crate) mod usage;
mod view;

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use web::{ApiError, Query, paging::Page as Rows};

use crate::{
    Console,
    page::{Member, Page},
    texts::fill,
};
use view::KeyView;

/// The path of the list.
pub(crate) const PATH: &str = "/keys";

const PER_PAGE: i64 = 50;
/// Deepest page of the list; nobody has that many keys.
const LAST_PAGE: i64 = 1_000;

/// The query of the list.
#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    page: Option<String>,
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage<'a> {
    page: &'a Page,
    keys: Vec<KeyView>,
    notice: Option<&'a str>,
    newer: Option<String>,
    older: Option<String>,
    number: String,
}

/// Shows the list of the person's keys.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let number = params.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, LAST_PAGE);
    let here = link(number);
    let page = member.page.at("keys", here);
    let rows = Rows { limit: PER_PAGE, offset: (number - 1) * PER_PAGE };
    let (keys, total) = console.identity.keys(member.account.id, rows).await?;
    let now = console.clock.now();
    let template = KeysPage {
        page: &page,
        keys: keys.into_iter().map(|key| KeyView::new(key, now, page.t)).collect(),
        notice: (params.done.as_deref() == Some("deleted")).then_some(page.t.key_deleted),
        newer: (number > 1).then(|| link(number - 1)),
        older: (number * PER_PAGE < total).then(|| link(number + 1)),
        number: fill(page.t.page_number, number),
    };
    page.answer(StatusCode::OK, &template)
}

fn link(number: i64) -> String {
    if number <= 1 { PATH.to_owned() } else { format!("{PATH}?page={number}") }
}
