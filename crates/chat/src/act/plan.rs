//! Interpretation of `actionControl`: the structure of the decision, and the fallback value if nothing can
//! be decided.

use serde_json::{Map, Value};

use super::{
    shape::{Field, Shape},
    template::{self, Template},
    words::{FALLBACK, FALLBACK_AFTER, LINKS, STOPS, STRUCTURE},
};

/// The kind of JSON value that is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// `{…}`.
    Object,
    /// `[…]` with any items.
    Array,
}

/// The requirements of an `actionControl`.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    shape: Option<Shape>,
    fallback: Option<Value>,
}

/// A bracketed part of the text that is a structure or a value.
struct Found<'t> {
    template: Template,
    value: Option<Value>,
    /// The sentence before it.
    before: &'t str,
    /// The rest of the sentence after it.
    after: &'t str,
}

impl Found<'_> {
    fn is_fallback(&self) -> bool {
        says(self.before, FALLBACK) || says(self.after, FALLBACK_AFTER)
    }
}

fn says(text: &str, words: &[&str]) -> bool {
    let text = search::fold(text);
    words.iter().any(|word| text.contains(word))
}

impl Plan {
    /// Interprets a text that a person or a program wrote for a model.
    pub fn of(control: &str) -> Self {
        let found = brackets(control);
        // A bracket with types is the structure, wherever it is. A plain value is one unless it is a
        // fallback.
        let stated = found
            .iter()
            .find(|found| found.template.has_types)
            .map(|found| found.template.shape.clone())
            .or_else(|| {
                let is_example = |found: &&Found<'_>| !found.is_fallback() && shows(found.value.as_ref());
                let example = found
                    .iter()
                    .find(|found| is_example(found) && says(found.before, STRUCTURE))
                    .or_else(|| found.iter().find(is_example))?;
                Some(Shape::of_example(example.value.as_ref()?))
            });
        let fits =
            |value: &Value| stated.as_ref().is_none_or(|shape| shape.fitted(value).as_ref() == Some(value));
        let fallback = found
            .iter()
            .rev()
            .filter(|found| found.is_fallback())
            .find_map(|found| found.value.clone().filter(fits))
            .or_else(|| stated.as_ref().and_then(|shape| assigned(control, shape)));
        Self { shape: stated, fallback }
    }

    /// Returns the plan for any JSON object.
    pub const fn any() -> Self {
        Self { shape: None, fallback: None }
    }

    /// Returns the structure as a JSON Schema, if one is given.
    pub fn schema(&self) -> Option<Value> {
        self.shape.as_ref().map(Shape::schema)
    }

    /// Returns the fallback value as JSON, if one is given.
    pub fn fallback(&self) -> Option<String> {
        self.fallback.as_ref().map(Value::to_string)
    }

    /// Returns the text to send for a value, or `None` if it does not fit. `raw` is the value as JSON.
    /// Unambiguous mistakes (other spellings of names, a wrapper object, `"true"`) are repaired.
    pub(super) fn accept(&self, value: &Value, raw: String) -> Option<String> {
        let Some(shape) = &self.shape else { return Some(raw) };
        if let Some(fitted) = shape.fitted(value) {
            return Some(if fitted == *value { raw } else { fitted.to_string() });
        }
        shape.repaired(value).map(|value| value.to_string())
    }

    /// Returns a neutral value of the structure: `false`, `0`, the first alternative, and `note` for texts.
    pub fn placeholder(&self, note: &str) -> String {
        match &self.shape {
            Some(shape) => shape.placeholder(note).to_string(),
            None => serde_json::json!({ "error": note }).to_string(),
        }
    }

    pub(super) fn wanted(&self) -> ValueKind {
        match self.shape {
            Some(Shape::Array(_)) => ValueKind::Array,
            _ => ValueKind::Object,
        }
    }
}

/// Returns true if a plain value shows a structure: an object, or a list other than a mere reference such
/// as `[1]`.
fn shows(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::Array(items)) => items.first().is_some_and(|item| !item.is_number()),
        _ => false,
    }
}

