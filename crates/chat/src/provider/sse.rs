//! Parser for server-sent events: bytes in, the `data` of complete events out.

use memchr::memchr2;

/// The error for a line or event that exceeds the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Splits a stream into events, however it is cut into pieces. Lines may end in LF, CR, or CRLF. The `data`
/// lines of an event are joined by LF; comments and other fields are ignored.
#[derive(Debug)]
pub(crate) struct Splitter {
    limit: usize,
    /// The incomplete line.
    line: Vec<u8>,
    /// The data of the incomplete event.
    data: Vec<u8>,
    has_data: bool,
    /// True if the incomplete event is named `error`.
    is_error: bool,
    /// True if the last byte was a CR. A LF right after it ends no further line.
    after_cr: bool,
    /// True in the first line, which may begin with a byte order mark.
    is_first: bool,
}

impl Splitter {
    /// Creates a splitter for lines and events of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            is_error: false,
            after_cr: false,
            is_first: true,
        }
    }

    /// Takes the next bytes, and calls `event` with the data of each event that they complete, and with true
    /// if the event is named `error`.
    pub(crate) fn push(&mut self, bytes: &[u8], mut event: impl FnMut(&[u8], bool)) -> Result<(), TooLong> {
        let mut rest = bytes;
        if self.after_cr && !rest.is_empty() {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            self.after_cr = false;
        }
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let (line, tail) = rest.split_at(end);
            let (ending, tail) = tail.split_at(1);
            rest = tail;
            if ending == b"\r" {
                match rest.split_first() {
                    Some((b'\n', tail)) => rest = tail,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            self.extend(line)?;
            self.end_line(&mut event)?;
        }
        self.extend(rest)
    }

    /// Returns the data of an event without a final blank line, at the end of the stream. An incomplete
    /// line is part of it. The flag is true if the event is named `error`.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, bool) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() && self.extend(&line).is_ok() {
            let _ended = self.end_line(&mut |_: &[u8], _| {});
        }
        (if self.has_data { std::mem::take(&mut self.data) } else { Vec::new() }, self.is_error)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > self.limit {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, event: &mut impl FnMut(&[u8], bool)) -> Result<(), TooLong> {
        let mut line = self.line.as_slice();
        if std::mem::take(&mut self.is_first) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                event(&self.data, self.is_error);
            }
            self.data.clear();
            self.is_error = false;
        } else if let Some(name) = field(line, b"event") {
            self.is_error = name.trim_ascii().eq_ignore_ascii_case(b"error");
        } else if let Some(value) = data_of(line) {
            if self.data.len() + value.len() + 1 > self.limit {
                return Err(TooLong);
            }
            if self.has_data {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
            self.has_data = true;
        }
        self.line.clear();
        Ok(())
    }
}

/// Returns the value of a `data` line. A line of bare JSON is one, too: some servers omit the name.
fn data_of(line: &[u8]) -> Option<&[u8]> {
    if line.trim_ascii_start().starts_with(b"{") { Some(line) } else { field(line, b"data") }
}

/// Returns the value of a line with this field, in any case and however indented.
fn field<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let (start, rest) = line.trim_ascii_start().split_at_checked(name.len())?;
    if !start.eq_ignore_ascii_case(name) {
        return None;
    }
    match rest.split_first() {
        None => Some(rest),
        Some((b':', value)) => Some(value.strip_prefix(b" ").unwrap_or(value)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(pieces: &[&[u8]], limit: usize) -> Result<Vec<String>, TooLong> {
        let (mut splitter, mut events) = (Splitter::new(limit), Vec::new());
        for piece in pieces {
            splitter.push(piece, |data, _| events.push(String::from_utf8_lossy(data).into_owned()))?;
        }
        Ok(events)
    }

    #[test]
    fn events_are_what_the_standard_says() {
        for (stream, expected) in [
            ("data: a\n\ndata: b\n\n", vec!["a", "b"]),
            ("data:a\r\n\r\ndata:  b\r\r", vec!["a", " b"]),
            (": ping\n\nevent: x\ndata: a\nid: 1\n\n", vec!["a"]),
            ("data: a\ndata\ndata: b\n\n", vec!["a\n\nb"]),
            ("data\n\n", vec![""]),
            ("event: x\n\n", vec![]),
            ("database: a\n\n", vec![]),
            ("\u{feff}data: a\n\n", vec!["a"]),
            ("data: \u{feff}a\n\n", vec!["\u{feff}a"]),
            ("data: unfinished\n", vec![]),
            // As some servers write it.
            ("Data: a\n\n DATA: b\n\n", vec!["a", "b"]),
            (": ping\n\n{\"a\": 1}\n\n", vec!["{\"a\": 1}"]),
        ] {
            assert_eq!(split(&[stream.as_bytes()], 100).unwrap(), expected, "{stream:?}");
        }
    }

    #[test]
    fn an_event_without_a_blank_line_is_the_rest() {
        for (stream, expected) in [
            ("data: a\n\ndata: b", "b"),
            ("data: a\n\ndata: b\n", "b"),
            ("data: a\ndata: b\r", "a\nb"),
            ("data: a\n\n", ""),
            ("data: a\n\n: bye", ""),
            ("", ""),
        ] {
            let mut splitter = Splitter::new(100);
            splitter.push(stream.as_bytes(), |_, _| {}).unwrap();
            assert_eq!(splitter.rest(), (expected.as_bytes().to_vec(), false), "{stream:?}");
        }
    }

    #[test]
    fn the_name_of_an_event_is_its_own() {
        let (mut splitter, mut events) = (Splitter::new(100), Vec::new());
        let stream = b"event: error\ndata: a\n\ndata: b\n\nevent: ping\ndata: c\n\nevent:error\ndata: d";
        splitter.push(stream, |data, is_error| events.push((data.to_vec(), is_error))).unwrap();
        let is_error: Vec<bool> = events.iter().map(|(_, is_error)| *is_error).collect();
        assert_eq!(is_error, [true, false, false]);
        assert_eq!(splitter.rest(), (b"d".to_vec(), true));
    }

    #[test]
    fn nothing_grows_beyond_the_limit() {
        assert_eq!(split(&[b"data: 0123456789"], 10), Err(TooLong));
        assert_eq!(split(&[b"data: 01\ndata: 23\ndata: 45\ndata: 67\n"], 10), Err(TooLong));
        let endless = [b"x".as_slice(); 50];
        assert_eq!(split(&endless, 40), Err(TooLong));
    }

    proptest! {
        #[test]
        fn any_cutting_gives_the_same(
            lines in proptest::collection::vec(
                ("(data: ?|: |event: |)", "[a-z你好\\\\\"{}]{0,6}", "(\n|\r|\r\n)"), 0..20,
            ),
            cuts in proptest::collection::vec(0_usize..400, 0..12),
        ) {
            let stream: String = lines.iter().map(|(field, value, end)| format!(
                "{field}{value}{end}",
            )).collect();
            let bytes = stream.as_bytes();
            let whole = split(&[bytes], 10_000).unwrap();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert!(split(&pieces, 10_000).unwrap() == whole);
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert!(split(&single, 10_000).unwrap() == whole);
            let rest = |pieces: &[&[u8]]| {
                let mut splitter = Splitter::new(10_000);
                pieces.iter().for_each(|piece| splitter.push(piece, |_, _| {}).unwrap());
                splitter.rest()
            };
            prop_assert_eq!(rest(&pieces), rest(&[bytes]));
        }

        #[test]
        fn any_bytes_are_events_or_too_long(bytes: Vec<u8>) {
            let _ = split(&[&bytes], 16);
        }
    }
}
