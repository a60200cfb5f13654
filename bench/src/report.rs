//! Pairs of measurements, and their output as a table or JSON.

use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

/// The target of a line. The budgets are for a machine with two processors that also runs the load generator.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Budget {
    /// The least ratio to the baseline.
    RatioAtLeast(f64),
    /// The least figure. Depends on the machine.
    AtLeast(f64),
    /// The greatest figure. Depends on the machine.
    AtMost(f64),
    /// No target: the line explains another one.
    None,
}

/// A line of the table: Doppel and its baseline, measured alternately.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// The description of the measurement.
    pub(crate) what: String,
    /// The unit of all figures.
    pub(crate) unit: &'static str,
    /// The description of the baseline.
    pub(crate) baseline: &'static str,
    /// The target.
    pub(crate) budget: Budget,
    /// Doppel's figure and the baseline's, for each pair of measurements.
    pub(crate) pairs: Vec<(f64, f64)>,
    /// Further information.
    pub(crate) notes: String,
}

impl Line {
    fn doppel(&self) -> f64 {
        median(self.pairs.iter().map(|(doppel, _)| *doppel))
    }

    fn ratios(&self) -> impl Iterator<Item = f64> {
        self.pairs.iter().map(|(doppel, baseline)| doppel / baseline)
    }

    /// Returns the median ratio with its range.
    fn ratio(&self) -> String {
        let middle = median(self.ratios());
        let least = self.ratios().fold(f64::INFINITY, f64::min);
        let most = self.ratios().fold(0.0, f64::max);
        if self.pairs.len() < 2 {
            format!("{middle:.2}")
        } else {
            format!("{middle:.2} ({least:.2}–{most:.2})")
        }
    }

    /// Returns the budget, and `met` or `MISSED`.
    fn verdict(&self) -> String {
        let (target, met) = match self.budget {
            Budget::RatioAtLeast(least) => (format!("ratio ≥ {least}"), median(self.ratios()) >= least),
            Budget::AtLeast(least) => (format!("≥ {}", figure(least)), self.doppel() >= least),
            Budget::AtMost(most) => (format!("≤ {}", figure(most)), self.doppel() <= most),
            Budget::None => return String::new(),
        };
        format!("{target}: {}", if met { "met" } else { "MISSED" })
    }
}

/// All lines of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    machine: Vec<String>,
    lines: Vec<Line>,
}

impl Report {
    pub(crate) fn new(machine: Vec<String>) -> Self {
        Self { machine, lines: Vec::new() }
    }

    pub(crate) fn extend(&mut self, lines: Vec<Line>) {
        self.lines.extend(lines);
    }

    /// Returns the table in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for fact in &self.machine {
            let _infallible = writeln!(text, "- {fact}");
        }
        text.push_str(
            "\n| measurement | Doppel | baseline | ratio, median (range) | budget | notes |\n\
            |---|---|---|---|---|---|\n",
        );
        for line in &self.lines {
            let baseline = figure(median(line.pairs.iter().map(|(_, baseline)| *baseline)));
            let _infallible = writeln!(
                text,
                "| {} | {} {unit} | {baseline} {unit}, {} | {} | {} | {} |",
                line.what,
                figure(line.doppel()),
                line.baseline,
                line.ratio(),
                line.verdict(),
                line.notes,
                unit = line.unit,
            );
        }
        text
    }

    /// Returns everything as JSON.
    pub(crate) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// Returns the median.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 { at(half) } else { f64::midpoint(at(half.wrapping_sub(1)), at(half)) }
}

/// Formats a figure with about three significant digits.
pub(crate) fn figure(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.1} k", value / 1000.0)
    } else if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(budget: Budget, pairs: &[(f64, f64)]) -> Line {
        Line {
            what: "x".to_owned(),
            unit: "per second",
            baseline: "y",
            budget,
            pairs: pairs.to_vec(),
            notes: String::new(),
        }
    }

    #[test]
    fn medians() {
        for (values, expected) in
            [(vec![3.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0, 2.0, 3.0], 2.5), (vec![7.0], 7.0)]
        {
            assert_eq!(median(values.into_iter()), expected);
        }
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn the_ratio_is_the_median_of_the_pairs_and_not_of_the_sides() {
        let line = line(Budget::RatioAtLeast(0.6), &[(50.0, 100.0), (70.0, 100.0), (6.0, 9.0)]);
        assert_eq!(line.ratio(), "0.67 (0.50–0.70)");
        assert_eq!(line.verdict(), "ratio ≥ 0.6: met");
    }

    #[test]
    fn a_missed_budget_is_loud() {
        assert_eq!(line(Budget::AtLeast(30_000.0), &[(20_000.0, 1.0)]).verdict(), "≥ 30.0 k: MISSED");
        assert_eq!(line(Budget::AtMost(40.0), &[(41.0, 1.0)]).verdict(), "≤ 40.0: MISSED");
    }
}
