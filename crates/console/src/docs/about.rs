//! The Chinese descriptions of operations and of their fields. The OpenAPI document has them in English.

use std::{collections::HashMap, sync::LazyLock};

use web::Language;

/// Descriptions of operations: the id on one line, the Chinese text indented on the next.
static OPERATIONS: LazyLock<HashMap<&str, &str>> =
    LazyLock::new(|| pairs(include_str!("../../guides/operations.zh.txt")));

/// Descriptions of parameters and members of bodies: the English text on one line, the Chinese one indented
/// on the next.
static FIELDS: LazyLock<HashMap<&str, &str>> =
    LazyLock::new(|| pairs(include_str!("../../guides/fields.zh.txt")));

fn pairs(text: &'static str) -> HashMap<&'static str, &'static str> {
    let mut lines = text.lines();
    std::iter::from_fn(|| Some((lines.next()?, lines.next()?.trim_start()))).collect()
}

/// Returns the description of an operation. `english` is that of the document.
pub(super) fn operation<'a>(id: &str, english: &'a str, language: Language) -> &'a str {
    match language {
        Language::Zh => OPERATIONS.get(id).copied().unwrap_or(english),
        Language::En => english,
    }
}

/// Returns the description of a parameter or of a member of a body.
pub(super) fn field(english: &str, language: Language) -> &str {
    match language {
        Language::Zh => FIELDS.get(english).copied().unwrap_or(english),
        Language::En => english,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_its_translation_on_the_next_line() {
        for text in
            [include_str!("../../guides/operations.zh.txt"), include_str!("../../guides/fields.zh.txt")]
        {
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len() % 2, 0);
            let keys: Vec<&str> = lines.iter().step_by(2).copied().collect();
            assert!(keys.is_sorted() && keys.iter().all(|key| !key.starts_with(' ')));
            assert!(lines.iter().skip(1).step_by(2).all(|line| line.starts_with("  ")));
        }
    }

    #[test]
    fn texts_are_found_by_language() {
        assert_eq!(operation("addNote", "Add a note.", Language::En), "Add a note.");
        assert!(operation("addNote", "Add a note.", Language::Zh).starts_with("添加笔记"));
        assert_eq!(field("Required.", Language::Zh), "必填。");
        assert_eq!(field("unknown", Language::Zh), "unknown");
    }
}
