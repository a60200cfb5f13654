//! The security policy of pages.

use http::{HeaderValue, header::InvalidHeaderValue};

/// The policy of a page that loads nothing from elsewhere and sends its forms here.
pub(crate) const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
     manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Returns the security policy of a page whose forms may also lead to these origins.
pub(crate) fn policy(places: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let usual = POLICY;
    let usual = usual.to_str().unwrap_or_default();
    HeaderValue::try_from(usual.replace("form-action 'self'", &format!("form-action 'self' {places}")))
}
