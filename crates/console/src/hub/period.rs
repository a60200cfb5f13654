//! The periods that charts of calls can show, and the columns of such a chart.

use hub::log::{UsageRow, usage::Period};
use store::Timestamp;

use super::texts::Texts as HubTexts;
use crate::chart::{Column, outcome};

/// The periods in the order in which they are offered.
pub(super) const ALL: [Shown; 3] = [Shown::Day, Shown::Week, Shown::Month];

/// A period that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Day,
    Week,
    Month,
}

impl Shown {
    /// Returns the period of a query parameter, by its number of days.
    pub(super) fn of(days: Option<&str>) -> Self {
        ALL.into_iter().find(|shown| Some(shown.days()) == days).unwrap_or(Self::Day)
    }

    pub(super) const fn days(self) -> &'static str {
        match self {
            Self::Day => "1",
            Self::Week => "7",
            Self::Month => "30",
        }
    }

    pub(super) const fn name(self, h: &HubTexts) -> &'static str {
        match self {
            Self::Day => h.day,
            Self::Week => h.seven_days,
            Self::Month => h.month,
        }
    }

    pub(super) const fn title(self, h: &HubTexts) -> &'static str {
        match self {
            Self::Day => h.per_hour,
            Self::Week => h.per_six_hours,
            Self::Month => h.per_whole_day,
        }
    }

    pub(super) const fn period(self) -> Period {
        match self {
            Self::Day => Period { spans: 24, hours: 1 },
            Self::Week => Period { spans: 28, hours: 6 },
            Self::Month => Period { spans: 30, hours: 24 },
        }
    }

    /// Returns the columns of a chart of these calls.
    pub(super) fn columns(self, rows: &[UsageRow], now: Timestamp) -> Vec<Column> {
        let period = self.period();
        let last = period.span_of(now);
        (last - period.spans + 1..=last)
            .map(|span| {
                let iso = period.beginning(span).iso8601();
                let part = |from: usize, to: usize| iso.get(from..to).unwrap_or_default().to_owned();
                let (date, time) = (part(0, 10), part(11, 16));
                let mut column = match self {
                    Self::Day => Column {
                        label: time.clone(),
                        title: format!("{date} {time} UTC"),
                        ..Column::default()
                    },
                    Self::Week => Column {
                        label: part(5, 10),
                        title: format!("{date} {time} UTC"),
                        ..Column::default()
                    },
                    Self::Month => Column { label: part(5, 10), title: date, ..Column::default() },
                };
                let mut took_us = 0;
                for row in rows.iter().filter(|row| row.hour == span) {
                    if let Some(calls) = outcome(&row.outcome).and_then(|at| column.counts.get_mut(at)) {
                        *calls += row.calls;
                        took_us += row.took_us;
                    }
                }
                column.took_us = Some(column.total()).filter(|total| *total > 0).map(|total| took_us / total);
                column
            })
            .collect()
    }
}

/// Returns the value that a share of values does not exceed; `None` without values.
pub(super) fn percentile(values: &mut [i64], percent: usize) -> Option<i64> {
    values.sort_unstable();
    let at = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_in_the_column_of_their_time() {
        let now = Timestamp(1_767_225_600_000 + 90 * 60_000);
        let row = |hour, outcome: &str, calls, took_us| UsageRow {
            hour,
            api: "a".into(),
            outcome: outcome.into(),
            calls,
            took_us,
        };
        let hour = Shown::Day.period().span_of(now);
        let rows = [
            row(hour, "ok", 3, 900),
            row(hour, "server_error", 1, 100),
            row(hour - 23, "ok", 1, 5),
            row(hour - 24, "ok", 9, 1),
        ];
        let columns = Shown::Day.columns(&rows, now);
        assert_eq!(columns.len(), 24);
        let last = columns.last().unwrap();
        assert_eq!((last.label.as_str(), last.counts, last.took_us), ("01:00", [3, 0, 0, 1], Some(250)));
        assert_eq!((columns[0].counts, columns[1].counts), ([1, 0, 0, 0], [0; 4]));
        let month = Shown::Month.columns(&[], now);
        assert_eq!((month.len(), month[29].title.as_str(), month[29].took_us), (30, "2026-01-01", None));
    }

    #[test]
    fn percentiles_are_values_of_the_list() {
        let mut values: Vec<i64> = (1..=100).rev().collect();
        assert_eq!((percentile(&mut values, 50), percentile(&mut values, 95)), (Some(50), Some(95)));
        assert_eq!((percentile(&mut [7], 95), percentile(&mut [], 95)), (Some(7), None));
    }

    #[test]
    fn unknown_periods_are_a_day() {
        assert_eq!(
            [Shown::of(None), Shown::of(Some("7")), Shown::of(Some("x"))],
            [Shown::Day, Shown::Week, Shown::Day]
        );
    }
}
