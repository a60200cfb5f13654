//! Checks for every response in the tests that the OpenAPI document names its status.

use std::{path::Path, sync::LazyLock};

use serde_json::Value;

/// An operation of the OpenAPI document, with the segments of its path and the statuses it documents.
struct Operation {
    method: String,
    segments: Vec<String>,
    statuses: Vec<u16>,
}

/// The operations in the snapshot of the OpenAPI document.
static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/snapshots/openapi.snap");
    let text = std::fs::read_to_string(path).expect("the snapshot of the document");
    let json = text.splitn(3, "---\n").nth(2).expect("a snapshot");
    let document: Value = serde_json::from_str(json).expect("a document");
    let items = document.get("paths").and_then(Value::as_object).expect("paths");
    let operations = items.iter().flat_map(|(path, item)| {
        item.as_object().expect("an item").iter().map(move |(method, operation)| Operation {
            method: method.to_uppercase(),
            segments: path.split('/').map(str::to_owned).collect(),
            statuses: operation
                .get("responses")
                .and_then(Value::as_object)
                .expect("responses")
                .keys()
                .filter_map(|status| status.parse().ok())
                .collect(),
        })
    });
    operations.collect()
});

impl Operation {
    fn matches(&self, method: &str, path: &str) -> bool {
        let segments: Vec<&str> = path.split('/').collect();
        self.method == method
            && self.segments.len() == segments.len()
            && self.segments.iter().zip(segments).all(|(own, given)| own.starts_with('{') || own == given)
    }

    /// Counts the segments that are parameters. Of several matching paths, a request is routed to the one
    /// with the fewest.
    fn parameters(&self) -> usize {
        self.segments.iter().filter(|segment| segment.starts_with('{')).count()
    }
}

/// Checks that an operation documents a status. Requests to paths outside the document are not checked.
///
/// # Panics
/// If it does not; the message has the operation and the status.
#[track_caller]
pub(crate) fn check(method: &str, path: &str, status: u16) {
    let path = path.strip_prefix("/gate/lab").unwrap_or(path);
    if !path.starts_with("/api/") {
        return;
    }
    let matching = OPERATIONS.iter().filter(|operation| operation.matches(method, path));
    if let Some(operation) = matching.min_by_key(|operation| operation.parameters()) {
        assert!(
            operation.statuses.contains(&status),
            "{method} {} answers {status}, which the OpenAPI document does not say \
             (crates/doppel/src/openapi/answers.rs)",
            operation.segments.join("/")
        );
    }
}
