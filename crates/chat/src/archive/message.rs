//! Archive section of messages, with the prompts sent to a model for them.

use archive::{ImportLine, ImportSummary, Part, Section, given_id, line, read_lines};
use memory::{
    MessageId,
    quota::{self, Change, Kind},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{AccountId, BoxFuture, Row, Timestamp, Tx, from_row, owned_params, params};
use web::ApiError;

use super::{queries, time, wrong};
use crate::{
    Chat, ConversationId,
    provider::Role,
    reason::Reason,
    session::model::{State, message_id, parse_message_id},
};

/// Maximum number of entries in a part. Few, because each may be long.
const PART: i64 = 100;
/// Maximum length of a text of an entry, in bytes.
const MAX_TEXT: usize = 32 << 20;

pub(super) struct Messages(pub(super) Chat);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    message_id: Option<String>,
    session_id: String,
    #[serde(default)]
    client: String,
    /// `system`, `user`, or `assistant`.
    role: String,
    content: String,
    /// `complete`, `stopped`, or `failed`.
    #[serde(default = "complete")]
    state: String,
    create_time: Option<i64>,
    /// The keys of its pictures among the files, separated by spaces.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pictures: String,
    /// True for a version of an answer that is not shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    superseded: bool,
    /// The reason why the latest attempt to answer it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    failure: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Sent>,
}

fn complete() -> String {
    State::Complete.name().to_owned()
}

/// The prompt that was sent to a model. `prompt` and `memories` are JSON texts.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    model: String,
    provider: String,
    prompt: String,
    memories: String,
    tokens_in: i64,
    tokens_out: i64,
    create_time: i64,
    /// JSON: thoughts and tool calls.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    steps: String,
}

struct ArchivedMessage {
    id: MessageId,
    session: String,
    client: String,
    role: String,
    content: String,
    state: String,
    created: i64,
    pictures: String,
    superseded: i64,
    failure: String,
    sent: Option<Sent>,
}

impl store::FromRow for ArchivedMessage {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let model: Option<String> = row.get(7)?;
        let sent = match model {
            None => None,
            Some(model) => Some(Sent {
                model,
                provider: row.get(8)?,
                prompt: row.get(9)?,
                memories: row.get(10)?,
                tokens_in: row.get(11)?,
                tokens_out: row.get(12)?,
                create_time: row.get(13)?,
                steps: row.get(15)?,
            }),
        };
        Ok(Self {
            id: row.get(0)?,
            session: row.get(1)?,
            client: row.get(2)?,
            role: row.get(3)?,
            content: row.get(4)?,
            state: row.get(5)?,
            created: row.get(6)?,
            pictures: row.get(14)?,
            superseded: row.get(16)?,
            failure: row.get(17)?,
            sent,
        })
    }
}

struct Key {
    key: ConversationId,
}

from_row!(Key { key });

/// A validated entry to be imported.
struct Ready {
    entry: Entry,
    given_id: Option<MessageId>,
    new_id: MessageId,
    created: Timestamp,
}

