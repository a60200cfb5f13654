//! Beginnings of texts, for lists.

/// Number of characters of a note that a search shows.
const SNIPPET: usize = 500;

/// Returns the beginning of a text.
pub(crate) fn snippet(text: String) -> String {
    match text.char_indices().nth(SNIPPET) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_end_between_characters() {
        assert_eq!(snippet("短".repeat(500)), "短".repeat(500));
        assert_eq!(snippet("长".repeat(501)), format!("{}…", "长".repeat(500)));
    }
}
