//! A call on its way to a provider, and what comes back.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Map, Value};
use store::Timestamp;

use super::code::HubError;
use crate::{
    catalogue::Api,
    token::{Checked, Identity, Kind},
};

/// The header that tells an upstream the trace of a call.
pub(crate) const TRACE: HeaderName = HeaderName::from_static("x-hub-trace");

/// A call that was let through.
pub struct Call<'r> {
    /// 32 hexadecimal digits: the call's name in answers, logs and records.
    pub trace: HeaderValue,
    /// GET or POST.
    pub method: Method,
    /// What is called.
    pub api: Arc<Api>,
    /// The action as the caller wrote it; empty where there is none.
    pub action: &'r str,
    /// The action as permissions have it: with underscores.
    pub action_name: Cow<'r, str>,
    /// The query as it came.
    pub query: Option<&'r str>,
    /// Body and query, merged.
    pub arguments: Map<String, Value>,
    /// Who calls.
    pub caller: Caller,
    /// From where.
    pub address: IpAddr,
    /// The caller's headers; to be passed on by name only.
    pub headers: &'r HeaderMap,
    /// When.
    pub now: Timestamp,
}

impl Call<'_> {
    /// The trace as text.
    pub fn trace(&self) -> &str {
        self.trace.to_str().unwrap_or_default()
    }

    /// Where the page that calls comes from, if one does.
    pub fn origin(&self) -> Option<&str> {
        super::cors::origin(self.headers)
    }

    /// Whether an argument came in the query.
    pub fn is_in_query(&self, name: &str) -> bool {
        let query = self.query.unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).any(|(of_query, _)| of_query == name)
    }

    /// An argument that is a text.
    ///
    /// # Errors
    /// `INVALID_PARAMS` when it is absent, no text or longer than `max` characters.
    pub fn text(&self, name: &str, max: usize) -> Result<&str, HubError> {
        match self.arguments.get(name) {
            Some(Value::String(text)) if text.chars().count() <= max => Ok(text),
            Some(_) => Err(HubError::argument(name, &format!("a text of at most {max} characters"))),
            None => Err(HubError::argument(name, "is missing")),
        }
    }

    /// An argument that is a number, in the body or as a text of the query.
    ///
    /// # Errors
    /// `INVALID_PARAMS` when it is there and is no number.
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

/// Who calls.
pub enum Caller {
    /// Nobody in particular: all of them are one app.
    Anonymous,
    /// The holder of a token.
    Known(Known),
}

/// The holder of a token.
#[derive(Clone)]
pub struct Known(pub(crate) Checked);

impl Known {
    /// The AK of the key.
    pub fn ak(&self) -> &str {
        &self.0.key.ak
    }

    /// The account that owns the key.
    pub fn account(&self) -> i64 {
        self.0.key.account
    }

    /// What the token says.
    pub fn identity(&self) -> &Identity {
        &self.0.token.identity
    }
}

/// What a token may have in a header as it is.
const UNSAFE: &AsciiSet = &CONTROLS.add(b'%').add(b',').add(b' ').add(b'"');

/// What an upstream is told of the caller, and an echo shows. The caller's own headers of these names go nowhere, so
/// nobody can forge them; the token is not among them.
#[derive(Debug, Serialize)]
pub struct Told<'c> {
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
    /// The holder of the token, if there is one.
    pub fn known(&self) -> Option<&Known> {
        match self {
            Self::Anonymous => None,
            Self::Known(known) => Some(known),
        }
    }

    /// The person, if one calls.
    pub fn person(&self) -> Option<&Identity> {
        self.known().map(Known::identity).filter(|identity| identity.kind == Kind::Person)
    }

    /// What an upstream is told.
    pub fn told<'c>(&'c self, trace: &'c str) -> Told<'c> {
        let person = self.person();
        Told {
            app: self.known().map_or("anonymous", Known::ak),
            person: person.map(|person| person.sub.as_str()),
            roles: person.map(|person| person.roles.as_slice()).unwrap_or_default(),
            groups: person.map(|person| person.groups.as_slice()).unwrap_or_default(),
            trace,
        }
    }

    /// The same as headers, for an upstream. They are made once for each token, the trace apart.
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

impl Told<'_> {
    /// Who calls, as headers. Texts are percent-encoded UTF-8, lists are joined by commas.
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

/// What a provider answers.
pub enum Outcome {
    /// The `result`, as JSON.
    Json(Vec<u8>),
    /// An answer of its own that goes out as it is, without the envelope.
    Stream(Box<Response>),
}

impl Outcome {
    /// The `result`.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn of<T: Serialize>(result: &T) -> Result<Self, HubError> {
        let json = serde_json::to_vec(result);
        json.map(Self::Json).map_err(|error| HubError::new(super::HubCode::Unknown).because(error))
    }
}
