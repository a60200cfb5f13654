//! The types of ids.

store::id! {
    /// The id of a sign-in session.
    SessionId;
    /// The id of an API key.
    KeyId;
    /// The id of a program that a person signed in.
    ProgramId;
    /// The id of the consent that a person gave to an app.
    AuthorizationId;
    /// The id of an entry of the audit log.
    AuditId;
    /// The id of a notification to an app's webhook.
    DeliveryId;
}
