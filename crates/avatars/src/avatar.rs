//! Avatars: the faces that a person shows to others.

pub mod model;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{AccountId, params};
use web::{
    ApiError, Code,
    paging::{Page, Paged},
};

use crate::{AvatarId, Avatars};
pub use model::{Avatar, AvatarRequest, Body, Change, Distribution, Material, OwnLimits};
use model::{PublicAvatar, plain_time};

/// Number of random bytes of a share code.
const SHARE_CODE_BYTES: usize = 6;

impl Avatars {
    /// Returns a page of a person's avatars, the primary one first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn avatars(&self, owner: AccountId, page: Page) -> Result<Paged<Avatar>, ApiError> {
        self.begin(owner).await?;
        let list = self.db().fetch_all(queries::LIST, params![owner, page.limit, page.offset]).await?;
        let (total,): (i64,) = self.db().fetch_one(queries::COUNT, params![owner]).await?;
        Ok(Paged { list, total })
    }

    /// Returns an avatar of a person.
    ///
    /// # Errors
    /// [`Code::AvatarNotFound`] if the person has no such avatar.
    pub async fn avatar(&self, owner: AccountId, id: AvatarId) -> Result<Avatar, ApiError> {
        let found = self.db().fetch_optional(queries::OWN, params![id, owner]).await?;
        found.ok_or_else(|| Code::AvatarNotFound.into())
    }

    /// Returns the avatar that a person prefers.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn default_avatar(&self, owner: AccountId) -> Result<Avatar, ApiError> {
        self.begin(owner).await?;
        Ok(self.db().fetch_one(queries::DEFAULT, params![owner]).await?)
    }

    /// Creates the primary avatar of a person who has none: with their name, and open to what is public.
    async fn begin(&self, owner: AccountId) -> Result<(), ApiError> {
        if self.db().fetch_optional::<(i64,)>(queries::COUNT, params![owner]).await?.is_some() {
            return Ok(());
        }
        let (account, _) = self.memory().profile(owner).await?;
        let change = Change { title: Some(account.name), ..Change::default() };
        let (id, now, code) = (AvatarId(self.db().ids().next()), self.db().clock().now(), self.share_code());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    // Another request may have created it meanwhile.
                    if tx.execute(queries::BEGIN, params![owner, id]).await? == 1 {
                        insert(tx, owner, id, &change, &code, now).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    fn share_code(&self) -> String {
        self.db().random().hex(SHARE_CODE_BYTES)
    }

    /// Creates an avatar.
    ///
    /// # Errors
    /// [`Code::AvatarCreateFailed`] if the person has as many as they may have, or no such skill or note.
    pub async fn create_avatar(&self, owner: AccountId, new: Change) -> Result<Avatar, ApiError> {
        self.begin(owner).await?;
        self.check_parts(owner, &new, Code::AvatarCreateFailed).await?;
        let (id, now, code) = (AvatarId(self.db().ids().next()), self.db().clock().now(), self.share_code());
        let most = self.settings().max_avatars;
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(queries::TAKE_PLACE, params![owner, most]).await? == 0 {
                        let limit = format!("max_avatars = {most}");
                        return Err(ApiError::new(Code::AvatarCreateFailed).with(limit));
                    }
                    insert(tx, owner, id, &new, &code, now).await?;
                    Ok(tx.fetch_one(queries::OWN, params![id, owner]).await?)
                })
            })
            .await
    }

    /// Changes an avatar.
    ///
    /// # Errors
    /// [`Code::AvatarUpdateNotFound`] if the person has no such avatar; [`Code::AvatarUpdateFailed`] if they
    /// have no such skill or note.
    pub async fn update_avatar(
        &self,
        owner: AccountId,
        id: AvatarId,
        change: Change,
    ) -> Result<Avatar, ApiError> {
        self.check_parts(owner, &change, Code::AvatarUpdateFailed).await?;
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let found = tx.fetch_optional::<Avatar>(queries::OWN, params![id, owner]).await?;
                    let Some(old) = found else { return Err(Code::AvatarUpdateNotFound.into()) };
                    let body = body_text(&change.apply(old.body))?;
                    let paused_at = match change.paused {
                        Some(true) => old.paused_at.or(Some(now)),
                        Some(false) => None,
                        None => old.paused_at,
                    };
                    let cover = change.cover_url.or(old.cover_url).filter(|url| !url.is_empty());
                    let title = change.title.unwrap_or(old.title);
                    let scenario = change.scenario_prompt.unwrap_or(old.scenario_prompt);
                    let opening = change.opening.unwrap_or(old.opening);
                    let welcome = change.welcome_note.unwrap_or(old.welcome_note);
                    let values = params![
                        id,
                        owner,
                        &title,
                        cover.as_deref(),
                        &scenario,
                        &opening,
                        &welcome,
                        &body,
                        paused_at,
                        now,
                    ];
                    tx.execute(queries::UPDATE, values).await?;
                    Ok(tx.fetch_one(queries::OWN, params![id, owner]).await?)
                })
            })
            .await
    }

    /// Makes an avatar the one that the person prefers.
    ///
    /// # Errors
    /// [`Code::AvatarUpdateNotFound`] if the person has no such avatar.
    pub async fn set_default_avatar(&self, owner: AccountId, id: AvatarId) -> Result<(), ApiError> {
        match self.db().execute(queries::SET_DEFAULT, params![owner, id]).await? {
            0 => Err(Code::AvatarUpdateNotFound.into()),
            _ => Ok(()),
        }
    }

    /// Returns an avatar as everybody sees it, and counts that it was seen.
    ///
    /// # Errors
    /// [`Code::AvatarNotFound`] if there is none with this share code.
    pub async fn public_avatar(&self, share_code: &str) -> Result<PublicAvatar, ApiError> {
        let avatar = self.shared(share_code).await?.ok_or(Code::AvatarNotFound)?;
        self.count_view(avatar.id).await?;
        let (account, profile) = self.memory().profile(avatar.owner).await?;
        Ok(PublicAvatar {
            id: avatar.id.0,
            share_code: avatar.share_code,
            name: avatar.title,
            modes: avatar.body.modes,
            interaction_count: avatar.usage_count,
            view_count: avatar.view_count + 1,
            created_at: plain_time(avatar.created_at),
            owner_user_id: account.id.0,
            owner_route: account.route,
            owner_username: account.name,
            owner_avatar: profile.avatar,
            cover_url: avatar.cover_url,
            opening: avatar.opening,
            welcome_note: avatar.welcome_note,
            monetization: model::MonetizationResponse::FREE,
            paused: avatar.paused_at.is_some(),
        })
    }

    /// Counts that the page of an avatar was opened.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn count_view(&self, id: AvatarId) -> Result<(), ApiError> {
        self.db().execute(queries::SEEN, params![id]).await?;
        Ok(())
    }

    /// Returns the avatar with a share code, unless its owner's account is disabled.
    pub(crate) async fn shared(&self, share_code: &str) -> Result<Option<Avatar>, ApiError> {
        if !rules::is_share_code(share_code) {
            return Ok(None);
        }
        let found = self.db().fetch_optional(queries::BY_SHARE_CODE, params![share_code]).await?;
        self.of_enabled(found).await
    }

    /// Returns an avatar, unless its owner's account is disabled.
    pub(crate) async fn of_enabled(&self, avatar: Option<Avatar>) -> Result<Option<Avatar>, ApiError> {
        let Some(avatar) = avatar else { return Ok(None) };
        let account = self.identity().account(avatar.owner).await?;
        Ok(account.filter(|account| account.disabled_at.is_none()).map(|_| avatar))
    }

    /// Checks that the person has the skills and notes of an avatar.
    async fn check_parts(&self, owner: AccountId, change: &Change, refusal: Code) -> Result<(), ApiError> {
        if let Some(keys) = &change.skill_keys {
            let own = self.skill_keys(owner).await?;
            if let Some(unknown) = keys.iter().find(|key| !own.contains(*key)) {
                return Err(ApiError::new(refusal).with(format!("skillKeys: {unknown}")));
            }
        }
        for id in change.notes.iter().flatten() {
            match self.memory().note(owner, *id).await {
                Ok(_) => {}
                Err(error) if error.code().status() == http::StatusCode::NOT_FOUND => {
                    return Err(ApiError::new(refusal).with(format!("relatedNoteIds: {id}")));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn body_text(body: &Body) -> Result<String, ApiError> {
    serde_json::to_string(body).map_err(ApiError::internal)
}

/// Inserts an avatar.
async fn insert(
    tx: &store::Tx<'_>,
    owner: AccountId,
    id: AvatarId,
    new: &Change,
    share_code: &str,
    now: store::Timestamp,
) -> Result<(), ApiError> {
    let body = body_text(&new.apply(Body::default()))?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (title, scenario) = (text(&new.title), text(&new.scenario_prompt));
    let (opening, welcome) = (text(&new.opening), text(&new.welcome_note));
    let values = params![
        id,
        owner,
        &title,
        new.cover_url.as_deref().filter(|url| !url.is_empty()),
        &scenario,
        &opening,
        &welcome,
        &body,
        share_code,
        new.paused.unwrap_or(false).then_some(now),
        now,
    ];
    tx.execute(queries::INSERT, values).await?;
    Ok(())
}
