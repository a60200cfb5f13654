//! The types of API keys, inside and on the wire.

use serde::{Deserialize, Serialize};
use store::{Row, Timestamp};
use utoipa::{IntoParams, ToSchema};

use crate::{KeyId, ScopeSet, usage};

/// A key as its owner sees it: all but the secret.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The id, for requests about the key.
    pub id: KeyId,
    /// The name that the owner gave it.
    pub name: String,
    /// The first characters of the secret.
    pub hint: String,
    /// The scopes of the key.
    pub scopes: ScopeSet,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of expiry, if there is one.
    pub expires_at: Option<Timestamp>,
    /// The id of the key that replaced it.
    pub replaced_by: Option<KeyId>,
    /// The time of the last use, to the second.
    pub last_used_at: Option<Timestamp>,
    /// The address of the last use.
    pub last_used_address: Option<String>,
}

impl ApiKey {
    /// True if the key has not expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expiry| expiry > now)
    }
}

impl store::FromRow for ApiKey {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let scopes: String = row.get(3)?;
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            hint: row.get(2)?,
            scopes: ScopeSet::parse_list(&scopes)
                .map_err(|name| store::Error::Other(format!("unknown scope {name}")))?,
            created_at: row.get(4)?,
            expires_at: row.get(5)?,
            replaced_by: row.get(6)?,
            last_used_at: row.get(7)?,
            last_used_address: row.get(8)?,
        })
    }
}

/// The properties of a new key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The name, 1 to 100 characters.
    pub name: String,
    /// The scopes, at least one.
    pub scopes: ScopeSet,
    /// The time of expiry, in the future; `None` for a key that does not expire.
    pub expires_at: Option<Timestamp>,
}

/// Body of `POST /api/apikey/create`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateRequest {
    /// The name of the key, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "My bot")]
    pub(super) name: Option<String>,
    /// The scopes of the key, of either vocabulary, or `*`; at least one.
    #[schema(example = json!(["user.info", "chat"]), max_items = 64)]
    pub(super) scopes: Option<Vec<String>>,
    /// The time of expiry, in milliseconds since 1970. Absent or null: none.
    #[schema(minimum = 0)]
    pub(super) expires_at: Option<i64>,
}

/// Body of `POST /api/apikey/{id}/rotate`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RotateApiKeyRequest)]
pub struct RotateRequest {
    /// Time in seconds for which the old key stays valid. Default 0, at most 30 days.
    #[schema(minimum = 0, maximum = 2592000)]
    pub(super) overlap_seconds: Option<i64>,
}

/// Query of `GET /api/apikey/{id}/usage`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsageParams {
    /// Number of days, including today. Default 30, at most 366.
    #[param(minimum = 1, maximum = 366, default = 30)]
    pub(super) days: Option<i64>,
}

/// An API key in responses.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKeyOut)]
pub struct KeyResponse {
    /// The id, for requests about the key.
    #[schema(value_type = i64)]
    id: KeyId,
    /// The name that the owner gave it.
    name: String,
    /// The first characters of the key, to recognize it by.
    prefix: String,
    /// The scopes of the key.
    scopes: Vec<&'static str>,
    /// The time of creation, in milliseconds since 1970.
    created_at: i64,
    /// The time of expiry, in milliseconds since 1970; null: none.
    expires_at: Option<i64>,
    /// The id of the key that replaced it, after a rotation.
    #[schema(value_type = Option<i64>)]
    replaced_by: Option<KeyId>,
    /// The time of the last use; null: never used.
    last_used_at: Option<i64>,
    /// The client address of the last use.
    last_used_address: Option<String>,
}

impl From<ApiKey> for KeyResponse {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.hint,
            scopes: key.scopes.names(),
            created_at: key.created_at.as_millis(),
            expires_at: key.expires_at.map(Timestamp::as_millis),
            replaced_by: key.replaced_by,
            last_used_at: key.last_used_at.map(Timestamp::as_millis),
            last_used_address: key.last_used_address,
        }
    }
}

/// A new key. No other response has the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedApiKeyOut)]
pub struct CreatedResponse {
    /// The key to keep. It cannot be shown again.
    #[schema(example = "lba_ak_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9t0u1v2w3x4y5z6a7b8")]
    pub(super) key: String,
    #[serde(flatten)]
    pub(super) about: KeyResponse,
}

/// The use of a key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKeyUsageOut)]
pub struct UsageResponse {
    /// Calls by day, endpoint and outcome, newest day first.
    pub(super) list: Vec<UsageEntry>,
    /// The number of calls in the list.
    pub(super) total: i64,
    /// The latest 50 calls that were refused, newest first.
    pub(super) refusals: Vec<RefusalEntry>,
}

/// Calls of one day to one endpoint with one outcome.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageEntry {
    /// The day, UTC.
    #[schema(example = "2026-11-22")]
    date: String,
    /// The endpoint's path.
    #[schema(example = "/api/secondme/user/info")]
    endpoint: String,
    /// `ok`, `refused`, `client_error` or `server_error`.
    outcome: String,
    /// Number of calls.
    calls: i64,
}

/// A call that was refused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusalEntry {
    /// The time of the call, in milliseconds since 1970.
    time: i64,
    /// The endpoint's path.
    endpoint: String,
    /// The `subCode` of the response.
    sub_code: String,
    /// The client's address.
    address: String,
}

impl From<usage::UsageRow> for UsageEntry {
    fn from(row: usage::UsageRow) -> Self {
        let date = Timestamp(row.day * 86_400_000).date();
        Self { date, endpoint: row.endpoint, outcome: row.outcome, calls: row.calls }
    }
}

impl From<usage::RefusalRow> for RefusalEntry {
    fn from(row: usage::RefusalRow) -> Self {
        Self {
            time: row.refused_at.as_millis(),
            endpoint: row.endpoint,
            sub_code: row.sub_code,
            address: row.address,
        }
    }
}
