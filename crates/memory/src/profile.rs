//! The profile: what people say about themselves.

pub mod model;
mod people;
mod queries;
pub(crate) mod routes;
pub mod rules;

use std::{future::ready, sync::Arc};

use identity::{Account, Caller, Identity};
use search::Query;
use store::{AccountId, NoticeEvent, Zone, params};
use web::{ApiError, Code, Tasks, paging::Page};

pub use model::{Change, Profile};

use crate::Memory;

/// Maximum number of cached profiles.
pub(crate) const REMEMBERED: usize = 10_000;

/// The topic of notices between processes; the payload is the account's id.
const TOPIC: &str = "profile";

impl Memory {
    /// Returns the account and the profile of a person.
    ///
    /// # Errors
    /// If the store fails; [`Code::AuthMissing`] if the account has just been deleted.
    pub async fn profile(&self, account: AccountId) -> Result<(Account, Profile), ApiError> {
        if let Some(person) = self.0.people.get(&account) {
            return Ok((*person).clone());
        }
        let epoch = self.0.people.epoch();
        let profile = async { Ok(self.db().fetch_optional(queries::FIND, params![account]).await?) };
        let (who, profile) = futures::try_join!(self.0.identity.account(account), profile)?;
        let person = (who.ok_or(Code::AuthMissing)?, profile.unwrap_or_default());
        self.0.people.put(account, Arc::new(person.clone()), epoch);
        Ok(person)
    }

    /// Returns the account and the profile of a person by their route, if everybody may see their page.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn public_profile(&self, route: &str) -> Result<Option<(Account, Profile)>, ApiError> {
        let Some(found) = self.0.identity.account_by_route(route).await? else { return Ok(None) };
        let (account, profile) = self.profile(found.id).await?;
        Ok(Some((account, profile)).filter(|(_, profile)| profile.is_public()))
    }

    /// Returns a page of people with public pages, the newest first, and the number of all of them.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn public_people(&self, page: Page) -> Result<(Vec<(Account, Profile)>, i64), ApiError> {
        let values = params![page.limit, page.offset];
        let ids: Vec<(AccountId,)> = self.db().fetch_all(queries::PUBLIC, values).await?;
        let (total,): (i64,) = self.db().fetch_one(queries::COUNT_PUBLIC, params![]).await?;
        let people = self.people(ids.iter().map(|(id,)| *id)).await?;
        let person = |(id,): &(AccountId,)| people.get(id).map(|person| (**person).clone());
        let is_enabled = |(account, _): &(Account, Profile)| account.disabled_at.is_none();
        Ok((ids.iter().filter_map(person).filter(is_enabled).collect(), total))
    }

    /// Returns the time zone of a person. `None` if it is not set.
    ///
    /// # Errors
    /// When the store fails, or the account has just been deleted.
    pub async fn zone(&self, account: AccountId) -> Result<Option<Zone>, ApiError> {
        Ok(self.profile(account).await?.1.zone())
    }

    /// Sets the time zone of a query if it is a question, which may name days.
    pub(crate) async fn with_zone(&self, account: AccountId, query: Query) -> Result<Query, ApiError> {
        if query.is_question() { Ok(query.in_zone(self.zone(account).await?)) } else { Ok(query) }
    }

    /// Returns the id by which the calling app knows the person. `None` if the caller is not an app.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn app_scoped_id(&self, caller: &Caller) -> Result<Option<String>, ApiError> {
        match caller.application() {
            Some(application) => self.0.identity.app_scoped_id(application, caller.account()).await,
            None => Ok(None),
        }
    }

    /// Changes the given members and leaves the others, all of them or none.
    ///
    /// # Errors
    /// 422 if a member is invalid, [`Code::ProfileUpdateFailed`] if the route is taken.
    pub async fn update_profile(&self, account: AccountId, change: Change) -> Result<(), ApiError> {
        rules::check(&change)?;
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(name) = &change.name {
                        Identity::set_name(tx, account, name.trim()).await?;
                    }
                    if let Some(route) = &change.route {
                        let route = route.to_ascii_lowercase();
                        if !Identity::set_route(tx, account, &route).await? {
                            return Err(
                                ApiError::new(Code::ProfileUpdateFailed).with("origin_route is taken")
                            );
                        }
                    }
                    let values = params![
                        account,
                        change.avatar.as_deref(),
                        change.cover.as_deref(),
                        change.bio.as_deref(),
                        change.self_introduction.as_deref(),
                        now,
                        change.time_zone.as_deref(),
                        change.reviews_agents.map(i64::from),
                        change.is_public.map(i64::from),
                        change.reviews_learned.map(i64::from),
                        change.keeps_numbers.map(i64::from),
                        change.voice_id.as_deref(),
                        change.is_listed.map(i64::from)
                    ];
                    tx.execute(queries::SAVE, values).await?;
                    tx.notify(TOPIC, &account.to_string()).await?;
                    Ok::<_, ApiError>(())
                })
            })
            .await?;
        self.0.people.forget(&account);
        Ok(())
    }
}

impl Memory {
    /// Dismisses the first steps on the home page for good.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn dismiss_start(&self, account: AccountId) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(queries::DISMISS_START, params![account, now]).await?;
                    Ok::<_, ApiError>(tx.notify(TOPIC, &account.to_string()).await?)
                })
            })
            .await?;
        self.0.people.forget(&account);
        Ok(())
    }
}

/// Starts the task that removes profiles from the cache when another process has changed them.
pub(crate) fn start(memory: &Memory, tasks: &Tasks) {
    let following = memory.clone();
    tasks.follow(memory.db(), move |event| {
        let people = &following.0.people;
        match event {
            NoticeEvent::Notice(notice) if notice.topic == TOPIC => match notice.payload.parse() {
                Ok(account) => people.forget(&account),
                Err(_unknown) => people.forget_all(),
            },
            NoticeEvent::Notice(_) => {}
            NoticeEvent::Gap => people.forget_all(),
        }
        ready(())
    });
}
