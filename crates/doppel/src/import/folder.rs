//! Markdown files as notes: a single file, or a folder with its subfolders.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;
use web::archive::Given;

use super::Import;

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
            match note(path) {
                Ok(text) => given.push((path, text)),
                Err(why) => import.refuse(&path.display().to_string(), 1, &why),
            }
        }
        for (path, text) in given {
            import.batch(section, &path.display().to_string(), vec![Given { line: 1, text }]).await?;
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

/// Reads a file as an entry of an archive.
fn note(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if about.len() > MAX_BYTES {
        return Err(format!("the file has more than {MAX_BYTES} bytes"));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_other| "the file is not UTF-8".to_owned())?;
    let text = text.trim_start_matches('\u{feff}');
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let written = about.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let written = written.and_then(|time| i64::try_from(time.as_millis()).ok());
    Ok(json!({"title": title(text, &name), "content": text, "createTime": written}).to_string())
}

/// Returns the first heading, or else the name of the file.
fn title(text: &str, name: &str) -> String {
    let heading = text.lines().find_map(|line| line.strip_prefix("# ")).map(str::trim);
    let title = heading.filter(|heading| !heading.is_empty()).unwrap_or(name);
    title.chars().filter(|c| !c.is_control()).take(memory::note::rules::MAX_TITLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        assert_eq!(title("---\nx: 1\n---\n# 读书笔记 \ntext", "a"), "读书笔记");
        assert_eq!(title("no heading\n## second", "name"), "name");
        assert_eq!(title(&format!("# {}", "长".repeat(300)), "name").chars().count(), 200);
    }
}
