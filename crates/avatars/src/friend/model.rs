//! Friends: domain types and wire types.

use identity::Account;
use memory::profile::Profile;
use serde::{Deserialize, Serialize};
use store::{AccountId, Timestamp, from_row};
use strum::{EnumString, IntoStaticStr};
use utoipa::{IntoParams, ToSchema};

/// The relation of a person to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum State {
    /// They invited the other.
    Invited,
    /// The other invited them.
    Asked,
    /// They are friends.
    Friend,
    /// One of them refused.
    Refused,
}

impl State {
    /// Returns the name in the store.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl store::Column for State {
    const EXPECTED: &'static str = "a state of friends";

    fn from_value(value: store::Param<'_>) -> Option<Self> {
        match value {
            store::Param::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// An invitation.
#[derive(Debug)]
pub struct Invitation {
    /// The person who is invited.
    pub other: AccountId,
    /// The text that they read; may be empty.
    pub greeting: String,
    /// Where it comes from; may be empty.
    pub source: String,
}

/// The decision about an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// They are friends.
    Accepted,
    /// They are not.
    Rejected,
}

/// A friend as stored, with the conversation that the person has with the friend's avatar.
#[derive(Debug)]
pub struct FriendRow {
    /// The friend.
    pub other: AccountId,
    /// Where the invitation came from.
    pub source: String,
    /// The time since which they are friends.
    pub since: Timestamp,
    /// The name of the conversation.
    pub session: Option<String>,
    /// The latest message in it, and its time.
    pub latest: Option<String>,
    /// The time of the latest message.
    pub latest_at: Option<Timestamp>,
}

from_row!(FriendRow { other, source, since, session, latest, latest_at });

/// A friend.
#[derive(Debug)]
pub struct Friend {
    /// The account.
    pub account: Account,
    /// The profile.
    pub profile: Profile,
    /// The row of the friendship.
    pub row: FriendRow,
}

/// A person with a public page.
#[derive(Debug)]
pub struct Person {
    /// The account.
    pub account: Account,
    /// The profile.
    pub profile: Profile,
}

/// Query of `GET /api/secondme/friend/list`.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KindParams {
    /// Always taken as `FRIEND`.
    #[param(default = "FRIEND")]
    #[serde(rename = "type")]
    pub(super) _kind: Option<String>,
}

/// Body of `POST /api/secondme/friend/invite/send`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InviteRequest {
    /// The account's id, as a text or a number. Required.
    #[schema(value_type = Option<String>, max_length = 50, example = "2148256")]
    #[serde(default, deserialize_with = "crate::lenient::optional")]
    pub(super) target_user_id: Option<i64>,
    /// At most 500 characters.
    #[schema(max_length = 500)]
    pub(super) greeting: Option<String>,
    /// `DISCOVER`, `PLAZA` or another name of at most 50 characters.
    #[schema(max_length = 50, example = "PLAZA")]
    pub(super) source: Option<String>,
}

/// Body of `POST /api/secondme/friend/invite/handle`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandleRequest {
    /// The account that sent the invitation. Required.
    #[schema(value_type = Option<String>, example = "2148256")]
    #[serde(default, deserialize_with = "crate::lenient::optional")]
    pub(super) target_user_id: Option<i64>,
    /// `ACCEPTED` or `REJECTED`. Required.
    #[schema(example = "ACCEPTED")]
    pub(super) action: Option<String>,
}

/// Body of `POST /api/secondme/friend/break-ice`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IceRequest {
    /// The friend's account. Required.
    #[schema(value_type = Option<String>, example = "2148256")]
    #[serde(default, deserialize_with = "crate::lenient::optional")]
    pub(super) friend_id: Option<i64>,
}

/// A friend on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FriendOut)]
pub struct FriendResponse {
    #[schema(example = "2148256")]
    friend_id: String,
    name: String,
    avatar: String,
    /// The conversation with the friend's avatar; null before the first one.
    session_id: Option<String>,
    #[schema(example = "two-way-friend")]
    relation_type: &'static str,
    latest_message: Option<String>,
    latest_message_time: Option<i64>,
    /// Always 0: answers come with the conversation.
    unread_count: i64,
    route: String,
    source: String,
    label: &'static str,
    /// Always false: people who are blocked are not listed.
    blocked_by_me: bool,
    is_blocked: bool,
    source_direction: &'static str,
}

impl From<Friend> for FriendResponse {
    fn from(friend: Friend) -> Self {
        let FriendRow { source, session, latest, latest_at, .. } = friend.row;
        Self {
            friend_id: friend.account.id.to_string(),
            name: friend.account.name,
            avatar: friend.profile.avatar,
            session_id: session,
            relation_type: "two-way-friend",
            latest_message: latest,
            latest_message_time: latest_at.map(|at| at.0),
            unread_count: 0,
            route: friend.account.route,
            source,
            label: "",
            blocked_by_me: false,
            is_blocked: false,
            source_direction: "",
        }
    }
}

/// Response of `GET /api/secondme/friend/list`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FriendList {
    pub(super) friends: Vec<FriendResponse>,
    pub(super) total: i64,
    pub(super) friend_invitation: PendingInvitations,
    pub(super) total_unread_count: i64,
    pub(super) stranger_message: Option<String>,
}

/// Invitations that wait for an answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingInvitations {
    pub(super) pending_count: i64,
}

/// A person to meet, on the wire. This server knows neither places nor matches, so their numbers are 0.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PersonToMeet)]
pub struct PersonResponse {
    #[schema(example = "2148256")]
    user_id: String,
    username: String,
    avatar: String,
    route: String,
    distance: i64,
    match_score: i64,
    title: String,
    hook: String,
    brief_introduction: String,
    #[schema(example = "none")]
    friend_status: &'static str,
    common_friends: Vec<String>,
    completion_percentage: i32,
}

impl From<Person> for PersonResponse {
    fn from(person: Person) -> Self {
        let percent = memory::profile::model::completeness(&person.account, &person.profile);
        Self {
            user_id: person.account.id.to_string(),
            username: person.account.name,
            avatar: person.profile.avatar,
            route: person.account.route,
            distance: 0,
            match_score: 0,
            title: person.profile.bio.clone(),
            hook: String::new(),
            brief_introduction: person.profile.bio,
            friend_status: "none",
            common_friends: Vec::new(),
            completion_percentage: percent,
        }
    }
}

/// Response of `GET /api/secondme/discover/users`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discovered {
    pub(super) users: Vec<PersonResponse>,
    pub(super) search_radius: i64,
    /// All people with public pages; those who are not shown to the caller are counted.
    pub(super) total_count: i64,
    pub(super) page_no: i64,
    pub(super) page_size: i64,
    pub(super) total_pages: i64,
    pub(super) has_more: bool,
}

/// Query of `GET /api/secondme/discover/users`.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PlaceParams {
    /// Ignored: this server does not know where people are.
    #[serde(rename = "longitude")]
    pub(super) _longitude: Option<String>,
    /// Ignored.
    #[serde(rename = "latitude")]
    pub(super) _latitude: Option<String>,
    /// Ignored.
    #[serde(rename = "circleType")]
    pub(super) _circle_type: Option<String>,
}
