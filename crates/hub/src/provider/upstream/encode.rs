//! Serialization of arguments outside of JSON: in paths, queries, headers, and forms. No I/O.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Map, Value};

use crate::{
    catalog::Style,
    provider::template::{Template, text_of},
};

/// Maximum nesting of an object that becomes parameters. Deeper values are serialized as JSON.
const MAX_DEPTH: usize = 8;

/// The serializations of an action's arguments, by name.
pub(super) type Styles = BTreeMap<String, Style>;

/// Returns an argument as one text, or `None` if it is absent or `null`.
pub(super) fn text<'a>(
    arguments: &'a Map<String, Value>,
    name: &str,
    styles: &Styles,
) -> Option<Cow<'a, str>> {
    let value = arguments.get(name)?;
    let between = styles.get(name).and_then(|style| between(*style));
    match (value, between) {
        (Value::Array(list), Some(between)) => {
            Some(list.iter().filter_map(text_of).collect::<Vec<_>>().join(between).into())
        }
        (Value::Object(members), Some(between)) => {
            let pairs = members.iter().filter_map(|(name, value)| Some([Cow::from(name), text_of(value)?]));
            Some(pairs.flatten().collect::<Vec<_>>().join(between).into())
        }
        _ => text_of(value),
    }
}

const fn between(style: Style) -> Option<&'static str> {
    match style {
        Style::Comma => Some(","),
        Style::Space => Some(" "),
        Style::Tab => Some("\t"),
        Style::Pipe => Some("|"),
        Style::Multi | Style::Deep => None,
    }
}

/// Adds the parameters of a template. `usual` returns the default style.
pub(super) fn add_pairs(
    pairs: &mut Vec<(String, String)>,
    (name, template): (&str, &Template),
    (arguments, styles): (&Map<String, Value>, &Styles),
    usual: Option<fn(&Value) -> Option<Style>>,
) {
    if let Some((argument, value)) = template.argument_of(arguments) {
        let style = styles.get(argument).copied().or_else(|| usual.and_then(|usual| usual(value)));
        if let (Some(style @ (Style::Multi | Style::Deep)), Value::Array(_) | Value::Object(_)) =
            (style, value)
        {
            nested(pairs, name.to_owned(), value, style, 0);
            return;
        }
    }
    pairs.extend(
        template.fill(|argument| text(arguments, argument, styles)).map(|text| (name.to_owned(), text)),
    );
}

/// Returns the default style of a value in a form.
pub(super) fn usual_in_forms(value: &Value) -> Option<Style> {
    match value {
        Value::Array(_) => Some(Style::Multi),
        Value::Object(_) => Some(Style::Deep),
        _ => None,
    }
}

/// Adds the parameters of a whole form.
pub(super) fn add_members(pairs: &mut Vec<(String, String)>, value: &Value) {
    for (name, value) in value.as_object().into_iter().flatten() {
        nested(pairs, name.clone(), value, usual_in_forms(value).unwrap_or(Style::Multi), 0);
    }
}

fn nested(pairs: &mut Vec<(String, String)>, name: String, value: &Value, style: Style, depth: usize) {
    match value {
        Value::Array(list) if depth < MAX_DEPTH => {
            for (at, entry) in list.iter().enumerate() {
                let name = if style == Style::Deep { format!("{name}[{at}]") } else { name.clone() };
                nested(pairs, name, entry, style, depth + 1);
            }
        }
        Value::Object(members) if depth < MAX_DEPTH && style == Style::Deep => {
            for (member, value) in members {
                nested(pairs, format!("{name}[{member}]"), value, style, depth + 1);
            }
        }
        value => pairs.extend(text_of(value).map(|text| (name, text.into_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn pairs(value: Value, style: Option<Style>) -> String {
        let styles: Styles = style.map(|style| ("a".to_owned(), style)).into_iter().collect();
        let arguments = json!({"a": value});
        let mut pairs = Vec::new();
        let template = Template::parse("{a}").unwrap();
        add_pairs(&mut pairs, ("n", &template), (arguments.as_object().unwrap(), &styles), None);
        pairs.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn lists_and_objects_in_every_notation() {
        let list = json!(["x", 1, null, true]);
        for (style, expected) in [
            (None, "n=[\"x\",1,null,true]"),
            (Some(Style::Multi), "n=x&n=1&n=true"),
            (Some(Style::Comma), "n=x,1,true"),
            (Some(Style::Space), "n=x 1 true"),
            (Some(Style::Tab), "n=x\t1\ttrue"),
            (Some(Style::Pipe), "n=x|1|true"),
            (Some(Style::Deep), "n[0]=x&n[1]=1&n[3]=true"),
        ] {
            assert_eq!(pairs(list.clone(), style), expected);
            assert_eq!(pairs(json!("one"), style), "n=one", "a scalar is itself");
            assert_eq!(pairs(json!(null), style), "");
        }
        let object = json!({"b": 1, "c": {"d": [2, 3]}});
        assert_eq!(pairs(object.clone(), Some(Style::Deep)), "n[b]=1&n[c][d][0]=2&n[c][d][1]=3");
        assert_eq!(pairs(object.clone(), Some(Style::Comma)), "n=b,1,c,{\"d\":[2,3]}");
        assert_eq!(pairs(object, Some(Style::Multi)), "n={\"b\":1,\"c\":{\"d\":[2,3]}}");
        assert_eq!(pairs(json!([]), Some(Style::Multi)), "");
    }

    #[test]
    fn a_whole_form_is_written_member_by_member() {
        let mut made = Vec::new();
        add_members(&mut made, &json!({"a": [1, 2], "b": {"c": "x"}, "d": null, "e": "f"}));
        let made: Vec<String> = made.into_iter().map(|(name, text)| format!("{name}={text}")).collect();
        assert_eq!(made, ["a=1", "a=2", "b[c]=x", "e=f"]);
        made_of_no_object();
    }

    fn made_of_no_object() {
        let mut made = Vec::new();
        add_members(&mut made, &json!([1]));
        assert!(made.is_empty());
    }

    proptest! {
        #[test]
        fn any_depth_ends(depth in 0_usize..60) {
            let value = (0..depth).fold(
                json!(1), |value, at| if at % 2 == 0 { json!([value]) } else { json!({"a": value}) },
            );
            for style in [Style::Multi, Style::Deep, Style::Comma] {
                prop_assert!(pairs(value.clone(), Some(style)).len() < 2000);
            }
        }
    }
}
