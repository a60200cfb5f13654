//! HTTP routes of avatars.

use axum::extract::{Path, State};
use identity::{
    AppCaller, Caller, Optional, Scoped,
    scope::{ReadAvatars, ReadNotes, WriteAvatars},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, ApiResult, Code, Data, Envelope, Issues, Json, Nothing, Query,
    extract::id_in,
    paging::{PageParams, Paged},
};

use super::{
    model::{
        AvatarParams, AvatarRef, AvatarRequest, AvatarResponse, Change, CreatedSkill, PublicAvatar,
        SkillAvatarResponse,
    },
    rules,
};
use crate::{AvatarId, Avatars, skill};

pub(crate) fn router(avatars: Avatars) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(detail))
        .routes(routes!(create))
        .routes(routes!(create_with_skills))
        .routes(routes!(update))
        .routes(routes!(delete))
        .routes(routes!(set_default))
        .routes(routes!(public))
        .with_state(avatars)
}

/// Checks an avatar's members. Choosing notes takes the right to read them: an avatar must not show an app
/// what it may not read itself.
fn check(caller: &Caller, request: AvatarRequest, refusal: Code) -> Result<Change, ApiError> {
    let change = rules::check(request, refusal)?;
    if change.notes.as_ref().is_some_and(|notes| !notes.is_empty()) {
        caller.check::<ReadNotes>()?;
    }
    Ok(change)
}

fn check_title(change: &Change) -> Result<(), ApiError> {
    let mut issues = Issues::body();
    if change.title.is_none() {
        issues.missing("title");
    }
    issues.finish()
}

/// List the person's avatars, the primary one first. Scope avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/list",
    operation_id = "listAvatars",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(PageParams),
    responses((status = 200, description = "One page", body = Envelope<Paged<AvatarResponse>>)),
)]
async fn list(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<ReadAvatars>,
    Query(page): Query<PageParams>,
) -> ApiResult<Paged<AvatarResponse>> {
    let Paged { list, total } = avatars.avatars(caller.account(), page.check()?).await?;
    Ok(Data(Paged { list: list.into_iter().map(Into::into).collect(), total }))
}

/// See one of the person's avatars. Scope avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/detail",
    operation_id = "getAvatar",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(AvatarParams),
    responses((status = 200, description = "The avatar", body = Envelope<AvatarResponse>)),
)]
async fn detail(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<ReadAvatars>,
    Query(params): Query<AvatarParams>,
) -> ApiResult<AvatarResponse> {
    Ok(Data(avatars.avatar(caller.account(), AvatarId(params.avatar_id)).await?.into()))
}

/// Create an avatar. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/create",
    operation_id = "createAvatar",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    request_body = AvatarRequest,
    responses((status = 200, description = "The avatar", body = Envelope<AvatarResponse>)),
)]
async fn create(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Json(request): Json<AvatarRequest>,
) -> ApiResult<AvatarResponse> {
    let new = check(&caller, request, Code::AvatarCreateFailed)?;
    check_title(&new)?;
    Ok(Data(avatars.create_avatar(caller.account(), new).await?.into()))
}

/// Create an avatar with notes and skills. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/skill-create",
    operation_id = "createSkilledAvatar",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    request_body = AvatarRequest,
    responses((status = 200, description = "The avatar", body = Envelope<SkillAvatarResponse>)),
)]
async fn create_with_skills(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Json(mut request): Json<AvatarRequest>,
) -> ApiResult<SkillAvatarResponse> {
    let given = request.skills.as_mut().and_then(|skills| skills.custom_markdown_skills.take());
    let written = given.unwrap_or_default();
    let mut new = check(&caller, request, Code::AvatarCreateFailed)?;
    check_title(&new)?;
    let keys = new.skill_keys.get_or_insert_default();
    if keys.len() + written.len() > rules::MAX_SKILLS {
        let limit = format!("skills: at most {}", rules::MAX_SKILLS);
        return Err(ApiError::new(Code::AvatarCreateFailed).with(limit));
    }
    let written = written.into_iter().map(skill::rules::check).collect::<Result<Vec<_>, _>>()?;
    let mut created = Vec::new();
    for skill in written {
        let skill = avatars.create_skill(caller.account(), skill).await?;
        keys.push(skill.skill_key.clone());
        created.push(CreatedSkill {
            skill_key: skill.skill_key,
            title: skill.title,
            source_type: skill::model::SOURCE,
        });
    }
    let avatar = avatars.create_avatar(caller.account(), new).await?;
    let enabled_skill_keys = avatar.body.skill_keys.clone();
    Ok(Data(SkillAvatarResponse {
        avatar: avatar.into(),
        enabled_skill_keys,
        created_custom_skills: created,
    }))
}

/// Change an avatar. Absent members stay as they are. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/update",
    operation_id = "updateAvatar",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    request_body = AvatarRequest,
    responses((status = 200, description = "The changed avatar", body = Envelope<AvatarResponse>)),
)]
async fn update(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Json(request): Json<AvatarRequest>,
) -> ApiResult<AvatarResponse> {
    let mut issues = Issues::body();
    let id = request.avatar_id.map(AvatarId);
    if id.is_none() {
        issues.missing("avatarId");
    }
    issues.finish()?;
    let change = check(&caller, request, Code::AvatarUpdateFailed)?;
    let id = id.ok_or(Code::AvatarUpdateNotFound)?;
    Ok(Data(avatars.update_avatar(caller.account(), id, change).await?.into()))
}

/// Delete an avatar with its keys and conversations. The primary one cannot be deleted. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/delete",
    operation_id = "deleteAvatar",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    request_body = AvatarRef,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Json(request): Json<AvatarRef>,
) -> ApiResult<Nothing> {
    avatars.delete_avatar(caller.account(), request.avatar_id).await?;
    Ok(Data(Nothing))
}

/// Make an avatar the preferred one. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/{avatarId}/set-default",
    operation_id = "setDefaultAvatar",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(("avatarId" = i64, Path, description = "The avatar's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn set_default(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Path(id): Path<String>,
) -> ApiResult<Nothing> {
    let id = id_in(&id, Code::AvatarUpdateNotFound)?;
    avatars.set_default_avatar(caller.account(), id).await?;
    Ok(Data(Nothing))
}

/// See an avatar as everybody sees it, by its share code. Any token or key, also an app's own token.
#[utoipa::path(
    get,
    path = "/secondme/avatar/public/{shareCode}",
    operation_id = "getPublicAvatar",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(("shareCode" = String, Path, description = "The avatar's share code")),
    responses((status = 200, description = "The avatar", body = Envelope<PublicAvatar>)),
)]
async fn public(
    State(avatars): State<Avatars>,
    Optional(caller): Optional,
    app: Result<AppCaller, ApiError>,
    Path(share_code): Path<String>,
) -> ApiResult<PublicAvatar> {
    if caller.is_none() {
        app?;
    }
    Ok(Data(avatars.public_avatar(&share_code).await?))
}
