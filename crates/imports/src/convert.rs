//! Rules for texts: characters, titles, lengths.

use unicode_normalization::UnicodeNormalization;

/// Returns a text without control characters, with LF at the ends of lines.
pub(crate) fn clean(text: &str) -> String {
    if !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
        return text.to_owned();
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Returns the first line of a text that has words, with at most a number of characters.
pub(crate) fn line_of(text: &str, most: usize) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = line.trim_start_matches('#').trim_start();
    let line: String = line.chars().filter(|c| !c.is_control()).take(most).collect();
    line.trim_end().to_owned()
}

/// Returns a form in which texts are the same that differ only in case, blanks, width and final punctuation.
pub(crate) fn same(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let words: Vec<&str> = folded.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', '。', '!', '!', ';', ',', '…']).to_owned()
}

/// Splits a text into parts of at most a number of characters: at headings, else at paragraphs, else
/// anywhere.
pub(crate) fn split(text: &str, most: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while rest.chars().count() > most {
        let end = rest.char_indices().nth(most).map_or(rest.len(), |(end, _)| end);
        let window = rest.get(..end).unwrap_or(rest);
        let at = ["\n# ", "\n## ", "\n### ", "\n\n", "\n"]
            .iter()
            .filter_map(|mark| window.rfind(mark))
            .find(|at| *at > window.len() / 4)
            .unwrap_or(end);
        let (part, more) = rest.split_at(at);
        parts.push(part.trim_end().to_owned());
        rest = more.trim_start_matches('\n');
    }
    if !rest.trim().is_empty() || parts.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

/// Appends a line with tags and folders, so that a search finds them.
pub(crate) fn with_tags(text: &str, tags: &[String], folder: &str) -> String {
    const MOST: usize = 50;
    let mut line: Vec<String> = Vec::new();
    for tag in tags.iter().map(|tag| tag.trim().trim_start_matches('#').replace(' ', "-")) {
        let tag = format!("#{tag}");
        if tag.len() > 1 && !line.contains(&tag) && line.len() < MOST && !text.contains(&tag) {
            line.push(tag);
        }
    }
    let mut line = line.join(" ");
    if !folder.is_empty() {
        line = if line.is_empty() { format!("· {folder}") } else { format!("{line} · {folder}") };
    }
    let text = text.trim_end();
    match (text.is_empty(), line.is_empty()) {
        (_, true) => text.to_owned(),
        (true, false) => line,
        (false, false) => format!("{text}\n\n{line}"),
    }
}

/// Returns the mark that stands for a file that was not taken.
pub(crate) fn attachment(name: &str) -> String {
    format!("[附件 / file: {}]", line_of(name, 100))
}

/// Replaces entities of HTML.
pub(crate) fn entities(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_cleaned() {
        assert_eq!(clean("a\r\nb\rc\0\u{1b}\td"), "a\nb\nc\td");
        assert_eq!(line_of("\n## 标题 \nx", 200), "标题");
        assert_eq!(same(" Likes  Tea。"), same("likes tea"));
        assert_eq!(with_tags("x", &["a b".into(), "#c".into()], "日记/2024"), "x\n\n#a-b #c · 日记/2024");
    }

    #[test]
    fn long_texts_are_split_at_headings() {
        let text = format!("{}\n# Two\n{}", "a".repeat(60), "b".repeat(50));
        assert_eq!(split(&text, 100).iter().map(|part| part.chars().count()).collect::<Vec<_>>(), [60, 56]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_when_a_text_is_split(text in "([a-z字]{1,9}|\n|\n\n|\n# \
            ){0,60}", most in 5_usize..40) {
            let parts = split(&text, most);
            prop_assert!(parts.iter().all(|part| part.chars().count() <= most));
            let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(plain(&parts.concat()), plain(&text));
        }
    }
}
