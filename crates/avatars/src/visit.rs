//! Conversations of visitors with avatars.

pub(crate) mod frame;
mod guest;
pub mod model;
mod news;
mod owner;
pub(crate) mod queries;
mod reply;
pub(crate) mod routes;
pub mod rules;
pub(crate) mod shared;
pub(crate) mod socket;
pub(crate) mod sockets;
pub(crate) mod sweep;

use identity::credential::Hash;
use store::{AccountId, Timestamp, Tx, params};
use web::{ApiError, Code};

use crate::{
    AvatarId, AvatarKeyId, Avatars, VisitId, VisitMessageId,
    avatar::{self, Avatar},
    key,
};
pub use model::{Opened, Sender, Visit, VisitMessage};
pub use news::{Brief, OwnerNews};
pub use rules::Visitor;

/// The topic of notifications that a conversation has new frames; the payload is its id.
pub(crate) const FRAMES: &str = "visitor.frames";
/// The topic of notifications that the sockets of a conversation are to be closed; the payload is its id.
pub(crate) const CLOSED: &str = "visitor.closed";
/// The topic of notifications that something was said to an avatar, or by it; the payload is its owner's id.
pub(crate) const HEARD: &str = "visitor.heard";
/// Number of random bytes of the name of a conversation.
const NAME_BYTES: usize = 12;
/// Time for which a visitor counts as present after a message, in milliseconds.
const PRESENT_MS: i64 = 15 * 60_000;
/// Seconds after which a visitor may try again if there are too many.
const RETRY_SECONDS: u32 = 60;
/// Most conversations whose sockets are closed at once.
const MOST_CLOSED: i64 = 1000;

/// The way in which a visitor comes to an avatar.
#[derive(Debug, Clone)]
pub enum Entrance {
    /// With a key of the avatar.
    Key(String),
    /// With its share code.
    ShareCode(String),
}

/// A message that was accepted.
#[derive(Debug)]
pub struct Accepted {
    /// The id of the message.
    pub message: VisitMessageId,
    /// The place of the message in the conversation.
    pub number: i64,
    /// The time of the message.
    pub at: Timestamp,
    /// The conversation.
    pub visit: Visit,
}

impl Avatars {
    /// Opens a conversation of a visitor, or resumes the one that they have with the avatar.
    ///
    /// # Errors
    /// [`Code::ApikeyInvalid`] for an unknown or disabled key; [`Code::ChatShareCodeUnknown`] for an unknown
    /// share code; [`Code::AvatarPaused`], [`Code::AvatarApiOff`], [`Code::VisitorBlocked`],
    /// [`Code::VisitorsFull`].
    pub async fn open_visit(
        &self,
        entrance: &Entrance,
        visitor: &Visitor,
        visitor_name: String,
    ) -> Result<Opened, ApiError> {
        let (avatar, key) = self.enter(entrance).await?;
        if matches!(visitor, Visitor::Guest { .. }) && !avatar.is_open_to_all() {
            return Err(Code::AvatarPaused.into());
        }
        let (visitor, now) = (visitor.key(), self.db().clock().now());
        let values = params![avatar.owner, &visitor];
        if self.db().fetch_optional::<(i64,)>(queries::IS_BLOCKED, values).await?.is_some() {
            return Err(Code::VisitorBlocked.into());
        }
        let new = NewVisit {
            id: VisitId(self.db().ids().next()),
            name: format!("{}{}", rules::NAME, self.db().random().hex(NAME_BYTES)),
            avatar: avatar.id,
            owner: avatar.owner,
            key,
            visitor,
            visitor_name,
            oldest: self.oldest_active(now),
            most: match avatar.body.limits.visitors_at_once {
                0 => self.settings().visitors_at_once,
                own => own.min(self.settings().visitors_at_once),
            },
            now,
        };
        let visit =
            self.db().write(move |tx| Box::pin(async move { resume_or_begin(tx, new).await })).await?;
        Ok(Opened { visit, avatar_name: avatar.title, cover_url: avatar.cover_url, opening: avatar.opening })
    }

    /// Returns the avatar that an entrance leads to, and the key that opened it.
    async fn enter(&self, entrance: &Entrance) -> Result<(Avatar, Option<AvatarKeyId>), ApiError> {
        let (avatar, key) = match entrance {
            Entrance::Key(text) => {
                let hash = key::hash(text).ok_or(Code::ApikeyInvalid)?;
                let avatar = self.avatar_of_key(hash).await?.ok_or(Code::ApikeyInvalid)?;
                if !avatar.body.distribution.api_enabled {
                    return Err(Code::AvatarApiOff.into());
                }
                let key =
                    self.db().fetch_optional::<(AvatarKeyId,)>(key::ID_OF, params![&hash.0[..]]).await?;
                (avatar, key.map(|(key,)| key))
            }
            Entrance::ShareCode(code) => (self.shared(code).await?.ok_or(Code::ChatShareCodeUnknown)?, None),
        };
        check_open(&avatar)?;
        Ok((avatar, key))
    }

