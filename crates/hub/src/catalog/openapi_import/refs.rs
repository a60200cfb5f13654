//! References within a document. No I/O: other documents are never read.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Maximum length of a chain of references, and of a reference in bytes.
const MAX_HOPS: usize = 16;
const MAX_LENGTH: usize = 2000;

/// The document that references point into.
#[derive(Clone, Copy)]
pub(super) struct Refs<'d>(&'d Value);

impl<'d> Refs<'d> {
    pub(super) const fn new(document: &'d Value) -> Self {
        Self(document)
    }

    /// Follows references to a value. Returns `None` if one points to nothing, to itself, or out of the
    /// document.
    pub(super) fn resolved(self, value: &'d Value) -> Option<&'d Value> {
        self.follow(value, &mut 0)
    }

    fn follow(self, mut value: &'d Value, hops: &mut usize) -> Option<&'d Value> {
        while let Some(Value::String(to)) = value.get("$ref") {
            *hops += 1;
            if *hops > MAX_HOPS {
                return None;
            }
            value = self.pointed(to, hops)?;
        }
        Some(value)
    }

    /// Returns the value at a JSON pointer in a URL fragment (RFC 6901 §6). The path may contain further
    /// references.
    fn pointed(self, to: &str, hops: &mut usize) -> Option<&'d Value> {
        let pointer = to.strip_prefix('#').filter(|pointer| pointer.len() <= MAX_LENGTH)?;
        let pointer: Cow<'_, str> = percent_decode_str(pointer).decode_utf8().ok()?;
        let mut tokens = pointer.split('/');
        if !tokens.next()?.is_empty() {
            return None;
        }
        let mut value = self.0;
        for token in tokens {
            let token = token.replace("~1", "/").replace("~0", "~");
            value = match child(value, &token) {
                Some(child) => child,
                None => child(self.follow(value, hops)?, &token)?,
            };
        }
        Some(value)
    }
}

fn child<'v>(value: &'v Value, token: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(token),
        Value::Array(list) => list.get(token.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_lead_to_their_values() {
        let document = json!({
            "paths": {"/p/{id}": {"get": {"x": [10, {"y": 20}]}}, "/a b": 1, "/é%": 2},
            "a~b": 3, "one": {"$ref": "#/two"}, "two": {"$ref": "#/three"}, "three": {"deep": 4},
            "loop": {"$ref": "#/pool"}, "pool": {"$ref": "#/loop"}, "self": {"$ref": "#/self"},
            "through": {"$ref": "#/through/x"},
        });
        let refs = Refs::new(&document);
        for (to, expected) in [
            ("#/paths/~1p~1{id}/get/x/0", Some(json!(10))),
            ("#/paths/~1p~1%7Bid%7D/get/x/1/y", Some(json!(20))),
            ("#/paths/~1p~1%7bid%7d/get/x/1", Some(json!({"y": 20}))),
            ("#/paths/~1a%20b", Some(json!(1))),
            ("#/paths/%2Fé%25", None),
            ("#/paths/~1%C3%A9%25", Some(json!(2))),
            ("#/a~0b", Some(json!(3))),
            ("#/one", Some(json!({"deep": 4}))),
            ("#/one/deep", Some(json!(4))),
            ("#/loop", None),
            ("#/self", None),
            ("#/through", None),
            ("#/nothing", None),
            ("#three", None),
            ("other.yaml#/three", None),
            ("https://evil.example/x.json", None),
            ("#/%FF", None),
        ] {
            let value = json!({"$ref": to});
            let value: &'static Value = Box::leak(Box::new(value));
            let document: &'static Value = Box::leak(Box::new(document.clone()));
            assert_eq!(Refs::new(document).resolved(value).cloned(), expected, "{to}");
        }
        assert_eq!(refs.resolved(&document["three"]), Some(&document["three"]));
    }
}
