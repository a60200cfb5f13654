//! Reading of Markdown files: title, times and text of a note. No I/O.

mod front;

use store::Zone;

use super::time;

/// Number of hexadecimal digits that Notion appends to names of pages.
const NOTION_ID: usize = 32;
/// Maximum number of tags.
const MAX_TAGS: usize = 50;

/// Names of members of a front matter, in lower case and without punctuation.
const CREATED: &[&str] = &[
    "created",
    "date",
    "createdat",
    "createtime",
    "createdtime",
    "creationdate",
    "datecreated",
    "pubdate",
    "published",
    "publishdate",
    "publishedat",
    "time",
    "创建时间",
    "创建日期",
    "发布时间",
    "日期",
    "时间",
];
const UPDATED: &[&str] = &[
    "updated",
    "modified",
    "updatedat",
    "updatetime",
    "lastmod",
    "lastmodified",
    "datemodified",
    "dateupdated",
    "更新时间",
    "修改时间",
];

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note {
    /// The title.
    pub title: String,
    /// The text without its front matter.
    pub text: String,
    /// The time at which it was written, in milliseconds since 1970.
    pub created: Option<i64>,
    /// The time of its last change.
    pub updated: Option<i64>,
    /// A warning about a time that was not understood.
    pub doubt: Option<String>,
}

/// Reads a file. `name` is its name without the ending.
pub fn read(text: &str, name: &str, zone: &Zone) -> Note {
    let (front, body) = front::split(text);
    let name = without_id(name);
    let mut note = Note { text: body.to_owned(), ..Note::default() };
    let mut tags = Vec::new();
    for (key, values) in front {
        let first = values.first().map(String::as_str).unwrap_or_default();
        let key: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        match key.as_str() {
            "title" | "标题" if note.title.is_empty() => note.title = first.to_owned(),
            key if CREATED.contains(&key) => take_time(first, zone, &mut note.created, &mut note.doubt),
            key if UPDATED.contains(&key) => take_time(first, zone, &mut note.updated, &mut note.doubt),
            "tags" | "tag" | "keywords" | "标签" => tags.extend(values),
            _ => {}
        }
    }
    if note.title.is_empty() {
        note.title = heading(body).map_or_else(|| name.to_owned(), |title| unmarked(&title));
    }
    note.created = note
        .created
        .or_else(|| time::of_text(day(name), zone).filter(|_| name.len() >= 8 && !is_digits(name, 8)));
    if !tags.is_empty() {
        note.text = with_tags(&note.text, &tags);
    }
    note
}

/// Returns the date at the beginning of a name, such as `2024-01-05 Reading`, or else the name.
fn day(name: &str) -> &str {
    const DATE: &[u8] = b"dddd-dd-dd";
    let is_date = |start: &str| {
        start.bytes().zip(DATE).all(|(byte, kind)| match kind {
            b'd' => byte.is_ascii_digit(),
            _ => matches!(byte, b'-' | b'_' | b'.'),
        })
    };
    let split = name.get(..DATE.len()).zip(name.get(DATE.len()..));
    match split {
        Some((start, rest)) if is_date(start) && rest.starts_with(['-', '_', ' ']) => start,
        _ => name,
    }
}

