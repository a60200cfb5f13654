//! HTML as Markdown. Scripts, styles and links that run something are left out; nothing remote is fetched.

use dom_query::{Document, NodeRef};

use crate::convert;

/// Maximum depth of elements. Deeper ones are passed over.
const MAX_DEPTH: usize = 200;

/// Converts HTML to Markdown.
pub(crate) fn markdown(html: &str) -> String {
    of_document(&Document::from(html))
}

/// Converts a document.
pub(crate) fn of_document(document: &Document) -> String {
    document.select("body").nodes().first().map(of_node).unwrap_or_default()
}

/// Converts the content of an element.
pub(crate) fn of_node(node: &NodeRef<'_>) -> String {
    let mut writer = Writer::default();
    writer.children(node, 0);
    let text = writer.out;
    // No more than one blank line.
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        let line = line.trim_end();
        if !(line.is_empty() && lines.last().is_none_or(|last| last.is_empty())) {
            lines.push(line);
        }
    }
    lines.join("\n").trim().to_owned()
}

#[derive(Default)]
struct Writer {
    out: String,
    /// The lists around, each with the number of its next item if it is ordered.
    lists: Vec<Option<u64>>,
    is_pre: bool,
}

impl Writer {
    fn children(&mut self, node: &NodeRef<'_>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for child in node.children_it(false) {
            self.node(&child, depth + 1);
        }
    }

    fn node(&mut self, node: &NodeRef<'_>, depth: usize) {
        if node.is_text() {
            return self.text(&node.text());
        }
        let Some(name) = node.node_name() else { return };
        match &*name {
            "script" | "style" | "head" | "template" | "noscript" | "iframe" | "object" | "svg" => {}
            "br" => self.out.push('\n'),
            "hr" => self.block("---"),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = name.bytes().nth(1).map_or(1, |digit| usize::from(digit.saturating_sub(b'0')));
                self.gap();
                self.out.push_str(&format!("{} ", "#".repeat(level)));
                self.children(node, depth);
                self.gap();
            }
            "p" | "div" | "section" | "article" | "header" | "footer" | "table" | "figure" | "en-note" => {
                self.line();
                self.children(node, depth);
                if &*name == "p" { self.gap() } else { self.line() }
            }
            "tr" => {
                self.line();
                self.children(node, depth);
                self.line();
            }
            "td" | "th" => {
                self.children(node, depth);
                self.out.push_str(" | ");
            }
            "ul" | "ol" => {
                self.line();
                self.lists.push((&*name == "ol").then_some(1));
                self.children(node, depth);
                self.lists.pop();
                self.line();
            }
            "li" => self.item(node, depth),
            "blockquote" => self.quote(node, depth),
            "pre" => {
                self.gap();
                self.out.push_str("```\n");
                self.is_pre = true;
                self.children(node, depth);
                self.is_pre = false;
                self.line();
                self.out.push_str("```\n\n");
            }
            "strong" | "b" => self.around("**", node, depth),
            "em" | "i" => self.around("*", node, depth),
            "del" | "s" | "strike" => self.around("~~", node, depth),
            "code" if !self.is_pre => self.around("`", node, depth),
            "a" => self.link(node, depth),
            "img" => self.image(node),
            "input" if node.attr("type").is_some_and(|kind| &*kind == "checkbox") => {
                self.check(node.has_attr("checked"));
            }
            "en-todo" => {
                let is_checked = node.attr("checked").is_some_and(|checked| &*checked == "true");
                self.check(is_checked);
                self.children(node, depth);
            }
            "en-media" => {
                let name = node.attr("type").map(|kind| kind.to_string()).unwrap_or_default();
                self.out.push_str(&convert::attachment(&name));
            }
            "card" => self.card(node),
            _ => self.children(node, depth),
        }
    }

    fn text(&mut self, text: &str) {
        if self.is_pre {
            self.out.push_str(text);
            return;
        }
        let mut is_blank = self.out.is_empty() || self.out.ends_with([' ', '\n']);
        for c in text.chars() {
            if c.is_whitespace() && c != '\u{a0}' {
                if !is_blank {
                    self.out.push(' ');
                }
                is_blank = true;
            } else {
                self.out.push(if c == '\u{a0}' { ' ' } else { c });
                is_blank = false;
            }
        }
    }

    /// Begins a line.
    fn line(&mut self) {
        let is_marked = self.out.ends_with("- ") || self.out.ends_with(". ") || self.out.ends_with("] ");
        if !self.out.is_empty() && !self.out.ends_with('\n') && !is_marked {
            self.out.push('\n');
        }
    }

    /// Begins a paragraph.
    fn gap(&mut self) {
        self.line();
        if self.lists.is_empty() && !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn block(&mut self, text: &str) {
        self.gap();
        self.out.push_str(text);
        self.out.push_str("\n\n");
    }

    fn item(&mut self, node: &NodeRef<'_>, depth: usize) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(20));
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        };
        self.out.push_str(&indent);
        self.out.push_str(&mark);
        self.children(node, depth);
        self.line();
    }

    fn quote(&mut self, node: &NodeRef<'_>, depth: usize) {
        self.gap();
        let outer = std::mem::take(&mut self.out);
        self.children(node, depth);
        let inner = std::mem::replace(&mut self.out, outer);
        for line in inner.trim().lines() {
            self.out.push_str(&format!("> {line}\n"));
        }
        self.gap();
    }

    fn around(&mut self, mark: &str, node: &NodeRef<'_>, depth: usize) {
        let outer = std::mem::take(&mut self.out);
        self.children(node, depth);
        let inner = std::mem::replace(&mut self.out, outer);
        let plain = inner.trim();
        if plain.is_empty() || plain.contains('\n') {
            self.out.push_str(&inner);
        } else {
            self.out.push_str(&format!("{mark}{plain}{mark}"));
            if inner.ends_with(' ') {
                self.out.push(' ');
            }
        }
    }

    fn link(&mut self, node: &NodeRef<'_>, depth: usize) {
        let target = node.attr("href").map(|target| target.to_string()).unwrap_or_default();
        let outer = std::mem::take(&mut self.out);
        self.children(node, depth);
        let inner = std::mem::replace(&mut self.out, outer);
        let is_web =
            target.starts_with("http://") || target.starts_with("https://") || target.starts_with("mailto:");
        match inner.trim() {
            "" => {}
            text if !is_web => self.out.push_str(text),
            text if text == target => self.out.push_str(text),
            text => self.out.push_str(&format!("[{}]({target})", text.replace('\n', " "))),
        }
    }

    fn image(&mut self, node: &NodeRef<'_>) {
        let source = node.attr("src").map(|source| source.to_string()).unwrap_or_default();
        let name = node.attr("alt").map(|name| name.to_string()).filter(|name| !name.trim().is_empty());
        if source.starts_with("http://") || source.starts_with("https://") {
            self.out.push_str(&format!("![{}]({source})", name.unwrap_or_default()));
            return;
        }
        let file = source.rsplit('/').next().filter(|_| !source.starts_with("data:")).unwrap_or_default();
        let name = name.unwrap_or_else(|| if file.is_empty() { "image".to_owned() } else { file.to_owned() });
        self.out.push_str(&convert::attachment(&name));
    }

    fn check(&mut self, is_checked: bool) {
        let mark = if is_checked { "[x] " } else { "[ ] " };
        if self.out.ends_with("- ") {
            self.out.push_str(mark);
        } else {
            self.line();
            self.out.push_str(&format!("- {mark}"));
        }
    }

    /// Writes a card of 语雀: its value is JSON, percent-encoded.
    fn card(&mut self, node: &NodeRef<'_>) {
        let value = node.attr("value").map(|value| value.to_string()).unwrap_or_default();
        let value = value.strip_prefix("data:").unwrap_or(&value);
        let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        let Ok(value) = serde_json::from_str::<serde_json::Value>(&value) else { return };
        let member = |name: &str| value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let (source, code) = (member("src"), member("code"));
        if !code.is_empty() {
            self.block(&format!("```{}\n{code}\n```", member("mode")));
        } else if source.starts_with("http") {
            let mark = if node.attr("name").is_some_and(|name| &*name == "image") { "!" } else { "" };
            self.out.push_str(&format!("{mark}[{}]({source})", member("name")));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn html_becomes_markdown() {
        for (html, expected) in [
            ("<p>#读书 好<ul><li>one<li>二</ul>", "#读书 好\n\n- one\n- 二"),
            ("<h1>清单</h1><ul><li>milk</li></ul>", "# 清单\n\n- milk"),
            ("<p>a <b>b</b> <a href='https://a.example'>c</a></p>", "a **b** [c](https://a.example)"),
            ("<a href='javascript:x()'>c</a><script>x()</script>", "c"),
            ("<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>", "1. a\n  - b\n2. c"),
            ("<blockquote>a<br>b</blockquote>", "> a\n> b"),
            ("<pre><code>x\n  y</code></pre>", "```\nx\n  y\n```"),
            ("<img src='data:image/png;base64,xx' alt='图'>", "[附件 / file: 图]"),
            ("<en-todo checked=\"true\"></en-todo>Blood", "- [x] Blood"),
        ] {
            assert_eq!(markdown(html), expected, "{html}");
        }
        let deep = "<div>".repeat(5000);
        assert_eq!(markdown(&deep), "");
    }

    proptest! {
        #[test]
        fn any_html_is_converted(html in "(<[a-z/]{1,6}>|<li|[a-z字 \"=]|&[a-z]{2,4};){0,60}") {
            let _ = markdown(&html);
        }
    }
}
