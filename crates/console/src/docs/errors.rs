//! `/docs/errors`: all error codes, from the catalogs of the API and of the Hub.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use hub::call::HubCode;
use web::{ApiError, Code, Language};

use super::{contents::Contents, paths::ERRORS};
use crate::{Console, page::Page};

/// An error code.
pub(super) struct Row {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// Returns the codes of the API in the order of their status. Codes with several messages have one row with
/// the first of them.
pub(super) fn of_api(language: Language) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for code in Code::ALL {
        let (status, name) = (code.status().as_u16(), code.sub_code());
        if rows.iter().any(|row| row.status == status && row.code == name) {
            continue;
        }
        rows.push(Row { status, code: name, message: shown(code.template(language)) });
    }
    rows.sort_by(|one, other| (one.status, one.code).cmp(&(other.status, other.code)));
    rows
}

/// Returns the codes of the Hub.
pub(super) fn of_hub(language: Language) -> Vec<Row> {
    let row = |code: &HubCode| Row {
        status: code.status().as_u16(),
        code: code.name(),
        message: shown(code.template(language)),
    };
    let mut rows: Vec<Row> = HubCode::ALL.iter().map(row).collect();
    rows.sort_by(|one, other| (one.status, one.code).cmp(&(other.status, other.code)));
    rows
}

/// Returns a message with a mark in place of its value.
fn shown(template: &str) -> String {
    template.replace("{}", "…")
}

#[derive(Template)]
#[template(path = "docs/errors.html")]
struct ErrorsPage<'a> {
    page: &'a Page,
    contents: Contents,
    api: Vec<Row>,
    hub: Vec<Row>,
}

/// Shows the codes.
pub(crate) async fn show(State(console): State<Console>, reader: Page) -> Result<Response, ApiError> {
    let page = reader.at("docs", ERRORS);
    let contents = Contents::new(console.reference(), page.language, ERRORS);
    let (api, hub) = (of_api(page.language), of_hub(page.language));
    page.answer(StatusCode::OK, &ErrorsPage { page: &page, contents, api, hub })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed() {
        for language in [Language::Zh, Language::En] {
            let rows = of_api(language);
            for code in Code::ALL {
                let is_listed =
                    |row: &Row| row.code == code.sub_code() && row.status == code.status().as_u16();
                assert!(rows.iter().any(is_listed), "{code:?}");
            }
            assert!(
                rows.is_sorted_by_key(|row| row.status) && rows.iter().all(|row| !row.message.contains("{}"))
            );
            assert_eq!(of_hub(language).len(), HubCode::ALL.len());
        }
    }
}
