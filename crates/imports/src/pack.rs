//! Files, folders and archives, as a list of entries that are opened one after the other.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use unicode_normalization::UnicodeNormalization;
use zip::ZipArchive;

use crate::model::{Problem, Reason};

/// Maximum depth of nested folders.
const MAX_DEPTH: usize = 32;

/// Bounds of what is unpacked.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Maximum number of bytes of a file as it is given.
    pub file: u64,
    /// Maximum number of entries of an archive.
    pub entries: usize,
    /// Number of unpacked bytes up to which any ratio is taken.
    pub free: u64,
    /// Maximum ratio of unpacked to packed bytes beyond that.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file: 5 << 30, entries: 200_000, free: 1 << 30, ratio: 100 }
    }
}

/// The place of an entry's bytes.
#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    /// The number of the archive, and of the entry in it.
    Zip(usize, usize),
    /// The number of the file, and the beginning in it.
    Range(usize, u64),
}

/// An entry: a file in a folder or an archive.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The name with its folders, separated by `/`. It is compared, never used as a path.
    pub(crate) name: String,
    /// The number of bytes.
    pub(crate) size: u64,
    /// The time of the file, in milliseconds since 1970. That of an archive's entry has no zone.
    pub(crate) modified: Option<i64>,
    place: Place,
}

impl Entry {
    /// Returns the name without its folders.
    pub(crate) fn base(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the ending of the name in lower case.
    pub(crate) fn ending(&self) -> String {
        self.base().rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
    }

    /// Returns the folders of the name.
    pub(crate) fn folder(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// A file, a folder, or an archive with the archives at its root.
pub struct Pack {
    zips: Vec<ZipArchive<BufReader<File>>>,
    files: Vec<File>,
    pub(crate) entries: Vec<Entry>,
    /// Entries that are no files or folders, or cannot be read.
    pub(crate) problems: Vec<Problem>,
    /// True if it is a single file.
    pub(crate) is_single: bool,
}

/// Returns a problem with a whole file.
fn whole(place: &str, reason: Reason) -> Problem {
    Problem { place: place.to_owned(), line: 0, reason, detail: String::new(), is_refused: true }
}

impl Pack {
    /// Opens a file, a folder or an archive.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, locked, or too large.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, Problem> {
        let shown = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let broken = || whole(&shown, Reason::Damaged);
        let mut pack = Self {
            zips: Vec::new(),
            files: Vec::new(),
            entries: Vec::new(),
            problems: Vec::new(),
            is_single: false,
        };
        let about = std::fs::metadata(path).map_err(|_none| broken())?;
        if about.is_dir() {
            pack.add_folder(path, "", 0, limits);
            pack.open_parts(limits);
            pack.sort();
            return Ok(pack);
        }
        if about.len() > limits.file {
            return Err(Problem { detail: format!("{} bytes", limits.file), ..whole(&shown, Reason::Long) });
        }
        let mut file = File::open(path).map_err(|_none| broken())?;
        match Kind::of(&mut file, &shown) {
            Kind::Zip => pack.add_zip(file, "", limits, true).map_err(|reason| whole(&shown, reason))?,
            Kind::Tar => pack.add_tar(file, limits).map_err(|reason| whole(&shown, reason))?,
            Kind::Gzip => {
                let most = about.len().saturating_mul(limits.ratio).max(limits.free);
                let mut plain = unpacked(file, most).map_err(|reason| whole(&shown, reason))?;
                if Kind::of(&mut plain, "") == Kind::Tar {
                    pack.add_tar(plain, limits).map_err(|reason| whole(&shown, reason))?;
                } else {
                    let name = shown.strip_suffix(".gz").unwrap_or(&shown).to_owned();
                    pack.add_file(plain, name);
                }
            }
            Kind::Other => {
                let modified = modified(&about);
                let (size, place) = (about.len(), Place::File(path.to_owned()));
                pack.entries.push(Entry { name: shown, size, modified, place });
                pack.is_single = true;
            }
        }
        pack.sort();
        Ok(pack)
    }

    fn sort(&mut self) {
        self.entries.sort_by(|a, b| a.name.cmp(&b.name));
    }

    fn add_file(&mut self, file: File, name: String) {
        let size = file.metadata().map(|about| about.len()).unwrap_or_default();
        let place = Place::Range(self.files.len(), 0);
        self.files.push(file);
        self.entries.push(Entry { name, size, modified: None, place });
        self.is_single = true;
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str, depth: usize, limits: &Limits) {
        let Ok(list) = std::fs::read_dir(folder) else { return };
        for entry in list.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if is_noise(&name) || self.entries.len() >= limits.entries {
                continue;
            }
            if kind.is_dir() && depth < MAX_DEPTH {
                self.add_folder(&entry.path(), &format!("{name}/"), depth + 1, limits);
            } else if kind.is_file()
                && let Ok(about) = entry.metadata()
            {
                let place = Place::File(entry.path());
                let (size, modified) = (about.len(), modified(&about));
                self.entries.push(Entry { name: name.nfc().collect(), size, modified, place });
            }
        }
    }

    /// Opens the archives at the root of a folder: parts of one export.
    fn open_parts(&mut self, limits: &Limits) {
        let is_part = |entry: &Entry| entry.ending() == "zip" && !entry.name.contains('/');
        let parts: Vec<Entry> = self.entries.iter().filter(|entry| is_part(entry)).cloned().collect();
        self.entries.retain(|entry| !is_part(entry));
        for part in parts {
            let Place::File(path) = &part.place else { continue };
            let opened = File::open(path).map_err(|_none| Reason::Damaged);
            if let Err(reason) = opened.and_then(|file| self.add_zip(file, "", limits, true)) {
                self.problems.push(whole(&part.name, reason));
            }
        }
    }

    fn add_zip(&mut self, file: File, prefix: &str, limits: &Limits, is_root: bool) -> Result<(), Reason> {
        let packed = file.metadata().map(|about| about.len()).unwrap_or_default();
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|_none| Reason::Damaged)?;
        let number = self.zips.len();
        if zip.len() + self.entries.len() > limits.entries {
            return Err(Reason::Bomb);
        }
        let (mut unpacked_bytes, mut inner) = (0_u64, Vec::new());
        for at in 0..zip.len() {
            let Ok(entry) = zip.by_index_raw(at) else {
                self.problems.push(whole(prefix, Reason::Damaged));
                continue;
            };
            let name = format!("{prefix}{}", name_of(entry.name_raw()));
            if entry.encrypted() {
                return Err(Reason::Locked);
            }
            if entry.is_dir() || name.ends_with('/') || is_noise(&name) {
                continue;
            }
            if is_outside(&name) || entry.is_symlink() {
                self.problems.push(whole(&name, Reason::Name));
                continue;
            }
            unpacked_bytes = unpacked_bytes.saturating_add(entry.size());
            let (size, modified) = (entry.size(), entry.last_modified().and_then(dos_time));
            // A part of the same export.
            if is_root && name.to_ascii_lowercase().ends_with(".zip") && !name.contains('/') {
                inner.push((at, name, size));
                continue;
            }
            self.entries.push(Entry { name, size, modified, place: Place::Zip(number, at) });
        }
        if unpacked_bytes > packed.saturating_mul(limits.ratio).max(limits.free) {
            return Err(Reason::Bomb);
        }
        self.zips.push(zip);
        for (at, name, size) in inner {
            let opened = self.copy(number, at, size).and_then(|file| {
                let prefix = if prefix.is_empty() { String::new() } else { prefix.to_owned() };
                self.add_zip(file, &prefix, limits, false)
            });
            if let Err(reason) = opened {
                self.problems.push(whole(&name, reason));
            }
        }
        Ok(())
    }

