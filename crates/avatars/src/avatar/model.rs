//! Avatars: domain types and wire types.

use memory::{NoteId, recall::Openness};
use serde::{Deserialize, Serialize};
use store::{AccountId, FromRow, Row, Timestamp};
use utoipa::ToSchema;

use crate::AvatarId;

/// An avatar.
#[derive(Debug, Clone)]
pub struct Avatar {
    /// The id; newer avatars have greater ones.
    pub id: AvatarId,
    /// The account of its owner.
    pub owner: AccountId,
    /// The name that visitors see.
    pub title: String,
    /// URL of the cover.
    pub cover_url: Option<String>,
    /// The owner's instructions for talking to visitors.
    pub scenario_prompt: String,
    /// The first message of a conversation; may be empty.
    pub opening: String,
    /// The introduction that visitors see; may be empty.
    pub welcome_note: String,
    /// The other properties.
    pub body: Body,
    /// The random public name.
    pub share_code: String,
    /// The time since which it receives no visitors.
    pub paused_at: Option<Timestamp>,
    /// The number of conversations.
    pub usage_count: i64,
    /// The number of times that its public page was read.
    pub view_count: i64,
    /// The time of creation.
    pub created_at: Timestamp,
    /// True for the first avatar of a person, which cannot be deleted.
    pub is_primary: bool,
    /// True for the avatar that the person prefers.
    pub is_default: bool,
}

impl FromRow for Avatar {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let body: String = row.get(7)?;
        let body = serde_json::from_str(&body)
            .map_err(|error| store::Error::Other(format!("avatar.body: {error}")))?;
        Ok(Self {
            id: row.get(0)?,
            owner: row.get(1)?,
            title: row.get(2)?,
            cover_url: row.get(3)?,
            scenario_prompt: row.get(4)?,
            opening: row.get(5)?,
            welcome_note: row.get(6)?,
            body,
            share_code: row.get(8)?,
            paused_at: row.get(9)?,
            usage_count: row.get(10)?,
            view_count: row.get(11)?,
            created_at: row.get(12)?,
            is_primary: row.get(13)?,
            is_default: row.get(14)?,
        })
    }
}

impl Avatar {
    /// True if visitors may write to it now.
    pub const fn is_open(&self) -> bool {
        self.paused_at.is_none() && self.body.modes.text_chat
    }

    /// True if everybody may write to it now, without an account.
    pub const fn is_open_to_all(&self) -> bool {
        self.is_open() && self.body.distribution.web_enabled
    }

    /// Returns what visitors may learn from this avatar.
    pub fn openness(&self) -> Openness {
        Openness {
            memories: self.body.material.public_memories,
            interests: self.body.material.public_interests,
            notes: self.body.notes.clone(),
        }
    }
}

/// Properties of an avatar that are stored as one JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Body {
    /// The ways to talk to it.
    pub modes: Modes,
    /// The ways to reach it.
    pub distribution: Distribution,
    /// The skills that it follows.
    pub skill_keys: Vec<String>,
    /// The public data that visitors may learn of.
    pub material: Material,
    /// The notes that visitors may learn of.
    pub notes: Vec<NoteId>,
    /// The owner's limits.
    pub limits: OwnLimits,
    /// The origins of web pages that may show it in a frame.
    pub origins: Vec<String>,
}

/// The ways to talk to an avatar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Modes {
    /// True if visitors may write to it.
    #[schema(default = true)]
    pub text_chat: bool,
    /// Always false: this server has no calls.
    #[schema(default = false)]
    pub voice_call: bool,
}

impl Default for Modes {
    fn default() -> Self {
        Self { text_chat: true, voice_call: false }
    }
}

/// The ways to reach an avatar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Distribution {
    /// True if apps may reach it with its keys.
    #[schema(default = true)]
    pub api_enabled: bool,
    /// Always false: this server has no mini program.
    #[schema(default = false)]
    pub wxapp_enabled: bool,
    /// True if everybody may talk to it on a page of this server or in a widget, without an account.
    #[schema(default = false)]
    pub web_enabled: bool,
}

impl Default for Distribution {
    fn default() -> Self {
        Self { api_enabled: true, wxapp_enabled: false, web_enabled: false }
    }
}

