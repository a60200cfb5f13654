//! Maps an upstream's response to the `result`. No I/O.

use serde_json::Value;

/// A JSON value in which some texts name places of a response.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mapping {
    /// The value at a JSON pointer, and its conversion.
    Place(String, Make),
    List(Vec<Self>),
    Members(Vec<(String, Self)>),
    Literal(Value),
}

/// Counts of the named places that a response has and does not have.
#[derive(Default)]
struct Seen {
    found: usize,
    missing: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    Same,
    Text,
    Milliseconds,
}

impl Mapping {
    /// Parses a definition. Fails on a text that begins with `$` but names no place.
    pub(super) fn parse(value: &Value) -> Result<Self, &'static str> {
        Ok(match value {
            Value::String(text) => match text.strip_prefix('$') {
                Some(rest) => place(rest)?,
                None => Self::Literal(value.clone()),
            },
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

    /// Builds the result, with `null` for each place that the response lacks. Returns `None` if it lacks
    /// all of them: the response has another shape then, such as an error sent with status 200.
    pub(super) fn apply(&self, answer: &Value) -> Option<Value> {
        let mut seen = Seen::default();
        let result = self.made(answer, &mut seen);
        (seen.found > 0 || seen.missing == 0).then_some(result)
    }

    fn made(&self, answer: &Value, seen: &mut Seen) -> Value {
        match self {
            Self::Place(pointer, make) => match answer.pointer(pointer) {
                Some(found) => {
                    seen.found += 1;
                    make.of(found)
                }
                None => {
                    seen.missing += 1;
                    Value::Null
                }
            },
            Self::List(list) => list.iter().map(|mapping| mapping.made(answer, seen)).collect(),
            Self::Members(members) => {
                members.iter().map(|(name, mapping)| (name.clone(), mapping.made(answer, seen))).collect()
            }
            Self::Literal(value) => value.clone(),
        }
    }
}

fn place(rest: &str) -> Result<Mapping, &'static str> {
    let (make, pointer) = if let Some(pointer) = rest.strip_prefix("text ") {
        (Make::Text, pointer)
    } else if let Some(pointer) = rest.strip_prefix("ms ") {
        (Make::Milliseconds, pointer)
    } else {
        (Make::Same, rest)
    };
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err("a text that begins with $ should be $, $/…, $text /… or $ms /…");
    }
    Ok(Mapping::Place(pointer.to_owned(), make))
}

impl Make {
    fn of(self, found: &Value) -> Value {
        match (self, found) {
            (Self::Same, _) | (Self::Text, Value::String(_) | Value::Null) => found.clone(),
            (Self::Text, other) => Value::String(other.to_string()),
            (Self::Milliseconds, Value::String(text)) => {
                text.parse().map_or(Value::Null, |time: jiff::Timestamp| time.as_millisecond().into())
            }
            (Self::Milliseconds, _) => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_of_an_answer_become_the_result() {
        let answer = json!({"results": [{"now": {"code": 9}, "last_update": "2015-09-25T22:45:00+08:00"}]});
        let mapping = json!({
            "code": "$text /results/0/now/code",
            "same": "$/results/0/now/code",
            "at": "$ms /results/0/last_update",
            "gone": "$/nowhere",
            "list": ["$/results/0/now", 1, "plain"],
        });
        assert_eq!(
            Mapping::parse(&mapping).unwrap().apply(&answer),
            Some(json!({
                "code": "9",
                "same": 9,
                "at": 1_443_192_300_000_i64,
                "gone": null,
                "list": [{"code": 9}, 1, "plain"],
            }))
        );
        assert_eq!(Mapping::parse(&json!("$")).unwrap().apply(&answer), Some(answer));
        assert_eq!(Mapping::parse(&mapping).unwrap().apply(&json!({"status": "error"})), None);
        assert_eq!(Mapping::parse(&json!({"a": 1})).unwrap().apply(&json!({})), Some(json!({"a": 1})));
        assert!(Mapping::parse(&json!("$x")).is_err());
    }
}
