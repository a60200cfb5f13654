//! Fuzz targets: `actionControl` texts and outputs of models.

use proptest::prelude::*;
use serde_json::Value;

use super::{Plan, Problem, read};
use crate::provider::spoken;

const CONTROLS: &[&[u8]] = &[
    "仅输出合法 JSON 对象。\n输出结构：{\"is_liked\": boolean}。否则 is_liked=false。".as_bytes(),
    "结构:{\"intent\": \"like\"|\"dislike\"}。信息不足时返回 {\"intent\": \"like\"}。".as_bytes(),
    b"Shape: {\"a\": [{\"b\": number, \"c\"?: string[]}]}. If unsure, return {\"a\": []}.",
    b"{'x': string | null, // why\n y: Array<number>}",
];
const ANSWERS: &[&[u8]] = &[
    b"<think>hm {\"is_liked\": false}</think>\n```json\n{\"is_liked\": true}\n```",
    b"Sure! {\"intent\": \"like\", \"why\": \"\\u00e9\"} trailing",
    b"[{\"title\": \"a\", \"price\": 1.5e3}, {}]",
];

fn run<'t>(plan: &Plan, pieces: impl Iterator<Item = &'t str>) -> Result<String, Problem> {
    read(plan, &spoken(pieces))
}

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn any_control_is_a_plan_that_accepts_its_own_fallback(control in fuzz::text(CONTROLS)) {
        let plan = fuzz::timed(|| Plan::of(&control));
        if let Some(fallback) = plan.fallback() {
            let value: Value = serde_json::from_str(&fallback).unwrap();
            prop_assert!(plan.accept(&value, fallback.clone()).is_some(), "{fallback}");
        }
        if let Some(schema) = plan.schema() {
            // A shorthand such as `string[][]` expands to more than is written, within the maximum depth.
            prop_assert!(schema.to_string().len() <= 1000 + control.len() * 200);
        }
    }

    #[test]
    fn only_a_value_that_fits_leaves_the_gate(
        control in fuzz::text(CONTROLS), answer in fuzz::text(ANSWERS), size in 1_usize..30,
    ) {
        let plan = Plan::of(&control);
        let whole = fuzz::timed(|| run(&plan, std::iter::once(answer.as_str())));
        if let Ok(text) = &whole {
            let value: Value = serde_json::from_str(text).unwrap();
            prop_assert!(plan.accept(&value, String::new()).is_some());
        }
        let letters: Vec<char> = answer.chars().collect();
        let pieces: Vec<String> = letters.chunks(size).map(|piece| piece.iter().collect()).collect();
        prop_assert_eq!(run(&plan, pieces.iter().map(String::as_str)), whole, "however it is cut");
    }
}
