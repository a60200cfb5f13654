//! Validation of e-mail addresses, names, routes, and passwords. No I/O.

use web::{Issues, names};

use super::model::{NewAccount, Password};

/// Longest e-mail address in bytes (RFC 5321).
pub const MAX_EMAIL: usize = 254;
/// Longest name in characters, as in the SecondMe API.
pub const MAX_NAME: usize = 50;
/// Longest route in characters, as in the SecondMe API.
pub const MAX_ROUTE: usize = 50;
/// Shortest password in characters.
pub const MIN_PASSWORD: usize = 8;
/// Longest password in characters. Any passphrase fits, and the cost of hashing stays bounded.
pub const MAX_PASSWORD: usize = 256;

/// Returns the form in which an e-mail address is stored and compared.
pub fn normalize_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Checks a normalized e-mail address: one `@` with text on both sides, and no white space or invisible
/// characters.
pub fn check_email(issues: &mut Issues, email: &str) {
    if email.is_empty() {
        return issues.missing("email");
    }
    let parts: Vec<&str> = email.split('@').collect();
    let two_parts = matches!(parts.as_slice(), [local, host] if !local.is_empty() && !host.is_empty());
    if !two_parts || email.len() > MAX_EMAIL || email.chars().any(names::is_invisible) {
        issues.add("value_error", "email", "Input should be an e-mail address such as name@example.com");
    }
}

/// Checks a new password: its length, and that it is not the e-mail address.
pub fn check_password(issues: &mut Issues, password: &Password, email: &str) {
    let length = password.expose().chars().count();
    if length < MIN_PASSWORD {
        issues.add(
            "string_too_short",
            "password",
            format!("Password should have at least {MIN_PASSWORD} characters"),
        );
    } else if length > MAX_PASSWORD {
        issues.add(
            "string_too_long",
            "password",
            format!("Password should have at most {MAX_PASSWORD} characters"),
        );
    } else if password.expose().to_lowercase() == email {
        issues.add("value_error", "password", "Password should not be the e-mail address");
    }
}

/// Validates and normalizes the input for a new account.
///
/// # Errors
/// 422 with every invalid field.
pub fn check_new(new: NewAccount) -> Result<NewAccount, web::ApiError> {
    let mut issues = Issues::body();
    let name = issues.name("name", Some(&new.name), MAX_NAME);
    let email = normalize_email(&new.email);
    check_email(&mut issues, &email);
    check_password(&mut issues, &new.password, &email);
    issues.finish()?;
    Ok(NewAccount { email, name, ..new })
}

/// True for a valid route: 1 to 50 ASCII letters and digits.
pub fn is_route(route: &str) -> bool {
    (1..=MAX_ROUTE).contains(&route.len()) && route.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Returns the route that is tried first for a new account: the letters and digits of its e-mail address
/// before the `@`.
pub fn first_route(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let route: String = local
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(MAX_ROUTE - 8)
        .collect::<String>()
        .to_lowercase();
    if route.is_empty() { "user".to_owned() } else { route }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn emails() {
        for (email, good) in [
            ("a@b", true),
            ("user@example.com", true),
            ("用户@例子.公司", true),
            ("", false),
            ("a", false),
            ("@b", false),
            ("a@", false),
            ("a@b@c", false),
            ("a b@c", false),
            ("a\u{200b}b@c", false),
            ("a@c\u{202e}d", false),
            ("a@b\n", false),
        ] {
            let mut issues = Issues::body();
            check_email(&mut issues, email);
            assert_eq!(issues.is_empty(), good, "{email}");
        }
    }

    proptest! {
        #[test]
        fn the_first_route_is_a_route(email in ".*") {
            prop_assert!(is_route(&first_route(&email)));
        }
    }
}
