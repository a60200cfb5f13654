//! Text templates with arguments of a call: `{city}`, or `{lat|39.93}` with a default for an absent
//! argument. No I/O.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Maximum number of pieces of a template.
const MAX_PIECES: usize = 100;

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text of the template itself.
    Text(String),
    /// An argument, and the text used when it is absent.
    Argument { name: String, absent: Option<String> },
}

impl Template {
    /// Parses a template; `{{` and `}}` stand for braces.
    ///
    /// # Errors
    /// A message for an unbalanced brace or for too many pieces.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut pieces = Vec::new();
        let (mut rest, mut plain) = (text, String::new());
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = brace.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else {
                let inside = brace.strip_prefix('{').ok_or("a } without its {")?;
                let (inside, after) = inside.split_once('}').ok_or("a { without its }")?;
                let (name, absent) = match inside.split_once('|') {
                    Some((name, absent)) => (name, Some(absent.to_owned())),
                    None => (inside, None),
                };
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Argument { name: name.to_owned(), absent });
                rest = after;
            }
            if pieces.len() > MAX_PIECES {
                return Err("too many arguments in one text");
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// Returns the pieces in order.
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Fills in the arguments as `text` serializes them. Returns `None` if an argument without a default is
    /// absent.
    pub(super) fn fill<'a>(&self, text: impl Fn(&str) -> Option<Cow<'a, str>>) -> Option<String> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Argument { name, absent } => {
                    filled.push_str(text(name).as_deref().or(absent.as_deref())?);
                }
            }
        }
        Some(filled)
    }

    /// If the template is one argument, and it is present, returns its name and value.
    pub(super) fn argument_of<'a>(
        &'a self,
        arguments: &'a Map<String, Value>,
    ) -> Option<(&'a str, &'a Value)> {
        match self.0.as_slice() {
            [Piece::Argument { name, .. }] => Some((name.as_str(), arguments.get(name)?)),
            _ => None,
        }
    }

    /// If the template is one argument without a default, returns that argument with its JSON type (the
    /// inner `None`: it is absent). Otherwise returns `None`.
    fn whole<'a>(&self, arguments: &'a Map<String, Value>) -> Option<Option<&'a Value>> {
        match self.0.as_slice() {
            [Piece::Argument { name, absent: None }] => Some(arguments.get(name)),
            _ => None,
        }
    }
}

/// Returns an argument as text; `None` for `null`.
pub(super) fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.into()),
        other => Some(other.to_string().into()),
    }
}

/// A JSON value whose texts are templates.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Text(Template),
    List(Vec<Self>),
    Members(Vec<(String, Self)>),
    Literal(Value),
}

impl Shape {
    pub(super) fn parse(value: &Value) -> Result<Self, &'static str> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::parse(text)?),
            Value::Array(list) => Self::List(list.iter().map(Self::parse).collect::<Result<_, _>>()?),
            Value::Object(members) => {
                let parse = |(name, value): (&String, &Value)| {
                    Ok::<_, &'static str>((name.clone(), Self::parse(value)?))
                };
                Self::Members(members.iter().map(parse).collect::<Result<_, _>>()?)
            }
            other => Self::Literal(other.clone()),
        })
    }

    /// Fills in the arguments. Entries whose arguments are absent are left out.
    pub(super) fn fill(&self, arguments: &Map<String, Value>) -> Option<Value> {
        match self {
            Self::Text(text) => match text.whole(arguments) {
                Some(argument) => argument.cloned(),
                None => text.fill(|name| arguments.get(name).and_then(text_of)).map(Value::String),
            },
            Self::List(list) => Some(list.iter().filter_map(|shape| shape.fill(arguments)).collect()),
            Self::Members(members) => {
                let fill = |(name, shape): &(String, Self)| Some((name.clone(), shape.fill(arguments)?));
                Some(Value::Object(members.iter().filter_map(fill).collect()))
            }
            Self::Literal(value) => Some(value.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn arguments() -> Map<String, Value> {
        let Value::Object(map) = json!({"a": "x y", "n": 7, "list": [1, 2], "no": null}) else {
            unreachable!()
        };
        map
    }

    fn fill(text: &str) -> Option<String> {
        let arguments = arguments();
        Template::parse(text).unwrap().fill(|name| arguments.get(name).and_then(text_of))
    }

    #[test]
    fn arguments_stand_in_texts() {
        for (text, expected) in [
            ("{a}", Some("x y")),
            ("<{a}:{n}>", Some("<x y:7>")),
            ("{gone}", None),
            ("{no}", None),
            ("{gone|5}-{no|6}", Some("5-6")),
            ("{gone|}", Some("")),
            ("{{a}}", Some("{a}")),
            ("{list}", Some("[1,2]")),
            ("", Some("")),
        ] {
            assert_eq!(fill(text).as_deref(), expected, "{text}");
        }
        assert!(Template::parse("{a").is_err() && Template::parse("a}").is_err());
    }

    #[test]
    fn a_body_keeps_types() {
        let shape = Shape::parse(
            &json!({"n": "{n}", "t": "n={n}", "gone": "{gone}", "deep": [{"l": "{list}"}], "k": 1}),
        );
        assert_eq!(
            shape.unwrap().fill(&arguments()),
            Some(json!({"n": 7, "t": "n=7", "deep": [{"l": [1, 2]}], "k": 1}))
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_template_or_refused(text in "[a-z{}|]{0,30}") {
            if let Ok(template) = Template::parse(&text) {
                let _ = template.fill(|_name| Some("x".into()));
            }
        }

        #[test]
        fn a_text_without_braces_is_itself(text in "[^{}]{0,30}") {
            prop_assert_eq!(fill(&text), Some(text));
        }
    }
}
