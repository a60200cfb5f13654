//! The hash by which the same file is recognized.

use std::{fs::File, io::Read, path::Path};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::Choice;

/// Maximum depth of nested folders.
const MAX_DEPTH: usize = 32;

/// Returns the SHA-256 of a file, or of the names and contents of a folder, and of what is left out.
pub(super) fn of(from: &Path, choice: &Choice) -> Result<String> {
    let mut hash = Sha256::new();
    add(&mut hash, from, 0)?;
    let mut text = String::new();
    for left in choice.sections.iter().chain(&choice.groups) {
        hash.update(format!("\0without {left}"));
    }
    for byte in hash.finalize() {
        use std::fmt::Write;
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

fn add(hash: &mut Sha256, path: &Path, depth: usize) -> Result<()> {
    let reading = || format!("cannot read {}", path.display());
    let about = std::fs::symlink_metadata(path).with_context(reading)?;
    if about.is_dir() && depth < MAX_DEPTH {
        let list = std::fs::read_dir(path).with_context(reading)?;
        let mut names: Vec<_> = list.filter_map(|entry| entry.ok().map(|entry| entry.file_name())).collect();
        names.sort();
        for name in names {
            hash.update(name.as_encoded_bytes());
            add(hash, &path.join(name), depth + 1)?;
        }
        return Ok(());
    }
    // A link inside of a folder is not followed.
    if !about.is_file() && depth > 0 {
        return Ok(());
    }
    let mut file = File::open(path).with_context(reading)?;
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut chunk).with_context(reading)?;
        if read == 0 {
            return Ok(());
        }
        hash.update(chunk.get(..read).unwrap_or_default());
    }
}
