//! The definition of an API, as it is written in a file, sent over HTTP, and stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The definition of an API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiSpec {
    /// The first segment of its path, with hyphens: `weather-basic`.
    #[schema(example = "weather-basic")]
    pub code: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// What it does.
    #[serde(default)]
    pub description: String,
    /// Whether it is served. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether it may be called without a token (where the server allows that at all). Calls with a token are decided by
    /// `accounts` and `keys`. Default false.
    #[serde(default)]
    pub anonymous: bool,
    /// Accounts of this server whose keys may use it, as e-mail addresses; `*` is every account. The keys of
    /// administrators always may. Default: nobody else.
    #[serde(default)]
    #[schema(example = json!(["bob@example.com"]))]
    pub accounts: Vec<String>,
    /// Keys that may use it besides, by AK.
    #[serde(default)]
    #[schema(example = json!(["64a1b2c3d4e5f60718293a4b"]))]
    pub keys: Vec<String>,
    /// A person of a key that may use it needs one of these roles; empty: none. An app-token needs none.
    #[serde(default)]
    pub roles: Vec<String>,
    /// A person of a key needs to be in one of these groups, or in a group inside it; empty: none.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What answers.
    #[schema(value_type = Object)]
    pub provider: ProviderSpec,
    /// What is known of its actions, by name; the name of a call without an action is empty.
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
    UserCentre,
    /// Lets people with the right roles manage the users of a key.
    UserCentreAdmin,
    /// Another server over HTTP.
    Http(Box<HttpSpec>),
}

/// Another server over HTTP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpSpec {
    /// `http://` or `https://`, a host, and a path that all calls begin with.
    #[schema(example = "https://api.example.com/v1")]
    pub base_url: String,
    /// Whether actions that are not listed are passed on, to a path of their name. Default false.
    #[serde(default)]
    pub open: bool,
    /// Headers sent with every call.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Headers sent with every call whose values are secret: sealed when stored, never shown again. In an answer the
    /// values are empty; an empty value in a request keeps what is stored.
    #[serde(default)]
    pub secret_headers: BTreeMap<String, String>,
    /// The same for parameters of the query.
    #[serde(default)]
    pub secret_query: BTreeMap<String, String>,
    /// Headers of the caller that are passed on, such as `accept-language`.
    #[serde(default)]
    pub forward_headers: Vec<String>,
    /// Longest a call may take, retries included, in milliseconds. Default 10 000.
    #[serde(default = "timeout")]
    pub timeout_ms: u64,
    /// Longest an answer that is passed through as it comes may be silent, in milliseconds; then it is cut. Default 60 000.
    #[serde(default = "minute")]
    pub idle_ms: u64,
    /// How often a call that may be repeated is tried again when no answer came, or a 502, 503 or 504. Default 1.
    #[serde(default = "one")]
    pub retries: u32,
    /// Largest body sent. Default 1 MiB.
    #[serde(default = "megabyte")]
    pub max_request_bytes: usize,
    /// Largest answer read (streams apart). Default 8 MiB.
    #[serde(default = "megabytes")]
    pub max_response_bytes: usize,
    /// Most calls under way at once; one more is refused. Default 256. A dead upstream holds so many of the server's
    /// own places (`server.max_in_flight`): leave some for the others.
    #[serde(default = "many")]
    pub max_in_flight: usize,
    /// After so many failures in a row nothing is sent for a while. Default 5; 0: never.
    #[serde(default = "five")]
    pub breaker_failures: u32,
    /// How long that while is, in milliseconds; then one call is let through to see. Default 10 000.
    #[serde(default = "timeout")]
    pub breaker_open_ms: u64,
    /// A path that answers 2xx while the server is well; asked every `health_seconds`. Empty: never.
    #[serde(default)]
    pub health_path: String,
    /// How often it is asked. Default 10.
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
            headers: BTreeMap::new(),
            secret_headers: BTreeMap::new(),
            secret_query: BTreeMap::new(),
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

/// One action.
///
/// Texts of `path`, `query` and `body` may have arguments of the call in them, as `{city}`; an entry whose arguments
/// are absent is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ActionSpec {
    /// What it does, in one line.
    pub summary: String,
    /// A JSON Schema of its arguments, for people and agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Value>,
    /// Overrides the API's own `anonymous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<bool>,
    /// Needed besides what the API needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Needed besides what the API needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The method of the upstream call: GET, POST, PUT, PATCH or DELETE. Empty: as the caller's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// The path below the base URL. Empty: the action's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The query of the upstream call. Absent: all arguments, where there is no body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<BTreeMap<String, String>>,
    /// The JSON body of the upstream call. Absent: all arguments, except with GET and DELETE.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub body: Option<Value>,
    /// What of the answer becomes the `result`: texts that begin with `$/` are JSON pointers into the answer (`$` is
    /// all of it), `$text /…` makes a text of what is there, `$ms /…` milliseconds since 1970 of an ISO time.
    /// Absent: all of it. An answer that has nothing at any of the places is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// How long an answer is kept for the next call with the same arguments, in seconds. 0: not at all.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(example = 60)]
    pub cache_seconds: u64,
    /// Whose next call: the same caller's, or anybody's.
    #[serde(skip_serializing_if = "CacheScope::is_default")]
    pub cache: CacheScope,
    /// Whether the upstream may get the call twice. Absent: with GET.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// Whether the answer is passed through as it comes, without the envelope: for files and event streams.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
}

/// Who shares the cached answers of an action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CacheScope {
    /// Calls of the same key and person with the same forwarded headers.
    #[default]
    Caller,
    /// All callers. The upstream is told nothing of who calls, and gets no forwarded header.
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
            Self::UserCentre => "user-centre",
            Self::UserCentreAdmin => "user-centre-admin",
            Self::Http(_) => "http",
        }
    }
}

/// Where a definition comes from. What is nearer to people wins: the store, then the file, then what is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Made on a page or over HTTP.
    Store,
    /// `hub.catalogue_file`.
    File,
    /// Shipped with the program.
    Builtin,
}

/// An API on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiOut {
    /// Where the definition comes from.
    pub source: Source,
    /// For an HTTP upstream: `closed` (well), `open` (nothing is sent), `half-open` (one call is let through to see).
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
