//! The connection between the pages for administrators and the server: the settings in force, and backups.

use futures::future::BoxFuture;
use store::Timestamp;

/// The source of a setting's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The value is the default one.
    Default,
    /// A variable of the environment with this name.
    Environment(String),
    /// The configuration file, or a flag.
    File,
}

/// A setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The section, such as `server`; empty for keys outside of sections.
    pub section: String,
    /// The key within the section.
    pub key: String,
    /// The value as TOML. Secrets are hidden.
    pub value: String,
    /// The source of the value.
    pub origin: Origin,
}

/// The state of backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupState {
    /// The database is a PostgreSQL, which is backed up with its own tools.
    Elsewhere,
    /// No directory for backups is configured.
    Off,
    /// Backups are made on a schedule.
    On {
        /// The directory.
        directory: String,
        /// The interval in hours.
        every_hours: u64,
        /// The number of backups that are kept.
        keep: usize,
        /// Time and size in bytes of each backup, newest first.
        made: Vec<(Timestamp, u64)>,
    },
}

/// The connection to the server's configuration and its backups.
pub trait Upkeep: Send + Sync {
    /// Returns the settings in force, ordered by section and key.
    fn settings(&self) -> Vec<Setting>;

    /// Returns the state of backups.
    ///
    /// # Errors
    /// If the directory cannot be read.
    fn backups(&self) -> Result<BackupState, String>;

    /// Makes a backup now.
    ///
    /// # Errors
    /// If backups are not configured, or the backup failed. The text is for administrators.
    fn back_up(&self) -> BoxFuture<'_, Result<(), String>>;
}
