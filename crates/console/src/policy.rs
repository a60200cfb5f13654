//! The security policy of pages.

use axum::response::Response;
use http::{HeaderValue, header, header::InvalidHeaderValue};
use web::ApiError;

/// The policy of a page that loads nothing from elsewhere and sends its forms here.
pub(crate) const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; \
     connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Returns the security policy of a page whose forms may also lead to these origins.
pub(crate) fn policy(places: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let usual = POLICY;
    let usual = usual.to_str().unwrap_or_default();
    HeaderValue::try_from(usual.replace("form-action 'self'", &format!("form-action 'self' {places}")))
}

/// Marks a response that may be shown in a frame.
#[derive(Clone)]
pub(crate) struct Framed;

/// Returns the origin of WebSockets of this server.
fn socket_origin(public_url: &str) -> String {
    match public_url.strip_prefix("http") {
        Some(rest) => format!("ws{rest}"),
        None => public_url.to_owned(),
    }
}

/// Lets a page connect to the WebSockets of this server.
pub(crate) fn allow_socket(response: &mut Response, public_url: &str) -> Result<(), ApiError> {
    let (usual, socket) = (POLICY, socket_origin(public_url));
    let usual = usual.to_str().unwrap_or_default();
    let policy = usual.replace("connect-src 'self'", &format!("connect-src 'self' {socket}"));
    set(response, &policy)
}

/// Lets pages of these origins show a page in a frame, in which it has an origin of its own. There, `'self'`
/// is not this server, so its address is named.
pub(crate) fn frame_in(
    response: &mut Response,
    public_url: &str,
    origins: &[String],
) -> Result<(), ApiError> {
    let here = format!("'self' {public_url}");
    let around = if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") };
    let policy = format!(
        "default-src 'none'; style-src {here}; script-src {here}; img-src {here}; connect-src {here} {}; \
         form-action {here}; base-uri 'none'; sandbox allow-scripts allow-forms; frame-ancestors {around}",
        socket_origin(public_url)
    );
    response.extensions_mut().insert(Framed);
    set(response, &policy)
}

fn set(response: &mut Response, policy: &str) -> Result<(), ApiError> {
    let policy = HeaderValue::try_from(policy).map_err(ApiError::internal)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(())
}
