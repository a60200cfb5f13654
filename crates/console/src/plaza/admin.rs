//! The moderation page: open reports, bans, invitation codes, and the log of moderation actions.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use plaza::{InvitationId, LogEntryId, ReportId, post::Author};
use store::AccountId;
use web::{ApiError, Code, Query, id_in};

use super::{Admin, me::CodeView, notice, problem, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    when::When,
};

const PATH: &str = "/plaza/admin";
const DONE: &str = "/plaza/admin?done=saved";

/// The query of the page.
#[derive(Default, serde::Deserialize)]
pub(crate) struct PageParams {
    /// The id that the list of codes begins before.
    codes: Option<String>,
    /// The id that the log begins before.
    log: Option<String>,
    done: Option<String>,
}

/// The fields of all forms on the page.
pub(crate) struct ActionForm {
    what: String,
    note: String,
    number: String,
    user: String,
    days: String,
    reason: String,
}

impl From<Fields> for ActionForm {
    fn from(fields: Fields) -> Self {
        let text = |name: &str| fields.text(name).trim().to_owned();
        Self {
            what: text("what"),
            note: text("note"),
            number: text("number"),
            user: text("user"),
            days: text("days"),
            reason: text("reason"),
        }
    }
}

struct ReportView {
    id: ReportId,
    href: String,
    content: String,
    author: String,
    author_id: AccountId,
    reporter: String,
    reason: String,
    when: When,
}

struct BanView {
    id: AccountId,
    name: String,
    until: When,
    reason: String,
}

struct LogView {
    who: String,
    action: String,
    target: String,
    account: String,
    reason: String,
    when: When,
}

#[derive(Template)]
#[template(path = "plaza/admin.html")]
struct AdminPage<'a> {
    page: &'a Page,
    t: &'a Texts,
    notice: Option<&'a str>,
    alert: Option<String>,
    reports: Vec<ReportView>,
    bans: Vec<BanView>,
    codes: Vec<CodeView>,
    older_codes: Option<String>,
    log: Vec<LogView>,
    older_log: Option<String>,
    /// Always `None`, because the lists have no link to newer entries.
    none: Option<String>,
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    Admin(member): Admin,
    Query(asked): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member, asked, None).await
}

async fn render(
    console: &Console,
    member: Member,
    asked: PageParams,
    error: Option<ApiError>,
) -> Result<Response, ApiError> {
    let plaza = &console.plaza;
    let (reports, bans) = (plaza.reports().await?, plaza.bans().await?);
    let (codes, log) = (
        plaza.all_invitations(InvitationId(before(asked.codes.as_deref()))).await?,
        plaza.log(LogEntryId(before(asked.log.as_deref()))).await?,
    );
    let mut ids: Vec<AccountId> = CodeView::people(&codes).collect();
    ids.extend(reports.iter().flat_map(|report| [report.author, report.reporter]));
    ids.extend(bans.iter().map(|ban| ban.account));
    ids.extend(log.iter().flat_map(|entry| [entry.moderator, entry.account]));
    let people = plaza.authors(ids).await?;
    let name = |id| Author::of(id, &people).name().to_owned();
    let page = member.page.at("plaza", PATH);
    let t = Texts::of(page.language);
    let template = AdminPage {
        page: &page,
        t,
        notice: notice(asked.done.as_deref(), t),
        alert: error.as_ref().map(|error| problem(error, &page)),
        reports: reports
            .into_iter()
            .map(|report| ReportView {
                id: report.id,
                href: match report.comment {
                    Some(id) => format!("/plaza/posts/{}#{}", report.post, plaza::comment::rules::name(id)),
                    None => format!("/plaza/posts/{}", report.post),
                },
                content: report.content,
                author: name(report.author),
                author_id: report.author,
                reporter: name(report.reporter),
                reason: report.reason,
                when: When(report.created_at),
            })
            .collect(),
        bans: bans
            .into_iter()
            .map(|ban| BanView {
                id: ban.account,
                name: name(ban.account),
                until: When(ban.until),
                reason: ban.reason,
            })
            .collect(),
        older_codes: codes
            .last()
            .filter(|_| codes.len() == 100)
            .map(|code| format!("{PATH}?codes={}", code.id)),
        codes: codes.into_iter().map(|code| CodeView::new(code, &people)).collect(),
        older_log: log.last().filter(|_| log.len() == 50).map(|entry| format!("{PATH}?log={}", entry.id)),
        none: None,
        log: log
            .into_iter()
            .map(|entry| LogView {
                who: name(entry.moderator),
                account: name(entry.account),
                action: entry.action,
                target: entry.target,
                reason: entry.reason,
                when: When(entry.created_at),
            })
            .collect(),
    };
    match error {
        Some(error) => page.refuse(&error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// Returns the id before which a list begins, which is its newest entry's if none is given.
fn before(id: Option<&str>) -> i64 {
    id.and_then(|id| id.parse().ok()).unwrap_or(i64::MAX)
}

async fn answer(console: &Console, member: Member, done: Result<(), ApiError>) -> Result<Response, ApiError> {
    match done {
        Ok(()) => Ok(Redirect::to(DONE).into_response()),
        Err(error) if error.code().status().is_client_error() && error.code() != Code::NotFound => {
            render(console, member, PageParams::default(), Some(error)).await
        }
        Err(error) => Err(error),
    }
}

/// Issues codes.
pub(crate) async fn issue(
    State(console): State<Console>,
    Admin(member): Admin,
    CsrfForm(form): CsrfForm<ActionForm>,
) -> Result<Response, ApiError> {
    let number = form.number.parse().unwrap_or(0);
    let done = console.plaza.issue_codes(member.account.id, number, &form.note).await.map(|_codes| ());
    answer(&console, member, done).await
}

/// Withdraws a code, or replaces its note.
pub(crate) async fn change_code(
    State(console): State<Console>,
    Admin(member): Admin,
    Path(id): Path<String>,
    CsrfForm(form): CsrfForm<ActionForm>,
) -> Result<Response, ApiError> {
    let id = id_in(&id, Code::NotFound)?;
    let found = if form.what == "withdraw" {
        console.plaza.withdraw_code(member.account.id, id).await
    } else {
        console.plaza.note_code(id, &form.note).await
    };
    let done = found.and_then(|found| if found { Ok(()) } else { Err(Code::NotFound.into()) });
    answer(&console, member, done).await
}

/// Dismisses a report, or deletes the reported post or comment.
pub(crate) async fn settle(
    State(console): State<Console>,
    Admin(member): Admin,
    Path(id): Path<String>,
    CsrfForm(form): CsrfForm<ActionForm>,
) -> Result<Response, ApiError> {
    let (admin, id) = (member.account.id, id_in(&id, Code::NotFound)?);
    let done = if form.what == "uphold" {
        console.plaza.uphold_report(admin, id).await
    } else {
        console.plaza.dismiss_report(admin, id).await
    };
    answer(&console, member, done).await
}

/// Bans an account from writing, or ends its ban.
pub(crate) async fn ban(
    State(console): State<Console>,
    Admin(member): Admin,
    CsrfForm(form): CsrfForm<ActionForm>,
) -> Result<Response, ApiError> {
    let (admin, user) = (member.account.id, id_in(&form.user, Code::NotFound)?);
    let done = if form.what == "unban" {
        console.plaza.unban(admin, user).await
    } else {
        // A text that is no number becomes a number that is refused.
        console.plaza.ban(admin, user, form.days.parse().unwrap_or(-1), &form.reason).await
    };
    answer(&console, member, done).await
}
