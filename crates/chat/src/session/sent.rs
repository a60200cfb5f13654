//! The prompt that was sent to a model for an answer, kept for its person to read.

use store::Timestamp;

use super::{Needs, page::UsedMemory};

/// The prompt that was sent for an answer, and its costs.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// The provider's name of the model that answered.
    pub model: String,
    /// The provider's URL; empty for the built-in responder.
    pub provider: String,
    /// The messages of the prompt, as JSON.
    pub prompt: String,
    /// The memories in the prompt, as JSON.
    pub memories: String,
    /// The rights that a reader needs, which follow from the prompt's content.
    pub(crate) needs: Needs,
    /// Tokens of the prompt.
    pub tokens_in: i64,
    /// Tokens of the answer.
    pub tokens_out: i64,
    /// The time at which the answer was stored.
    pub created_at: Timestamp,
    /// Thoughts and tool calls before the answer, as JSON.
    pub(crate) steps: String,
    /// The id and the title of the session.
    pub session: String,
    /// See `session`.
    pub title: String,
}

impl Sent {
    /// Returns the role and the text of each message of the prompt.
    pub fn messages(&self) -> Vec<(String, String)> {
        pairs(&self.prompt, "role", "content")
    }

    /// Returns the memories in the prompt.
    #[must_use]
    pub fn memories(&self) -> Vec<UsedMemory> {
        UsedMemory::parse(&self.memories)
    }
}

fn pairs(json: &str, name: &str, value: &str) -> Vec<(String, String)> {
    let items: Vec<serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    let text = |item: &serde_json::Value, member: &str| {
        item.get(member).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    items.iter().map(|item| (text(item, name), text(item, value))).collect()
}

store::from_row!(Sent {
    model,
    provider,
    prompt,
    memories,
    needs,
    tokens_in,
    tokens_out,
    created_at,
    steps,
    session,
    title
});
