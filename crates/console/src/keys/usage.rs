//! Sums of the calls made with a key. No I/O.

use std::collections::BTreeMap;

use identity::usage::UsageRow;
use store::Timestamp;

use crate::{
    chart::{self, Column},
    texts::{Texts, fill},
};

/// Periods of usage that can be chosen, in days.
const PERIODS: [i64; 3] = [7, 30, 90];
const DEFAULT_PERIOD: i64 = 30;

/// Returns the offered period that a query asks for.
pub(crate) fn period(days: Option<&str>) -> i64 {
    let days = days.and_then(|days| days.parse().ok()).unwrap_or(DEFAULT_PERIOD);
    if PERIODS.contains(&days) { days } else { DEFAULT_PERIOD }
}

/// Returns the offered periods with their labels, and true for the shown one.
pub(crate) fn periods(shown: i64, t: &Texts) -> Vec<(i64, String, bool)> {
    PERIODS.map(|days| (days, fill(t.usage_days, days), days == shown)).into()
}

/// Numbers of calls by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) ok: i64,
    pub(crate) refused: i64,
    pub(crate) client: i64,
    pub(crate) server: i64,
}

impl Counts {
    fn add(&mut self, row: &UsageRow) {
        let count = match row.outcome.as_str() {
            "ok" => &mut self.ok,
            "refused" => &mut self.refused,
            "client_error" => &mut self.client,
            _ => &mut self.server,
        };
        *count += row.calls;
    }

    /// Returns the number of all calls.
    pub(crate) fn total(&self) -> i64 {
        self.ok + self.refused + self.client + self.server
    }
}

/// A day or an endpoint with its numbers of calls.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) counts: Counts,
}

/// Returns the calls of each day that had any, newest first.
pub(crate) fn by_day(rows: &[UsageRow]) -> Vec<Line> {
    let mut days: BTreeMap<i64, Counts> = BTreeMap::new();
    for row in rows {
        days.entry(row.day).or_default().add(row);
    }
    days.into_iter().rev().map(|(day, counts)| Line { name: date(day), counts }).collect()
}

/// Returns the columns of a chart of the latest days, quiet ones included.
pub(crate) fn columns(rows: &[UsageRow], days: i64, now: Timestamp) -> Vec<Column> {
    let today = now.as_millis().div_euclid(86_400_000);
    let column = |day: i64| {
        let mut counts = Counts::default();
        let mut took_us = 0_i64;
        for row in rows.iter().filter(|row| row.day == day) {
            counts.add(row);
            took_us = took_us.saturating_add(row.took_us);
        }
        let title = date(day);
        Column {
            label: title.get(5..).unwrap_or_default().to_owned(),
            title,
            counts: [counts.ok, counts.refused, counts.client, counts.server],
            // Days before durations were measured have none.
            took_us: (took_us > 0).then(|| took_us / counts.total().max(1)),
        }
    };
    (today - days + 1..=today).map(column).collect()
}

/// Returns the average durations of the days as a chart; `None` if none were measured.
pub(crate) fn durations(columns: &[Column], t: &Texts) -> Option<String> {
    let is_measured = columns.iter().any(|column| column.took_us.is_some());
    is_measured.then(|| chart::durations(columns, t.usage_durations))
}

/// Returns the calls of each endpoint, on one day or on all, the most called first.
pub(crate) fn by_endpoint(rows: &[UsageRow], day: Option<&str>) -> Vec<Line> {
    let mut endpoints: BTreeMap<&str, Counts> = BTreeMap::new();
    for row in rows.iter().filter(|row| day.is_none_or(|day| date(row.day) == day)) {
        endpoints.entry(&row.endpoint).or_default().add(row);
    }
    let mut lines: Vec<Line> =
        endpoints.into_iter().map(|(name, counts)| Line { name: name.to_owned(), counts }).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.counts.total()));
    lines
}

fn date(day: i64) -> String {
    Timestamp(day.saturating_mul(86_400_000)).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_offered_periods_are_shown() {
        let periods = [None, Some("7"), Some("1000000"), Some("x")].map(period);
        assert_eq!(periods, [30, 7, 30, 30]);
    }

    #[test]
    fn quiet_days_are_part_of_the_chart() {
        let row =
            UsageRow { day: 9, endpoint: "/a".into(), outcome: "refused".into(), calls: 2, took_us: 900 };
        let columns = columns(&[row], 7, Timestamp(10 * 86_400_000 + 5));
        let counts: Vec<i64> = columns.iter().map(Column::total).collect();
        assert_eq!(counts, [0, 0, 0, 0, 0, 2, 0]);
        assert_eq!((columns[5].label.as_str(), columns[5].counts), ("01-10", [0, 2, 0, 0]));
        assert_eq!((columns[4].took_us, columns[5].took_us), (None, Some(450)));
    }

    #[test]
    fn rows_are_added_up_by_day_and_by_endpoint() {
        let row = |day, endpoint: &str, outcome: &str, calls| UsageRow {
            day,
            endpoint: endpoint.to_owned(),
            outcome: outcome.to_owned(),
            calls,
            took_us: 1000 * calls,
        };
        let rows = [row(1, "/a", "ok", 3), row(1, "/b", "refused", 2), row(0, "/a", "client_error", 4)];
        let days = by_day(&rows);
        assert_eq!(
            days.iter().map(|day| (day.name.as_str(), day.counts.total())).collect::<Vec<_>>(),
            [("1970-01-02", 5), ("1970-01-01", 4)]
        );
        let all = by_endpoint(&rows, None);
        assert_eq!(
            all.first().map(|line| (line.name.as_str(), line.counts)),
            Some(("/a", Counts { ok: 3, client: 4, ..Counts::default() }))
        );
        let one = by_endpoint(&rows, Some("1970-01-02"));
        assert_eq!(one.iter().map(|line| line.counts.total()).collect::<Vec<_>>(), [3, 2]);
    }
}
