//! The plan of an action: how its calls become upstream requests.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use reqwest::Url;
use serde_json::Value;

use super::path::PathTemplate;
use crate::{
    call::{Call, HubCode, HubError},
    catalogue::{ActionSpec, CacheScope},
    provider::{
        mapping::Mapping,
        template::{Shape, Template},
    },
};

pub(super) struct Plan {
    /// `None`: the caller's method.
    method: Option<Method>,
    path: PathTemplate,
    query: Option<BTreeMap<String, Template>>,
    body: Option<Shape>,
    pub(super) result: Option<Mapping>,
    pub(super) cache_ms: i64,
    /// True if all callers share cached responses.
    pub(super) is_shared: bool,
    pub(super) is_idempotent: Option<bool>,
    pub(super) is_stream: bool,
}

/// A request that is ready to be sent, more than once if need be.
pub(super) struct Prepared {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Bytes>,
}

impl Plan {
    pub(super) fn new(name: &str, action: &ActionSpec) -> Result<Self, String> {
        let method = match action.method.as_str() {
            "" => None,
            method => Some(Method::try_from(method).map_err(|error| error.to_string())?),
        };
        let path = if action.path.is_empty() { name } else { &action.path };
        let query = action.query.as_ref().map(|query| {
            let parse = |(name, text): (&String, &String)| {
                Ok::<_, &'static str>((name.clone(), Template::parse(text)?))
            };
            query.iter().map(parse).collect::<Result<_, _>>()
        });
        Ok(Self {
            method,
            path: PathTemplate::parse(path)?,
            query: query.transpose()?,
            body: action.body.as_ref().map(Shape::parse).transpose()?,
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
        Self::new(name, &ActionSpec::default())
    }

    pub(super) fn prepare(
        &self,
        base: &Url,
        fixed: &[(String, String)],
        call: &Call<'_>,
    ) -> Result<Prepared, HubError> {
        let method = self.method.clone().unwrap_or_else(|| call.method.clone());
        let mut url = self.path.url(base, &call.arguments)?;
        let has_body = self.body.is_some() || !matches!(method, Method::GET | Method::DELETE);
        let pairs = self.pairs(call, has_body);
        if !pairs.is_empty() || !fixed.is_empty() {
            url.query_pairs_mut().extend_pairs(&pairs).extend_pairs(fixed);
        }
        let body = match &self.body {
            Some(shape) => shape.fill(&call.arguments),
            None => has_body.then(|| Value::Object(call.arguments.clone())),
        };
        let body = body.map(|body| serde_json::to_vec(&body).map(Bytes::from)).transpose();
        let body = body.map_err(|error| HubError::new(HubCode::Unknown).because(error))?;
        Ok(Prepared { method, url, body })
    }

    fn pairs(&self, call: &Call<'_>, has_body: bool) -> Vec<(String, String)> {
        match &self.query {
            Some(query) => {
                let fill =
                    |(name, text): (&String, &Template)| Some((name.clone(), text.fill(&call.arguments)?));
                query.iter().filter_map(fill).collect()
            }
            None if has_body => Vec::new(),
            None => call.arguments.iter().flat_map(|(name, value)| plain(name, value)).collect(),
        }
    }
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
            let url = Plan::open(name).ok().unwrap().path.url(&base, &serde_json::Map::new()).unwrap();
            assert_eq!(url.path(), expected);
        }
        for name in [".", "..", "a/b", "%2e%2e", "a b", "a?b", "{x}", "a\\b", "北京"] {
            assert!(Plan::open(name).is_err(), "{name}");
        }
    }
}
