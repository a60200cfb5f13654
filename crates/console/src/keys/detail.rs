//! The page of a key: its data, its usage, and forms to rotate and delete it.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use identity::{KeyId, usage::RefusalRow};
use web::{ApiError, Code, Language, Query, id_in};

use super::{
    usage::{self, Line},
    view::KeyView,
};
use crate::{
    Console, chart,
    page::{Member, Page},
    texts::{Texts, fill},
    when::When,
};

/// Overlaps of a rotation in seconds.
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// The query of the page.
#[derive(serde::Deserialize, Default)]
pub(crate) struct PageParams {
    days: Option<String>,
    day: Option<String>,
}

struct Refusal {
    at: When,
    endpoint: String,
    reason: String,
    sub_code: String,
    address: String,
}

#[derive(Template)]
#[template(path = "key.html")]
struct KeyPage<'a> {
    page: &'a Page,
    key: KeyView,
    alert: Option<String>,
    usage_lead: String,
    /// Days, label, and true for the period shown.
    periods: Vec<(i64, String, bool)>,
    period: i64,
    days: Vec<Line>,
    busiest: i64,
    /// The calls of each day as SVG.
    chart: String,
    /// The average durations as a line.
    durations: Option<String>,
    legend: Vec<(&'static str, &'static str, i64)>,
    endpoints: Vec<Line>,
    day: Option<&'a str>,
    endpoints_title: String,
    refusals: Vec<Refusal>,
    overlaps: Vec<(i64, String)>,
}

/// Shows the page of a key.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let id = parse(&id)?;
    let page = render(&console, member, id, params, None).await?;
    Ok(page)
}

/// Shows the page again with the error of an action.
pub(super) async fn again(
    console: &Console,
    member: Member,
    id: KeyId,
    error: ApiError,
    text: String,
) -> Result<Response, ApiError> {
    render(console, member, id, PageParams::default(), Some((error, text))).await
}

async fn render(
    console: &Console,
    member: Member,
    id: KeyId,
    params: PageParams,
    error: Option<(ApiError, String)>,
) -> Result<Response, ApiError> {
    let period = usage::period(params.days.as_deref());
    let day = params.day.as_deref().filter(|day| day.parse::<jiff::civil::Date>().is_ok());
    let here = match day {
        Some(day) => format!("/keys/{id}?days={period}&day={day}"),
        None => format!("/keys/{id}?days={period}"),
    };
    let page = member.page.at("keys", here);
    let t = page.t;
    // Usage first: reading it also stores what is still in memory, such as the key's last use.
    let (rows, refusals) = console.identity.key_usage(member.account.id, id, period).await?;
    let key = console.identity.key(member.account.id, id).await?;
    let days = usage::by_day(&rows);
    let columns = usage::columns(&rows, period, console.clock.now());
    let names = [t.outcome_ok, t.outcome_refused, t.outcome_client, t.outcome_server];
    let legend = chart::OUTCOMES.into_iter().zip(names).zip(chart::totals(&columns));
    let (error, alert) = error.unzip();
    let template = KeyPage {
        page: &page,
        key: KeyView::new(key, console.clock.now(), t),
        alert,
        usage_lead: fill(t.usage_lead, period),
        periods: usage::periods(period, t),
        period,
        chart: chart::columns(&columns, t.usage_chart, t.usage_times),
        durations: usage::durations(&columns, t),
        legend: legend.map(|((class, name), calls)| (class, name, calls)).collect(),
        busiest: days.iter().map(|day| day.counts.total()).max().unwrap_or(0),
        days,
        endpoints: usage::by_endpoint(&rows, day),
        day,
        endpoints_title: day.map_or(t.by_endpoint.to_owned(), |day| fill(t.on_day, day)),
        refusals: refusals.into_iter().map(|row| refusal(row, page.language)).collect(),
        overlaps: overlaps(t),
    };
    match error {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

/// Parses an id in a path.
///
/// # Errors
/// [`Code::ApikeyNotFound`] if it is no id.
pub(super) fn parse(segment: &str) -> Result<KeyId, ApiError> {
    id_in(segment, Code::ApikeyNotFound)
}

fn overlaps(t: &Texts) -> Vec<(i64, String)> {
    vec![
        (0, t.overlap_none.to_owned()),
        (HOUR, t.overlap_hour.to_owned()),
        (DAY, t.overlap_day.to_owned()),
        (7 * DAY, fill(t.overlap_days, 7)),
        (30 * DAY, fill(t.overlap_days, 30)),
    ]
}

fn refusal(row: RefusalRow, language: Language) -> Refusal {
    Refusal {
        at: When(row.refused_at),
        endpoint: row.endpoint,
        reason: reason(&row.sub_code, language),
        sub_code: row.sub_code,
        address: row.address,
    }
}

/// Returns the message of an error code, without its placeholder, because the value was not stored.
fn reason(sub_code: &str, language: Language) -> String {
    let code = Code::ALL.iter().find(|code| code.sub_code() == sub_code);
    let text = code.map(|code| code.template(language)).unwrap_or_default();
    text.replace("{}", "").trim_end_matches([' ', ':', ':', ',', ',']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_why() {
        assert_eq!(reason("apikey.permission.denied", Language::Zh), "缺少必需的权限");
        assert_eq!(reason("apikey.auth.invalid", Language::En), "The API key is invalid or has expired");
        assert_eq!(reason("", Language::En), "");
    }
}
