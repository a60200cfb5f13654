//! Reading of tables as text (RFC 4180 and its variants), with any common separator.
//!
//! An unclosed quote makes its own line invalid and no other: reading continues at the next line.

use std::{collections::VecDeque, io::BufRead};

use anyhow::Result;

/// Maximum size of a row in bytes, which is more than any fact may have.
const MAX_ROW: usize = 256 << 10;
/// Separators of cells.
const SEPARATORS: [char; 6] = [',', ';', '\t', '|', '，', '；'];

/// A row, with the number of its first line, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The number of the line.
    pub line: u64,
    /// The cells.
    pub cells: Vec<String>,
}

/// An invalid row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The number of the line.
    pub line: u64,
    /// The reason.
    pub why: &'static str,
}

/// Reads a table row by row.
pub struct Table<R> {
    lines: Lines<R>,
    /// Lines that are to be read again.
    waiting: VecDeque<(u64, Line)>,
    pub(crate) separator: char,
}

type Line = Result<String, &'static str>;

impl<R: BufRead> Table<R> {
    /// Opens a table and returns it with its first row. The separator is that of a line `sep=;`, or the one
    /// with the most `known` cells in the first row, and then with the most cells.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(from: R, known: impl Fn(&str) -> bool) -> Result<(Self, Option<Result<Row, Refusal>>)> {
        let mut table = Self { lines: Lines::new(from), waiting: VecDeque::new(), separator: ',' };
        let mut is_said = false;
        // Skips blank lines.
        let first = loop {
            let Some((number, line)) = table.line()? else { return Ok((table, None)) };
            let text = line.as_deref().unwrap_or_default().trim().trim_matches('"');
            let said = text.strip_prefix("sep=").or_else(|| text.strip_prefix("SEP="));
            match said.map(|said| said.chars().next().unwrap_or('\t')) {
                Some(said) if !is_said => (table.separator, is_said) = (said, true),
                _ if line.as_deref().is_ok_and(|line| line.trim().is_empty()) => {}
                _ => break (number, line),
            }
        };
        if let (false, Ok(text)) = (is_said, &first.1) {
            let rated = SEPARATORS.map(|separator| {
                let mut row = Reading::new(separator);
                row.line(text);
                row.end_cell();
                (row.cells.iter().filter(|cell| known(cell)).count(), row.cells.len())
            });
            let best = (0..).zip(rated).max_by_key(|(at, rated)| (*rated, std::cmp::Reverse(*at)));
            let best = best.and_then(|(at, _): (usize, _)| SEPARATORS.get(at));
            table.separator = best.copied().unwrap_or(',');
        }
        table.waiting.push_front(first);
        let row = table.next_row()?;
        Ok((table, row))
    }

    /// Returns the next row that is not blank. `None` at the end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn next_row(&mut self) -> Result<Option<Result<Row, Refusal>>> {
        loop {
            let Some((line, text)) = self.line()? else { return Ok(None) };
            let text = match text {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => text,
                Err(why) => return Ok(Some(Err(Refusal { line, why }))),
            };
            let mut row = Reading::new(self.separator);
            row.line(&text);
            let mut again: Vec<(u64, Line)> = Vec::new();
            let mut bytes = text.len();
            let why = loop {
                match row.state {
                    State::Quoted => {}
                    State::Broken => {
                        break Some("a quote is not closed, or text follows the quote that closes it");
                    }
                    State::Plain | State::Start | State::Closed => break None,
                }
                if bytes > MAX_ROW {
                    break Some("a quote is not closed");
                }
                let Some((number, next)) = self.line()? else { break Some("a quote is not closed") };
                bytes += next.as_ref().map_or(0, String::len) + 1;
                if let Ok(next) = &next {
                    row.cell.push('\n');
                    row.line(next);
                } else {
                    row.state = State::Broken;
                }
                again.push((number, next));
            };
            let Some(why) = why else {
                row.end_cell();
                return Ok(Some(Ok(Row { line, cells: row.cells })));
            };
            again.into_iter().rev().for_each(|line| self.waiting.push_front(line));
            return Ok(Some(Err(Refusal { line, why })));
        }
    }

    fn line(&mut self) -> Result<Option<(u64, Line)>> {
        match self.waiting.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next(),
        }
    }
}

