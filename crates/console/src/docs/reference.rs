//! `/docs/api`: the operations of the API, grouped, with an example request and response each.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use web::{ApiError, Code, Language};

use super::{
    about,
    contents::Contents,
    operations::{BASE, Credential, Field, Group, Operation},
    paths::API,
    texts::Texts,
    titles,
};
use crate::{Console, page::Page, texts::fill};

/// A line of the list of all operations.
struct Line<'a> {
    id: &'a str,
    title: String,
    method: &'a str,
    path: &'a str,
}

/// A group with its lines.
struct Listed<'a> {
    title: String,
    path: String,
    lines: Vec<Line<'a>>,
}

#[derive(Template)]
#[template(path = "docs/api.html")]
struct IndexPage<'a> {
    page: &'a Page,
    contents: Contents,
    count: String,
    lead: String,
    groups: Vec<Listed<'a>>,
}

/// An operation, as its group's page shows it.
struct Shown<'a> {
    id: &'a str,
    /// The id of the element with the example.
    request_id: String,
    title: String,
    method: &'a str,
    class: &'static str,
    path: &'a str,
    summary: &'a str,
    credential: &'static str,
    parameters: Vec<ShownField<'a>>,
    body: Vec<ShownField<'a>>,
    request: String,
    /// The status of the response.
    status: u64,
    response: String,
}

/// A parameter or a member of the body, described in the reader's language.
struct ShownField<'a> {
    name: &'a str,
    place: &'a str,
    kind: &'a str,
    is_required: bool,
    about: &'a str,
}

impl<'a> ShownField<'a> {
    fn new(field: &'a Field, language: Language) -> Self {
        Self {
            name: &field.name,
            place: &field.place,
            kind: &field.kind,
            is_required: field.is_required,
            about: about::field(&field.about, language),
        }
    }
}

fn fields(all: &[Field], language: Language) -> Vec<ShownField<'_>> {
    all.iter().map(|field| ShownField::new(field, language)).collect()
}

#[derive(Template)]
#[template(path = "docs/group.html")]
struct GroupPage<'a> {
    page: &'a Page,
    contents: Contents,
    title: String,
    lead: String,
    operations: Vec<Shown<'a>>,
}

/// Returns the class of a method's badge.
fn class(method: &str) -> &'static str {
    if method == "GET" { "pine" } else { "apricot" }
}

fn credential(operation: &Operation, t: &'static Texts) -> &'static str {
    match operation.credential {
        Credential::None => t.no_credential,
        Credential::Session => t.session_only,
        Credential::KeyOrToken => t.key_or_token,
    }
}

fn lead(console: &Console, t: &'static Texts) -> String {
    fill(t.api_lead, format!("{}{BASE}", console.public_url))
}

/// Shows the list of all operations.
pub(crate) async fn index(State(console): State<Console>, reader: Page) -> Result<Response, ApiError> {
    let page = reader.at("docs", API);
    let contents = Contents::new(console.reference(), page.language, API);
    let reference = console.reference();
    let line = |operation: &'static Operation, language: Language| Line {
        id: &operation.id,
        title: titles::operation(&operation.id, &operation.summary, language),
        method: &operation.method,
        path: &operation.path,
    };
    let listed = |group: &'static Group| Listed {
        title: titles::group(&group.tag, page.language),
        path: group.path(),
        lines: group.operations.iter().map(|operation| line(operation, page.language)).collect(),
    };
    let count: usize = reference.groups.iter().map(|group| group.operations.len()).sum();
    let template = IndexPage {
        page: &page,
        count: fill(contents.t.operations, count),
        lead: lead(&console, contents.t),
        contents,
        groups: reference.groups.iter().map(listed).collect(),
    };
    page.answer(StatusCode::OK, &template)
}

/// Shows the operations of a group.
pub(crate) async fn group(
    State(console): State<Console>,
    reader: Page,
    Path(slug): Path<String>,
) -> Result<Response, ApiError> {
    let found = console.reference().groups.iter().find(|group| group.slug() == slug).ok_or(Code::NotFound)?;
    let page = reader.at("docs", found.path());
    let contents = Contents::new(console.reference(), page.language, &found.path());
    let shown = |operation: &'static Operation| Shown {
        id: &operation.id,
        request_id: format!("{}-request", operation.id),
        title: titles::operation(&operation.id, &operation.summary, page.language),
        method: &operation.method,
        class: class(&operation.method),
        path: &operation.path,
        summary: about::operation(&operation.id, &operation.summary, page.language),
        status: operation.status,
        credential: credential(operation, contents.t),
        parameters: fields(&operation.parameters, page.language),
        body: fields(&operation.body, page.language),
        request: operation.request(&console.public_url),
        response: operation.response(&console.public_url),
    };
    let operations = found.operations.iter().map(shown).collect();
    let template = GroupPage {
        page: &page,
        title: titles::group(&found.tag, page.language),
        lead: lead(&console, contents.t),
        operations,
        contents,
    };
    page.answer(StatusCode::OK, &template)
}