    /// Copies an entry of an archive to a temporary file, which has no name.
    fn copy(&mut self, zip: usize, at: usize, size: u64) -> Result<File, Reason> {
        let zip = self.zips.get_mut(zip).ok_or(Reason::Damaged)?;
        let entry = zip.by_index(at).map_err(|_none| Reason::Damaged)?;
        let mut file = tempfile::tempfile().map_err(|_none| Reason::Damaged)?;
        std::io::copy(&mut entry.take(size), &mut file).map_err(|_none| Reason::Damaged)?;
        file.rewind().map_err(|_none| Reason::Damaged)?;
        Ok(file)
    }

    fn add_tar(&mut self, file: File, limits: &Limits) -> Result<(), Reason> {
        let number = self.files.len();
        let copy = file.try_clone().map_err(|_none| Reason::Damaged)?;
        let mut archive = tar::Archive::new(BufReader::new(copy));
        for entry in archive.entries().map_err(|_none| Reason::Damaged)? {
            let Ok(entry) = entry else {
                self.problems.push(whole("", Reason::Damaged));
                break;
            };
            let name: String =
                String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").nfc().collect();
            if self.entries.len() >= limits.entries {
                return Err(Reason::Bomb);
            }
            match entry.header().entry_type() {
                tar::EntryType::Directory | tar::EntryType::XGlobalHeader => continue,
                tar::EntryType::Regular if !is_outside(&name) => {}
                _ => {
                    self.problems.push(whole(&name, Reason::Name));
                    continue;
                }
            }
            if is_noise(&name) {
                continue;
            }
            let modified = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
            let modified = modified.filter(|seconds| *seconds > 0).map(|seconds| seconds * 1000);
            let place = Place::Range(number, entry.raw_file_position());
            self.entries.push(Entry { name, size: entry.size(), modified, place });
        }
        self.files.push(file);
        Ok(())
    }

