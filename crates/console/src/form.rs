//! Forms, and the CSRF token that ties each form to the browser it was sent to.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{Extensions, HeaderMap};
use identity::{
    Caller, Credential,
    credential::{self, Secret},
};
use web::{ApiError, Code, extract::BodyLimit};

use crate::Console;

/// Largest form in bytes. It has room for a note of 50 000 Chinese characters, which take nine bytes each
/// when encoded.
const MAX_FORM: usize = 512 * 1024;
/// The name of the field with the token.
const TOKEN: &str = "csrf";
/// The name of the field with a question that has to be answered first, and of the field with the answer.
pub(crate) const QUESTION: &str = "ask";
pub(crate) const SURE: &str = "sure";

/// The fields of a form in the order sent.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Creates fields from what was sent. The caller checks what a token would prove.
    pub(crate) const fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// Returns the first value of a field, or an empty text if there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Returns the names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns all values of a field, such as ticked checkboxes.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }
}

/// A form that has only a token.
pub(crate) struct Nothing;

impl From<Fields> for Nothing {
    fn from(_: Fields) -> Self {
        Self
    }
}

/// Extracts a form of a signed-in person. Its token must be that of the session.
pub(crate) struct CsrfForm<T>(pub(crate) T);

/// Extracts a form that anybody may send. Its token must be that of the visitor or of the session. So a
/// sign-in form in one tab still works after a sign-in in another tab.
pub(crate) struct VisitorForm<T>(pub(crate) T);

/// The response to a form that takes no effect.
pub(crate) enum Rejected {
    /// It is invalid.
    Error(ApiError),
    /// The person is asked first.
    Question(Question),
}

/// The fields of a form about which the person is asked first. As an extension of a response, it becomes the
/// page with the question.
#[derive(Clone)]
pub(crate) struct Question(pub(crate) Arc<Fields>);

impl From<ApiError> for Rejected {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl IntoResponse for Rejected {
    fn into_response(self) -> Response {
        match self {
            Self::Error(error) => error.into_response(),
            Self::Question(question) => Extension(question).into_response(),
        }
    }
}

impl<T: From<Fields>> FromRequest<Console> for CsrfForm<T> {
    type Rejection = Rejected;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Rejected> {
        let expected = session(request.extensions()).map(token);
        let fields = read(request, console, expected.into_iter().collect()).await?;
        if !fields.text(QUESTION).is_empty() && fields.text(SURE).is_empty() {
            return Err(Rejected::Question(Question(Arc::new(fields))));
        }
        Ok(Self(fields.into()))
    }
}

impl<T: From<Fields>> FromRequest<Console> for VisitorForm<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, console: &Console) -> Result<Self, ApiError> {
        let visitor = visitor(request.headers(), console);
        let expected = session(request.extensions()).into_iter().chain(visitor.as_ref()).map(token).collect();
        read(request, console, expected).await.map(|fields| Self(fields.into()))
    }
}

/// Returns the token of forms that are sent to the owner of this secret.
pub(crate) fn token(secret: &Secret) -> String {
    secret.derive(TOKEN)
}

/// Returns the visitor cookie of a request.
pub(crate) fn visitor(headers: &HeaderMap, console: &Console) -> Option<Secret> {
    console.cookies().visitor(headers)
}

/// Returns the secret of the request's session.
fn session(extensions: &Extensions) -> Option<&Secret> {
    match extensions.get::<Caller>()?.credential() {
        Credential::Session { secret, .. } => Some(secret),
        Credential::ApiKey { .. } | Credential::Program { .. } | Credential::Token { .. } => None,
    }
}

/// Reads a form.
///
/// # Errors
/// [`Code::CsrfRejected`] if the form has none of the expected tokens.
async fn read(mut request: Request, console: &Console, expected: Vec<String>) -> Result<Fields, ApiError> {
    request.extensions_mut().insert(BodyLimit(MAX_FORM));
    let web::Form(fields) = web::Form::<Vec<(String, String)>>::from_request(request, console).await?;
    let fields = Fields(fields);
    if is_expected(&fields.text(TOKEN), &expected) { Ok(fields) } else { Err(Code::CsrfRejected.into()) }
}

fn is_expected(given: &str, expected: &[String]) -> bool {
    expected.iter().any(|expected| credential::equal(given, expected))
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity::credential::Kind;
    use store::Random;

    #[test]
    fn a_token_belongs_to_one_secret() {
        let random = Random::seeded(1);
        let (own, other) =
            (Secret::generate(Kind::Session, &random), Secret::generate(Kind::Session, &random));
        let visitor = Secret::generate(Kind::Visitor, &random);
        let expected = [token(&own), token(&visitor)];
        assert!(is_expected(&token(&own), &expected) && is_expected(&token(&visitor), &expected));
        assert!(!is_expected(&token(&other), &expected));
        assert!(!is_expected("", &expected) && !is_expected(own.expose(), &expected));
        assert!(!is_expected("", &[]), "nothing is not a token where none is expected");
    }

    #[test]
    fn fields_are_found_by_name() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields =
            Fields(vec![pair("scope", "chat"), pair("name", "a"), pair("scope", "*"), pair("name", "b")]);
        assert_eq!(fields.text("name"), "a");
        assert_eq!(fields.text("absent"), "");
        assert_eq!(fields.all("scope"), ["chat", "*"]);
    }
}
