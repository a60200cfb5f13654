//! The page of the call log: calls with the person's keys, or for administrators those of everybody.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use hub::{
    call::HubCode,
    log::{CallRow, Search, Viewer},
};
use web::{ApiError, Language, Query, paging::Page as Rows};

use super::{is_about_form, problems, texts, texts::Texts as HubTexts};
use crate::{
    Console,
    chart::milliseconds,
    page::{Member, Page},
    texts::grouped,
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
    /// `yes` for failed calls alone.
    failed: String,
    /// The least duration in milliseconds.
    slow: String,
    from: String,
    to: String,
    before: String,
    all: String,
    /// The trace of the call whose details are shown.
    show: String,
}

struct Row {
    at: When,
    /// The address of the page with the details of the call.
    link: String,
    is_shown: bool,
    what: String,
    who: String,
    class: &'static str,
    status: i64,
    code: String,
    took: String,
    address: String,
}

impl Row {
    fn new(row: CallRow, params: &PageParams) -> Self {
        Self {
            at: When(row.at),
            link: params.link(&[("show", &row.trace)]),
            is_shown: row.trace == params.show,
            what: format!("{}/{}", row.api, row.action),
            who: who(&row),
            class: class(row.status),
            status: row.status,
            code: row.code,
            took: milliseconds(row.took_us),
            address: row.address,
        }
    }
}

fn who(row: &CallRow) -> String {
    if row.typ == row.sub { row.typ.clone() } else { format!("{} {}", row.typ, row.sub) }
}

fn class(status: i64) -> &'static str {
    match status {
        ..=399 => "good",
        400..=499 => "warn",
        _ => "bad",
    }
}

/// The details of a call.
struct Detail {
    title: String,
    class: &'static str,
    status: i64,
    code: String,
    message: String,
    /// The steps that the call came through, and true for the one that refused it.
    steps: Vec<(&'static str, bool)>,
    took: String,
    trace: String,
    at: When,
    who: String,
    key: Option<String>,
    address: String,
    origin: String,
    bytes: String,
    again: String,
    same: String,
}

impl Detail {
    fn new(row: CallRow, keys: &[(String, String)], language: Language, h: &'static HubTexts) -> Self {
        let code = HubCode::ALL.iter().find(|code| code.name() == row.code);
        let id = row.key_id.to_string();
        let name = keys.iter().find(|(key, _)| *key == id).map(|(_, name)| name.clone());
        let encoded = super::try_it::encoded(&row.action);
        Self {
            title: format!("{}/{}", row.api, row.action),
            class: class(row.status),
            status: row.status,
            message: code.map(|code| code.template(language).to_owned()).unwrap_or_default(),
            steps: steps(code.copied(), h),
            took: milliseconds(row.took_us),
            at: When(row.at),
            who: who(&row),
            key: name.or_else(|| (row.key_id.0 != 0).then_some(id)),
            bytes: grouped(row.bytes),
            again: format!("{}?api={}&action={encoded}", super::TRY, row.api),
            same: format!("/hub/calls?api={}&status={}", row.api, row.status),
            code: row.code,
            trace: row.trace,
            address: row.address,
            origin: row.origin,
        }
    }
}

/// Returns the steps of a call up to the one that its error code names.
fn steps(code: Option<HubCode>, h: &'static HubTexts) -> Vec<(&'static str, bool)> {
    use HubCode as C;
    let all =
        [h.step_came, h.step_token, h.step_lists, h.step_limits, h.step_action, h.step_upstream, h.step_sent];
    let failed = match code {
        None => None,
        Some(C::MethodNotAllowed | C::BodyTooLarge | C::RequestTimeout | C::Unavailable) => Some(0),
        Some(
            C::TokenMissing
            | C::TokenInvalid
            | C::TokenExpired
            | C::TokenLifetimeTooLong
            | C::KeyNotFound
            | C::KeyDisabled,
        ) => Some(1),
        Some(C::IpNotAllowed | C::DomainNotAllowed) => Some(2),
        Some(C::RateLimited | C::QuotaExceeded) => Some(3),
        Some(C::ApiNotFound | C::ActionNotFound | C::PermissionDenied | C::InvalidParams) => Some(4),
        Some(_) => Some(5),
    };
    let last = failed.unwrap_or(all.len() - 1);
    all.into_iter().enumerate().take(last + 1).map(|(at, text)| (text, failed == Some(at))).collect()
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
    detail: Option<Detail>,
    /// The page without the details.
    close: String,
    /// The address of the same calls as a table.
    table: String,
    problems: Vec<String>,
}

impl PageParams {
    /// Returns true if one of the rarer filters is set.
    fn has_more(&self) -> bool {
        let rare = [&self.trace, &self.status, &self.code, &self.slow, &self.from, &self.to];
        rare.into_iter().any(|value| !value.is_empty())
    }

