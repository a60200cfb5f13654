//! The section of conversations of other programs. It only imports: each line is a whole conversation,
//! which is written with all its messages or not at all.

use std::collections::HashMap;

use archive::{
    ImportLine, ImportSummary, LineOutcome, Part, Section, read_lines,
    runs::{Act, ImportedId, Mark, Native, RunId, Undone, Writing, digest},
};
use memory::{
    MessageId,
    quota::{self, Change, Kind},
};
use serde::Deserialize;
use store::{AccountId, BoxFuture, Ids, Timestamp, Tx, params};
use web::ApiError;

use super::{queries, wrong};
use crate::{
    Chat, ConversationId,
    provider::Role,
    session::{self, model::State},
};

/// The name of the section.
const NAME: &str = "conversations";
/// Maximum length of a title in characters.
const MAX_TITLE: usize = 1000;
/// Maximum number of characters of the last message in lists.
const MAX_LAST: usize = 1000;
/// Maximum length of an id in bytes.
const MAX_ID: usize = 512;
/// Maximum number of further conversations of the same id, whose messages differ.
const MAX_BRANCHES: usize = 20;

pub(super) struct Conversations(pub(super) Chat);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    session_id: String,
    app_id: String,
    #[serde(default)]
    title: String,
    create_time: Option<i64>,
    update_time: Option<i64>,
    messages: Vec<MessageEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageEntry {
    role: String,
    content: String,
    create_time: Option<i64>,
}

/// A conversation, ready to be written.
struct Ready {
    id: String,
    app: String,
    title: String,
    created: Timestamp,
    updated: Timestamp,
    messages: Vec<(Role, String, Timestamp)>,
    /// Hashes of the messages up to each.
    said: Vec<String>,
}

impl Section for Conversations {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Conversations are exported as sessions and messages.
    fn export(&self, _account: AccountId, _after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(std::future::ready(Ok(Part::default())))
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(self.write(account, None, given))
    }

    fn import_in(
        &self,
        account: AccountId,
        run: RunId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(self.write(account, Some(run), given))
    }

    fn check(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let now = self.0.db().clock().now();
            for (_line, entry) in read_lines(&given, &mut taken, |entry| ready(entry, now)) {
                let values = params![account, "", &entry.id];
                let known: Option<(ConversationId,)> =
                    self.0.db().fetch_optional(queries::SESSION, values).await?;
                match known {
                    Some(_) => taken.known += 1,
                    None => taken.added += 1,
                }
            }
            Ok(taken)
        })
    }

    fn undo(&self, account: AccountId, run: RunId) -> BoxFuture<'_, Result<Undone, ApiError>> {
        let writing = Writing { account, run, section: NAME };
        let undone = self.0.db().write(move |tx| Box::pin(take_back(tx, writing)));
        Box::pin(undone)
    }
}

impl Conversations {
    async fn write(
        &self,
        account: AccountId,
        run: Option<RunId>,
        given: Vec<ImportLine>,
    ) -> Result<ImportSummary, ApiError> {
        let mut taken = ImportSummary::default();
        let mut natives: HashMap<u64, Native> =
            given.iter().filter_map(|line| Some((line.line, line.native.clone()?))).collect();
        let now = self.0.db().clock().now();
        let all = read_lines(&given, &mut taken, |entry| ready(entry, now));
        drop(given);
        let (quota, ids) = (*self.0.memory().quota(), self.0.db().ids().clone());
        for (line, entry) in all {
            let native = natives.remove(&line);
            let (ids, writing) = (ids.clone(), run.map(|run| Writing { account, run, section: NAME }));
            // Each has a transaction of its own: it may be long.
            let written = self.0.db().write(move |tx| {
                Box::pin(async move {
                    let to = To { account, quota: &quota, ids: &ids, writing };
                    to.take(tx, &entry, native).await
                })
            });
            taken.take(vec![(line, written.await?)], quota::FULL);
        }
        Ok(taken)
    }
}

