//! Every format by an invented sample with its traps, and what must come out of it.

mod formats;
mod packs;

use std::path::Path;

use crate::{Event, Item, Limits, Note, Options, Problem, Reader, Reason, Source};
use store::Zone;

/// The entries and problems of a file.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Result {
    pub(crate) source: Option<Source>,
    /// `fact: …`, `ask: …`, `note: TITLE | TEXT`, `talk: TITLE | user: … | assistant: …`.
    pub(crate) items: Vec<String>,
    /// Native ids.
    pub(crate) natives: Vec<String>,
    /// Times of the items.
    pub(crate) times: Vec<Option<i64>>,
    pub(crate) problems: Vec<(u64, Reason)>,
    pub(crate) left: u64,
}

fn shown(item: &Item) -> (String, Option<i64>) {
    match item {
        Item::Fact(fact) => (format!("fact: {}", fact.text), fact.created),
        Item::Proposal(fact) => (format!("ask: {}", fact.text), fact.created),
        Item::Note(Note { title, text, created, .. }) => {
            (format!("note: {title} | {}", text.trim_end()), *created)
        }
        Item::Conversation(talk) => {
            let said =
                talk.messages.iter().map(|message| format!("{}: {}", message.role.name(), message.text));
            let all: Vec<String> = std::iter::once(format!("talk: {}", talk.title)).chain(said).collect();
            (all.join(" | "), talk.created)
        }
    }
}

/// Reads a file or folder.
pub(crate) fn read_path(path: &Path, source: Option<Source>) -> std::result::Result<Result, Problem> {
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let limits = Limits { file: 1 << 30, entries: 1000, free: 8 << 20, ratio: 100 };
    let (reader, source) = Reader::open(path, Options { zone, source, limits })?;
    let mut result = Result { source: Some(source), ..Result::default() };
    for event in reader {
        match event {
            Event::Found(found) => {
                let (text, time) = shown(&found.item);
                result.items.push(text);
                result.times.push(time);
                result.natives.push(found.native);
            }
            Event::Problem(problem) => result.problems.push((problem.line, problem.reason)),
            Event::Left(count) => result.left += count,
        }
    }
    Ok(result)
}

/// Reads a file with this name and content.
pub(crate) fn read(name: &str, bytes: impl AsRef<[u8]>) -> Result {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    store::durable::write(&path, bytes.as_ref()).unwrap();
    match read_path(&path, None) {
        Ok(result) => result,
        Err(problem) => Result { problems: vec![(problem.line, problem.reason)], ..Result::default() },
    }
}

/// Packs files into a zip.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        out.start_file(*name, options).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}
