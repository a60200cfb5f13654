//! Circles: domain types and wire types.

use serde::{Deserialize, Serialize};
use store::{AccountId, Timestamp, from_row};
use utoipa::ToSchema;

use crate::CircleId;

/// A circle to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCircle {
    /// Unique; lower-case letters, digits and dashes.
    pub route: String,
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
}

/// A circle.
#[derive(Debug, Clone)]
pub struct Circle {
    /// The id; newer circles have greater ones.
    pub id: CircleId,
    /// Unique; lower-case letters, digits and dashes.
    pub route: String,
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// The account that created it.
    pub owner: AccountId,
    /// The number of members.
    pub members: i64,
    /// The time of creation.
    pub created_at: Timestamp,
    /// True if the reader is a member.
    pub joined: bool,
}

from_row!(Circle { id, route, name, description, owner, members, created_at, joined });

/// Body of `POST /api/secondme/plaza/circles/create`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CircleRequest {
    /// At most 50 characters. Required.
    #[schema(max_length = 50)]
    pub name: Option<String>,
    /// Unique; 1 to 50 lower-case letters, digits and dashes. Required.
    #[schema(example = "rust", max_length = 50)]
    pub circle_route: Option<String>,
    /// At most 500 characters.
    #[schema(max_length = 500)]
    pub description: Option<String>,
}

/// A circle on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CircleOut)]
pub struct CircleResponse {
    #[schema(example = "rust")]
    circle_route: String,
    name: String,
    description: String,
    members: i64,
    /// True if the caller is a member.
    joined: bool,
    /// ISO 8601, UTC.
    created_at: String,
}

impl From<Circle> for CircleResponse {
    fn from(circle: Circle) -> Self {
        Self {
            circle_route: circle.route,
            name: circle.name,
            description: circle.description,
            members: circle.members,
            joined: circle.joined,
            created_at: circle.created_at.iso8601(),
        }
    }
}

/// Response of `GET /api/secondme/plaza/circles`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CirclePage {
    /// Newest first.
    pub(super) items: Vec<CircleResponse>,
    pub(super) page: i64,
    pub(super) page_size: i64,
    pub(super) has_more: bool,
    pub(super) snapshot: Option<String>,
}
