//! The plan of an action: how its calls become upstream requests.

use std::collections::BTreeMap;

use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::Url;
use serde_json::Value;

use super::{
    encode::{self, Styles},
    path::PathTemplate,
};
use crate::{
    call::{Call, HubCode, HubError},
    catalog::{ActionSpec, BodyType, CacheScope},
    provider::{
        mapping::Mapping,
        template::{Shape, Template},
    },
};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) struct Plan {
    /// Index into the upstream's targets.
    pub(super) target: usize,
    /// `None`: the caller's method.
    method: Option<Method>,
    path: PathTemplate,
    query: Option<BTreeMap<String, Template>>,
    headers: Vec<(HeaderName, Template)>,
    body: Body,
    styles: Styles,
    pub(super) result: Option<Mapping>,
    pub(super) cache_ms: i64,
    /// True if all callers share cached responses.
    pub(super) is_shared: bool,
    pub(super) is_idempotent: Option<bool>,
    pub(super) is_stream: bool,
}

/// The body of an action's requests.
enum Body {
    /// All arguments as JSON, unless the method is GET or DELETE.
    Arguments,
    /// No body.
    None,
    /// JSON; if `is_optional`, no body instead of an empty object.
    Json { shape: Shape, is_optional: bool },
    /// A form with the given members.
    Form(BTreeMap<String, Template>),
    /// A form made of one argument.
    WholeForm(Shape),
}

/// A request that is ready to be sent, more than once if need be.
pub(super) struct Prepared {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// The media type and the content.
    pub(super) body: Option<(&'static str, Bytes)>,
}

/// Parses the templates of a map.
fn templates<'m>(
    texts: impl IntoIterator<Item = (&'m String, &'m String)>,
) -> Result<BTreeMap<String, Template>, &'static str> {
    texts.into_iter().map(|(name, text)| Ok((name.clone(), Template::parse(text)?))).collect()
}

impl Body {
    fn new(action: &ActionSpec) -> Result<Self, &'static str> {
        let is_optional = action.body_optional;
        Ok(match (action.body_type, &action.body) {
            (BodyType::None, _) => Self::None,
            (BodyType::Json, None) => Self::Arguments,
            (BodyType::Json, Some(body)) => Self::Json { shape: Shape::parse(body)?, is_optional },
            (BodyType::Form, None) => return Err("a form needs a body"),
            (BodyType::Form, Some(Value::Object(members))) => {
                let text = |(name, text): (&String, &Value)| {
                    let text = text.as_str().ok_or("the members of a form are texts")?;
                    Ok::<_, &'static str>((name.clone(), Template::parse(text)?))
                };
                Self::Form(members.iter().map(text).collect::<Result<_, _>>()?)
            }
            (BodyType::Form, Some(whole)) => Self::WholeForm(Shape::parse(whole)?),
        })
    }
}

impl Plan {
    pub(super) fn new(name: &str, action: &ActionSpec, target: usize) -> Result<Self, String> {
        let method = match action.method.as_str() {
            "" => None,
            method => Some(Method::try_from(method).map_err(|error| error.to_string())?),
        };
        let path = if action.path.is_empty() { name } else { &action.path };
        let header = |(name, text): (&String, &String)| {
            let name = HeaderName::try_from(name.as_str()).map_err(|error| error.to_string())?;
            Ok::<_, String>((name, Template::parse(text)?))
        };
        Ok(Self {
            target,
            method,
            path: PathTemplate::parse(path)?,
            query: action.query.as_ref().map(templates).transpose()?,
            headers: action.headers.iter().map(header).collect::<Result<_, _>>()?,
            body: Body::new(action)?,
            styles: action.styles.clone(),
            result: action.result.as_ref().map(Mapping::parse).transpose()?,
            cache_ms: i64::try_from(action.cache_seconds.saturating_mul(1000)).unwrap_or(0),
            is_shared: action.cache == CacheScope::Shared,
            is_idempotent: action.idempotent,
            is_stream: action.stream,
        })
    }

    /// Creates the plan of an action that is not defined: its path is its name.
    pub(super) fn open(name: &str) -> Result<Self, String> {
        let is_plain =
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        if !is_plain {
            return Err("no name of an action".into());
        }
        Self::new(name, &ActionSpec::default(), 0)
    }

