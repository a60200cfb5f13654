//! Fuzz targets: imported archives, CSV, JSON Lines and Markdown.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex},
};

use flate2::{Compression, write::GzEncoder};
use futures::{executor::block_on, future::BoxFuture};
use proptest::prelude::*;
use web::{
    ApiError, Archive,
    archive::{Given, MAX_LINE, Part, Section, Taken},
};

use super::{Import, Listener, Outcome};

/// The lines and names of files that reached a section.
type Seen = Arc<Mutex<Vec<String>>>;

/// A section that accepts everything.
struct Recorder {
    name: &'static str,
    seen: Seen,
}

impl Section for Recorder {
    fn name(&self) -> &'static str {
        self.name
    }

    fn export(&self, _: i64, _: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async { Ok(Part::default()) })
    }

    fn import(&self, _: i64, given: Vec<Given>) -> BoxFuture<'_, Result<Taken, ApiError>> {
        let added = u64::try_from(given.len()).unwrap();
        self.seen.lock().unwrap().extend(given.into_iter().map(|given| given.text));
        Box::pin(async move { Ok(Taken { added, ..Taken::default() }) })
    }

    fn import_file(&self, _: i64, name: String, path: PathBuf) -> BoxFuture<'_, Result<bool, ApiError>> {
        assert!(!name.contains('/'), "{name}");
        assert!(
            path.starts_with(std::env::temp_dir()),
            "no name of an archive becomes a path: {}",
            path.display()
        );
        self.seen.lock().unwrap().push(name);
        Box::pin(async { Ok(true) })
    }
}

#[derive(Default)]
struct Silent {
    refused: u64,
}

impl Listener for Silent {
    fn progress(&mut self, _: u64) {}
    fn refused(&mut self, _: &str, _: u64, why: &str) {
        assert!(!why.is_empty());
        self.refused += 1;
    }
}

/// Imports a file with this name and content. Returns what reached the sections, and the outcome if the file
/// was read to its end.
fn import(name: &str, bytes: &[u8]) -> (Vec<String>, Option<Outcome>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    store::durable::write(&path, bytes).unwrap();
    let seen = Seen::default();
    let section = |name| Box::new(Recorder { name, seen: Arc::clone(&seen) }) as Box<dyn Section>;
    let archive = Archive::new(vec![section("notes"), section("key-memories"), section("files")]);
    let mut listener = Silent::default();
    let outcome = fuzz::timed(|| block_on(Import::new(&archive, 1, 1 << 20, &mut listener).run(&path))).ok();
    if let Some(outcome) = outcome {
        assert_eq!(outcome.refused, listener.refused, "every refusal is told");
    }
    let seen = seen.lock().unwrap().clone();
    (seen, outcome)
}

/// Builds an archive with these entries.
fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_size(u64::try_from(content.len()).unwrap());
        header.set_mode(0o600);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

const ABOUT: &[u8] = br#"{"format":"doppel-archive","version":1,"exportedAt":"2026-01-01T00:00:00Z","email":"a@b","name":"A"}"#;

static ARCHIVES: LazyLock<Vec<&'static [u8]>> = LazyLock::new(|| {
    let tar = packed(&[
        ("doppel.json", ABOUT),
        ("notes/0001.jsonl", b"{\"content\":\"a\"}\n{\"content\":\"b\"}\n"),
        ("files/data/0123.png", b"\x89PNG"),
        ("unknown/0001.jsonl", b"{}\n"),
    ]);
    let zip = zipped(&tar);
    vec![Vec::leak(tar), Vec::leak(zip)]
});

const TABLES: &[&[u8]] = &[
    "content,visibility,actor\n\"likes \"\"tea\"\"\",0,me\n喜欢茶,1,\n".as_bytes(),
    b"\xef\xbb\xbfFact;object\r\nx;y\r\n",
    b"fact_content\n\"unclosed",
];
const LINES: &[&[u8]] = &[b"{\"factContent\":\"a\"}\n\n{\"factContent\":\"b\"}\r\n{", b"\xff\n{}\n"];
const NOTES: &[&[u8]] = &["---\nx: 1\n---\n# 读书笔记\ntext\n".as_bytes(), b"\xef\xbb\xbfno heading"];

proptest! {
    // Each case writes a file.
    #![proptest_config(fuzz::config())]

    #[test]
    fn an_archive_gives_lines_and_names_and_touches_nothing_else(bytes in fuzz::bytes(ARCHIVES.as_slice()), zip: bool) {
        let bytes = if zip { zipped(&bytes) } else { bytes };
        let (seen, _) = import("a.tar.gz", &bytes);
        prop_assert!(seen.iter().all(|text| text.len() <= MAX_LINE));
    }

    #[test]
    fn a_table_gives_objects(bytes in fuzz::bytes(TABLES)) {
        let (seen, outcome) = import("a.csv", &bytes);
        for text in &seen {
            let entry: serde_json::Value = serde_json::from_str(text).unwrap();
            prop_assert!(entry.is_object());
        }
        if let Some(outcome) = outcome {
            prop_assert_eq!(outcome.added, u64::try_from(seen.len()).unwrap());
        }
    }

    #[test]
    fn lines_are_given_as_they_stand(bytes in fuzz::bytes(LINES)) {
        let (seen, outcome) = import("a.jsonl", &bytes);
        prop_assert!(outcome.is_some(), "a bad line ends nothing");
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        prop_assert!(seen.iter().all(|text| lines.contains(&text.as_bytes())));
    }

    #[test]
    fn a_note_keeps_its_text(bytes in fuzz::bytes(NOTES)) {
        let (seen, outcome) = import("a.md", &bytes);
        prop_assert!(outcome.is_some());
        match std::str::from_utf8(&bytes) {
            Ok(text) => {
                let entry: serde_json::Value = serde_json::from_str(&seen[0]).unwrap();
                prop_assert_eq!(entry["content"].as_str(), Some(text.trim_start_matches('\u{feff}')));
                prop_assert!(entry["title"].as_str().unwrap().chars().count() <= 200);
            }
            Err(_) => prop_assert!(seen.is_empty()),
        }
    }
}
