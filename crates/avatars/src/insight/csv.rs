//! The table of an export in CSV. No I/O.

use store::{Timestamp, Zone};
use web::csv;

/// A conversation's name, the visitor's name, the sender, the text, and the time.
pub(super) type Line = (String, String, String, String, Timestamp);

/// Formats messages as CSV (RFC 4180), with a heading in a language.
pub(super) fn conversations(rows: &[Line], language: &str, zone: &Zone) -> String {
    let heading = if language == "zh" {
        ["会话", "访客", "发送者", "内容", "时间"]
    } else {
        ["Session", "Visitor", "Sender", "Content", "Time"]
    };
    let mut text = String::from(csv::MARK);
    csv::push(&mut text, &heading);
    for (session, visitor, sender, content, at) in rows {
        let time = local_time(*at, zone);
        csv::push(&mut text, &[session, visitor, sender, content, &time]);
    }
    text
}

/// Returns a time in a zone as `YYYY-MM-DD HH:MM:SS`.
fn local_time(at: Timestamp, zone: &Zone) -> String {
    let text = zone.iso8601(at);
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_line_for_each_message() {
        let row = ("visit_1".into(), "小红".into(), "visitor".into(), "你好".into(), Timestamp(0));
        let table = conversations(&[row], "zh", &Zone::named("Asia/Shanghai").unwrap());
        let lines: Vec<&str> = table.trim_start_matches(csv::MARK).split("\r\n").collect();
        assert_eq!(lines[0], "\"会话\",\"访客\",\"发送者\",\"内容\",\"时间\"");
        assert_eq!(lines[1], "\"visit_1\",\"小红\",\"visitor\",\"你好\",\"1970-01-01 08:00:00\"");
        assert_eq!(lines[2], "");
    }
}