/// The state of reading a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// After a quote that closes the cell or is the first of two.
    Closed,
    Broken,
}

/// A row that is being read.
struct Reading {
    separator: char,
    state: State,
    cell: String,
    cells: Vec<String>,
}

impl Reading {
    const fn new(separator: char) -> Self {
        Self { separator, state: State::Start, cell: String::new(), cells: Vec::new() }
    }

    fn line(&mut self, text: &str) {
        for c in text.chars() {
            self.state = match (self.state, c) {
                (State::Broken, _) => return,
                (State::Quoted, '"') => State::Closed,
                (State::Quoted, c) => self.with(c, State::Quoted),
                (State::Closed, '"') => self.with('"', State::Quoted),
                (_, c) if c == self.separator => {
                    self.end_cell();
                    State::Start
                }
                (State::Start, '"') => State::Quoted,
                // Blanks around quotes do not belong to the cell.
                (State::Start | State::Closed, ' ') => self.state,
                (State::Closed, _) => State::Broken,
                (State::Start | State::Plain, c) => self.with(c, State::Plain),
            };
        }
    }

    fn with(&mut self, c: char, state: State) -> State {
        self.cell.push(c);
        state
    }

    fn end_cell(&mut self) {
        self.cells.push(std::mem::take(&mut self.cell));
    }
}

/// A reader of lines that end with LF, CRLF or CR.
struct Lines<R> {
    from: R,
    number: u64,
    /// `true` if the last line ended with CR. An LF after it belongs to it.
    after_return: bool,
}

impl<R: BufRead> Lines<R> {
    const fn new(from: R) -> Self {
        Self { from, number: 0, after_return: false }
    }

