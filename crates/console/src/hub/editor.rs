//! The definition of an API as fields of a form, for `/hub/apis`. Parts without a field stay as they are in
//! the definition. No I/O.

pub(super) mod parameters;

use std::collections::BTreeMap;

use hub::catalog::{ActionSpec, ApiSpec, HttpSpec, ProviderSpec};

use super::lines;
use crate::form::Fields;

/// Maximum number of actions of an API that is shown as fields. Larger ones are shown as JSON.
pub(super) const MOST_ACTIONS: usize = 60;
/// Maximum number of headers that are shown as fields.
const MOST_HEADERS: usize = 40;
/// Empty lines for further headers.
const SPARE: usize = 2;

/// A header with its value.
pub(super) type Header = (String, String);

/// An action as fields.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct ActionFields {
    /// The name before the change; empty for a new action.
    pub(super) was: String,
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) method: String,
    pub(super) path: String,
    /// The parameters, one a line; `None` if they can be written as JSON only.
    pub(super) parameters: Option<String>,
    pub(super) cache_seconds: String,
    /// `yes`, `no`, or empty for the API's own.
    pub(super) anonymous: String,
    pub(super) roles: String,
    pub(super) is_deleted: bool,
}

/// An API as fields.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct ApiFields {
    /// The code of the stored definition; empty for a new API.
    pub(super) was: String,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) is_enabled: bool,
    /// True if calls are served by another server. Only then are the fields about it shown.
    pub(super) is_http: bool,
    pub(super) base_url: String,
    pub(super) is_open: bool,
    pub(super) headers: Vec<Header>,
    pub(super) secret_headers: Vec<Header>,
    pub(super) timeout_ms: String,
    pub(super) retries: String,
    pub(super) breaker_failures: String,
    pub(super) breaker_open_ms: String,
    pub(super) health_path: String,
    pub(super) is_anonymous: bool,
    pub(super) accounts: String,
    pub(super) keys: String,
    pub(super) roles: String,
    pub(super) groups: String,
    pub(super) actions: Vec<ActionFields>,
    lists: [Vec<String>; 4],
}

impl From<Fields> for ApiFields {
    fn from(fields: Fields) -> Self {
        let text = |name: &str| fields.text(name).trim().to_owned();
        let is = |name: &str| fields.text(name) == "yes";
        let pairs = |start: &str| {
            let pair = |at: usize| {
                (text(&format!("{start}.{at}.name")), fields.text(&format!("{start}.{at}.value")))
            };
            (0..MOST_HEADERS).map(pair).filter(|(name, _)| !name.is_empty()).collect()
        };
        let is_sent = |at: &usize| fields.iter().any(|(name, _)| name == format!("x.{at}.name"));
        Self {
            was: text("was"),
            code: text("code"),
            name: text("name"),
            description: text("description"),
            is_enabled: is("enabled"),
            is_http: is("http"),
            base_url: text("base_url"),
            is_open: is("open"),
            headers: pairs("h"),
            secret_headers: pairs("s"),
            timeout_ms: text("timeout_ms"),
            retries: text("retries"),
            breaker_failures: text("breaker_failures"),
            breaker_open_ms: text("breaker_open_ms"),
            health_path: text("health_path"),
            is_anonymous: is("anonymous"),
            accounts: fields.text("accounts"),
            keys: fields.text("keys"),
            roles: fields.text("roles"),
            groups: fields.text("groups"),
            actions: (0..=MOST_ACTIONS).filter(is_sent).map(|at| ActionFields::sent(&fields, at)).collect(),
            lists: ["accounts", "keys", "roles", "groups"].map(|name| lines(&fields, name)),
        }
    }
}

impl ActionFields {
    fn sent(fields: &Fields, at: usize) -> Self {
        let full = |name: &str| format!("x.{at}.{name}");
        let text = |name: &str| fields.text(&full(name)).trim().to_owned();
        let has_parameters = fields.iter().any(|(name, _)| name == full("parameters"));
        Self {
            was: text("was"),
            name: text("name"),
            summary: text("summary"),
            method: text("method"),
            path: text("path"),
            parameters: has_parameters.then(|| fields.text(&full("parameters"))),
            cache_seconds: text("cache_seconds"),
            anonymous: text("anonymous"),
            roles: fields.text(&full("roles")),
            is_deleted: text("delete") == "yes",
        }
    }

    /// Returns the methods to choose from, and true for the chosen one.
    pub(super) fn methods(&self) -> Vec<(&'static str, bool)> {
        ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().map(|one| (one, one == self.method)).collect()
    }