    /// Opens an entry. No more than its size is read.
    pub(crate) fn open_entry(&mut self, entry: &Entry) -> Result<Box<dyn Read + '_>, Reason> {
        let damaged = |_none: std::io::Error| Reason::Damaged;
        match &entry.place {
            Place::File(path) => Ok(Box::new(File::open(path).map_err(damaged)?.take(entry.size))),
            Place::Range(number, from) => {
                let mut file = self.files.get(*number).ok_or(Reason::Damaged)?;
                file.seek(SeekFrom::Start(*from)).map_err(damaged)?;
                Ok(Box::new(file.take(entry.size)))
            }
            Place::Zip(zip, at) => {
                let zip = self.zips.get_mut(*zip).ok_or(Reason::Damaged)?;
                let file = zip.by_index(*at).map_err(|_none| Reason::Damaged)?;
                Ok(Box::new(file.take(entry.size)))
            }
        }
    }

    /// Reads an entry as a whole, if it has no more bytes than a limit.
    pub(crate) fn bytes(&mut self, entry: &Entry, most: u64) -> Result<Vec<u8>, Reason> {
        if entry.size > most {
            return Err(Reason::Long);
        }
        let mut bytes = Vec::new();
        self.open_entry(entry)?.read_to_end(&mut bytes).map_err(|_none| Reason::Damaged)?;
        Ok(bytes)
    }

    /// Reads the beginning of an entry.
    pub(crate) fn head(&mut self, entry: &Entry, most: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Ok(reader) = self.open_entry(entry) {
            // What can be read of a damaged entry is enough.
            let _read = reader.take(most).read_to_end(&mut bytes);
        }
        bytes
    }

    /// Returns true if there is an entry of this name, in any folder.
    pub(crate) fn has(&self, base: &str) -> bool {
        self.entries.iter().any(|entry| entry.base() == base)
    }
}

/// The kind of a file by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Zip,
    Gzip,
    Tar,
    Other,
}

impl Kind {
    fn of(file: &mut File, name: &str) -> Self {
        const MARK: usize = 257;
        let mut head = Vec::new();
        let _read = Read::by_ref(file).take(512).read_to_end(&mut head);
        let _back = file.rewind();
        match head.as_slice() {
            [b'P', b'K', 3 | 5 | 7, ..] => Self::Zip,
            [0x1f, 0x8b, ..] => Self::Gzip,
            head if head.get(MARK..MARK + 5) == Some(b"ustar") => Self::Tar,
            _ if name.to_ascii_lowercase().ends_with(".zip") => Self::Zip,
            _ => Self::Other,
        }
    }
}

/// Unpacks gzip into a temporary file.
fn unpacked(file: File, most: u64) -> Result<File, Reason> {
    let mut plain = tempfile::tempfile().map_err(|_none| Reason::Damaged)?;
    let mut reader = MultiGzDecoder::new(BufReader::new(file)).take(most + 1);
    let copied = std::io::copy(&mut reader, &mut plain);
    if plain.metadata().map(|about| about.len()).unwrap_or_default() > most {
        return Err(Reason::Bomb);
    }
    copied.map_err(|_none| Reason::Damaged)?;
    plain.flush().and_then(|()| plain.rewind()).map_err(|_none| Reason::Damaged)?;
    Ok(plain)
}

/// Decodes the name of an entry: UTF-8, else GB18030.
fn name_of(raw: &[u8]) -> String {
    let name = std::str::from_utf8(raw)
        .map_or_else(|_other| encoding_rs::GB18030.decode(raw).0.into_owned(), ToOwned::to_owned);
    name.replace('\\', "/").nfc().filter(|c| !c.is_control()).collect()
}

/// Returns true for files that systems leave behind.
fn is_noise(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or_default();
    name.starts_with("__MACOSX/")
        || base.starts_with("._")
        || [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&base)
}

/// Returns true if a name leads out of its archive.
fn is_outside(name: &str) -> bool {
    name.starts_with('/') || name.split('/').any(|part| part == "..")
}

fn modified(about: &std::fs::Metadata) -> Option<i64> {
    let since = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

fn dos_time(time: zip::DateTime) -> Option<i64> {
    let part = |value: u8| i8::try_from(value).ok();
    let date =
        jiff::civil::Date::new(i16::try_from(time.year()).ok()?, part(time.month())?, part(time.day())?);
    let at =
        date.ok()?.at(part(time.hour())?, part(time.minute())?, part(time.second()).map(|s| s.min(59))?, 0);
    // A time of 1980 is that of a program that sets none.
    let moment = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    (time.year() > 1980).then_some(moment)
}
