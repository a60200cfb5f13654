//! Archive section of sessions, without their messages.

use archive::{ImportLine, ImportSummary, Part, Section, given_id, line, read};
use memory::MessageId;
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, Timestamp, from_row, owned_params, params};
use web::ApiError;

use super::{queries, time, wrong};
use crate::{
    Chat, ConversationId,
    session::{
        model::{message_id, parse_message_id},
        rules,
    },
};

/// Maximum number of entries in a part.
const PART: i64 = 500;
/// Maximum length of a summary in characters.
const MAX_SUMMARY: usize = 4000;

pub(super) struct Sessions(pub(super) Chat);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    session_id: String,
    /// The app that began the session; empty for the person.
    #[serde(default)]
    client: String,
    #[serde(default)]
    app_id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    last_message: String,
    create_time: Option<i64>,
    update_time: Option<i64>,
    /// The summary of the messages up to `summary_to`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_to: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    /// The model that the person picked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    model: String,
    /// True if a model or the person gave it the title.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    titled: bool,
}

struct Row {
    key: ConversationId,
    client: String,
    id: String,
    app_id: String,
    title: String,
    last_message: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    summary: String,
    summary_to: MessageId,
    pinned: i64,
    model: String,
    titled: i64,
}

from_row!(Row {
    key,
    client,
    id,
    app_id,
    title,
    last_message,
    created_at,
    updated_at,
    summary,
    summary_to,
    pinned,
    model,
    titled
});

impl Section for Sessions {
    fn name(&self) -> &'static str {
        "chat-sessions"
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let page = owned_params![account, after, PART];
            let sessions: Vec<Row> = self.0.db().fetch_all_heavy(queries::SESSIONS, page).await?;
            let next = sessions.last().map(|session| session.key.0);
            let mut lines = Vec::with_capacity(sessions.len());
            for session in sessions {
                lines.push(line(&Entry {
                    session_id: session.id,
                    client: session.client,
                    app_id: session.app_id,
                    title: session.title,
                    last_message: session.last_message,
                    create_time: Some(session.created_at.as_millis()),
                    update_time: Some(session.updated_at.as_millis()),
                    summary_to: (!session.summary.is_empty()).then(|| message_id(session.summary_to)),
                    summary: session.summary,
                    pinned: session.pinned != 0,
                    model: session.model,
                    titled: session.titled != 0,
                })?);
            }
            Ok(Part { lines, next, ..Part::default() })
        })
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let ready = read(&given, &mut taken, |entry: Entry| {
                check(&entry)?;
                let times = (time("createTime", entry.create_time)?, time("updateTime", entry.update_time)?);
                let ids = self.0.db().ids();
                let to = entry.summary_to.as_deref().and_then(parse_message_id);
                // Dropped if there is no summary. A summary without this is dropped, too: nobody knows
                // which messages it covers.
                let to = given_id(to, ids).filter(|_| !entry.summary.is_empty());
                Ok((ConversationId(ids.next()), entry, times, to))
            });
            let count = u64::try_from(ready.len()).unwrap_or(0);
            let added = self.0.db().write(move |tx| {
                Box::pin(async move {
                    let mut added = 0;
                    for (key, entry, (created, updated), to) in &ready {
                        let Entry { session_id, client, app_id, title, last_message, summary, .. } = entry;
                        let summary = if to.is_some() { summary.as_str() } else { "" };
                        let values = params![
                            *key,
                            account,
                            client,
                            session_id,
                            app_id,
                            title,
                            last_message,
                            *created,
                            *updated,
                            summary,
                            to.unwrap_or(MessageId(0)),
                            i64::from(entry.pinned),
                            &entry.model,
                            i64::from(entry.titled)
                        ];
                        added += tx.execute(queries::ADD_SESSION, values).await?;
                    }
                    Ok::<_, ApiError>(added)
                })
            });
            taken.added = added.await?;
            taken.known = count - taken.added;
            Ok(taken)
        })
    }
}

fn check(entry: &Entry) -> Result<(), ApiError> {
    if !rules::is_name(&entry.session_id) {
        return Err(wrong("sessionId", "Input should be the name of a session"));
    }
    for (member, text) in [
        ("client", &entry.client),
        ("appId", &entry.app_id),
        ("title", &entry.title),
        ("lastMessage", &entry.last_message),
        ("model", &entry.model),
    ] {
        if text.chars().count() > 1000 || text.contains('\0') {
            return Err(wrong(member, "Input should be a text of at most 1000 characters"));
        }
    }
    if entry.summary.chars().count() > MAX_SUMMARY || entry.summary.contains('\0') {
        return Err(wrong("summary", "Input should be a text of at most 4000 characters"));
    }
    Ok(())
}
