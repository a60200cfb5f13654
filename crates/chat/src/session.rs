//! Sessions: conversations with the assistant, and their messages.

mod answer;
pub mod model;
pub mod page;
pub(crate) mod queries;
pub(crate) mod routes;
pub(crate) mod rules;
mod sent;
mod speaker;

use memory::{
    MessageId,
    quota::{self, Change, Kind},
};
use store::{AccountId, Timestamp, owned_params, params};
use web::{ApiError, Code, paging::cursor::Position};

pub(crate) use answer::{StoredAnswer, TurnIds};
pub use model::{Message, Session, State};
pub(crate) use page::{remove, remove_messages};
pub use sent::Sent;
pub(crate) use speaker::Needs;
pub use speaker::{Rights, Speaker};

use crate::{Chat, ConversationId, provider::Role, work::Later};

/// Maximum number of sessions on a page of a list.
pub const MAX_LISTED: i64 = 500;
/// Maximum number of messages that are listed of a session; the oldest are.
const MAX_MESSAGES: i64 = 10_000;
/// Maximum number of earlier messages loaded for a prompt.
const LOOK_BACK: i64 = 200;
/// The time in seconds for which a process holds an answer in progress. It renews that before.
pub(crate) const HELD_SECONDS: i64 = 20;
/// Maximum number of rows of a usage list.
const MAX_USAGE: i64 = 1000;

/// The session that a message is addressed to, and the properties of a new one.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The session's id as the client gave it.
    pub(crate) session: Option<String>,
    /// The app that a new session is assigned to.
    pub(crate) app_id: String,
    /// The system prompt of a new session.
    pub(crate) system: Option<String>,
}

/// A session and its history before a new message.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The session, if it exists already.
    pub(crate) session: Option<Session>,
    /// The client's system prompt, if any.
    pub(crate) system: Option<String>,
    /// The messages, oldest first, without the system prompt and without those that the session's summary
    /// covers.
    pub(crate) history: Vec<Message>,
}

impl History {
    /// True if the session has just begun, and nobody gave it a title.
    pub(crate) fn is_untitled(&self) -> bool {
        self.history.len() <= 2 && self.session.as_ref().is_none_or(|session| !session.is_titled())
    }
}

/// The session that a new message was stored in.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) key: ConversationId,
    pub(crate) id: String,
    pub(crate) is_new: bool,
}

/// A message of the person.
#[derive(Debug, Clone)]
pub(crate) struct UserMessage {
    pub(crate) text: String,
    /// True if facts in it may be remembered, provided that the person's settings allow it.
    pub(crate) may_teach: bool,
    /// The keys of its pictures, separated by spaces.
    pub(crate) pictures: String,
    /// The message from which on it replaces the session.
    pub(crate) replaces: Option<MessageId>,
    /// The message that it is, if that one is answered again. Then nothing is added.
    pub(crate) again: Option<MessageId>,
    /// The model to use in the session from now on, if the person picked one.
    pub(crate) model: Option<String>,
    /// True if the answer is held in the store while it is in progress.
    pub(crate) is_held: bool,
}

impl UserMessage {
    /// Notes the picked model and the answer in progress in the session, whose row has to be locked.
    async fn note(
        &self,
        tx: &store::Tx<'_>,
        key: ConversationId,
        ids: TurnIds,
        now: Timestamp,
    ) -> store::Result<()> {
        if let Some(model) = &self.model {
            tx.send(queries::SET_MODEL, params![key, model]).await?;
        }
        if self.is_held {
            let until = now.plus_secs(HELD_SECONDS);
            tx.send(queries::HOLD_ANSWER, params![key, ids.answer, until]).await?;
        }
        Ok(())
    }
}

/// The stored state of an answer after a write of it failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    /// True if the whole answer is stored, or its session was deleted.
    pub(crate) is_settled: bool,
    /// Number of bytes of the answer that are stored, if any.
    pub(crate) bytes: Option<i64>,
}

store::from_row!(Stored { is_settled, bytes });

