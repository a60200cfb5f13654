//! Text, links and pictures within a line.

use memory::file::Kind;

/// The path of files on this server.
const FILES: &str = "/cdn/";
/// Maximum length of an address in bytes.
const MAX_ADDRESS: usize = 2000;

/// Appends a text with the characters escaped that have a meaning in HTML. Characters that change the
/// direction of the text around them are left out: they can show an address as another.
pub(super) fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\0' => out.push('\u{fffd}'),
            c if is_direction(c) => {}
            c => out.push(c),
        }
    }
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns true for `<br>` in its spellings, which models write into cells of tables.
pub(super) fn is_break(html: &str) -> bool {
    matches!(html.to_ascii_lowercase().as_str(), "<br>" | "<br/>" | "<br />")
}

/// Returns true if a link may lead to an address.
pub(super) fn is_link(address: &str) -> bool {
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !is_direction(c);
    if address.len() > MAX_ADDRESS || !address.chars().all(is_plain) {
        return false;
    }
    ["https://", "http://", "mailto:"].iter().any(|scheme| {
        let begin = address.get(..scheme.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)) && address.len() > scheme.len()
    })
}

/// Appends the opening tag of a link. The address must be one that [`is_link`] accepts.
pub(super) fn open_link(out: &mut String, address: &str) {
    out.push_str("<a href=\"");
    escape(out, address);
    let is_mail = address.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    out.push_str(if is_mail { "\" rel=\"noopener nofollow\">" } else { LINK_END });
}

const LINK_END: &str = "\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">";

/// Appends a picture that this server has, or a link to another.
pub(super) fn picture(out: &mut String, address: &str, text: &str, is_in_link: bool) {
    if let Some(key) = address.strip_prefix(FILES).filter(|key| is_picture(key)) {
        out.push_str("<img src=\"/cdn/");
        escape(out, key);
        out.push_str("\" alt=\"");
        escape(out, text);
        out.push_str("\" loading=\"lazy\">");
        return;
    }
    let label = if text.trim().is_empty() { address } else { text };
    if is_in_link || !is_link(address) {
        return escape(out, label);
    }
    open_link(out, address);
    escape(out, label);
    out.push_str("</a>");
}

fn is_picture(key: &str) -> bool {
    Kind::of_key(key).is_some_and(|kind| kind.media_type().starts_with("image/"))
}

/// Appends a text. Addresses in it become links. Pairs of `**` become strong text: the rules of Markdown
/// leave them as they are where a word in Chinese touches punctuation.
pub(super) fn text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(begin) = rest.find("**") {
        let inner = rest.get(begin + 2..).unwrap_or_default();
        let Some(length) = inner.find("**") else { break };
        let (strong, after) = (inner.get(..length).unwrap_or_default(), inner.get(length + 2..));
        if !is_strong(strong) {
            linked(out, rest.get(..begin + 2).unwrap_or_default());
            rest = inner;
            continue;
        }
        linked(out, rest.get(..begin).unwrap_or_default());
        out.push_str("<strong>");
        linked(out, strong);
        out.push_str("</strong>");
        rest = after.unwrap_or_default();
    }
    linked(out, rest);
}

/// Returns true for a text between two `**` that touches them with punctuation other than ASCII.
fn is_strong(text: &str) -> bool {
    let (first, last) = (text.chars().next(), text.chars().next_back());
    let (Some(first), Some(last)) = (first, last) else { return false };
    let is_mark = |c: char| !c.is_ascii() && !c.is_alphanumeric();
    !first.is_whitespace()
        && !last.is_whitespace()
        && !text.contains('\n')
        && (is_mark(first) || is_mark(last))
}

/// Appends a text with its addresses as links.
fn linked(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(begin) = address(rest) {
        let (before, from) = rest.split_at(begin);
        let address = trimmed(from.split(ends_address).next().unwrap_or_default());
        escape(out, before);
        if is_link(address) {
            open_link(out, address);
            escape(out, address);
            out.push_str("</a>");
        } else {
            escape(out, address);
        }
        // An address has at least its scheme, so this goes forward.
        rest = from.get(address.len()..).unwrap_or_default();
    }
    escape(out, rest);
}

/// Returns the position of the next address in a text.
fn address(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find("http") {
        let begin = from + found;
        let here = text.get(begin..)?;
        let is_word = text.get(..begin)?.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric());
        if !is_word && (here.starts_with("http://") || here.starts_with("https://")) {
            return Some(begin);
        }
        from = begin + 4;
    }
    None
}

/// Returns true for a character that cannot be part of an address in a text.
fn ends_address(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || is_direction(c)
        || matches!(c, '<' | '>' | '"' | '\'' | '`' | '|' | '\\' | '^' | '{' | '}' | '*')
        || matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' | '\u{2018}'..='\u{201f}')
}

/// Removes punctuation at the end of an address, which belongs to the sentence.
fn trimmed(address: &str) -> &str {
    let mut address = address;
    loop {
        let is_open = address.matches('(').count() >= address.matches(')').count();
        let shorter = match address.chars().next_back() {
            Some('.' | ',' | ';' | ':' | '!' | '?') => address.get(..address.len() - 1),
            Some(')') if !is_open => address.get(..address.len() - 1),
            _ => None,
        };
        match shorter {
            Some(shorter) if shorter.len() > 7 => address = shorter,
            _ => return address,
        }
    }
}
