//! Detection and decoding of text files: UTF-8, UTF-16, GB18030, Big5, Shift_JIS and Windows-1252, with or
//! without a byte order mark.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek},
    path::Path,
};

use anyhow::{Context, Result};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, CoderResult, Decoder, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
};

/// Maximum length of a line that is examined, in bytes.
const MAX_LINE: usize = 64 << 20;
/// Number of bytes that are decoded at a time.
const CHUNK: usize = 64 << 10;
/// Minimum percentage of the characters of a text in GBK that GB 2312 has, too. Others are rare in it.
const COMMON: usize = 90;
/// Minimum percentage of zero bytes of UTF-16 without a byte order mark.
const ZEROS: usize = 20;

/// Opens a file as UTF-8 without a byte order mark. Invalid bytes stay as they are if most lines are valid
/// UTF-8, so that the other lines can be refused.
///
/// # Errors
/// When the file cannot be read.
pub fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let reading = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(reading)?;
    let encoding = tell(BufReader::new(&mut file)).with_context(reading)?;
    file.rewind().with_context(reading)?;
    Ok(reader(file, encoding))
}

/// Decodes bytes. `None` if they are invalid.
pub fn text(bytes: &[u8]) -> Option<String> {
    let encoding = tell(bytes).unwrap_or(UTF_8);
    let (text, _, is_broken) = encoding.decode(bytes);
    (!is_broken).then(|| text.into_owned())
}

fn reader(file: impl Read + 'static, encoding: &'static Encoding) -> Box<dyn BufRead> {
    if encoding == UTF_8 {
        return Box::new(BufReader::new(Unmarked { inner: file, is_begun: false }));
    }
    let decoder = encoding.new_decoder_with_bom_removal();
    Box::new(BufReader::new(Decoding {
        inner: file,
        decoder,
        raw: Vec::new(),
        at: 0,
        out: Vec::new(),
        sent: 0,
        is_over: false,
        is_done: false,
    }))
}

/// Returns the encoding of a text: by its byte order mark, else the first one in which all of it is valid.
fn tell(mut from: impl BufRead) -> std::io::Result<&'static Encoding> {
    let mut lines = Lines::default();
    let mut gbk = Trial::new(GB18030);
    let mut others = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut is_first = true;
    loop {
        let chunk = from.fill_buf()?;
        if chunk.is_empty() {
            break;
        }
        if is_first {
            if let Some((marked, _)) = Encoding::for_bom(chunk) {
                return Ok(marked);
            }
            if let Some(wide) = wide(chunk) {
                return Ok(wide);
            }
            is_first = false;
        }
        lines.add(chunk);
        gbk.add(chunk, false);
        others.feed(chunk, false);
        let used = chunk.len();
        from.consume(used);
    }
    lines.end();
    gbk.add(&[], true);
    others.feed(&[], true);
    let other = others.guess(None, Utf8Detection::Deny);
    Ok(match lines {
        Lines { broken: 0, .. } => UTF_8,
        Lines { whole, broken, .. } if whole >= broken => UTF_8,
        // Most texts in these encodings are valid GBK, but hardly any text in GBK has so many rare
        // characters.
        _ if !gbk.is_common() && [BIG5, SHIFT_JIS].contains(&other) => other,
        _ if gbk.is_text() => GB18030,
        Lines { is_latin: true, .. } => WINDOWS_1252,
        Lines { .. } => UTF_8,
    })
}

/// Returns UTF-16 without a byte order mark, in which every other byte of Latin letters and line ends is
/// zero.
fn wide(start: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| start.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (high, low) = (zeros(0), zeros(1));
    let is_wide = start.len() >= 4 && (high + low) * 100 >= start.len() * ZEROS / 2;
    match (is_wide, high.cmp(&low)) {
        (true, std::cmp::Ordering::Less) if high * 8 <= low => Some(UTF_16LE),
        (true, std::cmp::Ordering::Greater) if low * 8 <= high => Some(UTF_16BE),
        _ => None,
    }
}

/// Counts of lines that are not ASCII, valid UTF-8 or not.
#[derive(Debug)]
struct Lines {
    line: Vec<u8>,
    whole: u64,
    broken: u64,
    /// `true` if all of it is valid Windows-1252.
    is_latin: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self { line: Vec::new(), whole: 0, broken: 0, is_latin: true }
    }
}

