//! The trash.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use memory::TrashId;
use memory::trash::Entry;
use web::{ApiError, Query};

use super::{act, query::PageParams, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    when::When,
};

const PER_PAGE: i64 = 50;
const TRASH: &str = "/memories/trash";

struct Line {
    id: TrashId,
    shown: String,
    is_note: bool,
    deleted: When,
}

#[derive(Template)]
#[template(path = "memories_trash.html")]
struct TrashPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    lines: Vec<Line>,
    count: i64,
    /// The number of entries in the review inbox.
    waiting: i64,
    notice: Option<String>,
    next: Option<String>,
}

/// Shows the trash.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let page = member.page.at("memories", TRASH);
    let (t, account) = (Texts::of(page.language), member.account.id);
    let before = params.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let mut rows = console.memory.trash(account, before, PER_PAGE + 1).await?;
    let most = usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| has_more).map(|row| format!("{TRASH}?after={}", row.id));
    let line = |row: memory::trash::Trashed| Line {
        id: row.id,
        is_note: matches!(row.entry(), Entry::Note(_)),
        deleted: When(row.deleted_at),
        shown: row.shown,
    };
    let template = TrashPage {
        t,
        lines: rows.into_iter().map(line).collect(),
        count: console.memory.trash_count(account).await?,
        waiting: console.memory.undecided_count(account).await?,
        notice: act::notice(&params, t),
        next,
        page: &page,
    };
    page.answer(StatusCode::OK, &template)
}

/// The form: one entry to bring back or to delete for good, or all to delete.
pub(crate) struct Chosen {
    restore: Option<TrashId>,
    delete: Option<TrashId>,
    empty: bool,
}

impl From<Fields> for Chosen {
    fn from(fields: Fields) -> Self {
        Self {
            restore: fields.text("restore").parse().ok(),
            delete: fields.text("delete").parse().ok(),
            empty: fields.text("empty") == "1",
        }
    }
}

/// Brings an entry back, or deletes one or all for good.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    CsrfForm(chosen): CsrfForm<Chosen>,
) -> Result<Response, ApiError> {
    let account = member.account.id;
    let done = match chosen {
        Chosen { restore: Some(id), .. } => {
            console.memory.restore(account, id).await?;
            "restored"
        }
        Chosen { delete: Some(id), .. } => {
            console.memory.delete_for_good(account, id).await?;
            "gone"
        }
        Chosen { empty: true, .. } => {
            console.memory.empty_trash(account).await?;
            "gone"
        }
        Chosen { .. } => "nothing",
    };
    Ok(act::back_to(TRASH, &[("done", done)], ""))
}
