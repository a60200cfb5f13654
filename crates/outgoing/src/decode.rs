//! Decompression of bytes as they arrive. No I/O.

use std::io::{self, ErrorKind};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::{Buf, Bytes, BytesMut};
use flate2::{Decompress, FlushDecompress, Status};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Size of a piece of decompressed bytes. Zstandard's pieces are larger, at most a window.
const PIECE: usize = 16 * 1024;
/// Maximum size of a header of gzip.
const MAX_HEADER: usize = 256 * 1024;
/// Size of the checksum and length after the data of gzip.
const GZIP_FOOTER: usize = 8;
/// Maximum size of compressed Zstandard, which is decoded at its end.
const MAX_ZSTD: usize = 16 << 20;
/// Maximum window of Zstandard; servers keep to half of it in responses (RFC 9659).
const MAX_WINDOW: u64 = 16 << 20;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// A compression of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// `gzip`.
    Gzip,
    /// `deflate`: zlib, or, as some servers send it, bare deflate.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

impl Coding {
    /// Parses a `Content-Encoding`: the codings in the order in which they were applied. Words that name no
    /// compression, as some servers send them, are skipped. `None` if a compression is not supported.
    pub(crate) fn all(value: &str) -> Option<Vec<Self>> {
        let mut all = Vec::new();
        for name in value.split(',') {
            all.push(match name.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => Self::Gzip,
                "deflate" | "x-deflate" => Self::Deflate,
                "br" => Self::Brotli,
                "zstd" => Self::Zstd,
                "compress" | "x-compress" | "bzip2" | "xz" | "lzma" | "exi" | "dcb" | "dcz" => return None,
                _ => continue,
            });
        }
        Some(all)
    }
}

/// One decompression: compressed bytes in, pieces of decompressed bytes out.
pub(crate) struct Decoder {
    state: State,
    /// Compressed bytes that are not decoded yet.
    input: BytesMut,
    /// True if no more input comes.
    has_ended: bool,
}

enum State {
    /// Before the first bytes.
    Start(Coding),
    /// The bytes are not compressed, whatever their header says.
    Plain,
    GzipHeader,
    Gzip(Decompress),
    GzipFooter,
    Deflate(Decompress),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
    Zstd(Box<FrameDecoder>),
    /// After the end. Further bytes are ignored.
    Done,
}

impl Decoder {
    /// Creates a decoder for one coding.
    pub(crate) fn new(coding: Coding) -> Self {
        Self { state: State::Start(coding), input: BytesMut::new(), has_ended: false }
    }

    /// Adds compressed bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// Notes that all compressed bytes were added.
    pub(crate) fn end(&mut self) {
        self.has_ended = true;
    }

    /// Returns true if no more input comes.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns the next decompressed bytes; `None` if more input is needed, or at the end.
    ///
    /// # Errors
    /// If the input is malformed, or incomplete at its end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(piece) = self.step()? {
                if !piece.is_empty() {
                    return Ok(Some(piece));
                }
                continue;
            }
            let is_whole = matches!(self.state, State::Plain | State::GzipFooter | State::Done)
                || (matches!(self.state, State::Start(_)) && self.input.is_empty());
            return if self.has_ended && !is_whole { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(None) };
        }
    }

    /// Makes one step. Returns `None` if more input is needed, or at the end.
    fn step(&mut self) -> io::Result<Option<Bytes>> {
        match &mut self.state {
            State::Start(coding) => {
                let coding = *coding;
                if self.input.is_empty() || (self.input.len() < ZSTD_MAGIC.len() && !self.has_ended) {
                    return Ok(None);
                }
                self.state = State::of(coding, &self.input);
                Ok(Some(Bytes::new()))
            }
            State::Plain if self.input.is_empty() => Ok(None),
            State::Plain => Ok(Some(self.input.split().freeze())),
            State::GzipHeader => self.gzip_header(),
            State::GzipFooter => Ok(self.gzip_footer()),
            State::Gzip(inflate) => {
                let (piece, is_end) = inflated(inflate, &mut self.input)?;
                if is_end {
                    self.state = State::GzipFooter;
                }
                Ok(some(piece, is_end))
            }
            State::Deflate(inflate) => {
                let (piece, is_end) = inflated(inflate, &mut self.input)?;
                if is_end {
                    self.state = State::Done;
                }
                Ok(some(piece, is_end))
            }
            State::Brotli(brotli) => {
                let (piece, is_end) = unbrotlied(brotli, &mut self.input)?;
                if is_end {
                    self.state = State::Done;
                }
                Ok(some(piece, is_end))
            }
            State::Zstd(_) if self.input.len() > MAX_ZSTD => Err(ErrorKind::InvalidData.into()),
            State::Zstd(_) if !self.has_ended => Ok(None),
            State::Zstd(frames) => {
                let piece = frame(frames, &mut self.input)?;
                if piece.is_none() {
                    self.state = State::Done;
                }
                Ok(Some(piece.unwrap_or_default()))
            }
            State::Done => {
                self.input.clear();
                Ok(None)
            }
        }
    }

    fn gzip_header(&mut self) -> io::Result<Option<Bytes>> {
        match gzip_header(&self.input) {
            Some(length) => {
                self.input.advance(length);
                self.state = State::Gzip(Decompress::new(false));
                Ok(Some(Bytes::new()))
            }
            None if self.input.len() > MAX_HEADER => Err(ErrorKind::InvalidData.into()),
            None => Ok(None),
        }
    }

    /// Skips the checksum, which says no more than that of the connection. Another member may follow.
    fn gzip_footer(&mut self) -> Option<Bytes> {
        let rest = self.input.get(GZIP_FOOTER..)?;
        if rest.len() < GZIP_MAGIC.len() && !self.has_ended {
            return None;
        }
        self.state = if rest.starts_with(GZIP_MAGIC) { State::GzipHeader } else { State::Done };
        self.input.advance(GZIP_FOOTER);
        Some(Bytes::new())
    }
}

