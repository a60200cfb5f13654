//! Sessions: conversations with the double and their messages (contract C-10, C-11).

pub mod model;
pub(crate) mod queries;
pub(crate) mod routes;
pub(crate) mod rules;
mod sent;
mod speaker;

use memory::quota::{self, Change, Kind};
use store::{Timestamp, Tx, owned_params, params};
use web::{ApiError, Code};

pub use model::{Message, Place as ListPlace, Session, State};
pub use sent::Sent;
pub(crate) use speaker::Needs;
pub use speaker::{Rights, Speaker};

use crate::{Chat, provider::Role, work::Later};

/// Most sessions on a page of a list.
pub const MAX_LISTED: i64 = 500;
/// Messages of a session that are listed, the oldest.
const MAX_MESSAGES: i64 = 10_000;
/// Messages that a prompt may look back at.
const LOOK_BACK: i64 = 200;
/// Rows of a usage list.
const MAX_USAGE: i64 = 1000;

/// Where a message is to go.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The session's name as the client has it.
    pub(crate) session: Option<String>,
    /// What a new session belongs to.
    pub(crate) app_id: String,
    /// What a new session begins with.
    pub(crate) system: Option<String>,
}

/// What there was before something is said.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// The session, where there is one already.
    pub(crate) session: Option<Session>,
    /// The client's system prompt, if it has one.
    pub(crate) system: Option<String>,
    /// What was said, oldest first, without the system prompt and what the session's summary tells.
    pub(crate) history: Vec<Message>,
}

/// A session with a new message in it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) key: i64,
    pub(crate) id: String,
    pub(crate) is_new: bool,
}

/// What the person says.
#[derive(Debug, Clone)]
pub(crate) struct Saying {
    pub(crate) text: String,
    /// Whether facts in it may be remembered, if the person wishes that.
    pub(crate) may_teach: bool,
}

/// An answer on its way to the store.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) id: i64,
    pub(crate) session: i64,
    pub(crate) content: String,
    pub(crate) state: State,
    /// Bytes of the beginning of it that is stored already, if any is.
    pub(crate) stored: Option<i64>,
}

impl Answer {
    /// What storing it adds to what the account stores.
    fn room(&self) -> Change {
        let change = Change::add(&[&self.content]);
        match self.stored {
            None => change,
            Some(before) => Change::of_bytes(change.bytes - before),
        }
    }

    async fn store(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), store::Error> {
        let Self { id, session, content, state, stored } = self;
        let count = i64::from(stored.is_none());
        // The session's row first, as whoever deletes it does.
        tx.execute(queries::TOUCH, params![*session, &rules::preview(content), count, now]).await?;
        if stored.is_some() {
            tx.execute(queries::SET_ANSWER, params![*id, content, state.name()]).await?;
        } else {
            let role = Role::Assistant.name();
            let values = params![*id, *session, role, content, state.name(), 0_i64, now];
            tx.execute(queries::ADD_MESSAGE, values).await?;
        }
        Ok(())
    }
}

/// State of an answer in the store after a write of it has failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    /// All of it is stored, or its session is gone.
    pub(crate) is_settled: bool,
    /// Bytes of the message, or of the beginning of it that is stored.
    pub(crate) bytes: Option<i64>,
}

store::from_row!(Stored { is_settled, bytes });

/// Tokens used on a day.
#[derive(Debug, Clone)]
pub struct Used {
    /// Days since 1970, in UTC.
    pub day: i64,
    /// `app:ID`, `key:ID` or `session`.
    pub client: String,
    /// Answers.
    pub answers: i64,
    /// Tokens of prompts.
    pub tokens_in: i64,
    /// Tokens of answers.
    pub tokens_out: i64,
}

store::from_row!(Used { day, client, answers, tokens_in, tokens_out });