impl Section for Messages {
    fn name(&self) -> &'static str {
        "chat-messages"
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let page = owned_params![account, after, PART];
            let messages: Vec<ArchivedMessage> = self.0.db().fetch_all_heavy(queries::MESSAGES, page).await?;
            let next = messages.last().map(|said| said.id.0);
            let mut lines = Vec::with_capacity(messages.len());
            for said in messages {
                lines.push(line(&Entry {
                    message_id: Some(message_id(said.id)),
                    session_id: said.session,
                    client: said.client,
                    role: said.role,
                    content: said.content,
                    state: said.state,
                    create_time: Some(said.created),
                    pictures: said.pictures,
                    superseded: said.superseded != 0,
                    failure: said.failure,
                    sent: said.sent,
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
            let ready = read_lines(&given, &mut taken, |entry: Entry| self.ready(entry));
            let quota = *self.0.memory().quota();
            let written = self.0.db().write(move |tx| {
                Box::pin(async move {
                    let mut lines = Vec::with_capacity(ready.len());
                    let mut full = Vec::new();
                    for (line, ready) in ready {
                        match insert(tx, &quota, account, &ready).await? {
                            Some(written) => lines.push((line, written)),
                            None => full.push((line, None)),
                        }
                    }
                    Ok::<_, ApiError>((lines, full))
                })
            });
            let (lines, full) = written.await?;
            taken.count(lines, "sessionId: there is no such session");
            taken.count(full, quota::FULL);
            Ok(taken)
        })
    }
}

impl Messages {
    fn ready(&self, entry: Entry) -> Result<Ready, ApiError> {
        Role::parse(&entry.role)
            .ok_or_else(|| wrong("role", "Input should be 'system', 'user' or 'assistant'"))?;
        if ![State::Complete, State::Stopped, State::Failed].iter().any(|state| state.name() == entry.state) {
            return Err(wrong("state", "Input should be 'complete', 'stopped' or 'failed'"));
        }
        let sent = entry.sent.iter();
        if !entry.failure.is_empty() && Reason::parse(&entry.failure).is_none() {
            return Err(wrong("failure", "Input should be the name of a reason"));
        }
        if entry.superseded && entry.role != Role::Assistant.name() {
            return Err(wrong("superseded", "Input should be false for this role"));
        }
        let mut texts = vec![&entry.content, &entry.session_id, &entry.client, &entry.pictures];
        texts.extend(
            sent.flat_map(|sent| [&sent.model, &sent.provider, &sent.prompt, &sent.memories, &sent.steps]),
        );
        if texts.iter().any(|text| text.len() > MAX_TEXT || text.contains('\0')) {
            return Err(wrong("content", "Input should be texts of at most 32 MiB without NUL"));
        }
        let created = time("createTime", entry.create_time)?;
        if let Some(sent) = &entry.sent {
            time("sent.createTime", Some(sent.create_time))?;
        }
        let ids = self.0.db().ids();
        let own = entry.message_id.as_deref().and_then(parse_message_id);
        Ok(Ready { given_id: given_id(own, ids), new_id: MessageId(ids.next()), entry, created })
    }
}

/// Rewrites the memories of an answer: the id of the profile becomes this account's, which differs between
/// servers.
fn own_profile(memories: &str, account: AccountId) -> String {
    let Ok(mut items) = serde_json::from_str::<Vec<serde_json::Map<String, Value>>>(memories) else {
        return memories.to_owned();
    };
    for item in &mut items {
        if item.get("kind").is_some_and(|kind| kind == "profile") {
            item.insert("id".to_owned(), account.0.into());
        }
    }
    serde_json::to_string(&items).unwrap_or_else(|_| memories.to_owned())
}

/// Imports an entry. Returns `Some(Some(true))` if it was added, `Some(Some(false))` if it exists already,
/// `Some(None)` if its session does not exist, and `None` if the quota is full.
async fn insert(
    tx: &mut Tx<'_>,
    quota: &quota::Settings,
    account: AccountId,
    ready: &Ready,
) -> store::Result<Option<Option<bool>>> {
    let Entry { session_id, client, role, content, state, sent, pictures, superseded, failure, .. } =
        &ready.entry;
    let session: Option<Key> =
        tx.fetch_optional(queries::SESSION, params![account, client, session_id]).await?;
    let Some(Key { key }) = session else { return Ok(Some(None)) };
    let mut id = ready.new_id;
    if let Some(own) = ready.given_id {
        match tx.fetch_optional::<(AccountId,)>(queries::OWNER, params![own]).await? {
            Some((owner,)) if owner == account => return Ok(Some(Some(false))),
            Some(_) => {}
            None => id = own,
        }
    }
    let hidden = i64::from(*superseded);
    let same: Option<(i64,)> =
        tx.fetch_optional(queries::SAME, params![key, ready.created, role, content, hidden]).await?;
    if same.is_some() {
        return Ok(Some(Some(false)));
    }
    let memories = sent.as_ref().map(|sent| own_profile(&sent.memories, account)).unwrap_or_default();
    let prompt = sent.as_ref().map_or("", |sent| &sent.prompt);
    let steps = sent.as_ref().map_or("", |sent| &sent.steps);
    let change = Change::add(&[content, prompt, &memories, steps]);
    if !quota.fits(tx, account, Kind::Message, change).await? {
        return Ok(None);
    }
    let values = params![id, key, role, content, state, ready.created, pictures, hidden, failure];
    tx.execute(queries::ADD_MESSAGE, values).await?;
    if !superseded {
        tx.execute(queries::COUNT, params![key]).await?;
    }
    if let Some(sent) = sent {
        let Sent { model, provider, prompt, tokens_in, tokens_out, create_time, steps, .. } = sent;
        let values =
            params![id, model, provider, prompt, &memories, *tokens_in, *tokens_out, *create_time, steps];
        tx.execute(queries::ADD_SENT, values).await?;
    }
    Ok(Some(Some(true)))
}
