//! Markdown as HTML with a closed list of tags. The texts come from models and from other people, so nothing
//! in them is trusted.
//!
//! - HTML in a text is shown as text.
//! - Links lead to `http`, `https` and `mailto` addresses only.
//! - Pictures are shown if this server has them as files; others become links.
//! - Headings begin at the third level, below those of the page, and none skips a level.

mod code;
mod inline;

use std::fmt;

use askama::filters::HtmlSafe;
use pulldown_cmark::{
    Alignment, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd, TextMergeStream,
};

/// Maximum number of bytes that are read as Markdown. The rest is shown as it is.
const MAX_TEXT: usize = 256 * 1024;
/// Maximum number of bytes of HTML. A short text can ask for very large tables.
const MAX_HTML: usize = 4 * 1024 * 1024;
/// Maximum number of nested blocks. Deeper ones are shown at this level.
const MAX_DEPTH: usize = 24;
/// A text rendered as HTML.
#[derive(Debug, Clone, Default)]
pub(crate) struct Markdown(String);

/// The renderer writes only tags of its own, and escapes all text.
impl HtmlSafe for Markdown {}

impl fmt::Display for Markdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Renders a text.
pub(crate) fn render(text: &str) -> Markdown {
    let (begin, rest) = split(text);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut writer = Writer::default();
    for event in TextMergeStream::new(Parser::new_ext(begin, options)) {
        if writer.out.len() > MAX_HTML {
            break;
        }
        writer.event(event);
    }
    writer.close();
    if !rest.is_empty() {
        writer.out.push_str("<pre>");
        inline::escape(&mut writer.out, rest);
        writer.out.push_str("</pre>");
    }
    Markdown(writer.out)
}

/// Divides a text into what is read as Markdown, and the rest.
fn split(text: &str) -> (&str, &str) {
    if text.len() <= MAX_TEXT {
        return (text, "");
    }
    let mut end = MAX_TEXT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.split_at(end)
}

/// Text that is collected before it is written.
enum Collected {
    /// A code block, with its language.
    Code { language: String, text: String },
    /// The description of a picture, with its address.
    Picture { address: String, text: String },
}

