//! Addresses of conversations.

/// The path of the conversations.
pub(crate) const PATH: &str = "/chat";

/// Returns the address of a conversation.
pub(crate) fn link(session: &str) -> String {
    let session: String = form_urlencoded::byte_serialize(session.as_bytes()).collect();
    format!("{PATH}?session={session}")
}
