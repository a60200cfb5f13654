//! The types of ids.

store::id! {
    /// The id of a post.
    PostId;
    /// The id of a comment.
    CommentId;
    /// The id of a post or a comment, which have ids of one sequence.
    TargetId;
    /// The id of a circle.
    CircleId;
    /// The id of a certificate.
    CertificateId;
    /// The id of an invitation code.
    InvitationId;
    /// The id of a report to the administrators.
    ReportId;
    /// The id of an entry in the log of moderation.
    LogEntryId;
}

impl From<PostId> for TargetId {
    fn from(id: PostId) -> Self {
        Self(id.0)
    }
}

impl From<CommentId> for TargetId {
    fn from(id: CommentId) -> Self {
        Self(id.0)
    }
}
