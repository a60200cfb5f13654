//! A call for a provider, and its outcome.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{AccountId, Timestamp};

use super::code::HubError;
use crate::{
    catalog::Api,
    token::{Checked, Identity, Kind},
};

/// The header that passes a call's trace to an upstream.
pub(crate) const TRACE: HeaderName = HeaderName::from_static("x-hub-trace");

/// An authorized call.
pub struct Call<'r> {
    /// 32 hexadecimal digits that identify the call in responses, logs, and records.
    pub trace: HeaderValue,
    /// GET or POST.
    pub method: Method,
    /// The API.
    pub api: Arc<Api>,
    /// The action as the caller wrote it; empty if the path names none.
    pub action: &'r str,
    /// The action as permissions spell it, with underscores.
    pub action_name: Cow<'r, str>,
    /// The raw query.
    pub query: Option<&'r str>,
    /// The merged body and query.
    pub arguments: Map<String, Value>,
    /// The caller.
    pub caller: Caller,
    /// The client's address.
    pub address: IpAddr,
    /// The caller's headers. Upstreams get only those that a definition names.
    pub headers: &'r HeaderMap,
    /// The time of the call.
    pub now: Timestamp,
}

impl Call<'_> {
    /// Returns the trace as text.
    pub fn trace(&self) -> &str {
        self.trace.to_str().unwrap_or_default()
    }

    /// Returns the origin of the calling page, if there is one.
    pub fn origin(&self) -> Option<&str> {
        super::cors::origin(self.headers)
    }

    /// Returns true if an argument is in the query.
    pub fn is_in_query(&self, name: &str) -> bool {
        let query = self.query.unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).any(|(of_query, _)| of_query == name)
    }

    /// Returns an argument that is a text.
    ///
    /// # Errors
    /// `INVALID_PARAMS` if it is absent, is not a text, or has more than `max` characters.
    pub fn text(&self, name: &str, max: usize) -> Result<&str, HubError> {
        match self.arguments.get(name) {
            Some(Value::String(text)) if text.chars().count() <= max => Ok(text),
            Some(_) => Err(HubError::argument(name, &format!("a text of at most {max} characters"))),
            None => Err(HubError::argument(name, "is missing")),
        }
    }

    /// Returns an argument that is a number, given as a JSON number or as a text, and `None` if it is
    /// absent.
    ///
    /// # Errors
    /// `INVALID_PARAMS` if it is present but not a number.
    pub fn number(&self, name: &str) -> Result<Option<f64>, HubError> {
        let number = match self.arguments.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        let number = number.filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| HubError::argument(name, "a number"))
    }
}

/// The caller of an action.
pub enum Caller {
    /// A caller without a token.
    Anonymous,
    /// A caller with a token.
    Known(TokenCaller),
}

/// A caller with a token.
#[derive(Clone)]
pub struct TokenCaller(pub(crate) Checked);

impl TokenCaller {
    /// Returns the AK of the key.
    pub fn ak(&self) -> &str {
        &self.0.key.ak
    }

    /// Returns the account that owns the key.
    pub fn account(&self) -> AccountId {
        self.0.key.account
    }

    /// Returns the claims of the token.
    pub fn identity(&self) -> &Identity {
        &self.0.token.identity
    }
}

/// Characters that are percent-encoded in the headers for upstreams.
const UNSAFE: &AsciiSet = &CONTROLS.add(b'%').add(b',').add(b' ').add(b'"');

/// The identity of the caller, for an upstream's headers and for the provider `echo`. The caller's own
/// headers of these names are not passed on, so they cannot be forged. The token is not included.
#[derive(Debug, Serialize)]
pub struct CallerHeaders<'c> {
    /// `X-Hub-App`: the AK, or `anonymous`.
    pub app: &'c str,
    /// `X-Hub-Person`: the person's id in the app; absent for the app itself.
    pub person: Option<&'c str>,
    /// `X-Hub-Roles`.
    pub roles: &'c [String],
    /// `X-Hub-Groups`.
    pub groups: &'c [String],
    /// `X-Hub-Trace`.
    pub trace: &'c str,
}

impl Caller {
    /// Returns the holder of the token, if there is one.
    pub fn known(&self) -> Option<&TokenCaller> {
        match self {
            Self::Anonymous => None,
            Self::Known(known) => Some(known),
        }
    }

    /// Returns the person, if the token is a person-token.
    pub fn person(&self) -> Option<&Identity> {
        self.known().map(TokenCaller::identity).filter(|identity| identity.kind == Kind::Person)
    }

    /// Returns the identity that an upstream receives.
    pub fn told<'c>(&'c self, trace: &'c str) -> CallerHeaders<'c> {
        let person = self.person();
        CallerHeaders {
            app: self.known().map_or("anonymous", TokenCaller::ak),
            person: person.map(|person| person.sub.as_str()),
            roles: person.map(|person| person.roles.as_slice()).unwrap_or_default(),
            groups: person.map(|person| person.groups.as_slice()).unwrap_or_default(),
            trace,
        }
    }

    /// Adds the identity to the headers of an upstream request. They are created once per token, except for
    /// the trace.
    pub(crate) fn told_in(&self, trace: &HeaderValue, headers: &mut HeaderMap) {
        match self.known() {
            Some(known) => {
                headers.extend(known.0.token.told.get_or_init(|| self.told("").headers()).iter().cloned());
            }
            None => headers.extend(self.told("").headers()),
        }
        headers.insert(TRACE, trace.clone());
    }
}

impl CallerHeaders<'_> {
    /// Formats the caller's identity as headers. Texts are percent-encoded UTF-8; lists are joined by
    /// commas.
    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let text = |text: &str| utf8_percent_encode(text, UNSAFE).to_string();
        let list = |list: &[String]| list.iter().map(|entry| text(entry)).collect::<Vec<_>>().join(",");
        let mut all = vec![("x-hub-app", text(self.app))];
        if let Some(person) = self.person {
            all.push(("x-hub-person", text(person)));
            all.push(("x-hub-roles", list(self.roles)));
            all.push(("x-hub-groups", list(self.groups)));
        }
        let header = |(name, value): (&'static str, String)| {
            Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
        };
        all.into_iter().filter_map(header).collect()
    }
}

/// The outcome of a provider's work.
pub enum Outcome {
    /// The `result` as JSON.
    Json(Vec<u8>),
    /// A response that is sent as it is, without the envelope.
    Stream(Box<Response>),
}

impl Outcome {
    /// Serializes a `result`.
    ///
    /// # Errors
    /// If it cannot be serialized as JSON.
    pub fn of<T: Serialize>(result: &T) -> Result<Self, HubError> {
        let json = serde_json::to_vec(result);
        json.map(Self::Json).map_err(|error| HubError::new(super::HubCode::Unknown).because(error))
    }
}
