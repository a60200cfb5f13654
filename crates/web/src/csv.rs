//! Tables in CSV (RFC 4180).

/// The mark with which spreadsheets recognize UTF-8. It is the beginning of a table.
pub const MARK: char = '\u{feff}';

/// The media type.
pub const MEDIA: &str = "text/csv; charset=utf-8";

/// Adds a line to a table.
pub fn push(table: &mut String, cells: &[&str]) {
    for (at, content) in cells.iter().enumerate() {
        if at > 0 {
            table.push(',');
        }
        push_cell(table, content);
    }
    table.push_str("\r\n");
}

/// Adds a quoted cell. A text that a spreadsheet would execute as a formula gets an apostrophe in front.
fn push_cell(table: &mut String, content: &str) {
    table.push('"');
    if content.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        table.push('\'');
    }
    table.push_str(&content.replace('"', "\"\""));
    table.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_and_quotation_marks_are_texts() {
        for (content, expected) in [
            ("=1+1", "\"'=1+1\"\r\n"),
            ("@SUM(1)", "\"'@SUM(1)\"\r\n"),
            ("say \"hi\"\nnow", "\"say \"\"hi\"\"\nnow\"\r\n"),
            ("", "\"\"\r\n"),
        ] {
            let mut table = String::new();
            push(&mut table, &[content]);
            assert_eq!(table, expected, "{content}");
        }
    }

    #[test]
    fn cells_are_separated_by_commas() {
        let mut table = String::from(MARK);
        push(&mut table, &["a", "b,c"]);
        push(&mut table, &["1", "2"]);
        assert_eq!(table, "\u{feff}\"a\",\"b,c\"\r\n\"1\",\"2\"\r\n");
    }
}