/// Token usage of a client on one day.
#[derive(Debug, Clone)]
pub struct Used {
    /// Days since 1970, in UTC.
    pub day: i64,
    /// `app:ID`, `key:ID` or `session`.
    pub client: String,
    /// Number of answers.
    pub answers: i64,
    /// Tokens of prompts.
    pub tokens_in: i64,
    /// Tokens of answers.
    pub tokens_out: i64,
}

store::from_row!(Used { day, client, answers, tokens_in, tokens_out });

impl Chat {
    /// Returns a page of the sessions that a speaker may see, latest activity first: at most `limit` of
    /// them, after a position.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn sessions(
        &self,
        who: &Speaker,
        app_id: &str,
        after: Position,
        limit: i64,
    ) -> Result<Vec<Session>, ApiError> {
        let Position(updated_at, key) = after;
        let values = owned_params![who.account, &who.client, app_id, limit, updated_at, key];
        Ok(self.db().fetch_all_heavy(queries::ALL, values).await?)
    }

    /// Finds a session by the id that a client gave.
    ///
    /// # Errors
    /// [`Code::ChatSessionUnauthorized`] if this server made the id for somebody else's session.
    pub async fn find_session(&self, who: &Speaker, id: &str) -> Result<Option<Session>, ApiError> {
        if !rules::is_name(id) {
            return Ok(None);
        }
        let named: Vec<Session> = self.db().fetch_all(queries::NAMED, params![who.account, id]).await?;
        // Several apps may choose the same id: the caller's own session has precedence.
        let mut others = named.iter().filter(|session| who.may_see(session));
        let own = named.iter().find(|session| session.client == who.client);
        if let Some(session) = own.or_else(|| others.next()) {
            return Ok(Some(session.clone()));
        }
        // An id made by this server is unique.
        if id.starts_with(rules::PREFIX) {
            let foreign: Option<(i64,)> = self.db().fetch_optional(queries::EXISTS, params![id]).await?;
            if foreign.is_some() {
                return Err(Code::ChatSessionUnauthorized.into());
            }
        }
        Ok(None)
    }

    /// Returns the messages of a session, oldest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn messages(&self, session: ConversationId) -> Result<Vec<Message>, ApiError> {
        Ok(self.db().fetch_all_heavy(queries::MESSAGES, owned_params![session, MAX_MESSAGES]).await?)
    }

    /// Deletes a session with its messages.
    ///
    /// # Errors
    /// [`Code::ChatSessionNotFound`] or [`Code::ChatSessionUnauthorized`].
    pub async fn delete_session(&self, who: &Speaker, id: &str) -> Result<(), ApiError> {
        let session = self.find_session(who, id).await?.ok_or(Code::ChatSessionNotFound)?;
        let (key, account) = (session.key, who.account);
        self.db().write(move |tx| Box::pin(async move { Ok(remove(tx, account, key).await?) })).await
    }

    /// Loads the addressed session with its history; empty for a new session.
    /// Messages from `replaces` on are left out.
    pub(crate) async fn before(
        &self,
        who: &Speaker,
        place: &Place,
        replaces: Option<MessageId>,
    ) -> Result<History, ApiError> {
        let Some(id) = &place.session else { return Ok(History::default()) };
        let Some(mut session) = self.find_session(who, id).await? else { return Ok(History::default()) };
        let replaces = replaces.unwrap_or(MessageId(i64::MAX));
        if session.summary_to >= replaces {
            (session.summary, session.summary_to) = (String::new(), MessageId(0));
        }
        let (key, db) = (session.key, self.db());
        let values = params![key, session.summary_to, LOOK_BACK];
        let mut history: Vec<Message> = db.fetch_all(queries::LATEST, values).await?;
        history.reverse();
        let is_all = session.summary_to == MessageId(0)
            && i64::try_from(history.len()).unwrap_or(i64::MAX) < LOOK_BACK;
        let first = match is_all {
            true => history.first().cloned(),
            false => db.fetch_optional(queries::FIRST, params![key]).await?,
        };
        history.retain(|message| message.role != Role::System && message.id < replaces);
        let system = first.filter(|message| message.role == Role::System).map(|message| message.content);
        Ok(History { session: Some(session), system, history })
    }

    /// Stores a message in a session, or begins a session with it.
    ///
    /// # Errors
    /// [`Code::ChatUsedUp`] or [`Code::QuotaExceeded`].
    pub(crate) async fn say(
        &self,
        who: &Speaker,
        place: Place,
        session: Option<&Session>,
        saying: UserMessage,
        ids: TurnIds,
    ) -> Result<Opened, ApiError> {
        let Some(session) = session else { return self.begin(who, place, saying, ids).await };
        let (db, key) = (self.db(), session.key);
        let now = db.clock().now();
        let (chat, account, quota) = (self.clone(), who.account, *self.memory().quota());
        db.write(move |tx| {
            Box::pin(async move {
                let preferences = chat.admit(chat.today_in(tx, account).await?)?;
                let is_own = i64::from(saying.may_teach && preferences.distills);
                let (role, state) = (Role::User.name(), State::Complete.name());
                let id = ids.question;
                let values = params![id, key, role, &saying.text, state, is_own, now, &saying.pictures];
                // Locks the session's row first, in the same order as a deletion.
                if saying.again.is_some() {
                    tx.send(queries::HOLD, params![key]).await?;
                    return Ok(saying.note(tx, key, ids, now).await?);
                }
                tx.send(queries::TOUCH, params![key, &rules::preview(&saying.text), 1_i64, now]).await?;
                saying.note(tx, key, ids, now).await?;
                if let Some(from) = saying.replaces {
                    page::remove_from(tx, account, key, from).await?;
                }
                tx.send(queries::ADD_MESSAGE, values).await?;
                quota.take(tx, account, Kind::Message, Change::add(&[&saying.text])).await
            })
        })
        .await?;
        Ok(Opened { key, id: session.id.clone(), is_new: false })
    }

    async fn begin(
        &self,
        who: &Speaker,
        place: Place,
        saying: UserMessage,
        ids: TurnIds,
    ) -> Result<Opened, ApiError> {
        let (chat, db) = (self.clone(), self.db());
        let made_up = place.session.filter(|id| !id.starts_with(rules::PREFIX));
        let is_made_up = made_up.is_some();
        let id = made_up.unwrap_or_else(|| format!("{}{}", rules::PREFIX, db.random().hex(6)));
        let new = ConversationId(db.ids().next());
        let (account, client, now) = (who.account, who.client.clone(), db.clock().now());
        let (name, title, preview) = (id.clone(), rules::title(&saying.text), rules::preview(&saying.text));
        let count = 1 + i64::from(place.system.is_some());
        let quota = *self.memory().quota();
        let key = db
            .write(move |tx| {
                Box::pin(async move {
                    let preferences = chat.admit(chat.today_in(tx, account).await?)?;
                    let app = &place.app_id;
                    let values = params![new, account, &client, &name, app, &title, &preview, count, now];
                    let (key,) = if is_made_up {
                        tx.fetch_one(queries::BEGIN_OR_JOIN, values).await?
                    } else {
                        tx.send(queries::BEGIN, values).await?;
                        (new,)
                    };
                    saying.note(tx, key, ids, now).await?;
                    let state = State::Complete.name();
                    let mut change = Change::add(&[&saying.text]);
                    if let Some(system) = place.system.as_ref().filter(|_| key == new) {
                        let values =
                            params![ids.system, key, Role::System.name(), system, state, 0_i64, now, ""];
                        tx.send(queries::ADD_MESSAGE, values).await?;
                        change = change.and(Change::add(&[system]));
                    }
                    let is_own = i64::from(saying.may_teach && preferences.distills);
                    let (role, pictures) = (Role::User.name(), &saying.pictures);
                    let id = ids.question;
                    let values = params![id, key, role, &saying.text, state, is_own, now, pictures];
                    tx.send(queries::ADD_MESSAGE, values).await?;
                    quota.take(tx, account, Kind::Message, change).await?;
                    Ok::<_, ApiError>(key)
                })
            })
            .await?;
        let is_new = key == new;
        Ok(Opened { key, id, is_new })
    }

    /// Stores the present text of an unfinished answer.
    pub(crate) async fn keep(&self, account: AccountId, answer: StoredAnswer) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let change = answer.store(tx, now).await?;
                    Ok(quota::adjust(tx, account, Kind::Message, change).await?)
                })
            })
            .await
    }

    /// Stores an answer with the prompt that was sent for it, counts its tokens, and enqueues jobs for its
    /// session.
    pub(crate) async fn finish(
        &self,
        who: Speaker,
        answer: StoredAnswer,
        sent: Sent,
        later: Vec<Later>,
    ) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let change = answer.store(tx, now).await?;
                    let Sent {
                        model, provider, prompt, memories, needs, tokens_in, tokens_out, steps, ..
                    } = &sent;
                    let (id, needs) = (answer.id, needs.to_bits());
                    let values = params![
                        id,
                        model,
                        provider,
                        prompt,
                        memories,
                        *tokens_in,
                        *tokens_out,
                        now,
                        needs,
                        steps
                    ];
                    tx.send(queries::ADD_SENT, values).await?;
                    let values = params![who.account, now.day(), &who.counted, *tokens_in, *tokens_out];
                    tx.send(queries::ADD_USAGE, values).await?;
                    for later in &later {
                        later.note(tx).await?;
                    }
                    // Never refused: the message was admitted, and the answer exists.
                    let change = change.and(Change::of_bytes(quota::size(&[prompt, memories, steps])));
                    Ok(quota::adjust(tx, who.account, Kind::Message, change).await?)
                })
            })
            .await
    }

    /// Counts tokens that were used other than for an answer.
    pub(crate) async fn count(&self, who: &Speaker, tokens_in: i64, tokens_out: i64) -> Result<(), ApiError> {
        let day = self.db().clock().now().day();
        let values = params![who.account, day, &who.counted, tokens_in, tokens_out];
        self.db().execute(queries::ADD_USAGE, values).await?;
        Ok(())
    }

    /// Returns the text of an earlier answer that the speaker may see.
    pub(crate) async fn answered(&self, who: &Speaker, id: MessageId) -> Result<Option<String>, ApiError> {
        let values = params![id, who.account, &who.client];
        let found: Option<(String,)> = self.db().fetch_optional(queries::ANSWERED, values).await?;
        Ok(found.map(|(text,)| text))
    }

    /// Reads back what is stored of an answer after a write of it failed.
    pub(crate) async fn stored(&self, answer: &StoredAnswer) -> Result<Stored, ApiError> {
        Ok(self.db().fetch_one(queries::STORED, params![answer.id, answer.session]).await?)
    }

    /// Returns the prompt that was sent for an answer.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the answer is unknown or another person's, or if the reader is an app;
    /// [`Code::PermissionDenied`] naming the missing scope if the prompt contains data that the reader may
    /// not read.
    pub async fn sent(&self, who: &Speaker, message: MessageId) -> Result<Sent, ApiError> {
        if !who.client.is_empty() {
            return Err(Code::NotFound.into());
        }
        let found = self.db().fetch_optional(queries::SENT, params![message, who.account]).await?;
        let sent: Sent = found.ok_or(Code::NotFound)?;
        match who.rights.lacks(sent.needs.0) {
            Some(scope) => Err(ApiError::new(Code::PermissionDenied).with(scope)),
            None => Ok(sent),
        }
    }

    /// Returns the tokens that a person used on the last `days` days, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn usage(&self, account: AccountId, days: i64) -> Result<Vec<Used>, ApiError> {
        let since = self.db().clock().now().day() - days + 1;
        Ok(self.db().fetch_all(queries::USAGE, params![account, since, MAX_USAGE]).await?)
    }
}
