//! Extraction of the main text from the bytes of a page. No I/O.

use std::collections::HashMap;

use chardetng::EncodingDetector;
use dom_query::Document;
use dom_smoothie::{Config, Readability, TextMode};
use encoding_rs::{Encoding, UTF_8};

use crate::note::rules;

/// Maximum number of characters kept of a page, which is indexed in one transaction.
const MAX_TEXT: usize = 30_000;
/// Maximum number of tags of a page that is parsed.
const MAX_TAGS: usize = 30_000;
/// Elements that only format a text.
const FORMATTING: [&str; 13] =
    ["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// Maximum number of nodes (elements and texts) of a page that is analyzed.
const MAX_NODES: usize = 100_000;
/// Maximum depth of nesting of a page that is analyzed. Real pages stay below 100.
const MAX_DEPTH: usize = 500;
/// Number of bytes at the beginning of a page in which a declared charset is looked for, as browsers do.
const PRESCAN: usize = 1024;

/// Decodes bytes by the charset that the server or the page declares, or else by a guess.
pub(super) fn decode(bytes: &[u8], charset: Option<&str>) -> String {
    let named = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = named.or_else(|| declared(bytes)).unwrap_or_else(|| guess(bytes));
    // A byte order mark takes precedence over all of them.
    let (text, ..) = encoding.decode(bytes);
    text.replace('\0', "\u{fffd}")
}

/// Returns the charset that a page declares, in `<meta charset=…>` or `<meta … content="…; charset=…">`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..PRESCAN).unwrap_or(bytes)).to_ascii_lowercase();
    head.split("<meta").skip(1).find_map(|tag| {
        let tag = tag.split('>').next()?;
        let (_, after) = tag.split_once("charset")?;
        let value = after.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
        let label = value.split(['"', '\'', ';', '/', ' ']).next()?;
        Encoding::for_label(label.as_bytes())
    })
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, chardetng::Utf8Detection::Allow)
}

/// Returns the title and the main text of a page, without menus, advertisements and comments. Both are empty
/// if the page exceeds the limits.
pub(super) fn main_text(html: String, url: &str) -> (String, String) {
    let nothing = (String::new(), String::new());
    let Some(html) = without_formatting(&html) else { return nothing };
    let page = Document::from(html);
    if !is_bearable(&page) {
        return nothing;
    }
    let config = Config { text_mode: TextMode::Formatted, ..Config::default() };
    let article = Readability::with_document(page, Some(url), Some(config)).and_then(|mut page| page.parse());
    article.map_or_else(
        |_no_article| (String::new(), String::new()),
        |article| (article.title, article.text_content.to_string()),
    )
}

/// Removes the tags of bold, italics and the like. Parsing repeats unclosed ones in every later paragraph,
/// which turns kilobytes into gigabytes. Returns `None` if the page has more than [`MAX_TAGS`] other tags,
/// because parsing looks through all open elements at each tag.
fn without_formatting(html: &str) -> Option<String> {
    let mut kept = String::with_capacity(html.len());
    let mut tags = 0;
    let mut pieces = html.split('<');
    kept.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let name = piece.strip_prefix('/').unwrap_or(piece);
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        match piece.split_once('>') {
            Some((_, text)) if FORMATTING.iter().any(|known| known.eq_ignore_ascii_case(name)) => {
                kept.push_str(text);
            }
            _ => {
                tags += usize::from(!name.is_empty());
                kept.push('<');
                kept.push_str(piece);
            }
        }
    }
    (tags <= MAX_TAGS).then_some(kept)
}

/// Returns true if a page is neither so large that its analysis would take long, nor so deep that it would
/// overflow the stack.
fn is_bearable(page: &Document) -> bool {
    let mut depths = HashMap::new();
    page.root().descendants_it().take(MAX_NODES + 1).all(|node| {
        // Parents come before their children.
        let parent = node.parent().and_then(|parent| depths.get(&parent.id).copied()).unwrap_or(0);
        depths.insert(node.id, parent + 1);
        parent < MAX_DEPTH && depths.len() <= MAX_NODES
    })
}

