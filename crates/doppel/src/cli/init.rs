//! `doppel init`

use std::{
    io::{ErrorKind, Write},
    path::Path,
};

use store::durable::NewFile;

use super::out::{Failure, say};
use crate::config;

/// Writes a configuration file that explains every key and changes none, readable by its owner only, and says
/// what to do next.
///
/// # Errors
/// If the file exists or cannot be written.
pub(super) fn run(file: &Path) -> Result<(), Failure> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = NewFile::create_in(directory).and_then(|mut new| {
        new.write_all(commented(config::DEFAULT).as_bytes())?;
        new.create(file)
    });
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::input(format!("{} exists, and stays as it is", file.display())),
        _ => Failure::failed(format!("{} cannot be written: {error}", file.display())),
    })?;
    let shown = file.display();
    say(&format!(
        "Wrote {shown}: every key with its default, switched off with a leading #.\n\n\
         Next:\n    \
         1. Edit it: [server] behind a reverse proxy, [model] to give the double a model.\n    \
         2. Check it:  doppel check-config --config {shown}\n    \
         3. Start it:  doppel serve --config {shown}\n       \
         It prints the link that creates the first account."
    ))
}

/// Turns each setting into a comment. Sections stay, so that a key is switched on by removing its `#`.
fn commented(defaults: &str) -> String {
    let is_setting = |line: &&str| !line.is_empty() && !line.starts_with(['#', '[']);
    let lines = defaults.lines().map(|line| match Some(line).filter(is_setting) {
        Some(setting) => format!("#{setting}\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commented_configuration_changes_nothing() {
        let text = commented(config::DEFAULT);
        let parsed: toml::Table = toml::from_str(&text).unwrap();
        assert!(parsed.values().all(|section| section.as_table().is_some_and(|keys| {
            keys.values().all(|value| value.as_table().is_some_and(toml::Table::is_empty))
        })));
    }

    #[test]
    fn a_setting_without_its_mark_is_the_default() {
        let all: String = commented(config::DEFAULT)
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if setting.starts_with(|first: char| first.is_ascii_lowercase()) => {
                    format!("{setting}\n")
                }
                _ => format!("{line}\n"),
            })
            .collect();
        assert_eq!(toml::from_str::<toml::Table>(&all).unwrap(), toml::from_str(config::DEFAULT).unwrap());
    }
}
