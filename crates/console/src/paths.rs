//! Paths of pages that lead to each other.

/// The page on which visitors create an account.
pub(crate) const SIGN_UP: &str = "/sign-up";
/// The page that creates the first account.
pub(crate) const SETUP: &str = "/setup";
/// The page on which a person sets a new password with a link of an administrator.
pub(crate) const NEW_PASSWORD: &str = "/new-password";
/// The list of memories.
pub(crate) const MEMORIES: &str = "/memories";
/// The list of notes.
pub(crate) const NOTES: &str = "/notes";

/// The route of the public pages of people.
pub(crate) const PERSON: &str = "/people/{route}";

/// Returns the address of the public page of the person with a route.
pub(crate) fn person(route: &str) -> String {
    let route: String = form_urlencoded::byte_serialize(route.as_bytes()).collect();
    format!("/people/{route}")
}
