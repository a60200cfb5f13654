//! Articles in the JSON-LD of a page (schema.org). No I/O.

use dom_query::Document;
use serde_json::Value;

/// Maximum number of scripts of a page that are read.
const MAX_SCRIPTS: usize = 20;
/// Maximum number of values of a script that are read.
const MAX_VALUES: usize = 10_000;

/// An article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Article {
    pub(super) title: String,
    pub(super) body: String,
}

/// Returns the longest `articleBody` of a page, at any depth.
pub(super) fn article(page: &Document) -> Option<Article> {
    let scripts = page.select("script[type^='application/ld+json']");
    let articles = scripts.iter().take(MAX_SCRIPTS).filter_map(|script| {
        let data: Value = serde_json::from_str(script.text().trim()).ok()?;
        longest(&data)
    });
    articles.max_by_key(|article| article.body.len())
}

fn longest(data: &Value) -> Option<Article> {
    let mut found: Option<Article> = None;
    let (mut waiting, mut left) = (vec![data], MAX_VALUES);
    while let Some(value) = waiting.pop() {
        left = left.checked_sub(1)?;
        match value {
            Value::Array(list) => waiting.extend(list),
            Value::Object(members) => {
                let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
                let body = plain(text("articleBody"));
                if body.len() > found.as_ref().map_or(0, |article| article.body.len()) {
                    found = Some(Article { title: plain(text("headline")), body });
                }
                waiting.extend(members.values().filter(|value| value.is_array() || value.is_object()));
            }
            _ => {}
        }
    }
    found
}

/// Removes HTML from a text.
fn plain(text: &str) -> String {
    if text.contains('<') || text.contains('&') {
        Document::fragment(text).formatted_text().to_string()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Option<Article> {
        article(&Document::from(format!("<script type=\"application/ld+json\">{json}</script>")))
    }

    #[test]
    fn the_article_is_found_wherever_it_stands() {
        let expected = Some(Article { title: "Tea".to_owned(), body: "All about tea.".to_owned() });
        for json in [
            r#"{"@type":"Article","headline":"Tea","articleBody":"All about tea."}"#,
            r#"[{"@type":"Organization"},{"headline":"Tea","articleBody":"All about tea."}]"#,
            r#"{"@graph":[{"a":{"headline":"Tea","articleBody":"All about tea."}},{"articleBody":"Short"}]}"#,
        ] {
            assert_eq!(of(json), expected, "{json}");
        }
        assert_eq!(of(r#"{"articleBody":"<p>Tea &amp; cake</p>"}"#).unwrap().body.trim(), "Tea & cake");
        for none in ["", "{", "null", r#"{"articleBody":7}"#, r#"{"articleBody":""}"#] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(of(&format!("{}1{}", "[".repeat(100), "]".repeat(100))), None);
        assert_eq!(of(&format!("[{}1]", "1,".repeat(20_000))), None, "so much is not looked at");
    }
}