/// Writes the HTML of a stream of events.
#[derive(Default)]
struct Writer {
    out: String,
    /// The tags to be closed, innermost last. `None` for an element that was left out.
    open: Vec<Option<&'static str>>,
    collected: Option<Collected>,
    /// True inside of a link, where no other link may begin.
    is_link: bool,
    /// The levels in the text of the headings above the present place.
    headings: Vec<HeadingLevel>,
    columns: Vec<Alignment>,
    column: usize,
    is_head: bool,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) => self.text(&text),
            Event::InlineHtml(text) if self.collected.is_none() && inline::is_break(&text) => {
                self.out.push_str("<br>");
            }
            Event::InlineHtml(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.text(&text),
            Event::FootnoteReference(text) => self.text(&text),
            Event::Code(text) if self.collected.is_some() => self.text(&text),
            Event::Code(text) => {
                self.out.push_str("<code>");
                inline::escape(&mut self.out, &text);
                self.out.push_str("</code>");
            }
            Event::SoftBreak => self.text("\n"),
            Event::HardBreak if self.collected.is_some() => self.text("\n"),
            Event::HardBreak => self.out.push_str("<br>\n"),
            Event::Rule => self.out.push_str("<hr>\n"),
            Event::TaskListMarker(is_done) => self.task(is_done),
        }
    }

    fn text(&mut self, text: &str) {
        match &mut self.collected {
            Some(Collected::Code { text: code, .. } | Collected::Picture { text: code, .. }) => {
                code.push_str(text);
            }
            None if self.is_link => inline::escape(&mut self.out, text),
            None => inline::text(&mut self.out, text),
        }
    }

    /// Opens an element, unless too many are open.
    fn push(&mut self, tag: &'static str) {
        let is_shown = self.open.len() < MAX_DEPTH;
        if is_shown {
            self.out.push('<');
            self.out.push_str(tag);
            self.out.push('>');
        }
        self.open.push(is_shown.then_some(tag));
    }

    /// Leaves an element out, but not its content.
    fn skip(&mut self) {
        self.open.push(None);
    }

    fn pop(&mut self) {
        if let Some(Some(tag)) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(tag);
            self.out.push('>');
            if !matches!(tag, "em" | "strong" | "del" | "a") {
                self.out.push('\n');
            }
        }
    }

    fn close(&mut self) {
        self.finish_collected();
        while !self.open.is_empty() {
            self.pop();
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.push("p"),
            Tag::Heading { level, .. } => self.heading(level),
            Tag::BlockQuote(_) => self.push("blockquote"),
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => code::language(&info),
                    CodeBlockKind::Indented => String::new(),
                };
                self.collected = Some(Collected::Code { language, text: String::new() });
            }
            Tag::List(None) => self.push("ul"),
            Tag::List(Some(first)) => self.numbered(first),
            Tag::Item => self.push("li"),
            Tag::Table(columns) => {
                self.columns = columns;
                self.push("table");
            }
            Tag::TableHead => {
                (self.is_head, self.column) = (true, 0);
                self.push("thead");
                self.push("tr");
            }
            Tag::TableRow => {
                self.column = 0;
                self.push("tr");
            }
            Tag::TableCell => self.cell(),
            Tag::Emphasis => self.push("em"),
            Tag::Strong => self.push("strong"),
            Tag::Strikethrough => self.push("del"),
            Tag::Link { dest_url, .. } => self.link(&dest_url),
            Tag::Image { dest_url, .. } => {
                let address = dest_url.into_string();
                self.collected = Some(Collected::Picture { address, text: String::new() });
            }
            // Extensions that are switched off.
            _ => self.skip(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::CodeBlock | TagEnd::Image => self.finish_collected(),
            TagEnd::TableHead => {
                self.is_head = false;
                self.pop();
                self.pop();
                self.push("tbody");
            }
            TagEnd::Table => {
                self.pop();
                self.pop();
            }
            TagEnd::Link => {
                self.is_link = false;
                self.pop();
            }
            _ => self.pop(),
        }
    }

    fn heading(&mut self, level: HeadingLevel) {
        while self.headings.last().is_some_and(|above| *above >= level) {
            self.headings.pop();
        }
        self.headings.push(level);
        self.push(match self.headings.len() {
            1 => "h3",
            2 => "h4",
            3 => "h5",
            _ => "h6",
        });
    }

    fn numbered(&mut self, first: u64) {
        if first == 1 || self.open.len() >= MAX_DEPTH {
            return self.push("ol");
        }
        self.out.push_str(&format!("<ol start=\"{first}\">"));
        self.open.push(Some("ol"));
    }

    fn cell(&mut self) {
        let tag = if self.is_head { "th" } else { "td" };
        let class = match self.columns.get(self.column) {
            Some(Alignment::Center) => " class=\"center\"",
            Some(Alignment::Right) => " class=\"right\"",
            _ => "",
        };
        self.column += 1;
        if class.is_empty() || self.open.len() >= MAX_DEPTH {
            return self.push(tag);
        }
        self.out.push_str(&format!("<{tag}{class}>"));
        self.open.push(Some(tag));
    }

    fn link(&mut self, address: &str) {
        if self.is_link || !inline::is_link(address) {
            return self.skip();
        }
        self.is_link = true;
        inline::open_link(&mut self.out, address);
        self.open.push(Some("a"));
    }

    fn task(&mut self, is_done: bool) {
        let checked = if is_done { " checked aria-label=\"[x]\"" } else { " aria-label=\"[ ]\"" };
        self.out.push_str(&format!("<input type=\"checkbox\" disabled{checked}> "));
    }

    /// Writes the code block or picture whose text was collected.
    fn finish_collected(&mut self) {
        match self.collected.take() {
            None => {}
            Some(Collected::Code { language, text }) => code::block(&mut self.out, &language, &text),
            Some(Collected::Picture { address, text }) => {
                inline::picture(&mut self.out, &address, &text, self.is_link);
            }
        }
    }
}

#[cfg(test)]
mod tests;
