//! The definition of an API, as it is written in a file, sent over HTTP, and stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::secrets::SecretMap;

/// The definition of an API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiSpec {
    /// The first segment of the API's path, with hyphens, such as `weather-basic`.
    #[schema(example = "weather-basic")]
    pub code: String,
    /// The name that people see.
    #[serde(default)]
    pub name: String,
    /// The description of the API.
    #[serde(default)]
    pub description: String,
    /// True if the API is served. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// True if the API may be called without a token, where the server allows that. Calls with a token are
    /// decided by `accounts` and `keys`. Default false.
    #[serde(default)]
    pub anonymous: bool,
    /// Accounts of this server whose keys may use the API, as e-mail addresses; `*` is every account. The
    /// keys of administrators always may. Default: no other accounts.
    #[serde(default)]
    #[schema(example = json!(["bob@example.com"]))]
    pub accounts: Vec<String>,
    /// Further keys that may use the API, as AKs.
    #[serde(default)]
    #[schema(example = json!(["64a1b2c3d4e5f60718293a4b"]))]
    pub keys: Vec<String>,
    /// Roles of which a person needs one; empty: none is needed. An app-token needs none.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Groups of which a person needs to be in one, or in a group inside it; empty: none is needed. An
    /// app-token needs none.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The provider that serves the calls.
    #[schema(value_type = Object)]
    pub provider: ProviderSpec,
    /// The definitions of actions, by name. The name of a call without an action is empty.
    #[serde(default)]
    pub actions: BTreeMap<String, ActionSpec>,
}

/// The entry of [`ApiSpec::accounts`] for every account.
pub const EVERY_ACCOUNT: &str = "*";

fn yes() -> bool {
    true
}

/// The provider that serves the calls of an API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ProviderSpec {
    /// Returns its input.
    Echo,
    /// Serves `now` with invented weather, for trying out the Hub.
    WeatherSample,
    /// Lets people who belong to a key register, sign in, and manage their own data.
    #[serde(rename = "user-centre")]
    UserCenter,
    /// Lets people with the right roles manage the users of a key.
    #[serde(rename = "user-centre-admin")]
    UserCenterAdmin,
    /// Another server over HTTP.
    Http(Box<HttpSpec>),
}

/// Another server over HTTP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpSpec {
    /// The base of all calls: `http://` or `https://`, a host, and a path.
    #[schema(example = "https://api.example.com/v1")]
    pub base_url: String,
    /// True if undefined actions are forwarded, to the path of their name. Default false.
    #[serde(default)]
    pub open: bool,
    /// Further origins that are trusted like the one of `base_url`. Actions with a `base_url` of another
    /// origin are sent without the API's headers and secrets and without the caller's identity, and only to
    /// public addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["https://uploads.example.com"]))]
    pub trusted_origins: Vec<String>,
    /// Headers sent with every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Secret headers sent with every request. Their values are sealed when stored and never shown again.
    /// In a response the values are empty; an empty value in a request keeps the stored one.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub secret_headers: SecretMap,
    /// Secret query parameters sent with every request, treated like `secret_headers`.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub secret_query: SecretMap,
    /// Headers of the caller that are forwarded, such as `accept-language`.
    #[serde(default)]
    pub forward_headers: Vec<String>,
    /// Maximum duration of a call in milliseconds, retries included. Default 10 000.
    #[serde(default = "timeout")]
    pub timeout_ms: u64,
    /// Maximum silence of a response that is passed through, in milliseconds; then it is cut off. Default
    /// 60 000.
    #[serde(default = "minute")]
    pub idle_ms: u64,
    /// Number of retries of a repeatable call without a response, or with a 502, 503, or 504. Default 1.
    #[serde(default = "one")]
    pub retries: u32,
    /// Maximum size of a request body in bytes. Default 1 MiB.
    #[serde(default = "megabyte")]
    pub max_request_bytes: usize,
    /// Maximum size of a response in bytes, except streams. Default 8 MiB.
    #[serde(default = "megabytes")]
    pub max_response_bytes: usize,
    /// Maximum number of concurrent calls; further ones are refused. Default 256. A dead upstream can hold
    /// that many of the server's in-flight permits (`server.max_in_flight`): leave some for others.
    #[serde(default = "many")]
    pub max_in_flight: usize,
    /// Number of failures in a row that open the circuit breaker. Default 5; 0: never.
    #[serde(default = "five")]
    pub breaker_failures: u32,
    /// The time for which the circuit breaker stays open, in milliseconds; then one trial call is let
    /// through. Default 10 000.
    #[serde(default = "timeout")]
    pub breaker_open_ms: u64,
    /// The path of a health check, which responds with 2xx while the server is healthy. Empty: no health
    /// checks.
    #[serde(default)]
    pub health_path: String,
    /// Interval of health checks in seconds. Default 10.
    #[serde(default = "ten")]
    pub health_seconds: u64,
}

