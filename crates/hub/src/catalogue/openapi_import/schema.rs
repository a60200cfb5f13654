//! JSON schemas of a document, with references inlined.

use serde_json::{Map, Value, json};

/// Maximum nesting, and maximum number of values, of an inlined schema.
const MAX_DEPTH: usize = 24;
const MAX_VALUES: usize = 2000;
/// Maximum length of a chain of references.
const MAX_HOPS: usize = 16;

/// The document that references point into.
pub(super) struct Schemas<'d>(&'d Value);

/// The state of inlining one schema.
struct Writing<'d, 's> {
    document: &'s Schemas<'d>,
    /// References that are being inlined. A reference to one of them is recursive.
    open: Vec<&'d str>,
    left: usize,
    is_whole: bool,
}

impl<'d> Schemas<'d> {
    pub(super) const fn new(document: &'d Value) -> Self {
        Self(document)
    }

    /// Follows references to a value. Returns `None` if one points to nothing, or out of the document.
    pub(super) fn resolved(&self, value: &'d Value) -> Option<&'d Value> {
        let mut value = value;
        for _ in 0..MAX_HOPS {
            match value.get("$ref") {
                Some(Value::String(to)) => value = self.0.pointer(to.strip_prefix('#')?)?,
                _ => return Some(value),
            }
        }
        None
    }

    /// Returns a schema with references inlined. The flag is false if parts are missing.
    pub(super) fn inlined(&self, schema: &'d Value) -> (Value, bool) {
        let mut writing = Writing { document: self, open: Vec::new(), left: MAX_VALUES, is_whole: true };
        let schema = writing.value(schema, 0);
        (schema, writing.is_whole)
    }
}

impl<'d> Writing<'d, '_> {
    fn value(&mut self, value: &'d Value, depth: usize) -> Value {
        if depth > MAX_DEPTH || self.left == 0 {
            self.is_whole = false;
            return json!({});
        }
        self.left -= 1;
        match value {
            Value::Object(members) => self.object(members, value, depth),
            Value::Array(list) => {
                Value::Array(list.iter().map(|entry| self.value(entry, depth + 1)).collect())
            }
            other => other.clone(),
        }
    }

    fn object(&mut self, members: &'d Map<String, Value>, value: &'d Value, depth: usize) -> Value {
        if let Some(Value::String(to)) = members.get("$ref") {
            let target = self.document.resolved(value).filter(|_| !self.open.contains(&to.as_str()));
            let Some(target) = target else {
                self.is_whole = false;
                return json!({});
            };
            self.open.push(to);
            let written = self.value(target, depth + 1);
            self.open.pop();
            return written;
        }
        let mut written = Map::new();
        for (name, member) in members {
            // Of no use to callers, and often large.
            if matches!(name.as_str(), "example" | "examples" | "xml" | "externalDocs" | "discriminator") {
                continue;
            }
            let member = match (name.as_str(), member) {
                // Names of properties are arbitrary; only their values are schemas.
                ("properties" | "patternProperties" | "$defs", Value::Object(properties)) => {
                    let each =
                        properties.iter().map(|(name, schema)| (name.clone(), self.value(schema, depth + 2)));
                    Value::Object(each.collect())
                }
                (_, member) => self.value(member, depth + 1),
            };
            written.insert(name.clone(), member);
        }
        // `nullable` in 3.0 corresponds to the type `null` in 3.1.
        if written.remove("nullable") == Some(Value::Bool(true))
            && let Some(Value::String(kind)) = written.get("type")
        {
            let kinds = json!([kind, "null"]);
            written.insert("type".into(), kinds);
        }
        Value::Object(written)
    }
}