    fn next(&mut self) -> Result<Option<(u64, Line)>> {
        let (mut bytes, mut is_long, mut is_begun) = (Vec::new(), false, false);
        loop {
            let buffer = self.from.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            if std::mem::take(&mut self.after_return) && buffer.first() == Some(&b'\n') {
                self.from.consume(1);
                continue;
            }
            is_begun = true;
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let piece = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            is_long |= bytes.len() + piece.len() > MAX_ROW;
            if !is_long {
                bytes.extend_from_slice(piece);
            }
            self.after_return = end.and_then(|end| buffer.get(end)) == Some(&b'\r');
            let used = piece.len() + usize::from(end.is_some());
            self.from.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !is_begun {
            return Ok(None);
        }
        self.number += 1;
        let line = match is_long {
            true => Err("the line is too long"),
            false => String::from_utf8(bytes).map_err(|_other| "the line is not UTF-8"),
        };
        Ok(Some((self.number, line)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Rows = Vec<Result<(u64, Vec<String>), u64>>;

    fn rows(text: &str) -> (char, Rows) {
        let known = |cell: &str| ["content", "actor", "内容"].contains(&cell.trim());
        let (mut table, first) = Table::open(text.as_bytes(), known).unwrap();
        let mut all = Vec::new();
        let mut next = first;
        while let Some(row) = next {
            all.push(row.map(|row| (row.line, row.cells)).map_err(|refusal| refusal.line));
            next = table.next_row().unwrap();
        }
        (table.separator, all)
    }

    fn cells(text: &str) -> Vec<Vec<String>> {
        rows(text).1.into_iter().flatten().map(|(_, cells)| cells).collect()
    }

    #[test]
    fn separators_are_told() {
        for (text, separator) in [
            ("content,actor\n", ','),
            ("content;actor\n", ';'),
            ("content\tactor\n", '\t'),
            ("内容|actor\n", '|'),
            ("sep=;\ncontent;actor\n", ';'),
            ("sep=,\r\ncontent,actor\r\n", ','),
            ("\"sep=;\"\ncontent;actor", ';'),
            ("content\n", ','),
            ("\n\ncontent;a,b\n", ';'),
        ] {
            let (found, all) = rows(text);
            assert_eq!(found, separator, "{text:?}");
            let first = all[0].as_ref().unwrap();
            assert!(first.1[0] == "content" || first.1[0] == "内容", "{text:?}: {all:?}");
        }
    }

    #[test]
    fn cells_are_read_as_programs_write_them() {
        assert_eq!(cells("a,\"b \"\"c\"\"\",\"d,e\"\r\n"), [["a", "b \"c\"", "d,e"]]);
        assert_eq!(cells("a,\"b\nc\"\nd,e"), [["a", "b\nc"], ["d", "e"]]);
        assert_eq!(cells("a,b\rc,d\r"), [["a", "b"], ["c", "d"]], "CR alone");
        assert_eq!(cells("a\r\n\r\nb\r\n"), [["a"], ["b"]], "blank lines");
        assert_eq!(cells("5\" disk,b"), [["5\" disk", "b"]], "a quote within a cell");
        assert_eq!(cells("a, \"b\" ,c"), [["a", "b", "c"]], "blanks around quotes");
        assert_eq!(cells("\"\",x"), [["", "x"]]);
        assert_eq!(cells(""), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_quote_that_never_closes_costs_one_line() {
        let text = "content,actor\na,1\n\"b,2\nc,3\nd,4\n";
        let (_, all) = rows(text);
        let expected = [Ok((2, "a")), Err(3), Ok((4, "c")), Ok((5, "d"))];
        let found: Vec<_> = all[1..]
            .iter()
            .map(|row| row.as_ref().map(|(line, cells)| (*line, cells[0].as_str())).map_err(|line| *line))
            .collect();
        assert_eq!(found, expected);
        let (_, all) = rows("content,actor\n\"b,2\n\"c\",3\nd,4\n");
        assert_eq!(all[1], Err(2), "another quote does not close it");
        assert_eq!(all.len(), 4);
        let long = format!("content\n\"{}\n{}", "x".repeat(1000), "line\n".repeat(100_000));
        let (_, all) = rows(&long);
        assert_eq!((all.iter().filter(|row| row.is_err()).count(), all.len()), (1, 100_002));
        assert_eq!(rows(&"\"a\n".repeat(20_000)).1.len(), 20_000);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            table in proptest::collection::vec(proptest::collection::vec("[a-z,;\"\n 字\t]{0,8}", 2..4), 1..6),
            separator in prop::sample::select(SEPARATORS.to_vec()),
        ) {
            let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let lines: Vec<String> = table.iter().map(
                |row| row.iter().map(quoted).collect::<Vec<_>>().join(&separator.to_string()),
            ).collect();
            let text = format!("sep={separator}\n{}\n", lines.join("\r\n"));
            prop_assert_eq!(cells(&text), table);
        }

        #[test]
        fn every_line_of_any_text_is_read_or_refused(text in "([a-z,;\"\n\r 字\t]|\"\"|\r\n){0,60}") {
            let (_, all) = rows(&text);
            let lines = all.iter().map(|row| row.as_ref().map_or_else(|line| *line, |(line, _)| *line));
            let lines: Vec<u64> = lines.collect();
            prop_assert!(lines.is_sorted_by(|a, b| a < b), "{lines:?}");
            let mut covered = 0;
            for row in &all {
                covered += match row {
                    Ok((_, cells)) => 1 + cells.iter().map(|cell| cell.matches('\n').count()).sum::<usize>(),
                    Err(_) => 1,
                };
            }
            let plain = text.replace("\r\n", "\n").replace('\r', "\n");
            let given = plain.lines().filter(|line| !line.trim().is_empty()).count();
            prop_assert!(covered >= given || text.to_lowercase().contains("sep="), "{covered} of {given}");
        }
    }
}
