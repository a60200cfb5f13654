//! The types of ids.

store::id! {
    /// The id of a key of the Hub, by which its owner manages it.
    HubKeyId;
    /// The id of a recorded call.
    CallId;
}
