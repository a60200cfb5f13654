use super::*;
use proptest::prelude::*;

/// Texts that try to run something or to show something else, separated by lines of `%%%`.
const HOSTILE: &str = include_str!("../../../../tests/pages/hostile.md");

/// Every tag that the renderer may write, with its attributes as they are written.
const TAGS: &[&str] = &[
    "p",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "em",
    "strong",
    "del",
    "code",
    "pre",
    "span",
    "figcaption",
    "figure",
    "a",
    "br",
    "hr",
    "img",
    "input",
];

/// Checks that HTML has no tag, attribute or address outside of the lists.
fn check(html: &str) {
    let mut rest = html;
    let mut depth = 0_i32;
    while let Some(begin) = rest.find('<') {
        let end = begin + rest[begin..].find('>').expect("an open tag");
        let tag = &rest[begin + 1..end];
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        assert!(TAGS.contains(&name), "<{tag}>");
        if !matches!(name, "br" | "hr" | "img" | "input") {
            depth += if tag.starts_with('/') { -1 } else { 1 };
        }
        let attributes = tag.split_once(' ').map_or("", |(_, attributes)| attributes);
        let mut quotes = attributes.split('"');
        while let (Some(name), Some(value)) = (quotes.next(), quotes.next()) {
            let name = name.trim().rsplit(' ').next().unwrap();
            match name {
                "href=" => assert!(
                    ["http://", "https://", "mailto:"].iter().any(|s| value.to_lowercase().starts_with(s)),
                    "{tag}"
                ),
                "src=" => assert!(value.starts_with("/cdn/"), "{tag}"),
                "class=" | "rel=" | "target=" | "type=" | "start=" | "alt=" | "loading=" | "tabindex="
                | "aria-label=" => {}
                other => panic!("attribute {other} in <{tag}>"),
            }
        }
        rest = &rest[end + 1..];
    }
    assert!(!rest.contains('<'));
    assert_eq!(depth, 0, "every element is closed");
}

fn html(text: &str) -> String {
    let html = render(text).to_string();
    check(&html);
    html
}

#[test]
fn hostile_texts_are_texts() {
    let texts: Vec<&str> = HOSTILE.split("\n%%%\n").collect();
    assert!(texts.len() >= 60, "{}", texts.len());
    for text in texts {
        html(text);
    }
    html("a\0b<script\0>alert(1)</script>");
    html(&"[".repeat(1 << 20));
    html(&">".repeat(100_000));
    html(&"* ".repeat(50_000));
    html(&"![".repeat(100_000));
    html(&"**a ".repeat(50_000));
    html(&"`".repeat(200_000));
    html(&format!("|{}\n|{}\n{}", "a|".repeat(2000), "-|".repeat(2000), "|\n".repeat(50_000)));
    html(&format!("[a]: https://x.example/{}\n\n{}", "y".repeat(1900), "[a] ".repeat(20_000)));
}

#[test]
fn the_usual_is_rendered() {
    assert_eq!(
        html("# A\n\n**b** *c* ~~d~~ `e<`"),
        "<h3>A</h3>\n<p><strong>b</strong> <em>c</em> <del>d</del> <code>e&lt;</code></p>\n"
    );
    assert_eq!(
        html("### A\n## B\n### C\n###### D\n# E"),
        "<h3>A</h3>\n<h3>B</h3>\n<h4>C</h4>\n<h5>D</h5>\n<h3>E</h3>\n",
        "no level is skipped"
    );
    assert!(html("|a|b|\n|-|-:|\n|1|2|").contains("<td class=\"right\">2</td>"));
    assert!(html("- [x] a\n- [ ] b").contains("disabled checked"));
    assert!(html("3. a\n4. b").starts_with("<ol start=\"3\">"));
    assert!(html("<b>x</b>").contains("&lt;b&gt;x"));
    assert!(html("a<br>b").contains("a<br>b"));
    let code = html("```rust\nlet a = \"<b>\"; // c\n```");
    assert!(
        code.contains("class=\"language-rust\"") && code.contains("<span class=\"k\">let</span>"),
        "{code}"
    );
    assert!(code.contains("<span class=\"t\">&quot;&lt;b&gt;&quot;</span>"), "{code}");
    assert!(code.contains("<span class=\"c\">// c</span>"), "{code}");
}

#[test]
fn links_lead_to_known_schemes() {
    assert!(
        html("[a](https://b.example)").contains("<a href=\"https://b.example\" rel=\"noopener noreferrer")
    );
    assert!(html("见https://b.example/c_d。").contains("<a href=\"https://b.example/c_d\""));
    assert!(html("(https://b.example/).").contains("\"https://b.example/\""));
    assert!(html("[a](mailto:a@b.example)").contains("mailto:"));
    for address in ["javascript:alert(1)", "/sign-out", "data:text/html,x", "//b.example", "vbscript:x"] {
        let html = html(&format!("[a]({address}) ![b]({address})"));
        assert!(!html.contains("<a") && !html.contains("<img"), "{html}");
    }
}

#[test]
fn pictures_of_other_hosts_are_links() {
    assert!(html("![x](https://b.example/a.png)").contains("<a href=\"https://b.example/a.png\""));
    let key = format!("{}.png", "a".repeat(40));
    assert!(html(&format!("![x](/cdn/{key})")).contains(&format!("<img src=\"/cdn/{key}\" alt=\"x\"")));
    assert!(!html("![x](/cdn/../sign-out)").contains("<img"));
}

#[test]
fn strong_text_touches_chinese_punctuation() {
    assert!(html("**注意：**请看").contains("<strong>注意：</strong>请看"));
    assert!(html("他说**“好”**吗").contains("<strong>“好”</strong>"));
    assert!(!html("**注意：**请看 **“好”**吗").contains("**"));
    assert!(html(r"\*\*a\*\*").contains("**a**"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_has_only_known_tags(text in "[ -~\\n\\t|`*_#>\\[\\]()!<&\"'\\-]{0,200}|.{0,200}") {
        check(&render(&text).to_string());
    }

    #[test]
    fn any_code_keeps_its_text(code in "[ -~\\n]{0,200}", language in "rust|python|sql|html|json|none") {
        let mut out = String::new();
        code::block(&mut out, &language, &code);
        check(&out);
    }
}
