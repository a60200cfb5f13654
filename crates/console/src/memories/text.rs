//! Texts as forms send and lists show them.

/// Replaces CRLF, with which browsers end lines in forms, by LF.
pub(crate) fn plain(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// Returns the beginning of a text.
pub(crate) fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
