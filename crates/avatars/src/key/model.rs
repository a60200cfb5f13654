//! Keys of avatars: domain types and wire types.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AvatarId, AvatarKeyId};

/// A key of an avatar, without its secret.
#[derive(Debug, Clone)]
pub struct AvatarKey {
    /// The id.
    pub id: AvatarKeyId,
    /// The avatar that it opens.
    pub avatar: AvatarId,
    /// The name that its owner gave it.
    pub name: String,
    /// The first characters of the secret.
    pub hint: String,
    /// False if it opens nothing at the moment.
    pub is_enabled: bool,
}

store::from_row!(AvatarKey { id, avatar, name, hint, is_enabled });

/// Body of `POST /api/secondme/avatar/api-key/create`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewKeyRequest {
    /// The avatar's id.
    #[serde(deserialize_with = "crate::lenient::id")]
    #[schema(value_type = i64)]
    pub(super) avatar_id: AvatarId,
    /// At most 100 characters. Required.
    #[schema(max_length = 100, example = "website")]
    pub(super) name: Option<String>,
}

/// Body of `POST /api/secondme/avatar/api-key/update`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyChangeRequest {
    /// The key's id.
    #[serde(deserialize_with = "crate::lenient::id")]
    #[schema(value_type = i64)]
    pub(super) key_id: AvatarKeyId,
    /// At most 100 characters.
    #[schema(max_length = 100)]
    pub(super) name: Option<String>,
    /// False to close it for a while.
    pub(super) enabled: Option<bool>,
}

/// Body of `POST /api/secondme/avatar/api-key/delete`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyRef {
    /// The key's id.
    #[serde(deserialize_with = "crate::lenient::id")]
    #[schema(value_type = i64)]
    pub(super) key_id: AvatarKeyId,
}

/// A key on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AvatarKeyOut)]
pub struct KeyResponse {
    #[schema(value_type = i64)]
    key_id: AvatarKeyId,
    #[schema(value_type = i64)]
    avatar_id: AvatarId,
    name: String,
    #[schema(example = "sk-0123ab")]
    hint: String,
    enabled: bool,
}

impl From<AvatarKey> for KeyResponse {
    fn from(key: AvatarKey) -> Self {
        Self {
            key_id: key.id,
            avatar_id: key.avatar,
            name: key.name,
            hint: key.hint,
            enabled: key.is_enabled,
        }
    }
}

/// A new key on the wire, with its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewAvatarKeyOut)]
pub struct NewKeyResponse {
    #[serde(flatten)]
    pub(super) key: KeyResponse,
    /// Shown here only.
    #[schema(example = "sk-0123456789abcdef0123456789abcdef")]
    pub(super) secret_key: String,
}

/// The keys of an avatar.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyList {
    pub(super) list: Vec<KeyResponse>,
}
