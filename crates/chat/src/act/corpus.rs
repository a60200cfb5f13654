//! Test corpus: outputs of models that were asked for JSON, each with the expected outcome.

use std::collections::HashMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::{Plan, Problem, read};
use crate::provider::spoken;

#[derive(Debug, Deserialize)]
struct Case {
    control: String,
    output: String,
    /// The expected value.
    value: Option<Value>,
    /// The expected problem, if no value is expected.
    problem: Option<String>,
}

fn cases() -> Vec<Case> {
    include_str!("corpus.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn plans() -> HashMap<String, Plan> {
    let controls: HashMap<String, String> = serde_json::from_str(include_str!("controls.json")).unwrap();
    controls.into_iter().map(|(name, text)| (name, Plan::of(&text))).collect()
}

fn run<'t>(plan: &Plan, pieces: impl IntoIterator<Item = &'t str>) -> Result<String, Problem> {
    read(plan, &spoken(pieces))
}

fn name(problem: Problem) -> &'static str {
    match problem {
        Problem::Nothing => "nothing",
        Problem::Broken => "broken",
        Problem::Truncated => "truncated",
        Problem::OffStructure => "off_structure",
        Problem::TooLong => "too_long",
    }
}

#[test]
fn every_output_has_its_stated_outcome() {
    let (cases, plans) = (cases(), plans());
    assert!(cases.len() >= 300);
    let mut wrong = Vec::new();
    for case in &cases {
        let whole = run(&plans[&case.control], [case.output.as_str()]);
        let parsed = whole.as_deref().map(|text| serde_json::from_str::<Value>(text).expect("JSON"));
        let right = match (&parsed, &case.value, &case.problem) {
            (Ok(value), Some(expected), None) => same(value, expected),
            (Err(problem), None, Some(expected)) => name(**problem) == expected,
            _ => false,
        };
        if !right {
            wrong.push(format!(
                "{} {:?} expected {:?} {:?}\n    gave {parsed:?}",
                case.control, case.output, case.value, case.problem
            ));
        }
        let letters: Vec<String> = case.output.chars().map(String::from).collect();
        assert_eq!(run(&plans[&case.control], letters.iter().map(String::as_str)), whole, "{case:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Compares values; 36.0 equals 36.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

#[test]
fn long_answers_take_little_time() {
    let plan = Plan::of("{\"a\": boolean}");
    for start in ["{", "{\"a\":", "[{\"a\":1},", "{\"a\": \"", "[", "{'a': [", "x"] {
        let endless = start.repeat((1 << 20) / start.len());
        assert!(run(&plan, [endless.as_str()]).is_err(), "{start}");
    }
    let long = format!("{{\"a\": true, \"b\": \"{}\"}}", "x".repeat(600 << 10));
    assert_eq!(run(&plan, [long.as_str()]).unwrap(), "{\"a\":true}");
    assert_eq!(run(&plan, ["x".repeat((1 << 20) + 1).as_str()]), Err(Problem::TooLong));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[{}\\[\\]\":,\\\\ a0-9etrufalsn\\-.\n]{0,60}",
        "(\\{|\\}|\"is_liked\"|:| true|,|<think>|</think>|你好|```json\n){0,20}",
    ]
}

proptest! {
    #[test]
    fn only_a_fitting_value_comes_out_however_it_is_cut(
        text in text(), cuts in proptest::collection::vec(0_usize..100, 0..8),
    ) {
        for plan in plans().values() {
            let whole = run(plan, [text.as_str()]);
            if let Ok(value) = &whole {
                let parsed: Value = serde_json::from_str(value).unwrap();
                prop_assert!(parsed.is_object() || parsed.is_array());
                prop_assert!(plan.accept(&parsed, String::new()).is_some());
            }
            let mut at: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(*cut)).collect();
            at.extend([0, text.len()]);
            at.sort_unstable();
            prop_assert_eq!(run(plan, at.windows(2).map(|pair| &text[pair[0]..pair[1]])), whole);
        }
    }

    #[test]
    fn a_value_is_found_in_any_prose(before in "[a-z 你好。,!?'\n]{0,40}", after in "\\PC{0,40}", liked: bool) {
        let plans = plans();
        let output = format!("{before}{{\"is_liked\": {liked}}}{after}");
        let value = run(&plans["like"], [output.as_str()]).unwrap();
        prop_assert_eq!(value, format!("{{\"is_liked\": {liked}}}"));
    }
}
