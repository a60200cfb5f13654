//! Checks of the documentation: the tests, fuzz targets and operations that it names exist.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the texts between backticks in a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_name(text: &str) -> bool {
    text.contains('_')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// In a table of SECURITY.md, a cell names a file of tests and then tests in it.
#[test]
fn every_test_that_guards_a_promise_exists() {
    let text = std::fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let (mut tests, mut missing) = (0, Vec::new());
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let mut file: Option<(&str, String)> = None;
        for word in quoted(line) {
            if word.ends_with(".rs") || word.ends_with(".py") {
                match std::fs::read_to_string(root().join(word)) {
                    Ok(text) => file = Some((word, text)),
                    Err(_) => missing.push(word.to_owned()),
                }
            } else if let Some((path, text)) = &file
                && is_name(word)
            {
                tests += 1;
                if !text.contains(&format!("fn {word}(")) {
                    missing.push(format!("{path}: {word}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "SECURITY.md names what is not there: {missing:#?}");
    assert!(tests > 40, "{tests} tests are named");
}

/// Files with fuzz targets among their unit tests, and the one of the integration tests.
const BESIDE: [&str; 5] = [
    "crates/outgoing/src/decode/tests.rs",
    "crates/search/src/bare.rs",
    "crates/search/src/dates/phrases.rs",
    "crates/web/src/strict.rs",
    "tests/fuzz.rs",
];

/// The table of docs/testing.md lists exactly the files of fuzz targets.
#[test]
fn every_fuzz_target_is_listed() {
    let text = std::fs::read_to_string(root().join("docs/testing.md")).unwrap();
    let mut found = Vec::new();
    find(&root().join("crates"), &mut found);
    let mut found: Vec<String> = found
        .iter()
        .map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned())
        .chain(BESIDE.map(str::to_owned))
        .collect();
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let mut listed: Vec<String> =
        rows.flat_map(quoted).filter(|word| word.ends_with(".rs")).map(str::to_owned).collect();
    found.sort();
    listed.sort();
    listed.dedup();
    assert_eq!(listed, found);
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            find(&path, found);
        } else if path.ends_with("fuzz_tests.rs") {
            found.push(path);
        }
    }
}

/// docs/api.md describes every operation of the OpenAPI document.
#[test]
fn every_operation_is_described() {
    let described = std::fs::read_to_string(root().join("docs/api.md")).unwrap();
    let document = std::fs::read_to_string(root().join("tests/snapshots/openapi.snap")).unwrap();
    let lines = document.lines().filter_map(|line| line.trim().strip_prefix("\"operationId\": \""));
    let operations: Vec<&str> = lines.filter_map(|rest| rest.split('"').next()).collect();
    let missing: Vec<_> =
        operations.iter().filter(|name| !described.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/api.md does not describe {missing:?}");
    assert!(operations.len() > 80, "{} operations", operations.len());
}