    /// Returns whose calls are shown.
    pub(super) fn viewer(&self, member: &Member) -> Viewer {
        let is_of_all = member.account.is_admin && self.all == "yes";
        if is_of_all { Viewer::Everybody } else { Viewer::Account(member.account.id) }
    }

    pub(super) fn search(&self) -> Search {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let number = |text: &str| text.trim().parse().ok();
        Search {
            trace: text(&self.trace),
            key: self.key.trim().parse().ok(),
            api: text(&self.api),
            status: number(&self.status),
            code: text(&self.code),
            failed: (self.failed == "yes").then_some(true),
            min_ms: number(&self.slow),
            from: super::keys::day(&self.from),
            // Includes the named day.
            to: super::keys::day(&self.to).map(|day| day + DAY_MS),
            before: self.before.trim().parse().ok(),
            limit: Some(PER_PAGE),
            all: None,
        }
    }

    /// Returns the address of the page with the same filter, and further parameters.
    fn link(&self, more: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let all = [
            ("trace", &self.trace),
            ("key", &self.key),
            ("api", &self.api),
            ("status", &self.status),
            ("code", &self.code),
            ("failed", &self.failed),
            ("slow", &self.slow),
            ("from", &self.from),
            ("to", &self.to),
            ("all", &self.all),
        ];
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        let is_given = |name: &str| more.iter().any(|(given, _)| *given == name);
        if !self.before.is_empty() && !is_given("before") && is_given("show") {
            query.append_pair("before", &self.before);
        }
        for (name, value) in more {
            query.append_pair(name, value);
        }
        format!("/hub/calls?{}", query.finish())
    }

    /// Returns the address of the table with the same filter.
    fn table(&self) -> String {
        self.link(&[]).replacen("/hub/calls", super::export::PATH, 1)
    }
}

/// Returns the call whose details are shown, if the viewer may see it.
async fn shown(console: &Console, viewer: Viewer, trace: &str) -> Result<Option<CallRow>, ApiError> {
    if trace.is_empty() || trace.chars().count() > 64 {
        return Ok(None);
    }
    let search = Search { trace: Some(trace.to_owned()), ..Search::default() };
    Ok(console.hub.calls(viewer, &search).await?.0.into_iter().next())
}

pub(crate) async fn list(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let (account, is_admin) = (member.account.id, member.account.is_admin);
    let viewer = params.viewer(&member);
    let page = member.page.at("hub", "/hub/calls");
    let (keys, _) = console.hub.keys(account, Rows { limit: MOST_KEYS, offset: 0 }).await?;
    let (rows, next, problems) = match console.hub.calls(viewer, &params.search()).await {
        Ok((rows, next)) => (rows, next, Vec::new()),
        Err(error) if is_about_form(&error) => (Vec::new(), None, problems(&error, page.language)),
        Err(error) => return Err(error),
    };
    let h = texts(page.language);
    let keys: Vec<(String, String)> = keys.into_iter().map(|key| (key.id.to_string(), key.name)).collect();
    let detail = shown(&console, viewer, &params.show).await?;
    let template = Calls {
        page: &page,
        h,
        is_admin,
        rows: rows.into_iter().map(|row| Row::new(row, &params)).collect(),
        older: next.map(|before| params.link(&[("before", &before.to_string())])),
        detail: detail.map(|row| Detail::new(row, &keys, page.language, h)),
        close: params.link(&[]),
        table: params.table(),
        keys,
        params: &params,
        problems,
    };
    page.answer(StatusCode::OK, &template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_that_refused_a_call_is_the_last_one() {
        let h = texts(Language::En);
        for (code, last) in [
            (HubCode::TokenExpired, h.step_token),
            (HubCode::DomainNotAllowed, h.step_lists),
            (HubCode::QuotaExceeded, h.step_limits),
            (HubCode::ActionNotFound, h.step_action),
            (HubCode::UpstreamTimeout, h.step_upstream),
        ] {
            assert_eq!(steps(Some(code), h).last(), Some(&(last, true)), "{code:?}");
        }
        let all = steps(None, h);
        assert!(all.len() == 7 && all.iter().all(|(_, is_bad)| !is_bad));
    }

    #[test]
    fn links_keep_the_filter() {
        let params = PageParams { api: "a b".into(), before: "7".into(), ..PageParams::default() };
        assert_eq!(params.link(&[("show", "t")]), "/hub/calls?api=a+b&before=7&show=t");
        assert_eq!(params.link(&[("before", "3")]), "/hub/calls?api=a+b&before=3");
    }
}
