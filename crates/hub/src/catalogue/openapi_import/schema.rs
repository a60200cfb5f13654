//! Schemas of a document, with what they refer to written out.

use serde_json::{Map, Value, json};

/// Deepest nesting, and most values, of a schema that is written out.
const MAX_DEPTH: usize = 24;
const MAX_VALUES: usize = 2000;
/// Most references that follow each other.
const MAX_HOPS: usize = 16;

/// The document that references lead into.
pub(super) struct Schemas<'d>(&'d Value);

/// One schema on its way out.
struct Writing<'d, 's> {
    document: &'s Schemas<'d>,
    /// What is being written out: a reference to one of them is recursion.
    open: Vec<&'d str>,
    left: usize,
    is_whole: bool,
}

impl<'d> Schemas<'d> {
    pub(super) const fn new(document: &'d Value) -> Self {
        Self(document)
    }

    /// What a value is or refers to; `None` when it refers to nothing, or elsewhere.
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

    /// A schema with every reference written out, and whether all of it is there.
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
            // Of no use to who calls, and often large.
            if matches!(name.as_str(), "example" | "examples" | "xml" | "externalDocs" | "discriminator") {
                continue;
            }
            let member = match (name.as_str(), member) {
                // Names of properties are anybody's: only what stands below them is a schema.
                ("properties" | "patternProperties" | "$defs", Value::Object(properties)) => {
                    let each =
                        properties.iter().map(|(name, schema)| (name.clone(), self.value(schema, depth + 2)));
                    Value::Object(each.collect())
                }
                (_, member) => self.value(member, depth + 1),
            };
            written.insert(name.clone(), member);
        }
        // 3.0 says so what 3.1 says as JSON Schema does.
        if written.remove("nullable") == Some(Value::Bool(true))
            && let Some(Value::String(kind)) = written.get("type")
        {
            let kinds = json!([kind, "null"]);
            written.insert("type".into(), kinds);
        }
        Value::Object(written)
    }
}
