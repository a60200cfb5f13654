//! `/docs/search`: guides, operations and error codes with a word.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use web::{ApiError, Language, Query};

use super::{
    about,
    contents::Contents,
    errors,
    guide::GUIDES,
    paths::{ERRORS, SEARCH},
    texts::Texts,
    titles,
};
use crate::{Console, page::Page, texts::fill};

/// Maximum length of a query in characters, and maximum number of hits.
const MAX_QUERY: usize = 100;
const MAX_HITS: usize = 60;

/// A hit.
struct Hit {
    href: String,
    kind: &'static str,
    title: String,
    about: String,
}

#[derive(Template)]
#[template(path = "docs/search.html")]
struct SearchPage<'a> {
    page: &'a Page,
    contents: Contents,
    hits: Vec<Hit>,
    /// The text if nothing was found.
    nothing: Option<String>,
}

#[derive(serde::Deserialize)]
pub(crate) struct SearchParams {
    q: Option<String>,
}

/// Shows the hits.
pub(crate) async fn show(
    State(console): State<Console>,
    reader: Page,
    Query(params): Query<SearchParams>,
) -> Result<Response, ApiError> {
    let query: String = params.q.unwrap_or_default().trim().chars().take(MAX_QUERY).collect();
    let encoded: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let page = reader.at("docs", format!("{SEARCH}?q={encoded}"));
    let contents =
        Contents { query: query.clone(), ..Contents::new(console.reference(), page.language, SEARCH) };
    let hits = if query.is_empty() { Vec::new() } else { find(&console, &query, page.language) };
    let nothing = (hits.is_empty() && !query.is_empty()).then(|| fill(contents.t.found_none, &query));
    page.answer(StatusCode::OK, &SearchPage { page: &page, contents, hits, nothing })
}

fn find(console: &Console, query: &str, language: Language) -> Vec<Hit> {
    let t = Texts::of(language);
    let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let has = |texts: &[&str]| {
        let all = texts.join("\n").to_lowercase();
        words.iter().all(|word| all.contains(word))
    };
    let mut hits = Vec::new();
    for guide in GUIDES.iter().filter(|guide| has(&[guide.text(language), guide.slug])) {
        let (href, title) = (guide.path(), guide.title(language).to_owned());
        hits.push(Hit { href, kind: t.kind_guide, title, about: String::new() });
    }
    for group in &console.reference().groups {
        let tag = titles::group(&group.tag, language);
        for operation in &group.operations {
            let title = titles::operation(&operation.id, &operation.summary, language);
            let about = about::operation(&operation.id, &operation.summary, language);
            if has(&[&title, about, &operation.summary, &operation.path, &operation.id, &tag]) {
                let href = format!("{}#{}", group.path(), operation.id);
                let about = format!("{} {}", operation.method, operation.path);
                hits.push(Hit { href, kind: t.kind_operation, title, about });
            }
        }
    }
    for row in errors::of_api(language).into_iter().chain(errors::of_hub(language)) {
        if has(&[row.code, &row.message, &row.status.to_string()]) {
            let href = format!("{ERRORS}#{}-{}", row.status, row.code);
            let about = format!("{} · {}", row.status, row.message);
            hits.push(Hit { href, kind: t.kind_error, title: row.code.to_owned(), about });
        }
    }
    hits.truncate(MAX_HITS);
    hits
}
