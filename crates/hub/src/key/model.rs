//! Types of keys: domain and wire.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use store::{Row, Timestamp};
use utoipa::ToSchema;

use super::rules::Domain;

use crate::HubKeyId;

/// The restrictions and limits of a key. Stored as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rules {
    /// Networks that app-tokens may be used from; empty: all.
    pub ips: Vec<IpNet>,
    /// Hosts whose pages may use person-tokens; empty: all.
    pub domains: Vec<Domain>,
    /// True if tokens of both kinds must satisfy both lists.
    pub both_lists: bool,
    /// Maximum calls per second with this key.
    pub per_second: u32,
    /// Maximum calls per second of one person.
    pub per_person_second: u32,
    /// Maximum calls per UTC day.
    pub per_day: u64,
    /// The actions that may be called, as `weather_basic:now`, `weather_basic:*`, or `*`; empty: all.
    pub allow: Vec<String>,
    /// The policy for self-registration in the user center.
    pub registration: Registration,
    /// The actions that self-registered people may call, besides those about themselves; written as in
    /// `allow`.
    pub registered_allow: Vec<String>,
}

/// The policy for self-registration in a key's user center.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Nobody can register. Managers of users create them, and they can then sign in.
    #[default]
    Closed,
    /// Everybody who can open a page of the key can register.
    Open,
}

/// A key as its owner sees it, without the secret.
#[derive(Debug, Clone)]
pub struct HubKey {
    /// The id, used to manage the key.
    pub id: HubKeyId,
    /// The public half: `iss` of every token.
    pub ak: String,
    /// The name that its owner gave it.
    pub name: String,
    /// True if the key is enabled.
    pub is_enabled: bool,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of expiry, if any.
    pub expires_at: Option<Timestamp>,
    /// The restrictions and limits.
    pub rules: Rules,
    /// The time until which the previous secret is valid.
    pub old_until: Option<Timestamp>,
    /// The time of the last use, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl store::FromRow for HubKey {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let rules: String = row.get(6)?;
        Ok(Self {
            id: row.get(0)?,
            ak: row.get(1)?,
            name: row.get(2)?,
            is_enabled: row.get(3)?,
            created_at: row.get(4)?,
            expires_at: row.get(5)?,
            rules: super::rules::stored(&rules)?,
            old_until: row.get(7)?,
            last_used_at: row.get(8)?,
        })
    }
}

/// The fields of a new key, or of a change. An absent field gets its default or keeps its value.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyRequest {
    /// The name of the key, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "My site")]
    pub name: Option<String>,
    /// True if the key works. Default true.
    pub enabled: Option<bool>,
    /// The time of expiry in milliseconds since 1970; 0: never.
    #[schema(minimum = 0)]
    pub expires_at: Option<i64>,
    /// IP allowlist, for app-tokens: addresses and networks, IPv4 and IPv6, at most 100; empty: all.
    #[schema(example = json!(["203.0.113.7", "2001:db8::/32"]), max_items = 100)]
    pub ips: Option<Vec<String>>,
    /// Domain allowlist, for person-tokens: `app.example.com`, `*.example.com`, `localhost:3000`, at most
    /// 100; empty: all.
    #[schema(example = json!(["app.example.com", "*.example.org"]), max_items = 100)]
    pub domains: Option<Vec<String>>,
    /// True if tokens of both kinds must satisfy both lists. Default false.
    pub both_lists: Option<bool>,
    /// Maximum calls per second. The server sets a default and an upper bound.
    pub per_second: Option<u32>,
    /// Maximum calls per second of one person.
    pub per_person_second: Option<u32>,
    /// Maximum calls per UTC day.
    pub per_day: Option<u64>,
    /// The actions that may be called: `weather-basic/now` (or `weather_basic:now`), `weather-basic/*`;
    /// empty: all.
    #[schema(example = json!(["weather_basic:now"]), max_items = 100)]
    pub allow: Option<Vec<String>>,
    /// The policy for self-registration in the user center. Default `closed`.
    pub registration: Option<Registration>,
    /// The actions that self-registered people may call, besides those about themselves; at most 30,
    /// written as in `allow`. Default: none.
    #[schema(example = json!(["weather_basic:now"]))]
    pub registered_allow: Option<Vec<String>>,
}

/// Body of `…/rotate`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RotateHubKeyRequest)]
pub struct RotateRequest {
    /// The time in seconds for which tokens signed with the old secret stay valid. Default 0, at most 30
    /// days.
    #[schema(minimum = 0, maximum = 2592000)]
    pub(super) overlap_seconds: Option<i64>,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HubKeyOut)]
pub struct KeyResponse {
    /// The id, used to manage the key.
    #[schema(value_type = i64)]
    id: HubKeyId,
    /// The public half: `iss` of every token.
    #[schema(example = "64a1b2c3d4e5f60718293a4b")]
    ak: String,
    /// The name that its owner gave it.
    name: String,
    /// True if the key works.
    enabled: bool,
    /// The time of creation in milliseconds since 1970.
    created_at: i64,
    /// The time of expiry; null: never.
    expires_at: Option<i64>,
    /// IP allowlist.
    ips: Vec<String>,
    /// Domain allowlist.
    domains: Vec<String>,
    /// True if tokens of both kinds must satisfy both lists.
    both_lists: bool,
    /// Maximum calls per second.
    per_second: u32,
    /// Maximum calls per second of one person.
    per_person_second: u32,
    /// Maximum calls per UTC day.
    per_day: u64,
    /// The actions that may be called; empty: all.
    allow: Vec<String>,
    /// The policy for self-registration in the user center.
    registration: Registration,
    /// The actions that self-registered people may call, besides those about themselves.
    registered_allow: Vec<String>,
    /// The time until which tokens signed with the previous secret are valid; null: they are not.
    old_secret_until: Option<i64>,
    /// The time of the last use, to the minute; null: never.
    last_used_at: Option<i64>,
}

impl From<HubKey> for KeyResponse {
    fn from(key: HubKey) -> Self {
        Self {
            id: key.id,
            ak: key.ak,
            name: key.name,
            enabled: key.is_enabled,
            created_at: key.created_at.as_millis(),
            expires_at: key.expires_at.map(Timestamp::as_millis),
            ips: key.rules.ips.iter().map(super::rules::shown_network).collect(),
            domains: key.rules.domains.iter().map(ToString::to_string).collect(),
            both_lists: key.rules.both_lists,
            per_second: key.rules.per_second,
            per_person_second: key.rules.per_person_second,
            per_day: key.rules.per_day,
            allow: key.rules.allow,
            registration: key.rules.registration,
            registered_allow: key.rules.registered_allow,
            old_secret_until: key.old_until.map(Timestamp::as_millis),
            last_used_at: key.last_used_at.map(Timestamp::as_millis),
        }
    }
}

/// A key whose secret was just created. The secret is in no other response.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HubKeySecretOut)]
pub struct SecretResponse {
    /// The secret to keep: the HS256 key of every token, used as the bytes of this text. It cannot be shown
    /// again.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub(super) sk: String,
    #[serde(flatten)]
    pub(super) about: KeyResponse,
}