    fn of(name: &str, spec: &ActionSpec) -> Self {
        Self {
            was: name.to_owned(),
            name: name.to_owned(),
            summary: spec.summary.clone(),
            method: spec.method.clone(),
            path: spec.path.clone(),
            parameters: parameters::as_lines(spec.parameters.as_ref()),
            cache_seconds: spec.cache_seconds.to_string(),
            anonymous: match spec.anonymous {
                None => "",
                Some(true) => "yes",
                Some(false) => "no",
            }
            .to_owned(),
            roles: spec.roles.join("\n"),
            is_deleted: false,
        }
    }

    /// Returns an action with these fields, and everything else from `spec`.
    fn over(&self, mut spec: ActionSpec, at: usize, issues: &mut web::Issues) -> ActionSpec {
        let field = |name: &str| format!("actions.{at}.{name}");
        spec.summary.clone_from(&self.summary);
        spec.method.clone_from(&self.method);
        spec.path.clone_from(&self.path);
        if let Some(seconds) = number(issues, &field("cache_seconds"), &self.cache_seconds) {
            spec.cache_seconds = seconds;
        }
        spec.anonymous = match self.anonymous.as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        spec.roles = split(&self.roles);
        if let Some(text) = &self.parameters {
            match parameters::from_lines(text) {
                Ok(schema) => spec.parameters = schema,
                Err(line) => issues.add(
                    "value_error",
                    &field("parameters"),
                    format!("Line {line} should be a name, a colon, and a type as city: string!"),
                ),
            }
        }
        spec
    }
}