impl State {
    /// Returns the state for a body that begins with these bytes. Some servers and proxies name a compression
    /// that they did not apply.
    fn of(coding: Coding, start: &[u8]) -> Self {
        let has_magic = |magic: &[u8]| start.starts_with(magic) || magic.starts_with(start);
        match coding {
            Coding::Gzip if has_magic(GZIP_MAGIC) => Self::GzipHeader,
            Coding::Zstd if has_magic(ZSTD_MAGIC) => Self::Zstd(Box::new(FrameDecoder::new())),
            Coding::Gzip | Coding::Zstd => Self::Plain,
            Coding::Deflate => Self::Deflate(Decompress::new(is_zlib(start))),
            Coding::Brotli => Self::Brotli(Box::new(BrotliState::new_strict(
                StandardAlloc::default(),
                StandardAlloc::default(),
                StandardAlloc::default(),
            ))),
        }
    }
}

/// Returns a piece unless it is empty before the end.
fn some(piece: Bytes, is_end: bool) -> Option<Bytes> {
    (is_end || !piece.is_empty()).then_some(piece)
}

/// Returns true for a header of zlib (RFC 1950 §2.2).
fn is_zlib(start: &[u8]) -> bool {
    match start {
        [method, flags, ..] => method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31),
        _ => false,
    }
}

/// Returns the length of a header of gzip (RFC 1952 §2.3), if it is complete.
fn gzip_header(bytes: &[u8]) -> Option<usize> {
    const FIXED: usize = 10;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const CHECKSUM: u8 = 2;
    let flags = *bytes.get(3)?;
    let mut at = FIXED;
    if flags & EXTRA != 0 {
        let [low, high] = [*bytes.get(at)?, *bytes.get(at + 1)?];
        at += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            at += bytes.get(at..)?.iter().position(|byte| *byte == 0)? + 1;
        }
    }
    if flags & CHECKSUM != 0 {
        at += 2;
    }
    (at <= bytes.len()).then_some(at)
}

/// Returns the next piece of deflate, and true at its end.
fn inflated(inflate: &mut Decompress, input: &mut BytesMut) -> io::Result<(Bytes, bool)> {
    let (read, written) = (inflate.total_in(), inflate.total_out());
    let mut piece = vec![0; PIECE];
    let status = inflate.decompress(input, &mut piece, FlushDecompress::None)?;
    let count = |after: u64, before: u64| usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX);
    input.advance(count(inflate.total_in(), read).min(input.len()));
    piece.truncate(count(inflate.total_out(), written));
    Ok((piece.into(), status == Status::StreamEnd))
}

/// Returns the next piece of Brotli, and true at its end.
fn unbrotlied(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    input: &mut BytesMut,
) -> io::Result<(Bytes, bool)> {
    let mut piece = vec![0; PIECE];
    let (mut unread, mut read, mut free, mut written, mut total) = (input.len(), 0, PIECE, 0, 0);
    let result = BrotliDecompressStream(
        &mut unread,
        &mut read,
        input,
        &mut free,
        &mut written,
        &mut piece,
        &mut total,
        state,
    );
    input.advance(read.min(input.len()));
    piece.truncate(written);
    match result {
        BrotliResult::ResultFailure => Err(ErrorKind::InvalidData.into()),
        BrotliResult::ResultSuccess => Ok((piece.into(), true)),
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok((piece.into(), false)),
    }
}

/// Returns the next piece of Zstandard, which may be empty; `None` after the last frame.
fn frame(frames: &mut FrameDecoder, input: &mut BytesMut) -> io::Result<Option<Bytes>> {
    let mut rest: &[u8] = input;
    if frames.is_finished() {
        if !rest.starts_with(ZSTD_MAGIC) {
            return Ok(None);
        }
        frames.set_max_window_size(MAX_WINDOW);
        frames.reset(&mut rest).map_err(|error| io::Error::other(error.to_string()))?;
    }
    let read = frames.decode_blocks(&mut rest, BlockDecodingStrategy::UptoBlocks(1));
    read.map_err(|error| io::Error::other(error.to_string()))?;
    let read = input.len() - rest.len();
    input.advance(read);
    Ok(Some(frames.collect().unwrap_or_default().into()))
}

#[cfg(test)]
pub(crate) mod tests;
