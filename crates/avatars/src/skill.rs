//! Skills: instructions in Markdown that a person writes once and gives to several avatars.

pub mod model;
mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{AccountId, params};
use web::{ApiError, Code};

use crate::{Avatars, SkillId};
pub use model::{NewSkill, Skill};
pub(crate) use queries::AFTER;

/// Most skills of a person.
const MAX_SKILLS: i64 = 50;
/// Number of random bytes of the key of a skill.
const KEY_BYTES: usize = 6;

impl Avatars {
    /// Creates a skill.
    ///
    /// # Errors
    /// [`Code::AvatarSkillInvalid`] if the person has as many as they may have.
    pub async fn create_skill(&self, owner: AccountId, new: NewSkill) -> Result<Skill, ApiError> {
        // The row that counts skills is made with the primary avatar.
        self.default_avatar(owner).await?;
        let (id, now) = (SkillId(self.db().ids().next()), self.db().clock().now());
        let skill_key = format!("custom_{}", self.db().random().hex(KEY_BYTES));
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(queries::TAKE_PLACE, params![owner, MAX_SKILLS]).await? == 0 {
                        return Err(ApiError::new(Code::AvatarSkillInvalid).with(format!("max {MAX_SKILLS}")));
                    }
                    let NewSkill { title, description, when_to_use, version, scene_mode, content } = new;
                    let values = params![
                        id,
                        owner,
                        &skill_key,
                        &title,
                        &description,
                        &when_to_use,
                        &version,
                        &scene_mode,
                        &content,
                        now
                    ];
                    tx.execute(queries::INSERT, values).await?;
                    Ok(Skill { id, skill_key, title, description, when_to_use, scene_mode, content })
                })
            })
            .await
    }

    /// Returns the skills of a person, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn skills(&self, owner: AccountId) -> Result<Vec<Skill>, ApiError> {
        Ok(self.db().fetch_all(queries::LIST, params![owner, MAX_SKILLS]).await?)
    }

    /// Returns the keys of a person's skills.
    pub(crate) async fn skill_keys(&self, owner: AccountId) -> Result<Vec<String>, ApiError> {
        let keys: Vec<(String,)> = self.db().fetch_all(queries::KEYS, params![owner, MAX_SKILLS]).await?;
        Ok(keys.into_iter().map(|(key,)| key).collect())
    }
}