/// Returns `true` if a name is a number that is not a date.
fn is_digits(name: &str, date: usize) -> bool {
    name.len() != date && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn take_time(text: &str, zone: &Zone, into: &mut Option<i64>, doubt: &mut Option<String>) {
    if into.is_some() || text.is_empty() {
        return;
    }
    *into = time::of_text(text, zone);
    if into.is_none() {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        *doubt = Some(format!("{shown} is no time; taken without"));
    }
}

/// Appends tags to a text, so that a search finds them.
fn with_tags(text: &str, tags: &[String]) -> String {
    let split = |tag: &String| -> Vec<String> {
        tag.split([',', '，']).map(|tag| tag.trim().trim_start_matches('#').replace(' ', "-")).collect()
    };
    let mut line: Vec<String> = Vec::new();
    for tag in tags.iter().flat_map(split).filter(|tag| !tag.is_empty()) {
        let tag = format!("#{tag}");
        if !line.contains(&tag) && line.len() < MAX_TAGS {
            line.push(tag);
        }
    }
    let text = text.trim_end();
    if line.is_empty() || text.is_empty() {
        text.to_owned() + &line.join(" ")
    } else {
        format!("{text}\n\n{}", line.join(" "))
    }
}

/// Returns the first heading of level 1 outside of code and comments.
fn heading(text: &str) -> Option<String> {
    let mut fence: Option<(char, usize)> = None;
    let (mut is_comment, mut is_math) = (false, false);
    let mut before = "";
    for line in text.lines() {
        let indented = line.len() - line.trim_start_matches(' ').len() > 3 || line.starts_with('\t');
        let plain = line.trim();
        if let Some((mark, count)) = fence {
            let closes = plain.chars().all(|c| c == mark) && plain.chars().count() >= count;
            fence = if closes { None } else { fence };
            continue;
        }
        if is_comment {
            is_comment = !line.contains("-->");
            continue;
        }
        if let Some(at) = line.find("<!--") {
            is_comment = !line.get(at..).unwrap_or_default().contains("-->");
            before = "";
            continue;
        }
        if is_math || plain == "$$" {
            is_math ^= plain == "$$" || plain.ends_with("$$");
            before = "";
            continue;
        }
        if let Some(title) = element(plain) {
            return Some(title.to_owned());
        }
        if !indented && let Some(opened) = opens(plain) {
            (fence, before) = (Some(opened), "");
            continue;
        }
        if !indented && !before.is_empty() && plain.len() >= 2 && plain.bytes().all(|byte| byte == b'=') {
            return Some(before.to_owned());
        }
        if let Some(title) = plain.strip_prefix('#').filter(|rest| !indented && rest.starts_with([' ', '\t']))
        {
            let title = title.trim();
            let open = title.trim_end_matches('#');
            // `# C#` keeps its mark, `# title #` does not.
            let title = if open.is_empty() || open.ends_with([' ', '\t']) { open.trim_end() } else { title };
            if !title.is_empty() {
                return Some(title.to_owned());
            }
        }
        let is_paragraph = !indented && !plain.starts_with(['#', '>', '-', '*', '+', '|']);
        before = if is_paragraph { plain } else { "" };
    }
    None
}

/// Returns the text of a line that is a heading in HTML.
fn element(line: &str) -> Option<&str> {
    let inside = line.strip_prefix("<h1")?.strip_suffix("</h1>")?;
    let (_, text) = inside.split_once('>')?;
    (!text.contains('<') && !text.trim().is_empty()).then(|| text.trim())
}

/// Returns a heading without its marks: emphasis, code, links, an anchor, escapes.
fn unmarked(title: &str) -> String {
    let title = match title.rfind("{#").map(|at| title.split_at(at)) {
        Some((text, anchor)) if anchor.ends_with('}') && !text.trim().is_empty() => text.trim_end(),
        _ => title,
    };
    let mut plain = String::with_capacity(title.len());
    let mut rest = title;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\\' if after.starts_with(|next: char| next.is_ascii_punctuation()) => {
                let next = after.chars().next().unwrap_or_default();
                plain.push(next);
                rest = after.get(next.len_utf8()..).unwrap_or_default();
                continue;
            }
            '[' => {
                if let Some((text, more)) = link(after) {
                    plain.push_str(&unmarked(text));
                    rest = more;
                    continue;
                }
                plain.push(c);
            }
            // A mark has its counterpart. A star between digits is a product.
            '*' | '`' if title.matches(c).count() > 1 => {}
            c => plain.push(c),
        }
        rest = after;
    }
    let plain = plain.trim();
    if plain.is_empty() { title.to_owned() } else { plain.to_owned() }
}

/// Returns the text of a link after its opening bracket, and what follows the link.
fn link(after: &str) -> Option<(&str, &str)> {
    let (text, target) = after.split_once("](")?;
    let (_, more) = target.split_once(')')?;
    (!text.contains(['[', ']'])).then_some((text, more))
}

/// Returns the mark of a code fence that a line opens, and its length.
fn opens(line: &str) -> Option<(char, usize)> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let count = line.chars().take_while(|c| *c == mark).count();
    let rest = line.get(count..).unwrap_or_default();
    (count >= 3 && !(mark == '`' && rest.contains('`'))).then_some((mark, count))
}

