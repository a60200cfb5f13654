//! The pages about a developer's apps: the list, and creating, showing, changing and deleting apps.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod detail;
mod form;
mod shown;
mod snippet;
pub(crate) mod texts;
mod usage;

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use identity::{Application, application::Status};
use web::{ApiError, Query, paging::Page as Rows};

use crate::{
    Console,
    page::{Member, Page},
    texts::fill,
    when::When,
};
use texts::Texts;

/// The path of the list.
pub(crate) const PATH: &str = "/apps";

const PER_PAGE: i64 = 50;
/// Deepest page of the list.
const LAST_PAGE: i64 = 1_000;

/// The query of the list.
#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    page: Option<String>,
    done: Option<String>,
}

/// An app, in the list and on its page.
struct AppView {
    id: String,
    name: String,
    kind: &'static str,
    scopes: Vec<&'static str>,
    created: When,
    is_public: bool,
    is_self_registered: bool,
    state_text: &'static str,
    state_class: &'static str,
}

impl AppView {
    fn new(app: &Application, t: &'static Texts) -> Self {
        let (state_text, state_class) = match app.status {
            Status::Approved => (t.status_approved, "good"),
            Status::Pending => (t.status_pending, "warn"),
            Status::Rejected => (t.status_rejected, "bad"),
            Status::Suspended => (t.status_suspended, "off"),
        };
        Self {
            id: app.id.clone(),
            name: app.name.clone(),
            kind: if app.is_public { t.public_short } else { t.confidential_short },
            scopes: app.scopes.names(),
            created: When(app.created_at),
            is_public: app.is_public,
            is_self_registered: app.is_self_registered,
            state_text,
            state_class,
        }
    }
}

#[derive(Template)]
#[template(path = "apps.html")]
struct AppsPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    apps: Vec<AppView>,
    notice: Option<&'a str>,
    newer: Option<String>,
    older: Option<String>,
    number: String,
}

/// Shows the list of the person's apps.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let number = params.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, LAST_PAGE);
    let page = member.page.at("apps", link(number));
    let t = Texts::of(page.language);
    let rows = Rows { limit: PER_PAGE, offset: (number - 1) * PER_PAGE };
    let (apps, total) = console.identity.own_applications(member.account.id, rows).await?;
    let template = AppsPage {
        page: &page,
        t,
        apps: apps.iter().map(|app| AppView::new(app, t)).collect(),
        notice: (params.done.as_deref() == Some("deleted")).then_some(t.deleted),
        newer: (number > 1).then(|| link(number - 1)),
        older: (number * PER_PAGE < total).then(|| link(number + 1)),
        number: fill(page.t.page_number, number),
    };
    page.answer(StatusCode::OK, &template)
}

fn link(number: i64) -> String {
    if number <= 1 { PATH.to_owned() } else { format!("{PATH}?page={number}") }
}
