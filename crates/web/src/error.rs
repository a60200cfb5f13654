//! Errors that are returned to clients. Other crates choose a [`Code`]; [`ApiError::render`] alone decides
//! the format.
//!
//! An [`ApiError`] becomes a response without a body that carries the error as an extension. The
//! [boundary](crate::boundary), which knows the request's language, renders it.

mod catalog;
mod code;
mod issue;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use code::Code;
pub use issue::Issue;

use crate::{body, language::Language};

/// An error: all that a client is told, and a cause that goes to the log only.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: Code,
    /// The text for the `{}` of the message, in Chinese and English.
    argument: Option<Box<(String, String)>>,
    issues: Vec<Issue>,
    members: Map<String, Value>,
    retry_after: Option<u32>,
    because: Option<String>,
}

impl ApiError {
    /// Creates an error with the message of its code.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            argument: None,
            issues: Vec::new(),
            members: Map::new(),
            retry_after: None,
            because: None,
        }
    }

    /// Sets the argument that replaces the `{}` of the message. The client sees it.
    #[must_use]
    pub fn with(self, argument: impl Into<String>) -> Self {
        let argument = argument.into();
        self.with_both(argument.clone(), argument)
    }

    /// Fills the `{}` of the message in Chinese and English. Shown to the client.
    #[must_use]
    pub fn with_both(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.argument = Some(Box::new((zh.into(), en.into())));
        self
    }

    /// Sets the errors of the input, which the client gets as `detail`.
    #[must_use]
    pub fn issues(mut self, issues: Vec<Issue>) -> Self {
        self.issues = issues;
        self
    }

    /// Adds a top-level member to the body.
    #[must_use]
    pub fn member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Sets `Retry-After`, in seconds; at least 1.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// Sets the cause for the log. The client never sees it.
    #[must_use]
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.because = Some(cause.to_string());
        self
    }

    /// Creates the error of an unexpected failure: a 500 whose cause goes to the log only.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(Code::Internal).because(cause)
    }

    /// Returns the code of the error.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Returns the seconds of `Retry-After`. Every error after which a retry may succeed has them.
    pub fn wait(&self) -> Option<u32> {
        self.retry_after.or_else(|| self.code.usual_wait())
    }

    /// Returns the errors of the input.
    pub fn list(&self) -> &[Issue] {
        &self.issues
    }

    /// Returns the cause for the log, if there is one.
    pub fn cause(&self) -> Option<&str> {
        self.because.as_deref()
    }

    /// Returns the message in a language.
    pub fn message(&self, language: Language) -> String {
        self.code.template(language).replacen("{}", self.argument(language), 1)
    }

    /// Returns the text for the `{}` of the message; empty if there is none.
    pub fn argument(&self, language: Language) -> &str {
        let Some(texts) = &self.argument else { return "" };
        match language {
            Language::Zh => &texts.0,
            Language::En => &texts.1,
        }
    }

    /// Creates the response with the error envelope: `code`, `message`, `subCode`, and `error_code` (the same
    /// as `subCode`). `detail` has the errors of the input, or the message if [`Code::has_detail`].
    pub fn render(&self, language: Language) -> Response {
        let message = self.message(language);
        let detail = if !self.issues.is_empty() {
            Some(json!(self.issues))
        } else {
            self.code.has_detail().then(|| json!(message))
        };
        let sub_code = self.code.sub_code();
        let code = self.code.status().as_u16();
        let body = Body { code, message, sub_code, error_code: sub_code, detail, members: &self.members };
        let mut response = body::json(self.code.status(), serde_json::to_vec(&body).unwrap_or_default());
        self.add_headers(&mut response);
        response
    }

    /// Returns the error in OpenAI's format, for the routes of its protocol.
    pub fn openai(&self, language: Language) -> Value {
        let kind = match self.code.status().as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        let param = self.issues.first().and_then(|issue| issue.loc.get(1..)).map(|place| place.join("."));
        let (message, code) = (self.message(language), self.code.sub_code());
        json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
    }

    /// Creates the response of those routes. It has 400 instead of 422, which OpenAI's clients do not know.
    pub fn render_openai(&self, language: Language) -> Response {
        let status = match self.code.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        let mut response = body::json(status, self.openai(language).to_string().into_bytes());
        self.add_headers(&mut response);
        response
    }

    fn add_headers(&self, response: &mut Response) {
        if let Some(seconds) = self.wait() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
}

/// The error envelope, its members in the order in which the SecondMe API sends them.
#[derive(Serialize)]
struct Body<'e> {
    code: u16,
    message: String,
    #[serde(rename = "subCode")]
    sub_code: &'static str,
    error_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Value>,
    #[serde(flatten)]
    members: &'e Map<String, Value>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        self.add_headers(&mut response);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        if let Some(seconds) = error.retry_after() {
            return Self::new(Code::Unavailable).retry_after(seconds).because(error);
        }
        let code = match error {
            store::Error::Unavailable(_) | store::Error::Damaged(_) | store::Error::Migration(_) => {
                Code::Unavailable
            }
            store::Error::NotFound
            | store::Error::Unique
            | store::Error::IdTaken
            | store::Error::ForeignKey
            | store::Error::Type { .. }
            | store::Error::Other(_) => Code::Internal,
        };
        Self::new(code).because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use proptest::prelude::*;

    fn body(response: Response) -> Value {
        let bytes = futures::executor::block_on(response.into_body().collect()).unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn the_message_is_filled_in() {
        let error = ApiError::new(Code::PermissionDenied).with("chat");
        assert_eq!(error.message(Language::Zh), "缺少必需的权限: chat");
        assert_eq!(error.message(Language::En), "Missing required scope: chat");
    }

    #[test]
    fn an_argument_is_not_a_template() {
        let error = ApiError::new(Code::PermissionDenied).with("{}");
        assert_eq!(error.message(Language::En), "Missing required scope: {}");
    }

    proptest! {
        #[test]
        fn every_error_is_a_whole_envelope(
            which in 0..Code::ALL.len(), argument in ".*", cause in "[a-z]{20}", english: bool,
        ) {
            let code = Code::ALL[which];
            let language = if english { Language::En } else { Language::Zh };
            let error = ApiError::new(code).with(argument).because(&cause);
            let response = error.render(language);
            prop_assert_eq!(response.status(), code.status());
            let body = body(response);
            prop_assert_eq!(&body["code"], &json!(code.status().as_u16()));
            prop_assert_eq!(&body["message"], &json!(error.message(language)));
            prop_assert_eq!(&body["subCode"], &json!(code.sub_code()));
            prop_assert_eq!(&body["subCode"], &body["error_code"]);
            prop_assert!(body.get("data").is_none());
            prop_assert!(!body.to_string().contains(&cause), "the cause is for the log alone");
        }

        #[test]
        fn every_datum_comes_through_its_envelope(text in ".*", number: i64, list: Vec<bool>) {
            let datum = json!({"text": text, "number": number, "list": list});
            let body = body(crate::Data(&datum).into_response());
            prop_assert_eq!(body, json!({"code": 0, "data": datum}));
        }
    }
}
