//! The guides: Markdown in both languages, divided into sections with text and code. No I/O.

use web::Language;

use super::paths::DOCS;
use crate::markdown::{self, Markdown};

/// The place of the server's address in a guide.
pub(super) const BASE: &str = "{base}";

/// A guide in both languages.
pub(super) struct Guide {
    pub(super) slug: &'static str,
    zh: &'static str,
    en: &'static str,
}

macro_rules! guides {
    ($($slug:literal)*) => {
        &[$(Guide {
            slug: $slug,
            zh: include_str!(concat!("../../guides/", $slug, ".zh.md")),
            en: include_str!(concat!("../../guides/", $slug, ".en.md")),
        },)*]
    };
}

/// All guides in the order of the table of contents. The first one is the quick start.
pub(super) const GUIDES: &[Guide] = guides!("start" "keys" "oauth" "agents" "openai" "webhooks" "hub");

impl Guide {
    /// Returns the path of the page.
    pub(super) fn path(&self) -> String {
        if self.slug == "start" { DOCS.to_owned() } else { format!("{DOCS}/{}", self.slug) }
    }

    /// Returns the text.
    pub(super) const fn text(&self, language: Language) -> &'static str {
        match language {
            Language::Zh => self.zh,
            Language::En => self.en,
        }
    }

    /// Returns the title, which is the first line.
    pub(super) fn title(&self, language: Language) -> &'static str {
        let first = self.text(language).lines().next().unwrap_or_default();
        first.trim_start_matches("# ")
    }
}

/// A section of a guide.
pub(super) struct Section {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) html: Markdown,
    pub(super) code: Vec<Block>,
}

/// A block of code.
pub(super) struct Block {
    pub(super) id: String,
    pub(super) language: String,
    pub(super) text: String,
}

/// Divides a text into the lead below the title, and the sections.
pub(super) fn sections(text: &str) -> (String, Vec<Section>) {
    let mut parts = text.split("\n## ");
    let lead =
        parts.next().unwrap_or_default().lines().skip(1).collect::<Vec<_>>().join("\n").trim().to_owned();
    let sections = parts.enumerate().map(|(at, part)| section(at + 1, part)).collect();
    (lead, sections)
}

fn section(number: usize, part: &str) -> Section {
    let (title, rest) = part.split_once('\n').unwrap_or((part, ""));
    let (mut prose, mut code) = (String::new(), Vec::new());
    let mut lines = rest.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            prose.push_str(line);
            prose.push('\n');
            continue;
        };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let id = format!("code-{number}-{}", code.len() + 1);
        code.push(Block { id, language: language.to_owned(), text: text.join("\n") });
    }
    Section { id: format!("s{number}"), title: title.to_owned(), html: markdown::render(&prose), code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guides_say_the_same_in_both_languages() {
        for guide in GUIDES {
            let [zh, en] = [Language::Zh, Language::En].map(|language| sections(guide.text(language)).1);
            assert_eq!(zh.len(), en.len(), "{}", guide.slug);
            for (zh, en) in zh.iter().zip(&en) {
                let languages = |section: &Section| -> Vec<String> {
                    section.code.iter().map(|block| block.language.clone()).collect()
                };
                assert_eq!(languages(zh), languages(en), "{}: {}", guide.slug, en.title);
            }
            for language in [Language::Zh, Language::En] {
                let (lead, sections) = sections(guide.text(language));
                assert!(!lead.is_empty() && !sections.is_empty() && !guide.title(language).is_empty());
                assert!(sections.iter().all(|section| !section.html.to_string().contains("```")));
            }
        }
    }

    #[test]
    fn links_of_guides_lead_to_pages() {
        for guide in GUIDES {
            for text in [guide.zh, guide.en] {
                for link in text.split("]({base}").skip(1) {
                    let path = link.split(')').next().unwrap();
                    let is_guide = GUIDES.iter().any(|guide| guide.path() == path);
                    let known = [
                        "/docs/errors",
                        "/docs/api",
                        "/keys/new",
                        "/apps/new",
                        "/agents",
                        "/memories/review",
                        "/hub/keys",
                        "/hub/try",
                        "/hub/calls",
                    ];
                    assert!(is_guide || known.contains(&path), "{}: {path}", guide.slug);
                }
            }
        }
    }

    #[test]
    fn code_is_taken_out_of_the_text() {
        let (lead, sections) =
            sections("# T\n\nlead\n\n## A\n\ntext\n\n```sh\na\nb\n```\n\nmore\n\n## B\n\nx\n");
        assert_eq!((lead.as_str(), sections.len()), ("lead", 2));
        assert_eq!((sections[0].title.as_str(), sections[0].code[0].text.as_str()), ("A", "a\nb"));
        let html = sections[0].html.to_string();
        assert!(html.contains("text") && html.contains("more") && !html.contains("sh"), "{html}");
    }
}