/// Finds all outermost brackets that are a structure or a value.
fn brackets(text: &str) -> Vec<Found<'_>> {
    let (mut found, mut at, mut behind) = (Vec::new(), 0, 0);
    while let Some(offset) = text.get(at..).and_then(|rest| rest.find(['{', '['])) {
        let start = at + offset;
        let rest = text.get(start..).unwrap_or_default();
        let value = template::value(rest);
        let template = template::read(rest).filter(|template| {
            // Brackets such as `[注]` are no structure.
            template.has_types || value.is_some()
        });
        let Some(template) = template else {
            at = start + 1;
            continue;
        };
        let before = text.get(behind..start).unwrap_or_default();
        let before = before.rfind(STOPS).and_then(|stop| before.get(stop..)).unwrap_or(before);
        let value = value.filter(|_| !template.has_types).map(|(value, _)| value);
        at = start + template.length.max(1);
        behind = at;
        let after = text.get(at..).unwrap_or_default();
        let end = [after.find(STOPS), after.find(['{', '[']), after.find(". ")].into_iter().flatten().min();
        let after = end.and_then(|end| after.get(..end)).unwrap_or(after);
        found.push(Found { template, value, before, after });
    }
    found
}

/// Finds a fallback that is given in words, such as `否则 is_liked=false`, `set is_liked to false when
/// unsure`, or `default to false`. All members of the structure must have a value near such words.
fn assigned(text: &str, shape: &Shape) -> Option<Value> {
    let Shape::Object(fields) = shape else { return None };
    let lower = text.to_lowercase();
    // In some scripts the lower case has another length, and offsets do not match. Then no fallback is
    // assumed.
    if lower.len() != text.len() || fields.is_empty() {
        return None;
    }
    let last = |words: &[&str]| {
        words
            .iter()
            .filter_map(|word| lower.rfind(word).map(|at| (at, at + word.len())))
            .max_by_key(|(_, end)| *end)
    };
    let behind = last(FALLBACK).and_then(|(_, end)| {
        let rest = text.get(end..)?.split(['。', '\n']).next()?;
        members(rest, fields).or_else(|| only(rest, fields))
    });
    behind.or_else(|| {
        let (start, _) = last(FALLBACK_AFTER)?;
        let before = text.get(..start)?;
        let clause = before.rfind(|c: char| STOPS.contains(&c) || matches!(c, ',' | '，')).unwrap_or(0);
        members(before.get(clause..)?, fields)
    })
}

/// Finds the values of all members in a text.
fn members(text: &str, fields: &[Field]) -> Option<Value> {
    let mut members = Map::new();
    for field in fields {
        let value = text.match_indices(&field.name).find_map(|(at, name)| {
            let rest = text.get(at + name.len()..)?;
            let linked = unlinked(rest);
            let value = (linked.len() < rest.len()).then(|| scalar(linked)).flatten()?;
            field.shape.fitted(&value).is_some().then_some(value)
        });
        match value {
            Some(value) => {
                members.insert(field.name.clone(), value);
            }
            None if field.optional => {}
            None => return None,
        }
    }
    Some(Value::Object(members))
}

/// Reads the value of a structure's only member from the beginning of a text.
fn only(text: &str, fields: &[Field]) -> Option<Value> {
    let [field] = fields else { return None };
    let value = scalar(unlinked(text)).filter(|value| field.shape.fitted(value).is_some())?;
    // For a text member any word would do.
    let is_certain = !matches!(field.shape, Shape::Text | Shape::Any);
    is_certain.then(|| Value::Object(Map::from_iter([(field.name.clone(), value)])))
}

/// Strips the words and signs that link a value to what precedes it.
fn unlinked(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let next = LINKS.iter().find_map(|word| {
            let more = rest.strip_prefix(word)?;
            let is_part = word.is_ascii() && word.ends_with(|c: char| c.is_ascii_alphabetic());
            (!is_part || !more.starts_with(|c: char| c.is_alphanumeric())).then_some(more)
        });
        match next {
            // A quoted text begins here.
            Some(more) if rest.starts_with('"') && more.contains('"') => return rest,
            Some(more) => rest = more.trim_start(),
            None => return rest,
        }
    }
}