impl Lines {
    fn add(&mut self, chunk: &[u8]) {
        // Bytes that Windows-1252 does not define, and controls.
        let is_odd = |byte: &u8| matches!(byte, 0..=8 | 0x0e..=0x1f | 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
        self.is_latin &= !chunk.iter().any(is_odd);
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            // Longer lines are refused anyway.
            if self.line.len() < MAX_LINE {
                self.line.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                self.end();
            }
        }
    }

    fn end(&mut self) {
        if !self.line.is_ascii() {
            match std::str::from_utf8(&self.line) {
                Ok(_) => self.whole += 1,
                Err(_) => self.broken += 1,
            }
        }
        self.line.clear();
    }
}

/// A test of a whole text against an encoding.
struct Trial {
    decoder: Decoder,
    is_whole: bool,
    has_han: bool,
    /// Number of bytes above 127 next to others, as most of Chinese characters are, and alone, as accented
    /// letters are.
    adjacent: usize,
    alone: usize,
    /// Number of Chinese characters, and of those that GB 2312 has.
    han: usize,
    common: usize,
}

impl Trial {
    fn new(encoding: &'static Encoding) -> Self {
        Self {
            decoder: encoding.new_decoder_without_bom_handling(),
            is_whole: true,
            has_han: false,
            adjacent: 0,
            alone: 0,
            han: 0,
            common: 0,
        }
    }

    fn add(&mut self, mut bytes: &[u8], is_last: bool) {
        for run in bytes.split(u8::is_ascii) {
            match run.len() {
                1 => self.alone += 1,
                length => self.adjacent += length,
            }
        }
        while self.is_whole {
            let mut out = [0; 4096];
            let (result, read, written, has_errors) = self.decoder.decode_to_utf8(bytes, &mut out, is_last);
            self.is_whole &= !has_errors;
            let text = std::str::from_utf8(out.get(..written).unwrap_or_default()).unwrap_or_default();
            for c in text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)) {
                self.has_han = true;
                self.han += 1;
                self.common += usize::from(is_common(c));
            }
            // Characters for private use show that it is another encoding.
            self.is_whole &= !text.chars().any(|c| ('\u{e000}'..='\u{f8ff}').contains(&c));
            bytes = bytes.get(read..).unwrap_or_default();
            if result == CoderResult::InputEmpty {
                return;
            }
        }
    }

    /// Returns `true` if it is no other encoding of an East Asian text.
    const fn is_common(&self) -> bool {
        self.is_whole && self.common * 100 >= self.han * COMMON
    }

    const fn is_text(&self) -> bool {
        self.is_whole && self.has_han && self.adjacent > self.alone
    }
}

/// Returns `true` if GB 2312 has a character.
fn is_common(c: char) -> bool {
    let mut buffer = [0; 4];
    let (bytes, _, _) = GBK.encode(c.encode_utf8(&mut buffer));
    matches!(bytes.as_ref(), [0xb0..=0xf7, 0xa1..=0xfe])
}

/// A reader of UTF-8 that removes a byte order mark.
struct Unmarked<R> {
    inner: R,
    is_begun: bool,
}

impl<R: Read> Read for Unmarked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.is_begun || buffer.len() < 3 {
            return self.inner.read(buffer);
        }
        self.is_begun = true;
        let mut start = [0; 3];
        let mut read = 0;
        while let Some(rest) = start.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.inner.read(rest)? {
                0 => break,
                more => read += more,
            }
        }
        let start = start.get(..read).unwrap_or_default();
        if start == b"\xef\xbb\xbf" {
            return self.inner.read(buffer);
        }
        buffer.iter_mut().zip(start).for_each(|(to, from)| *to = *from);
        Ok(read)
    }
}

