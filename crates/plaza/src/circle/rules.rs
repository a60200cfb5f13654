//! Validation of circles. No I/O.

use web::{ApiError, Issues};

use super::model::{CircleRequest, NewCircle};

/// Longest route in characters.
pub const MAX_ROUTE: usize = 50;
const MAX_NAME: usize = 50;
const MAX_DESCRIPTION: usize = 500;

/// Returns true if a text is a valid route of a circle.
pub fn is_route(text: &str) -> bool {
    (1..=MAX_ROUTE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
}

/// Checks a new circle.
///
/// # Errors
/// 422 if a member is invalid.
pub fn check(request: CircleRequest) -> Result<NewCircle, ApiError> {
    let mut issues = Issues::body();
    let name = issues.name("name", request.name.as_deref(), MAX_NAME);
    let route = request.circle_route.unwrap_or_default().trim().to_ascii_lowercase();
    if route.is_empty() {
        issues.missing("circleRoute");
    } else if !is_route(&route) {
        let text = format!("Input should be 1 to {MAX_ROUTE} lower-case letters, digits or '-'");
        issues.add("value_error", "circleRoute", text);
    }
    let description = request.description.unwrap_or_default().trim().to_owned();
    issues.text("description", &description, MAX_DESCRIPTION);
    issues.finish()?;
    Ok(NewCircle { route, name, description })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        for (text, good) in
            [("rust", true), ("rust-2026", true), ("", false), ("-a", false), ("Rust", false), ("锈", false)]
        {
            assert_eq!(is_route(text), good, "{text}");
        }
        assert!(!is_route(&"a".repeat(51)));
    }
}