    pub(super) fn prepare(
        &self,
        base: &Url,
        fixed: &[(String, String)],
        call: &Call<'_>,
    ) -> Result<Prepared, HubError> {
        let method = self.method.clone().unwrap_or_else(|| call.method.clone());
        let mut url = self.path.url(base, |name| encode::text(&call.arguments, name, &self.styles))?;
        let body = self.body(&method, call)?;
        let pairs = self.pairs(call, body.is_some() || matches!(self.body, Body::None));
        if !pairs.is_empty() || !fixed.is_empty() {
            url.query_pairs_mut().extend_pairs(&pairs).extend_pairs(fixed);
        }
        Ok(Prepared { method, url, headers: self.headers(call)?, body })
    }

    /// Returns the query parameters.
    fn pairs(&self, call: &Call<'_>, has_body: bool) -> Vec<(String, String)> {
        match &self.query {
            Some(query) => {
                let mut pairs = Vec::new();
                for (name, text) in query {
                    encode::add_pairs(&mut pairs, (name, text), (&call.arguments, &self.styles), None);
                }
                pairs
            }
            None if has_body => Vec::new(),
            None => call.arguments.iter().flat_map(|(name, value)| plain(name, value)).collect(),
        }
    }

    fn headers(&self, call: &Call<'_>) -> Result<HeaderMap, HubError> {
        let mut headers = HeaderMap::with_capacity(self.headers.len());
        for (name, text) in &self.headers {
            let Some(text) = text.fill(|name| encode::text(&call.arguments, name, &self.styles)) else {
                continue;
            };
            let value = HeaderValue::from_str(&text).ok().filter(|_| text.is_ascii()).ok_or_else(|| {
                HubError::argument(name.as_str(), "is sent as a header, so it should be one line of ASCII")
            })?;
            headers.insert(name.clone(), value);
        }
        Ok(headers)
    }

    fn body(&self, method: &Method, call: &Call<'_>) -> Result<Option<(&'static str, Bytes)>, HubError> {
        let arguments = &call.arguments;
        let value = match &self.body {
            Body::None => return Ok(None),
            Body::Arguments if matches!(*method, Method::GET | Method::DELETE) => return Ok(None),
            Body::Arguments => Some(Value::Object(arguments.clone())),
            Body::Json { shape, is_optional } => {
                let is_empty = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
                shape.fill(arguments).filter(|value| !(*is_optional && is_empty(value)))
            }
            Body::Form(members) => {
                let mut pairs = Vec::new();
                for (name, text) in members {
                    let usual = Some(encode::usual_in_forms as fn(&Value) -> _);
                    encode::add_pairs(&mut pairs, (name, text), (arguments, &self.styles), usual);
                }
                return Ok(form(&pairs));
            }
            Body::WholeForm(shape) => {
                let mut pairs = Vec::new();
                encode::add_members(&mut pairs, &shape.fill(arguments).unwrap_or_default());
                return Ok(form(&pairs));
            }
        };
        let body = value.map(|body| serde_json::to_vec(&body).map(Bytes::from)).transpose();
        let body = body.map_err(|error| HubError::new(HubCode::Unknown).because(error))?;
        Ok(body.map(|body| (JSON, body)))
    }
}

/// Returns the body of a form, or `None` if it is empty.
fn form(pairs: &[(String, String)]) -> Option<(&'static str, Bytes)> {
    let text = Serializer::new(String::new()).extend_pairs(pairs).finish();
    (!pairs.is_empty()).then(|| (FORM, Bytes::from(text)))
}

/// Converts an argument to query parameters. A list becomes one parameter for each entry.
fn plain(name: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![(name.to_owned(), text.clone())],
        Value::Array(list) => list.iter().flat_map(|entry| plain(name, entry)).collect(),
        other => vec![(name.to_owned(), other.to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_that_is_not_listed_is_one_segment_of_its_name() {
        let base = Url::parse("http://host/v1").unwrap();
        for (name, expected) in [("now", "/v1/now"), ("a.b", "/v1/a.b"), ("...", "/v1/..."), ("", "/v1")] {
            let plan = Plan::open(name).ok().unwrap();
            let url = plan.path.url(&base, |_none| None).unwrap();
            assert_eq!(url.path(), expected);
        }
        for name in [".", "..", "a/b", "%2e%2e", "a b", "a?b", "{x}", "a\\b", "北京"] {
            assert!(Plan::open(name).is_err(), "{name}");
        }
    }
}
