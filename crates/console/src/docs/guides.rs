//! `/docs` and the pages of the guides: the text on one side, the code on the other.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use web::{ApiError, Code};

use super::{
    contents::Contents,
    guide::{BASE, GUIDES, Section, sections},
};
use crate::{Console, page::Page, texts::fill};

#[derive(Template)]
#[template(path = "docs/guide.html")]
struct GuidePage<'a> {
    page: &'a Page,
    contents: Contents,
    title: &'static str,
    lead: String,
    sections: Vec<Section>,
    /// The request that the button below the example sends.
    run: Option<String>,
    /// Address and title of the next guide.
    next: Option<(String, String)>,
}

/// Shows the quick start.
pub(crate) async fn start(State(console): State<Console>, reader: Page) -> Result<Response, ApiError> {
    render(&console, reader, 0)
}

/// Shows a guide.
pub(crate) async fn show(
    State(console): State<Console>,
    reader: Page,
    Path(slug): Path<String>,
) -> Result<Response, ApiError> {
    // The quick start has one address.
    let at = GUIDES.iter().position(|guide| guide.slug == slug).filter(|at| *at > 0);
    render(&console, reader, at.ok_or(Code::NotFound)?)
}

fn render(console: &Console, reader: Page, at: usize) -> Result<Response, ApiError> {
    let guide = GUIDES.get(at).ok_or(Code::NotFound)?;
    let path = guide.path();
    let page = reader.at("docs", path.as_str());
    let contents = Contents::new(console.reference(), page.language, &path);
    let (lead, sections) = sections(&guide.text(page.language).replace(BASE, &console.public_url));
    let next = GUIDES.get(at + 1);
    let template = GuidePage {
        page: &page,
        title: guide.title(page.language),
        lead,
        sections,
        run: (at == 0 && page.who.is_some())
            .then(|| crate::snippet::address(&console.public_url, "/secondme/user/info")),
        next: next.map(|guide| (guide.path(), fill(contents.t.next, guide.title(page.language)))),
        contents,
    };
    page.answer(StatusCode::OK, &template)
}
