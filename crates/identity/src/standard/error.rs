//! Errors in the format of RFC 6749 §5.2.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use web::{ApiError, Code, Language, envelope};

/// An error that is returned to an OAuth library.
pub(super) struct Refusal(ApiError);

impl<E: Into<ApiError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    error_description: String,
}

/// Returns the name of an error in the standards.
fn name(code: Code) -> &'static str {
    match code {
        Code::OauthClientInvalid | Code::OauthSecretMismatch => "invalid_client",
        Code::OauthApplicationPending
        | Code::OauthApplicationRejected
        | Code::OauthApplicationSuspended
        | Code::OauthApplicationUnauthorized => "unauthorized_client",
        Code::OauthCodeInvalid
        | Code::OauthCodeUsed
        | Code::OauthCodeExpired
        | Code::OauthCodeRevoked
        | Code::OauthRedirectMismatch
        | Code::OauthRefreshInvalid
        | Code::OauthRefreshExpired
        | Code::OauthRefreshRevoked => "invalid_grant",
        Code::OauthGrantTypeInvalid | Code::OauthGrantTypeUnsupported => "unsupported_grant_type",
        Code::OauthScopeInvalid | Code::OauthScopeDisallowed => "invalid_scope",
        Code::OauthRedirectInvalid => "invalid_redirect_uri",
        Code::OauthTargetInvalid => "invalid_target",
        // All other errors of clients concern the form of the request. Server errors are returned before.
        _ => "invalid_request",
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.0.code().status() {
            // Server errors are returned and logged in the usual way.
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                return self.0.into_response();
            }
            status if status == StatusCode::PAYLOAD_TOO_LARGE => status,
            _ if name(self.0.code()) == "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let body =
            Body { error: name(self.0.code()), error_description: plain(&self.0.message(Language::En)) };
        let mut response = no_cache(envelope::json(status, &body));
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"doppel\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Removes the characters that the standard does not allow in a description.
fn plain(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect()
}

/// Adds the header `Pragma`, which RFC 6749 §5.1 requires beside `Cache-Control`.
pub(super) fn no_cache(mut response: Response) -> Response {
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn statuses_are_those_of_the_standard() {
        for (code, status) in [
            (Code::OauthSecretMismatch, 401),
            (Code::OauthClientInvalid, 401),
            (Code::OauthRefreshExpired, 400),
            (Code::OauthApplicationSuspended, 400),
            (Code::OauthScopeDisallowed, 400),
            (Code::Unprocessable, 400),
            (Code::BodyTooLarge, 413),
            (Code::Internal, 500),
            (Code::Unavailable, 503),
        ] {
            assert_eq!(Refusal::from(code).into_response().status().as_u16(), status, "{code:?}");
        }
    }

    proptest! {
        #[test]
        fn a_description_has_no_other_characters(text in ".*") {
            prop_assert!(plain(&text).bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
        }
    }
}