/// Reads a quoted text, a number, `true`, `false`, `null`, or a word.
fn scalar(text: &str) -> Option<Value> {
    if text.starts_with('"') {
        return template::value(text).map(|(value, _)| value);
    }
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .unwrap_or(text.len());
    let word = text.get(..end)?.trim_end_matches('.');
    (!word.is_empty())
        .then(|| serde_json::from_str(word).unwrap_or_else(|_word| Value::String(word.to_owned())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn schema(control: &str) -> Value {
        Plan::of(control).schema().unwrap_or(Value::Null)
    }

    fn object(members: Value) -> Value {
        let names: Vec<String> = members.as_object().unwrap().keys().cloned().collect();
        json!({"type": "object", "properties": members, "required": names, "additionalProperties": false})
    }

    #[test]
    fn the_seeds_controls() {
        let liked = "仅输出合法 JSON 对象,不要解释。\n输出结构:{\"is_liked\": boolean}。\n\
            当用户明确表达喜欢或支持时 is_liked=true,否则 is_liked=false。";
        assert_eq!(schema(liked), object(json!({"is_liked": {"type": "boolean"}})));
        assert_eq!(Plan::of(liked).fallback().unwrap(), "{\"is_liked\":false}");
        let intent = "仅输出合法 JSON。结构:{\"intent\": \"like\"|\"dislike\"|\"neutral\"}。根据用户表达判断意图。信息不足时返回 \
            {\"intent\": \"neutral\"}。";
        let words = json!({"type": "string", "enum": ["like", "dislike", "neutral"]});
        assert_eq!(schema(intent), object(json!({"intent": words})));
        assert_eq!(Plan::of(intent).fallback().unwrap(), "{\"intent\":\"neutral\"}");
        let list =
            "仅输出 JSON。输出结构：[{\"title\": string, \"price\": number}]。没有商品时返回空数组 []。";
        let item = json!({"title": {"type": "string"}, "price": {"type": "number"}});
        assert_eq!(schema(list)["type"], "array");
        assert_eq!(schema(list)["items"]["properties"], item);
        assert_eq!(Plan::of(list).fallback().unwrap(), "[]");
    }

    #[test]
    fn structures_as_people_write_them() {
        for (control, expected) in [
            ("输出 {result: bool}", object(json!({"result": {"type": "boolean"}}))),
            (
                "{\"n\": 整数, \"s\": \"字符串\"}",
                object(json!({"n": {"type": "integer"}, "s": {"type": "string"}})),
            ),
            ("{\"score\": 0-100}", object(json!({"score": {"type": "number"}}))),
            ("{\"score\": number (0 到 1)}", object(json!({"score": {"type": "number"}}))),
            (
                "{\"mood\": \"good|bad\"}",
                object(json!({"mood": {"type": "string", "enum": ["good", "bad"]}})),
            ),
            ("{\"tags\": string[]}", object(json!({"tags": {"type": "array", "items": {"type": "string"}}}))),
            (
                "{\"tags\": [string, ...]}",
                object(json!({"tags": {"type": "array", "items": {"type": "string"}}})),
            ),
            (
                "{\"ids\": Array<number>}",
                object(json!({"ids": {"type": "array", "items": {"type": "number"}}})),
            ),
            ("{\"a\": {\"b\": boolean}}", object(json!({"a": object(json!({"b": {"type": "boolean"}}))}))),
            ("{\"a\": boolean, // whether\n}", object(json!({"a": {"type": "boolean"}}))),
            ("{“喜欢”：布尔}", object(json!({"喜欢": {"type": "boolean"}}))),
            ("{'a': 'x'|'y'}", object(json!({"a": {"type": "string", "enum": ["x", "y"]}}))),
            (
                "{\"x\": string | null}",
                object(json!({"x": {"anyOf": [{"type": "string"}, {"type": "null"}]}})),
            ),
            (
                "输出格式：{\"is_spam\": true, \"why\": \"...\"}",
                object(json!({"is_spam": {"type": "boolean"}, "why": {"type": "string"}})),
            ),
        ] {
            assert_eq!(schema(control), expected, "{control}");
        }
        let optional = schema("{\"a\": string, \"b\"?: number}");
        assert_eq!(optional["required"], json!(["a"]));
        for control in ["只输出 JSON，用 {} 包起来", "see [1] and {this}", "", "{", "{{{", "{\"a\":"]
        {
            assert_eq!(Plan::of(control).schema(), None, "{control}");
        }
    }

    #[test]
    fn a_fallback_is_one_only_where_it_is_said_and_fits() {
        for (control, expected) in [
            ("{\"a\": boolean}", None),
            ("{\"a\": boolean}。例如 {\"a\": true}", None),
            ("{\"a\": boolean}。无法判断时返回 {\"a\": \"?\"}", None),
            ("Shape: {\"a\": boolean}. If unsure, return {\"a\": false}.", Some("{\"a\":false}")),
            ("{\"a\": boolean, \"b\": string}, otherwise a=false", None),
            ("{\"a\": \"x\"|\"y\"}. Otherwise a = y.", Some("{\"a\":\"y\"}")),
            ("Shape: {\"a\": boolean}. Return {\"a\": false} when unsure.", Some("{\"a\":false}")),
            ("Shape: {\"a\": boolean}. Answer {\"a\": false} if the text is unclear.", Some("{\"a\":false}")),
            ("{\"a\": boolean}: a is true if they agree. Default to false.", Some("{\"a\":false}")),
            ("{\"a\": boolean}: a is true if they agree; otherwise return false.", Some("{\"a\":false}")),
            (
                "{\"a\": boolean}. Set a to true if they agree, set a to false when unsure.",
                Some("{\"a\":false}"),
            ),
            ("{\"a\": boolean}. Otherwise set a to false.", Some("{\"a\":false}")),
            ("结构：{\"a\": boolean}。返回 {\"a\": false}，当信息不足时。", Some("{\"a\":false}")),
            ("结构：{\"a\": boolean}。同意则为 true，否则返回 false。", Some("{\"a\":false}")),
            ("结构：{\"a\": boolean}。默认为 false。", Some("{\"a\":false}")),
            ("{\"a\": \"x\"|\"y\"}. If in doubt use \"y\".", Some("{\"a\":\"y\"}")),
            ("Shape: {\"a\": boolean}. Return {\"a\": true} when they agree.", None),
            ("Shape: {\"a\": boolean}. On any error, answer {\"a\": false}.", Some("{\"a\":false}")),
            ("{\"a\": boolean}. If you don't know, return {\"a\": false}.", Some("{\"a\":false}")),
            ("{\"a\": boolean}. In all other cases {\"a\": false}", Some("{\"a\":false}")),
            ("{\"a\": boolean}. Fallback value: false", Some("{\"a\":false}")),
            ("{\"a\": boolean} — a is false unless they agree.", Some("{\"a\":false}")),
            ("输出 {\"a\": boolean}，拿不准就 {\"a\": false}", Some("{\"a\":false}")),
            ("输出 {\"a\": boolean}。不清楚时 a 为 false", Some("{\"a\":false}")),
            ("输出 {\"a\": boolean}。其余情况返回 {\"a\": false}", Some("{\"a\":false}")),
            ("輸出 {\"a\": boolean}。無法判斷時返回 {\"a\": false}", Some("{\"a\":false}")),
            ("{\"a\": boolean}. Return {\"a\": true} if they agree, in other words {\"a\": true}.", None),
            ("{\"a\": string}. Otherwise explain.", None),
        ] {
            assert_eq!(Plan::of(control).fallback().as_deref(), expected, "{control}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_plan_whose_fallback_fits(text in "[\\[\\]{}\":,|a-c0-9 否则=。true]{0,80}") {
            let plan = Plan::of(&text);
            if let (Some(shape), Some(value)) = (&plan.shape, &plan.fallback) {
                prop_assert_eq!(shape.fitted(value), Some(value.clone()));
            }
        }
    }
}
