//! Decoding of files.

use crate::{
    encoding,
    model::Reason,
    pack::{Entry, Pack},
};

/// Maximum size of a text that is read as a whole, in bytes.
pub(crate) const MAX_TEXT: u64 = 64 << 20;

/// Decodes the beginning of a file, which may end within a character. `None` if it is no text.
pub(crate) fn head(bytes: &[u8]) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.trim_start_matches('\u{feff}').to_owned());
    }
    if let Err(error) = std::str::from_utf8(bytes)
        && error.error_len().is_none()
    {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        return Some(String::from_utf8_lossy(valid).trim_start_matches('\u{feff}').to_owned());
    }
    // Without the last bytes, where a character may be cut.
    (0..4).find_map(|cut| {
        let part = bytes.get(..bytes.len().checked_sub(cut)?)?;
        encoding::text(part)
    })
}

/// Reads a file as text.
pub(crate) fn file(pack: &mut Pack, entry: &Entry, most: u64) -> Result<String, Reason> {
    let bytes = pack.bytes(entry, most)?;
    let text = encoding::text(&bytes).ok_or(Reason::Text)?;
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n"))
}
