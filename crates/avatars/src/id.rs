//! The types of ids.

store::id! {
    /// The id of an avatar.
    AvatarId;
    /// The id of the key of an avatar.
    AvatarKeyId;
    /// The id of a skill that a person wrote for avatars.
    SkillId;
    /// The id of a conversation with a visitor, which clients know by a name.
    VisitId;
    /// The id of a message in a conversation with a visitor.
    VisitMessageId;
}