fn split(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn number<T: std::str::FromStr>(issues: &mut web::Issues, field: &str, text: &str) -> Option<T> {
    let number = text.parse().ok();
    if number.is_none() && !text.is_empty() {
        issues.add("int_parsing", field, "Input should be a whole number");
    }
    number
}

impl ApiFields {
    /// Returns the fields of a new API.
    pub(super) fn new() -> Self {
        let http = HttpSpec::of(String::new());
        Self { is_enabled: true, ..Self::of_http(&http) }
    }

    fn of_http(http: &HttpSpec) -> Self {
        let pair = |(name, value): (&String, &String)| (name.clone(), value.clone());
        Self {
            is_http: true,
            base_url: http.base_url.clone(),
            is_open: http.open,
            headers: http.headers.iter().map(pair).collect(),
            secret_headers: http.secret_headers.iter().map(pair).collect(),
            timeout_ms: http.timeout_ms.to_string(),
            retries: http.retries.to_string(),
            breaker_failures: http.breaker_failures.to_string(),
            breaker_open_ms: http.breaker_open_ms.to_string(),
            health_path: http.health_path.clone(),
            ..Self::default()
        }
    }

    /// Returns the fields of a definition.
    pub(super) fn of(spec: &ApiSpec) -> Self {
        let about_server = match &spec.provider {
            ProviderSpec::Http(http) => Self::of_http(http),
            _ => Self::default(),
        };
        Self {
            was: spec.code.clone(),
            code: spec.code.clone(),
            name: spec.name.clone(),
            description: spec.description.clone(),
            is_enabled: spec.enabled,
            is_anonymous: spec.anonymous,
            accounts: spec.accounts.join("\n"),
            keys: spec.keys.join("\n"),
            roles: spec.roles.join("\n"),
            groups: spec.groups.join("\n"),
            actions: spec.actions.iter().map(|(name, spec)| ActionFields::of(name, spec)).collect(),
            ..about_server
        }
    }

    /// Adds an empty action.
    pub(super) fn with_new_action(mut self) -> Self {
        if self.actions.len() < MOST_ACTIONS {
            self.actions.push(ActionFields { parameters: Some(String::new()), ..ActionFields::default() });
        }
        self
    }

    /// Returns the headers, and empty lines for further ones.
    pub(super) fn header_lines(&self) -> Vec<Header> {
        spare(&self.headers)
    }

    /// Returns the secret headers as [`ApiFields::header_lines`] does.
    pub(super) fn secret_lines(&self) -> Vec<Header> {
        spare(&self.secret_headers)
    }

    /// Returns the definition with these fields, and everything else from `base`, the stored one.
    ///
    /// # Errors
    /// 422 for a field that cannot be read.
    pub(super) fn over(&self, base: Option<&ApiSpec>) -> Result<ApiSpec, web::ApiError> {
        let mut issues = web::Issues::body();
        let provider = match base.map(|base| base.provider.clone()) {
            Some(ProviderSpec::Http(http)) => ProviderSpec::Http(Box::new(self.http(*http, &mut issues))),
            None => ProviderSpec::Http(Box::new(self.http(HttpSpec::of(String::new()), &mut issues))),
            Some(other) => other,
        };
        let stored = |name: &str| base.and_then(|base| base.actions.get(name)).cloned().unwrap_or_default();
        let mut actions = BTreeMap::new();
        for (at, action) in self.actions.iter().enumerate().filter(|(_, action)| !action.is_deleted) {
            let is_blank = action.was.is_empty() && action.name.is_empty() && action.path.is_empty();
            if is_blank {
                continue;
            }
            let spec = action.over(stored(&action.was), at, &mut issues);
            if actions.insert(action.name.clone(), spec).is_some() {
                issues.add("value_error", &format!("actions.{at}.name"), "This name is taken");
            }
        }
        issues.finish()?;
        let [accounts, keys, roles, groups] = self.lists.clone();
        Ok(ApiSpec {
            code: self.code.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            enabled: self.is_enabled,
            anonymous: self.is_anonymous,
            accounts,
            keys,
            roles,
            groups,
            provider,
            actions,
        })
    }

    fn http(&self, mut http: HttpSpec, issues: &mut web::Issues) -> HttpSpec {
        http.base_url.clone_from(&self.base_url);
        http.open = self.is_open;
        http.headers = self.headers.iter().cloned().collect();
        http.secret_headers = self.secret_headers.iter().cloned().collect();
        http.health_path.clone_from(&self.health_path);
        let field = |name: &str| format!("provider.{name}");
        if let Some(value) = number(issues, &field("timeout_ms"), &self.timeout_ms) {
            http.timeout_ms = value;
        }
        if let Some(value) = number(issues, &field("retries"), &self.retries) {
            http.retries = value;
        }
        if let Some(value) = number(issues, &field("breaker_failures"), &self.breaker_failures) {
            http.breaker_failures = value;
        }
        if let Some(value) = number(issues, &field("breaker_open_ms"), &self.breaker_open_ms) {
            http.breaker_open_ms = value;
        }
        http
    }
}

fn spare(headers: &[Header]) -> Vec<Header> {
    let empty = std::iter::repeat_n(Header::default(), SPARE);
    headers.iter().cloned().chain(empty).take(MOST_HEADERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec() -> ApiSpec {
        serde_json::from_value(json!({
            "code": "rates", "name": "Rates", "accounts": ["*"], "roles": ["ADMIN"],
            "provider": {"kind": "http", "base_url": "https://a.example", "secret_headers": {"x-key": ""},
                "headers": {"accept": "a/b"}, "trusted_origins": ["https://b.example"], "idle_ms": 7000},
            "actions": {"latest": {"summary": "Latest", "method": "GET", "path": "/latest/{base}",
                "parameters": {"type": "object", "properties": {"base": {"type": "string"}},
                    "required": ["base"]},
                "result": "$/rates", "cache_seconds": 60}},
        }))
        .unwrap()
    }

    /// Fields as a form sends them: lists come as lines.
    fn sent(spec: &ApiSpec) -> ApiFields {
        let fields = ApiFields::of(spec);
        let lists = [&fields.accounts, &fields.keys, &fields.roles, &fields.groups].map(|text| split(text));
        ApiFields { lists, ..fields }
    }

    #[test]
    fn unchanged_fields_are_the_same_definition() {
        assert_eq!(sent(&spec()).over(Some(&spec())).unwrap(), spec());
        let echo: ApiSpec =
            serde_json::from_value(json!({"code": "e", "provider": {"kind": "echo"}})).unwrap();
        assert_eq!(sent(&echo).over(Some(&echo)).unwrap(), echo);
    }

    #[test]
    fn what_has_no_field_survives_a_rename() {
        let mut fields = sent(&spec());
        fields.actions[0].name = "newest".into();
        let changed = fields.over(Some(&spec())).unwrap();
        assert_eq!(changed.actions["newest"].result, Some(json!("$/rates")));
        assert!(!changed.actions.contains_key("latest"));
        fields.actions[0].is_deleted = true;
        assert!(fields.over(Some(&spec())).unwrap().actions.is_empty());
    }

    #[test]
    fn wrong_fields_are_named() {
        let mut fields = sent(&spec());
        fields.timeout_ms = "soon".into();
        fields.actions[0].parameters = Some("base".into());
        fields = fields.with_new_action();
        fields.actions[1].name = "latest".into();
        let error = fields.over(Some(&spec())).unwrap_err();
        let places: Vec<String> = error.list().iter().map(|issue| issue.loc.join(".")).collect();
        for place in ["provider.timeout_ms", "actions.0.parameters", "actions.1.name"] {
            assert!(places.iter().any(|found| found.ends_with(place)), "{place}: {places:?}");
        }
    }

    #[test]
    fn an_empty_action_is_left_out() {
        let fields = ApiFields { code: "a".into(), base_url: "https://a.example".into(), ..ApiFields::new() };
        assert!(fields.with_new_action().over(None).unwrap().actions.is_empty());
    }
}
