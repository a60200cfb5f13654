//! The calls of an app, as charts and by endpoint.

use identity::Application;
use store::AccountId;
use web::ApiError;

use crate::{
    Console, chart,
    keys::usage::{self, Line},
    texts::{Texts, fill},
};

/// The usage of an app over some days.
pub(super) struct Usage {
    pub(super) lead: String,
    /// Days, label, and true for the shown one.
    pub(super) periods: Vec<(i64, String, bool)>,
    pub(super) chart: String,
    /// Durations as a line; `None` if none were measured.
    pub(super) durations: Option<String>,
    pub(super) legend: Vec<(&'static str, &'static str, i64)>,
    pub(super) endpoints: Vec<Line>,
}

/// Reads the usage of an account's app.
///
/// # Errors
/// If the database fails.
pub(super) async fn read(
    console: &Console,
    account: AccountId,
    app: &Application,
    period: i64,
    t: &'static Texts,
) -> Result<Usage, ApiError> {
    let rows = console.identity.app_usage(account, &app.id, period).await?;
    let columns = usage::columns(&rows, period, console.clock.now());
    let names = [t.outcome_ok, t.outcome_refused, t.outcome_client, t.outcome_server];
    let legend = chart::OUTCOMES.into_iter().zip(names).zip(chart::totals(&columns));
    Ok(Usage {
        lead: fill(t.usage_lead, period),
        periods: usage::periods(period, t),
        chart: chart::columns(&columns, t.usage_chart, t.usage_times),
        durations: usage::durations(&columns, t),
        legend: legend.map(|((class, name), calls)| (class, name, calls)).collect(),
        endpoints: usage::by_endpoint(&rows, None),
    })
}