    /// Returns the avatar that a key opens.
    pub(crate) async fn avatar_of_key(&self, hash: Hash) -> Result<Option<Avatar>, ApiError> {
        let found = self.db().fetch_optional(avatar::queries::BY_KEY, params![&hash.0[..]]).await?;
        self.of_enabled(found).await
    }

    /// Returns the time before which a conversation without a message has ended.
    fn oldest_active(&self, now: Timestamp) -> Timestamp {
        now.plus_secs(-i64::try_from(self.settings().session.as_secs()).unwrap_or(i64::MAX))
    }

    /// Returns the time at which a conversation ends if nothing is said.
    pub(crate) fn expires_at(&self, visit: &Visit) -> Timestamp {
        visit.active_at.plus_secs(i64::try_from(self.settings().session.as_secs()).unwrap_or(i64::MAX))
    }

    /// Finds a conversation by its name.
    ///
    /// # Errors
    /// [`Code::VisitorSessionNotFound`] if there is none.
    pub(crate) async fn visit_named(&self, name: &str) -> Result<Visit, ApiError> {
        if !rules::is_visit_name(name) {
            return Err(Code::VisitorSessionNotFound.into());
        }
        let found = self.db().fetch_optional(queries::BY_NAME, params![name]).await?;
        found.ok_or_else(|| Code::VisitorSessionNotFound.into())
    }

    /// Finds a conversation by its id.
    ///
    /// # Errors
    /// [`Code::VisitorSessionNotFound`] if there is none.
    pub(crate) async fn visit_of(&self, id: VisitId) -> Result<Visit, ApiError> {
        let found = self.db().fetch_optional(queries::BY_ID, params![id]).await?;
        found.ok_or_else(|| Code::VisitorSessionNotFound.into())
    }

    /// Checks that a conversation goes on.
    ///
    /// # Errors
    /// [`Code::VisitorSessionExpired`], [`Code::VisitorBlocked`], or [`Code::ApikeyInvalid`] if its key was
    /// disabled.
    pub(crate) fn check_visit(&self, visit: &Visit) -> Result<(), ApiError> {
        if visit.is_blocked {
            return Err(Code::VisitorBlocked.into());
        }
        if !visit.has_valid_key {
            return Err(Code::ApikeyInvalid.into());
        }
        if !visit.is_current || visit.active_at <= self.oldest_active(self.db().clock().now()) {
            return Err(Code::VisitorSessionExpired.into());
        }
        Ok(())
    }

    /// Stores a message of a visitor, and begins to answer it. The answer goes to the sockets of the
    /// conversation.
    ///
    /// # Errors
    /// Those of [`check_visit`](Self::check_visit); [`Code::AvatarPaused`]; [`Code::VisitorSlowed`] or
    /// [`Code::AvatarUsedUp`] if a limit is reached.
    pub async fn say(&self, visit: Visit, content: String) -> Result<Accepted, ApiError> {
        self.check_visit(&visit)?;
        let found = self.db().fetch_optional(avatar::queries::BY_ID, params![visit.avatar]).await?;
        let avatar = self.of_enabled(found).await?.ok_or(Code::VisitorSessionNotFound)?;
        check_open(&avatar)?;
        if rules::is_guest(&visit.visitor) {
            self.admit_guest(&avatar).await?;
        }
        self.chat().check_tokens(avatar.owner).await.map_err(|error| match error.code() {
            Code::ChatUsedUp => used_up(self.db().clock().now()),
            _ => error,
        })?;
        let (id, now) = (VisitMessageId(self.db().ids().next()), self.db().clock().now());
        let limits = avatar.body.limits;
        let saying = MessageToStore {
            id,
            visit: visit.id,
            avatar: avatar.id,
            visitor: visit.visitor.clone(),
            content,
            per_hour: self.settings().visitor_messages_per_hour,
            per_day: rules::lower(self.settings().messages_per_day, limits.messages_per_day),
            tokens: rules::lower(self.settings().tokens_per_day, limits.tokens_per_day),
            per_visitor: limits.visitor_messages_per_day,
            owner: avatar.owner,
            now,
        };
        let number = self.db().write(move |tx| Box::pin(async move { saying.store(tx).await })).await?;
        self.begin_answer(visit.id)?;
        Ok(Accepted { message: id, number, at: now, visit })
    }

    /// Counts a message of somebody without an account under the address that it comes from: a browser that
    /// forgets who it was is another visitor, but comes from the same address.
    ///
    /// # Errors
    /// [`Code::AvatarPaused`] if the avatar is not open to everybody; [`Code::VisitorSlowed`].
    pub async fn admit_guest(&self, avatar: &Avatar) -> Result<(), ApiError> {
        if !avatar.is_open_to_all() {
            return Err(Code::AvatarPaused.into());
        }
        let Some(address) = web::address::current_client() else { return Ok(()) };
        let rate = identity::limit::Rate::per_seconds(self.settings().guest_messages_per_hour, 3600);
        let action = identity::limit::Action::GuestMessage(rate);
        self.identity().permit(action, address).await.map_err(|error| match error.code() {
            Code::RateLimited => ApiError::new(Code::VisitorSlowed).retry_after(error.wait().unwrap_or(60)),
            _ => error,
        })
    }
}

