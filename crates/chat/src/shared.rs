//! Other people's avatars, from a source that the binary connects.

use identity::Caller;
use web::ApiError;

use crate::tools::Work;

/// A source of other people's avatars, which `ws-chat/send` reaches by their share codes.
pub trait SharedAvatars: Send + Sync + 'static {
    /// Sends a message of a person to an avatar, and waits for the complete answer.
    fn answer(
        &self,
        caller: Caller,
        share_code: String,
        message: String,
    ) -> Work<'_, Result<SharedAnswer, ApiError>>;
}

/// The complete answer of an avatar.
#[derive(Debug)]
pub struct SharedAnswer {
    /// The id of the conversation.
    pub session: String,
    /// The id of the answer.
    pub message: String,
    /// The text.
    pub text: String,
}
