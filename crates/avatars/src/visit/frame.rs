//! The frames of the WebSocket. No I/O.

use serde::Serialize;
use store::{AccountId, Timestamp};

/// The index of the frame that ends an answer.
const END: i64 = -1;
/// Characters of the part of a message's id before the time.
const MESSAGE_ID: usize = 32;

/// The conversation and the message that a frame belongs to.
#[derive(Debug, Clone)]
pub(crate) struct FrameContext {
    /// The name of the conversation.
    pub(crate) session: String,
    /// The avatar, as a number.
    pub(crate) mind: String,
    /// The account of the avatar's owner.
    pub(crate) owner: AccountId,
    /// The id of the message on the wire.
    pub(crate) message: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Frame<'f> {
    sender: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    multiple_data: Vec<Part<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Content<'f>>,
    timestamp: i64,
    seq_id: i64,
    session_id: &'f str,
    user_id: String,
    message_id: &'f str,
    mind_id: &'f str,
    send_user_id: String,
    data_type: &'static str,
    r#type: &'static str,
}

#[derive(Debug, Serialize)]
struct Part<'f> {
    modal: Modal<'f>,
}

#[derive(Debug, Serialize)]
struct Modal<'f> {
    answer: &'f str,
}

#[derive(Debug, Serialize)]
struct Content<'f> {
    content: &'f str,
}

/// The content of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// An increment of an answer, and its number from 0.
    Increment(i64, String),
    /// The end of an answer.
    End,
    /// A complete message of the owner in person.
    FromOwner(String),
}

impl FrameContext {
    /// Formats a frame. `number` is its place among the frames of the conversation.
    pub(crate) fn format(&self, kind: &FrameKind, number: i64, now: Timestamp) -> String {
        let (sender, index, multiple_data, data) = match kind {
            FrameKind::Increment(index, text) => {
                ("umm", Some(*index), vec![Part { modal: Modal { answer: text } }], None)
            }
            FrameKind::End => ("umm", Some(END), Vec::new(), None),
            FrameKind::FromOwner(text) => ("client", None, Vec::new(), Some(Content { content: text })),
        };
        let frame = Frame {
            sender,
            index,
            multiple_data,
            data,
            timestamp: now.0,
            seq_id: number,
            session_id: &self.session,
            user_id: self.owner.to_string(),
            message_id: &self.message,
            mind_id: &self.mind,
            send_user_id: self.owner.to_string(),
            data_type: "text",
            r#type: "msg",
        };
        // Texts and numbers always serialize.
        serde_json::to_string(&frame).unwrap_or_default()
    }
}

/// Returns the id of a message on the wire: 32 hexadecimal digits, and the time.
pub(crate) fn message_id(id: crate::VisitMessageId, at: Timestamp) -> String {
    format!("{}_____{}", message_name(id), at.0)
}

/// Returns the 32 hexadecimal digits of a message's id.
pub(crate) fn message_name(id: crate::VisitMessageId) -> String {
    format!("{:0width$x}", id.0, width = MESSAGE_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> FrameContext {
        FrameContext {
            session: "visit_1".into(),
            mind: "7".into(),
            owner: AccountId(3),
            message: message_id(crate::VisitMessageId(255), Timestamp(5)),
        }
    }

    /// The bytes that the documentation shows are a prefix of the frame.
    #[test]
    fn frames_begin_as_documented() {
        let at = |kind: &FrameKind| context().format(kind, 9, Timestamp(5));
        let increment = at(&FrameKind::Increment(0, "chunk".into()));
        assert!(
            increment
                .starts_with(r#"{"sender":"umm","index":0,"multipleData":[{"modal":{"answer":"chunk"}}],"#),
            "{increment}"
        );
        assert!(at(&FrameKind::End).starts_with(r#"{"sender":"umm","index":-1,"#));
        let owner = at(&FrameKind::FromOwner("hi".into()));
        assert!(owner.starts_with(r#"{"sender":"client","data":{"content":"hi"},"#), "{owner}");
        assert!(owner.contains(r#""sendUserId":"3""#) && owner.contains(r#""type":"msg""#));
        assert!(owner.contains("000000000000000000000000000000ff_____5"), "{owner}");
    }
}
