//! The types of ids. A message's is [`memory::MessageId`], because facts refer to messages.

store::id! {
    /// The id of a conversation, which clients know by another one.
    ConversationId;
    /// The id of an endpoint of models that a page configured.
    EndpointId;
}
