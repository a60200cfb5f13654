//! `/hub`: the calls of a period, what needs attention, and the APIs.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use hub::{
    catalog::{Api, ApiResponse},
    key::HubKey,
    log::{UsageRow, Viewer},
};
use store::Timestamp;
use web::{ApiError, Query, paging::Page as Rows};

use super::{
    PATH,
    period::{self, Shown, percentile},
    texts,
    texts::Texts as HubTexts,
};
use crate::{
    Console,
    chart::{self, Column, milliseconds},
    page::{Member, Page},
    texts::{fill, grouped},
};

/// Maximum number of APIs in the list.
const LISTED: usize = 8;
/// Keys that are looked at for their expiry.
const KEYS: i64 = 100;
/// Time before a key expires from which on the page says so.
const SOON_MS: i64 = 7 * DAY_MS;
const DAY_MS: i64 = 86_400_000;
/// Failures in a period from which on an API needs attention.
const FAILURES: i64 = 5;

/// A line about what needs attention.
struct Alert {
    class: &'static str,
    what: String,
    why: String,
    link: (String, &'static str),
}

/// An API with its calls in the period.
struct Row {
    code: String,
    name: String,
    badge: (&'static str, &'static str),
    spark: String,
    calls: String,
    failures: String,
    has_failures: bool,
    slow: String,
}

#[derive(Template)]
#[template(path = "hub/overview.html")]
struct Overview<'a> {
    page: &'a Page,
    h: &'static HubTexts,
    is_admin: bool,
    may_create: bool,
    has_keys: bool,
    stats: Vec<(&'static str, String, String)>,
    shown: Shown,
    chart: Calls,
    troubles: Vec<Alert>,
    apis: Vec<Row>,
    all_apis: String,
}

/// A chart of calls with its legend.
pub(super) struct Calls {
    pub(super) total: i64,
    pub(super) columns: String,
    pub(super) durations: String,
    pub(super) legend: Vec<(&'static str, &'static str, String)>,
}

impl Calls {
    pub(super) fn new(columns: &[Column], shown: Shown, h: &'static HubTexts) -> Self {
        let totals = chart::totals(columns);
        let names = [h.ok, h.refused, h.client_error, h.server_error];
        let label = format!("{}, {}", shown.title(h), shown.name(h));
        let legend = chart::OUTCOMES.into_iter().zip(names).zip(totals);
        Self {
            total: totals.iter().sum(),
            columns: chart::columns(columns, &label, h.times),
            durations: chart::durations(columns, h.average),
            legend: legend.map(|((class, name), calls)| (class, name, grouped(calls))).collect(),
        }
    }
}

#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    days: Option<String>,
}

pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let (account, is_admin) = (member.account.id, member.account.is_admin);
    let viewer = if is_admin { Viewer::Everybody } else { Viewer::Account(account) };
    let shown = Shown::of(params.days.as_deref());
    let page = member.page.at("hub", PATH);
    let h = texts(page.language);
    let now = console.clock.now();
    let period = shown.period();
    let since = period.beginning(period.span_of(now) - period.spans + 1);
    let rows = console.hub.usage(viewer, period).await?;
    let mut durations = console.hub.latest_durations(viewer, since).await?;
    let (keys, key_count) = console.hub.keys(account, Rows { limit: KEYS, offset: 0 }).await?;
    let columns = shown.columns(&rows, now);
    let apis = console.hub.apis();
    let listed = listed(&apis, &rows, &durations, shown, now, h);
    let template = Overview {
        page: &page,
        h,
        is_admin,
        may_create: console.hub.may_make_keys(account).await?,
        has_keys: key_count > 0,
        stats: stats(&columns, &mut durations, &keys, key_count, now, h),
        shown,
        chart: Calls::new(&columns, shown, h),
        troubles: troubles(&apis, &rows, &keys, now, h),
        all_apis: fill(h.all_apis, apis.len()),
        apis: listed,
    };
    page.answer(StatusCode::OK, &template)
}

fn stats(
    columns: &[Column],
    durations: &mut [(String, i64)],
    keys: &[HubKey],
    key_count: i64,
    now: Timestamp,
    h: &'static HubTexts,
) -> Vec<(&'static str, String, String)> {
    let [ok, refused, client, server] = chart::totals(columns);
    let total = ok + refused + client + server;
    let share =
        if total == 0 { "–".to_owned() } else { format!("{:.1}%", ok as f64 * 100.0 / total as f64) };
    let mut took: Vec<i64> = durations.iter().map(|(_, took)| *took).collect();
    let of = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), milliseconds);
    let (median, slow) = (percentile(&mut took, 50), percentile(&mut took, 95));
    let live = keys.iter().filter(|key| key.is_live(now)).count();
    vec![
        (h.calls_total, grouped(total), fill(h.refused_count, grouped(refused))),
        (h.success_share, share, fill(h.failed_count, grouped(client + server))),
        (h.slow, of(slow), fill(h.median, of(median))),
        (h.keys, grouped(key_count), fill(h.live_count, live)),
    ]
}

