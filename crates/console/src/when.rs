//! Times as the pages show them.

use std::fmt;

use askama::filters::HtmlSafe;
use store::Timestamp;

/// A time that is displayed as `<time datetime="…" title="2026-11-22 07:42:11 UTC">2026-11-22 07:42
/// UTC</time>`. A script replaces the text by one in the reader's zone, such as "3 minutes ago".
#[derive(Debug, Clone, Copy)]
pub(crate) struct When(pub(crate) Timestamp);

impl When {
    /// Returns the time without markup: `2026-11-22 07:42 UTC`.
    pub(crate) fn text(self) -> String {
        let (date, time) = self.parts(16);
        format!("{date} {time} UTC")
    }

    /// Returns the same time for a log, with seconds.
    pub(crate) const fn exact(self) -> Exact {
        Exact(self)
    }

    /// Returns the date, and the time of day up to a position of the ISO form.
    fn parts(self, end: usize) -> (String, String) {
        let iso = self.0.iso8601();
        (self.0.date(), iso.get(11..end).unwrap_or_default().to_owned())
    }

    fn write(self, f: &mut fmt::Formatter<'_>, attribute: &str, end: usize) -> fmt::Result {
        let iso = self.0.iso8601();
        let (date, seconds) = self.parts(19);
        let (_, time) = self.parts(end);
        // In a narrow column the line may break only between the date and the time.
        write!(
            f,
            "<time datetime=\"{iso}\" title=\"{date} {seconds} UTC\"{attribute}><span>{date}</span> \
             <span>{time}&nbsp;UTC</span></time>"
        )
    }
}

/// A time of a log entry, which is displayed with seconds and never as "3 minutes ago".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exact(When);

/// The output has only digits and fixed markup, so it needs no escaping.
impl HtmlSafe for When {}
/// As for [`When`].
impl HtmlSafe for Exact {}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "", 16)
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, " data-exact", 19)
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
            "<time datetime=\"2024-01-20T15:00:59Z\" title=\"2024-01-20 15:00:59 UTC\">\
             <span>2024-01-20</span> <span>15:00&nbsp;UTC</span></time>"
        );
    }

    #[test]
    fn times_of_logs_are_shown_to_the_second() {
        let when = When(Timestamp(1_705_762_859_999));
        assert!(
            when.exact().to_string().contains(" data-exact><span>2024-01-20</span> <span>15:00:59&nbsp;UTC")
        );
    }
}
