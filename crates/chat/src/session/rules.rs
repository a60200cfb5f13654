//! Validation of ids, titles and previews, and conversion to wire types. No I/O.

use memory::MessageId;
use store::{AccountId, Timestamp};
use web::{ApiError, Issues, paging::cursor::Position};

use super::{
    MAX_LISTED, Sent, Used,
    model::{ListedMessage, ListedSession, Message, SentResponse, Session, UsageRow, message_id},
};

/// Maximum length of a session id or app id chosen by a client, in characters.
pub const MAX_NAME: usize = 128;
/// The prefix of all session ids made by this server.
pub(super) const PREFIX: &str = "labs_sess_";
/// The app id of a session whose client gives none.
pub(crate) const GENERAL: &str = "general";
/// Length of a title, and maximum length of a preview, in characters.
const TITLE: usize = 30;
const PREVIEW: usize = 50;

/// Checks an id that a client may have chosen; an empty one counts as absent.
pub(crate) fn name(issues: &mut Issues, field: &str, value: Option<&str>) -> Option<String> {
    let value = value.map(str::trim).filter(|value| !value.is_empty())?;
    issues.line(field, value, MAX_NAME);
    Some(value.to_owned())
}

/// Checks the page parameters of a list. Returns the position after which the page begins, and its maximum
/// size.
pub(super) fn check_list(issues: &mut Issues, cursor: Option<&str>, size: Option<i64>) -> (Position, i64) {
    let size = size.unwrap_or(MAX_LISTED);
    if size < 1 {
        issues.add("greater_than_equal", "pageSize", "Input should be greater than or equal to 1");
    }
    let position = match cursor {
        None | Some("") => Some(Position::START),
        Some(text) => Position::parse(text),
    };
    if position.is_none() {
        issues.add("value_error", "cursor", "Input should be the nextCursor of an earlier page");
    }
    (position.unwrap_or(Position::START), size.clamp(1, MAX_LISTED))
}

/// Returns true if a text is possible as a session id.
pub(crate) fn is_name(id: &str) -> bool {
    (1..=MAX_NAME * 4).contains(&id.len()) && !id.chars().any(char::is_control)
}

/// Returns the beginning of a text on one line.
fn beginning(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(max).collect()
}

/// Returns the title of a session that begins with this message.
pub(super) fn title(text: &str) -> String {
    beginning(text, TITLE)
}

/// Returns the preview of a message: at most 50 characters, the last three of them dots if there is more.
pub(super) fn preview(text: &str) -> String {
    match text.char_indices().nth(PREVIEW) {
        None => text.to_owned(),
        Some(_) => format!("{}...", text.chars().take(PREVIEW - 3).collect::<String>()),
    }
}

pub(super) fn listed(session: Session) -> ListedSession {
    let is_empty = session.message_count == 0;
    ListedSession {
        session_id: session.id,
        app_id: session.app_id,
        title: session.title,
        last_message: (!is_empty).then_some(session.last_message),
        last_update_time: (!is_empty).then(|| session.updated_at.iso8601()),
        message_count: session.message_count,
    }
}

pub(super) fn listed_message(message: Message, account: AccountId) -> ListedMessage {
    ListedMessage {
        message_id: message_id(message.id),
        role: message.role.name(),
        content: message.content,
        sender_user_id: account,
        receiver_user_id: None,
        create_time: message.created_at.iso8601(),
        state: message.state,
    }
}

/// Converts a stored prompt to its wire type.
///
/// # Errors
/// If the stored JSON is invalid.
pub(super) fn sent(id: MessageId, sent: Sent) -> Result<SentResponse, ApiError> {
    let json = |text: &str| serde_json::from_str(text).map_err(ApiError::internal);
    Ok(SentResponse {
        message_id: message_id(id),
        messages: json(&sent.prompt)?,
        memories: json(&sent.memories)?,
        provider: sent.provider,
        model: sent.model,
        tokens_in: sent.tokens_in,
        tokens_out: sent.tokens_out,
        time: sent.created_at.iso8601(),
    })
}

pub(super) fn used(used: Used) -> UsageRow {
    let date = Timestamp(used.day.saturating_mul(86_400_000)).date();
    let Used { client, answers, tokens_in, tokens_out, .. } = used;
    UsageRow { date, client, answers, tokens_in, tokens_out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::model::parse_message_id;
    use proptest::prelude::*;

    #[test]
    fn previews_and_titles_are_cut() {
        assert_eq!(preview("你好"), "你好");
        assert_eq!(preview(&"字".repeat(50)), "字".repeat(50));
        assert_eq!(preview(&"字".repeat(51)), format!("{}...", "字".repeat(47)));
        assert_eq!(title("  a\n b  "), "a b");
        assert_eq!(title(&"x".repeat(99)).len(), 30);
    }

    proptest! {
        #[test]
        fn a_message_has_one_name(id in 0_i64..1 << 53, junk in "(msg_)?[0-9a-fA-F+-]{0,16}") {
            prop_assert_eq!(parse_message_id(&message_id(MessageId(id))), Some(MessageId(id)));
            if let Some(id) = parse_message_id(&junk) {
                prop_assert_eq!(message_id(id), junk);
            }
        }

        #[test]
        fn a_preview_is_never_longer(text in ".*") {
            prop_assert!(preview(&text).chars().count() <= PREVIEW);
        }
    }
}