/// Checks a conversation.
fn ready(entry: Entry, now: Timestamp) -> Result<Ready, ApiError> {
    let is_name = |id: &str| !id.is_empty() && id.len() <= MAX_ID && !id.chars().any(char::is_control);
    if !is_name(&entry.session_id) || !is_name(&entry.app_id) {
        return Err(wrong("sessionId", "Input should be the name of a session"));
    }
    if entry.messages.is_empty() {
        return Err(wrong("messages", "Input should not be empty"));
    }
    let created = archive::given_time(entry.create_time).unwrap_or(now);
    let (mut messages, mut said, mut last) = (Vec::new(), Vec::new(), created);
    for message in entry.messages {
        let role = Role::parse(&message.role)
            .ok_or_else(|| wrong("role", "Input should be 'system', 'user' or 'assistant'"))?;
        if message.content.contains('\0') {
            return Err(wrong("content", "Input should be a text without NUL"));
        }
        // A message without a time has that of the one before.
        last = archive::given_time(message.create_time).unwrap_or(last);
        let before = said.last().map(String::as_str).unwrap_or_default();
        said.push(digest(format!("{before}\n{}\n{}", role.name(), message.content)));
        messages.push((role, message.content, last));
    }
    Ok(Ready {
        id: entry.session_id,
        app: entry.app_id,
        title: entry.title.chars().filter(|c| !c.is_control()).take(MAX_TITLE).collect(),
        created,
        updated: archive::given_time(entry.update_time).unwrap_or(last),
        messages,
        said,
    })
}

/// The account that conversations are written to.
struct To<'t> {
    account: AccountId,
    quota: &'t quota::Settings,
    ids: &'t Ids,
    writing: Option<Writing>,
}

impl To<'_> {
    /// Writes a conversation, or the messages that are new in it.
    async fn take(
        &self,
        tx: &mut Tx<'_>,
        entry: &Ready,
        native: Option<Native>,
    ) -> Result<LineOutcome, ApiError> {
        let (Some(writing), Some(native)) = (self.writing, native) else {
            let begun = self.begin(tx, entry, &entry.id).await?;
            if let (Some(writing), Begun::New(key, last)) = (self.writing, &begun) {
                writing
                    .made(tx, ImportedId(key.0), Act::Added, &mark_of(entry.messages.len(), *last))
                    .await?;
            }
            return Ok(begun.taken());
        };
        let end = entry.said.last().cloned().unwrap_or_default();
        for branch in 0..MAX_BRANCHES {
            let suffix = if branch == 0 { String::new() } else { format!("~{}", branch + 1) };
            let native = Native { id: format!("{}{suffix}", native.id), said: end.clone(), ..native.clone() };
            let Some(origin) = writing.origin(tx, &native).await? else {
                let begun = self.begin(tx, entry, &format!("{}{suffix}", entry.id)).await?;
                if let Begun::New(key, last) = begun {
                    let count = entry.messages.len();
                    writing.set_origin(tx, &native, (ImportedId(key.0), number(count))).await?;
                    writing.made(tx, ImportedId(key.0), Act::Added, &mark_of(count, last)).await?;
                }
                return Ok(begun.taken());
            };
            let key = ConversationId(origin.entry.0);
            let Some(now) = mark(tx, self.account, key).await? else { return Ok(LineOutcome::Removed) };
            if origin.said == end {
                return Ok(writing.taken(tx, origin.entry).await?);
            }
            // The conversation goes on, or it has become another one.
            let known = usize::try_from(origin.parts).unwrap_or(usize::MAX);
            let goes_on = known > 0 && entry.said.get(known - 1) == Some(&origin.said);
            if !goes_on {
                continue;
            }
            let is_untouched = writing.mark(tx, origin.entry).await?.is_some_and(|mark| {
                mark.at == now.at && mark.text.split(' ').next() == Some(now.text.as_str())
            });
            if !is_untouched {
                return Ok(LineOutcome::Kept);
            }
            if !self.fits(tx, entry, known).await? {
                return Ok(LineOutcome::Full);
            }
            let (first, last) = self.add(tx, entry, (key, known)).await?;
            let count = entry.messages.len();
            writing.set_origin(tx, &native, (ImportedId(key.0), number(count))).await?;
            let mark = Mark { text: format!("{count} {first}"), at: last };
            writing.made(tx, ImportedId(key.0), Act::Appended, &mark).await?;
            return Ok(LineOutcome::Changed);
        }
        Ok(LineOutcome::Kept)
    }

    /// Writes a new conversation.
    async fn begin(&self, tx: &mut Tx<'_>, entry: &Ready, id: &str) -> Result<Begun, ApiError> {
        let known: Option<(ConversationId,)> =
            tx.fetch_optional(queries::SESSION, params![self.account, "", id]).await?;
        if known.is_some() {
            return Ok(Begun::Known);
        }
        if !self.fits(tx, entry, 0).await? {
            return Ok(Begun::Full);
        }
        let key = ConversationId(self.ids.next());
        let (is_pinned, is_titled) = (0_i64, 1_i64);
        let values = params![
            key,
            self.account,
            "",
            id,
            &entry.app,
            &entry.title,
            "",
            entry.created,
            entry.updated,
            "",
            MessageId(0),
            is_pinned,
            "",
            is_titled
        ];
        tx.execute(queries::ADD_SESSION, values).await?;
        let (_first, last) = self.add(tx, entry, (key, 0)).await?;
        Ok(Begun::New(key, last))
    }

    async fn fits(&self, tx: &Tx<'_>, entry: &Ready, from: usize) -> Result<bool, ApiError> {
        let texts = entry.messages.iter().skip(from);
        let bytes = texts.map(|(_, content, _)| quota::size(&[content])).sum();
        let entries = number(entry.messages.len().saturating_sub(from));
        Ok(self.quota.fits(tx, self.account, Kind::Message, Change { entries, bytes }).await?)
    }

    /// Writes the messages from a position on. Returns the id of the first and the time of the last one.
    async fn add(
        &self,
        tx: &mut Tx<'_>,
        entry: &Ready,
        (key, from): (ConversationId, usize),
    ) -> Result<(MessageId, Timestamp), ApiError> {
        let (mut first, mut last) = (None, entry.created);
        for (role, content, at) in entry.messages.iter().skip(from) {
            let id = MessageId(self.ids.next());
            let values = params![id, key, role.name(), content, State::Complete.name(), *at, "", 0_i64, ""];
            tx.send(queries::ADD_MESSAGE, values).await?;
            (first, last) = (first.or(Some(id)), *at);
        }
        let shown = entry.messages.last().map(|(_, content, _)| content.as_str()).unwrap_or_default();
        let shown: String = shown.chars().filter(|c| *c != '\0').take(MAX_LAST).collect();
        let count = number(entry.messages.len().saturating_sub(from));
        tx.execute(queries::SAID, params![key, &shown, count, entry.updated]).await?;
        Ok((first.unwrap_or(MessageId(i64::MAX)), last))
    }
}