impl Chat {
    /// A page of the sessions that someone may see, the newest message first: `limit` of them after a place.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sessions(
        &self,
        who: &Speaker,
        app_id: &str,
        after: ListPlace,
        limit: i64,
    ) -> Result<Vec<Session>, ApiError> {
        let ListPlace { updated_at, key } = after;
        let values = owned_params![who.account, &who.client, app_id, limit, updated_at, key];
        Ok(self.db().fetch_all_heavy(queries::ALL, values).await?)
    }

    /// The session of a name, if there is one.
    ///
    /// # Errors
    /// [`Code::ChatSessionUnauthorized`] for one that someone else began.
    pub async fn find_session(&self, who: &Speaker, id: &str) -> Result<Option<Session>, ApiError> {
        if !rules::is_name(id) {
            return Ok(None);
        }
        let named: Vec<Session> = self.db().fetch_all(queries::NAMED, params![who.account, id]).await?;
        // The names that clients make up may be many applications' own: one's own comes first.
        let mut others = named.iter().filter(|session| who.may_see(session));
        let own = named.iter().find(|session| session.client == who.client);
        if let Some(session) = own.or_else(|| others.next()) {
            return Ok(Some(session.clone()));
        }
        // A name made here is one session's alone.
        if id.starts_with(rules::PREFIX) {
            let foreign: Option<(i64,)> = self.db().fetch_optional(queries::EXISTS, params![id]).await?;
            if foreign.is_some() {
                return Err(Code::ChatSessionUnauthorized.into());
            }
        }
        Ok(None)
    }

    /// The messages of a session, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn messages(&self, session: i64) -> Result<Vec<Message>, ApiError> {
        Ok(self.db().fetch_all_heavy(queries::MESSAGES, owned_params![session, MAX_MESSAGES]).await?)
    }

    /// Deletes a session with all that was said in it.
    ///
    /// # Errors
    /// [`Code::ChatSessionNotFound`], [`Code::ChatSessionUnauthorized`].
    pub async fn delete_session(&self, who: &Speaker, id: &str) -> Result<(), ApiError> {
        let session = self.find_session(who, id).await?.ok_or(Code::ChatSessionNotFound)?;
        let (key, account) = (session.key, who.account);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    // Holds the session, so that no message comes between counting and deleting them.
                    if tx.execute(queries::HOLD, params![key]).await? == 0 {
                        return Ok(());
                    }
                    let (entries, bytes): (i64, i64) = tx.fetch_one(queries::ROOM, params![key]).await?;
                    tx.execute(queries::DELETE, params![key]).await?;
                    let change = Change { entries: -entries, bytes: -bytes };
                    Ok(quota::adjust(tx, account, Kind::Message, change).await?)
                })
            })
            .await
    }

    /// What there is of the session that someone means.
    pub(crate) async fn before(&self, who: &Speaker, place: &Place) -> Result<Before, ApiError> {
        let Some(id) = &place.session else { return Ok(Before::default()) };
        let Some(session) = self.find_session(who, id).await? else { return Ok(Before::default()) };
        let (key, db) = (session.key, self.db());
        let values = params![key, session.summary_to, LOOK_BACK];
        let mut history: Vec<Message> = db.fetch_all(queries::LATEST, values).await?;
        history.reverse();
        let is_all = session.summary_to == 0 && i64::try_from(history.len()).unwrap_or(i64::MAX) < LOOK_BACK;
        let first = match is_all {
            true => history.first().cloned(),
            false => db.fetch_optional(queries::FIRST, params![key]).await?,
        };
        history.retain(|message| message.role != Role::System);
        let system = first.filter(|message| message.role == Role::System).map(|message| message.content);
        Ok(Before { session: Some(session), system, history })
    }

    /// Stores what somebody says in a session, or begins one with it.
    ///
    /// # Errors
    /// [`Code::ChatUsedUp`], [`Code::QuotaExceeded`].
    pub(crate) async fn say(
        &self,
        who: &Speaker,
        place: Place,
        session: Option<&Session>,
        saying: Saying,
    ) -> Result<Opened, ApiError> {
        let Some(session) = session else { return self.begin(who, place, saying).await };
        let (db, key) = (self.db(), session.key);
        let (id, now) = (db.ids().next(), db.clock().now());
        let (chat, account, quota) = (self.clone(), who.account, *self.memory().quota());
        db.write(move |tx| {
            Box::pin(async move {
                let wishes = chat.admit(chat.today_in(tx, account).await?)?;
                let is_own = i64::from(saying.may_teach && wishes.distills);
                let (role, state) = (Role::User.name(), State::Complete.name());
                let values = params![id, key, role, &saying.text, state, is_own, now];
                // The session's row first, as whoever deletes it does.
                tx.execute(queries::TOUCH, params![key, &rules::preview(&saying.text), 1_i64, now]).await?;
                tx.execute(queries::ADD_MESSAGE, values).await?;
                quota.take(tx, account, Kind::Message, Change::add(&[&saying.text])).await
            })
        })
        .await?;
        Ok(Opened { key, id: session.id.clone(), is_new: false })
    }

    async fn begin(&self, who: &Speaker, place: Place, saying: Saying) -> Result<Opened, ApiError> {
        let (chat, db) = (self.clone(), self.db());
        let made_up = place.session.filter(|id| !id.starts_with(rules::PREFIX));
        let is_made_up = made_up.is_some();
        let id = made_up.unwrap_or_else(|| format!("{}{}", rules::PREFIX, db.random().hex(6)));
        let (new, first, second) = (db.ids().next(), db.ids().next(), db.ids().next());
        let (account, client, now) = (who.account, who.client.clone(), db.clock().now());
        let (name, title, preview) = (id.clone(), rules::title(&saying.text), rules::preview(&saying.text));
        let count = 1 + i64::from(place.system.is_some());
        let quota = *self.memory().quota();
        let key = db
            .write(move |tx| {
                Box::pin(async move {
                    let wishes = chat.admit(chat.today_in(tx, account).await?)?;
                    let app = &place.app_id;
                    let values = params![new, account, &client, &name, app, &title, &preview, count, now];
                    let (key,) = if is_made_up {
                        tx.fetch_one(queries::BEGIN_OR_JOIN, values).await?
                    } else {
                        tx.execute(queries::BEGIN, values).await?;
                        (new,)
                    };
                    let state = State::Complete.name();
                    let mut change = Change::add(&[&saying.text]);
                    if let Some(system) = place.system.as_ref().filter(|_| key == new) {
                        let values = params![first, key, Role::System.name(), system, state, 0_i64, now];
                        tx.execute(queries::ADD_MESSAGE, values).await?;
                        change = change.and(Change::add(&[system]));
                    }
                    let is_own = i64::from(saying.may_teach && wishes.distills);
                    let values = params![second, key, Role::User.name(), &saying.text, state, is_own, now];
                    tx.execute(queries::ADD_MESSAGE, values).await?;
                    quota.take(tx, account, Kind::Message, change).await?;
                    Ok::<_, ApiError>(key)
                })
            })
            .await?;
        let is_new = key == new;
        Ok(Opened { key, id, is_new })
    }

    /// Stores what there is of an answer that grows.
    pub(crate) async fn keep(&self, account: i64, answer: Answer) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    answer.store(tx, now).await?;
                    Ok(quota::adjust(tx, account, Kind::Message, answer.room()).await?)
                })
            })
            .await
    }

    /// Stores an answer with what was sent for it, counts it, and makes known what is to be done about its session
    /// later.
    pub(crate) async fn finish(
        &self,
        who: Speaker,
        answer: Answer,
        sent: Sent,
        later: Vec<Later>,
    ) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    answer.store(tx, now).await?;
                    let Sent { model, provider, prompt, memories, needs, tokens_in, tokens_out, .. } = &sent;
                    let (id, needs) = (answer.id, needs.to_bits());
                    let values =
                        params![id, model, provider, prompt, memories, *tokens_in, *tokens_out, now, needs];
                    tx.execute(queries::ADD_SENT, values).await?;
                    let values = params![who.account, now.day(), &who.counted, *tokens_in, *tokens_out];
                    tx.execute(queries::ADD_USAGE, values).await?;
                    for later in &later {
                        later.note(tx).await?;
                    }
                    // Not refused: the message was let in, and the answer is made.
                    let change = answer.room().and(Change::of_bytes(quota::size(&[prompt, memories])));
                    Ok(quota::adjust(tx, who.account, Kind::Message, change).await?)
                })
            })
            .await
    }

    /// Whether an answer that a failed write was to store is there after all.
    pub(crate) async fn stored(&self, answer: &Answer) -> Result<Stored, ApiError> {
        Ok(self.db().fetch_one(queries::STORED, params![answer.id, answer.session]).await?)
    }

    /// What was sent for an answer of a person's double.
    ///
    /// # Errors
    /// [`Code::NotFound`] for an answer that is unknown or another's, and for an application;
    /// [`Code::PermissionDenied`] naming the scope where the prompt holds what the reader may not read.
    pub async fn sent(&self, who: &Speaker, message: i64) -> Result<Sent, ApiError> {
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

    /// Tokens a person has used on the last days, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn usage(&self, account: i64, days: i64) -> Result<Vec<Used>, ApiError> {
        let since = self.db().clock().now().day() - days + 1;
        Ok(self.db().fetch_all(queries::USAGE, params![account, since, MAX_USAGE]).await?)
    }
}
