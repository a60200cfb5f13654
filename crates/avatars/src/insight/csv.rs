//! The table of an export in CSV. No I/O.

use store::{Timestamp, Zone};

/// The mark with which spreadsheets recognize UTF-8.
const MARK: char = '\u{feff}';

/// A conversation's name, the visitor's name, the sender, the text, and the time.
pub(super) type Line = (String, String, String, String, Timestamp);

/// Formats messages as CSV (RFC 4180), with a heading in a language.
pub(super) fn conversations(rows: &[Line], language: &str, zone: &Zone) -> String {
    let heading = if language == "zh" {
        ["会话", "访客", "发送者", "内容", "时间"]
    } else {
        ["Session", "Visitor", "Sender", "Content", "Time"]
    };
    let mut text = String::from(MARK);
    push(&mut text, heading);
    for (session, visitor, sender, content, at) in rows {
        let time = local_time(*at, zone);
        push(&mut text, [session, visitor, sender, content, &time]);
    }
    text
}

fn push(text: &mut String, cells: [&str; 5]) {
    let cells = cells.map(cell);
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// Quotes a cell. A text that a spreadsheet would execute as a formula gets an apostrophe in front.
fn cell(content: &str) -> String {
    let is_formula = content.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", content.replace('"', "\"\""))
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
    fn formulas_and_quotation_marks_are_texts() {
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        assert_eq!(cell("say \"hi\"\nnow"), "\"say \"\"hi\"\"\nnow\"");
        assert_eq!(cell(""), "\"\"");
    }

    #[test]
    fn a_table_has_a_line_for_each_message() {
        let row = ("visit_1".into(), "小红".into(), "visitor".into(), "你好".into(), Timestamp(0));
        let table = conversations(&[row], "zh", &Zone::named("Asia/Shanghai").unwrap());
        let lines: Vec<&str> = table.trim_start_matches(MARK).split("\r\n").collect();
        assert_eq!(lines[0], "\"会话\",\"访客\",\"发送者\",\"内容\",\"时间\"");
        assert_eq!(lines[1], "\"visit_1\",\"小红\",\"visitor\",\"你好\",\"1970-01-01 08:00:00\"");
        assert_eq!(lines[2], "");
    }
}
