//! Fuzz target: linked pages.

use proptest::prelude::*;

use super::charset::decode;
use super::extract::{main_text, tidy, tidy_title};

const PAGES: &[&[u8]] = &[
    b"<!doctype html><html><head><meta charset=utf-8><title>A \
        title</title></head><body><nav>Menu</nav><article><h1>A title</h1><p>Some words of a text that is \
        long enough to be one.</p><p>More <b>words</b> &amp; entities &#x1f600;</p></article></body></html>",
    b"<meta http-equiv=Content-Type content='text/html; \
        charset=gbk'><table><tr><td><p>x<svg><path/></svg><script>alert(1)</script>",
    b"<body><p a=b c><b><i><font><p>y</b></i></font><template><p>z</template><noscript><p>n</noscript>",
];

proptest! {
    // Parsing a page costs milliseconds in a build without optimization.
    #![proptest_config(fuzz::config())]

    #[test]
    fn any_page_is_some_text_without_markup(bytes in fuzz::bytes(PAGES), label in "[a-z0-9-]{0,10}") {
        let html = fuzz::timed(|| decode(&bytes, Some(&label)));
        prop_assert!(!html.contains('\0'));
        let (title, text) = fuzz::timed(|| main_text(&html, "https://a.example/"));
        let (title, text) = (tidy_title(&title), tidy(&text));
        prop_assert!(title.chars().count() <= 200 && !title.contains('\n'));
        prop_assert!(text.chars().count() <= 30_000);
        prop_assert!(text.len() <= html.len() * 4 + 100, "nothing is made up");
    }
}

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn any_bytes_are_text(bytes in fuzz::bytes(PAGES), label in "[a-zA-Z0-9-]{0,12}") {
        let text = fuzz::timed(|| decode(&bytes, Some(&label)));
        prop_assert!(text.len() <= bytes.len() * 6 && !text.contains('\0'));
        let once = tidy(&text);
        prop_assert_eq!(tidy(&once), once, "tidied twice is tidied once");
    }
}