/// Puts a title on one line, and shortens it to the maximum length of a note's title.
pub(crate) fn tidy_title(title: &str) -> String {
    let words: Vec<&str> = title.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(rules::MAX_TITLE).collect()
}

/// Removes control characters, spaces around lines and repeated blank lines, and shortens the text to
/// [`MAX_TEXT`].
pub(crate) fn tidy(text: &str) -> String {
    let mut tidy = String::new();
    let mut blank = false;
    for line in text.lines() {
        let line: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        let line = line.trim();
        if line.is_empty() {
            blank = !tidy.is_empty();
            continue;
        }
        if !tidy.is_empty() {
            tidy.push_str(if blank { "\n\n" } else { "\n" });
        }
        blank = false;
        tidy.push_str(line);
    }
    match tidy.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => tidy.get(..end).unwrap_or_default().to_owned(),
        None => tidy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ARTICLE: &str = include_str!("article.html");

    #[test]
    fn the_main_text_is_taken_out() {
        let (title, text) = main_text(ARTICLE.to_owned(), "https://example.com/a");
        assert!(title.contains("Why sourdough rises"), "{title}");
        for (part, wanted) in [
            ("wild yeast", true),
            ("鲁邦种", true),
            ("Subscribe to our newsletter", false),
            ("alert(", false),
            ("All rights reserved", false),
            ("Sign in", false),
        ] {
            assert_eq!(text.contains(part), wanted, "{part}: {text}");
        }
    }

    #[test]
    fn charsets() {
        let gbk = encoding_rs::GBK.encode("<meta charset=gbk><p>喜欢阅读").0.into_owned();
        assert!(decode(&gbk, None).contains("喜欢阅读"), "the page says it");
        let plain = encoding_rs::GBK.encode("今天读完了《三体》，很喜欢。").0.into_owned();
        assert!(decode(&plain, Some("gb2312")).contains("三体"), "the server says it");
        assert!(decode(&plain, None).contains("三体"), "nobody says it");
        assert_eq!(decode("阅读".as_bytes(), None), "阅读");
        assert_eq!(decode("\u{feff}阅读".as_bytes(), Some("gbk")), "阅读", "the mark says it");
        assert_eq!(decode(b"a\0b", Some("no-such-charset")), "a\u{fffd}b");
        let old = br#"<META http-equiv="Content-Type" content="text/html; charset=big5">"#;
        assert_eq!(declared(old), Some(encoding_rs::BIG5));
    }

    #[test]
    fn hostile_pages_are_read_or_left() {
        for hostile in [
            format!("{}x", "<div>".repeat(400_000)),
            format!("{}x", "<div>".repeat(5_000)),
            format!("<svg>{}", "<path><path/>".repeat(2_000)),
            format!("<body>{}", "<p>a</p>".repeat(60_000)),
            format!("<table>{}", "<tr><td><table>".repeat(1_000)),
        ] {
            assert_eq!(main_text(hostile, "https://a.example/").1, "");
        }
        for odd in [
            format!("<p {}>text</p>", "a=b ".repeat(100_000)),
            format!(
                "<body>{}{}",
                (0..3_000).map(|i| format!("<b c={i}>")).collect::<String>(),
                "<p>x".repeat(3_000)
            ),
            format!("<body>{}", "<p>some words of a text</p>".repeat(3_000)),
            format!("<body>{}", "<a href=x>".repeat(3_000)),
        ] {
            let _ = main_text(odd, "https://a.example/");
        }
    }

    #[test]
    fn texts_are_tidy_and_short() {
        assert_eq!(tidy(" a \n\n\n b\u{7} \nc"), "a\n\nb\nc");
        assert_eq!(tidy(&"长".repeat(MAX_TEXT + 5)).chars().count(), MAX_TEXT);
        assert_eq!(tidy_title(" a\n  b\u{0}"), "a b");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_are_some_text(bytes in proptest::collection::vec(any::<u8>(), 0..400), label in "[a-z0-9-]{0,10}") {
            let text = decode(&bytes, Some(&label));
            let (title, text) = main_text(text, "https://a.example/");
            prop_assert!(!tidy(&text).contains('\0') && !tidy_title(&title).contains('\n'));
        }
    }
}
