//! A bar chart of calls over time, as SVG.

use std::{collections::BTreeMap, fmt::Write as _};

use hub::log::UsageRow;

/// Outcomes in the order in which they are stacked. They are also the CSS classes that set the color.
pub(super) const OUTCOMES: [&str; 4] = ["ok", "refused", "client_error", "server_error"];

const WIDTH: i64 = 720;
const HEIGHT: i64 = 160;

/// A chart whose bars cover the same number of hours each. The last bar ends now.
pub(super) struct Chart {
    bars: Vec<[i64; 4]>,
    /// Numbers of calls by outcome, in the order of [`OUTCOMES`].
    pub(super) totals: [i64; 4],
}

impl Chart {
    pub(super) fn new(rows: &[UsageRow], last_hour: i64, bars: i64, hours_each: i64) -> Self {
        let mut by_bar: BTreeMap<i64, [i64; 4]> = BTreeMap::new();
        let mut totals = [0; 4];
        for row in rows {
            let bar = bars - 1 - (last_hour - row.hour).div_euclid(hours_each.max(1));
            let Some(at) = OUTCOMES.iter().position(|outcome| *outcome == row.outcome) else { continue };
            for place in
                [by_bar.entry(bar).or_default().get_mut(at), totals.get_mut(at)].into_iter().flatten()
            {
                *place += row.calls;
            }
        }
        let bars = (0..bars).map(|bar| by_bar.get(&bar).copied().unwrap_or_default()).collect();
        Self { bars, totals }
    }

    pub(super) fn total(&self) -> i64 {
        self.totals.iter().sum()
    }

    /// Returns the chart as SVG. Apart from the escaped label, it contains only numbers and fixed names.
    pub(super) fn svg(&self, label: &str) -> String {
        let most = self.bars.iter().map(|bar| bar.iter().sum::<i64>()).max().unwrap_or(0).max(1);
        let count = i64::try_from(self.bars.len()).unwrap_or(1).max(1);
        let label = label.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">"
        );
        for (at, bar) in (0_i64..).zip(&self.bars) {
            let (left, right) = (at * WIDTH / count, (at + 1) * WIDTH / count);
            let mut bottom = HEIGHT;
            for (outcome, calls) in OUTCOMES.iter().zip(bar) {
                // Even a single call is visible.
                let height = if *calls == 0 { 0 } else { (calls * (HEIGHT - 8) / most).max(1) };
                bottom -= height;
                if height > 0 {
                    let width = (right - left - 2).max(1);
                    let _never_fails = write!(
                        svg,
                        "<rect class=\"{outcome}\" x=\"{left}\" y=\"{bottom}\" width=\"{width}\" \
                         height=\"{height}\"/>"
                    );
                }
            }
        }
        svg.push_str("</svg>");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_stacked_by_outcome() {
        let row = |hour, outcome: &str, calls| UsageRow {
            hour,
            api: "a".into(),
            outcome: outcome.into(),
            calls,
            took_us: 1,
        };
        let rows = [
            row(100, "ok", 6),
            row(100, "server_error", 2),
            row(99, "ok", 1),
            row(90, "ok", 9),
            row(100, "x", 5),
        ];
        let chart = Chart::new(&rows, 100, 4, 1);
        assert_eq!(chart.bars, [[0; 4], [0; 4], [1, 0, 0, 0], [6, 0, 0, 2]]);
        assert_eq!((chart.totals, chart.total()), ([16, 0, 0, 2], 18));
        let svg = chart.svg("a \"<b>");
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(svg.contains("aria-label=\"a &quot;&lt;b>\"") && svg.contains("class=\"server_error\""));
        assert_eq!(Chart::new(&rows, 100, 2, 24).bars, [[0; 4], [16, 0, 0, 2]]);
        assert_eq!(Chart::new(&[], 1, 24, 1).svg("x").matches("<rect").count(), 0);
    }
}
