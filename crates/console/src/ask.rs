//! The question before something is destroyed.
//!
//! A form that destroys something has the field `ask` with a question, `yes` with the text of the button, and
//! `from` with the page that it is on.
//! A script asks the question in a dialog, and sends the form with `sure`. A form that is sent without `sure`
//! is shown again as a page with the question.

use askama::Template;
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode};

use crate::{
    Console,
    form::{QUESTION, Question, SURE},
    page::Page,
};

const YES: &str = "yes";
const FROM: &str = "from";
/// Maximum length of a question and of a button's text, in characters.
const MAX_TEXT: usize = 300;

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage<'a> {
    page: &'a Page,
    question: String,
    yes: String,
    /// The path to which the form is sent.
    action: &'a str,
    /// The fields of the form, without the question.
    fields: Vec<(&'a str, &'a str)>,
    /// The page that the form is on.
    back: &'a str,
}

/// Renders the page with the question of a form that was sent without an answer.
pub(crate) async fn layer(State(console): State<Console>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let mut kept = parts.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(Question(fields)) = response.extensions_mut().remove() else { return response };
    let page = match Page::from_request_parts(&mut kept, &console).await {
        Ok(page) => page.once(""),
        Err(error) => return error.into_response(),
    };
    let short = |name: &str| fields.text(name).chars().take(MAX_TEXT).collect::<String>();
    let from = fields.text(FROM);
    let template = AskPage {
        question: short(QUESTION),
        yes: short(YES),
        action: kept.uri.path(),
        fields: fields.iter().filter(|(name, _)| ![QUESTION, YES, FROM, SURE].contains(name)).collect(),
        back: back(&from),
        page: &page,
    };
    page.answer(StatusCode::OK, &template).unwrap_or_else(IntoResponse::into_response)
}

/// Returns the path of the page that a form was on. Browsers read two slashes, or a backslash, as another
/// host.
fn back(from: &str) -> &str {
    let is_here =
        from.starts_with('/') && !from.starts_with("//") && !from.contains(['\\', '\n', '\t', '\r']);
    if is_here { from } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_here() {
        assert_eq!(back("/account?a=b"), "/account?a=b");
        for from in ["", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example"] {
            assert_eq!(back(from), "/", "{from}");
        }
    }
}