/// Returns the calls and failures of each API.
fn by_api(rows: &[UsageRow]) -> BTreeMap<&str, (i64, i64)> {
    let mut apis: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for row in rows {
        let counts = apis.entry(&row.api).or_default();
        counts.0 += row.calls;
        if row.outcome == "server_error" {
            counts.1 += row.calls;
        }
    }
    apis
}

fn badge(api: &Api, h: &'static HubTexts) -> (&'static str, &'static str) {
    if !api.spec.enabled {
        return ("", h.off);
    }
    match ApiResponse::from(api).breaker {
        Some("open") => ("bad dot", h.resting),
        Some("closed") => ("good dot", h.well),
        Some(_) => ("warn dot", h.trying),
        None => ("", h.built_in),
    }
}

/// Returns the APIs with the most calls, and their numbers.
fn listed(
    apis: &[std::sync::Arc<Api>],
    rows: &[UsageRow],
    durations: &[(String, i64)],
    shown: Shown,
    now: Timestamp,
    h: &'static HubTexts,
) -> Vec<Row> {
    let counts = by_api(rows);
    let calls_of = |api: &Api| counts.get(api.spec.code.as_str()).copied().unwrap_or_default();
    let mut sorted: Vec<_> = apis.iter().collect();
    sorted.sort_by_key(|api| std::cmp::Reverse(calls_of(api).0));
    let row = |api: &std::sync::Arc<Api>| {
        let code = &api.spec.code;
        let own: Vec<UsageRow> = rows.iter().filter(|row| row.api == *code).cloned().collect();
        let values: Vec<i64> = shown.columns(&own, now).iter().map(Column::total).collect();
        let mut took: Vec<i64> =
            durations.iter().filter(|(api, _)| api == code).map(|(_, took)| *took).collect();
        let (calls, failures) = calls_of(api);
        Row {
            badge: badge(api, h),
            spark: chart::spark(&values, &format!("{}: {} {}", shown.name(h), grouped(calls), h.times)),
            calls: grouped(calls),
            failures: grouped(failures),
            has_failures: failures > 0,
            slow: percentile(&mut took, 95).map_or_else(|| "–".to_owned(), milliseconds),
            name: if api.spec.name.is_empty() { code.clone() } else { api.spec.name.clone() },
            code: code.clone(),
        }
    };
    sorted.into_iter().take(LISTED).map(row).collect()
}

fn troubles(
    apis: &[std::sync::Arc<Api>],
    rows: &[UsageRow],
    keys: &[HubKey],
    now: Timestamp,
    h: &'static HubTexts,
) -> Vec<Alert> {
    let mut found = Vec::new();
    let counts = by_api(rows);
    for api in apis {
        let code = &api.spec.code;
        let link = (format!("/hub/calls?api={code}"), h.log);
        match badge(api, h) {
            ("bad dot", text) => found.push(Alert {
                class: "server_error",
                what: format!("{code} · {text}"),
                why: h.resting_why.to_owned(),
                link,
            }),
            ("warn dot", text) => found.push(Alert {
                class: "client_error",
                what: format!("{code} · {text}"),
                why: h.trying_why.to_owned(),
                link,
            }),
            _ => {
                let (calls, failures) = counts.get(code.as_str()).copied().unwrap_or_default();
                if failures >= FAILURES && failures * 10 >= calls {
                    let why = fill(h.many_failures, format!("{failures}/{calls}"));
                    found.push(Alert { class: "client_error", what: code.clone(), why, link });
                }
            }
        }
    }
    for key in keys.iter().filter(|key| key.is_enabled) {
        let Some(end) = key.expires_at.filter(|end| *end <= now.plus_ms(SOON_MS)) else { continue };
        let why = if end <= now { h.expired } else { h.expires_soon };
        let link = (format!("/hub/keys/{}", key.id), h.look);
        let what = format!("{} · {}", key.name, end.date());
        found.push(Alert { class: "client_error", what, why: why.to_owned(), link });
    }
    found
}

/// Returns the periods for the choice above a chart: days, name, and true for the one shown.
pub(super) fn periods(shown: Shown, h: &'static HubTexts) -> Vec<(&'static str, &'static str, bool)> {
    period::ALL.into_iter().map(|one| (one.days(), one.name(h), one == shown)).collect()
}

impl Overview<'_> {
    fn periods(&self) -> Vec<(&'static str, &'static str, bool)> {
        periods(self.shown, self.h)
    }
}
