//! HTTP routes of skills.

use std::future::{Ready, ready};

use axum::extract::State;
use identity::{
    Scoped,
    scope::{ReadAvatars, WriteAvatars},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Json, Query};

use super::{
    model::{OfficialSkills, SceneParams, SkillRequest, SkillResponse},
    rules,
};
use crate::Avatars;

pub(crate) fn router(avatars: Avatars) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(available))
        .routes(routes!(list))
        .routes(routes!(create))
        .with_state(avatars)
}

/// List official skills. This server has none: people write their own. Scope avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/skills/available",
    operation_id = "listOfficialSkills",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(SceneParams),
    responses((status = 200, description = "The skills", body = Envelope<OfficialSkills>)),
)]
fn available(_: Scoped<ReadAvatars>, _: Query<SceneParams>) -> Ready<ApiResult<OfficialSkills>> {
    ready(Ok(Data(OfficialSkills { skills: Vec::new() })))
}

/// List the person's own skills for a kind of conversation, newest first. Scope avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/custom-skills/list",
    operation_id = "listAvatarSkills",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(SceneParams),
    responses((status = 200, description = "The skills", body = Envelope<Vec<SkillResponse>>)),
)]
async fn list(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<ReadAvatars>,
    Query(params): Query<SceneParams>,
) -> ApiResult<Vec<SkillResponse>> {
    let mut skills = avatars.skills(caller.account()).await?;
    skills.retain(|skill| skill.scene_mode == params.scene());
    Ok(Data(skills.into_iter().map(Into::into).collect()))
}

/// Create a skill from the text of a SKILL.md. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/custom-skills/create",
    operation_id = "createAvatarSkill",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    request_body = SkillRequest,
    responses((status = 200, description = "The skill", body = Envelope<SkillResponse>)),
)]
async fn create(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Json(request): Json<SkillRequest>,
) -> ApiResult<SkillResponse> {
    let new = rules::check(request)?;
    Ok(Data(avatars.create_skill(caller.account(), new).await?.into()))
}
