//! Times as the pages show them.

use std::fmt;

use askama::filters::HtmlSafe;
use store::Timestamp;

/// A time that is displayed as `<time datetime="…">2026-11-22 07:42 UTC</time>`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When(pub(crate) Timestamp);

impl When {
    /// Returns the time without markup: `2026-11-22 07:42 UTC`.
    pub(crate) fn text(self) -> String {
        let iso = self.0.iso8601();
        format!("{} {} UTC", self.0.date(), iso.get(11..16).unwrap_or_default())
    }
}

/// The output has only digits and fixed markup, so it needs no escaping.
impl HtmlSafe for When {}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let iso = self.0.iso8601();
        let (date, time) = (self.0.date(), iso.get(11..16).unwrap_or_default());
        // In a narrow column the line may break only between the date and the time.
        write!(f, "<time datetime=\"{iso}\"><span>{date}</span> <span>{time}&nbsp;UTC</span></time>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_to_the_minute() {
        let when = When(Timestamp(1_705_762_859_999));
        assert_eq!(when.text(), "2024-01-20 15:00 UTC");
        assert_eq!(
            when.to_string(),
            "<time datetime=\"2024-01-20T15:00:59Z\"><span>2024-01-20</span> \
             <span>15:00&nbsp;UTC</span></time>"
        );
    }
}