/// The public data that visitors may learn of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Material {
    /// True if public key memories are told.
    #[schema(default = true)]
    pub public_memories: bool,
    /// True if the public side of interests is told.
    #[schema(default = true)]
    pub public_interests: bool,
}

impl Default for Material {
    fn default() -> Self {
        Self { public_memories: true, public_interests: true }
    }
}

/// The owner's limits of an avatar, below those of the server. 0: only the server's apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnLimits {
    /// Most messages of all visitors in a day.
    #[schema(minimum = 0)]
    pub messages_per_day: i64,
    /// Most tokens in a day.
    #[schema(minimum = 0)]
    pub tokens_per_day: i64,
    /// Most messages of one visitor in a day.
    #[schema(minimum = 0)]
    pub visitor_messages_per_day: i64,
    /// Most visitors at once.
    #[schema(minimum = 0)]
    pub visitors_at_once: i64,
}

/// The price of an avatar. This server has no payments, so every avatar is free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Monetization {
    /// `FREE`. Others are refused.
    #[schema(example = "FREE")]
    pub(crate) access_type: Option<String>,
}

/// The price on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MonetizationResponse {
    #[schema(example = "FREE")]
    access_type: &'static str,
    sale_status: &'static str,
    currency: &'static str,
    free_chat_unlimited: bool,
}

impl MonetizationResponse {
    pub(crate) const FREE: Self =
        Self { access_type: "FREE", sale_status: "ON_SALE", currency: "CNY", free_chat_unlimited: true };
}

/// Body of `POST /api/secondme/avatar/create`, `skill-create` and `update`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvatarRequest {
    /// The avatar to change. Required by `update`, ignored by the others.
    #[serde(default, deserialize_with = "crate::lenient::optional")]
    pub avatar_id: Option<i64>,
    /// At most 100 characters. Required for a new avatar.
    #[schema(max_length = 100)]
    pub title: Option<String>,
    /// An http or https URL; an empty text clears it.
    #[schema(max_length = 2000)]
    pub cover_url: Option<String>,
    /// The instructions for talking to visitors.
    #[schema(max_length = 40_000)]
    pub scenario_prompt: Option<String>,
    /// The first message of a conversation.
    #[schema(max_length = 2000)]
    pub opening: Option<String>,
    /// The introduction that visitors see.
    #[schema(max_length = 2000)]
    pub welcome_note: Option<String>,
    /// The ways to talk to it.
    pub modes: Option<Modes>,
    /// The ways to reach it.
    pub distribution: Option<Distribution>,
    /// The price: `FREE`.
    pub monetization: Option<Monetization>,
    /// Keys of the person's own skills, at most 10.
    #[schema(max_items = 10)]
    pub skill_keys: Option<Vec<String>>,
    /// The public data that visitors may learn of.
    pub material: Option<Material>,
    /// The notes that visitors may learn of, at most 50. It takes the right to read notes.
    #[schema(max_items = 50)]
    pub related_note_ids: Option<Vec<i64>>,
    /// Skills, as `skill-create` names them.
    pub skills: Option<SkillChoice>,
    /// The owner's limits.
    pub limits: Option<OwnLimits>,
    /// Origins of web pages that may show the avatar in a frame, at most 20.
    #[schema(max_items = 20, example = json!(["https://blog.example"]))]
    pub widget_origins: Option<Vec<String>>,
    /// True if the avatar receives no visitors.
    pub paused: Option<bool>,
}

/// Skills of a new avatar.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillChoice {
    /// Keys of official skills. This server has none, so any is refused.
    pub(crate) official_skill_keys: Option<Vec<String>>,
    /// Keys of the person's own skills.
    pub(crate) existing_custom_skill_keys: Option<Vec<String>>,
    /// Skills to be created with the avatar.
    #[schema(max_items = 10)]
    pub(crate) custom_markdown_skills: Option<Vec<crate::skill::model::SkillRequest>>,
}

