//! Validation of a tool's arguments against its parameters. No I/O.

use serde_json::{Map, Value};

use crate::{
    reply::Failure,
    spec::{Param, ParamKind},
};

/// The arguments of a call, checked, with defaults for those that are absent.
#[derive(Debug)]
pub(crate) struct Arguments {
    params: &'static [Param],
    values: Map<String, Value>,
}

impl Arguments {
    /// Checks arguments. `null` is the same as an absent argument, because some clients send every parameter.
    ///
    /// # Errors
    /// `invalid_argument` or `too_long` with the name of the parameter.
    pub(crate) fn check(params: &'static [Param], given: Map<String, Value>) -> Result<Self, Failure> {
        let mut values = Map::new();
        for (name, value) in given {
            let Some(param) = params.iter().find(|param| param.name == name) else {
                return Err(unknown(params, &name));
            };
            if !value.is_null() {
                values.insert(name, checked(param, value)?);
            }
        }
        match params.iter().find(|param| param.is_required && !values.contains_key(param.name)) {
            Some(missing) => Err(Failure::argument(format!("Give the argument \"{}\".", missing.name))),
            None => Ok(Self { params, values }),
        }
    }

    /// Returns a text, or an empty one.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.values.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a text if it was given and is not empty.
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Returns a number, or the parameter's default.
    pub(crate) fn integer(&self, name: &str) -> i64 {
        let default = self.params.iter().find(|param| param.name == name).map(|param| param.kind);
        self.values.get(name).and_then(Value::as_i64).unwrap_or(match default {
            Some(ParamKind::Integer { default, .. }) => default,
            _ => 0,
        })
    }

    /// Returns true if a flag is set.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.values.get(name).and_then(Value::as_bool).unwrap_or(false)
    }
}

fn unknown(params: &[Param], name: &str) -> Failure {
    let name: String = name.chars().take(50).collect();
    let known: Vec<&str> = params.iter().map(|param| param.name).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Failure::argument(format!("There is no argument \"{name}\". Arguments: {known}."))
}

fn checked(param: &Param, value: Value) -> Result<Value, Failure> {
    let name = param.name;
    match param.kind {
        ParamKind::Text { min, max } => {
            let Value::String(text) = value else {
                return Err(Failure::argument(format!("\"{name}\" has to be a string.")));
            };
            let text = text.trim();
            let length = text.chars().count();
            if length > max {
                let message = format!("\"{name}\" has {length} characters; the limit is {max}. Shorten it.");
                return Err(Failure::too_long(message));
            }
            if length < min {
                return Err(Failure::argument(format!("\"{name}\" is empty.")));
            }
            Ok(Value::String(text.to_owned()))
        }
        ParamKind::Integer { min, max, .. } => match integer(&value) {
            Some(number) if (min..=max).contains(&number) => Ok(number.into()),
            _ => Err(Failure::argument(format!("\"{name}\" has to be an integer from {min} to {max}."))),
        },
        ParamKind::Flag => match value {
            Value::Bool(_) => Ok(value),
            Value::String(text) if text == "true" || text == "false" => Ok((text == "true").into()),
            _ => Err(Failure::argument(format!("\"{name}\" has to be true or false."))),
        },
    }
}

/// Returns a number. Models send `20.0` and `"20"`, too.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let whole = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e15)?;
            format!("{whole:.0}").parse().ok()
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(tool: &str, given: Value) -> Result<Arguments, String> {
        let spec = spec::find(tool).unwrap();
        let given = given.as_object().unwrap().clone();
        Arguments::check(spec.params, given).map_err(|failure| failure.code.to_owned())
    }

    #[test]
    fn arguments_are_checked_against_their_parameters() {
        for (tool, given, expected) in [
            ("search", json!({"query": "coffee"}), "ok"),
            ("search", json!({"query": " "}), "invalid_argument"),
            ("search", json!({}), "invalid_argument"),
            ("search", json!({"query": null}), "invalid_argument"),
            ("search", json!({"query": 5}), "invalid_argument"),
            ("search", json!({"query": "x".repeat(501)}), "too_long"),
            ("search", json!({"query": "字".repeat(500)}), "ok"),
            ("search", json!({"query": "a", "limit": 5}), "invalid_argument"),
            ("list_memories", json!({}), "ok"),
            ("list_memories", json!({"keyword": "", "page": null}), "ok"),
            ("list_memories", json!({"page_size": 100}), "ok"),
            ("list_memories", json!({"page_size": 101}), "invalid_argument"),
            ("list_memories", json!({"page": 0}), "invalid_argument"),
            ("list_memories", json!({"page": 2.0, "page_size": "20"}), "ok"),
            ("list_memories", json!({"page": 2.5}), "invalid_argument"),
            ("add_memory", json!({"content": "a", "public": "true"}), "ok"),
            ("add_memory", json!({"content": "a", "public": 1}), "invalid_argument"),
            ("whoami", json!({}), "ok"),
            ("whoami", json!({"arguments": []}), "invalid_argument"),
        ] {
            let outcome = check(tool, given.clone()).map(|_| "ok".to_owned()).unwrap_or_else(|code| code);
            assert_eq!(outcome, expected, "{tool} {given}");
        }
        let arguments = check("list_memories", json!({"page": "3"})).unwrap();
        assert_eq!((arguments.integer("page"), arguments.integer("page_size")), (3, 20));
        assert_eq!((arguments.text("keyword"), arguments.optional("keyword")), ("", None));
    }

    proptest! {
        #[test]
        fn any_object_is_checked_without_a_panic(name in "[a-z_]{0,8}", text in ".*", number: f64) {
            for spec in spec::ALL {
                for value in [json!(text), json!(number), json!([text]), json!({"a": number}), json!(true)] {
                    let given = json!({name.clone(): value}).as_object().unwrap().clone();
                    let _ = Arguments::check(spec.params, given);
                }
            }
        }
    }
}
