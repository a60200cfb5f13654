//! Bodies of responses, decompressed as they arrive.

use bytes::{Bytes, BytesMut};
use http::header;
use reqwest::Response;

use crate::{
    Refused,
    decode::{Coding, Decoder},
};

/// Maximum number of compressions on top of each other.
const MAX_CODINGS: usize = 3;
/// The first byte of gzip, with which no text begins.
const GZIP: u8 = 0x1f;

/// The body of a response. It is decompressed if the server compressed it, although nobody asked for that. A
/// piece of the body is small even if the server sends a bomb, so callers bound the whole by counting.
pub struct Body {
    /// `None` at the end.
    response: Option<Response>,
    /// The decompressions, in the order in which they are applied.
    decoders: Vec<Decoder>,
    /// True before the first bytes of a text, which may be compressed although its header does not say so.
    may_be_gzip: bool,
}

impl Body {
    /// Opens the body of a response.
    ///
    /// # Errors
    /// [`Refused::Encoding`].
    pub fn new(response: Response) -> Result<Self, Refused> {
        let values = response.headers().get_all(header::CONTENT_ENCODING);
        let mut codings = Vec::new();
        for value in values {
            let value = String::from_utf8_lossy(value.as_bytes());
            codings.extend(Coding::all(&value).ok_or(Refused::Encoding)?);
        }
        if codings.len() > MAX_CODINGS {
            return Err(Refused::Encoding);
        }
        let decoders = codings.into_iter().rev().map(Decoder::new).collect();
        Ok(Self { response: Some(response), decoders, may_be_gzip: false })
    }

    /// Opens the body of a response whose content is text. gzip is recognized even if no header names it.
    ///
    /// # Errors
    /// [`Refused::Encoding`].
    pub fn of_text(response: Response) -> Result<Self, Refused> {
        Ok(Self { may_be_gzip: true, ..Self::new(response)? })
    }

    /// Returns true if the body is decompressed, so that its length is not that of the response.
    pub fn is_compressed(&self) -> bool {
        !self.decoders.is_empty()
    }

    /// Returns the next bytes; `None` at the end. No bytes mean that something arrived which cannot be
    /// decompressed yet. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`Refused::Broken`] if the connection breaks, or the bytes cannot be decompressed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Refused> {
        loop {
            if let Some(bytes) = decoded(&mut self.decoders)? {
                return Ok(Some(bytes));
            }
            let Some(response) = &mut self.response else { return Ok(None) };
            let bytes = response.chunk().await.map_err(|_broken| Refused::Broken)?;
            if std::mem::take(&mut self.may_be_gzip)
                && self.decoders.is_empty()
                && bytes.as_ref().and_then(|bytes| bytes.first()) == Some(&GZIP)
            {
                self.decoders.push(Decoder::new(Coding::Gzip));
            }
            match (bytes, self.decoders.first_mut()) {
                (Some(bytes), None) => return Ok(Some(bytes)),
                (Some(bytes), Some(first)) => {
                    first.push(&bytes);
                    return Ok(Some(decoded(&mut self.decoders)?.unwrap_or_default()));
                }
                (None, first) => {
                    self.response = None;
                    if let Some(first) = first {
                        first.end();
                    }
                }
            }
        }
    }
}

/// Returns the next bytes of the last of these decompressions, each of which reads from the one before it.
fn decoded(decoders: &mut [Decoder]) -> Result<Option<Bytes>, Refused> {
    let Some((last, before)) = decoders.split_last_mut() else { return Ok(None) };
    loop {
        if let Some(bytes) = last.next().map_err(|_malformed| Refused::Broken)? {
            return Ok(Some(bytes));
        }
        match decoded(before)? {
            Some(bytes) => last.push(&bytes),
            None if !last.has_ended() && before.last().is_some_and(Decoder::has_ended) => last.end(),
            None => return Ok(None),
        }
    }
}

/// Reads a response of at most `limit` bytes, after decompression.
///
/// # Errors
/// [`Refused::TooLarge`] as soon as the size is known; [`Refused::Broken`] if the connection breaks, or the
/// bytes cannot be decompressed; [`Refused::Encoding`].
pub async fn read(response: Response, limit: usize) -> Result<Bytes, Refused> {
    let too_large = || Refused::TooLarge(limit);
    if response
        .content_length()
        .is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit))
    {
        return Err(too_large());
    }
    let mut body = Body::of_text(response)?;
    let mut whole = BytesMut::new();
    while let Some(chunk) = body.chunk().await? {
        if whole.len() + chunk.len() > limit {
            return Err(too_large());
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests;
