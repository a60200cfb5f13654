//! Calls that are not made.

/// The reason why a call was not made, or was given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The text is not a URL, the scheme is not http or https, or the URL contains a user name or password.
    #[error("not an http or https address")]
    Address,
    /// The host is in a network that must not be called.
    #[error("the host is in a private or special network")]
    Network,
    /// The response is larger than this limit in bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The response is compressed in a way that is not supported.
    #[error("the answer is compressed in a way that is not supported")]
    Encoding,
    /// The connection broke while the response was read, or its bytes cannot be decompressed.
    #[error("the answer broke off")]
    Broken,
    /// This process cannot make calls, for example because the system has no certificates.
    #[error("cannot make calls: {0}")]
    Client(String),
}
