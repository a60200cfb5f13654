//! Fuzz targets: imported archives, CSV, JSON Lines and Markdown.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex},
};

use archive::{Archive, ImportLine, ImportSummary, MAX_LINE, Part, Section};
use flate2::{Compression, write::GzEncoder};
use futures::{executor::block_on, future::BoxFuture};
use proptest::prelude::*;
use store::AccountId;
use web::ApiError;

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

    fn export(&self, _: AccountId, _: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async { Ok(Part::default()) })
    }

    fn import(&self, _: AccountId, given: Vec<ImportLine>) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        let added = u64::try_from(given.len()).unwrap();
        self.seen.lock().unwrap().extend(given.into_iter().map(|given| given.text));
        Box::pin(async move { Ok(ImportSummary { added, ..ImportSummary::default() }) })
    }

    fn import_file(
        &self,
        _: AccountId,
        name: String,
        path: PathBuf,
    ) -> BoxFuture<'_, Result<bool, ApiError>> {
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
    fn doubted(&mut self, _: &str, _: u64, what: &str) {
        assert!(!what.is_empty());
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
    let archive =
        Archive::new(["notes", "key-memories", "files", "conversations", "review"].map(section).into());
    let mut listener = Silent::default();
    let outcome =
        fuzz::timed(|| block_on(Import::new(&archive, AccountId(1), 1 << 20, &mut listener).run(&path))).ok();
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

const ABOUT: &[u8] = br#"{"format":"doppel-archive","version":1,
    "exportedAt":"2026-01-01T00:00:00Z","email":"a@b","name":"A"}"#;

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
    "sep=;\n内容;时间;标签\n喜欢茶;2024-01-05;\"a;b\"\n\"never closed;1\nlikes tea;;\n".as_bytes(),
    b"content,time\n\xcf\xb2\xbb\xb6\xd4\xc4\xb6\xc1,20240105\n",
    b"\xff\xfec\0o\0n\0t\0e\0n\0t\0\n\0a\0\n\0",
];
const LINES: &[&[u8]] = &[
    b"{\"factContent\":\"a\"}\n\n{\"factContent\":\"b\"}\r\n{",
    b"\xff\n{}\n",
    b"\xef\xbb\xbf{\"memory\":\"a\",\"created_at\":\"2024-01-05T01:30:00Z\",\"id\":\"x\",\"tags\":[\"a\"]}\n",
];
const LISTS: &[&[u8]] = &[
    b"[{\"memory\":\"a\"},1,{\"content\":\"b\",\"time\":\"?\"}]",
    b"{\"results\":[{\"id\":\"x\",\"memory\":\"a\",\"created_at\":1704418200}]}",
];
const NOTES: &[&[u8]] = &["---\nx: 1\n---\n# 读书笔记\ntext\n".as_bytes(), b"\xef\xbb\xbfno heading"];

proptest! {
    // Each case writes a file.
    #![proptest_config(fuzz::config())]

    #[test]
    fn an_archive_gives_lines_and_names_and_touches_nothing_else(
        bytes in fuzz::bytes(ARCHIVES.as_slice()), zip: bool,
    ) {
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
    fn lines_are_given_as_objects_or_as_they_stand(bytes in fuzz::bytes(LINES)) {
        let (seen, outcome) = import("a.jsonl", &bytes);
        let outcome = outcome.expect("a bad line ends nothing");
        let is_object = |text: &String| serde_json::from_str(text).is_ok_and(
            |value: serde_json::Value| value.is_object(),
        );
        // With zeros it may be UTF-16.
        if let Ok(text) = std::str::from_utf8(&bytes)
            && !bytes.contains(&0)
        {
            let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap_or(text).split('\n').collect();
            // It may be one list rather than lines.
            let mut trimmed = lines.iter().map(|line| line.trim());
            let first = trimmed.find(|line| !line.is_empty()).unwrap_or_default();
            let is_cut = serde_json::from_str::<serde_json::Value>(first).is_err_and(|error| error.is_eof());
            if is_cut || first.starts_with('[') {
                return Ok(());
            }
            prop_assert!(seen.iter().all(|text| is_object(text) || lines.contains(&text.as_str())));
            let given = lines.iter().filter(|line| !line.trim().is_empty()).count();
            prop_assert_eq!(
                u64::try_from(given).unwrap(), outcome.added + outcome.refused, "no line is lost",
            );
        }
    }

    #[test]
    fn a_list_gives_objects(bytes in fuzz::bytes(LISTS)) {
        let (seen, _) = import("a.json", &bytes);
        for text in &seen {
            prop_assert!(serde_json::from_str::<serde_json::Value>(text).unwrap().is_object());
        }
    }

    #[test]
    fn a_table_that_is_cut_says_so(at in 0_usize..2000, number in 0..TABLES.len()) {
        let bytes = TABLES[number];
        let (seen, outcome) = import("a.csv", &bytes[..at % (bytes.len() + 1)]);
        if let Some(outcome) = outcome {
            prop_assert_eq!(outcome.added, u64::try_from(seen.len()).unwrap());
        }
    }

    #[test]
    fn a_note_keeps_its_text(bytes in fuzz::bytes(NOTES)) {
        let (seen, outcome) = import("a.md", &bytes);
        let outcome = outcome.expect("a file is taken or refused");
        prop_assert_eq!((seen.len(), outcome.refused), if outcome.refused > 0 { (0, 1) } else { (1, 0) });
        if let Some(entry) = seen.first() {
            let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
            prop_assert!(entry["title"].as_str().unwrap().chars().count() <= 200);
        }
    }
}
