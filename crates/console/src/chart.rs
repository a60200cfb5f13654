//! Charts of calls as SVG: columns by outcome above an axis, a line of durations, and small lines for lists.
//! Besides escaped texts they contain only numbers and fixed names.

use std::fmt::Write as _;

use crate::{icons::Escaped, texts::grouped};

/// Outcomes in the order in which they are stacked. They are also the CSS classes that set the color.
pub(crate) const OUTCOMES: [&str; 4] = ["ok", "refused", "client_error", "server_error"];

const WIDTH: i64 = 720;
/// The place of the axis on the left, and of the right end.
const LEFT: i64 = 44;
const RIGHT: i64 = 712;
/// Intervals of the vertical axis.
const STEPS: i64 = 4;
/// Maximum number of labels below the columns.
const LABELS: usize = 8;

/// The calls of one span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Column {
    /// The text below the column, such as `09:00`.
    pub(crate) label: String,
    /// The time in words, which appears with the number of calls when the pointer rests on the column.
    pub(crate) title: String,
    /// Numbers of calls, in the order of [`OUTCOMES`].
    pub(crate) counts: [i64; 4],
    /// The average duration of a call in microseconds; `None` without calls.
    pub(crate) took_us: Option<i64>,
}

impl Column {
    pub(crate) fn total(&self) -> i64 {
        self.counts.iter().sum()
    }
}

/// Returns the index of an outcome in [`OUTCOMES`].
pub(crate) fn outcome(name: &str) -> Option<usize> {
    OUTCOMES.iter().position(|outcome| *outcome == name)
}

/// Returns the numbers of calls of all columns, in the order of [`OUTCOMES`].
pub(crate) fn totals(columns: &[Column]) -> [i64; 4] {
    let mut totals = [0; 4];
    for column in columns {
        for (total, calls) in totals.iter_mut().zip(column.counts) {
            *total += calls;
        }
    }
    totals
}

/// Returns the least round number that is at least as large: 1, 2 or 5, times a power of ten.
fn round_up(number: i64) -> i64 {
    let mut unit = 1;
    loop {
        for step in [unit, unit * 2, unit * 5] {
            if step >= number {
                return step;
            }
        }
        unit *= 10;
    }
}

/// Returns a number for an axis: `1,200`, or `12k` from ten thousand on.
fn tick(number: i64) -> String {
    match number {
        ..10_000 => grouped(number),
        10_000..10_000_000 => format!("{}k", number / 1000),
        _ => format!("{}M", number / 1_000_000),
    }
}

/// Writes to a text, which never fails.
macro_rules! put {
    ($svg:expr, $($rest:tt)*) => {{
        let _never_fails = write!($svg, $($rest)*);
    }};
}

fn begin(height: i64, label: &str) -> String {
    format!(
        "<svg class=\"chart wide\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">",
        Escaped(label)
    )
}

/// Writes the lines of the grid with their numbers. The axis is at `bottom`, the highest line at `top`.
fn grid(svg: &mut String, (top, bottom): (i64, i64), each: i64, unit: impl Fn(i64) -> String) {
    for step in 0..=STEPS {
        let y = bottom - step * (bottom - top) / STEPS;
        put!(svg, "<path class=\"grid\" d=\"M{LEFT} {y}H{RIGHT}\"/>");
        let text = unit(step * each);
        put!(
            svg,
            "<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{text}</text>",
            LEFT - 7,
            y + 4
        );
    }
}

/// Returns where a column begins and how wide its place is.
fn place(at: i64, count: i64) -> (i64, i64) {
    let left = LEFT + at * (RIGHT - LEFT) / count;
    (left, LEFT + (at + 1) * (RIGHT - LEFT) / count - left)
}

/// Writes the labels below the columns, as many as have room.
fn labels(svg: &mut String, columns: &[Column], y: i64) {
    let every = columns.len().div_ceil(LABELS).max(1);
    let count = i64::try_from(columns.len()).unwrap_or(1).max(1);
    for (at, column) in (0_i64..).zip(columns).step_by(every) {
        let (left, width) = place(at, count);
        let x = (left + width / 2).max(LEFT + 8);
        put!(
            svg,
            "<text class=\"tick\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
            Escaped(&column.label)
        );
    }
}

/// Returns the columns as SVG, quiet ones included.
pub(crate) fn columns(columns: &[Column], label: &str, unit: &str) -> String {
    const TOP: i64 = 10;
    const BOTTOM: i64 = 190;
    let most = columns.iter().map(Column::total).max().unwrap_or(0);
    let each = round_up(most.max(1).div_euclid(STEPS) + i64::from(most.max(1) % STEPS > 0));
    let top = each * STEPS;
    let mut svg = begin(214, label);
    grid(&mut svg, (TOP, BOTTOM), each, tick);
    let count = i64::try_from(columns.len()).unwrap_or(1).max(1);
    for (at, column) in (0_i64..).zip(columns) {
        let (left, width) = place(at, count);
        let total = grouped(column.total());
        put!(svg, "<g class=\"col\"><title>{} · {total} {}</title>", Escaped(&column.title), Escaped(unit));
        put!(svg, "<path class=\"hit\" d=\"M{left} {TOP}h{width}v{}h-{width}z\"/>", BOTTOM - TOP);
        let mut bottom = BOTTOM;
        for (outcome, calls) in OUTCOMES.iter().zip(column.counts).filter(|(_, calls)| *calls > 0) {
            // Even a single call is visible.
            let height = (calls * (BOTTOM - TOP) / top).max(2);
            bottom = (bottom - height).max(0);
            let (x, wide) = (left + width / 6, (width - width / 3).max(1));
            put!(
                svg,
                "<rect class=\"{outcome}\" x=\"{x}\" y=\"{bottom}\" width=\"{wide}\" \
                 height=\"{height}\" rx=\"1.5\"/>"
            );
        }
        svg.push_str("</g>");
    }
    labels(&mut svg, columns, 208);
    svg.push_str("</svg>");
    svg
}