/// The result of writing a conversation.
enum Begun {
    /// It is new, and its last message has this time.
    New(ConversationId, Timestamp),
    Known,
    Full,
}

impl Begun {
    const fn taken(&self) -> LineOutcome {
        match self {
            Self::New(..) => LineOutcome::Added,
            Self::Known => LineOutcome::Known,
            Self::Full => LineOutcome::Full,
        }
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Returns the mark of a conversation with a number of messages, the last of which has a time.
fn mark_of(count: usize, last: Timestamp) -> Mark {
    Mark { text: count.to_string(), at: last }
}

/// Returns how a conversation looks; `None` if it is gone.
async fn mark(tx: &Tx<'_>, account: AccountId, key: ConversationId) -> store::Result<Option<Mark>> {
    let found: Option<(i64, Timestamp)> = tx.fetch_optional(queries::STATE, params![account, key]).await?;
    Ok(found.map(|(count, at)| Mark { text: count.to_string(), at }))
}

/// Removes conversations that a run made, and the messages that it appended to others.
async fn take_back(tx: &mut Tx<'_>, writing: Writing) -> Result<Undone, ApiError> {
    let account = writing.account;
    let mut undone = Undone::default();
    for (entry, act, text, at) in writing.to_undo(tx).await? {
        let key = ConversationId(entry.0);
        // An appended part is marked with its first message.
        let (text, first) = match text.split_once(' ') {
            Some((text, first)) => (text.to_owned(), first.parse().ok().map(MessageId)),
            None => (text, None),
        };
        let is_untouched = match mark(tx, account, key).await? {
            None => {
                writing.settle(tx, entry, false).await?;
                undone.removed += 1;
                continue;
            }
            Some(now) => now == Mark { text, at },
        };
        if !is_untouched {
            undone.stayed += 1;
        } else {
            match first.filter(|_| act == Act::Appended.name()) {
                Some(first) => session::remove_messages(tx, account, key, first).await?,
                None => session::remove(tx, account, key).await?,
            }
            undone.removed += 1;
        }
        writing.settle(tx, entry, !is_untouched).await?;
    }
    Ok(undone)
}