/// Checks that visitors may write to an avatar now.
fn check_open(avatar: &Avatar) -> Result<(), ApiError> {
    if avatar.is_open() { Ok(()) } else { Err(Code::AvatarPaused.into()) }
}

fn used_up(now: Timestamp) -> ApiError {
    ApiError::new(Code::AvatarUsedUp).retry_after(rules::seconds_left_today(now))
}

/// A conversation to open.
struct NewVisit {
    id: VisitId,
    name: String,
    avatar: AvatarId,
    owner: AccountId,
    key: Option<AvatarKeyId>,
    visitor: String,
    visitor_name: String,
    oldest: Timestamp,
    most: i64,
    now: Timestamp,
}

async fn resume_or_begin(tx: &mut Tx<'_>, new: NewVisit) -> Result<Visit, ApiError> {
    // Locks the avatar, so that of visitors who come at once not one is too many.
    if tx.execute(avatar::queries::USED, params![new.avatar, 0]).await? == 0 {
        return Err(Code::ApikeyInvalid.into());
    }
    let current: Option<Visit> =
        tx.fetch_optional(queries::CURRENT, params![new.avatar, &new.visitor]).await?;
    let id = match current.filter(|visit| visit.active_at > new.oldest) {
        Some(visit) => {
            let values = params![visit.id, new.now, new.key, &new.visitor_name];
            tx.execute(queries::RESUME, values).await?;
            visit.id
        }
        None => {
            let since = new.now.plus_ms(-PRESENT_MS);
            let (present,): (i64,) = tx.fetch_one(queries::PRESENT, params![new.avatar, since]).await?;
            if present >= new.most {
                return Err(ApiError::new(Code::VisitorsFull).retry_after(RETRY_SECONDS));
            }
            tx.execute(queries::RETIRE, params![new.avatar, &new.visitor]).await?;
            let values = params![
                new.id,
                &new.name,
                new.avatar,
                new.owner,
                new.key,
                &new.visitor,
                &new.visitor_name,
                new.now,
                0,
                new.now
            ];
            tx.execute(queries::INSERT, values).await?;
            tx.execute(avatar::queries::USED, params![new.avatar, 1]).await?;
            new.id
        }
    };
    tx.execute(queries::NOTE_VISIT, params![new.avatar, new.now.day(), &new.visitor]).await?;
    Ok(tx.fetch_one(queries::BY_ID, params![id]).await?)
}

/// A message to store.
struct MessageToStore {
    id: VisitMessageId,
    visit: VisitId,
    avatar: AvatarId,
    visitor: String,
    content: String,
    per_hour: i64,
    per_day: i64,
    tokens: i64,
    per_visitor: i64,
    owner: AccountId,
    now: Timestamp,
}

impl MessageToStore {
    /// Counts and stores the message, and returns its number. A message that is refused is not counted.
    async fn store(self, tx: &mut Tx<'_>) -> Result<i64, ApiError> {
        let Self { id, visit, avatar, owner, now, .. } = self;
        let locked: Option<(Timestamp, i64, i64)> = tx.fetch_optional(queries::LOCK, params![visit]).await?;
        let (start, used, number) = locked.ok_or(Code::VisitorSessionNotFound)?;
        let (start, used) = rules::count_in_window((start, used), self.per_hour, now)
            .map_err(|seconds| ApiError::new(Code::VisitorSlowed).retry_after(seconds))?;
        let counted: (i64, i64) = tx.fetch_one(queries::COUNT_MESSAGE, params![avatar, now.day()]).await?;
        let is_over = |limit: i64, used: i64| limit > 0 && used > limit;
        if is_over(self.per_day, counted.0) || (self.tokens > 0 && counted.1 >= self.tokens) {
            return Err(used_up(now));
        }
        let values = params![avatar, now.day(), &self.visitor];
        let (of_visitor,): (i64,) = tx.fetch_one(queries::COUNT_VISITS_MESSAGE, values).await?;
        if is_over(self.per_visitor, of_visitor) {
            let wait = rules::seconds_left_today(now);
            return Err(ApiError::new(Code::VisitorSlowed).retry_after(wait));
        }
        tx.execute(queries::SAY, params![visit, now, start, used]).await?;
        let values = params![id, visit, number, Sender::Visitor.name(), &self.content, 0, now];
        tx.execute(queries::ADD_MESSAGE, values).await?;
        tx.notify(HEARD, &owner.to_string()).await?;
        Ok(number)
    }
}

/// Closes the sockets of an avatar's conversations.
pub(crate) async fn close_all(tx: &mut Tx<'_>, avatar: AvatarId) -> Result<(), ApiError> {
    let open: Vec<(VisitId,)> = tx.fetch_all(queries::LIVE_OF_AVATAR, params![avatar, MOST_CLOSED]).await?;
    for (visit,) in open {
        tx.notify(CLOSED, &visit.to_string()).await?;
    }
    Ok(())
}
