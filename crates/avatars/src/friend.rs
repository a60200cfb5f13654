//! People of this server who know each other: invitations, friends, and people to meet.

pub mod model;
mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{AccountId, Timestamp, Tx, params};
use web::{ApiError, Code, paging::Page};

use crate::{
    Avatars,
    visit::{Entrance, Visitor},
};
use model::{Decision, Friend, FriendRow, Invitation, Person, State};

/// Most invitations of a person that wait for an answer.
const MAX_WAITING: i64 = 100;

impl Avatars {
    /// Returns a page of a person's friends, the latest first, without those whom either of the two blocked.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn friends(&self, account: AccountId, page: Page) -> Result<(Vec<Friend>, i64), ApiError> {
        let visitor = Visitor::Person(account).key();
        let values = params![account, &visitor, State::Friend.name(), page.limit, page.offset];
        let rows: Vec<FriendRow> = self.db().fetch_all(queries::LIST, values).await?;
        let values = params![account, &visitor, State::Friend.name()];
        let (total,): (i64,) = self.db().fetch_one(queries::COUNT, values).await?;
        let mut people = self.memory().people(rows.iter().map(|row| row.other)).await?;
        let friend = |row: FriendRow| {
            let person = people.remove(&row.other)?;
            let (account, profile) = (person.0.clone(), person.1.clone());
            Some(Friend { account, profile, row })
        };
        Ok((rows.into_iter().filter_map(friend).collect(), total))
    }

    /// Returns the number of invitations that wait for a person's answer.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn invitations(&self, account: AccountId) -> Result<i64, ApiError> {
        let visitor = Visitor::Person(account).key();
        let values = params![account, &visitor, State::Asked.name()];
        let (count,): (i64,) = self.db().fetch_one(queries::COUNT, values).await?;
        Ok(count)
    }

    /// Invites somebody. Two people who invite each other are friends.
    ///
    /// # Errors
    /// [`Code::FriendNotFound`] for nobody; [`Code::FriendAlreadySent`], [`Code::FriendAlready`];
    /// [`Code::RateLimited`] with too many invitations that wait.
    pub async fn invite(&self, account: AccountId, invitation: Invitation) -> Result<(), ApiError> {
        let other = invitation.other;
        let found = self.identity().account(other).await?;
        if other == account || found.is_none_or(|found| found.disabled_at.is_some()) {
            return Err(Code::FriendNotFound.into());
        }
        let now = self.db().clock().now();
        self.db().write(move |tx| Box::pin(async move { invite(tx, account, invitation, now).await })).await
    }

    /// Answers an invitation.
    ///
    /// # Errors
    /// [`Code::FriendInviteNotFound`] if the other person sent none; [`Code::FriendInviteHandled`].
    pub async fn answer_invitation(
        &self,
        account: AccountId,
        other: AccountId,
        decision: Decision,
    ) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    lock(tx, account, other).await?;
                    match state_of(tx, account, other).await? {
                        Some(State::Asked) => {}
                        Some(State::Friend | State::Refused) => return Err(Code::FriendInviteHandled.into()),
                        Some(State::Invited) | None => return Err(Code::FriendInviteNotFound.into()),
                    }
                    let state = match decision {
                        Decision::Accepted => State::Friend,
                        Decision::Rejected => State::Refused,
                    };
                    for (one, two) in [(account, other), (other, account)] {
                        tx.execute(queries::SET_STATE, params![one, two, state.name(), now]).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Opens a conversation with a friend's avatar, or resumes it. Returns its name.
    ///
    /// # Errors
    /// [`Code::FriendNotFound`] if they are no friends; those of opening a conversation.
    pub async fn break_ice(&self, account: AccountId, friend: AccountId) -> Result<String, ApiError> {
        let values = params![account, friend];
        let found: Option<(State,)> = self.db().fetch_optional(queries::STATE, values).await?;
        if found != Some((State::Friend,)) {
            return Err(Code::FriendNotFound.into());
        }
        let (who, _) = self.memory().profile(account).await?;
        let entrance = Entrance::ShareCode(self.default_avatar(friend).await?.share_code);
        Ok(self.open_visit(&entrance, &Visitor::Person(account), who.name).await?.visit.name)
    }

    /// Returns a page of people with public pages, the newest first: without the person, those whom they
    /// know, and those whom either of the two blocked.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn people_to_meet(
        &self,
        account: AccountId,
        page: Page,
    ) -> Result<(Vec<Person>, i64), ApiError> {
        let visitor = Visitor::Person(account).key();
        let hidden: Vec<(AccountId,)> =
            self.db().fetch_all(queries::HIDDEN, params![account, &visitor]).await?;
        let hidden: Vec<AccountId> = hidden.into_iter().map(|(id,)| id).chain([account]).collect();
        let (people, total) = self.memory().public_people(page).await?;
        let shown = people.into_iter().filter(|person| !hidden.contains(&person.0.id));
        Ok((shown.map(|(account, profile)| Person { account, profile }).collect(), total))
    }
}

/// Locks both accounts' rows of this pair, in one order, so that two invitations cannot cross.
async fn lock(tx: &mut Tx<'_>, one: AccountId, two: AccountId) -> Result<(), ApiError> {
    for (first, second) in [(one.min(two), one.max(two)), (one.max(two), one.min(two))] {
        tx.execute(queries::LOCK, params![first, second]).await?;
    }
    Ok(())
}

async fn state_of(tx: &mut Tx<'_>, one: AccountId, two: AccountId) -> Result<Option<State>, ApiError> {
    let found: Option<(State,)> = tx.fetch_optional(queries::STATE, params![one, two]).await?;
    Ok(found.map(|(state,)| state))
}

async fn invite(
    tx: &mut Tx<'_>,
    account: AccountId,
    invitation: Invitation,
    now: Timestamp,
) -> Result<(), ApiError> {
    let Invitation { other, greeting, source } = invitation;
    lock(tx, account, other).await?;
    match state_of(tx, account, other).await? {
        Some(State::Friend) => return Err(Code::FriendAlready.into()),
        // Who was refused does not ask again.
        Some(State::Invited | State::Refused) => return Err(Code::FriendAlreadySent.into()),
        Some(State::Asked) => {
            for (one, two) in [(account, other), (other, account)] {
                tx.execute(queries::SET_STATE, params![one, two, State::Friend.name(), now]).await?;
            }
            return Ok(());
        }
        None => {}
    }
    let (waiting,): (i64,) = tx.fetch_one(queries::WAITING, params![account, State::Invited.name()]).await?;
    if waiting >= MAX_WAITING {
        return Err(ApiError::new(Code::RateLimited).retry_after(3600));
    }
    let values = params![account, other, State::Invited.name(), &greeting, &source, now];
    tx.execute(queries::ADD, values).await?;
    // Whoever blocked the person is not told.
    let visitor = Visitor::Person(account).key();
    if tx.fetch_optional::<(i64,)>(queries::IS_BLOCKED, params![other, &visitor]).await?.is_none() {
        let values = params![other, account, State::Asked.name(), &greeting, &source, now];
        tx.execute(queries::ADD, values).await?;
    }
    Ok(())
}
