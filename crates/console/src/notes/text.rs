//! Texts of notes as lists show them: without Markdown's marks, and their tags. No I/O.

/// Most characters of an excerpt.
const EXCERPT: usize = 140;
/// Most tags of a note, and the longest tag in characters.
const MAX_TAGS: usize = 12;
const MAX_TAG: usize = 40;

/// Returns the beginning of a text in one line, without Markdown's marks.
pub(crate) fn excerpt(text: &str) -> String {
    unmarked_text(text, EXCERPT)
}

/// Returns at most a number of characters of a text in one line, without Markdown's marks.
pub(crate) fn unmarked_text(text: &str, most: usize) -> String {
    // Marks and blanks are no more than a few times the text.
    let start: String = text.chars().take(most.saturating_mul(4)).collect();
    let mut words = String::new();
    let mut count = 0;
    let mut is_code = false;
    for line in start.lines() {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            is_code = !is_code;
            continue;
        }
        let line = if is_code { line.to_owned() } else { unmarked(line) };
        if line.is_empty() {
            continue;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&line);
        count += line.chars().count() + 1;
        if count > most {
            break;
        }
    }
    match words.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

/// Removes the marks of Markdown from a line.
fn unmarked(line: &str) -> String {
    // Lines of tables and rules have only marks.
    if !line.is_empty() && line.chars().all(|c| "-=*_|: ".contains(c)) {
        return String::new();
    }
    let mut rest = line.trim_start_matches(['#', '>', ' ']);
    for mark in ["- [ ] ", "- [x] ", "- [X] ", "* [ ] ", "- ", "* ", "+ "] {
        if let Some(text) = rest.strip_prefix(mark) {
            rest = text;
            break;
        }
    }
    // A tag at the start of the line keeps its mark.
    if line.starts_with('#') && !line.starts_with("# ") && !line.starts_with("##") {
        rest = line;
    }
    let mut plain = String::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' | '`' | '~' => {}
            '_' if plain.ends_with(' ') || plain.is_empty() => {}
            '!' if chars.peek() == Some(&'[') => {}
            '[' => {}
            ']' if chars.peek() == Some(&'(') => {
                for c in chars.by_ref() {
                    if c == ')' {
                        break;
                    }
                }
            }
            ']' => {}
            '|' => plain.push(' '),
            '\\' => plain.extend(chars.next()),
            c => plain.push(c),
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the tags of a text: words that begin with `#`, outside of code, each once.
pub(crate) fn tags(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code || !line.contains('#') {
            continue;
        }
        for word in line.split_whitespace() {
            let Some(tag) = word.strip_prefix('#') else { continue };
            let tag: String =
                tag.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/')).collect();
            let is_number = tag.chars().all(|c| c.is_ascii_digit());
            if is_number || tag.chars().count() > MAX_TAG || tags.contains(&tag) {
                continue;
            }
            tags.push(tag);
            if tags.len() >= MAX_TAGS {
                return tags;
            }
        }
    }
    tags
}

/// Returns the number of words of a text, where each character of Chinese and similar scripts is one.
pub(crate) fn words(text: &str) -> usize {
    let (mut count, mut is_word) = (0, false);
    for c in text.chars() {
        let is_wide = c as u32 >= 0x2e80;
        let is_letter = c.is_alphanumeric();
        if is_letter && (is_wide || !is_word) {
            count += 1;
        }
        is_word = is_letter && !is_wide;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn excerpts_have_no_marks() {
        for (text, expected) in [
            ("# 标题\n\n- **要点**一\n- `码`\n```js\nlet a = 1;\n```", "标题 要点一 码 let a = 1;"),
            ("[链接](https://a.example/) 后 ![图](x.png)", "链接 后 图"),
            ("| 水温 | 味道 |\n|---|---|\n| 90 | 尖 |", "水温 味道 90 尖"),
            ("> 引用\n\n- [x] 做完", "引用 做完"),
            ("#咖啡 手冲", "#咖啡 手冲"),
            ("snake_case 与 _斜体", "snake_case 与 斜体"),
            ("", ""),
        ] {
            assert_eq!(excerpt(text), expected, "{text}");
        }
        assert!(excerpt(&"长".repeat(500)).chars().count() <= EXCERPT + 1);
    }

    #[test]
    fn tags_are_words_with_a_mark() {
        assert_eq!(
            tags("# 标题\n#咖啡 和 #rust-lang，#2026 a#b\n```\n#no\n```\n#咖啡"),
            ["咖啡", "rust-lang"]
        );
        assert!(tags("## 小标题\n# \n#").is_empty());
    }

    #[test]
    fn words_of_several_scripts_are_counted() {
        assert_eq!((words("咖啡 and tea, 2 杯"), words("")), (6, 0));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,200}") {
            let _ = (excerpt(&text), tags(&text), words(&text));
        }
    }
}