/// A change of an avatar. `None` leaves a member as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The name that visitors see.
    pub title: Option<String>,
    /// URL of the cover; an empty text clears it.
    pub cover_url: Option<String>,
    /// The owner's instructions.
    pub scenario_prompt: Option<String>,
    /// The first message.
    pub opening: Option<String>,
    /// The introduction.
    pub welcome_note: Option<String>,
    /// The ways to talk to it.
    pub modes: Option<Modes>,
    /// The ways to reach it.
    pub distribution: Option<Distribution>,
    /// The skills.
    pub skill_keys: Option<Vec<String>>,
    /// The public data.
    pub material: Option<Material>,
    /// The notes.
    pub notes: Option<Vec<NoteId>>,
    /// The owner's limits.
    pub limits: Option<OwnLimits>,
    /// The origins of web pages that may show it in a frame.
    pub origins: Option<Vec<String>>,
    /// True to receive no visitors.
    pub paused: Option<bool>,
}

/// An avatar on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AvatarOut)]
pub struct AvatarResponse {
    avatar_id: i64,
    /// `primary` or `custom`.
    #[schema(example = "custom")]
    r#type: &'static str,
    title: String,
    cover_url: Option<String>,
    scenario_prompt: String,
    opening: String,
    welcome_note: String,
    modes: Modes,
    distribution: Distribution,
    monetization: MonetizationResponse,
    skill_keys: Vec<String>,
    material: Material,
    related_note_ids: Vec<i64>,
    limits: OwnLimits,
    widget_origins: Vec<String>,
    paused: bool,
    is_default: bool,
    #[schema(example = "0123456789ab")]
    share_code: String,
    usage_count: i64,
    view_count: i64,
    /// UTC, without a zone.
    #[schema(example = "2026-01-01 00:00:00")]
    created_at: String,
}

impl From<Avatar> for AvatarResponse {
    fn from(avatar: Avatar) -> Self {
        let Body { modes, distribution, skill_keys, material, notes, limits, origins } = avatar.body;
        Self {
            avatar_id: avatar.id.0,
            r#type: if avatar.is_primary { "primary" } else { "custom" },
            title: avatar.title,
            cover_url: avatar.cover_url,
            scenario_prompt: avatar.scenario_prompt,
            opening: avatar.opening,
            welcome_note: avatar.welcome_note,
            modes,
            distribution,
            monetization: MonetizationResponse::FREE,
            skill_keys,
            material,
            related_note_ids: notes.into_iter().map(Into::into).collect(),
            limits,
            widget_origins: origins,
            paused: avatar.paused_at.is_some(),
            is_default: avatar.is_default,
            share_code: avatar.share_code,
            usage_count: avatar.usage_count,
            view_count: avatar.view_count,
            created_at: plain_time(avatar.created_at),
        }
    }
}

/// Returns a time in UTC as `YYYY-MM-DD HH:MM:SS`.
pub(crate) fn plain_time(time: Timestamp) -> String {
    time.iso8601().replace('T', " ").trim_end_matches('Z').to_owned()
}

/// Response of `POST /api/secondme/avatar/skill-create`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillAvatarResponse {
    pub(super) avatar: AvatarResponse,
    pub(super) enabled_skill_keys: Vec<String>,
    pub(super) created_custom_skills: Vec<CreatedSkill>,
}

/// A skill that was created with an avatar.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedSkill {
    pub(super) skill_key: String,
    pub(super) title: String,
    pub(super) source_type: &'static str,
}

/// Query that names an avatar.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct AvatarParams {
    /// The avatar's id.
    pub(crate) avatar_id: i64,
}

/// Body that names an avatar.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvatarRef {
    /// The avatar's id.
    #[serde(deserialize_with = "crate::lenient::id")]
    #[schema(value_type = i64)]
    pub(crate) avatar_id: AvatarId,
}

/// An avatar as everybody sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublicAvatar {
    pub(super) id: i64,
    pub(super) share_code: String,
    pub(super) name: String,
    pub(super) modes: Modes,
    pub(super) interaction_count: i64,
    pub(super) view_count: i64,
    pub(super) created_at: String,
    pub(super) owner_user_id: i64,
    pub(super) owner_route: String,
    pub(super) owner_username: String,
    pub(super) owner_avatar: String,
    pub(super) cover_url: Option<String>,
    pub(super) opening: String,
    pub(super) welcome_note: String,
    pub(super) monetization: MonetizationResponse,
    /// True if it receives no visitors at the moment.
    pub(super) paused: bool,
}
