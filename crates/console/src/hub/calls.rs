//! The page of the call log: calls with the person's keys, or for administrators those of everybody.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use hub::{
    CallId,
    log::{CallRow, Search, Viewer},
};
use web::{ApiError, Query, paging::Page as Rows};

use super::{is_about_form, problems, texts, texts::Texts as HubTexts};
use crate::{
    Console,
    page::{Member, Page},
    when::When,
};

const PER_PAGE: i64 = 50;
const MOST_KEYS: i64 = 100;
const DAY_MS: i64 = 86_400_000;

/// The filter as sent.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct PageParams {
    trace: String,
    key: String,
    api: String,
    status: String,
    code: String,
    from: String,
    to: String,
    before: String,
    all: String,
}

struct Row {
    at: When,
    trace: String,
    what: String,
    who: String,
    class: &'static str,
    status: i64,
    code: String,
    took: String,
    address: String,
}

impl From<CallRow> for Row {
    fn from(row: CallRow) -> Self {
        Self {
            at: When(row.at),
            trace: row.trace,
            what: format!("{}/{}", row.api, row.action),
            who: if row.typ == row.sub { row.typ } else { format!("{} {}", row.typ, row.sub) },
            class: match row.status {
                ..=399 => "good",
                400..=499 => "warn",
                _ => "bad",
            },
            status: row.status,
            code: row.code,
            took: format!("{}.{} ms", row.took_us / 1000, row.took_us % 1000 / 100),
            address: row.address,
        }
    }
}

#[derive(Template)]
#[template(path = "hub/calls.html")]
struct Calls<'a> {
    page: &'a Page,
    h: &'static HubTexts,
    params: &'a PageParams,
    is_admin: bool,
    keys: Vec<(String, String)>,
    rows: Vec<Row>,
    older: Option<String>,
    problems: Vec<String>,
}

impl PageParams {
    fn search(&self) -> Search {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let number = |text: &str| text.trim().parse().ok();
        Search {
            trace: text(&self.trace),
            key: self.key.trim().parse().ok(),
            api: text(&self.api),
            status: number(&self.status),
            code: text(&self.code),
            from: super::keys::day(&self.from),
            // Includes the named day.
            to: super::keys::day(&self.to).map(|day| day + DAY_MS),
            before: self.before.trim().parse().ok(),
            limit: Some(PER_PAGE),
            all: None,
        }
    }

    /// Returns the address of the page that begins after a call.
    fn older(&self, before: CallId) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let all = [
            ("trace", &self.trace),
            ("key", &self.key),
            ("api", &self.api),
            ("status", &self.status),
            ("code", &self.code),
            ("from", &self.from),
            ("to", &self.to),
            ("all", &self.all),
        ];
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        query.append_pair("before", &before.to_string());
        format!("/hub/calls?{}", query.finish())
    }
}

pub(crate) async fn list(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let (account, is_admin) = (member.account.id, member.account.is_admin);
    let viewer = if is_admin && params.all == "yes" { Viewer::Everybody } else { Viewer::Account(account) };
    let page = member.page.at("hub", "/hub/calls");
    let (keys, _) = console.hub.keys(account, Rows { limit: MOST_KEYS, offset: 0 }).await?;
    let (rows, next, problems) = match console.hub.calls(viewer, &params.search()).await {
        Ok((rows, next)) => (rows, next, Vec::new()),
        Err(error) if is_about_form(&error) => (Vec::new(), None, problems(&error, page.language)),
        Err(error) => return Err(error),
    };
    let template = Calls {
        page: &page,
        h: texts(page.language),
        is_admin,
        keys: keys.into_iter().map(|key| (key.id.to_string(), key.name)).collect(),
        rows: rows.into_iter().map(Row::from).collect(),
        older: next.map(|before| params.older(before)),
        params: &params,
        problems,
    };
    page.answer(StatusCode::OK, &template)
}