/// Returns the name of a file without the id that Notion appends.
fn without_id(name: &str) -> &str {
    // The same id with dashes.
    let dashed =
        name.len().checked_sub(NOTION_ID + 4).and_then(|at| Some((name.get(..at)?, name.get(at..)?)));
    if let Some((title, id)) = dashed
        && id.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        && let Some(title) = title.strip_suffix([' ', '_', '-']).filter(|title| !title.trim().is_empty())
    {
        return title.trim();
    }
    let rest = name.len().checked_sub(NOTION_ID).and_then(|at| Some((name.get(..at)?, name.get(at..)?)));
    match rest {
        Some((title, id)) if id.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            match title.strip_suffix([' ', '_', '-']) {
                Some(title) if !title.trim().is_empty() => title.trim(),
                _ => name,
            }
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn title(text: &str) -> String {
        read(text, "name", &Zone::default()).title
    }

    #[test]
    fn titles() {
        for (text, expected) in [
            ("# 读书笔记 \ntext", "读书笔记"),
            ("no heading\n## second", "name"),
            ("```sh\n# install\n```\n# Real", "Real"),
            ("~~~\n# install\n~~~\n", "name"),
            ("````\n```\n# install\n````\n# Real", "Real"),
            ("<!-- # not this -->\n# Real", "Real"),
            ("<!--\n# not this\n-->\n# Real", "Real"),
            ("    # code\n# Real", "Real"),
            ("   # Indented", "Indented"),
            ("# x #", "x"),
            ("# x ##\ntext", "x"),
            ("# C#", "C#"),
            ("Title\n=====\ntext", "Title"),
            ("Title\n-----\ntext", "name"),
            ("#hashtag", "name"),
            ("#\n# Real", "Real"),
            ("text\n\n=====\n", "name"),
            ("#\tTab", "Tab"),
            ("# **粗** 体", "粗 体"),
            ("# [链接](https://a.example/x) 和 `code`", "链接 和 code"),
            ("# 1\\. 一 {#one}", "1. 一"),
            ("# 2 * 3", "2 * 3"),
            ("# [draft] x", "[draft] x"),
            ("$$\n# x\n$$\n# Real", "Real"),
            ("<h1 align=\"center\">Real</h1>\n\n# Other", "Real"),
        ] {
            assert_eq!(title(text), expected, "{text:?}");
        }
    }

    #[test]
    fn front_matter_is_used_and_removed() {
        let text = "---\n# a comment\ntitle: \"我的笔记\"\ncreated: 2024年1月5日\ntags: [读书, a b]\n\
            updated: 2024-02-01\naliases:\n  - x\n---\n\n# Other\n正文\n";
        let note = read(text, "name", &Zone::named("Asia/Shanghai").unwrap());
        assert_eq!(
            (note.title.as_str(), note.created, note.updated),
            ("我的笔记", Some(1_704_384_000_000), Some(1_706_716_800_000))
        );
        assert_eq!(note.text, "# Other\n正文\n\n#读书 #a-b");
        let list = read(
            "---\ntags:\n- one\n- '#two'\ndate: 2024-01-05 # a day\n---\ntext",
            "name",
            &Zone::default(),
        );
        assert_eq!((list.text.as_str(), list.created), ("text\n\n#one #two", Some(1_704_412_800_000)));
        let odd = read("---\ndate: some day\n---\ntext", "name", &Zone::default());
        assert_eq!((odd.created, odd.doubt.as_deref()), (None, Some("some day is no time; taken without")));
        let block = read(
            "---\ntitle: >-\n  a long\n  title\ndate created: 2024-01-05\n---\ntext",
            "name",
            &Zone::default(),
        );
        assert_eq!((block.title.as_str(), block.created), ("a long title", Some(1_704_412_800_000)));
        let toml = read(
            "+++\ntitle = \"t\"\ndate = 2024-01-05\n[extra]\ntitle = \"no\"\n+++\ntext",
            "name",
            &Zone::default(),
        );
        assert_eq!(
            (toml.title.as_str(), toml.text.as_str(), toml.created),
            ("t", "text", Some(1_704_412_800_000))
        );
        let windows = read("---\r\ntitle: t\r\n---\r\ntext", "name", &Zone::default());
        assert_eq!((windows.title.as_str(), windows.text.as_str()), ("t", "text"));
    }

    #[test]
    fn what_is_no_front_matter_is_text() {
        for text in [
            "---\na line across\n---\ntext",
            "---\ntitle: never closed",
            "text\n---\ntitle: x\n---\n",
            "---\n---\ntext",
            "---\nSee http://a.example for more\n---\n",
        ] {
            let note = read(text, "name", &Zone::default());
            assert_eq!((note.text.as_str(), note.title.as_str()), (text, "name"));
        }
    }

    #[test]
    fn names_are_titles_without_ids_and_may_be_dates() {
        let named = |name: &str| read("text", name, &Zone::default());
        assert_eq!(named("Meeting 0123456789abcdef0123456789abcdef").title, "Meeting");
        assert_eq!(named("会议 0123456789ABCDEF0123456789abcdef").title, "会议");
        assert_eq!(named("0123456789abcdef0123456789abcdef").title, "0123456789abcdef0123456789abcdef");
        assert_eq!(named("Meeting 0123456789abcdef").title, "Meeting 0123456789abcdef");
        assert_eq!(
            (named("2024-01-05").title.as_str(), named("2024-01-05").created),
            ("2024-01-05", Some(1_704_412_800_000))
        );
        assert_eq!(named("20240105").created, Some(1_704_412_800_000));
        assert_eq!(named("2024-01-05 读书").created, Some(1_704_412_800_000));
        assert_eq!(named("2024-01-05-hello").created, Some(1_704_412_800_000));
        assert_eq!(named("页面 01234567-89ab-cdef-0123-456789abcdef").title, "页面");
        assert_eq!((named("1704418200").created, named("note").created), (None, None));
    }

    proptest! {
        #[test]
        fn text_is_kept_but_for_front_matter(
            text in "(---\n|[a-z]{1,5}: |[\\[\\]\"'#`~=-]{1,3}|<!--|-->|\n|[a-z 字]{1,6}){0,30}",
            name in "\\PC{0,40}",
        ) {
            let note = read(&text, &name, &Zone::default());
            let kept = note.text.lines().next().unwrap_or_default();
            prop_assert!(text.contains(kept) || kept.starts_with('#'));
            if !text.starts_with("---") {
                prop_assert_eq!(note.text, text);
            }
        }
    }
}
