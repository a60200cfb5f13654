//! Extraction of the main text of a page. No I/O.

use std::collections::HashMap;

use dom_query::Document;
use dom_smoothie::{Config, Readability, TextMode};

use super::{linked_data, weight};
use crate::note::rules;

/// Maximum number of characters kept of a page, which is indexed in one transaction.
const MAX_TEXT: usize = 30_000;
/// Maximum number of tags of a page that is parsed.
const MAX_TAGS: usize = 30_000;
/// Elements that only format a text.
const FORMATTING: [&str; 13] =
    ["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// Elements whose content is for browsers without scripts, or is put in its place by scripts.
const SET_ASIDE: [&str; 2] = ["noscript", "template"];
/// Number of characters from which on such content is a text, and no request to switch scripts on.
const LONG: usize = 200;
/// Maximum number of nodes (elements and texts) of a page that is analyzed.
const MAX_NODES: usize = 100_000;
/// Maximum depth of nesting of a page that is analyzed. Real pages stay below 100.
const MAX_DEPTH: usize = 500;
/// Factor by which an article in JSON-LD must be longer than the visible text to replace it.
const LONGER: usize = 2;

/// Returns the title and the main text of a page, without menus, advertisements and comments. Both are empty
/// if the page exceeds the limits. The text is empty if there is next to none beside menus.
///
/// Includes text that scripts would reveal if it is most of the page, an article that is only in JSON-LD,
/// and, if there is no other text, that of `noscript` and `template`.
pub(super) fn main_text(html: &str, url: &str) -> (String, String) {
    let (title, text) = shown(html, url, &[]);
    if text.trim().is_empty() && SET_ASIDE.iter().any(|name| html.contains(&format!("<{name}"))) {
        let (its_title, set_aside) = shown(html, url, &SET_ASIDE);
        if length(&set_aside) >= LONG {
            return (its_title, set_aside);
        }
    }
    (title, text)
}

/// Returns the number of characters of a text, without white space.
fn length(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// Returns the title and the main text of a page in which elements of these names are plain ones.
fn shown(html: &str, url: &str, plain: &[&str]) -> (String, String) {
    let nothing = (String::new(), String::new());
    let Some(html) = without_tags(html, plain) else { return nothing };
    let page = Document::from(html);
    if !is_bearable(&page) {
        return nothing;
    }
    let told = linked_data::article(&page);
    let is_thin = weight::reveal(&page).is_thin();
    let config = Config { text_mode: TextMode::Formatted, ..Config::default() };
    let article = Readability::with_document(page, Some(url), Some(config)).and_then(|mut page| page.parse());
    let (title, text) = article
        .map_or_else(|_no_article| nothing, |article| (article.title, article.text_content.to_string()));
    let text = if is_thin { String::new() } else { text };
    match told {
        Some(told) if length(&told.body) > length(&text).saturating_mul(LONGER) => {
            (if title.trim().is_empty() { told.title } else { title }, told.body)
        }
        _ => (title, text),
    }
}

/// Removes the tags of bold, italics and the like, and makes elements of other names plain ones. Parsing
/// repeats unclosed formatting in every later paragraph, which turns kilobytes into gigabytes. Returns `None`
/// if the page has more than [`MAX_TAGS`] other tags, because parsing looks through all open elements at each
/// tag.
fn without_tags(html: &str, names: &[&str]) -> Option<String> {
    let mut kept = String::with_capacity(html.len());
    let mut tags = 0;
    let is_in = |names: &[&str], name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut pieces = html.split('<');
    kept.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let name = piece.strip_prefix('/').unwrap_or(piece);
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        match piece.split_once('>') {
            Some((_, text)) if is_in(&FORMATTING, name) => kept.push_str(text),
            Some((_, text)) if is_in(names, name) => {
                tags += 1;
                kept.push_str(if piece.starts_with('/') { "</div>" } else { "<div>" });
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
        let (title, text) = main_text(ARTICLE, "https://example.com/a");
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
    fn hostile_pages_are_read_or_left() {
        for hostile in [
            format!("{}x", "<div>".repeat(400_000)),
            format!("{}x", "<div>".repeat(5_000)),
            format!("<svg>{}", "<path><path/>".repeat(2_000)),
            format!("<body>{}", "<p>a</p>".repeat(60_000)),
            format!("<table>{}", "<tr><td><table>".repeat(1_000)),
        ] {
            assert_eq!(main_text(&hostile, "https://a.example/").1, "");
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
            let _ = main_text(&odd, "https://a.example/");
        }
    }

    #[test]
    fn what_is_hidden_until_scripts_run_is_found() {
        let text = "很久以前有一座山，山上有一座庙，庙里有一个老和尚在讲故事。".repeat(20);
        let menu = "<nav><a href=/>首页</a> <a href=/n>新闻</a> <a href=/l>登录</a></nav>";
        for article in [
            format!("<div style='visibility:hidden'><p>{text}</p></div>"),
            format!("<article hidden><p>{text}</p></article>"),
            format!("<div aria-hidden=TRUE><section><p>{text}</p></section></div>"),
            format!("<div style='OPACITY : 0 !important'><p>{text}</p></div>"),
            format!("<div style='display:none'><div style='visibility:hidden'><p>{text}</p></div></div>"),
            format!("<div id=app></div><noscript><p>{text}</p></noscript>"),
            format!("<my-page><template shadowrootmode=open><p>{text}</p></template></my-page>"),
            format!(
                "<div id=root></div><script type='application/ld+json'>[{{\"@graph\":[{{\"articleBody\":\
                     \"{text}\"}}]}}]</script>"
            ),
            format!(
                "<div id=root></div><script type='application/ld+json; charset=utf-8'>{{\"@type\":\
                     \"BlogPosting\",\"articleBody\":\"{text}\"}}</script>"
            ),
        ] {
            let page = format!("<title>一座山</title><body>{menu}{article}</body>");
            let (title, found) = main_text(&page, "https://a.example/");
            assert!(found.contains(&text), "{article}: {found}");
            assert_eq!(title, "一座山", "{article}");
        }
        let veiled = format!("<html style='visibility:hidden'><body style='opacity:0'>{menu}<p>{text}</p>");
        assert!(main_text(&veiled, "https://a.example/").1.contains(&text));
        // A request to switch scripts on is no text of the page.
        for nothing in [
            "<noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div>",
            "<template><li><a></a></li></template>",
        ] {
            assert_eq!(main_text(&format!("{menu}{nothing}"), "https://a.example/").1, "", "{nothing}");
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
        fn any_bytes_are_some_text(
            bytes in proptest::collection::vec(any::<u8>(), 0..400), label in "[a-z0-9-]{0,10}",
        ) {
            let text = crate::note::page::charset::decode(&bytes, Some(&label));
            let (title, text) = main_text(&text, "https://a.example/");
            prop_assert!(!tidy(&text).contains('\0') && !tidy_title(&title).contains('\n'));
        }
    }
}
