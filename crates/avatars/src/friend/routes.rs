//! HTTP routes of friends, and of people to meet.

use axum::extract::State;
use identity::{
    Scoped,
    scope::{Discover, ReadFriends, WriteFriends},
};
use store::AccountId;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Issues, Json, Nothing, Query, paging::PageParams};

use super::{
    model::{
        Discovered, FriendList, HandleRequest, IceRequest, InviteRequest, KindParams, PendingInvitations,
        PlaceParams,
    },
    rules,
};
use crate::Avatars;

pub(crate) fn router(avatars: Avatars) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(invite))
        .routes(routes!(handle))
        .routes(routes!(break_ice))
        .routes(routes!(discover))
        .with_state(avatars)
}

/// List the person's friends, the latest first. People who are blocked are left out. Scope friend.read.
#[utoipa::path(
    get,
    path = "/secondme/friend/list",
    operation_id = "listFriends",
    tag = "Friends",
    security(("bearer" = []), ("session" = [])),
    params(KindParams, PageParams),
    responses((status = 200, description = "One page", body = Envelope<FriendList>)),
)]
async fn list(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<ReadFriends>,
    Query(_kind): Query<KindParams>,
    Query(page): Query<PageParams>,
) -> ApiResult<FriendList> {
    let account = caller.account();
    let (friends, total) = avatars.friends(account, page.check()?).await?;
    Ok(Data(FriendList {
        friends: friends.into_iter().map(Into::into).collect(),
        total,
        friend_invitation: PendingInvitations { pending_count: avatars.invitations(account).await? },
        total_unread_count: 0,
        stranger_message: None,
    }))
}

/// Invite somebody of this server. Two people who invite each other are friends. Scope friend.write.
#[utoipa::path(
    post,
    path = "/secondme/friend/invite/send",
    operation_id = "inviteFriend",
    tag = "Friends",
    security(("bearer" = []), ("session" = [])),
    request_body = InviteRequest,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn invite(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteFriends>,
    Json(request): Json<InviteRequest>,
) -> ApiResult<Nothing> {
    avatars.invite(caller.account(), rules::check(request)?).await?;
    Ok(Data(Nothing))
}

/// Accept or reject an invitation. Scope friend.write.
#[utoipa::path(
    post,
    path = "/secondme/friend/invite/handle",
    operation_id = "answerFriend",
    tag = "Friends",
    security(("bearer" = []), ("session" = [])),
    request_body = HandleRequest,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn handle(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteFriends>,
    Json(request): Json<HandleRequest>,
) -> ApiResult<Nothing> {
    let (other, decision) = rules::check_answer(&request)?;
    avatars.answer_invitation(caller.account(), other, decision).await?;
    Ok(Data(Nothing))
}

/// Open a conversation with a friend's avatar, or resume it. `data` is its id. Scope friend.write.
#[utoipa::path(
    post,
    path = "/secondme/friend/break-ice",
    operation_id = "breakIce",
    tag = "Friends",
    security(("bearer" = []), ("session" = [])),
    request_body = IceRequest,
    responses((status = 200, description = "The conversation's id", body = Envelope<String>)),
)]
async fn break_ice(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteFriends>,
    Json(request): Json<IceRequest>,
) -> ApiResult<String> {
    let mut issues = Issues::body();
    if request.friend_id.is_none() {
        issues.missing("friendId");
    }
    issues.finish()?;
    let friend = AccountId(request.friend_id.unwrap_or_default());
    Ok(Data(avatars.break_ice(caller.account(), friend).await?))
}

/// List people of this server with public pages, the newest first. Scope discover.
#[utoipa::path(
    get,
    path = "/secondme/discover/users",
    operation_id = "discoverPeople",
    tag = "Friends",
    security(("bearer" = []), ("session" = [])),
    params(PlaceParams, PageParams),
    responses((status = 200, description = "One page", body = Envelope<Discovered>)),
)]
async fn discover(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<Discover>,
    Query(_place): Query<PlaceParams>,
    Query(page): Query<PageParams>,
) -> ApiResult<Discovered> {
    let page = page.check()?;
    let (people, total) = avatars.people_to_meet(caller.account(), page).await?;
    Ok(Data(Discovered {
        users: people.into_iter().map(Into::into).collect(),
        search_radius: 50,
        total_count: total,
        page_no: page.offset / page.limit.max(1) + 1,
        page_size: page.limit,
        total_pages: rules::pages(total, page.limit),
        has_more: page.offset.saturating_add(page.limit) < total,
    }))
}