fn timeout() -> u64 {
    10_000
}
fn minute() -> u64 {
    60_000
}
fn one() -> u32 {
    1
}
fn five() -> u32 {
    5
}
fn ten() -> u64 {
    10
}
fn megabyte() -> usize {
    1 << 20
}
fn megabytes() -> usize {
    8 << 20
}
fn many() -> usize {
    256
}

impl HttpSpec {
    /// Creates the definition of a server at an address, with defaults for everything else.
    pub fn of(base_url: String) -> Self {
        Self {
            base_url,
            open: false,
            trusted_origins: Vec::new(),
            headers: BTreeMap::new(),
            secret_headers: SecretMap::default(),
            secret_query: SecretMap::default(),
            forward_headers: Vec::new(),
            timeout_ms: timeout(),
            idle_ms: minute(),
            retries: one(),
            max_request_bytes: megabyte(),
            max_response_bytes: megabytes(),
            max_in_flight: many(),
            breaker_failures: five(),
            breaker_open_ms: timeout(),
            health_path: String::new(),
            health_seconds: ten(),
        }
    }
}

/// The definition of an action.
///
/// Texts of `path`, `query`, `headers`, and `body` may contain arguments of the call, as `{city}`. An entry
/// whose arguments are absent is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ActionSpec {
    /// The description in one line.
    pub summary: String,
    /// A JSON Schema of the arguments, for people and agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Value>,
    /// Overrides `anonymous` of the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<bool>,
    /// Required in addition to those of the API.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Required in addition to those of the API.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The method of the upstream request: GET, POST, PUT, PATCH, or DELETE. Empty: the caller's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// The base URL of the action, which overrides that of the API. Empty: that of the API. If its origin
    /// differs, see `trusted_origins`.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "https://uploads.example.com/v1")]
    pub base_url: String,
    /// The path below the base URL. Empty: the action's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The query of the upstream request. Absent: all arguments if there is no body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<BTreeMap<String, String>>,
    /// Headers of the upstream request. Headers of the API take precedence.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body of the upstream request. Absent: all arguments, except with GET and DELETE.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub body: Option<Value>,
    /// The encoding of the body.
    #[serde(skip_serializing_if = "BodyType::is_default")]
    pub body_type: BodyType,
    /// True if no body is sent when all its arguments are absent. Default false: an empty object is sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub body_optional: bool,
    /// The serialization of lists and objects in path, query, headers, and forms, by argument. Absent: JSON.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub styles: BTreeMap<String, Style>,
    /// The `result`, built from the upstream's response. Texts that begin with `$/` are JSON pointers into
    /// the response, and `$` is all of it. `$text /…` converts the value to a text. `$ms /…` converts an
    /// ISO 8601 time to milliseconds since 1970. Absent: the whole response. A response that has none of
    /// the places is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// The time in seconds for which a response is cached for calls with the same arguments. 0: not cached.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(example = 60)]
    pub cache_seconds: u64,
    /// The callers that share a cached response.
    #[serde(skip_serializing_if = "CacheScope::is_default")]
    pub cache: CacheScope,
    /// True if a request may be sent to the upstream more than once. Absent: true with GET.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// True if the response is passed through as it arrives, without the envelope: for files and event
    /// streams.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
}

/// The encoding of a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BodyType {
    /// `application/json`.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`. By default lists are serialized as `multi` and objects as `deep`.
    Form,
    /// No body.
    None,
}

impl BodyType {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The serialization of a list or an object outside of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// One parameter per entry: `a=1&a=2`. Only in the query and in forms.
    Multi,
    /// Entries separated by commas: `1,2`; for an object, names and values in turn.
    Comma,
    /// Entries separated by spaces.
    Space,
    /// Entries separated by tabs.
    Tab,
    /// Entries separated by `|`.
    Pipe,
    /// One parameter per member: `a[b]=1`; for a list, per index. Only in the query and in forms.
    Deep,
}

/// The callers that share the cached responses of an action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CacheScope {
    /// Calls of the same key and person with the same forwarded headers.
    #[default]
    Caller,
    /// All callers. Requests to the upstream contain neither the caller's identity nor forwarded headers.
    Shared,
}

impl CacheScope {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl ProviderSpec {
    /// Returns the kind, as written in a definition.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::WeatherSample => "weather-sample",
            Self::UserCenter => "user-centre",
            Self::UserCenterAdmin => "user-centre-admin",
            Self::Http(_) => "http",
        }
    }
}

/// The source of a definition. The store overrides the file, which overrides built-in definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The store: defined on a page or over HTTP.
    Store,
    /// The file `hub.catalogue_file`.
    File,
    /// Built into the program.
    Builtin,
}

/// An API, with the source of its definition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiOut)]
pub struct ApiResponse {
    /// The source of the definition.
    pub source: Source,
    /// The state of an HTTP upstream's circuit breaker: `closed` (normal), `open` (no requests are sent),
    /// or `half-open` (one trial request is sent).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<&'static str>,
    /// The definition, without the values of secrets.
    #[serde(flatten)]
    pub spec: ApiSpec,
}

/// The content of a catalog file: `[[api]] …`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) api: Vec<ApiSpec>,
}
