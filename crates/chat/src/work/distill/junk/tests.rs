//! The labelled set of `bench/learn`. The proposals of a model that wants to keep everything are fixed, so
//! that the rules are what is measured.

use super::*;

const SETS: [(&str, &str); 2] = [
    ("English", include_str!("../../../../../../bench/learn/english.txt")),
    ("Chinese", include_str!("../../../../../../bench/learn/chinese.txt")),
];
/// Lower limits of precision and recall, in percent.
const PRECISION: usize = 90;
const RECALL: usize = 70;

struct Labelled<'t> {
    is_kept: bool,
    said: &'t str,
    fact: &'t str,
}

fn labelled(text: &str) -> Vec<Labelled<'_>> {
    let lines = text.lines().filter(|line| line.starts_with(['+', '-']));
    lines
        .map(|line| {
            let (said, fact) = line[1..].split_once('|').expect("an utterance and a fact");
            Labelled { is_kept: line.starts_with('+'), said: said.trim(), fact: fact.trim() }
        })
        .collect()
}

#[test]
fn what_matters_is_kept_and_junk_is_not() {
    let mut count = 0;
    for (language, text) in SETS {
        let (mut kept, mut right, mut wanted) = (0, 0, 0);
        for one in labelled(text) {
            count += 1;
            let reason = reason(one.fact, one.said, one.said);
            wanted += usize::from(one.is_kept);
            kept += usize::from(reason.is_none());
            right += usize::from(reason.is_none() && one.is_kept);
            if reason.is_none() != one.is_kept {
                println!("{language}: {} ({reason:?})", one.said);
            }
        }
        println!("{language}: precision {right}/{kept}, recall {right}/{wanted}");
        assert!(right * 100 >= kept * PRECISION, "{language}: precision {right}/{kept}");
        assert!(right * 100 >= wanted * RECALL, "{language}: recall {right}/{wanted}");
    }
    assert!(count >= 300, "{count}");
}

#[test]
fn nothing_is_worth_keeping_in_an_empty_quotation() {
    assert_eq!(reason("x", "", ""), Some(Reason::Trivial));
    assert_eq!(reason("x", "…", "…"), Some(Reason::Trivial));
}
