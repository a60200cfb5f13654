//! Converts schemas of a document to JSON Schema 2020-12, with references inlined.
//!
//! Every keyword is checked, because agents refuse a whole list of tools for one invalid schema. Notations of
//! OpenAPI 3.0 and Swagger 2.0 are converted; keywords that JSON Schema does not know are left out.

mod keywords;
mod merge;

use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::refs::Refs;

/// Maximum nesting, number of subschemas, and size in bytes of an inlined schema.
const MAX_DEPTH: usize = 32;
const MAX_SCHEMAS: usize = 2000;
const MAX_BYTES: usize = 64 << 10;
/// Maximum size of all schemas of a document in bytes.
const MAX_DOCUMENT: usize = 4 << 20;
/// The size of a subschema or an entry in bytes, apart from its texts.
const ENTRY: usize = 16;

/// The schemas of a document, and the remaining size.
pub(super) struct Schemas<'d> {
    refs: Refs<'d>,
    left: Cell<usize>,
}

/// A converted schema.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Written {
    pub(super) schema: Value,
    /// True if parts are missing because they are recursive, too large, or refer to nothing.
    pub(super) is_cut: bool,
    /// True if a pattern that is not portable is left out.
    pub(super) has_lost_pattern: bool,
    /// Read-only members, which are left out.
    pub(super) read_only: Vec<String>,
}

/// The state of converting one schema.
struct Writer<'d, 's> {
    schemas: &'s Schemas<'d>,
    /// Targets of references that are being inlined. A reference to one of them is recursive.
    open: Vec<&'d Value>,
    left: usize,
    bytes: usize,
    written: Written,
}

impl<'d> Schemas<'d> {
    pub(super) const fn new(refs: Refs<'d>) -> Self {
        Self { refs, left: Cell::new(MAX_DOCUMENT) }
    }

    /// Converts a schema.
    pub(super) fn written(&self, schema: &'d Value) -> Written {
        let mut writer = Writer {
            schemas: self,
            open: Vec::new(),
            left: MAX_SCHEMAS,
            bytes: MAX_BYTES,
            written: Written::default(),
        };
        let schema = writer.schema(schema, 0);
        Written { schema, ..writer.written }
    }
}

impl<'d> Writer<'d, '_> {
    /// Takes bytes from the remaining size. Returns false if there are not enough.
    fn spend(&mut self, bytes: usize) -> bool {
        let whole = self.schemas.left.get();
        if bytes > self.bytes || bytes > whole {
            self.written.is_cut = true;
            return false;
        }
        self.bytes -= bytes;
        self.schemas.left.set(whole - bytes);
        true
    }

    /// Returns a schema that allows everything, in place of one that is cut.
    fn cut(&mut self) -> Value {
        self.written.is_cut = true;
        json!({})
    }

    fn schema(&mut self, schema: &'d Value, depth: usize) -> Value {
        match schema {
            Value::Bool(true) => json!({}),
            Value::Bool(false) => json!({"not": {}}),
            Value::Object(members) => {
                if depth > MAX_DEPTH || self.left == 0 || !self.spend(ENTRY) {
                    return self.cut();
                }
                self.left -= 1;
                Value::Object(self.object(schema, members, depth))
            }
            _ => self.cut(),
        }
    }

    fn object(
        &mut self,
        schema: &'d Value,
        members: &'d Map<String, Value>,
        depth: usize,
    ) -> Map<String, Value> {
        let mut parts = Vec::new();
        if members.contains_key("$ref") {
            parts.push(self.referred(schema, depth));
        }
        for part in members.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            parts.push(self.schema(part, depth + 1));
        }
        let own = self.keywords(members, depth);
        let mut written = merge::combined(parts, own);
        if members.get("nullable") == Some(&Value::Bool(true)) {
            merge::or_null(&mut written);
        }
        written
    }

    fn referred(&mut self, schema: &'d Value, depth: usize) -> Value {
        let target = self.schemas.refs.resolved(schema);
        let is_open = |target: &&Value| self.open.iter().any(|open| std::ptr::eq(*open, *target));
        let Some(target) = target.filter(|target| !is_open(target)) else { return self.cut() };
        self.open.push(target);
        let written = self.schema(target, depth + 1);
        self.open.pop();
        written
    }

    /// Returns true if a property is read-only.
    fn is_read_only(&self, property: &'d Value) -> bool {
        let says = |schema: &Value| schema.get("readOnly") == Some(&Value::Bool(true));
        says(property) || self.schemas.refs.resolved(property).is_some_and(says)
    }
}
