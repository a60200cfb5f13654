//! Tests of repairs, and of ambiguous texts that are refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Look, decided, scan};

fn last(text: &str) -> Option<Value> {
    decided(&scan(text, Look::Lists), |found| Some(found.value.clone()))
}

#[test]
fn slips_that_leave_no_doubt_are_repaired() {
    let expected = json!({"a": true, "b": "x"});
    for text in [
        "{\"a\": true, \"b\": \"x\",}",
        "{'a': True, 'b': 'x'}",
        "{a: true, b: \"x\"}",
        "{\"a\": true, \"b\": \"x\"",
        "```json\n{\"a\": true, \"b\": \"x\"\n```",
        "{\"a\"：true，\"b\"：\"x\"}",
        "｛“a”：true，“b”：“x”｝",
        "{“a”: true, “b”: “x”}",
        "{\"a\": true, // yes\n \"b\": \"x\" /* no */}",
        "{\"a\": TRUE\n \"b\": \"x\"}",
        "{`a`: true, `b`: `x`}",
        "\"{\\\"a\\\": true, \\\"b\\\": \\\"x\\\"}\"",
        "{\"a\": true, \"b\": \"x\", \"b\": \"x\",}",
    ] {
        assert_eq!(last(text), Some(expected.clone()), "{text}");
    }
    for (text, expected) in [
        ("{\"a\": \"one\ntwo\"}", json!({"a": "one\ntwo"})),
        ("{\"a\": \"snake\\_case\"}", json!({"a": "snake_case"})),
        ("{\"a\": \"C:\\dir\"}", json!({"a": "C:\\dir"})),
        ("{'a': 'it's fine'}", json!({"a": "it's fine"})),
        ("{\"a\": None}", json!({"a": null})),
        ("{\"a\": １２}", json!({"a": 12})),
        ("{\"a\": [\"x\", \"y\"}", json!({"a": ["x", "y"]})),
        ("[{\"a\": 1]", json!([{"a": 1}])),
        ("{\"a\": {\"b\": \"x\"}", json!({"a": {"b": "x"}})),
        ("{\"a\": .5, \"b\": +1,}", json!({"a": 0.5, "b": 1})),
        ("{\"a\": \"\\ud83d\\ude00\",}", json!({"a": "😀"})),
        ("{\"a\": \"he said \"good\"\"}", json!({"a": "he said \"good\""})),
        ("{\"a\": \"he said \"good\"\", \"b\": 1}", json!({"a": "he said \"good\"", "b": 1})),
        ("{\"a\": \"x\" \"b\": \"y\"}", json!({"a": "x", "b": "y"})),
        ("{\"a\": yes, 'b': tRUE}", json!({"a": "yes", "b": true})),
        ("{\"a\": 1; \"b\": 2;}", json!({"a": 1, "b": 2})),
        ("{\"a\" = 1, \"b\" => 2}", json!({"a": 1, "b": 2})),
        ("{\"a\": 1, # one\n \"b\": 2 # two\n}", json!({"a": 1, "b": 2})),
        ("{\"a\": 1, ...}", json!({"a": 1})),
        ("{\"a\": \"x\" + \"y\"}", json!({"a": "xy"})),
        ("{\"a\": \"\"\"x \"y\" z\"\"\"}", json!({"a": "x \"y\" z"})),
        ("{\"a\": 1]", json!({"a": 1})),
        ("[{\"a\": 1} {\"a\": 2}]", json!([{"a": 1}, {"a": 2}])),
        ("{«a»: „x“}", json!({"a": "x"})),
        ("{\\\"a\\\": \\\"x\\\"}", json!({"a": "x"})),
        ("{&quot;a&quot;: &quot;x &amp; y&quot;}", json!({"a": "x & y"})),
    ] {
        assert_eq!(last(text), Some(expected), "{text}");
    }
}

#[test]
fn what_leaves_a_doubt_is_refused() {
    for text in [
        "{\"a\": 3",
        "{\"a\": tru",
        "{\"a\": \"half of a te",
        "{\"a\": [1, 2",
        "{\"a\": true,",
        "[{\"a\": 1},",
        "{\"a\": true, \"a\": false,}",
        "{\"a\": 007}",
        "{\"a\": 95%}",
        "{\"a\": 1,000}",
        "{\"a\": two words}",
        "{\"a\": undefined}",
        "{\"a\": NaN}",
        "{\"a\" true}",
        "{\"a\": true \"b\" false}",
        "{a b}",
    ] {
        assert_eq!(last(text), None, "{text}");
    }
}

#[test]
fn drafts_and_examples_do_not_decide() {
    for text in [
        "例如 {\"a\": 0}。答案：{\"a\": 1}",
        "Draft: {\"a\": 0}\nFinal: {\"a\": 1}",
        "{\"a\": 0}\nWait, {\"a\": 1}",
        "答案：{\"a\": 1}。如果他说不喜欢，则为 {\"a\": 0}。",
        "```json\n{\"a\": 1}\n```\n希望有帮助 {\"a\": 0}",
        "例如：\n```json\n{\"a\": 0}\n```\n最终答案：{\"a\": 1}",
        "```\n{\"a\": 0}\n```\nThe correct answer is {\"a\": 1}",
        "{\"a\": 1}\n\n(若改口则为 {\"a\": 0})",
        "{\"a\": 1} (confidence: high; alternative {\"a\": 0})",
        "Result = {\"a\": 1}; // was {\"a\": 0}",
        "<output>{\"a\": 1}</output> <!-- {\"a\": 0} -->",
        "{\"a\": 1}。\n\n备选：{\"a\": 0}",
        "{\"a\": 1}\n\n如果你想要相反的结果：\n```json\n{\"a\": 0}\n```",
        "{\"a\": 0}\nFinal answer ({\"a\": 1})",
        "If I follow the rules, the answer is {\"a\": 1}",
        "maybe {\"a\": 1}",
    ] {
        assert_eq!(last(text), Some(json!({"a": 1})), "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        "[\\\\\"'{}\\[\\]:,\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a-z\"']{0,3}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_is_never_changed(value in any_json(), indented: bool) {
        let value = json!({ "a": value });
        let text = if indented { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        let scan = scan(&text, Look::Objects);
        prop_assert_eq!(scan.found.len(), 1);
        prop_assert_eq!(&scan.found[0].value, &value);
        prop_assert_eq!(scan.found[0].raw, Some(text.as_str()));
    }

    #[test]
    fn a_value_with_a_comma_too_many_or_without_its_last_bracket_is_the_same(value in any_json()) {
        let value = json!({ "a": value, "b": "x" });
        let text = value.to_string();
        let body = text.strip_suffix('}').unwrap();
        let with_comma = format!("{body},}}");
        prop_assert_eq!(last(&with_comma), Some(value.clone()));
        prop_assert_eq!(last(body), Some(value));
    }

    #[test]
    fn any_text_is_survived(text in "[{}\\[\\]\"':,\\\\ a0-9truefals“”：，｛｝`/*\n-]{0,80}") {
        for look in [Look::Objects, Look::Lists, Look::Inside] {
            for found in scan(&text, look).found {
                prop_assert!(found.value.is_object() || found.value.is_array());
            }
        }
    }
}
