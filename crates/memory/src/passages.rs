//! Cutting long texts into passages. No I/O.

/// Cuts a text into passages. Each ends at the first end of a paragraph or sentence after `good` characters,
/// or at the latest after `most`.
pub(crate) fn cut(text: &str, good: usize, most: usize) -> Vec<&str> {
    let mut passages = Vec::new();
    let (mut start, mut count) = (0, 0);
    for (at, c) in text.char_indices() {
        count += 1;
        let end = at + c.len_utf8();
        let ends = matches!(c, '\n' | '。' | '!' | '?' | '\u{ff01}' | '\u{ff1f}')
            || (c == '.' && text.get(end..).is_none_or(|rest| rest.starts_with(char::is_whitespace)));
        if (count >= good && ends) || count >= most {
            passages.extend(text.get(start..end));
            (start, count) = (end, 0);
        }
    }
    passages.extend(text.get(start..));
    passages.into_iter().map(str::trim).filter(|passage| !passage.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn passages_end_with_sentences_where_they_can() {
        assert_eq!(cut("One two. Three four. Five", 5, 30), ["One two.", "Three four.", "Five"]);
        assert_eq!(cut("没有句号的一段话", 2, 3), ["没有句", "号的一", "段话"]);
        assert_eq!(cut("第一句。第二句。", 2, 30), ["第一句。", "第二句。"]);
        assert_eq!(cut(" \n ", 2, 30), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_but_blanks(
            text in "([a-z]{1,9}[ .!]|[读书。]|\\PC){0,400}", good in 1_usize..300, more in 0_usize..300,
        ) {
            let passages = cut(&text, good, good + more);
            prop_assert!(passages.iter().all(|passage| passage.chars().count() <= good + more));
            let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(visible(&passages.concat()), visible(&text));
        }
    }
}
