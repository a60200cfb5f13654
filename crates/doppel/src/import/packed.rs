//! An archive of Doppel, compressed with gzip or not.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, Write},
    path::Path,
};

use anyhow::{Context, Result, bail};
use archive::{ABOUT, DATA, FORMAT, Manifest, VERSION};
use flate2::read::MultiGzDecoder;
use tar::{Entry, EntryType};

use super::Import;

/// Maximum ratio of the sizes of a compressed archive after and before decompression. Up to [`FREE`] bytes it
/// does not apply.
const MAX_RATIO: u64 = 100;
const FREE: u64 = 1 << 30;
/// Maximum size of the description of an archive, in bytes.
const MAX_ABOUT: u64 = 64 << 10;

/// Returns true for an archive of this program.
pub(super) fn is_own(from: &Path) -> bool {
    let Ok(mut file) = File::open(from) else { return false };
    let mut magic = [0; 2];
    let is_packed = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    if file.rewind().is_err() {
        return false;
    }
    let reader: Box<dyn Read> =
        if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(BufReader::new(file)) };
    let mut archive = tar::Archive::new(reader);
    let first = archive.entries().ok().and_then(|mut entries| entries.next());
    first.is_some_and(|entry| entry.is_ok_and(|entry| &*entry.path_bytes() == ABOUT.as_bytes()))
}

pub(super) async fn take(import: &mut Import<'_>, from: &Path) -> Result<()> {
    let place = from.display().to_string();
    let mut file = File::open(from).with_context(|| format!("cannot read {place}"))?;
    let packed_bytes = file.metadata()?.len();
    let mut magic = [0; 2];
    let read = file.read(&mut magic)?;
    file.rewind()?;
    let reader: Box<dyn Read> = if read == 2 && magic == [0x1f, 0x8b] {
        let most = packed_bytes.saturating_mul(MAX_RATIO).max(FREE);
        Box::new(Bounded { inner: MultiGzDecoder::new(BufReader::new(file)), left: most })
    } else {
        Box::new(BufReader::new(file))
    };
    let mut archive = tar::Archive::new(reader);
    let broken = || format!("{place} is no archive, or is damaged");
    let mut is_ours = false;
    for entry in archive.entries().with_context(broken)? {
        let mut entry = entry.with_context(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type() != EntryType::Regular {
            if entry.header().entry_type() != EntryType::Directory {
                import.refuse(&name, 0, "only files and folders are taken from an archive");
            }
            continue;
        }
        if name == ABOUT {
            check(&mut entry).with_context(broken)?;
            is_ours = true;
            continue;
        }
        if !is_ours {
            bail!("{place} does not begin with {ABOUT}: it is no archive of Doppel");
        }
        take_entry(import, &name, entry).await?;
    }
    if is_ours { Ok(()) } else { bail!("{place} is empty: it is no archive of Doppel") }
}

fn check(entry: &mut impl Read) -> Result<()> {
    let mut text = String::new();
    entry.take(MAX_ABOUT).read_to_string(&mut text)?;
    let about: Manifest = serde_json::from_str(&text)?;
    if about.format != FORMAT || about.version > VERSION {
        bail!(
            "it is {} version {}; this program reads {FORMAT} up to version {VERSION}",
            about.format,
            about.version
        );
    }
    Ok(())
}

/// Imports an entry. Its name is examined, but never used as a path.
async fn take_entry<R: Read>(import: &mut Import<'_>, name: &str, mut entry: Entry<'_, R>) -> Result<()> {
    let parts: Vec<&str> = name.split('/').collect();
    let (section, file) = match parts.as_slice() {
        [section, part] if part.ends_with(".jsonl") => (*section, None),
        [section, folder, file] if *folder == DATA => (*section, Some(*file)),
        _ => {
            import.refuse(name, 0, "an archive has no such entry");
            return Ok(());
        }
    };
    let Ok(section) = import.section(section) else {
        import.refuse(name, 0, "this version knows no such section");
        return Ok(());
    };
    if section.is_for_reading() {
        return Ok(());
    }
    let Some(file) = file else {
        return import.lines(section, name, BufReader::new(entry)).await;
    };
    if entry.size() > import.max_file {
        import.refuse(name, 0, &format!("the file has more than {} bytes", import.max_file));
        return Ok(());
    }
    if import.is_trial {
        import.listener.seen(section.name(), "", file);
        import.outcome.added += 1;
        import.listener.progress(1);
        return Ok(());
    }
    let mut temporary = tempfile::NamedTempFile::new()?;
    std::io::copy(&mut entry, &mut temporary)?;
    temporary.flush()?;
    let taken = section.import_file(import.account, file.to_owned(), temporary.path().to_owned()).await;
    match taken {
        Ok(true) => import.outcome.added += 1,
        Ok(false) => import.outcome.known += 1,
        Err(error) if error.code().status().is_client_error() => {
            import.refuse(name, 0, &error.message(web::Language::En));
        }
        Err(error) => return Err(crate::describe(&error)),
    }
    import.listener.progress(1);
    Ok(())
}

/// A reader that fails if it would read more than a limit.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(u64::try_from(read).unwrap_or(u64::MAX))
            .ok_or_else(|| std::io::Error::other("it unpacks to far more than an archive would"))?;
        Ok(read)
    }
}
