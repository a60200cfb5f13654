//! The OpenAPI document is a promise to clients, so changes to it need a review of the snapshot.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::Value;
use testkit::{Engine, TestServer, both_engines};

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_as_reviewed() {
    let server = TestServer::start(Engine::Sqlite).await;
    let document = server.anyone().get("/openapi.json").await.json();
    insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("openapi", document);
    });
}

/// Two Rust types with the same schema name overwrite each other in the document, so one of them is described
/// wrongly. The names are compared in the sources, because the merged document keeps no trace of it.
#[test]
fn no_two_types_have_one_schema_name() {
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for name in schema_names(&text) {
            named.entry(name).or_default().push(file.display().to_string());
        }
    }
    assert!(named.len() > 100, "the types are found: {}", named.len());
    let twice: Vec<_> = named.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.is_empty(), "give one of them another name by #[schema(as = …)]: {twice:#?}");
}

/// Returns the Rust files in a directory and its subdirectories.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

/// Returns the schema name of each type in a file that derives `ToSchema`: that of `#[schema(as = …)]`, else
/// the type's own.
fn schema_names(text: &str) -> Vec<String> {
    let (mut names, mut attributes, mut in_attribute) = (Vec::new(), String::new(), false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") || in_attribute {
            attributes.push_str(line);
            in_attribute = !line.ends_with(']');
            continue;
        }
        if line.starts_with("///") {
            continue;
        }
        let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let keyword = words.iter().position(|word| matches!(*word, "struct" | "enum"));
        if let Some(own) = keyword.and_then(|at| words.get(at + 1))
            && attributes.contains("ToSchema")
        {
            let other =
                attributes.split_once("schema(as = ").map(|(_, rest)| rest.split([')', ',']).next().unwrap());
            names.push(other.unwrap_or(own).to_owned());
        }
        attributes.clear();
    }
    names
}

#[test]
fn schema_names_are_found() {
    let text = "#[derive(Debug, ToSchema)]\n#[schema(as = Other, title = \"x\")]\n\
        pub(crate) struct One<T> {}\n\
        #[derive(\n    Debug,\n    ToSchema\n)]\n/// About it.\nenum Two {}\n\
        #[derive(Debug)]\nstruct Three;\n";
    assert_eq!(schema_names(text), ["Other", "Two"]);
}

/// Calls `look` with every object in the document.
fn walk<'d>(value: &'d Value, look: &mut impl FnMut(&'d serde_json::Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            look(members);
            members.values().for_each(|value| walk(value, look));
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, look)),
        _ => {}
    }
}

#[both_engines]
async fn every_operation_has_an_id_of_its_own_and_says_how_it_fails(server: TestServer) {
    let document = server.anyone().get("/openapi.json").await.json();
    let mut ids = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            assert!(operation["summary"].is_string(), "{what}");
            let responses = operation["responses"].as_object().unwrap();
            // Statuses that any operation may return; 401 and 403 only if it needs a credential.
            let mut expected = vec!["400", "408", "429", "500", "503"];
            if !operation["security"].as_array().unwrap().is_empty() {
                expected.extend(["401", "403"]);
            }
            if path.contains('{') {
                expected.push("404");
            }
            if operation["requestBody"].is_object() {
                expected.extend(["413", "422"]);
            }
            for status in expected {
                assert!(responses.contains_key(status), "{what}: {status}");
            }
            assert!(responses["200"]["description"].is_string(), "{what}");
            assert!(!responses.contains_key("default"), "{what}: every status is named");
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[both_engines]
async fn every_reference_leads_somewhere_and_no_schema_forbids_what_it_has(server: TestServer) {
    let document = server.anyone().get("/openapi.json").await.json();
    let mut references = 0;
    walk(&document, &mut |object| {
        if let Some(Value::String(reference)) = object.get("$ref") {
            references += 1;
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        // If a part of `allOf` allows no additional members, it forbids those of the other parts.
        for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let schema = match part["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
                None => part,
            };
            assert_ne!(schema["additionalProperties"], false, "{object:?}");
        }
    });
    assert!(references > 100);
}

#[both_engines]
async fn every_security_requirement_is_a_declared_scheme(server: TestServer) {
    let document = server.anyone().get("/openapi.json").await.json();
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes["session"]["in"], "cookie");
    assert_eq!(schemes["session"]["name"], "doppel_session");
    walk(&document["paths"], &mut |object| {
        for requirement in object.get("security").and_then(Value::as_array).into_iter().flatten() {
            for name in requirement.as_object().unwrap().keys() {
                assert!(schemes.contains_key(name), "{name}");
            }
        }
    });
}

#[both_engines("server.public_url = \"https://doppel.example\"")]
async fn behind_tls_the_cookie_has_its_real_name(server: TestServer) {
    let document = server.anyone().get("/openapi.json").await.json();
    assert_eq!(document["components"]["securitySchemes"]["session"]["name"], "__Host-doppel_session");
}

/// The reference is a part of the documentation. Its former address leads there.
#[both_engines]
async fn the_former_reference_leads_to_the_documentation(server: TestServer) {
    for path in ["/reference", "/reference/", "/reference/index.html"] {
        let answer = server.anyone().get(path).await;
        assert_eq!((answer.status, answer.header("location")), (308, "/docs/api"), "{path}");
    }
    assert_eq!(server.anyone().get("/docs/api").await.status, 200);
}
