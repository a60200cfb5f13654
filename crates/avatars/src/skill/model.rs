//! Skills: domain types and wire types.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::SkillId;

/// The only source of skills: a text in Markdown.
pub const SOURCE: &str = "md_text";
/// The usual kind of conversation.
pub const SCENE: &str = "avatar_chat";

/// The version of a skill that names none.
pub(super) const VERSION: &str = "1.0.0";

/// A skill that a person wrote.
#[derive(Debug, Clone)]
pub struct Skill {
    /// The id.
    pub id: SkillId,
    /// The name by which avatars refer to it.
    pub skill_key: String,
    /// The title.
    pub title: String,
    /// The description.
    pub description: String,
    /// The occasions on which it applies; may be empty.
    pub when_to_use: String,
    /// The kind of conversation that it is for.
    pub scene_mode: String,
    /// The instructions in Markdown.
    pub content: String,
}

store::from_row!(Skill { id, skill_key, title, description, when_to_use, scene_mode, content });

/// A checked new skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSkill {
    /// The title.
    pub title: String,
    /// The description.
    pub description: String,
    /// The occasions on which it applies; may be empty.
    pub when_to_use: String,
    /// The version, as its author counts.
    pub version: String,
    /// The kind of conversation that it is for.
    pub scene_mode: String,
    /// The instructions in Markdown, without front matter.
    pub content: String,
}

impl NewSkill {
    /// Returns a skill as a form has it.
    pub fn of_form(title: &str, description: &str, when_to_use: &str, content: &str) -> Self {
        Self {
            title: title.to_owned(),
            description: description.to_owned(),
            when_to_use: when_to_use.to_owned(),
            version: VERSION.to_owned(),
            scene_mode: SCENE.to_owned(),
            content: content.to_owned(),
        }
    }
}

/// Query of the lists of skills.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct SceneParams {
    /// The kind of conversation. Default `avatar_chat`.
    #[param(default = "avatar_chat")]
    pub(super) scene_mode: Option<String>,
}

impl SceneParams {
    pub(super) fn scene(&self) -> &str {
        self.scene_mode.as_deref().filter(|scene| !scene.is_empty()).unwrap_or(SCENE)
    }
}

/// Body of `POST /api/secondme/avatar/custom-skills/create`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AvatarSkillRequest)]
pub struct SkillRequest {
    /// At most 100 characters. Default: `name` of the front matter.
    #[schema(max_length = 100)]
    pub(crate) title: Option<String>,
    /// At most 500 characters. Default: `description` of the front matter.
    #[schema(max_length = 500)]
    pub(crate) description: Option<String>,
    /// At most 500 characters.
    #[schema(max_length = 500)]
    pub(crate) when_to_use: Option<String>,
    /// Default `1.0.0`.
    #[schema(max_length = 50)]
    pub(crate) version: Option<String>,
    /// The kind of conversation. Default `avatar_chat`.
    #[schema(max_length = 50)]
    pub(crate) scene_mode: Option<String>,
    /// `md_text`.
    #[schema(example = "md_text")]
    pub(crate) source_type: Option<String>,
    /// The text of a `SKILL.md`, with `name` and `description` in its front matter.
    #[schema(max_length = 20_000, example = "---\nname: Guide\ndescription: Shows around\n---\nBe brief.")]
    pub(crate) content_markdown: Option<String>,
}

/// A skill on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AvatarSkillOut)]
pub struct SkillResponse {
    /// A number as a text.
    id: String,
    skill_key: String,
    title: String,
    description: String,
    scene_mode: String,
    source_type: &'static str,
    /// Always `valid`.
    status: &'static str,
}

impl From<Skill> for SkillResponse {
    fn from(skill: Skill) -> Self {
        Self {
            id: skill.id.to_string(),
            skill_key: skill.skill_key,
            title: skill.title,
            description: skill.description,
            scene_mode: skill.scene_mode,
            source_type: SOURCE,
            status: "valid",
        }
    }
}

/// Response of `GET /api/secondme/avatar/skills/available`.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfficialSkills {
    pub(super) skills: Vec<OfficialSkill>,
}

/// An official skill. This server has none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfficialSkill {
    skill_key: String,
    display_name: String,
    description: String,
    enabled: bool,
}