/// Returns the average durations as a line, with a gap where there were no calls.
pub(crate) fn durations(columns: &[Column], label: &str) -> String {
    const TOP: i64 = 8;
    const BOTTOM: i64 = 88;
    let most = columns.iter().filter_map(|column| column.took_us).max().unwrap_or(0);
    let each = round_up(most.max(1).div_euclid(STEPS) + 1);
    let top = each * STEPS;
    let mut svg = begin(110, label);
    grid(&mut svg, (TOP, BOTTOM), each, milliseconds);
    let count = i64::try_from(columns.len()).unwrap_or(1).max(1);
    let (mut path, mut dots, mut is_drawing) = (String::new(), String::new(), false);
    for (at, column) in (0_i64..).zip(columns) {
        let (left, width) = place(at, count);
        let Some(took) = column.took_us else {
            is_drawing = false;
            continue;
        };
        let (x, y) = (left + width / 2, BOTTOM - took.clamp(0, top) * (BOTTOM - TOP) / top);
        put!(path, "{}{x} {y}", if is_drawing { 'L' } else { 'M' });
        is_drawing = true;
        let title = format!("{} · {}", column.title, milliseconds(took));
        put!(
            dots,
            "<g class=\"col\"><title>{}</title><path class=\"hit\" \
             d=\"M{left} {TOP}h{width}v{}h-{width}z\"/>",
            Escaped(&title),
            BOTTOM - TOP
        );
        put!(dots, "<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"2.5\"/></g>");
    }
    put!(svg, "<path class=\"line\" d=\"{path}\"/>{dots}");
    labels(&mut svg, columns, 105);
    svg.push_str("</svg>");
    svg
}

/// Returns a small line without an axis, for a row of a list.
pub(crate) fn spark(values: &[i64], label: &str) -> String {
    let most = values.iter().max().copied().unwrap_or(0).max(1);
    let last = i64::try_from(values.len()).unwrap_or(1).saturating_sub(1).max(1);
    let points: Vec<String> = (0_i64..)
        .zip(values)
        .map(|(at, value)| format!("{} {}", at * 96 / last, 25 - value * 22 / most))
        .collect();
    let line = points.join("L");
    let mut svg = String::new();
    put!(
        svg,
        "<svg class=\"spark\" viewBox=\"0 0 96 28\" role=\"img\" aria-label=\"{}\"><path \
         class=\"spark-area\" \
         d=\"M0 28L{line}L96 28z\"/><path class=\"spark-line\" d=\"M{line}\"/></svg>",
        Escaped(label)
    );
    svg
}

/// Returns a duration in the unit in which it is short: `0.4 ms`, `18 ms`, `5.0 s`.
pub(crate) fn milliseconds(took_us: i64) -> String {
    match took_us {
        ..10_000 => format!("{}.{} ms", took_us / 1000, took_us % 1000 / 100),
        10_000..1_000_000 => format!("{} ms", took_us / 1000),
        _ => format!("{}.{} s", took_us / 1_000_000, took_us % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(counts: [i64; 4], took_us: Option<i64>) -> Column {
        Column { label: "a".into(), title: "b<".into(), counts, took_us }
    }

    #[test]
    fn axes_have_round_numbers() {
        for (number, expected) in [(1, 1), (3, 5), (6, 10), (17, 20), (101, 200), (499, 500)] {
            assert_eq!(round_up(number), expected, "{number}");
        }
        let tall = columns(&[column([912, 0, 0, 0], None)], "", "");
        assert!(tall.contains(">2,000<") && tall.contains(">500<") && tall.contains(">0<"), "{tall}");
        assert_eq!(
            (tick(9_999), tick(12_000), tick(20_000_000)),
            ("9,999".into(), "12k".into(), "20M".into())
        );
    }

    #[test]
    fn columns_are_stacked_by_outcome_and_quiet_ones_stay() {
        let svg = columns(&[column([6, 0, 0, 2], None), column([0; 4], None)], "a \"<b>", "calls");
        assert_eq!((svg.matches("<rect").count(), svg.matches("class=\"hit\"").count()), (2, 2));
        assert!(
            svg.contains("aria-label=\"a &quot;&lt;b&gt;\"")
                && svg.contains("<title>b&lt; · 8 calls</title>")
        );
        assert!(svg.contains("class=\"server_error\""));
        assert_eq!(totals(&[column([1, 2, 3, 4], None), column([1, 0, 0, 0], None)]), [2, 2, 3, 4]);
    }

    #[test]
    fn a_line_of_durations_has_gaps() {
        let took = [Some(1000), Some(2000), None, Some(500)];
        let svg = durations(&took.map(|took| column([1, 0, 0, 0], took)), "");
        let path = svg.split("class=\"line\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
    }

    #[test]
    fn charts_of_nothing_are_drawn() {
        for svg in [columns(&[], "", ""), durations(&[], ""), spark(&[], ""), spark(&[0], "")] {
            assert!(svg.ends_with("</svg>"), "{svg}");
        }
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(
            [400, 3_000, 18_400, 5_000_000].map(milliseconds),
            ["0.4 ms", "3.0 ms", "18 ms", "5.0 s"].map(str::to_owned)
        );
    }
}
