//! Markdown files as notes: a single file, or a folder with its subfolders.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use archive::ImportLine;
use serde_json::json;
use store::Zone;

use super::{Import, encoding, markdown};

const SECTION: &str = "notes";
/// Maximum depth of nested folders.
const MAX_DEPTH: usize = 32;
/// Maximum size of a file in bytes. No note may be larger.
const MAX_BYTES: u64 = 1 << 20;
/// Number of notes in a batch. They are longer than facts.
const BATCH: usize = 20;

pub(super) async fn take(import: &mut Import<'_>, from: &Path) -> Result<()> {
    let section = import.section(SECTION)?;
    let mut files = Vec::new();
    if from.is_dir() {
        find(from, 0, &mut files)?;
    } else {
        files.push(from.to_owned());
    }
    for some in files.chunks(BATCH) {
        let mut given = Vec::new();
        for path in some {
            match note(path, &import.zone) {
                Ok(entry) => given.push((path, entry)),
                Err(why) => import.refuse(&path.display().to_string(), 1, &why),
            }
        }
        for (path, (text, doubt)) in given {
            let place = path.display().to_string();
            import.doubt(&place, 1, doubt);
            import.batch(section, &place, vec![ImportLine { line: 1, text }]).await?;
        }
    }
    Ok(())
}

/// Finds Markdown and text files by their names, in order. Links are not followed, hidden files are skipped.
fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let reading = || format!("cannot read {}", folder.display());
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).with_context(reading)?.collect::<Result<_, _>>().with_context(reading)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (kind, path) = (entry.file_type().with_context(reading)?, entry.path());
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() && depth < MAX_DEPTH {
            find(&path, depth + 1, files)?;
        } else if kind.is_file() && is_text(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_text(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["md", "markdown", "txt"].iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// Reads a file as an entry of an archive, with a warning if a time was not understood.
fn note(path: &Path, zone: &Zone) -> Result<(String, Option<String>), String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if about.len() > MAX_BYTES {
        return Err(format!("the file has more than {MAX_BYTES} bytes"));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let text =
        encoding::text(&bytes).ok_or_else(|| "the file is neither UTF-8, UTF-16 nor GBK".to_owned())?;
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let note = markdown::read(&text, &name, zone);
    let written = about.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let written = written.and_then(|time| i64::try_from(time.as_millis()).ok());
    let title: String =
        note.title.chars().filter(|c| !c.is_control()).take(memory::note::rules::MAX_TITLE).collect();
    let entry = json!({
        "title": title,
        "content": note.text,
        "createTime": note.created.or(written),
        "updateTime": note.updated,
    });
    Ok((entry.to_string(), note.doubt))
}
