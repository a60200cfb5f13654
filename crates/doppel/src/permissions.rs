//! Directories that other users of the machine can read.

use std::path::Path;

use store::durable::open_to_others;

use crate::config::Config;

/// Returns a warning for each directory of this program that users outside its group may enter or list, with
/// the command that closes it. Files in it have mode 0600 in any case, but their names, sizes and times are
/// visible.
#[must_use]
pub fn warnings(config: &Config) -> Vec<String> {
    let files = config.files_dir();
    let inside = files.starts_with(&config.data_dir);
    let mut directories: Vec<(&str, &Path)> = vec![("data_dir", &config.data_dir)];
    // A directory inside a closed one is closed as well.
    if !inside || open_to_others(&config.data_dir).is_some() {
        directories.push(("files.dir", &files));
    }
    directories
        .into_iter()
        .filter_map(|(key, directory)| {
            let mode = open_to_others(directory)?;
            let shown = directory.display();
            Some(format!(
                "{key} {shown} is open to other users (mode {mode}); close it with: chmod 0700 {shown}"
            ))
        })
        .collect()
}