/// A reader that converts another encoding to UTF-8.
struct Decoding<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Number of bytes of `raw` that are decoded.
    at: usize,
    /// Decoded bytes, and how many of them were read: a caller may ask for less than a character.
    out: Vec<u8>,
    sent: usize,
    /// `true` once all bytes are read, and once all are decoded.
    is_over: bool,
    is_done: bool,
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.sent >= self.out.len() && !self.is_done {
            if self.at >= self.raw.len() && !self.is_over {
                self.raw.resize(CHUNK, 0);
                let read = self.inner.read(&mut self.raw)?;
                self.raw.truncate(read);
                (self.at, self.is_over) = (0, read == 0);
            }
            self.out.resize(CHUNK, 0);
            let rest = self.raw.get(self.at..).unwrap_or_default();
            let (result, read, written, _) = self.decoder.decode_to_utf8(rest, &mut self.out, self.is_over);
            self.out.truncate(written);
            (self.at, self.sent) = (self.at + read, 0);
            // A decoder that has finished must not be used again.
            self.is_done = self.is_over && result == CoderResult::InputEmpty;
        }
        let ready = self.out.get(self.sent..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        buffer.iter_mut().zip(ready).for_each(|(to, from)| *to = *from);
        self.sent += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<u8> {
        let mut read = Vec::new();
        let encoding = tell(bytes).unwrap();
        reader(std::io::Cursor::new(bytes.to_vec()), encoding).read_to_end(&mut read).unwrap();
        read
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    }

    const TEXT: &str = "content,actor\n喜欢在周末阅读科幻小说,我\nlikes tea,me\n";

    #[test]
    fn texts_are_told_by_what_they_can_be() {
        let gbk = GBK.encode(TEXT).0.into_owned();
        let mark = |mark: &[u8], text: Vec<u8>| [mark, &text].concat();
        for (name, bytes) in [
            ("utf-8", TEXT.as_bytes().to_vec()),
            ("utf-8 with a mark", mark(b"\xef\xbb\xbf", TEXT.as_bytes().to_vec())),
            ("gbk", gbk),
            ("utf-16le", utf16(TEXT, false)),
            ("utf-16be", utf16(TEXT, true)),
            ("utf-16le with a mark", mark(b"\xff\xfe", utf16(TEXT, false))),
            ("utf-16be with a mark", mark(b"\xfe\xff", utf16(TEXT, true))),
        ] {
            assert_eq!(String::from_utf8_lossy(&read(&bytes)), TEXT, "{name}");
            assert_eq!(text(&bytes).as_deref(), Some(TEXT), "{name}");
        }
        for (name, encoding, written) in [
            ("big5", BIG5, "content,tags\n我喜歡喝茶,生活\n她住在臺北的山上,家\n"),
            ("shift_jis", SHIFT_JIS, "content,tags\n私はお茶が好きです,生活\n東京に住んでいます,家\n"),
        ] {
            let bytes = encoding.encode(written).0.into_owned();
            assert_eq!(String::from_utf8_lossy(&read(&bytes)), written, "{name}");
        }
        let latin = WINDOWS_1252.encode("Straße,Käse\n").0.into_owned();
        assert_eq!(read(&latin), "Straße,Käse\n".as_bytes());
    }

    #[test]
    fn one_broken_line_changes_no_other() {
        let bytes = ["喜欢阅读\n".as_bytes(), b"\xff\xfe\xfd\n", "喜欢茶\n".as_bytes()].concat();
        assert_eq!(read(&bytes), bytes);
        assert_eq!(text(&bytes), None);
        assert_eq!(read(b"\xef\xbb\xbf"), b"");
        assert_eq!(read(b""), b"");
        assert_eq!(read(b"a"), b"a");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (read(&bytes), text(&bytes));
        }

        #[test]
        fn utf8_is_itself(text in "[^\u{feff}\0]\\PC{0,200}") {
            prop_assert_eq!(read(text.as_bytes()), text.as_bytes());
        }

        /// Common characters, those of GB 2312. Rare ones have letters for their second bytes in GBK, and a
        /// text of them alone may be taken for a European one.
        #[test]
        fn chinese_is_read_in_any_encoding(
            start in "[ -~]{4,20}",
            characters in proptest::collection::vec((0xb0_u8..=0xd6, 0xa1_u8..=0xfe), 4..60),
            end in "\n[a-z]{9}\n[a-z]{30}",
        ) {
            let characters: Vec<u8> = characters.into_iter().flat_map(|(row, cell)| [row, cell]).collect();
            let text = format!("{start}{}{end}", GBK.decode(&characters).0);
            let gbk = GBK.encode(&text).0.into_owned();
            // Few characters alone may be letters of another script in UTF-8.
            prop_assume!(std::str::from_utf8(&gbk).is_err());
            for bytes in [gbk, [&b"\xff\xfe"[..], &utf16(&text, false)].concat()] {
                prop_assert_eq!(String::from_utf8(read(&bytes)).unwrap(), text.clone());
            }
        }
    }
}
